//go:build amd64 || arm64

package trace

import (
	"os"
	"path"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// racyNanoseconds is more than the time of a file system stands still between two
// ticks: a file that changed so recently may change once more without a trace.
const racyNanoseconds = 20_000_000

// A found file is what a name led to, looked up from here for a thread.
type found struct {
	name string // resolved
	stat unix.Stat_t
}

func (f *found) is(format uint32) bool { return f.stat.Mode&unix.S_IFMT == format }

// A viewer looks names up as a thread of the command would.
type viewer struct {
	tid     int
	foreign bool // its root folder or mount namespace is not this process's
}

// find looks a name up and keeps nothing open. The errors are those of open(2).
func (v viewer) find(folder int, name string, follow bool) (*found, error) {
	fd, err := v.open(folder, name, follow)
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	f := &found{}
	if err := unix.Fstat(fd, &f.stat); err != nil {
		return nil, err
	}
	f.name, err = os.Readlink("/proc/self/fd/" + strconv.Itoa(fd))
	return f, err
}

// open gets hold of a file without opening it, so that nothing happens to it.
func (v viewer) open(folder int, name string, follow bool) (int, error) {
	flags := unix.O_PATH | unix.O_CLOEXEC
	if !follow {
		flags |= unix.O_NOFOLLOW
	}
	if strings.HasPrefix(name, "/") && v.foreign {
		root, err := unix.Open(v.proc("root"), unix.O_PATH|unix.O_CLOEXEC, 0)
		if err != nil {
			return -1, err
		}
		defer unix.Close(root)
		return unix.Openat2(root, name, &unix.OpenHow{Flags: uint64(flags), Resolve: unix.RESOLVE_IN_ROOT})
	}
	return unix.Open(v.here(folder, name), flags, 0)
}

// here is the name by which this process reaches what the thread means. What is
// "self" for the thread is not for this process.
func (v viewer) here(folder int, name string) string {
	switch {
	case strings.HasPrefix(name, "/proc/self/"):
		return v.proc(name[len("/proc/self/"):])
	case strings.HasPrefix(name, "/proc/thread-self/"):
		return v.proc(name[len("/proc/thread-self/"):])
	case strings.HasPrefix(name, "/dev/fd/"):
		return v.proc("fd/" + name[len("/dev/fd/"):])
	case name == "/dev/stdin", name == "/dev/stdout", name == "/dev/stderr":
		fds := map[string]string{"/dev/stdin": "fd/0", "/dev/stdout": "fd/1", "/dev/stderr": "fd/2"}
		return v.proc(fds[name])
	case strings.HasPrefix(name, "/"):
		return name
	case name == "": // AT_EMPTY_PATH
		return v.proc("fd/" + strconv.Itoa(folder))
	case folder == unix.AT_FDCWD:
		return v.proc("cwd/" + name)
	}
	return v.proc("fd/" + strconv.Itoa(folder) + "/" + name)
}

func (v viewer) proc(name string) string {
	return "/proc/" + strconv.Itoa(v.tid) + "/" + name
}

// place resolves all but the last part of a name, for a file that is about to be.
func (v viewer) place(folder int, name string) (*found, string, error) {
	dir, base := path.Split(name)
	if base == "" || base == "." || base == ".." {
		return nil, "", unix.EISDIR
	}
	if dir == "" {
		dir = "."
	}
	parent, err := v.find(folder, dir, true)
	if err != nil {
		return nil, "", err
	}
	if !parent.is(unix.S_IFDIR) {
		return nil, "", unix.ENOTDIR
	}
	return parent, strings.TrimSuffix(parent.name, "/") + "/" + base, nil
}

// identify tells the content of a file as it is now.
func identify(s *unix.Stat_t) identity {
	return identity{
		device: s.Dev, inode: s.Ino, size: uint64(s.Size),
		modified: s.Mtim.Nano(), changed: s.Ctim.Nano(), known: true,
	}
}

// identify does so for a file that the command opens. Only what changed about when the
// command began, or later, can be racy.
func (s *supervisor) identify(stat *unix.Stat_t) identity {
	id := identify(stat)
	id.racy = id.changed > s.record.start-racyNanoseconds && fileClock()-id.changed < racyNanoseconds
	return id
}

// fileClock is the time that file systems write down, in nanoseconds.
func fileClock() int64 {
	var now unix.Timespec
	if unix.ClockGettime(unix.CLOCK_REALTIME_COARSE, &now) != nil {
		return 0
	}
	return now.Nano()
}

func (f File) unchanged(open *os.File) error {
	var s unix.Stat_t
	if err := unix.Fstat(int(open.Fd()), &s); err != nil {
		return &os.PathError{Op: "stat", Path: f.Path, Err: err}
	}
	now := identify(&s)
	if !f.first.known || now != f.first {
		return &os.PathError{Op: "compare", Path: f.Path, Err: ErrChanged}
	}
	return nil
}

// pseudo says whether a name is the kernel's, and no file's. Shared memory is files.
func pseudo(name string) bool {
	for _, top := range []string{"/proc/", "/sys/"} {
		if strings.HasPrefix(name, top) {
			return true
		}
	}
	return strings.HasPrefix(name, "/dev/") && !strings.HasPrefix(name, "/dev/shm/")
}
