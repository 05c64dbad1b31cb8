package run

import (
	"errors"
	"os"
	"path"
	"syscall"

	"golang.org/x/sys/unix"
)

// A handle is the descriptor of an open file. The calls are the system's own: with those
// of package os twenty thousand small files take twice the time.
type handle int

// openFolder opens a folder in the one above it, or the root. A file of package os that is
// opened by a root asks for the state of each file in it when it is read; this one does not.
func (t *tree) openFolder(above *folder, dir string) (*os.File, error) {
	if above == nil || above.file == nil {
		return t.root.Open(dir)
	}
	const flags = unix.O_RDONLY | unix.O_DIRECTORY | unix.O_NOFOLLOW | unix.O_CLOEXEC
	fd, err := unix.Openat(int(above.file.Fd()), path.Base(dir), flags, 0)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), dir), nil
}

// stamped says whether a file, or what is in a folder, is on a file system that stamps
// changes by the clock of this machine. On others, such as those of networks, the clock is
// another one's.
func stamped(f *os.File) bool { return stampedHere(int(f.Fd())) }

func stampedHere(fd int) bool {
	var st unix.Statfs_t
	if err := unix.Fstatfs(fd, &st); err != nil {
		return false
	}
	switch int64(st.Type) {
	case unix.EXT4_SUPER_MAGIC, unix.XFS_SUPER_MAGIC, unix.BTRFS_SUPER_MAGIC, unix.TMPFS_MAGIC, unix.OVERLAYFS_SUPER_MAGIC, unix.F2FS_SUPER_MAGIC:
		return true
	}
	return false
}

func deviceOf(root *os.Root) uint64 {
	info, err := root.Stat(".")
	if err != nil {
		return 0
	}
	st, _ := info.Sys().(*syscall.Stat_t)
	return uint64(st.Dev)
}

// opened opens a file for reading, without following a link at its end and without waiting
// for anybody, should a named pipe have taken the file's place.
func (t *tree) opened(e entry) (handle, error) {
	if e.in.file == nil {
		return t.openSlowly(e.path)
	}
	const flags = unix.O_RDONLY | unix.O_NOFOLLOW | unix.O_NONBLOCK | unix.O_NOCTTY | unix.O_CLOEXEC
	for {
		fd, err := unix.Openat(int(e.in.file.Fd()), path.Base(e.path), flags, 0)
		if err == nil || !errors.Is(err, unix.EINTR) {
			return handle(fd), err
		}
	}
}

// openSlowly opens a file by its whole path.
func (t *tree) openSlowly(name string) (handle, error) {
	info, err := t.root.Lstat(name)
	switch {
	case err != nil:
		return -1, err
	case !info.Mode().IsRegular():
		return -1, unix.ELOOP
	}
	return t.openTarget(name)
}

// openTarget opens what a path leads to, by whatever links, if that is in the tree.
func (t *tree) openTarget(name string) (handle, error) {
	f, err := t.root.OpenFile(name, os.O_RDONLY|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
	if err != nil {
		return -1, err
	}
	defer f.Close()
	fd, err := unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	return handle(fd), err
}

// stamped is [stamped] for the file itself, which may be mounted from elsewhere.
func (h handle) stamped() bool { return stampedHere(int(h)) }

func (h handle) stat() (state, error) {
	var st unix.Stat_t
	err := unix.Fstat(int(h), &st)
	return stateOf(&st), err
}

func stateOf(st *unix.Stat_t) state {
	return state{st.Mode&unix.S_IFMT == unix.S_IFREG, st.Size, unix.TimespecToNsec(st.Mtim), unix.TimespecToNsec(st.Ctim), uint64(st.Dev)}
}

// read gives 0 at the end.
func (h handle) read(p []byte) (int, error) {
	for {
		n, err := unix.Read(int(h), p)
		if err == nil || !errors.Is(err, unix.EINTR) {
			return n, err
		}
	}
}

func (h handle) close() { _ = unix.Close(int(h)) } // nothing was written

// isOdd says that an error of opened is about what is not a file.
func isOdd(err error) bool {
	return errors.Is(err, unix.ELOOP) || errors.Is(err, unix.ENXIO) || errors.Is(err, unix.ENODEV)
}

// fileClock is the time by which file systems of this machine stamp changes, in nanoseconds
// since 1970. It goes in steps of some milliseconds: a file that is changed after the clock
// was asked is not stamped with an earlier time.
func fileClock() int64 {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_REALTIME_COARSE, &now); err != nil {
		return 0
	}
	return unix.TimespecToNsec(now)
}
