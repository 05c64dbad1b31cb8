//go:build !linux

package local

func slim() {}
