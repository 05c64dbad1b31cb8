package oci

import (
	"context"
	"strings"

	"github.com/carnet-project/carnet/attest"
)

// The annotations that cosign 3 writes to a bundle's manifest.
const (
	annotationContent       = "dev.sigstore.bundle.content"
	annotationPredicateType = "dev.sigstore.bundle.predicateType"
	annotationCreated       = "org.opencontainers.image.created"
	// annotationInToto is BuildKit's, on the layers of an attestation manifest.
	annotationInToto = "in-toto.io/predicate-type"
	// annotationLegacyType is cosign's older one, on the layers of an .att manifest.
	annotationLegacyType = "predicateType"
)

// isBundle says whether a media or artifact type is that of a Sigstore bundle, in
// any version and either spelling; parsing decides which versions are read.
func isBundle(mediaType string) bool {
	return strings.HasPrefix(mediaType, "application/vnd.dev.sigstore.bundle")
}

// hinted says whether a listing's entry tells enough for its manifest to wait until
// somebody wants the evidence: that it is a bundle, and of what type.
func hinted(e descriptor) bool {
	content := e.Annotations[annotationContent]
	if !isBundle(e.ArtifactType) && content == "" {
		return false
	}
	return e.Annotations[annotationPredicateType] != "" || content == string(attest.FormMessage)
}

// foreign says whether a listing's entry is, by its artifact type, something that is
// no evidence of ours. Types that say nothing need a look at the manifest: some
// registries list the config's type in place of the artifact's.
func foreign(e descriptor) bool {
	switch t := e.ArtifactType; {
	case t == "", t == mediaEmpty, t == mediaOCIConfig, t == mediaDockerConfig, isBundle(t), legacyArtifact(t), t == attest.PayloadType:
		return false
	}
	return e.Annotations[annotationContent] == ""
}

// legacyArtifact says whether t is one under which cosign stored its older layout as
// referrers.
func legacyArtifact(t string) bool {
	return strings.HasPrefix(t, "application/vnd.dev.cosign.artifact.")
}

// pieces lists the evidence in the manifest d that lies in place, one piece a layer.
func (s *Store) pieces(place attest.Place, d attest.Digest, doc *document) []attest.Found {
	if !isManifest(doc.MediaType) {
		return []attest.Found{{Place: place, Manifest: d, Ignored: "not a manifest but " + orNothing(doc.MediaType)}}
	}
	if len(doc.Layers) > s.options.Limits.Referrers {
		return []attest.Found{{Place: place, Manifest: d, Open: func(context.Context) ([]*attest.Bundle, error) {
			return nil, s.at(failure(KindOverBound, "has more than %d layers", s.options.Limits.Referrers), "read evidence", d.String())
		}}}
	}
	var found []attest.Found
	for _, l := range doc.Layers {
		f := s.piece(doc, l)
		f.Place, f.Manifest, f.Bytes = place, d, l.Size
		found = append(found, f)
	}
	if found == nil {
		found = []attest.Found{{Place: place, Manifest: d, Ignored: "no layers, artifact type " + orNothing(doc.ArtifactType)}}
	}
	return found
}

// piece makes of one layer what its media type says it is.
func (s *Store) piece(doc *document, l descriptor) attest.Found {
	switch {
	case isBundle(l.MediaType):
		return attest.Found{
			Form:          attest.Form(plain(doc.Annotations[annotationContent])),
			PredicateType: plain(doc.Annotations[annotationPredicateType]),
			Refers:        typesIn(doc.Annotations),
			Open:          s.opener(l, attest.ParseBundle),
		}
	case l.MediaType == attest.SimpleSigningMediaType:
		return attest.Found{Form: attest.FormSimpleSigning, Open: s.opener(l, func(raw []byte) (*attest.Bundle, error) {
			return attest.LegacySignature(raw, l.Annotations)
		})}
	case l.MediaType == attest.EnvelopeMediaType:
		return attest.Found{
			Form:          attest.FormEnvelope,
			PredicateType: plain(l.Annotations[annotationLegacyType]),
			Open: s.opener(l, func(raw []byte) (*attest.Bundle, error) {
				return attest.LegacyAttestation(raw, l.Annotations)
			}),
		}
	case l.MediaType == attest.PayloadType:
		return attest.Found{PredicateType: plain(l.Annotations[annotationInToto]), Ignored: "unsigned in-toto statement"}
	}
	if f, ok := asDocument(doc.ArtifactType, doc.Annotations); ok {
		return f
	}
	if doc.ArtifactType != "" {
		return attest.Found{Ignored: "artifact type " + orNothing(doc.ArtifactType)}
	}
	return attest.Found{Ignored: "layer of type " + orNothing(l.MediaType)}
}

// opener fetches a layer and reads it as a bundle.
func (s *Store) opener(l descriptor, parse func([]byte) (*attest.Bundle, error)) func(context.Context) ([]*attest.Bundle, error) {
	return func(ctx context.Context) ([]*attest.Bundle, error) {
		raw, err := s.bytes(ctx, l, s.options.Limits.BundleBytes)
		if err != nil {
			return nil, err
		}
		b, err := parse(raw)
		if err != nil {
			return nil, err
		}
		return []*attest.Bundle{b}, nil
	}
}

// later is the piece of an entry whose manifest is read when it is opened.
func (s *Store) later(place attest.Place, d attest.Digest, e descriptor) attest.Found {
	look := func(ctx context.Context) ([]attest.Found, error) {
		doc, err := s.manifest(ctx, d)
		if err != nil {
			return nil, err
		}
		return s.pieces(place, d, doc), nil
	}
	return attest.Found{
		Place:         place,
		Manifest:      d,
		PredicateType: plain(e.Annotations[annotationPredicateType]),
		Refers:        typesIn(e.Annotations),
		Form:          attest.Form(plain(e.Annotations[annotationContent])),
		Look:          look,
		Open: func(ctx context.Context) ([]*attest.Bundle, error) {
			pieces, err := look(ctx)
			if err != nil {
				return nil, err
			}
			return s.openAll(ctx, d, pieces)
		},
	}
}

func (s *Store) openAll(ctx context.Context, d attest.Digest, pieces []attest.Found) ([]*attest.Bundle, error) {
	var bundles []*attest.Bundle
	for _, p := range pieces {
		if p.Ignored != "" {
			continue
		}
		opened, err := p.Open(ctx)
		if err != nil {
			return nil, err
		}
		bundles = append(bundles, opened...)
	}
	if bundles == nil {
		return nil, s.at(failure(KindMalformed, "is listed as a bundle and holds none"), "read evidence", d.String())
	}
	return bundles, nil
}

// broken is the piece of an entry that could not be read. It is there so that nobody
// takes it for missing: opening it gives the error.
func broken(place attest.Place, d attest.Digest, err error) attest.Found {
	return attest.Found{Place: place, Manifest: d, Open: func(context.Context) ([]*attest.Bundle, error) { return nil, err }}
}

func orNothing(mediaType string) string {
	if mediaType == "" {
		return "none"
	}
	return plain(mediaType)
}
