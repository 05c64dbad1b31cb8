package trace

import (
	"maps"

	"golang.org/x/sys/unix"
)

// x32 marks the numbers of programs with 32-bit addresses in 64-bit mode. They have
// their own numbers for some calls; few kernels have them at all.
const x32 = 0x40000000

func abis() []abi {
	native := abi{arch: unix.AUDIT_ARCH_X86_64, wide: true, calls: common()}
	maps.Copy(native.calls, map[uint32]kind{
		unix.SYS_OPEN: kindOpen, unix.SYS_CREAT: kindCreat, unix.SYS_RENAME: kindRename,
		unix.SYS_LINK: kindLink, unix.SYS_UNLINK: kindUnlink,
	})
	return []abi{native, compat386()}
}
