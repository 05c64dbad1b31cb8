//go:build !linux || !(amd64 || arm64)

package trace

import (
	"context"
	"os"
	"os/exec"
)

// Run returns ErrUnsupported, and the command is not run.
func (t Tracer) Run(context.Context, *exec.Cmd) (*Log, error) { return nil, ErrUnsupported }

// IsStub says whether this process was started as a tracer's stub. Nothing starts one
// on this system.
func IsStub([]string) bool { return false }

// Stub returns the exit code of a program that can't be executed.
func Stub([]string) int { return 126 }

func (f File) unchanged(*os.File) error { return ErrUnsupported }
