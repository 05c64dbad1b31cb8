package run

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"

	"github.com/carnet-project/carnet/attest/checkout"
	"github.com/carnet-project/carnet/attest/predicate/resource"
	"github.com/carnet-project/carnet/attest/predicate/slsa"
	"github.com/carnet-project/carnet/attest/run/trace"
)

// A Step is a command to run, and what to record of it.
type Step struct {
	// Command is the command with its arguments, at least one word. Its program is found by
	// the PATH of this process.
	Command []string
	// Dir is the working folder; empty is the process's own. Nothing outside of it is
	// recorded but the checkout that it is in.
	Dir string
	// Materials are recorded as they are before the command runs, Products as they are after
	// it. Both may be empty.
	Materials, Products Selection
	// Ignored has materials recorded that git ignores.
	Ignored bool
	// Lockfiles has lock files read: those among the materials, or, if Materials is empty,
	// those in the working folder and at most two folders below it.
	Lockfiles bool
	// Environ is the environment in the form of os.Environ: the command gets it without the
	// variables of Withhold, and what is recorded of it are [RecordedVariables] and Variables.
	Environ             []string
	Variables, Withhold []string
	Streams             Streams
	// Signals are handed on to the command.
	Signals <-chan os.Signal
	// Now is the clock.
	Now func() time.Time
	// ReadFile reads the marks that container runtimes leave in the root folder.
	ReadFile func(path string) ([]byte, error)
	// Image is what the CI system says the container's image is, or empty.
	Image string
	// Patient has the command begin only when all materials are hashed. Otherwise it may
	// begin before that, and a material that it changes before it is hashed is an error.
	Patient bool
	// Trace, unless nil, sees what the command reads and connects to.
	Trace *trace.Tracer
	// Prepare, unless nil, is what else is to be found out before the command begins. It
	// is called while materials are hashed.
	Prepare func(context.Context) error
}

// A Record is what a step was.
type Record struct {
	// Command is the command without what looks like a secret.
	Command []string
	// Redacted says that something was taken out of it.
	Redacted bool
	// Folder is the working folder's slash path from the top of the checkout, "." if it is
	// that or if there is no checkout.
	Folder string
	// ExitCode is the command's, as shells give it: 128 and the signal's number where one
	// killed it. Signal is then its name.
	ExitCode          int
	Signal            string
	Started, Finished time.Time
	// Materials and Products are sorted by path.
	Materials, Products []File
	// Skipped is what the patterns chose and what is no file in the folder, sorted by path.
	// Link targets that are files in it are recorded under the link's path.
	Skipped []Skipped
	// Unchanged are the paths of products that were there before and that the command did
	// not write.
	Unchanged []string
	// Before and After are the root, the commit and the cleanness of the checkout; nil where
	// there is none, or no commit yet.
	Before, After *checkout.Checkout
	// Environment are recorded variables. Withheld are those that were not recorded, for they
	// look like secrets.
	Environment map[string]string
	Withheld    []string
	// Image is the container's, or nil.
	Image *Image
	// Dependencies are what lock files allow, sorted. Undigested counts the packages for
	// which these have no digest; Notes say what they leave open.
	Dependencies []resource.Descriptor
	Undigested   int
	Notes        []string

	// Trace is nil unless the step was traced.
	Trace *Trace

	prepared *slsa.Dependencies // Materials and Dependencies, written while the command runs
}

// Failed says that the command did not end well.
func (r *Record) Failed() bool { return r.ExitCode != 0 }

// Run runs the step and waits for its end. Whatever ends ctx does not end the command: its
// signals do. Materials are what they were before the command began, or there is an error:
// docs/decisions/observed-builds.md says how. The products of a command that failed are
// those that are there.
//
// An error is a *[StartError], a *[FileError], a *[lockfile.Error] within a *[FileError], or
// says what of the folder or of git could not be read. The record is nil then, unless the
// command has run: then the record says how it ended, and is not whole.
func (s *Step) Run(ctx context.Context) (*Record, error) {
	if len(s.Command) == 0 {
		return nil, errors.New("there is no command to run")
	}
	o, err := s.observe(ctx)
	if err != nil {
		return nil, err
	}
	defer o.close()
	cmd := s.command(ctx)
	if err := o.ready(ctx); err != nil {
		return nil, err
	}
	o.begin()
	hashed := make(chan error, 1)
	go func() { hashed <- o.hashed() }()
	end, log, err := s.execute(ctx, cmd)
	r := o.record
	r.ExitCode, r.Signal, r.Finished = end.code, end.signal, s.Now()
	var start *StartError
	switch {
	case errors.As(err, &start), errors.Is(err, trace.ErrUnavailable), errors.Is(err, trace.ErrUnsupported):
		o.cancel()
		<-hashed
		return nil, err
	case err != nil:
		<-hashed
		return r, fmt.Errorf("waiting for the command: %w", err)
	}
	if err := o.finish(ctx, hashed); err != nil {
		return r, err
	}
	return r, o.inputs(ctx, log)
}

// execute runs the command to its end.
func (s *Step) execute(ctx context.Context, cmd *exec.Cmd) (ended, *trace.Log, error) {
	if s.Trace != nil {
		return s.traced(ctx, cmd)
	}
	if err := cmd.Start(); err != nil {
		return ended{}, nil, startError(err)
	}
	end, err := wait(cmd, s.Signals)
	return end, nil, err
}

func (s *Step) command(ctx context.Context) *exec.Cmd {
	cmd := exec.CommandContext(context.WithoutCancel(ctx), s.Command[0], s.Command[1:]...)
	cmd.Dir = s.Dir
	cmd.Env = without(s.Environ, s.Withhold)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = s.Streams.Stdin, s.Streams.Stdout, s.Streams.Stderr
	return cmd
}

func (s *Step) dir() string {
	if s.Dir == "" {
		return "."
	}
	return s.Dir
}
