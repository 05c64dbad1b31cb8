package oci

import (
	"bytes"
	"context"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/attest/predicate/reference"
)

// The annotations of documents and of the evidence that refers to them (docs/references.md).
const (
	// annotationRefers is, on the manifest of a bundle, the predicate types of the documents
	// that its statement refers to, with spaces between. It decides only what is fetched first.
	annotationRefers = "io.github.carnet-project.refers"
	// These are, on the manifest of a document, its own digest and size, however it is stored.
	annotationDocumentDigest = "io.github.carnet-project.document.digest"
	annotationDocumentSize   = "io.github.carnet-project.document.size"
	annotationTitle          = "org.opencontainers.image.title"
)

// worthAsking is the size in bytes from which it is asked whether a blob is there before it is
// uploaded.
const worthAsking = 1 << 20

// maxRefers bounds how many types an annotation names.
const maxRefers = 8

// A Document is content that is stored beside a subject, for evidence to refer to.
type Document struct {
	// MediaType is the document's own, such as application/spdx+json, and Digest and Size are
	// of the document itself.
	MediaType string
	Digest    attest.Digest
	Size      int64
	// Encoding is "gzip", or "" where it is stored as it is; Stored and StoredSize are of the
	// bytes that are stored.
	Encoding   string
	Stored     attest.Digest
	StoredSize int64
	// Open gives the stored bytes from their beginning. It is called again where a request has
	// to be sent again.
	Open func() (io.ReadCloser, error)
}

// AttachDocument stores a document as a referrer of subject, which the store must hold: an OCI
// image manifest of one layer, whose artifact type is the document's media type, so that other
// tools list and pull it. The same document for the same subject is always the same manifest,
// and what is there already is not sent again. It proves nothing: a signed statement has to
// refer to it. The content is streamed.
func (s *Store) AttachDocument(ctx context.Context, subject artifact.Artifact, d Document) (Attached, error) {
	p, err := packDocument(subject, d)
	if err != nil {
		return Attached{}, s.at(err, "store a document beside", subject.Digest.String())
	}
	if err := s.Writable(); err != nil {
		return Attached{}, s.at(err, "store a document beside", subject.Digest.String())
	}
	var attached []Attached
	if s.repo != nil {
		attached, err = s.repo.attach(ctx, subject.Digest, []packed{p})
	} else {
		attached, err = s.layout.attach(ctx, []packed{p})
	}
	if err != nil {
		return Attached{}, s.at(err, "store a document beside", subject.Digest.String())
	}
	return attached[0], nil
}

// DocumentLocation is where [Store.AttachDocument] puts a document, before it does: a URI for
// people and other tools, oci://REGISTRY/REPO@DIGEST of its manifest, and oci:.@DIGEST in a
// layout, whose path is nobody's business.
func (s *Store) DocumentLocation(subject artifact.Artifact, d Document) (string, error) {
	p, err := packDocument(subject, d)
	if err != nil {
		return "", s.at(err, "name a document beside", subject.Digest.String())
	}
	if s.repo != nil {
		return "oci://" + s.repo.name.Name() + "@" + p.digest().String(), nil
	}
	return "oci:.@" + p.digest().String(), nil
}

func packDocument(subject artifact.Artifact, d Document) (packed, error) {
	if d.MediaType == "" || d.Digest.IsZero() || d.Stored.IsZero() || d.Size <= 0 || d.StoredSize <= 0 {
		return packed{}, failure(KindUsage, "a document has a media type, digests and sizes")
	}
	layer := descriptor{MediaType: d.MediaType, Annotations: map[string]string{annotationTitle: title(d)}}
	if d.Encoding != "" && d.Encoding != reference.Identity {
		layer.MediaType += "+" + d.Encoding
	}
	annotations := map[string]string{annotationDocumentDigest: d.Digest.String(), annotationDocumentSize: strconv.FormatInt(d.Size, 10)}
	return around(subject, d.MediaType, layer, annotations, content{d.Stored, d.StoredSize, d.Open})
}

// title is what tools that pull the document call the file.
func title(d Document) string {
	name := map[string]string{"application/spdx+json": "sbom.spdx.json", "application/vnd.cyclonedx+json": "sbom.cdx.json", "application/sarif+json": "report.sarif"}[d.MediaType]
	if name == "" {
		name = "document"
		if strings.HasSuffix(d.MediaType, "json") {
			name = "document.json"
		}
	}
	if d.Encoding == reference.Gzip {
		name += ".gz"
	}
	return name
}

// Blob opens a blob that lies in the store. Its reader says io.EOF only where digest and size
// are right, and gives never more than size bytes.
func (s *Store) Blob(ctx context.Context, d attest.Digest, size int64) (io.ReadCloser, error) {
	if s.repo == nil && s.layout == nil {
		return nil, s.at(failure(KindNotFound, "holds no blob %s", d), "fetch blob", "")
	}
	return s.blob(ctx, descriptor{Digest: d.String(), Size: size})
}

// content is a blob to be written.
type content struct {
	digest attest.Digest
	size   int64
	open   func() (io.ReadCloser, error)
}

// held is content that is in memory.
func held(raw []byte) content {
	return content{attest.SHA256(raw), int64(len(raw)), func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(raw)), nil }}
}

// refersTo are the types of the documents that a statement refers to, as the annotation has
// them.
func refersTo(st *attest.Statement) string {
	if st.PredicateType() != reference.V01 {
		return ""
	}
	r, err := reference.Parse(st.PredicateType(), st.Predicate())
	if err != nil {
		return "" // who reads it will say so
	}
	var types []string
	for _, d := range r.Documents {
		if d.PredicateType == "" || len(types) == maxRefers {
			return "" // one that says nothing may be anything
		}
		if !slices.Contains(types, d.PredicateType) {
			types = append(types, d.PredicateType)
		}
	}
	return strings.Join(types, " ")
}

func typesIn(annotations map[string]string) []string {
	types := strings.Fields(annotations[annotationRefers])
	if len(types) > maxRefers {
		return nil
	}
	for i, t := range types {
		types[i] = plain(t)
	}
	return types
}

// asDocument is what a manifest's annotations say of the document that it holds.
func asDocument(artifactType string, annotations map[string]string) (attest.Found, bool) {
	d, err := attest.ParseDigest(annotations[annotationDocumentDigest])
	if err != nil {
		return attest.Found{}, false
	}
	size, err := strconv.ParseInt(annotations[annotationDocumentSize], 10, 64)
	if err != nil || size <= 0 {
		return attest.Found{}, false
	}
	return attest.Found{
		Document: &attest.Document{MediaType: plain(artifactType), Digest: d, Size: size},
		Ignored:  "a document, which counts where a signed reference names it",
	}, true
}
