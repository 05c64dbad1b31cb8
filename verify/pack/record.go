package pack

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/attest/oci"
	"github.com/carnet-project/carnet/attest/predicate"
	"github.com/carnet-project/carnet/verify/gate"
	"github.com/carnet-project/carnet/verify/policy"
)

// maxBases bounds the base images that are kept of one image.
const maxBases = 16

// A Recorder records cases.
type Recorder struct {
	// Put writes a file under a slash-separated name, with the folders above it, and Files
	// reads what was written.
	Put   func(name string, content []byte) error
	Files fs.FS
	// Base opens a base image by its full repository name and digest; nil leaves base images
	// out. Depth is how far bases of bases are followed; 0 means 1.
	Base  func(ctx context.Context, name string, d attest.Digest) (Site, error)
	Depth int
}

// A Site is an image, where it lies, and how a gate would find its evidence.
type Site struct {
	// Name is the full repository name, and Tag the tag that was asked for, if one was.
	Name, Tag string
	Artifact  artifact.Artifact
	Store     *oci.Store
	Source    gate.Source
}

// A File is a file of a case.
type File struct {
	// Name is what it was called where it was.
	Name    string
	Content []byte
}

// Beside is what a case has beside its image.
type Beside struct {
	// At is when the case was recorded.
	At time.Time
	// TrustedRoots are trusted_root.json of Sigstore instances by their names, Policies the
	// policies, and Files what these name: keys, certificates.
	TrustedRoots, Policies, Files []File
}

// A Gap is something that a recording does not have.
type Gap struct{ Image, What, Why string }

// Record keeps all that is stored about a site's image and its platforms, near and far, what
// the image's configuration says, and the images that it may be built on, whoever says so.
// What could not be read is recorded as such and told as gaps: a case with gaps is judged as
// the registry was then. An error is of writing alone, or of the image itself.
func (r Recorder) Record(ctx context.Context, s Site, beside Beside) ([]Gap, error) {
	k := &keeper{Recorder: r, blobs: oci.Blobs(r.Files, oci.Limits{}), kept: map[attest.Digest]bool{}, exported: map[attest.Digest]error{}}
	d := document{Schema: Schema, At: beside.At.UTC()}
	var err error
	if d.Image, err = k.image(ctx, s, s.Artifact); err != nil {
		return nil, err
	}
	if r.Base != nil {
		if d.Bases, err = k.bases(ctx, d.Image, s.Artifact); err != nil {
			return nil, err
		}
	}
	for _, f := range []struct {
		to   *[]file
		from []File
	}{{&d.TrustedRoots, beside.TrustedRoots}, {&d.Policies, beside.Policies}, {&d.Files, beside.Files}} {
		if *f.to, err = k.files(f.from); err != nil {
			return nil, err
		}
	}
	raw, err := d.write()
	if err != nil {
		return nil, err
	}
	return k.gaps, r.Put(FileName, raw)
}

// A keeper is one recording.
type keeper struct {
	Recorder
	blobs *oci.Store
	kept  map[attest.Digest]bool
	// exported are the manifests of evidence that were kept, and what was wrong.
	exported map[attest.Digest]error
	gaps     []Gap
}

// evidence keeps a manifest of evidence, once.
func (k *keeper) evidence(ctx context.Context, s Site, d attest.Digest) error {
	err, done := k.exported[d]
	if !done {
		err = s.Store.ExportEvidence(ctx, d, k.put)
		k.exported[d] = err
	}
	return err
}

func (k *keeper) put(d attest.Digest, raw []byte) error {
	if k.kept[d] {
		return nil
	}
	k.kept[d] = true
	if err := k.Put(path.Join("blobs", d.Algorithm(), d.Hex()), raw); err != nil {
		return &writeError{err}
	}
	return nil
}

// A writeError is an error of the caller's disk, which ends the recording.
type writeError struct{ error }

func (e *writeError) Unwrap() error { return e.error }

func isWrite(err error) bool {
	var w *writeError
	return errors.As(err, &w)
}

func (k *keeper) files(from []File) ([]file, error) {
	var all []file
	for _, f := range from {
		if len(f.Content) > maxFileBytes || len(all) == maxFiles {
			return nil, fmt.Errorf("%s: has more than %d bytes, or is one of more than %d files", f.Name, maxFileBytes, maxFiles)
		}
		d := attest.SHA256(f.Content)
		if err := k.put(d, f.Content); err != nil {
			return nil, err
		}
		all = append(all, file{clean(f.Name), d.String()})
	}
	return all, nil
}

