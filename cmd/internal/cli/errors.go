package cli

import (
	"errors"
	"fmt"

	"github.com/carnet-project/carnet/verify/policy"
)

// The exit codes. Only [Main] knows them.
const (
	exitOK        = 0
	exitDenied    = 1
	exitUsage     = 2
	exitUndecided = 3
	exitInvalid   = 4
)

// A UsageError is a command line, a file or a setting that can't be meant as it is.
type UsageError struct{ Message, Hint string }

func (e *UsageError) Error() string { return e.Message }

// Usagef makes a UsageError.
func Usagef(format string, args ...any) error {
	return &UsageError{Message: fmt.Sprintf(format, args...)}
}

// IsUsage says whether err is, or wraps, a UsageError.
func IsUsage(err error) bool {
	var usage *UsageError
	return errors.As(err, &usage)
}

// WithHint adds what to do about err: a fact stays a fact, and the hint is printed
// below it.
func WithHint(err error, hint string) error {
	if err == nil {
		return nil
	}
	return &hinted{err, hint}
}

type hinted struct {
	error
	hint string
}

func (h *hinted) Unwrap() error { return h.error }

// A NotAllowedError ends a command whose verdict has been printed and is not
// "allowed".
type NotAllowedError struct{ Outcome policy.Outcome }

func (e *NotAllowedError) Error() string { return string(e.Outcome) }

// An UnavailableError wraps what could not be done this time: trying again may help.
type UnavailableError struct{ Err error }

func (e *UnavailableError) Error() string { return e.Err.Error() }
func (e *UnavailableError) Unwrap() error { return e.Err }

// A StepError ends a command that has run another one, with that one's exit code. All that
// is to be told of it has been.
type StepError struct{ Code int }

func (e *StepError) Error() string { return fmt.Sprintf("the command ended with exit code %d", e.Code) }

// Printed marks an error as told already: it still decides the exit code.
func Printed(err error) error { return &printed{err} }

type printed struct{ error }

func (p *printed) Unwrap() error { return p.error }

// code maps an error to the exit code.
func code(err error) int {
	var usage *UsageError
	var verdict *NotAllowedError
	var unavailable *UnavailableError
	var step *StepError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &step):
		return step.Code
	case errors.As(err, &usage):
		return exitUsage
	case errors.As(err, &verdict):
		return verdictCode(verdict.Outcome)
	case errors.As(err, &unavailable):
		return exitUndecided
	}
	return exitDenied
}

func verdictCode(o policy.Outcome) int {
	switch o {
	case policy.Allowed:
		return exitOK
	case policy.Invalid:
		return exitInvalid
	case policy.Undecided:
		return exitUndecided
	}
	return exitDenied
}

// hint is the advice that goes with err, or "".
func hint(err error) string {
	var h *hinted
	if errors.As(err, &h) {
		return h.hint
	}
	var usage *UsageError
	if errors.As(err, &usage) {
		return usage.Hint
	}
	return ""
}
