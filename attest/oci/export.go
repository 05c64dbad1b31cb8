package oci

import (
	"context"
	"io"
	"io/fs"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/artifact"
)

// Blobs is a store over the content that a folder blobs has under its digests, as in an OCI
// layout, without the index of one: it resolves digests, and lists nothing. Its target is
// Target{Scheme: SchemeLayout} with a digest. Zero limits have their defaults.
func Blobs(files fs.FS, limits Limits) *Store {
	o := Options{Limits: limits.withDefaults(), Parallel: 8}
	return &Store{
		target: Target{Scheme: SchemeLayout}, options: o, known: map[attest.Digest]*document{},
		layout: &layout{path: "blobs", files: files, options: o, shut: io.NopCloser(nil)},
	}
}

// Pieces lists the evidence in one manifest that lies in place, as [Store.Discover] does.
func (s *Store) Pieces(ctx context.Context, place attest.Place, manifest attest.Digest) ([]attest.Found, error) {
	doc, err := s.manifest(ctx, manifest)
	if err != nil {
		return nil, err
	}
	return s.pieces(place, manifest, doc), nil
}

// ExportImage gives the bytes of the manifest or index d to put, and of an image's
// configuration; no layers.
func (s *Store) ExportImage(ctx context.Context, d attest.Digest, put func(attest.Digest, []byte) error) error {
	doc, err := s.manifest(ctx, d)
	if err != nil {
		return err
	}
	if err := put(d, doc.raw); err != nil || !isManifest(doc.MediaType) || manifestKind(doc) != artifact.KindImage {
		return err
	}
	_, raw, err := s.config(ctx, d)
	if err != nil {
		return err
	}
	config, err := doc.Config.named()
	if err != nil {
		return s.at(err, "read config", d.String())
	}
	return put(config, raw)
}

// ExportEvidence gives the bytes of the manifest d to put, and of its layers that hold
// evidence or statements, each of at most the store's bound on bundles. A layer that can't
// be read is an error after all others were given.
func (s *Store) ExportEvidence(ctx context.Context, d attest.Digest, put func(attest.Digest, []byte) error) error {
	doc, err := s.manifest(ctx, d)
	if err != nil {
		return err
	}
	if err := put(d, doc.raw); err != nil {
		return err
	}
	if len(doc.Layers) > s.options.Limits.Referrers {
		return s.at(failure(KindOverBound, "has more than %d layers", s.options.Limits.Referrers), "read evidence", d.String())
	}
	var failed error
	for _, l := range doc.Layers {
		if !holdsEvidence(l) {
			continue
		}
		raw, err := s.bytes(ctx, l, s.options.Limits.BundleBytes)
		if err != nil {
			failed = err
			continue
		}
		digest, _ := l.named() // its bytes were read under it
		if err := put(digest, raw); err != nil {
			return err
		}
	}
	return failed
}

func holdsEvidence(l descriptor) bool {
	switch l.MediaType {
	case attest.SimpleSigningMediaType, attest.EnvelopeMediaType, attest.PayloadType:
		return true
	}
	return isBundle(l.MediaType)
}
