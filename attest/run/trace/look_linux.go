//go:build amd64 || arm64

package trace

import (
	"golang.org/x/sys/unix"
)

// An effect is one thing to be written down once a call has gone on.
type effect struct {
	path       string
	access     access
	now        identity
	folder     bool // a folder was renamed to path
	connection *Connection
	drop       Reason
	leave      Reason
}

// A look is the inspection of one waiting call.
type look struct {
	viewer
	memory memory
	args   [6]uint64
	super  *supervisor

	effects []effect
	errno   unix.Errno // what the call fails with; 0 lets it go on
}

func (l *look) leave(why Reason) { l.effects = append(l.effects, effect{leave: why}) }
func (l *look) drop(why Reason)  { l.effects = append(l.effects, effect{drop: why}) }
func (l *look) touch(path string, a access, now identity) {
	l.effects = append(l.effects, effect{path: path, access: a, now: now})
}

// folder is a file descriptor in an argument; it has 32 bits, with a sign.
func (l *look) folder(i int) int { return int(int32(l.args[i])) }

// path reads a path, and counts it if that fails for another reason than that the call
// fails as well.
func (l *look) path(i int) (string, bool) {
	p, err := l.memory.path(l.args[i])
	if err != nil {
		l.unreadable(err)
	}
	return p, err == nil
}

// unreadable counts arguments that could not be read. Where there is no memory, or no
// end of a string, the call fails as well.
func (l *look) unreadable(err error) {
	if err == unix.EFAULT || err == unix.ENAMETOOLONG {
		l.leave(Refused)
		return
	}
	l.super.blind(err)
	l.drop(Unreadable)
}

// failed counts a name that led nowhere.
func (l *look) failed(err error) {
	switch err {
	case unix.ENOENT, unix.ENOTDIR:
		l.leave(Missing)
	case unix.ELOOP, unix.ENAMETOOLONG, unix.EACCES, unix.EISDIR, unix.EBADF:
		l.leave(Refused)
	default:
		l.drop(Unresolved)
	}
}

// call looks at a call of the kind.
func (l *look) call(k kind) {
	const at = unix.AT_FDCWD
	switch k {
	case kindOpen:
		l.open(at, 0, l.args[1])
	case kindOpenat:
		l.open(l.folder(0), 1, l.args[2])
	case kindOpenat2:
		l.openHow()
	case kindCreat:
		l.open(at, 0, unix.O_CREAT|unix.O_WRONLY|unix.O_TRUNC)
	case kindExecve:
		l.execute(at, 0, 0)
	case kindExecveat:
		l.execute(l.folder(0), 1, l.args[4])
	case kindRename:
		l.rename(at, 0, at, 1, 0)
	case kindRenameat:
		l.rename(l.folder(0), 1, l.folder(2), 3, 0)
	case kindRenameat2:
		l.rename(l.folder(0), 1, l.folder(2), 3, l.args[4])
	case kindLink:
		l.link(at, 0, at, 1, 0)
	case kindLinkat:
		l.link(l.folder(0), 1, l.folder(2), 3, l.args[4])
	case kindUnlink:
		l.unlink(at, 0)
	case kindUnlinkat:
		if l.args[2]&unix.AT_REMOVEDIR == 0 {
			l.unlink(l.folder(0), 1)
		}
	case kindTruncate:
		l.truncate()
	default:
		l.other(k)
	}
}

func (l *look) other(k kind) {
	switch k {
	case kindConnect:
		l.address(l.folder(0), l.args[1], l.args[2])
	case kindSendto:
		l.address(l.folder(0), l.args[4], l.args[5])
	case kindSendmsg:
		l.message(l.folder(0), l.args[1])
	case kindSendmmsg:
		l.messages(l.folder(0), l.args[1], l.args[2])
	case kindSocketcall:
		l.socketcall()
	case kindIOUring:
		l.errno = unix.ENOSYS
		l.leave(IOURing)
	case kindHandle:
		l.drop(OpenedByHandle)
	case kindRoot:
		l.super.tree.forget(l.tid)
	}
}
