package policy

import (
	"fmt"
	"strings"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/predicate"
	"github.com/carnet-project/carnet/verify"
)

// A Requirement is one kind of evidence that an artifact must have.
type Requirement struct {
	name          string
	predicateType string
	bundle        attest.Digest
}

// The names of the requirements that have one.
const (
	RequireSignature  = "signature"
	RequireProvenance = "provenance"
	RequireSBOM       = "sbom"
)

// Default is what an image needs where nobody says otherwise.
func Default() []Requirement {
	return []Requirement{{name: RequireSignature}, {name: RequireProvenance}, {name: RequireSBOM}}
}

// ParseRequirement reads "signature", "provenance", "sbom", or a predicate type as
// an alias or a URI. Types that carry a result are refused: that such an attestation
// is there says nothing about what it says.
func ParseRequirement(s string) (Requirement, error) {
	switch s {
	case RequireSignature, RequireProvenance, RequireSBOM:
		return Requirement{name: s}, nil
	}
	uri, err := predicate.Resolve(s)
	if err != nil {
		return Requirement{}, fmt.Errorf("requirement %q is neither signature, provenance or sbom nor a predicate type: %w", s, err)
	}
	if uri == predicate.SignV1 {
		return Requirement{name: RequireSignature}, nil
	}
	if carriesResult(uri) {
		return Requirement{}, fmt.Errorf("requirement %q: its presence alone says nothing, for it may say FAILED", s)
	}
	return Requirement{name: s, predicateType: uri}, nil
}

// carriesResult says whether statements of this type say PASSED or FAILED.
func carriesResult(uri string) bool {
	for _, family := range []string{
		"https://slsa.dev/verification_summary/", "https://in-toto.io/attestation/test-result/",
		"https://in-toto.io/attestation/svr/", "https://conforma.dev/verification_summary/",
		"https://carabiner.dev/ampel/resultset/",
	} {
		if strings.HasPrefix(uri, family) {
			return true
		}
	}
	return false
}

// RequireBundle is the requirement that this very bundle is good: what a user who
// names a bundle asks.
func RequireBundle(d attest.Digest) Requirement {
	return Requirement{name: "bundle", bundle: d}
}

// Name is what the requirement is called in findings and in the matrix.
func (r Requirement) Name() string { return r.name }

// MetBy says whether e is evidence of the kind that r asks for.
func (r Requirement) MetBy(e *verify.Evidence) bool {
	switch {
	case !r.bundle.IsZero():
		return e.Bundle() == r.bundle
	case r.name == RequireSignature:
		return e.Kind() == verify.KindSignature
	case e.Kind() != verify.KindAttestation:
		return false
	case r.predicateType != "":
		return e.PredicateType() == r.predicateType
	}
	return r.hasClass(e.PredicateType())
}

// Hinted says whether an annotation with this predicate type and form points at
// evidence that r asks for. It only orders what is fetched.
func (r Requirement) Hinted(predicateType string) bool {
	switch {
	case r.name == RequireSignature:
		return predicateType == predicate.SignV1
	case r.predicateType != "":
		return predicateType == r.predicateType
	}
	return r.hasClass(predicateType)
}

func (r Requirement) hasClass(predicateType string) bool {
	class := predicate.ClassOf(predicateType)
	return r.name == RequireProvenance && class == predicate.Provenance ||
		r.name == RequireSBOM && class == predicate.SBOM
}

// PerPlatform says whether evidence about an index says nothing about what is in
// it: an SBOM lists one platform's content.
func (r Requirement) PerPlatform() bool {
	return r.name == RequireSBOM || predicate.ClassOf(r.predicateType) == predicate.SBOM
}

// wantsIndex says whether the index itself must be covered. A signature is what
// makes the list of platforms trustworthy; provenance may lie on each platform.
func (r Requirement) wantsIndex() bool { return r.name == RequireSignature || !r.bundle.IsZero() }
