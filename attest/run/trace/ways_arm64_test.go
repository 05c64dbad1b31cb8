//go:build linux

package trace_test

import "golang.org/x/sys/unix"

func nativeWays(func(uintptr, ...any) unix.Errno) []way { return nil }
