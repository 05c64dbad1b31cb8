//go:build amd64 || arm64

package trace

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// A notification is struct seccomp_notif: a call that waits for an answer.
type notification struct {
	id     uint64
	tid    uint32 // the thread, 0 if it is not in a namespace that is seen from here
	flags  uint32
	number int32
	arch   uint32
	at     uint64
	args   [6]uint64
}

// A response is struct seccomp_notif_resp.
type response struct {
	id    uint64
	value int64
	errno int32
	flags uint32
}

// receive takes the next waiting call. The error is ENOENT if its thread was killed or
// interrupted meanwhile.
func receive(listener int) (notification, error) {
	var n notification // the kernel demands zeros
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(listener), unix.SECCOMP_IOCTL_NOTIF_RECV, uintptr(unsafe.Pointer(&n)))
	return n, orNil(errno)
}

// respond lets a call go on, or, if errno is not 0, fail. The error is ENOENT if the
// call no longer waits, and then it has not gone on.
func respond(listener int, id uint64, errno unix.Errno) error {
	r := response{id: id, errno: -int32(errno)}
	if errno == 0 {
		r.flags = unix.SECCOMP_USER_NOTIF_FLAG_CONTINUE
	}
	_, _, failed := unix.RawSyscall(unix.SYS_IOCTL, uintptr(listener), unix.SECCOMP_IOCTL_NOTIF_SEND, uintptr(unsafe.Pointer(&r)))
	return orNil(failed)
}

// stayNear asks that caller and supervisor be woken on one processor, one of which
// always waits for the other (Linux 6.6). It is faster, and nothing is lost without.
func stayNear(listener int) {
	unix.Syscall(unix.SYS_IOCTL, uintptr(listener), unix.SECCOMP_IOCTL_NOTIF_SET_FLAGS, unix.SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP)
}
