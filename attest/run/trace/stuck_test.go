//go:build linux && (amd64 || arm64)

package trace_test

import (
	"fmt"
	"os"
	"runtime"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A command can serve what the tracer waits for: a file system in user space, or, as
// here, memory (userfaultfd(2)). If the server opens a file before it answers, one
// worker alone would wait for it, and it for the worker.
func TestServerWithinTheCommand(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	first, second := write(t, dir+"/first", "x"), write(t, dir+"/second", "x")
	cmd := acting(t, "serve", first, second)
	out, err := os.CreateTemp(dir, "out")
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout = out
	l, err := run(t, cmd)
	said, _ := os.ReadFile(out.Name())
	if len(said) > 0 {
		t.Skipf("this kernel has no userfaultfd for this user: %s", said)
	}
	if got, want := says(l, dir), "first:rI second:rI"; err != nil || got != want {
		t.Errorf("%v: got %s, want %s", err, got, want)
	}
}

// actServe opens the file first, whose name lies in memory that it provides itself
// when it is looked for, after it has opened the file second.
func actServe(first, second string) error {
	memory, err := unix.Mmap(-1, 0, os.Getpagesize(), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return err
	}
	at := uint64(uintptr(unsafe.Pointer(&memory[0])))
	fd, _, errno := unix.Syscall(unix.SYS_USERFAULTFD, unix.O_CLOEXEC, 0, 0)
	if errno != 0 {
		return errno
	}
	api := [3]uint64{0xaa}                                                // struct uffdio_api
	register := [4]uint64{at, uint64(len(memory)), 1 /* missing pages */} // struct uffdio_register
	const askAPI, askRegister, askCopy = 0xc018aa3f, 0xc020aa00, 0xc028aa03
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, fd, askAPI, uintptr(unsafe.Pointer(&api))); errno != 0 {
		return errno
	}
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, fd, askRegister, uintptr(unsafe.Pointer(&register))); errno != 0 {
		return errno
	}
	served := make(chan error)
	go func() {
		runtime.LockOSThread()
		var message [32]byte
		unix.Read(int(fd), message[:])
		_, err := os.ReadFile(second)
		page := make([]byte, len(memory))
		copy(page, first)
		copying := [5]uint64{at, uint64(uintptr(unsafe.Pointer(&page[0]))), uint64(len(page))} // struct uffdio_copy
		if _, _, errno := unix.Syscall(unix.SYS_IOCTL, fd, askCopy, uintptr(unsafe.Pointer(&copying))); errno != 0 {
			err = fmt.Errorf("copy: %w", errno)
		}
		runtime.KeepAlive(page)
		served <- err
	}()
	cwd := unix.AT_FDCWD
	_, _, errno = unix.Syscall6(unix.SYS_OPENAT, uintptr(cwd), uintptr(at), 0, 0, 0, 0)
	if errno != 0 {
		return errno
	}
	return <-served
}
