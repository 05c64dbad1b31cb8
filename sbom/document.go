// Package sbom reads software bills of materials: SPDX 2 and 3 in JSON, and CycloneDX in JSON.
//
// [Parse] gives one view of all of them; [Check] only tells whether the document is one, in a fraction of
// the time. Both work on bytes in memory, and touch no network, file or environment. What they allocate is
// bounded by the size of the input, which the caller bounds.
//
// Documents come from outside, so reading is strict: a duplicate name, a name that differs from an expected
// one only by case, a value of another type, invalid UTF-8, and data after the document are errors. Members
// that no view needs may hold anything.
package sbom

import (
	"fmt"
	"time"
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
	// Packages are in the document's order.
	Packages []Package
}

// A Package is one entry of a Document. Only Name is never empty.
type Package struct {
	Name    string
	Version string
	PURL    string // package URL, as written
	// Licenses are SPDX expressions, identifiers, or names where a document has only those, without
	// repetition. SPDX 3 states licences in relationships, which are not read.
	Licenses []string
}

// Parse reads a whole document. An error names the place as a JSON pointer (RFC 6901), a byte offset, or both.
func Parse(raw []byte) (*Document, error) {
	r := newReader(raw, true)
	if err := r.document(); err != nil {
		return nil, fmt.Errorf("read SBOM: %w", err)
	}
	h, err := r.header()
	if err != nil {
		return nil, fmt.Errorf("read SBOM: %w", err)
	}
	return &Document{Header: *h, Packages: r.packages}, nil
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