func (k *keeper) gap(i *image, what string, err error) *failure {
	k.gaps = append(k.gaps, Gap{i.Name, what, err.Error()})
	return failed(err)
}

// image keeps one image with those of its platforms that are in only.
func (k *keeper) image(ctx context.Context, s Site, only artifact.Artifact) (image, error) {
	i := image{Name: clean(s.Name), Tag: s.Tag, Digest: s.Artifact.Digest, Pinned: s.Artifact.Digest.String(), Listings: []listing{}}
	if err := k.tree(ctx, s, s.Artifact); err != nil {
		return i, err
	}
	keep := func(n artifact.Artifact, what string, export func(context.Context, attest.Digest, func(attest.Digest, []byte) error) error) error {
		err := export(ctx, n.Digest, k.put)
		if isWrite(err) || ctx.Err() != nil {
			return errors.Join(err, context.Cause(ctx))
		}
		if err != nil {
			i.Unread = append(i.Unread, unread{n.Digest.String(), k.gap(&i, what+" "+n.Digest.String(), err)})
		}
		return nil
	}
	for _, n := range only.Runnable() {
		if err := keep(n, "the configuration of", s.Store.ExportImage); err != nil {
			return i, err
		}
	}
	for _, n := range nodes(s.Artifact, artifact.KindAttestation) {
		if err := keep(n, "the attestation manifest", s.Store.ExportEvidence); err != nil {
			return i, err
		}
	}
	subjects := append([]artifact.Artifact{s.Artifact}, only.Runnable()...)
	for at, n := range subjects {
		if at > 0 && n.Digest == s.Artifact.Digest {
			continue
		}
		for _, depth := range []string{near, far} {
			l, err := k.listing(ctx, &i, s, n, depth)
			if err != nil {
				return i, err
			}
			i.Listings = append(i.Listings, l)
		}
	}
	return i, nil
}

// tree keeps what resolving reads: indexes, and manifests whose entries do not say for which
// platform they are.
func (k *keeper) tree(ctx context.Context, s Site, n artifact.Artifact) error {
	manifest := n.Kind == artifact.KindIndex || n.Digest == s.Artifact.Digest ||
		n.Platform == "" && n.Kind != artifact.KindAttestation && strings.Contains(n.MediaType, "manifest")
	if manifest {
		if err := s.Store.ExportImage(ctx, n.Digest, k.put); err != nil && (n.Kind != artifact.KindImage || isWrite(err)) {
			return err
		}
	}
	for _, child := range n.Children {
		if err := k.tree(ctx, s, child); err != nil {
			return err
		}
	}
	return nil
}

func nodes(a artifact.Artifact, kind artifact.Kind) []artifact.Artifact {
	var all []artifact.Artifact
	if a.Kind == kind {
		all = append(all, a)
	}
	for _, child := range a.Children {
		all = append(all, nodes(child, kind)...)
	}
	return all
}

// listing keeps what one listing names.
func (k *keeper) listing(ctx context.Context, i *image, s Site, n artifact.Artifact, depth string) (listing, error) {
	l := listing{Subject: n.Digest.String(), Depth: depth}
	found, err := s.Source.Discover(ctx, n, depths[depth])
	if ctx.Err() != nil {
		return l, context.Cause(ctx)
	}
	if err != nil {
		l.Error = k.gap(i, "the evidence of "+n.Digest.String()+" ("+depth+")", err)
		return l, nil
	}
	layers := map[attest.Digest]int{}
	for _, f := range found {
		e := entry{
			Place: f.Place, PredicateType: clean(f.PredicateType), Form: attest.Form(clean(string(f.Form))), Bytes: f.Bytes, Ignored: clean(f.Ignored), Refers: f.Refers,
			Manifest: f.Manifest.String(), Whole: f.Look != nil, Layer: layers[f.Manifest],
		}
		layers[f.Manifest]++
		if f.Ignored == "" {
			err := k.evidence(ctx, s, f.Manifest)
			switch {
			case isWrite(err) || ctx.Err() != nil:
				return l, errors.Join(err, context.Cause(ctx))
			case err != nil:
				e.Error = k.gap(i, "the evidence in "+f.Manifest.String(), err)
			}
			if err := k.documents(ctx, i, s, e); err != nil {
				return l, err
			}
		}
		l.Entries = append(l.Entries, e)
	}
	return l, nil
}

