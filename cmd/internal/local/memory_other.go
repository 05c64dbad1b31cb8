//go:build unix && !linux

package local

func slim() {}
