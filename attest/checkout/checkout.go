// Package checkout finds the facts of a git checkout that provenance states: which
// commit of which repository, and whether anything differs from it. It runs git.
package checkout

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

var (
	// ErrNotCheckout says that a folder is in no git work tree.
	ErrNotCheckout = errors.New("not in a git checkout")
	// ErrNoCommit says that the repository has no commit yet.
	ErrNoCommit = errors.New("the git repository has no commit yet")
	// ErrUntrusted says that git refuses a repository that belongs to another user.
	// The error that wraps it says how to allow it.
	ErrUntrusted = errors.New("git does not trust this repository")
	// ErrNoGit says that there is no git program.
	ErrNoGit = errors.New("git is not installed")
)

// A Checkout is what git says of a work tree. All of it is the word of whoever can
// write to the folder.
type Checkout struct {
	// Root is the work tree's top folder.
	Root string
	// Commit is the full name of the commit checked out: 40 or 64 hex characters.
	Commit string
	// Parents are the commits that it follows; a merge has several.
	Parents []string
	// CommitTime is the commit's committer time, in UTC.
	CommitTime time.Time
	// Branch is the branch checked out, as in "main"; empty for a detached head.
	Branch string
	// Tags are the tags that name exactly this commit, sorted.
	Tags []string
	// Remote is where the checkout comes from, as a URI such as
	// git+https://host/org/repo, without credentials and query; empty where there is
	// no remote or only a folder of this machine. It is the remote that the branch
	// follows, or else "origin", or else the only one.
	Remote string
	// Dirty says that a tracked file is changed, or that there is one that is neither
	// tracked nor ignored, in submodules too.
	Dirty bool
	// Superproject is the top folder of the work tree of which this one is a submodule;
	// empty where it is none.
	Superproject string
}

// Ref is the full name of the tag or branch that is checked out: the tag where
// exactly one names the commit, else the branch, else nothing.
func (c *Checkout) Ref() string {
	switch {
	case len(c.Tags) == 1:
		return "refs/tags/" + c.Tags[0]
	case c.Branch != "":
		return "refs/heads/" + c.Branch
	}
	return ""
}

// Read gives the facts of the checkout that the folder dir is in. Of the
// environment environ, in the form of os.Environ, git sees only what tells it where
// programs and its user's configuration are. The repository's hooks and monitors
// are not run (its filters may be, where git needs them to compare files), no lock
// is taken, and nothing is asked or fetched.
//
// Each of the few runs of git is bounded to a minute and its output to 1 MiB. The
// error is one of this package's, wrapped, or says what git said.
func Read(ctx context.Context, dir string, environ []string) (*Checkout, error) {
	g, err := newGit(dir, environ)
	if err != nil {
		return nil, err
	}
	root, err := g.run(ctx, "rev-parse", "--show-toplevel")
	if err != nil {
		return nil, g.explain(err)
	}
	c := &Checkout{Root: root}
	if err := c.readCommit(ctx, g); err != nil {
		return nil, err
	}
	for _, read := range []func(context.Context, *git) error{c.readParents, c.readBranch, c.readTags, c.readRemote, c.readDirty, c.readSuperproject} {
		if err := read(ctx, g); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func (c *Checkout) readCommit(ctx context.Context, g *git) error {
	out, err := g.run(ctx, "rev-parse", "--verify", "--quiet", "--end-of-options", "HEAD^{commit}")
	var failed *failure
	if errors.As(err, &failed) && failed.says == "" {
		return ErrNoCommit
	}
	if err != nil {
		return err
	}
	if (len(out) != 40 && len(out) != 64) || strings.Trim(out, "0123456789abcdef") != "" {
		return fmt.Errorf("git names the commit %.80q, want 40 or 64 hex characters", out)
	}
	c.Commit = out
	out, err = g.run(ctx, "show", "--no-patch", "--no-show-signature", "--format=%ct", c.Commit)
	if err != nil {
		return err
	}
	seconds, err := strconv.ParseInt(out, 10, 64)
	if err != nil {
		return fmt.Errorf("git gives the commit's time as %.80q, want seconds", out)
	}
	c.CommitTime = time.Unix(seconds, 0).UTC()
	return nil
}

// readParents reads the commit itself: of a shallow clone's oldest, git's logs say that it
// has none.
func (c *Checkout) readParents(ctx context.Context, g *git) error {
	raw, err := g.run(ctx, "cat-file", "commit", c.Commit)
	if err != nil {
		return err
	}
	header, _, _ := strings.Cut(raw, "\n\n")
	for line := range strings.SplitSeq(header, "\n") {
		if parent, found := strings.CutPrefix(line, "parent "); found {
			c.Parents = append(c.Parents, parent)
		}
	}
	return nil
}

func (c *Checkout) readSuperproject(ctx context.Context, g *git) (err error) {
	c.Superproject, err = g.run(ctx, "rev-parse", "--show-superproject-working-tree")
	return err
}

func (c *Checkout) readBranch(ctx context.Context, g *git) error {
	ref, err := g.run(ctx, "symbolic-ref", "--quiet", "HEAD")
	var failed *failure
	if errors.As(err, &failed) && failed.says == "" {
		return nil // detached
	}
	if err != nil {
		return err
	}
	c.Branch, _ = strings.CutPrefix(ref, "refs/heads/")
	return nil
}

func (c *Checkout) readTags(ctx context.Context, g *git) error {
	out, err := g.run(ctx, "for-each-ref", "--points-at", c.Commit, "--format=%(refname)", "refs/tags")
	if err != nil {
		return err
	}
	for _, ref := range strings.Fields(out) {
		c.Tags = append(c.Tags, strings.TrimPrefix(ref, "refs/tags/"))
	}
	return nil
}

func (c *Checkout) readRemote(ctx context.Context, g *git) error {
	name, err := c.remoteName(ctx, g)
	if err != nil || name == "" {
		return err
	}
	url, err := g.run(ctx, "remote", "get-url", "--", name)
	if err != nil {
		return err
	}
	c.Remote = RemoteURI(url)
	return nil
}

func (c *Checkout) remoteName(ctx context.Context, g *git) (string, error) {
	out, err := g.run(ctx, "remote")
	if err != nil {
		return "", err
	}
	names := strings.Split(out, "\n")
	is := map[string]bool{}
	for _, name := range names {
		is[name] = name != ""
	}
	followed := ""
	if c.Branch != "" {
		followed, err = g.run(ctx, "for-each-ref", "--format=%(upstream:remotename)", "refs/heads/"+c.Branch)
		if err != nil {
			return "", err
		}
	}
	switch {
	case is[followed]:
		return followed, nil
	case is["origin"]:
		return "origin", nil
	case len(names) == 1:
		return names[0], nil
	}
	return "", nil
}

func (c *Checkout) readDirty(ctx context.Context, g *git) error {
	dirty, err := g.says(ctx, "status", "--porcelain", "-z", "--untracked-files=normal", "--ignore-submodules=none")
	c.Dirty = dirty
	return err
}
