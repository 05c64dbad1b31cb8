package run

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"unicode/utf8"

	"github.com/carnet-project/carnet/attest/checkout"
)

// maxFiles bounds the files that one step records on either side.
const maxFiles = 200_000

// A list collects the files of a tree that a selection chooses.
type list struct {
	tree    *tree
	chosen  Selection
	environ []string
	dir     string
	entries []entry
}

// unignored lists what git tracks and what it does not ignore, by git's own rules. Outside
// of a checkout it lists everything.
func (l *list) unignored(ctx context.Context) error {
	err := l.git(ctx, ".")
	if errors.Is(err, checkout.ErrNotCheckout) || errors.Is(err, checkout.ErrNoGit) {
		l.entries = nil
		return l.everything(ctx)
	}
	if err != nil {
		return err
	}
	return l.end()
}

// git asks git for the files below a folder, and in it for those of the repositories inside.
func (l *list) git(ctx context.Context, dir string) error {
	var inside []string
	below := []string{"."}
	if dir == "." {
		below = l.chosen.bases()
	}
	err := checkout.Files(ctx, path.Join(l.dir, dir), l.environ, below, func(name string) error {
		name = path.Join(dir, name)
		e, there, err := l.tree.entry(name)
		if err != nil || !there {
			return err // what git tracks and is not there goes into no build
		}
		if e.kind == fs.ModeDir {
			inside = append(inside, name)
			return nil
		}
		return l.take(e)
	})
	if err != nil {
		return err
	}
	for _, repository := range inside {
		err := l.git(ctx, repository)
		if errors.Is(err, checkout.ErrNotCheckout) {
			continue // a submodule that is not there
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// everything lists all files but git's own.
func (l *list) everything(ctx context.Context) error {
	for _, base := range l.chosen.bases() {
		if base == "." {
			if err := l.walk(ctx, "."); err != nil {
				return err
			}
			continue
		}
		e, there, err := l.tree.entry(base)
		if err != nil {
			return err
		}
		if !there {
			continue
		}
		if err := l.visit(ctx, e); err != nil {
			return err
		}
	}
	return l.end()
}

func (l *list) walk(ctx context.Context, dir string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	f, err := l.tree.folder(dir)
	if err != nil {
		return err
	}
	for name, kind := range f.kinds {
		if err := l.visit(ctx, entry{path.Join(dir, name), kind, f}); err != nil {
			return err
		}
	}
	return nil
}

func (l *list) visit(ctx context.Context, e entry) error {
	switch {
	case path.Base(e.path) == ".git":
		return nil
	case e.kind == fs.ModeDir:
		return l.walk(ctx, e.path)
	}
	return l.take(e)
}

// take keeps an entry if it is chosen.
func (l *list) take(e entry) error {
	if inGit(e.path) || !l.chosen.Match(e.path) {
		return nil
	}
	if !utf8.ValidString(e.path) {
		return &FileError{e.path, errors.New("its name is not UTF-8, and no statement can hold it: take it away with a !pattern, or rename it")}
	}
	if len(l.entries) == maxFiles {
		return fmt.Errorf("the patterns choose more than %d files: choose fewer, or describe them by one file of checksums", maxFiles)
	}
	l.entries = append(l.entries, e)
	return nil
}

// end sorts the entries and leaves out what is there twice, as git lists a file in conflict.
func (l *list) end() error {
	slices.SortFunc(l.entries, func(a, b entry) int { return cmp.Compare(a.path, b.path) })
	l.entries = slices.CompactFunc(l.entries, func(a, b entry) bool { return a.path == b.path })
	return nil
}
