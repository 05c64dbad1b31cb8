package pack

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"time"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/attest/oci"
	"github.com/carnet-project/carnet/attest/predicate"
	"github.com/carnet-project/carnet/verify"
	"github.com/carnet-project/carnet/verify/gate"
	"github.com/carnet-project/carnet/verify/policy"
)

// A Case is a saved case, perhaps with changes. Its methods may be called from several
// goroutines, and none changes it.
type Case struct {
	doc   *document
	blobs *oci.Store
	files fs.FS
	// trees are the artifacts of the images, by digest.
	trees map[attest.Digest]artifact.Artifact
	at    time.Time
	// without are the pieces that were taken out, and with those that were put in.
	without map[slot]bool
	with    map[place][]*attest.Bundle
}

// A place is a subject of an image, and a slot a piece of evidence there.
type place struct{ image, subject attest.Digest }

type slot struct {
	place
	manifest string
	layer    int
}

// Open reads the case in files, which must have the file case.json and the folder blobs. All
// that the case names must be there, under its digest, and within the bounds.
func Open(files fs.FS) (*Case, error) {
	doc, err := readDocument(files)
	if err != nil {
		return nil, err
	}
	c := &Case{doc: doc, blobs: oci.Blobs(files, oci.Limits{}), files: files, at: doc.At, trees: map[attest.Digest]artifact.Artifact{}, without: map[slot]bool{}, with: map[place][]*attest.Bundle{}}
	for _, i := range c.images() {
		if err := c.check(i); err != nil {
			return nil, fmt.Errorf("the image %s@%s: %w", i.Name, i.Digest, err)
		}
	}
	for _, f := range slices.Concat(doc.TrustedRoots, doc.Policies, doc.Files) {
		if _, err := c.file(f); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func (c *Case) images() []*image {
	all := []*image{&c.doc.Image}
	for i := range c.doc.Bases {
		all = append(all, &c.doc.Bases[i])
	}
	return all
}

// check resolves an image and reads all that its listings name.
func (c *Case) check(i *image) error {
	ctx := context.Background() // it reads files alone
	if _, known := c.trees[i.Digest]; !known {
		a, err := c.blobs.Resolve(ctx, oci.Target{Scheme: oci.SchemeLayout, Digest: i.Digest})
		if err != nil {
			return err
		}
		if a.Kind == artifact.KindImage && a.Platform == "" {
			if config, err := c.blobs.Config(ctx, i.Digest); err == nil {
				a.Platform = config.Platform
			}
		}
		c.trees[i.Digest] = a
	}
	checked := map[string]bool{}
	for _, l := range i.Listings {
		d, err := attest.ParseDigest(l.Subject)
		if err != nil || !c.trees[i.Digest].Covers(d) {
			return fmt.Errorf("lists evidence of %s, which is not in it", l.Subject)
		}
		for _, e := range l.Entries {
			if e.Ignored != "" || e.Error != nil || checked[e.Manifest] {
				continue
			}
			checked[e.Manifest] = true
			manifest, err := attest.ParseDigest(e.Manifest)
			if err == nil {
				err = c.blobs.ExportEvidence(ctx, manifest, func(attest.Digest, []byte) error { return nil })
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *Case) file(f file) (File, error) {
	d, err := attest.ParseDigest(f.Digest)
	if err != nil {
		return File{}, fmt.Errorf("the file %q: %w", f.Name, err)
	}
	raw, err := read(c.files, "blobs/"+d.Algorithm()+"/"+d.Hex(), maxFileBytes)
	if err == nil && attest.SHA256(raw) != d {
		err = fmt.Errorf("its content is not what %s names", d)
	}
	if err != nil {
		return File{}, fmt.Errorf("the file %q: %w", f.Name, err)
	}
	return File{f.Name, raw}, nil
}

// Name is the full repository name of the image, Tag the tag that was asked for, or "".
func (c *Case) Name() string { return c.doc.Image.Name }

// Tag is the tag by which the image was asked for, or "".
func (c *Case) Tag() string { return c.doc.Image.Tag }

// Artifact is the image. The platform of a single image is that of its configuration.
func (c *Case) Artifact() artifact.Artifact { return c.trees[c.doc.Image.Digest] }

// At is when the case was recorded, or the time of [Case.AsOf].
func (c *Case) At() time.Time { return c.at }

// TrustedRoots are the trusted roots that were in use, by the names of their instances.
func (c *Case) TrustedRoots() ([]File, error) { return c.read(c.doc.TrustedRoots) }

// Policies are the policies that were kept, and Files what these name.
func (c *Case) Policies() ([]File, error) { return c.read(c.doc.Policies) }

// Files are what the policies name: keys, certificates, trusted roots.
func (c *Case) Files() ([]File, error) { return c.read(c.doc.Files) }

func (c *Case) read(from []file) ([]File, error) {
	var all []File
	for _, f := range from {
		read, err := c.file(f)
		if err != nil {
			return nil, err
		}
		all = append(all, read)
	}
	return all, nil
}

// Gate is a gate that judges the case as the registry would have been judged. The caller may
// change what it does not like: the time, say.
func (c *Case) Gate(p *policy.Policy, roots ...verify.Root) gate.Gate {
	return gate.Gate{
		Source: source{c, &c.doc.Image}, Roots: roots, Policy: p, At: c.at, Tag: c.Tag(),
		Images: c.config(&c.doc.Image), Documents: c.documents(&c.doc.Image), Bases: c.base, Covered: c.covered,
	}
}

func (c *Case) config(i *image) func(context.Context, attest.Digest) (policy.Image, error) {
	return func(ctx context.Context, d attest.Digest) (policy.Image, error) {
		if err := i.unread(d); err != nil {
			return policy.Image{}, err
		}
		config, err := c.blobs.Config(ctx, d)
		return policy.Image{Created: config.Created, DiffIDs: config.DiffIDs, Labels: config.Labels, Annotations: config.Annotations, Platform: config.Platform}, err
	}
}

// unread is why the recording could not read d, if it could not.
func (i *image) unread(d attest.Digest) error { return reasonFor(i.Unread, d) }

func reasonFor(all []unread, d attest.Digest) error {
	for _, u := range all {
		if u.Digest == d.String() {
			return u.Error.err()
		}
	}
	return nil
}

func (c *Case) base(_ context.Context, name string, d attest.Digest) (gate.Base, error) {
	for i := range c.doc.Bases {
		b := &c.doc.Bases[i]
		if b.Name == name && b.Digest == d {
			return gate.Base{Artifact: c.trees[d], Source: source{c, b}, Images: c.config(b), Documents: c.documents(b)}, nil
		}
	}
	return gate.Base{}, fmt.Errorf("the saved case does not have the base image %s@%s", name, d)
}

func (c *Case) covered(ctx context.Context, wanted ...predicate.Class) ([]policy.Covered, error) {
	for _, n := range nodes(c.Artifact(), artifact.KindAttestation) {
		if err := c.doc.Image.unread(n.Digest); err != nil {
			return nil, err
		}
	}
	all, err := c.blobs.Statements(ctx, c.Artifact(), func(predicateType string) bool { return slices.Contains(wanted, predicate.ClassOf(predicateType)) })
	if err != nil {
		return nil, err
	}
	var kept []policy.Covered
	for _, s := range all {
		if !c.without[slot{place{c.doc.Image.Digest, s.Subject}, s.Manifest.String(), s.Layer}] {
			kept = append(kept, policy.Covered{Subject: s.Subject, Manifest: s.Manifest, Statement: s.Statement})
		}
	}
	return kept, nil
}

// changed is a copy that may be changed.
func (c *Case) changed() *Case {
	next := *c
	next.without = maps.Clone(c.without)
	next.with = map[place][]*attest.Bundle{}
	for p, b := range c.with {
		next.with[p] = slices.Clone(b)
	}
	return &next
}

// AsOf is the case at another time.
func (c *Case) AsOf(at time.Time) *Case {
	next := c.changed()
	next.at = at
	return next
}

// Without is the case without these of its pieces, as if the store had lost them.
func (c *Case) Without(pieces ...Piece) *Case {
	next := c.changed()
	for _, p := range pieces {
		if p.added != nil {
			at := place{p.Image, p.Subject}
			next.with[at] = slices.DeleteFunc(next.with[at], func(b *attest.Bundle) bool { return b == p.added })
			continue
		}
		next.without[slot{place{p.Image, p.Subject}, p.Manifest.String(), p.layer}] = true
	}
	return next
}

// With is the case with one more bundle for a subject of the image, listed before all others.
func (c *Case) With(subject attest.Digest, b *attest.Bundle) *Case {
	next := c.changed()
	at := place{c.doc.Image.Digest, subject}
	next.with[at] = append(next.with[at], b)
	return next
}

// Replace is the case with a bundle in the place of a piece.
func (c *Case) Replace(p Piece, b *attest.Bundle) *Case {
	next := c.Without(p)
	at := place{p.Image, p.Subject}
	next.with[at] = append(next.with[at], b)
	return next
}
