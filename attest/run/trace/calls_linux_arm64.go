package trace

import "golang.org/x/sys/unix"

// x32 is a thing of amd64; no number here has the bit.
const x32 = 0x40000000

func abis() []abi {
	return []abi{{arch: unix.AUDIT_ARCH_AARCH64, wide: true, calls: common()}, compatARM()}
}
