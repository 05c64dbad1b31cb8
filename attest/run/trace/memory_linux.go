//go:build amd64 || arm64

package trace

import (
	"bytes"
	"encoding/binary"
	"strconv"

	"golang.org/x/sys/unix"
)

// smallestPage is the unit in which memory may be there or not.
const smallestPage = 4096

// A memory reads what another thread's addresses hold.
type memory struct {
	tid  int
	wide bool // its addresses have 64 bits
}

// read fills p as far as the memory goes.
func (m memory) read(address uint64, p []byte) (int, error) {
	// Parts are read whole or not at all, so that they must end where a page does.
	first := min(int(smallestPage-address%smallestPage), len(p))
	local := []unix.Iovec{{Base: &p[0]}}
	local[0].SetLen(len(p))
	remote := []unix.RemoteIovec{{Base: uintptr(address), Len: first}}
	for at := first; at < len(p); at += smallestPage {
		remote = append(remote, unix.RemoteIovec{Base: uintptr(address) + uintptr(at), Len: min(smallestPage, len(p)-at)})
	}
	n, err := unix.ProcessVMReadv(m.tid, local, remote, 0)
	if err == unix.ENOSYS || err == unix.EPERM {
		return m.readFile(address, p)
	}
	return n, err
}

// readFile reads by way of /proc, which container engines forbid less often.
func (m memory) readFile(address uint64, p []byte) (int, error) {
	fd, err := unix.Open("/proc/"+strconv.Itoa(m.tid)+"/mem", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return 0, err
	}
	defer unix.Close(fd)
	return unix.Pread(fd, p, int64(address))
}

// full fills p or fails.
func (m memory) full(address uint64, p []byte) error {
	n, err := m.read(address, p)
	if err == nil && n < len(p) {
		err = unix.EFAULT
	}
	return err
}

// path reads a path. Its end must come within PATH_MAX bytes, as the kernel has it;
// else the call fails by itself, and the error is EFAULT or ENAMETOOLONG.
func (m memory) path(address uint64) (string, error) {
	buffer := make([]byte, 0, 512)
	for len(buffer) < unix.PathMax {
		at := len(buffer)
		buffer = append(buffer, make([]byte, min(512, unix.PathMax-at))...)
		n, err := m.read(address+uint64(at), buffer[at:])
		if err != nil {
			return "", err
		}
		if end := bytes.IndexByte(buffer[at:at+n], 0); end >= 0 {
			return string(buffer[:at+end]), nil
		}
		if at+n < len(buffer) {
			return "", unix.EFAULT
		}
	}
	return "", unix.ENAMETOOLONG
}

// word reads an address or a size.
func (m memory) word(p []byte, at int) uint64 {
	if m.wide {
		return binary.NativeEndian.Uint64(p[8*at:])
	}
	return uint64(binary.NativeEndian.Uint32(p[4*at:]))
}

// words are the bytes that n addresses take.
func (m memory) words(n int) int {
	if m.wide {
		return 8 * n
	}
	return 4 * n
}
