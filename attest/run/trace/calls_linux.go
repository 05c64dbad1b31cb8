//go:build amd64 || arm64

package trace

import "golang.org/x/sys/unix"

// A kind is what a system call does, whatever its number.
type kind uint8

const (
	kindOpen       kind = iota + 1 // path, flags
	kindOpenat                     // folder, path, flags
	kindOpenat2                    // folder, path, struct open_how
	kindCreat                      // path
	kindExecve                     // path
	kindExecveat                   // folder, path, –, –, flags
	kindRename                     // path, path
	kindRenameat                   // folder, path, folder, path
	kindRenameat2                  // folder, path, folder, path, flags
	kindLink                       // path, path
	kindLinkat                     // folder, path, folder, path, flags
	kindUnlink                     // path
	kindUnlinkat                   // folder, path, flags
	kindTruncate                   // path
	kindConnect                    // socket, address, length
	kindSendto                     // socket, –, –, –, address, length
	kindSendmsg                    // socket, struct msghdr
	kindSendmmsg                   // socket, struct mmsghdr, count
	kindSocketcall                 // which, arguments
	kindIOUring                    // refused
	kindHandle                     // open_by_handle_at
	kindRoot                       // changes what absolute paths mean
)

// An abi is one way into the kernel: a processor architecture, with its numbers.
type abi struct {
	arch  uint32 // AUDIT_ARCH_*
	wide  bool   // addresses have 64 bits
	calls map[uint32]kind
}

// compat386 is the way of 32-bit programs on amd64, from
// arch/x86/entry/syscalls/syscall_32.tbl. A 64-bit program can take it, too.
func compat386() abi {
	return abi{arch: unix.AUDIT_ARCH_I386, calls: map[uint32]kind{
		5: kindOpen, 8: kindCreat, 9: kindLink, 10: kindUnlink, 11: kindExecve,
		38: kindRename, 61: kindRoot, 92: kindTruncate, 102: kindSocketcall,
		193: kindTruncate, 217: kindRoot, 295: kindOpenat, 301: kindUnlinkat,
		302: kindRenameat, 303: kindLinkat, 310: kindRoot, 342: kindHandle,
		345: kindSendmmsg, 346: kindRoot, 353: kindRenameat2, 358: kindExecveat,
		362: kindConnect, 369: kindSendto, 370: kindSendmsg, 425: kindIOUring,
		437: kindOpenat2,
	}}
}

// compatARM is the way of 32-bit programs on arm64, from arch/arm/tools/syscall.tbl.
func compatARM() abi {
	return abi{arch: unix.AUDIT_ARCH_ARM, calls: map[uint32]kind{
		5: kindOpen, 8: kindCreat, 9: kindLink, 10: kindUnlink, 11: kindExecve,
		38: kindRename, 61: kindRoot, 92: kindTruncate, 193: kindTruncate,
		218: kindRoot, 283: kindConnect, 290: kindSendto, 296: kindSendmsg,
		322: kindOpenat, 328: kindUnlinkat, 329: kindRenameat, 330: kindLinkat,
		337: kindRoot, 371: kindHandle, 374: kindSendmmsg, 375: kindRoot,
		382: kindRenameat2, 387: kindExecveat, 425: kindIOUring, 437: kindOpenat2,
	}}
}

// common are the calls that both processors have by the same names.
func common() map[uint32]kind {
	return map[uint32]kind{
		unix.SYS_OPENAT: kindOpenat, unix.SYS_OPENAT2: kindOpenat2,
		unix.SYS_EXECVE: kindExecve, unix.SYS_EXECVEAT: kindExecveat,
		unix.SYS_RENAMEAT: kindRenameat, unix.SYS_RENAMEAT2: kindRenameat2,
		unix.SYS_LINKAT: kindLinkat, unix.SYS_UNLINKAT: kindUnlinkat,
		unix.SYS_TRUNCATE: kindTruncate, unix.SYS_CONNECT: kindConnect,
		unix.SYS_SENDTO: kindSendto, unix.SYS_SENDMSG: kindSendmsg,
		unix.SYS_SENDMMSG: kindSendmmsg, unix.SYS_IO_URING_SETUP: kindIOUring,
		unix.SYS_OPEN_BY_HANDLE_AT: kindHandle, unix.SYS_CHROOT: kindRoot,
		unix.SYS_PIVOT_ROOT: kindRoot, unix.SYS_SETNS: kindRoot,
		unix.SYS_UNSHARE: kindRoot,
	}
}
