//go:build amd64 || arm64

package trace

import (
	"bytes"
	"debug/elf"
	"io"
	"os"
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
	fd, err := unix.Open(f.name, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NONBLOCK|unix.O_NOFOLLOW, 0)
	if err != nil {
		return ""
	}
	file := os.NewFile(uintptr(fd), f.name)
	defer file.Close()
	var now unix.Stat_t
	if unix.Fstat(fd, &now) != nil || now.Dev != f.stat.Dev || now.Ino != f.stat.Ino {
		return ""
	}
	head := make([]byte, maxScriptLine)
	n, _ := io.ReadFull(file, head)
	if line, script := bytes.CutPrefix(head[:n], []byte("#!")); script {
		line, _, _ = bytes.Cut(line, []byte("\n"))
		if words := strings.FieldsFunc(string(line), func(r rune) bool { return r == ' ' || r == '\t' || r == 0 }); len(words) > 0 {
			return words[0]
		}
		return ""
	}
	return loader(file)
}

// loader is the interpreter that an ELF file names (PT_INTERP).
func loader(file *os.File) string {
	e, err := elf.NewFile(file)
	if err != nil {
		return ""
	}
	for _, p := range e.Progs {
		if p.Type == elf.PT_INTERP && p.Filesz > 0 && p.Filesz <= unix.PathMax {
			raw := make([]byte, p.Filesz)
			if _, err := p.ReadAt(raw, 0); err != nil {
				return ""
			}
			name, _, _ := bytes.Cut(raw, []byte{0})
			return string(name)
		}
	}
	return ""
}
