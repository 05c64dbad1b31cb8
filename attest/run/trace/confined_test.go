//go:build linux && (amd64 || arm64)

package trace_test

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A container engine's profile may forbid what tracing uses. Either there is another
// way, or the command is not run and the error says what was refused.
func TestConfined(t *testing.T) {
	server, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for call, want := range map[string]string{
		"none":             "{tcp inet 127.0.0.1 ",
		"process_vm_readv": "{tcp inet 127.0.0.1 ",
		"pidfd_getfd":      "{ip inet 127.0.0.1 ",
		"seccomp":          "can't be traced here: install a seccomp filter with user notification: operation not permitted",
	} {
		var out bytes.Buffer
		cmd := acting(t, "confined", call, self, "act", "connect", "tcp", server.Addr().String())
		cmd.Stdout, cmd.Stderr = &out, &out
		err := cmd.Run()
		if (err != nil) != (call == "seccomp") || !strings.Contains(out.String(), want) {
			t.Errorf("without %s: %v: %s", call, err, &out)
		}
	}
}

// confine makes a system call fail with EPERM in all threads of this process, and in
// what they start.
func confine(call string) error {
	number, ok := map[string]uint32{
		"none": 0xffff, "process_vm_readv": unix.SYS_PROCESS_VM_READV, "pidfd_getfd": unix.SYS_PIDFD_GETFD, "seccomp": unix.SYS_SECCOMP,
	}[call]
	if !ok {
		return fmt.Errorf("no such call: %s", call)
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	filter := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 0},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: number, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	}
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&program)))
	if errno != 0 {
		return errno
	}
	return nil
}