var depths = map[string]gate.Depth{near: gate.Near, far: gate.Far}

// bases keeps the images that an image may be built on, as its evidence and its annotations
// say, whoever signed them, and the same of these.
func (k *keeper) bases(ctx context.Context, root image, a artifact.Artifact) ([]image, error) {
	type step struct {
		image image
		only  artifact.Artifact
	}
	var all []image
	level := []step{{root, a}}
	for range max(k.Depth, 1) {
		var next []step
		for _, above := range level {
			wanted := k.candidates(ctx, above.image, above.only)
			for n, w := range wanted {
				known := func(i image) bool { return i.Name == w.Name && i.Digest == w.Digest }
				if slices.ContainsFunc(all, known) || len(all)+1 >= maxImages {
					continue
				}
				if n >= maxBases {
					k.gaps = append(k.gaps, Gap{w.Name, "the base image " + w.String(), fmt.Sprintf("there are more than %d", maxBases)})
					continue
				}
				site, err := k.Base(ctx, w.Name, w.Digest)
				if ctx.Err() != nil {
					return nil, context.Cause(ctx)
				}
				if err != nil {
					k.gaps = append(k.gaps, Gap{w.Name, "the base image " + w.String(), err.Error()})
					continue
				}
				site.Name = w.Name // by which it is asked for
				only := policy.Narrow(site.Artifact, k.platforms(ctx, above.only)...)
				i, err := k.image(ctx, site, only)
				if err != nil {
					return nil, err
				}
				all, next = append(all, i), append(next, step{i, only})
			}
		}
		level = next
	}
	return all, nil
}

// platforms are those of the images, by the index or by their configurations.
func (k *keeper) platforms(ctx context.Context, a artifact.Artifact) []string {
	var all []string
	for _, n := range a.Runnable() {
		p := n.Platform
		if c, err := k.blobs.Config(ctx, n.Digest); err == nil && p == "" {
			p = c.Platform
		}
		all = append(all, p)
	}
	return all
}

// candidates are the images that the kept evidence of an image names. What can't be read is
// no gap here: it is one already, or not provenance.
func (k *keeper) candidates(ctx context.Context, i image, only artifact.Artifact) []policy.BaseImage {
	var all []policy.BaseImage
	add := func(b policy.BaseImage) {
		b.Platform = ""
		// One more than is kept, so that there is a gap to tell of.
		if len(all) <= maxBases && b.Name != "" && !b.Digest.IsZero() && !slices.Contains(all, b) {
			all = append(all, b)
		}
	}
	statement := func(st *attest.Statement) {
		if predicate.ClassOf(st.PredicateType()) != predicate.Provenance {
			return
		}
		images, _ := policy.ImageMaterials(st.PredicateType(), st.Predicate()) // a malformed one names none
		for _, b := range images {
			add(b)
		}
	}
	for _, l := range i.Listings {
		for _, e := range l.Entries {
			for _, b := range k.bundles(ctx, e, isProvenance) {
				if st, err := b.UnverifiedStatement(); err == nil {
					statement(st)
				}
			}
		}
	}
	if covered, err := k.blobs.Statements(ctx, only, isProvenance); err == nil {
		for _, c := range covered {
			statement(c.Statement)
		}
	}
	for _, n := range only.Runnable() {
		if c, err := k.blobs.Config(ctx, n.Digest); err == nil {
			if b, ok := policy.ClaimedBase(c.Annotations); ok {
				add(b)
			}
		}
	}
	return all
}

func isProvenance(predicateType string) bool {
	return predicate.ClassOf(predicateType) == predicate.Provenance
}

// bundles are those of a kept entry that may be of a type that is wanted.
func (k *keeper) bundles(ctx context.Context, e entry, wanted func(predicateType string) bool) []*attest.Bundle {
	if e.Ignored != "" || e.Error != nil || e.PredicateType != "" && !wanted(e.PredicateType) {
		return nil
	}
	d, err := attest.ParseDigest(e.Manifest)
	if err != nil {
		return nil
	}
	pieces, err := k.blobs.Pieces(ctx, e.Place, d)
	if err != nil {
		return nil
	}
	var all []*attest.Bundle
	for _, p := range pieces {
		if p.Ignored == "" {
			if opened, err := p.Open(ctx); err == nil {
				all = append(all, opened...)
			}
		}
	}
	return all
}
