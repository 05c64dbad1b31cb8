// Package spdx holds SPDX documents to the little that makes one: which version it
// is and who made it when. It reads the head of a document and skips the rest, which
// the sbom package reads.
package spdx

import (
	"io"
	"slices"
	"strings"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/internal/strict"
)

// Type is the predicate type that leaves the version to the document. The others
// end in a version (in-toto attestation framework, spec/predicates/spdx2.md and
// spdx3.md).
const (
	Type    = "https://spdx.dev/Document"
	TypeV2  = Type + "/v2"
	TypeV22 = Type + "/v2.2"
	TypeV23 = Type + "/v2.3"
	TypeV3  = Type + "/v3"
)

// context3 begins the JSON-LD context of every SPDX 3.0 document.
const context3 = "https://spdx.org/rdf/3.0"

// A header is what the rules between members need. The members of both SPDX 2
// (spec 2.3, clause 6) and SPDX 3 (its JSON-LD serialisation) are in one table, for
// which it is may come last in the file.
type header struct {
	version, id, name, license, namespace string
	created, graph                        bool
	context                               string
}

// Validate holds raw to the specification's required head. The error is an
// *[attest.Error] whose Where is a JSON pointer.
func Validate(predicateType string, raw []byte) error {
	return validate(predicateType, func(c strict.Check) error { return strict.Read(raw, c) })
}

// ValidateFrom is [Validate] of a document that is not in memory. An error of from is given as
// it is.
func ValidateFrom(predicateType string, from io.Reader) error {
	return validate(predicateType, func(c strict.Check) error { return strict.ReadFrom(from, c) })
}

func validate(predicateType string, read func(strict.Check) error) error {
	if !slices.Contains([]string{Type, TypeV2, TypeV22, TypeV23, TypeV3}, predicateType) {
		return strict.Fault(attest.FaultUnsupported, "", "%q is not a version of SPDX that is read here", strict.Clip(predicateType))
	}
	var h header
	if err := read(h.check()); err != nil {
		return err
	}
	if h.version == "" && (h.context != "" || h.graph) {
		return h.three(predicateType)
	}
	return h.two(predicateType)
}

func (h *header) check() strict.Check {
	created := strict.Object(
		strict.Required("created", strict.Time(nil)),
		strict.Required("creators", strict.Each(strict.Text(nil))),
	)
	return strict.Object(
		strict.Optional("spdxVersion", strict.Text(&h.version)),
		strict.Optional("SPDXID", strict.OneOf(&h.id, "SPDXRef-DOCUMENT")),
		strict.Optional("name", strict.Text(&h.name)),
		strict.Optional("dataLicense", strict.OneOf(&h.license, "CC0-1.0")),
		strict.Optional("documentNamespace", strict.URI(&h.namespace)),
		strict.Optional("creationInfo", noting(&h.created, created)),
		strict.Optional("packages", strict.AnyArray()),
		strict.Optional("files", strict.AnyArray()),
		strict.Optional("relationships", strict.AnyArray()),
		strict.Optional("@context", h.readContext),
		strict.Optional("@graph", noting(&h.graph, strict.AnyArray())),
	)
}

func noting(seen *bool, check strict.Check) strict.Check {
	return func(r *strict.Reader) (bool, error) {
		filled, err := check(r)
		*seen = filled
		return filled, err
	}
}

// readContext reads a context, or several of which one is SPDX's.
func (h *header) readContext(r *strict.Reader) (bool, error) {
	if r.Kind() != '[' {
		return strict.Text(&h.context)(r)
	}
	return strict.Each(func(r *strict.Reader) (bool, error) {
		if r.Kind() != '"' {
			return strict.Any()(r)
		}
		var one string
		filled, err := strict.Text(&one)(r)
		if h.context == "" || strings.HasPrefix(one, context3) {
			h.context = one
		}
		return filled, err
	})(r)
}

func (h *header) two(predicateType string) error {
	switch h.version {
	case "":
		return strict.Missing("/spdxVersion")
	case "SPDX-2.0", "SPDX-2.1", "SPDX-2.2", "SPDX-2.3":
	default:
		return strict.Fault(attest.FaultUnsupported, "/spdxVersion", "is %q, want SPDX-2.3, SPDX-2.2, or a document of SPDX 3.0", strict.Clip(h.version))
	}
	promised := "SPDX-" + strings.TrimPrefix(predicateType, Type+"/v")
	if predicateType != Type && !strings.HasPrefix(h.version, promised) {
		return strict.Fault(attest.FaultMalformed, "/spdxVersion", "is %q, want %s, which the predicate type promises", h.version, promised)
	}
	switch {
	case h.id == "":
		return strict.Missing("/SPDXID")
	case h.name == "":
		return strict.Missing("/name")
	case h.license == "":
		return strict.Missing("/dataLicense")
	case h.namespace == "":
		return strict.Missing("/documentNamespace")
	case !h.created:
		return strict.Missing("/creationInfo")
	}
	return nil
}

func (h *header) three(predicateType string) error {
	switch {
	case h.context == "":
		return strict.Missing("/@context")
	case !strings.HasPrefix(h.context, context3):
		return strict.Fault(attest.FaultUnsupported, "/@context", "is %q, want that of SPDX 3.0, %s…", strict.Clip(h.context), context3)
	case !h.graph:
		return strict.Missing("/@graph")
	case predicateType != Type && predicateType != TypeV3:
		return strict.Fault(attest.FaultMalformed, "/@context", "is that of SPDX 3.0, want a document of %s, which the predicate type promises", strings.TrimPrefix(predicateType, Type+"/"))
	}
	return nil
}
