package checkout

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// Object gives the full name of the commit that git calls revision, and its object as git
// cat-file prints it, of the repository that the folder dir is in. What is said of [Read] holds
// here, too; commits of more than 1 MiB are refused.
func Object(ctx context.Context, dir string, environ []string, revision string) (id string, object []byte, err error) {
	g, err := newGit(dir, environ)
	if err != nil {
		return "", nil, err
	}
	if _, err := g.run(ctx, "rev-parse", "--show-toplevel"); err != nil {
		return "", nil, g.explain(err)
	}
	id, err = g.run(ctx, "rev-parse", "--verify", "--quiet", "--end-of-options", revision+"^{commit}")
	var failed *failure
	if errors.As(err, &failed) && failed.says == "" {
		return "", nil, fmt.Errorf("git knows no commit %.80q", revision)
	}
	if err != nil {
		return "", nil, err
	}
	if (len(id) != 40 && len(id) != 64) || strings.Trim(id, "0123456789abcdef") != "" {
		return "", nil, fmt.Errorf("git names the commit %.80q, want 40 or 64 hex characters", id)
	}
	var out bounded
	if err := g.start(ctx, &out, []string{"cat-file", "commit", id}); err != nil {
		return "", nil, err
	}
	if out.over {
		return "", nil, fmt.Errorf("the commit %s has more than %d bytes", id, maxOutput)
	}
	return id, out.Bytes(), nil
}
