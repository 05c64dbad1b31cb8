package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// programs are what scripts can run.
func programs() map[string]func() {
	return map[string]func(){"carnet": main, "nosocket": nosocket}
}

// nosocket PROGRAM ARG... becomes a program that the kernel kills, with SIGSYS, at its
// first socket(2). That needs neither root nor a namespace, and no socket escapes it:
// the filter can't be taken off, and a program that never dies never made one.
func nosocket() {
	runtime.LockOSThread() // the filter is this thread's, which becomes the program
	program, err := exec.LookPath(os.Args[1])
	if err == nil {
		err = banSockets()
	}
	if err == nil {
		err = syscall.Exec(program, os.Args[1:], os.Environ())
	}
	fmt.Fprintln(os.Stderr, "nosocket:", err)
	os.Exit(125)
}

// banSockets installs a seccomp filter: the system calls that make a socket kill the
// process, and all others are allowed.
func banSockets() error {
	const number = 0 // the offset of the call's number in struct seccomp_data
	filter := []unix.SockFilter{{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: number}}
	for _, call := range []uint32{unix.SYS_SOCKET, unix.SYS_SOCKETPAIR, unix.SYS_CONNECT, unix.SYS_IO_URING_SETUP} {
		filter = append(filter,
			unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: call, Jf: 1},
			unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_KILL_PROCESS})
	}
	filter = append(filter, unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW})
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("no new privileges: %w", err)
	}
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	if err := unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(&program)), 0, 0); err != nil {
		return fmt.Errorf("the seccomp filter: %w", err)
	}
	return nil
}
