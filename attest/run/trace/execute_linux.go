//go:build amd64 || arm64

package trace

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"io"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Bounds of what is read of an executed file.
const (
	maxScriptLine   = 256 // as the kernel (BINPRM_BUF_SIZE)
	maxInterpreters = 5   // a script's, and so on, as the kernel
	maxCached       = 10_000
)

// execute notes a program and what the kernel opens to run it: the interpreter of a
// script, and the loader of a dynamically linked program.
func (l *look) execute(folder, arg int, flags uint64) {
	name, ok := l.path(arg)
	if !ok {
		return
	}
	l.super.executed()
	if name == "" && flags&unix.AT_EMPTY_PATH == 0 {
		l.leave(Missing)
		return
	}
	follow := flags&unix.AT_SYMLINK_NOFOLLOW == 0
	for range maxInterpreters + 1 {
		f, err := l.find(folder, name, follow)
		if err != nil {
			l.failed(err)
			return
		}
		l.use(f, executes, unix.X_OK)
		if !f.is(unix.S_IFREG) {
			return
		}
		folder, follow = unix.AT_FDCWD, true
		if name = l.super.interpreter(l.viewer, f); name == "" {
			return
		}
	}
}

// interpreter is the program that the kernel opens to run a file, or empty.
func (s *supervisor) interpreter(v viewer, f *found) string {
	id := identify(&f.stat)
	s.mu.Lock()
	name, known := s.interpreters[id]
	s.mu.Unlock()
	if known {
		return name
	}
	name = readInterpreter(f)
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.interpreters) >= maxCached {
		clear(s.interpreters)
	}
	s.interpreters[id] = name
	return name
}

// readInterpreter reads the head of a file. One that can't be read names none: who may
// only execute it does not learn more.
func readInterpreter(f *found) string {
	file, err := reopen(f)
	if err != nil {
		return ""
	}
	defer file.Close()
	head := make([]byte, maxScriptLine)
	n, _ := io.ReadFull(file, head)
	line, script := bytes.CutPrefix(head[:n], []byte("#!"))
	if !script {
		return loader(file, head[:n])
	}
	line, _, _ = bytes.Cut(line, []byte("\n"))
	words := strings.FieldsFunc(string(line), func(r rune) bool { return r == ' ' || r == '\t' || r == 0 })
	if len(words) == 0 {
		return ""
	}
	return words[0]
}

// reopen opens a regular file that was found, and nothing that has its name since.
func reopen(f *found) (*os.File, error) {
	fd, err := unix.Open(f.name, unix.O_PATH|unix.O_CLOEXEC|unix.O_NOFOLLOW, 0)
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	var now unix.Stat_t
	if err := unix.Fstat(fd, &now); err != nil {
		return nil, err
	}
	if !f.is(unix.S_IFREG) || now.Dev != f.stat.Dev || now.Ino != f.stat.Ino {
		return nil, unix.ESTALE
	}
	return os.Open("/proc/self/fd/" + strconv.Itoa(fd))
}

// loader is the interpreter that an ELF file names (PT_INTERP), or empty. The file is
// whatever the command executes, so no more is read of it than elf(5) says of that.
func loader(file io.ReaderAt, head []byte) string {
	const maxHeaders = 1024
	little := binary.LittleEndian
	if len(head) < 64 || string(head[:4]) != elf.ELFMAG || head[elf.EI_DATA] != byte(elf.ELFDATA2LSB) {
		return ""
	}
	var at int64
	var size, count uint16
	wide := head[elf.EI_CLASS] == byte(elf.ELFCLASS64)
	if wide {
		at, size, count = int64(little.Uint64(head[32:])), little.Uint16(head[54:]), little.Uint16(head[56:])
	} else {
		at, size, count = int64(little.Uint32(head[28:])), little.Uint16(head[42:]), little.Uint16(head[44:])
	}
	if size < 32 || size > 256 || (wide && size < 56) || count > maxHeaders || at < 0 {
		return ""
	}
	header := make([]byte, size)
	for i := range int64(count) {
		if _, err := file.ReadAt(header, at+i*int64(size)); err != nil {
			return ""
		}
		if little.Uint32(header) != uint32(elf.PT_INTERP) {
			continue
		}
		if wide {
			return text(file, int64(little.Uint64(header[8:])), little.Uint64(header[32:]))
		}
		return text(file, int64(little.Uint32(header[4:])), uint64(little.Uint32(header[16:])))
	}
	return ""
}

func text(file io.ReaderAt, at int64, size uint64) string {
	if size > unix.PathMax || at < 0 {
		return ""
	}
	raw := make([]byte, size)
	if _, err := file.ReadAt(raw, at); err != nil {
		return ""
	}
	name, _, _ := bytes.Cut(raw, []byte{0})
	return string(name)
}
