//go:build amd64 || arm64

package trace

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// greeting is how long the stub may take to start and to install the filter.
	greeting = 60 * time.Second
	// killing is how long processes that outlive the command may take to die.
	killing = 10 * time.Second
	// killAgain is how often those are killed that were being made meanwhile.
	killAgain = 10 * time.Millisecond
)

// Run runs the command to its end, as [exec.Cmd.Run] does, and records what it and its
// descendants open. Standard streams, folder, environment, further files, exit status
// and signals are the command's, and the error is Run's: an *exec.ExitError comes with
// a log. If ctx ends, all processes are killed, and the error wraps its cause, too.
//
// Processes that outlive the command are killed when it has ended, because a filter
// that nobody answers breaks them; the log counts them. From now on, this process is
// the one to which orphans of its descendants fall.
//
// The error is an *UnavailableError, and the command was not run, if the kernel or the
// container refuses to trace.
func (t Tracer) Run(ctx context.Context, cmd *exec.Cmd) (*Log, error) {
	if len(t.Stub) == 0 {
		return nil, errors.New("trace: no stub is given")
	}
	if cmd.SysProcAttr != nil && cmd.SysProcAttr.Ptrace {
		return nil, errors.New("trace: the command is to be traced by ptrace as well")
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	r := newRecord(t.Limit, fileClock())
	tree, err := newTree()
	if err != nil {
		return nil, &UnavailableError{Step: "become the parent of orphans", Cause: err}
	}
	s, err := t.start(cmd, &session{record: r, tree: tree})
	if err != nil {
		return nil, err
	}
	if t.Started != nil {
		t.Started(cmd.Process)
	}
	stop := make(chan struct{})
	go tree.killAt(ctx, stop)
	err = cmd.Wait()
	close(stop)
	s.super.finish()
	s.super.close()
	l := r.log()
	l.NoNewPrivileges = s.renounced
	if ctx.Err() != nil {
		err = errors.Join(context.Cause(ctx), err)
	}
	return l, err
}

// A session is one command that is being started.
type session struct {
	record    *record
	tree      *tree
	socket    int // to the stub
	super     *supervisor
	renounced bool // the command can gain no privileges
}

// start starts the command, which has been executed when it returns without an error.
func (t Tracer) start(cmd *exec.Cmd, s *session) (*session, error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("socketpair", err)
	}
	s.socket = pair[0]
	defer unix.Close(s.socket)
	wish := command{Path: cmd.Path, Args: cmd.Args, Env: cmd.Environ()}
	if len(wish.Args) == 0 {
		wish.Args = []string{cmd.Path}
	}
	if err := t.startStub(cmd, os.NewFile(uintptr(pair[1]), "stub")); err != nil {
		return nil, err
	}
	s.tree.begin(cmd.Process.Pid)
	if err := s.greet(wish); err != nil {
		s.abort(cmd)
		return nil, err
	}
	if err := s.execution(cmd.Path); err != nil {
		s.abort(cmd)
		return nil, err
	}
	return s, nil
}

// startStub starts the stub in the command's place: its streams, folder and further
// files, but not its environment.
func (t Tracer) startStub(cmd *exec.Cmd, socket *os.File) error {
	defer socket.Close()
	path, args, env, files := cmd.Path, cmd.Args, cmd.Env, cmd.ExtraFiles
	defer func() { cmd.Path, cmd.Args, cmd.Env, cmd.ExtraFiles = path, args, env, files }()
	fd := 3 + len(cmd.ExtraFiles)
	if cmd.Err == nil {
		cmd.Path = t.Stub[0]
	}
	cmd.Args = append(append([]string{stubName}, t.Stub[1:]...), strconv.Itoa(fd))
	cmd.Env = []string{}
	cmd.ExtraFiles = append(append([]*os.File{}, cmd.ExtraFiles...), socket)
	return cmd.Start()
}

// abort ends a stub that did not become the command.
func (s *session) abort(cmd *exec.Cmd) {
	cmd.Process.Kill()
	cmd.Wait()
	if s.super != nil {
		s.super.close()
	}
}

// greet sends the command and begins to supervise once the stub has its filter.
func (s *session) greet(wish command) error {
	wait := unix.NsecToTimeval(int64(greeting))
	for _, way := range []int{unix.SO_RCVTIMEO, unix.SO_SNDTIMEO} {
		if err := unix.SetsockoptTimeval(s.socket, unix.SOL_SOCKET, way, &wait); err != nil {
			return os.NewSyscallError("setsockopt", err)
		}
	}
	if err := writeCommand(stream(s.socket), wish); err != nil {
		return fmt.Errorf("trace: send the command to the stub: %w", err)
	}
	said, listener, err := s.hear()
	switch {
	case err != nil:
		return fmt.Errorf("trace: the stub does not answer: %w", err)
	case said[0] == stepFilter:
		return unavailable(unix.Errno(said[1]))
	case said[0] != stepFiltered || listener < 0:
		return fmt.Errorf("trace: the stub failed in step %d: %w", said[0], unix.Errno(said[1]))
	}
	s.renounced = said[1] != 0
	s.super, err = newSupervisor(listener, s.record, s.tree)
	return err
}

// execution waits until the stub has become the command: then the socket is closed.
func (s *session) execution(path string) error {
	forever := unix.Timeval{}
	unix.SetsockoptTimeval(s.socket, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &forever)
	said, _, err := s.hear()
	if cause := s.super.unobserved(); cause != nil {
		return &UnavailableError{Step: "read the command's memory", Cause: cause, Hint: "the kernel must let a parent read its child's memory: " +
			"/proc/sys/kernel/yama/ptrace_scope is to be 0 or 1, and a container's seccomp profile is to allow process_vm_readv"}
	}
	if err == io.EOF {
		return nil
	}
	if err == nil {
		err = unix.Errno(said[1])
	}
	return &fs.PathError{Op: "fork/exec", Path: path, Err: err}
}

// hear receives what the stub tells, with the listener if there is one; else it is -1.
func (s *session) hear() (said [2]byte, listener int, err error) {
	rights := make([]byte, unix.CmsgSpace(4))
	for {
		n, m, _, _, err := unix.Recvmsg(s.socket, said[:], rights, unix.MSG_CMSG_CLOEXEC|unix.MSG_WAITALL)
		switch {
		case err == unix.EINTR:
			continue
		case err == unix.ECONNRESET:
			return said, -1, io.EOF
		case err != nil:
			return said, -1, err
		case n < len(said):
			return said, -1, io.EOF
		}
		return said, received(rights[:m]), nil
	}
}

func received(rights []byte) int {
	messages, err := unix.ParseSocketControlMessage(rights)
	if err != nil || len(messages) != 1 {
		return -1
	}
	fds, err := unix.ParseUnixRights(&messages[0])
	if err != nil || len(fds) != 1 {
		return -1
	}
	return fds[0]
}

// unavailable explains why the filter could not be installed.
func unavailable(errno unix.Errno) error {
	e := &UnavailableError{Step: "install a seccomp filter with user notification", Cause: errno}
	switch errno {
	case unix.EBUSY:
		e.Hint = "a program that started this one supervises it in the same way, and the kernel allows one only: a container engine, or another trace"
	case unix.EINVAL, unix.ENOSYS:
		e.Hint = "Linux 5.8 or later is needed, with CONFIG_SECCOMP_FILTER; sandboxes such as gVisor have no user notification"
	case unix.EPERM, unix.EACCES:
		e.Hint = "the container's seccomp profile is to allow seccomp(2) and prctl(2)"
	}
	return e
}
