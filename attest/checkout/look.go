package checkout

import (
	"context"
	"strings"

	"golang.org/x/sync/errgroup"
)

// Look gives only Root, Commit and Dirty of the checkout that the folder dir is in, for who
// looks twice: git is run twice, at once, where [Read] runs it nine times in a row. What it
// sees, its bounds and the errors are Read's.
func Look(ctx context.Context, dir string, environ []string) (*Checkout, error) {
	g, err := newGit(dir, environ)
	if err != nil {
		return nil, err
	}
	c := &Checkout{}
	var named, status error
	var group errgroup.Group
	group.Go(func() error {
		var out string
		out, named = g.run(ctx, "rev-parse", "--show-toplevel", "HEAD^{commit}")
		c.Root, c.Commit, _ = cutLast(out, "\n") // a folder's name may have any character
		return nil
	})
	group.Go(func() error {
		status = c.readDirty(ctx, g)
		return nil
	})
	_ = group.Wait() // the errors are in order of their weight
	if named != nil || status != nil || strings.Trim(c.Commit, "0123456789abcdef") != "" || len(c.Commit) != 40 && len(c.Commit) != 64 {
		return Read(ctx, dir, environ) // which says why
	}
	return c, nil
}

func cutLast(s, separator string) (before, after string, found bool) {
	i := strings.LastIndex(s, separator)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(separator):], true
}
