//go:build linux

package trace_test

import "golang.org/x/sys/unix"

// nativeWays are the calls that only the older architecture has.
func nativeWays(at func(uintptr, ...any) unix.Errno) []way {
	return []way{
		{"open", "in:rI", func(dir string) unix.Errno { return at(unix.SYS_OPEN, dir+"/in", 0) }},
		{"creat", "new:wc", func(dir string) unix.Errno { return at(unix.SYS_CREAT, dir+"/new", 0o600) }},
		{"creat over a file", "in:w", func(dir string) unix.Errno { return at(unix.SYS_CREAT, dir+"/in", 0o600) }},
		{"rename", "in:rdI new:wc", func(dir string) unix.Errno { return at(unix.SYS_RENAME, dir+"/in", dir+"/new") }},
		{"link", "in:rI new:wc", func(dir string) unix.Errno { return at(unix.SYS_LINK, dir+"/in", dir+"/new") }},
		{"execve", "in:xI", func(dir string) unix.Errno { return at(unix.SYS_EXECVE, dir+"/in", 0, 0) }},
		{"unlink", "in:rdI", func(dir string) unix.Errno {
			at(unix.SYS_OPEN, dir+"/in", 0)
			return at(unix.SYS_UNLINK, dir+"/in")
		}},
	}
}
