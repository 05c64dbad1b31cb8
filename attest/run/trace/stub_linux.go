//go:build amd64 || arm64

package trace

import (
	"errors"
	"io"
	"os"
	"runtime"
	"strconv"

	"golang.org/x/sys/unix"
)

// stubName is what the stub is called. A program's own name is not an argument that
// one types, so nobody becomes a stub by accident.
const stubName = "carnet-trace-stub"

// IsStub says whether this process was started as a tracer's stub. It looks at the
// arguments alone, and is to be asked before anything else.
func IsStub(args []string) bool {
	return len(args) >= 2 && args[0] == stubName
}

// Stub installs the filter, hands its listener to the tracer, and executes the
// command. It returns, with an exit code for the process, only if that fails. The
// tracer, which must be the parent and of the same user, learns why; a stub that
// anybody else started does nothing.
func Stub(args []string) int {
	const failed = 126
	fd, err := strconv.Atoi(args[len(args)-1])
	if err != nil || !fromParent(fd) {
		io.WriteString(os.Stderr, stubName+": this is started by carnet attest run --trace only\n")
		return failed
	}
	unix.CloseOnExec(fd)
	wish, err := readCommand(stream(fd))
	if err != nil {
		tell(fd, stepRead, err)
		return failed
	}
	runtime.LockOSThread() // the filter is this thread's, which becomes the command
	if err := filtered(fd); err != nil {
		tell(fd, stepFilter, err)
		return failed
	}
	tell(fd, stepExecute, unix.Exec(wish.Path, wish.Args, wish.Env))
	return failed
}

// fromParent says whether fd is a socket that was made by this process's parent, as the
// same user or as root.
func fromParent(fd int) bool {
	peer, err := unix.GetsockoptUcred(fd, unix.SOL_SOCKET, unix.SO_PEERCRED)
	return err == nil && int(peer.Pid) == os.Getppid() && (peer.Uid == 0 || int(peer.Uid) == os.Geteuid())
}

// filtered installs the filter on this thread. The listener is sent by another thread,
// which has no filter: this one's sending would wait for a supervisor that lacks it.
func filtered(socket int) error {
	listener, sent := make(chan [2]int), make(chan error)
	go func() {
		runtime.LockOSThread()
		sent <- nil // this thread is there, and was not made by a filtered one
		l, ok := <-listener
		if ok {
			sent <- unix.Sendmsg(socket, []byte{stepFiltered, byte(l[1])}, unix.UnixRights(l[0]), nil, 0)
		}
	}()
	<-sent
	defer close(listener)
	fd, privileged, err := install()
	if err != nil {
		return err
	}
	renounced := 1
	if privileged {
		renounced = 0
	}
	listener <- [2]int{fd, renounced}
	return <-sent
}

// tell reports what failed: the step and the error's number.
func tell(socket int, step byte, err error) {
	var errno unix.Errno
	if !errors.As(err, &errno) {
		errno = unix.EPROTO
	}
	stream(socket).Write([]byte{step, byte(errno)})
}
