package cli

import (
	"context"
	"io"
	"os"

	"golang.org/x/term"
)

// An Env is the outside of one run. Commands reach the environment, the terminal
// and the standard streams only through it.
type Env struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	LookupEnv      func(string) (string, bool)
	// Environ is the whole environment, for programs that are run.
	Environ func() []string
	// KeyService asks a key management service for the public key, in PEM, that a
	// reference names. It is nil in programs that ask none.
	KeyService func(ctx context.Context, ref string) ([]byte, error)
}

// Getenv is the variable's value, or "".
func (e *Env) Getenv(name string) string {
	value, _ := e.LookupEnv(name)
	return value
}

// System is the Env of a real process.
func System() *Env {
	return &Env{Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, LookupEnv: os.LookupEnv, Environ: os.Environ}
}

// Terminal says whether w is a terminal on which a person reads.
func Terminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// Colour says whether text for w may be coloured: on a terminal, without NO_COLOR
// (no-color.org) and not on a dumb one.
func (e *Env) Colour(w any) bool {
	return Terminal(w) && e.Getenv("NO_COLOR") == "" && e.Getenv("TERM") != "dumb"
}
