package run

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/carnet-project/carnet/attest/checkout"
	"github.com/carnet-project/carnet/attest/predicate/slsa"
)

// An observation is a step that is being recorded.
type observation struct {
	step   *Step
	tree   *tree // as it was before
	record *Record
	// files are the materials that are hashed while the command begins, and hashing is that.
	files   []entry
	hashing *hashing
	cancel  context.CancelFunc
	// locksums are the digests of the lock files that were read, by path.
	locksums map[string]string
	skipped  []Skipped // of the products
	// start is when the command began by the file system's clock, in nanoseconds since 1970,
	// and monotonic by one that nobody sets.
	start     int64
	monotonic time.Time
}

const (
	// headStart is how long the command waits for files to be hashed, so that in a small tree
	// all are before it begins.
	headStart = 10 * time.Millisecond
	// clockStep is by how much clocks differ that go in steps.
	clockStep = 50 * time.Millisecond
)

// observe records what there is before the command runs.
func (s *Step) observe(ctx context.Context) (*observation, error) {
	t, err := openTree(s.dir())
	if err != nil {
		return nil, err
	}
	o := &observation{step: s, tree: t, record: &Record{Folder: "."}}
	if err := o.lookBefore(ctx); err != nil {
		o.close()
		return nil, err
	}
	return o, nil
}

func (o *observation) close() {
	if o.hashing != nil {
		o.cancel()
		<-o.hashing.done
	}
	o.tree.close()
}

