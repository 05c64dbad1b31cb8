package checkout

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
)

// maxPathBytes bounds one path; no common system has longer ones.
const maxPathBytes = 1 << 16

// Files gives each the paths of the files below the folder dir that git tracks, and of
// those that it neither tracks nor ignores, by its own rules of what to ignore: .gitignore
// files, the repository's and the user's. The paths are relative to dir, with slashes, in
// git's order; one may be of a file that is not there any more, or come twice. A path that
// is a folder is a repository of its own, a submodule or not, into which git does not look.
// With below, only what lies below these paths, relative to dir, is given.
//
// What git sees of the environment is as for [Read], and so are the errors; one that each
// returns ends it.
func Files(ctx context.Context, dir string, environ []string, below []string, each func(path string) error) error {
	g, err := newGit(dir, environ)
	if err != nil {
		return err
	}
	args := append(configuration(), "--literal-pathspecs", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--")
	return g.explain(g.stream(ctx, append(args, below...), each))
}

// stream runs git and gives each what it prints, which NULs end.
func (g *git) stream(ctx context.Context, args []string, each func(string) error) error {
	ctx, cancel := context.WithTimeout(ctx, maxTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, g.program, args...)
	cmd.Dir, cmd.Env = g.dir, g.environ
	var stderr bounded
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("git ls-files: %w", err)
	}
	told := split(out, each)
	if told != nil {
		cancel() // so that git does not wait for its reader
	}
	err = cmd.Wait()
	var exit *exec.ExitError
	switch {
	case told != nil:
		return told
	case ctx.Err() != nil:
		return fmt.Errorf("git ls-files: %w", ctx.Err())
	case errors.As(err, &exit):
		return &failure{"ls-files", strings.TrimSpace(stderr.String())}
	}
	return err
}

func split(out io.Reader, each func(string) error) error {
	lines := bufio.NewScanner(out)
	lines.Buffer(make([]byte, maxPathBytes), maxPathBytes)
	lines.Split(func(data []byte, atEOF bool) (int, []byte, error) {
		if i := bytes.IndexByte(data, 0); i >= 0 {
			return i + 1, data[:i], nil
		}
		if atEOF && len(data) > 0 {
			return 0, nil, io.ErrUnexpectedEOF
		}
		return 0, nil, nil
	})
	for lines.Scan() {
		if err := each(lines.Text()); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("reading what git ls-files prints: %w", err)
	}
	return nil
}
