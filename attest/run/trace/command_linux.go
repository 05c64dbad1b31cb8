//go:build amd64 || arm64

package trace

import (
	"encoding/binary"
	"errors"
	"io"
	"strings"

	"golang.org/x/sys/unix"
)

// What a stub tells: one byte for the step, and one for the number of an error, or, of
// stepFiltered, whether privileges were renounced.
const (
	stepRead byte = iota + 1
	stepFilter
	stepFiltered
	stepExecute
)

// maxCommand bounds a command with its environment, in bytes; the kernel's own limit
// is far below.
const maxCommand = 64 << 20

// A command is what a stub becomes. It travels over a socket, so that it is not in the
// stub's arguments, and its environment does not act on the stub.
type command struct {
	Path      string
	Args, Env []string
}

var errCommand = errors.New("the command that the tracer sent is malformed")

// writeCommand writes the length, then the path, the number of arguments, the
// arguments and the environment, each of them ended by a zero byte.
func writeCommand(w io.Writer, c command) error {
	var b strings.Builder
	b.WriteString(c.Path + "\x00")
	for _, list := range [][]string{c.Args, c.Env} {
		var n [4]byte
		binary.LittleEndian.PutUint32(n[:], uint32(len(list)))
		b.Write(n[:])
		for _, s := range list {
			if strings.ContainsRune(s, 0) {
				return errCommand
			}
			b.WriteString(s + "\x00")
		}
	}
	if b.Len() > maxCommand || strings.ContainsRune(c.Path, 0) {
		return errCommand
	}
	var n [4]byte
	binary.LittleEndian.PutUint32(n[:], uint32(b.Len()))
	_, err := io.WriteString(w, string(n[:])+b.String())
	return err
}

func readCommand(r io.Reader) (command, error) {
	var n [4]byte
	if _, err := io.ReadFull(r, n[:]); err != nil {
		return command{}, err
	}
	size := binary.LittleEndian.Uint32(n[:])
	if size > maxCommand {
		return command{}, errCommand
	}
	raw := make([]byte, size)
	if _, err := io.ReadFull(r, raw); err != nil {
		return command{}, err
	}
	path, rest, ok := strings.Cut(string(raw), "\x00")
	if !ok {
		return command{}, errCommand
	}
	c := command{Path: path}
	for _, list := range []*[]string{&c.Args, &c.Env} {
		if *list, rest, ok = cutList(rest); !ok {
			return command{}, errCommand
		}
	}
	if rest != "" || len(c.Args) == 0 {
		return command{}, errCommand
	}
	return c, nil
}

func cutList(s string) (list []string, rest string, ok bool) {
	if len(s) < 4 {
		return nil, s, false
	}
	n := binary.LittleEndian.Uint32([]byte(s[:4]))
	s = s[4:]
	for range n {
		var item string
		if item, s, ok = strings.Cut(s, "\x00"); !ok {
			return nil, s, false
		}
		list = append(list, item)
	}
	return list, s, true
}

// A stream is a socket as a reader and a writer, which nothing closes behind one's
// back. It keeps the socket's time limits.
type stream int

func (s stream) Read(p []byte) (int, error) {
	for {
		n, err := unix.Read(int(s), p)
		switch {
		case err == unix.EINTR:
		case err != nil:
			return 0, err
		case n == 0 && len(p) > 0:
			return 0, io.EOF
		default:
			return n, nil
		}
	}
}

func (s stream) Write(p []byte) (int, error) {
	for at := 0; at < len(p); {
		n, err := unix.SendmsgN(int(s), p[at:], nil, nil, unix.MSG_NOSIGNAL)
		if err != nil && err != unix.EINTR {
			return at, err
		}
		at += max(n, 0)
	}
	return len(p), nil
}
