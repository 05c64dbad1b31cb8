//go:build amd64 || arm64

package trace

import (
	"encoding/binary"
	"path"

	"golang.org/x/sys/unix"
)

// openHow looks at openat2, whose flags are in memory: struct open_how begins with
// them.
func (l *look) openHow() {
	var how [8]byte
	if err := l.memory.full(l.args[2], how[:]); err != nil {
		l.unreadable(err)
		return
	}
	flags := binary.NativeEndian.Uint64(how[:])
	if flags&(unix.O_PATH|unix.O_DIRECTORY) == 0 {
		l.open(l.folder(0), 1, flags)
	}
}

func (l *look) open(folder, arg int, flags uint64) {
	name, ok := l.path(arg)
	if !ok {
		return
	}
	exclusive := flags&(unix.O_CREAT|unix.O_EXCL) == unix.O_CREAT|unix.O_EXCL
	f, err := l.find(folder, name, flags&unix.O_NOFOLLOW == 0 && !exclusive)
	switch {
	case err == unix.ENOENT && flags&unix.O_CREAT != 0:
		l.create(folder, name)
		return
	case err != nil:
		l.failed(err)
		return
	case exclusive || f.is(unix.S_IFLNK):
		l.leave(Refused)
		return
	}
	a, want := reads, uint32(unix.R_OK)
	switch flags & unix.O_ACCMODE {
	case unix.O_WRONLY:
		a, want = writes, unix.W_OK
	case unix.O_RDWR:
		a, want = reads|writes, unix.R_OK|unix.W_OK
	}
	if flags&unix.O_TRUNC != 0 {
		a, want = writes, want|unix.W_OK
	}
	l.use(f, a, want)
}

// use notes an access to a file that exists, if it is a regular one with a name and
// permissions suffice.
func (l *look) use(f *found, a access, want uint32) {
	switch {
	case f.is(unix.S_IFDIR):
		l.leave(Directories)
	case pseudo(f.name):
		l.leave(Pseudo)
	case !f.is(unix.S_IFREG), f.stat.Nlink == 0:
		l.leave(Special)
	case !l.super.may(f, want):
		l.leave(Refused)
	default:
		l.touch(f.name, a, l.super.identify(&f.stat))
	}
}

// create notes a file that the call makes.
func (l *look) create(folder int, name string) {
	parent, full, err := l.place(folder, name)
	switch {
	case err != nil:
		l.failed(err)
	case pseudo(full):
		l.leave(Pseudo)
	case !l.super.may(parent, unix.W_OK|unix.X_OK):
		l.leave(Refused)
	default:
		l.createLinked(full)
	}
}

// createLinked notes the new file. Where the name is that of a link to nothing, the
// call makes what the link names.
func (l *look) createLinked(full string) {
	target := full
	if f, err := l.find(unix.AT_FDCWD, full, false); err == nil && f.is(unix.S_IFLNK) {
		if target, err = l.target(full); err != nil {
			l.drop(Unresolved)
			return
		}
	}
	l.touch(target, creates, identity{})
}

// target follows links, of which the last one leads to nothing.
func (l *look) target(link string) (string, error) {
	const most = 40 // as the kernel
	buffer := make([]byte, unix.PathMax)
	for range most {
		n, err := unix.Readlink(link, buffer)
		if err != nil {
			return link, nil
		}
		to := string(buffer[:n])
		if to == "" {
			return "", unix.ENOENT
		}
		if to[0] != '/' {
			_, full, err := l.place(unix.AT_FDCWD, link)
			if err != nil {
				return "", err
			}
			to = path.Join(path.Dir(full), to)
		}
		if _, link, err = l.place(unix.AT_FDCWD, to); err != nil {
			return "", err
		}
	}
	return "", unix.ELOOP
}

func (l *look) truncate() {
	name, ok := l.path(0)
	if !ok {
		return
	}
	f, err := l.find(unix.AT_FDCWD, name, true)
	if err != nil {
		l.failed(err)
		return
	}
	l.use(f, writes, unix.W_OK)
}

func (l *look) unlink(folder, arg int) {
	name, ok := l.path(arg)
	if !ok {
		return
	}
	f, err := l.find(folder, name, false)
	if err != nil {
		l.failed(err)
		return
	}
	if f.is(unix.S_IFREG) {
		l.touch(f.name, removes, l.super.identify(&f.stat))
	}
}