func (o *observation) lookBefore(ctx context.Context) error {
	s, r := o.step, o.record
	redact := newRedactor(s.Environ)
	r.Command = redact.command(s.Command)
	r.Redacted = !slices.Equal(r.Command, s.Command)
	r.Environment, r.Withheld = redact.environment(s.Environ, s.Variables)
	r.Image = imageOf(s.ReadFile, redact.text(s.Image))
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		r.Before, err = o.checkout(ctx)
		return err
	})
	group.Go(func() error { return o.materials(ctx) })
	if s.Prepare != nil {
		group.Go(func() error { return s.Prepare(ctx) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	if err := o.place(); err != nil {
		return err
	}
	o.hash(ctx)
	return nil
}

// hash begins to hash the materials. Nothing else is done then but waiting for the command: it
// takes every processor, and whatever had to be done before the command would wait for it.
func (o *observation) hash(ctx context.Context) {
	// What ends the caller's context ends the command, and the record is of how it ended.
	background, cancel := context.WithCancel(context.WithoutCancel(ctx))
	o.cancel, o.hashing = cancel, o.tree.hash(background, o.files)
}

// checkout is the state of the checkout, or nil.
func (o *observation) checkout(ctx context.Context) (*checkout.Checkout, error) {
	c, err := checkout.Look(ctx, o.step.dir(), o.step.Environ)
	if errors.Is(err, checkout.ErrNotCheckout) || errors.Is(err, checkout.ErrNoCommit) || errors.Is(err, checkout.ErrNoGit) {
		return nil, nil
	}
	return c, err
}

// place finds the working folder in the checkout.
func (o *observation) place() error {
	if o.record.Before == nil {
		return nil
	}
	dir, err := filepath.Abs(o.step.dir())
	if err != nil {
		return err
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return err
	}
	below, err := filepath.Rel(o.record.Before.Root, dir)
	if err != nil {
		return fmt.Errorf("the working folder is not in its checkout: %w", err)
	}
	o.record.Folder = filepath.ToSlash(below)
	return nil
}

// materials lists the materials. Those that the command is about to make again are hashed at
// once, and so is what links lead to, for the links on the way to it can't be held.
func (o *observation) materials(ctx context.Context) error {
	s, r := o.step, o.record
	l := &list{tree: o.tree, chosen: s.Materials, environ: s.Environ, dir: s.dir()}
	if !s.Materials.Empty() {
		look := l.unignored
		if s.Ignored {
			look = l.everything
		}
		if err := look(ctx); err != nil {
			return fmt.Errorf("listing the materials: %w", err)
		}
	}
	var odd []entry
	for _, e := range l.entries {
		if e.kind == 0 && !s.Products.Match(e.path) {
			o.files = append(o.files, e)
		} else {
			odd = append(odd, e)
		}
	}
	var err error
	if r.Materials, r.Skipped, err = o.tree.hash(ctx, odd).wait(); err != nil {
		return fmt.Errorf("the material %w", err)
	}
	if s.Lockfiles {
		return o.locks(ctx, l.entries)
	}
	return nil
}

// ready waits until the command may begin: at once after [headStart] where a file that the
// command changes can be told from one that it does not, and else when all are hashed.
func (o *observation) ready(ctx context.Context) error {
	var enough <-chan time.Time
	if !o.step.Patient && !o.tree.loose && fileClock() != 0 {
		enough = time.After(headStart)
	}
	select {
	case <-o.hashing.done:
		_, _, err := o.hashing.wait() // so that what can't be read keeps the command from running
		if err != nil {
			return fmt.Errorf("the material %w", err)
		}
	case <-enough:
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}

// begin notes the moment at which the command starts.
func (o *observation) begin() {
	o.record.Started = o.step.Now()
	o.monotonic, o.start = time.Now(), fileClock()
	o.hashing.since.Store(o.start)
}

// hashed waits for the rest of the materials and writes them, while the command runs.
func (o *observation) hashed() error {
	files, skipped, err := o.hashing.wait()
	if err != nil {
		return fmt.Errorf("the material %w", err)
	}
	if gone := time.Since(o.monotonic); o.start != 0 && fileClock()-o.start < int64(gone-clockStep) {
		return errors.New("the system's clock was set back while the command ran: which files it changed before they were read can't be told")
	}
	for _, f := range files {
		if sum, read := o.locksums[f.Path]; read && sum != f.SHA256 {
			return fmt.Errorf("the material %w", &FileError{f.Path, errUnsteady})
		}
	}
	r := o.record
	r.Skipped = mergeSkipped(r.Skipped, skipped)
	r.Materials = append(r.Materials, files...)
	slices.SortFunc(r.Materials, func(a, b File) int { return cmp.Compare(a.Path, b.Path) })
	r.prepared, err = slsa.Prepare(append(descriptors(r.Materials), r.Dependencies...))
	return err
}

// finish records what there is after the command.
func (o *observation) finish(ctx context.Context, hashed <-chan error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		o.record.After, err = o.checkout(ctx)
		return err
	})
	group.Go(func() error { return o.products(ctx) })
	group.Go(func() error { return <-hashed })
	err := group.Wait() // for all of them, even if one fails: the record is the caller's from now on
	o.record.Skipped = mergeSkipped(o.record.Skipped, o.skipped)
	return err
}

func (o *observation) products(ctx context.Context) error {
	if o.step.Products.Empty() {
		return nil
	}
	t, err := openTree(o.step.dir())
	if err != nil {
		return err
	}
	defer t.close()
	l := &list{tree: t, chosen: o.step.Products}
	if err := l.everything(ctx); err != nil {
		return fmt.Errorf("listing the products: %w", err)
	}
	hashing := t.hash(ctx, l.entries)
	files, skipped, err := hashing.wait()
	if err != nil {
		return fmt.Errorf("the product %w", err)
	}
	r := o.record
	r.Products, o.skipped = files, skipped
	for i, f := range hashing.findings {
		if f.err == nil && f.why == "" && f.changed != 0 && f.changed < o.start {
			r.Unchanged = append(r.Unchanged, l.entries[i].path)
		}
	}
	return nil
}

func mergeSkipped(a, b []Skipped) []Skipped {
	all := append(a, b...)
	slices.SortFunc(all, func(a, b Skipped) int { return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Why, b.Why)) })
	return slices.Compact(all)
}
