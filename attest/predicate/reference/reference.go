// Package reference reads and writes in-toto's references: statements that name documents
// which are kept elsewhere (in-toto attestation framework, spec/predicates/reference.md).
//
// The specification says what the document's media type is and where it may be downloaded.
// What it is evidence of, how large it is and as which bytes it is stored are annotations of
// carnet's (docs/references.md); a reference without them can be listed, and not followed.
package reference

import (
	"strconv"

	"github.com/go-json-experiment/json"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/internal/strict"
	"github.com/carnet-project/carnet/attest/predicate/resource"
)

// V01 is the predicate type.
const V01 = "https://in-toto.io/attestation/reference/v0.1"

// Attester is the attester.id of what is written here: the program, for who vouches for the
// reference is who signs it.
const Attester = "https://github.com/carnet-project/carnet"

// The annotations of a reference's descriptor.
const (
	// AnnotationPredicateType is the predicate type of which the document is a predicate.
	AnnotationPredicateType = "io.github.carnet-project.predicateType"
	// AnnotationSize is the document's size in bytes, a whole number.
	AnnotationSize = "io.github.carnet-project.size"
	// AnnotationStoredDigest and AnnotationStoredSize are of the blob as which the document
	// is stored, and AnnotationEncoding how that is encoded; "identity", the default, is not
	// at all.
	AnnotationStoredDigest = "io.github.carnet-project.stored.digest"
	AnnotationStoredSize   = "io.github.carnet-project.stored.size"
	AnnotationEncoding     = "io.github.carnet-project.stored.encoding"
)

// The encodings of stored documents.
const (
	Gzip     = "gzip"
	Identity = "identity"
)

// MaxReferences is how many documents one statement may refer to.
const MaxReferences = 100

// A Reference is what one statement says of documents. Nothing in it is verified by having
// been parsed.
type Reference struct {
	// Attester is the system that provides the documents.
	Attester  string
	Documents []Document
}

// A Document is one that is referred to.
type Document struct {
	Name, URI string
	// Location is where it may be downloaded, which is a hint and no more.
	Location, MediaType string
	// Digests are the document's own, by algorithm.
	Digests map[string]string
	// PredicateType is the type of the predicate that the document is, Size its size in
	// bytes, and Stored the blob that holds it. They are zero where the reference does not
	// say.
	PredicateType string
	Size          int64
	Stored        Stored
}

// A Stored is the blob that holds a document.
type Stored struct {
	Digest   attest.Digest
	Size     int64
	Encoding string
}

// Digest is the document's strongest digest, or the zero Digest.
func (d Document) Digest() attest.Digest {
	for _, algorithm := range []string{"sha512", "sha384", "sha256"} {
		if value, ok := d.Digests[algorithm]; ok {
			digest, _ := attest.ParseDigest(algorithm + ":" + value) // it was read by digest_set.md
			return digest
		}
	}
	return attest.Digest{}
}

// Problem says why nobody can follow the reference, or is "". Nothing is guessed: neither what
// a document is evidence of, from its media type, nor how large it may be.
func (d Document) Problem() string {
	switch {
	case d.PredicateType == "":
		return "it does not say of which predicate type the document is (" + AnnotationPredicateType + ")"
	case d.Digest().IsZero():
		return "it has no sha256, sha384 or sha512 of the document"
	case d.Size == 0:
		return "it does not say how large the document is (" + AnnotationSize + ")"
	case d.Stored.Digest.IsZero() || d.Stored.Size == 0:
		return "it does not say as which blob the document is stored (" + AnnotationStoredDigest + ", " + AnnotationStoredSize + ")"
	case d.PredicateType == V01:
		return "it refers to a reference"
	case d.Stored.Encoding != Gzip && d.Stored.Encoding != Identity:
		return "the document is stored in the encoding " + strconv.Quote(strict.Clip(d.Stored.Encoding)) + ", want gzip or identity"
	}
	return ""
}

// Validate holds raw to the specification, as [Parse] does.
func Validate(predicateType string, raw []byte) error {
	_, err := Parse(predicateType, raw)
	return err
}

// Parse reads a reference. The error is an *[attest.Error] whose Where is a JSON pointer.
func Parse(predicateType string, raw []byte) (*Reference, error) {
	if predicateType != V01 {
		return nil, strict.Fault(attest.FaultUnsupported, "", "%q is not a version of references that is read here", strict.Clip(predicateType))
	}
	var p Reference
	err := strict.Read(raw, strict.Object(
		strict.Required("attester", strict.Object(strict.Required("id", strict.URI(&p.Attester)))),
		strict.Required("references", strict.Each(p.document)),
	))
	if err != nil {
		return nil, err
	}
	return &p, nil
}

func (p *Reference) document(r *strict.Reader) (bool, error) {
	if len(p.Documents) == MaxReferences {
		return false, strict.Fault(attest.FaultTooLarge, r.Where(), "there are more than %d references", MaxReferences)
	}
	var d Document
	var stored string
	filled, err := strict.Object(
		strict.Optional("name", strict.Text(&d.Name)),
		strict.Optional("uri", strict.URI(&d.URI)),
		strict.Optional("digest", resource.DigestSet(&d.Digests)),
		strict.Required("downloadLocation", strict.URI(&d.Location)),
		strict.Required("mediaType", strict.Text(&d.MediaType)),
		strict.Optional("annotations", strict.Object(
			strict.Optional(AnnotationPredicateType, strict.URI(&d.PredicateType)),
			strict.Optional(AnnotationSize, strict.Size(&d.Size)),
			strict.Optional(AnnotationStoredDigest, strict.Text(&stored)),
			strict.Optional(AnnotationStoredSize, strict.Size(&d.Stored.Size)),
			strict.Optional(AnnotationEncoding, strict.Text(&d.Stored.Encoding)),
		)),
	)(r)
	if err != nil || !filled {
		return filled, err
	}
	if stored != "" {
		if d.Stored.Digest, err = attest.ParseDigest(stored); err != nil {
			return false, strict.Fault(attest.FaultDigestMalformed, r.Where()+"/annotations/"+AnnotationStoredDigest, "%v", err)
		}
		if d.Stored.Encoding == "" {
			d.Stored.Encoding = Identity
		}
	}
	p.Documents = append(p.Documents, d)
	return true, nil
}

// Predicate writes the reference. The same reference is always the same bytes. The error is
// that of reading it back.
func (p Reference) Predicate() ([]byte, error) {
	type attester struct {
		ID string `json:"id"`
	}
	doc := struct {
		Attester   attester              `json:"attester"`
		References []resource.Descriptor `json:"references"`
	}{Attester: attester{p.Attester}}
	for _, d := range p.Documents {
		doc.References = append(doc.References, d.descriptor())
	}
	raw, err := json.Marshal(doc, json.Deterministic(true))
	if err != nil {
		return nil, err
	}
	return raw, Validate(V01, raw)
}

func (d Document) descriptor() resource.Descriptor {
	annotations := map[string]any{}
	for name, value := range map[string]string{AnnotationPredicateType: d.PredicateType, AnnotationStoredDigest: d.Stored.Digest.String(), AnnotationEncoding: d.Stored.Encoding} {
		if value != "" {
			annotations[name] = value
		}
	}
	for name, value := range map[string]int64{AnnotationSize: d.Size, AnnotationStoredSize: d.Stored.Size} {
		if value != 0 {
			annotations[name] = value
		}
	}
	return resource.Descriptor{Name: d.Name, URI: d.URI, Digest: d.Digests, DownloadLocation: d.Location, MediaType: d.MediaType, Annotations: annotations}
}
