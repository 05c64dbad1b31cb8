//go:build amd64 || arm64

package trace

import (
	"maps"
	"slices"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Offsets in struct seccomp_data, whose words the processors here store with the low
// half first.
const (
	dataNumber = 0
	dataArch   = 4
	dataArgs   = 16
)

// filter is the program that the kernel runs at each system call (BPF, see seccomp(2)).
// The calls of the tables are handed to the supervisor, all others are allowed, and a
// way into the kernel that is in no table does not exist.
func filter() []unix.SockFilter {
	const absent = unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS)
	program := []unix.SockFilter{load(dataArch)}
	for _, a := range abis() {
		section := a.section()
		// A jump over the section may be longer than a conditional one can be.
		program = append(program, jump(unix.BPF_JEQ, a.arch, 1, 0),
			unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JA, K: uint32(len(section))})
		program = append(program, section...)
	}
	return append(program, answer(absent))
}

// section judges the calls of one architecture and ends with an answer.
func (a abi) section() []unix.SockFilter {
	section := []unix.SockFilter{load(dataNumber)}
	if a.arch == unix.AUDIT_ARCH_X86_64 {
		section = append(section, jump(unix.BPF_JGE, x32, 0, 1),
			answer(unix.SECCOMP_RET_ERRNO|uint32(unix.ENOSYS)))
	}
	for _, number := range slices.Sorted(maps.Keys(a.calls)) {
		judge := judge(a.calls[number])
		section = append(section, jump(unix.BPF_JEQ, number, 0, uint8(len(judge))))
		section = append(section, judge...)
	}
	return append(section, answer(unix.SECCOMP_RET_ALLOW))
}

// judge answers a call of the kind. What shows in the registers alone to be of no
// interest is allowed, for a look from outside costs a hundred times as much.
func judge(k kind) []unix.SockFilter {
	ask := answer(unix.SECCOMP_RET_USER_NOTIF)
	pass := answer(unix.SECCOMP_RET_ALLOW)
	switch k {
	case kindOpen, kindOpenat:
		flags := 1
		if k == kindOpenat {
			flags = 2
		}
		return []unix.SockFilter{
			load(dataArgs + 8*uint32(flags)), jump(unix.BPF_JSET, unix.O_PATH|unix.O_DIRECTORY, 1, 0), ask, pass,
		}
	case kindSendto: // on a connected socket there is no address
		return []unix.SockFilter{
			load(dataArgs + 8*4), jump(unix.BPF_JEQ, 0, 0, 2),
			load(dataArgs + 8*4 + 4), jump(unix.BPF_JEQ, 0, 1, 0), ask, pass,
		}
	}
	return []unix.SockFilter{ask}
}

func load(offset uint32) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: offset}
}

func jump(test uint16, with uint32, yes, no uint8) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_JMP | test | unix.BPF_K, K: with, Jt: yes, Jf: no}
}

func answer(what uint32) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: what}
}

// install puts the filter on the calling thread and returns the listener, which is
// closed on exec. Without the right to administrate the system the kernel demands that
// the thread renounce new privileges; privileged says that it need not.
func install() (listener int, privileged bool, err error) {
	program := filter()
	fprog := unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
	listener, errno := listen(&fprog)
	if errno != unix.EACCES {
		return listener, true, orNil(errno)
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return -1, false, err
	}
	listener, errno = listen(&fprog)
	return listener, false, orNil(errno)
}

// listen prefers that signals wait until the supervisor has answered (Linux 5.19):
// otherwise each one makes the call begin anew, and be seen twice.
func listen(fprog *unix.SockFprog) (int, unix.Errno) {
	const flags = unix.SECCOMP_FILTER_FLAG_NEW_LISTENER
	for _, f := range []uintptr{flags | unix.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, flags} {
		fd, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, f, uintptr(unsafe.Pointer(fprog)))
		if errno != unix.EINVAL {
			return int(fd), errno
		}
	}
	return -1, unix.EINVAL
}

func orNil(errno unix.Errno) error {
	if errno == 0 {
		return nil
	}
	return errno
}
