// Package sbom reads software bills of materials: SPDX 2 and 3 in JSON, and CycloneDX in JSON.
//
// [Parse] gives one view of all of them; [Check] only tells whether the document is one, in a fraction of
// the time; [ParseFrom] reads a document that does not fit into memory. They touch no network, file or
// environment. What they allocate is bounded by the size of the input, which the caller bounds.
//
// Documents come from outside, so reading is strict: a duplicate name, a name that differs from an expected
// one only by case, a value of another type, invalid UTF-8, and data after the document are errors. Members
// that no view needs may hold anything.
//
// [Minimum] holds a document to a list of minimum elements, and [Range] is a range of versions of a format.
package sbom

import (
	"bufio"
	"fmt"
	"io"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// A Format is a family of SBOM documents.
type Format string

// The formats that are recognised.
const (
	SPDX      Format = "SPDX"
	CycloneDX Format = "CycloneDX"
)

// A Header is what a document says of itself.
type Header struct {
	Format      Format
	SpecVersion string // "2.3", "3.0.1", "1.7"
	// Name is the document's name in SPDX, and in CycloneDX that of the component it is about, which may be
	// absent.
	Name string
	// ID is SPDX's documentNamespace or the document's spdxId, and CycloneDX's serialNumber, which may be
	// absent.
	ID string
	// Created is zero if a CycloneDX document does not tell.
	Created time.Time
	// PackageCount is how many packages the document lists: the packages of SPDX, among which is often the
	// described thing itself, and the components of CycloneDX, nested ones too, that are not single files.
	PackageCount int
}

// A Document is the common view of an SBOM.
type Document struct {
	Header
	// Authors are the persons and organisations who made the document, and Tools what they made it with.
	Authors []Party
	Tools   []Tool
	// Contexts tell when in its life the software was looked at: CycloneDX's lifecycle phases, SPDX 3's
	// sbomType, and the creation comment of SPDX 2, which has no member of its own for it.
	Contexts []string
	// Revision is CycloneDX's version of the document; SPDX has none.
	Revision string
	// Described are the things that the document says it is about. In SPDX they are among Packages too.
	Described []Package
	// Packages are in the document's order.
	Packages []Package

	graph *graph
}

// A Package is one entry of a Document. Only Name is never empty.
type Package struct {
	// Ref is how the document refers to it: SPDXID, spdxId or bom-ref.
	Ref     string
	Name    string
	Version string
	PURL    string // package URL, as written; the first if there are several
	// Identifiers are what else identifies it: more package URLs, CPE names, SWID tags, SWHIDs and gitoids.
	Identifiers []string
	// Supplier is who distributes it, Manufacturer who makes it: SPDX's originator, CycloneDX's manufacturer,
	// authors or author.
	Supplier, Manufacturer Party
	Hashes                 []Hash
	// Licenses are SPDX expressions, identifiers, or names where a document has only those, without
	// repetition. Each holds on its own.
	Licenses []string
	// Distribution is the file as which it is delivered, or nil where the document does not say.
	Distribution *Distribution
	// Completeness is what the document says of the list of the package's dependencies: "complete",
	// "incomplete…", "unknown" or "noAssertion"; empty where it does not say.
	Completeness string
}

// A Party is a person or an organisation.
type Party struct{ Name, Email, URL string }

// IsZero says whether nobody is named.
func (p Party) IsZero() bool { return p == Party{} }

// A Tool is a program that made a document.
type Tool struct{ Name, Version string }

// A Hash is a hash value as the document writes it. The algorithm is in lower case: "sha256", "sha3-256".
type Hash struct{ Algorithm, Value string }

// A Distribution is the file as which a package is delivered. The properties are in the words of BSI
// TR-03183-2, section 5.2.2.
type Distribution struct {
	FileName string
	Hashes   []Hash
	// Executable, Archive and Structured are empty where the document does not say.
	Executable, Archive, Structured string
}

// Parse reads a whole document. An error names the place as a JSON pointer (RFC 6901), a byte offset, or both.
func Parse(raw []byte) (*Document, error) {
	return newReader(raw, true).view()
}

// ParseFrom is [Parse] of a document that is not in memory, which is read to its end. An error of from is
// given as it is, and comes before what is wrong with the document. A name or value of more than 16 MiB is
// an error.
func ParseFrom(from io.Reader) (*Document, error) {
	s := &stream{from: bufio.NewReaderSize(from, 64<<10)}
	s.dec = jsontext.NewDecoder(s)
	d, err := (&reader{dec: s.dec, detail: true, seen: map[string]bool{}}).view()
	if s.err != nil {
		return nil, s.err
	}
	return d, err
}

func (r *reader) view() (*Document, error) {
	if err := r.document(); err != nil {
		return nil, fmt.Errorf("read SBOM: %w", err)
	}
	h, err := r.header()
	if err != nil {
		return nil, fmt.Errorf("read SBOM: %w", err)
	}
	d := &Document{Header: *h, Packages: r.packages, graph: &r.graph}
	switch {
	case h.Format == CycloneDX:
		r.cdx.complete(d)
	case r.seen["@context"]:
		r.ld.complete(d)
	default:
		r.spdx.complete(d)
	}
	return d, nil
}

// Check tells whether raw is an SBOM, without reading what it lists:
//
//   - SPDX 2: spdxVersion, SPDXID, name, dataLicense, documentNamespace, creationInfo with created and
//     creators, and an array of packages (SPDX 2.3, sections 6 and 7)
//   - SPDX 3: @context, and an @graph with a CreationInfo and an SpdxDocument
//   - CycloneDX: bomFormat and specVersion; version, serialNumber, metadata and components if present
//
// Unlike Parse it accepts duplicate names in the parts it skips, which makes it much faster: it is meant for a
// document in which duplicates were excluded before, such as the predicate of a strictly parsed statement.
// Errors are those of Parse.
func Check(raw []byte) (*Header, error) {
	r := newReader(raw, false)
	if err := r.document(); err != nil {
		return nil, fmt.Errorf("check SBOM: %w", err)
	}
	h, err := r.header()
	if err != nil {
		return nil, fmt.Errorf("check SBOM: %w", err)
	}
	return h, nil
}

// delivered is the package's distribution, or an empty one.
func (p *Package) delivered() Distribution {
	if p.Distribution == nil {
		return Distribution{}
	}
	return *p.Distribution
}

// distribution is the package's distribution, to be filled in.
func (p *Package) distribution() *Distribution {
	if p.Distribution == nil {
		p.Distribution = &Distribution{}
	}
	return p.Distribution
}
