//go:build amd64 || arm64

package trace

import (
	"encoding/binary"
	"net/netip"
	"path"
	"strconv"

	"golang.org/x/sys/unix"
)

// maxMessages is the kernel's bound of sendmmsg (UIO_MAXIOV).
const maxMessages = 1024

// maxAddress is the size of struct sockaddr_storage.
const maxAddress = 128

// address notes the address that a socket is told to connect or send to.
func (l *look) address(socket int, at, length uint64) {
	if at == 0 || length < 2 || length > maxAddress {
		return // a call without an address, or one that fails
	}
	raw := make([]byte, length)
	if err := l.memory.full(at, raw); err != nil {
		l.unreadable(err)
		return
	}
	c, ok := l.parseAddress(raw)
	if !ok {
		return
	}
	if c.Network == "" {
		c.Network = l.network(socket)
	}
	l.effects = append(l.effects, effect{connection: &c})
}

// parseAddress reads a struct sockaddr; ok is false for what is no address outside.
func (l *look) parseAddress(raw []byte) (c Connection, ok bool) {
	family := binary.NativeEndian.Uint16(raw)
	switch {
	case family == unix.AF_UNSPEC: // dissolves a connection
		return c, false
	case family == unix.AF_INET && len(raw) >= unix.SizeofSockaddrInet4-8:
		address := netip.AddrFrom4([4]byte(raw[4:8]))
		return Connection{Family: "inet", Address: address.String(), Port: uint32(binary.BigEndian.Uint16(raw[2:]))}, true
	case family == unix.AF_INET6 && len(raw) >= unix.SizeofSockaddrInet6-4:
		return Connection{Family: "inet6", Address: inet6(raw), Port: uint32(binary.BigEndian.Uint16(raw[2:]))}, true
	case family == unix.AF_UNIX:
		name := l.socketName(raw[2:])
		return Connection{Network: "unix", Family: "unix", Address: name}, name != ""
	case family == unix.AF_VSOCK && len(raw) >= unix.SizeofSockaddrVM:
		port, context := binary.NativeEndian.Uint32(raw[4:]), binary.NativeEndian.Uint32(raw[8:])
		return Connection{Network: "vsock", Family: "vsock", Address: strconv.FormatUint(uint64(context), 10), Port: port}, true
	case family == unix.AF_NETLINK, family == unix.AF_ALG, family == unix.AF_PACKET:
		l.leave(Kernel)
		return c, false
	}
	number := strconv.Itoa(int(family))
	return Connection{Network: "family-" + number, Family: number}, true
}

// inet6 writes a struct sockaddr_in6, whose scope follows the address.
func inet6(raw []byte) string {
	address := netip.AddrFrom16([16]byte(raw[8:24]))
	if len(raw) >= unix.SizeofSockaddrInet6 {
		if scope := binary.NativeEndian.Uint32(raw[24:]); scope != 0 && address.IsLinkLocalUnicast() {
			address = address.WithZone(strconv.FormatUint(uint64(scope), 10))
		}
	}
	return address.Unmap().String()
}

// socketName is the name of a Unix socket, see unix(7).
func (l *look) socketName(raw []byte) string {
	if len(raw) == 0 {
		return ""
	}
	if raw[0] == 0 {
		return "@" + string(raw[1:])
	}
	name := string(raw)
	for i, b := range raw {
		if b == 0 {
			name = string(raw[:i])
			break
		}
	}
	if name[0] == '/' {
		return path.Clean(name)
	}
	cwd, err := l.find(unix.AT_FDCWD, ".", true)
	if err != nil {
		l.failed(err)
		return ""
	}
	return path.Join(cwd.name, name)
}

// network tells what kind of an internet socket it is, by a copy of the socket.
func (l *look) network(socket int) string {
	const unknown = "ip"
	pid, err := unix.PidfdOpen(leaderOf(l.tid), 0)
	if err != nil {
		return unknown
	}
	defer unix.Close(pid)
	fd, err := unix.PidfdGetfd(pid, socket, 0)
	if err != nil {
		return unknown
	}
	defer unix.Close(fd)
	protocol, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_PROTOCOL)
	if err != nil {
		return unknown
	}
	switch protocol {
	case unix.IPPROTO_TCP, unix.IPPROTO_MPTCP:
		return "tcp"
	case unix.IPPROTO_UDP:
		return "udp"
	}
	return unknown
}

// message looks at a struct msghdr: the address and its length come first. A message
// on a connected socket has none.
func (l *look) message(socket int, at uint64) {
	head := make([]byte, l.memory.words(2))
	if err := l.memory.full(at, head); err != nil {
		l.unreadable(err)
		return
	}
	length := binary.NativeEndian.Uint32(head[l.memory.words(1):])
	l.address(socket, l.memory.word(head, 0), uint64(length))
}

// messages looks at an array of struct mmsghdr: a struct msghdr, and a length that is
// padded to an address.
func (l *look) messages(socket int, at, count uint64) {
	for range min(count, maxMessages) {
		l.message(socket, at)
		at += uint64(l.memory.words(8))
	}
}

// socketcall is all of the network in one call, of old 32-bit programs: which function
// (linux/net.h), and where its arguments are.
func (l *look) socketcall() {
	kinds := map[uint64]kind{3: kindConnect, 11: kindSendto, 16: kindSendmsg, 20: kindSendmmsg}
	k, ok := kinds[l.args[0]]
	if !ok {
		return
	}
	raw := make([]byte, l.memory.words(6))
	if _, err := l.memory.read(l.args[1], raw); err != nil {
		l.unreadable(err)
		return
	}
	for i := range l.args {
		l.args[i] = l.memory.word(raw, i)
	}
	l.other(k)
}
