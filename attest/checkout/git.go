package checkout

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

const (
	maxOutput = 1 << 20     // bytes, of each of a run's two streams
	maxTime   = time.Minute // of one run; the status of a huge work tree takes a while
)

// git runs the git program in one folder.
type git struct {
	program string
	dir     string
	environ []string
}

// A failure is that git ran and said no.
type failure struct{ command, says string }

func (f *failure) Error() string { return fmt.Sprintf("git %s: %s", f.command, f.says) }

func newGit(dir string, environ []string) (*git, error) {
	program, err := exec.LookPath("git")
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrNoGit, err)
	}
	return &git{program, dir, cleaned(environ)}, nil
}

// cleaned keeps of an environment what git needs to find programs and its user's
// configuration, where safe.directory is. GIT_DIR and its like would show another
// repository than the folder's.
func cleaned(environ []string) []string {
	kept := []string{"LC_ALL=C", "GIT_OPTIONAL_LOCKS=0", "GIT_TERMINAL_PROMPT=0", "GIT_NO_LAZY_FETCH=1", "GIT_NO_REPLACE_OBJECTS=1"}
	for _, variable := range environ {
		name, _, _ := strings.Cut(variable, "=")
		switch strings.ToUpper(name) {
		case "PATH", "HOME", "XDG_CONFIG_HOME", "SUDO_UID", "USERPROFILE", "HOMEDRIVE", "HOMEPATH", "SYSTEMROOT", "TMPDIR", "TEMP", "TMP":
			kept = append(kept, variable)
		}
	}
	return kept
}

// run gives what git prints, without the last newline.
func (g *git) run(ctx context.Context, args ...string) (string, error) {
	var out bounded
	err := g.start(ctx, &out, args)
	if err == nil && out.over {
		err = fmt.Errorf("git %s prints more than %d bytes", args[0], maxOutput)
	}
	if err != nil {
		return "", err
	}
	return strings.TrimSuffix(out.String(), "\n"), nil
}

// says tells whether git prints anything.
func (g *git) says(ctx context.Context, args ...string) (bool, error) {
	var out bounded
	err := g.start(ctx, &out, args)
	return out.Len() > 0, err
}

func (g *git) start(ctx context.Context, out *bounded, args []string) error {
	ctx, cancel := context.WithTimeout(ctx, maxTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, g.program, append(configuration(), args...)...)
	cmd.Dir, cmd.Env = g.dir, g.environ
	cmd.WaitDelay = time.Second
	var stderr bounded
	cmd.Stdout, cmd.Stderr = out, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("git %s: %w", args[0], ctx.Err())
	case errors.As(err, &exit):
		return &failure{args[0], strings.TrimSpace(stderr.String())}
	}
	return fmt.Errorf("git %s: %w", args[0], err)
}

// configuration overrules a repository's own where that could run a program or write
// to it, and refuses a bare repository that lies, as any files might, in a folder.
// Filters are left alone: without git-lfs every large file would look changed.
func configuration() []string {
	return []string{
		"--no-pager", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "core.untrackedCache=false",
		"-c", "safe.bareRepository=explicit",
	}
}

// explain gives the failure of the first run its reason. git has one exit status
// for all of them, so that its words, which LC_ALL fixes, must do.
func (g *git) explain(err error) error {
	var failed *failure
	if !errors.As(err, &failed) {
		return err
	}
	switch {
	case strings.Contains(failed.says, "dubious ownership"), strings.Contains(failed.says, "unsafe repository"):
		return fmt.Errorf("%w, for another user owns it: if that is right, run `git config --global --add safe.directory FOLDER` with its top folder (%s)",
			ErrUntrusted, firstLine(failed.says))
	case strings.Contains(failed.says, "not a git repository"), strings.Contains(failed.says, "cannot use bare repository"),
		strings.Contains(failed.says, "must be run in a work tree"):
		return fmt.Errorf("%w: %q", ErrNotCheckout, g.dir)
	}
	return err
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// bounded keeps the first of what is written to it and lets the rest go, so that
// the writer is not stopped halfway.
type bounded struct {
	bytes.Buffer
	over bool
}

func (b *bounded) Write(p []byte) (int, error) {
	keep := p[:min(len(p), maxOutput-b.Len())]
	b.over = b.over || len(keep) < len(p)
	b.Buffer.Write(keep)
	return len(p), nil
}
