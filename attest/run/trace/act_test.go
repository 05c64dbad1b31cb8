//go:build linux && (amd64 || arm64)

package trace_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/carnet-project/carnet/attest/run/trace"
)

// act is what this binary does when a test traces it; the result is the exit code.
func act(what string, args []string) int {
	var err error
	switch what {
	case "call":
		err = actCall(args[0], args[1])
	case "threads":
		err = actThreads(args[0])
	case "exec":
		err = actExec(args)
	case "garbage":
		actGarbage()
	case "io_uring":
		var params [120]byte
		_, _, errno := unix.Syscall(unix.SYS_IO_URING_SETUP, 4, uintptr(unsafe.Pointer(&params)), 0)
		if errno != unix.ENOSYS {
			err = fmt.Errorf("io_uring: %v", errno)
		}
	case "connect":
		err = actConnect(args[0], args[1])
	case "state":
		err = actState()
	case "trace":
		err = actTrace(args)
	case "opens":
		times, _ := strconv.Atoi(args[1])
		for range times {
			fd, _ := unix.Open(args[0], unix.O_RDONLY, 0)
			unix.Close(fd)
		}
	case "serve":
		err = actServe(args[0], args[1])
	case "confined":
		if err = confine(args[0]); err == nil {
			err = actTrace(args[1:])
		}
	case "hide":
		if err = unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err == nil {
			_, err = os.ReadFile(args[0])
		}
	default:
		err = errors.New("no such act")
	}
	if err != nil {
		fmt.Println(err)
		return 1
	}
	return 0
}

// A way is a system call, and what the log is to have in a folder with the file "in".
type way struct {
	name, want string
	call       func(dir string) unix.Errno
}

func ways() []way {
	at := func(number uintptr, args ...any) unix.Errno {
		var words [6]uintptr
		for i, a := range args {
			switch a := a.(type) {
			case string:
				p, _ := unix.BytePtrFromString(a)
				words[i] = uintptr(unsafe.Pointer(p))
				defer runtime.KeepAlive(p)
			case *unix.OpenHow:
				words[i] = uintptr(unsafe.Pointer(a))
				defer runtime.KeepAlive(a)
			case int:
				words[i] = uintptr(a)
			}
		}
		_, _, errno := unix.Syscall6(number, words[0], words[1], words[2], words[3], words[4], words[5])
		return errno
	}
	opened := func(dir string, flags int) int {
		fd, err := unix.Open(dir, flags, 0)
		if err != nil {
			panic(err)
		}
		return fd
	}
	here := unix.AT_FDCWD
	return append(nativeWays(at), []way{
		{"openat", "in:rI", func(dir string) unix.Errno { return at(unix.SYS_OPENAT, here, dir+"/in", 0) }},
		{"openat of a folder", "in:rI", func(dir string) unix.Errno {
			return at(unix.SYS_OPENAT, opened(dir, unix.O_PATH), "in", 0)
		}},
		{"openat of a closed folder", "", func(dir string) unix.Errno {
			return unix.EBADF - at(unix.SYS_OPENAT, 999, "in", 0)
		}},
		{"openat2", "in:rwI", func(dir string) unix.Errno {
			return at(unix.SYS_OPENAT2, opened(dir, unix.O_RDONLY), "in", &unix.OpenHow{Flags: unix.O_RDWR}, unix.SizeofOpenHow)
		}},
		{"path only", "", func(dir string) unix.Errno { return at(unix.SYS_OPENAT, here, dir+"/in", unix.O_PATH) }},
		{"by a descriptor", "in:rI", func(dir string) unix.Errno {
			return at(unix.SYS_OPENAT, here, fmt.Sprintf("/proc/self/fd/%d", opened(dir+"/in", unix.O_PATH)), 0)
		}},
		{"standard input", "in:rI", func(dir string) unix.Errno {
			unix.Dup3(opened(dir+"/in", unix.O_PATH), 0, 0)
			return at(unix.SYS_OPENAT, here, "/dev/stdin", 0)
		}},
		{"a numbered file", "in:rI", func(dir string) unix.Errno {
			return at(unix.SYS_OPENAT, here, fmt.Sprintf("/dev/fd/%d", opened(dir+"/in", unix.O_PATH)), 0)
		}},
		{"a new one only", "new:wc", func(dir string) unix.Errno {
			at(unix.SYS_OPENAT, here, dir+"/in", unix.O_CREAT|unix.O_EXCL|unix.O_RDWR, 0o600)
			return at(unix.SYS_OPENAT, here, dir+"/new", unix.O_CREAT|unix.O_EXCL|unix.O_RDWR, 0o600)
		}},
		{"without a name, then linked", "new:wc", func(dir string) unix.Errno {
			fd := opened(dir, unix.O_TMPFILE|unix.O_RDWR)
			return at(unix.SYS_LINKAT, here, fmt.Sprintf("/proc/self/fd/%d", fd), here, dir+"/new", unix.AT_SYMLINK_FOLLOW)
		}},
		{"renameat2", "in:rdI new:wc", func(dir string) unix.Errno {
			return at(unix.SYS_RENAMEAT2, here, dir+"/in", here, dir+"/new", 0)
		}},
		{"renameat2, exchange", "in:rwI new:rwc", func(dir string) unix.Errno {
			at(unix.SYS_OPENAT, here, dir+"/new", unix.O_CREAT|unix.O_RDWR, 0o600)
			return at(unix.SYS_RENAMEAT2, here, dir+"/in", here, dir+"/new", unix.RENAME_EXCHANGE)
		}},
		{"execveat", "in:xI", func(dir string) unix.Errno {
			return at(unix.SYS_EXECVEAT, opened(dir, unix.O_PATH), "in", 0, 0, 0)
		}},
		{"execveat of a descriptor", "in:xI", func(dir string) unix.Errno {
			return at(unix.SYS_EXECVEAT, opened(dir+"/in", unix.O_PATH), "", 0, 0, unix.AT_EMPTY_PATH)
		}},
		{"another root", "d/in:rwc in:rdI", func(dir string) unix.Errno {
			os.Mkdir(dir+"/d", 0o755)
			os.Rename(dir+"/in", dir+"/d/in")
			return at(unix.SYS_OPENAT, here, dir+"/d/in", 0)
		}},
	}...)
}

