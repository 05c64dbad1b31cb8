package attest

import "context"

// A Found is a piece of evidence that a store lists for a subject, before it is
// fetched. Everything in it comes from the store and decides only what is fetched
// first, never what is believed.
type Found struct {
	// Place is the layout in which it lies.
	Place Place
	// Manifest is the digest of the manifest that holds it.
	Manifest Digest
	// PredicateType is what its annotation says it is about, or "".
	PredicateType string
	// Refers are the predicate types of which its annotation says that the documents are to
	// which it refers; nil where it does not say.
	Refers []string
	// Document is set for what is no evidence but a document, to which evidence may refer: what
	// its annotations say of it.
	Document *Document
	// Form is what its annotation says its signature covers, or "".
	Form Form
	// Bytes is the size that the store states for the bundle, or 0 if unknown.
	Bytes int64
	// Ignored says why the store's listing is not evidence that can be opened: a
	// foreign artifact type, say. It is "" for everything that Open may be called on.
	Ignored string
	// Look reads the manifest and gives the pieces in it, with what it says of them. It
	// is nil where that has been done, or costs nothing.
	Look func(ctx context.Context) ([]Found, error)
	// Open fetches it, checking that it is what its digest says. One manifest of an
	// older layout can hold several bundles. Open may be called at the same time as
	// other Opens, and fetches again each time it is called.
	Open func(ctx context.Context) ([]*Bundle, error)
}

// A Document is what a store says of a document that lies beside a subject.
type Document struct {
	MediaType string
	// Digest and Size are the document's own, however it is stored.
	Digest Digest
	Size   int64
}

// A Place is a layout in which evidence is stored beside an image.
type Place string

const (
	// PlaceReferrers is the OCI 1.1 referrers API.
	PlaceReferrers Place = "referrers"
	// PlaceFallbackTag is OCI 1.1's referrers tag, for registries without the API.
	PlaceFallbackTag Place = "fallback-tag"
	// PlaceLayout is the index of an OCI layout.
	PlaceLayout Place = "oci-layout"
	// PlaceCosignSig and PlaceCosignAtt are cosign's older .sig and .att tags.
	PlaceCosignSig Place = "cosign-sig"
	PlaceCosignAtt Place = "cosign-att"
	// PlaceBuildKit is an attestation manifest inside the image's index; unsigned.
	PlaceBuildKit Place = "buildkit"
	// PlaceFile is a file that the user named.
	PlaceFile Place = "file"
)
