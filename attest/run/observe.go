package run

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/carnet-project/carnet/attest/checkout"
)

// An observation is a step that is being recorded.
type observation struct {
	step   *Step
	tree   *tree // as it was before
	record *Record
	// before are the materials, by path.
	before map[string]string
	start  int64 // in nanoseconds since 1970, by the file system's clock
}

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

func (o *observation) close() { o.tree.close() }

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
	if err := group.Wait(); err != nil {
		return err
	}
	return o.place()
}

// checkout is the state of the checkout, or nil.
func (o *observation) checkout(ctx context.Context) (*checkout.Checkout, error) {
	c, err := checkout.Read(ctx, o.step.dir(), o.step.Environ)
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
	findings, err := o.tree.hashAll(ctx, l.entries, 0)
	if err != nil {
		return err
	}
	files, skipped, err := told(l.entries, findings)
	if err != nil {
		return fmt.Errorf("the material %w", err)
	}
	r.Materials, r.Skipped = files, skipped
	o.before = make(map[string]string, len(files))
	for _, f := range files {
		o.before[f.Path] = f.SHA256
	}
	if s.Lockfiles {
		return o.locks(ctx)
	}
	return nil
}

// begin notes the moment at which the command starts.
func (o *observation) begin() {
	o.record.Started = o.step.Now()
	o.start = fileClock()
}

// finish records what there is after the command.
func (o *observation) finish(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		o.record.After, err = o.checkout(ctx)
		return err
	})
	group.Go(func() error { return o.products(ctx) })
	return group.Wait()
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
	findings, err := t.hashAll(ctx, l.entries, 0)
	if err != nil {
		return err
	}
	files, skipped, err := told(l.entries, findings)
	if err != nil {
		return fmt.Errorf("the product %w", err)
	}
	r := o.record
	r.Products = files
	r.Skipped = mergeSkipped(r.Skipped, skipped)
	for i, f := range findings {
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