func actCall(name, dir string) error {
	for _, w := range ways() {
		if w.name == name {
			if errno := w.call(dir); errno != 0 {
				return errno
			}
		}
	}
	return nil
}

// actThreads opens the files of a folder, each in a thread of its own, all at once.
func actThreads(dir string) error {
	names, err := filepath.Glob(dir + "/*")
	if err != nil {
		return err
	}
	var all sync.WaitGroup
	ready := make(chan struct{})
	for _, name := range names {
		all.Go(func() {
			runtime.LockOSThread()
			<-ready
			fd, err := unix.Open(name, unix.O_RDONLY, 0)
			if err != nil {
				panic(err)
			}
			unix.Close(fd)
		})
	}
	close(ready)
	all.Wait()
	return nil
}

// actExec executes from a thread that is not the first.
func actExec(args []string) error {
	done := make(chan error)
	runtime.LockOSThread() // this is the first one
	go func() {
		runtime.LockOSThread()
		done <- unix.Exec(args[0], args, nil)
	}()
	return <-done
}

// actGarbage asks for what is not there, with addresses that lead nowhere.
func actGarbage() {
	r := rand.New(rand.NewPCG(1, 2))
	page, err := unix.Mmap(-1, 0, 2*4096, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		panic(err)
	}
	unix.Mprotect(page[4096:], unix.PROT_NONE)
	for i := range page[:4096] {
		page[i] = byte(r.IntN(256))
	}
	base := uintptr(unsafe.Pointer(&page[0]))
	calls := []uintptr{
		unix.SYS_OPENAT, unix.SYS_OPENAT2, unix.SYS_EXECVE, unix.SYS_EXECVEAT, unix.SYS_RENAMEAT2, unix.SYS_LINKAT, unix.SYS_UNLINKAT,
		unix.SYS_TRUNCATE, unix.SYS_CONNECT, unix.SYS_SENDTO, unix.SYS_SENDMSG, unix.SYS_SENDMMSG,
	}
	word := func() uintptr {
		return []uintptr{0, 1, ^uintptr(0), base + uintptr(r.IntN(4096)), base + 4096 - uintptr(r.IntN(20)), uintptr(r.Uint64()), uintptr(r.IntN(140))}[r.IntN(7)]
	}
	for range 3000 {
		for i := range 40 {
			page[r.IntN(4096-i)] = byte(r.IntN(12)) // ends of strings, and families
		}
		unix.RawSyscall6(calls[r.IntN(len(calls))], word(), word(), word()&^unix.O_CREAT, word(), word(), word())
	}
}

