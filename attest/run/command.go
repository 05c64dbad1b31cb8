package run

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"syscall"
)

// The exit codes of shells for a command that is not found and one that can't be started
// (POSIX, Shell Command Language, 2.8.2).
const (
	ExitNotFound   = 127
	ExitNotStarted = 126
	exitSignal     = 128 // and the signal's number
)

// A StartError says that the command could not be started.
type StartError struct {
	// Code is [ExitNotFound] or [ExitNotStarted].
	Code int
	Err  error
}

func (e *StartError) Error() string { return "the command can't be started: " + e.Err.Error() }
func (e *StartError) Unwrap() error { return e.Err }

func startError(err error) error {
	// The command's name is on the command line, which may hold secrets.
	code := ExitNotStarted
	if errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
		code = ExitNotFound
	}
	var e *exec.Error
	if errors.As(err, &e) {
		err = e.Err
	}
	return &StartError{code, cause(err)}
}

// Streams are the standard streams of a command. Files are handed over as they are.
type Streams struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
}

// An ended is how a command ended.
type ended struct {
	code   int
	signal string // that killed it, as in "killed"; or nothing
}

// wait waits for a started command and meanwhile hands signals on to it.
func wait(cmd *exec.Cmd, signals <-chan os.Signal) (ended, error) {
	stop := handOn(signals, cmd.Process)
	err := cmd.Wait()
	stop()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return ended{}, err
	}
	return endOf(cmd.ProcessState), nil
}

// handOn sends signals to a process, until stop is called.
func handOn(signals <-chan os.Signal, to *os.Process) (stop func()) {
	done, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case s, open := <-signals:
				if !open {
					return
				}
				_ = to.Signal(s) // it may have ended
			case <-done:
				return
			}
		}
	}()
	return func() {
		close(done)
		<-stopped
	}
}

func endOf(s *os.ProcessState) ended {
	if w, ok := s.Sys().(syscall.WaitStatus); ok && w.Signaled() {
		return ended{exitSignal + int(w.Signal()), w.Signal().String()}
	}
	return ended{code: s.ExitCode()}
}
