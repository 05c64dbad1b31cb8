package run

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/carnet-project/carnet/attest/predicate/resource"
	"github.com/carnet-project/carnet/attest/run/lockfile"
)

const (
	// lockDepth is how many folders below the working folder lock files are looked for where
	// no materials are chosen.
	lockDepth = 2
	// maxLocks bounds the lock files that are read.
	maxLocks = 1000
	// maxDependencies bounds what they may list in all.
	maxDependencies = 200_000
)

// locks reads the lock files among the materials, or those nearby if there are none.
func (o *observation) locks(ctx context.Context, materials []entry) error {
	entries, err := o.lockEntries(materials)
	if err != nil {
		return err
	}
	o.locksums = map[string]string{}
	if len(entries) > maxLocks {
		return fmt.Errorf("there are %d lock files, want at most %d", len(entries), maxLocks)
	}
	r := o.record
	for _, e := range entries {
		if err := ctx.Err(); err != nil {
			return err
		}
		raw, err := o.readLock(e)
		if err != nil {
			return fmt.Errorf("the lock file %w", err)
		}
		l, err := lockfile.Parse(e.path, raw)
		if err != nil {
			return &FileError{e.path, err}
		}
		r.Dependencies = append(r.Dependencies, l.Dependencies...)
		r.Undigested += l.Undigested
		for _, note := range l.Notes {
			r.Notes = append(r.Notes, e.path+": "+note)
		}
		if len(r.Dependencies) > maxDependencies {
			return fmt.Errorf("the lock files list more than %d packages", maxDependencies)
		}
	}
	slices.SortStableFunc(r.Dependencies, resource.Compare)
	return nil
}

func (o *observation) lockEntries(materials []entry) ([]entry, error) {
	var found []entry
	if !o.step.Materials.Empty() {
		for _, e := range materials {
			if e.kind == 0 && lockfile.Known(e.path) { // a link's target has a name of its own
				found = append(found, e)
			}
		}
		return found, nil
	}
	err := o.nearLocks(".", 0, &found)
	slices.SortFunc(found, func(a, b entry) int { return strings.Compare(a.path, b.path) })
	return found, err
}

// nearLocks looks into folders, but not into those of other people's code and hidden ones.
func (o *observation) nearLocks(dir string, depth int, found *[]entry) error {
	f, err := o.tree.folder(dir)
	if err != nil {
		return err
	}
	for name, kind := range f.kinds {
		below := path.Join(dir, name)
		switch {
		case kind == 0 && lockfile.Known(name):
			*found = append(*found, entry{below, kind, f})
		case kind == fs.ModeDir && depth < lockDepth && !foreign(name):
			if err := o.nearLocks(below, depth+1, found); err != nil {
				return err
			}
		}
	}
	return nil
}

func foreign(folder string) bool {
	return strings.HasPrefix(folder, ".") || slices.Contains([]string{"node_modules", "vendor", "testdata", "third_party"}, folder)
}

// readLock reads a lock file as it was recorded, if it was.
func (o *observation) readLock(e entry) ([]byte, error) {
	h, err := o.tree.opened(e)
	if err != nil {
		return nil, &FileError{e.path, cause(err)}
	}
	defer h.close()
	s, err := h.stat()
	switch {
	case err != nil:
		return nil, &FileError{e.path, err}
	case !s.regular:
		return nil, &FileError{e.path, fmt.Errorf("is not a file")}
	case s.size > lockfile.MaxBytes:
		return nil, &FileError{e.path, fmt.Errorf("has %d bytes, want at most %d", s.size, lockfile.MaxBytes)}
	}
	raw := make([]byte, s.size)
	n, err := fill(h, raw)
	if err != nil {
		return nil, &FileError{e.path, cause(err)}
	}
	if int64(n) != s.size {
		return nil, &FileError{e.path, errUnsteady}
	}
	sum := sha256.Sum256(raw)
	o.locksums[e.path] = hex.EncodeToString(sum[:])
	return raw, nil
}