func actConnect(network, address string) error {
	switch network {
	case "udp-message": // without connecting
		c, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		to, err := net.ResolveUDPAddr("udp", address)
		if err != nil {
			return err
		}
		_, err = c.WriteTo([]byte("x"), to)
		return err
	case "sendmsg", "sendmmsg":
		return sendRaw(network, address)
	case "relative":
		if err := os.Chdir(filepath.Dir(address)); err != nil {
			return err
		}
		network, address = "unix", filepath.Base(address)
	}
	c, err := net.Dial(network, address)
	if err != nil {
		return err
	}
	_, err = c.Write([]byte("x"))
	return err
}

// sendRaw sends a datagram with an address by the call that net does not use.
func sendRaw(call, address string) error {
	to, err := net.ResolveUDPAddr("udp", address)
	if err != nil {
		return err
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
	if err != nil {
		return err
	}
	port := uint16(to.Port)
	name := unix.RawSockaddrInet4{Family: unix.AF_INET, Port: port<<8 | port>>8, Addr: [4]byte(to.IP.To4())}
	text := []byte("x")
	vector := unix.Iovec{Base: &text[0]}
	vector.SetLen(1)
	message := [2]struct {
		unix.Msghdr
		sent uint32
	}{}
	message[1].Name, message[1].Namelen, message[1].Iov = (*byte)(unsafe.Pointer(&name)), unix.SizeofSockaddrInet4, &vector
	message[1].SetIovlen(1)
	message[0].Msghdr = message[1].Msghdr
	nobody := name
	nobody.Port = 9 << 8
	message[0].Name = (*byte)(unsafe.Pointer(&nobody))
	var errno unix.Errno
	if call == "sendmsg" {
		_, _, errno = unix.Syscall(unix.SYS_SENDMSG, uintptr(fd), uintptr(unsafe.Pointer(&message[1])), 0)
	} else {
		_, _, errno = unix.Syscall6(unix.SYS_SENDMMSG, uintptr(fd), uintptr(unsafe.Pointer(&message[0])), 2, 0, 0, 0)
	}
	if errno != 0 {
		return errno
	}
	return nil
}

// actState prints what a process inherits.
func actState() error {
	fmt.Printf("args %q\nenvironment %q\n", os.Args, syscall.Environ())
	dir, err := os.Getwd()
	fmt.Println("folder", dir, err)
	fds, err := os.ReadDir("/proc/self/fd")
	for _, fd := range fds {
		to, err := os.Readlink("/proc/self/fd/" + fd.Name())
		if err != nil || strings.Contains(to, "/fd") || strings.Contains(to, "epoll") || strings.Contains(to, "eventfd") {
			continue // what listing needs
		}
		fmt.Println("fd", fd.Name(), to)
	}
	status, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(status)) {
		for _, key := range []string{"Umask", "PPid", "Uid", "Gid", "Groups", "SigPnd", "SigBlk", "SigIgn", "CapInh", "CapEff", "CapAmb", "TracerPid"} {
			if strings.HasPrefix(line, key+":") {
				fmt.Print(line)
			}
		}
	}
	for _, path := range []string{"/proc/self/limits", "/proc/self/oom_score_adj", "/proc/self/timerslack_ns", "/proc/self/cgroup"} {
		text, _ := os.ReadFile(path)
		fmt.Printf("%s", text)
	}
	fmt.Println("group", syscall.Getpgrp() == os.Getpid())
	return err
}

// actTrace traces a command, for tests that need another user.
func actTrace(args []string) error {
	cmd := exec.Command(args[0], args[1:]...)
	l, err := (trace.Tracer{Stub: []string{"/proc/self/exe"}}).Run(context.Background(), cmd)
	if err != nil {
		return err
	}
	fmt.Println("renounced", l.NoNewPrivileges)
	for _, f := range l.Files {
		fmt.Println("file", f.Path)
	}
	fmt.Println("connections", l.Connections)
	fmt.Println("left out", l.LeftOut, "dropped", l.Dropped)
	return nil
}
