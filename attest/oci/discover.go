package oci

import (
	"context"
	"fmt"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/artifact"
)

// A Depth says how many places are searched.
type Depth int

const (
	// Near searches where evidence is written today: the referrers API, or the
	// fallback tag where the registry has no such API; in a layout, its index.
	Near Depth = iota
	// Far also searches cosign's older .sig and .att tags, and the fallback tag even
	// where the API is.
	Far
)

// Discover lists the evidence for subject. Everything that is listed is in the
// result: evidence that can be opened, what is foreign or unsigned with the reason in
// Ignored, and what could not be read, whose Open gives the error. The order is the
// store's; a manifest that lies in several places is listed once.
//
// An entry whose annotations do not say what it is costs one request here, for its
// manifest, and none for it later; bundles are fetched only by Open. A place that
// could not be searched is an error, and so is a listing over the bounds
// ([KindOverBound]).
func (s *Store) Discover(ctx context.Context, subject attest.Digest, depth Depth) ([]attest.Found, error) {
	l := &ledger{store: s, seen: map[attest.Digest]bool{}}
	var err error
	switch {
	case s.repo != nil:
		err = l.searchRepository(ctx, subject, depth)
	case s.layout != nil:
		err = l.searchLayout(ctx, subject, depth)
	default:
		err = failure(KindUnsupported, "holds no evidence: only registries and OCI layouts do")
	}
	if err != nil {
		return nil, s.at(err, "list evidence for", subject.String())
	}
	return l.found, nil
}

// InIndex lists the attestation manifests that BuildKit put into the index root for
// one of its images. They are not signed, and Ignored says so.
func (s *Store) InIndex(ctx context.Context, root artifact.Artifact, subject attest.Digest) ([]attest.Found, error) {
	l := &ledger{store: s, seen: map[attest.Digest]bool{}}
	var entries []descriptor
	var collect func(artifact.Artifact)
	collect = func(a artifact.Artifact) {
		if a.Kind == artifact.KindAttestation && a.Annotations[buildKitSubject] == subject.String() {
			entries = append(entries, descriptor{MediaType: a.MediaType, Digest: a.Digest.String(), Size: a.Size})
		}
		for _, child := range a.Children {
			collect(child)
		}
	}
	collect(root)
	err := l.take(ctx, attest.PlaceBuildKit, listing{entries: entries})
	return l.found, s.at(err, "list evidence for", subject.String())
}

// A ledger gathers what the places list.
type ledger struct {
	store *Store
	found []attest.Found
	seen  map[attest.Digest]bool
}

func (l *ledger) searchRepository(ctx context.Context, subject attest.Digest, depth Depth) error {
	repo := l.store.repo
	native, has, err := repo.referrers(ctx, subject)
	if err != nil {
		return err
	}
	var tagged listing
	if !has || depth == Far {
		if tagged, err = repo.fallback(ctx, subject); err != nil {
			return err
		}
	}
	if native.size()+tagged.size() > l.store.options.Limits.Referrers {
		return failure(KindOverBound, "has more than %d referrers", l.store.options.Limits.Referrers)
	}
	if err := l.take(ctx, attest.PlaceReferrers, native); err != nil {
		return err
	}
	if err := l.take(ctx, attest.PlaceFallbackTag, tagged); err != nil || depth == Near {
		return err
	}
	return l.searchTags(ctx, subject)
}

// searchTags looks at the tags of cosign's older layouts.
func (l *ledger) searchTags(ctx context.Context, subject attest.Digest) error {
	places := []attest.Place{attest.PlaceCosignSig, attest.PlaceCosignAtt}
	found := make([][]attest.Found, len(places))
	err := each(ctx, len(places), l.store.options.Parallel, func(ctx context.Context, i int) error {
		suffix := map[attest.Place]string{attest.PlaceCosignSig: ".sig", attest.PlaceCosignAtt: ".att"}[places[i]]
		doc, digest, err := l.store.repo.tagged(ctx, fallbackTag(subject, suffix))
		if err == nil && doc != nil {
			found[i] = l.store.pieces(places[i], digest, doc)
		}
		return err
	})
	if err != nil {
		return err
	}
	for _, pieces := range found {
		l.add(pieces)
	}
	return nil
}

// add notes the pieces of one manifest, unless another place listed it.
func (l *ledger) add(pieces []attest.Found) {
	if len(pieces) == 0 || l.seen[pieces[0].Manifest] {
		return
	}
	l.seen[pieces[0].Manifest] = true
	l.found = append(l.found, pieces...)
}

// take notes what a place lists, in its order. The manifests that must be looked at
// are fetched in parallel.
func (l *ledger) take(ctx context.Context, place attest.Place, from listing) error {
	pieces := make([][]attest.Found, len(from.entries))
	err := each(ctx, len(from.entries), l.store.options.Parallel, func(ctx context.Context, i int) error {
		digest, err := from.entries[i].named()
		if err == nil && !l.seen[digest] {
			pieces[i], err = l.store.entry(ctx, place, digest, from.entries[i])
		}
		return err
	})
	if err != nil {
		return err
	}
	for _, p := range pieces {
		l.add(p)
	}
	for _, err := range from.unreadable {
		l.found = append(l.found, attest.Found{Place: place, Ignored: fmt.Sprintf("unreadable: %v", explain(err).Detail)})
	}
	return nil
}

// entry makes the pieces of one entry of a listing. A manifest that cannot be read
// stops nobody from reading the others.
func (s *Store) entry(ctx context.Context, place attest.Place, d attest.Digest, e descriptor) ([]attest.Found, error) {
	switch {
	case foreign(e):
		if f, ok := asDocument(e.ArtifactType, e.Annotations); ok {
			f.Place, f.Manifest = place, d
			return []attest.Found{f}, nil
		}
		return []attest.Found{{Place: place, Manifest: d, Ignored: "artifact type " + plain(e.ArtifactType)}}, nil
	case place != attest.PlaceBuildKit && hinted(e):
		return []attest.Found{s.later(place, d, e)}, nil
	}
	doc, err := s.manifest(ctx, d)
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case err != nil:
		return []attest.Found{broken(place, d, err)}, nil
	}
	return s.pieces(place, d, doc), nil
}
