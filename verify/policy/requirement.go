package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/attest/predicate"
	"github.com/carnet-project/carnet/verify"
)

// A Requirement is one kind of evidence that an artifact must have: a column of the
// matrix. It also tells who fetches evidence what could change a cell.
type Requirement struct {
	// name is what the column is called, and rule what its rules' ids begin with.
	name, rule string
	// what names the evidence in an expectation: "a signature".
	what string
	// classes and types are the predicates that are meant.
	classes []predicate.Class
	types   []string
	bundle  attest.Digest
	spread  spread
	// commit says that the evidence is about the commit that was built.
	commit bool
	// selection is which of several pieces count.
	selection Selection
	// wanted says that nothing hangs on the evidence itself: it can only lift a denial.
	wanted bool
}

// A spread says of which nodes of an artifact evidence is wanted.
type spread int

const (
	// every node must be covered, the index too: a signature is what makes the list of
	// platforms trustworthy.
	every spread = iota
	// platforms must be covered, each by evidence about itself or about its index.
	platforms
	// itself: every platform needs evidence about itself, for evidence about an index says
	// nothing about what is in it: an SBOM lists one platform's content.
	itself
	// whole: the artifact is one, whatever is in it.
	whole
)

// A Selection says which of several accepted pieces of evidence count.
type Selection string

// The selections. Newest is by trusted time; of one moment the worst counts.
const (
	SelectAny    Selection = "any"
	SelectAll    Selection = "all"
	SelectNewest Selection = "newest"
)

// The names of the requirements that have one.
const (
	RequireSignature  = "signature"
	RequireProvenance = "provenance"
	RequireSBOM       = "sbom"
	RequireSigners    = "signers"
)

func signatureRequirement() Requirement {
	return Requirement{name: RequireSignature, rule: "signature", what: "a signature", classes: []predicate.Class{predicate.Signature}, spread: every, selection: SelectAny}
}

func provenanceRequirement() Requirement {
	return Requirement{name: RequireProvenance, rule: "provenance", what: "SLSA provenance", classes: []predicate.Class{predicate.Provenance}, spread: platforms, selection: SelectAny}
}

func sbomRequirement() Requirement {
	return Requirement{name: RequireSBOM, rule: "sbom", what: "an SBOM", classes: []predicate.Class{predicate.SBOM}, spread: itself, selection: SelectAny}
}

// typeRequirement asks for a statement of one predicate type.
func typeRequirement(name, uri string) Requirement {
	r := Requirement{name: name, rule: "attestation", what: "an attestation of type " + uri, types: []string{uri}, spread: platforms, selection: SelectAny}
	if predicate.ClassOf(uri) == predicate.SBOM {
		r.spread = itself
	}
	return r
}

// Default is what an image needs where nobody says otherwise.
func Default() []Requirement {
	return []Requirement{signatureRequirement(), provenanceRequirement(), sbomRequirement()}
}

// ParseRequirement reads "signature", "provenance", "sbom", or a predicate type as
// an alias or a URI. Types that carry a result are refused: that such an attestation
// is there says nothing about what it says.
func ParseRequirement(s string) (Requirement, error) {
	for _, r := range Default() {
		if r.name == s {
			return r, nil
		}
	}
	uri, err := predicate.Resolve(s)
	if err != nil {
		return Requirement{}, fmt.Errorf("requirement %q is neither signature, provenance or sbom nor a predicate type: %w", s, err)
	}
	if uri == predicate.SignV1 {
		return signatureRequirement(), nil
	}
	if carriesResult(uri) {
		return Requirement{}, fmt.Errorf("requirement %q: its presence alone says nothing, for it may say FAILED", s)
	}
	return typeRequirement(s, uri), nil
}

// carriesResult says whether statements of this type say PASSED or FAILED, or list what is wrong
// with code.
func carriesResult(uri string) bool {
	for _, family := range []string{
		"https://slsa.dev/verification_summary/", "https://in-toto.io/attestation/test-result/",
		"https://in-toto.io/attestation/svr/", "https://conforma.dev/verification_summary/",
		"https://carabiner.dev/ampel/resultset/", "https://github.com/carnet-project/carnet/predicates/sarif/", "https://witness.dev/attestations/sarif/",
	} {
		if strings.HasPrefix(uri, family) {
			return true
		}
	}
	// A collection has the exit code of what it ran, and reports of what was found.
	return predicate.ClassOf(uri) == predicate.Collection
}

// RequireBundle is the requirement that this very bundle is good: what a user who
// names a bundle asks.
func RequireBundle(d attest.Digest) Requirement {
	return Requirement{name: "bundle", rule: "bundle", what: "the bundle " + d.String(), bundle: d, spread: every, selection: SelectAny}
}

// Name is what the requirement is called in findings and in the matrix.
func (r Requirement) Name() string { return r.name }

// Section is what the ids of its rules begin with.
func (r Requirement) Section() string { return r.rule }

// Selection is which of several accepted pieces count. Where all or the newest do, all
// that may be of the kind has to be looked at before the cell is judged.
func (r Requirement) Selection() Selection { return r.selection }

// Exhaustive says that one good piece does not settle the cell.
func (r Requirement) Exhaustive() bool {
	return r.selection == SelectAll || r.selection == SelectNewest
}

// Wanted says that the evidence need not be there, and may lift the denial of a vulnerability
// where it is: it is worth fetching only while there is one.
func (r Requirement) Wanted() bool { return r.wanted }

// OnCommit says that the evidence is about a commit, and lies wherever the image's does.
func (r Requirement) OnCommit() bool { return r.commit }

// MetBy says whether e is evidence of the kind that r asks for.
func (r Requirement) MetBy(e *verify.Evidence) bool {
	switch {
	case !r.bundle.IsZero():
		return e.Bundle() == r.bundle
	case slices.Contains(r.classes, predicate.Signature) && e.Kind() == verify.KindSignature:
		return true
	case e.Kind() != verify.KindAttestation:
		return false
	}
	return slices.Contains(r.types, e.PredicateType()) || r.hasClass(e.PredicateType())
}

// Hinted says whether an annotation with this predicate type and form points at
// evidence that r asks for. It only orders what is fetched.
func (r Requirement) Hinted(predicateType string) bool {
	if predicateType == predicate.SignV1 {
		return slices.Contains(r.classes, predicate.Signature)
	}
	return slices.Contains(r.types, predicateType) || r.hasClass(predicateType)
}

func (r Requirement) hasClass(predicateType string) bool {
	class := predicate.ClassOf(predicateType)
	return class != predicate.Other && class != predicate.Signature && slices.Contains(r.classes, class)
}

// PerPlatform says whether evidence about an index says nothing about what is in it.
func (r Requirement) PerPlatform() bool { return r.spread == itself }

// claimedBy says whether m claims to be what r asks for. One that claims nothing
// may be anything.
func (r Requirement) claimedBy(m Rejected) bool {
	if !r.bundle.IsZero() {
		return m.Bundle == r.bundle
	}
	if m.PredicateType == "" {
		return m.Form != attest.FormSimpleSigning || slices.Contains(r.classes, predicate.Signature)
	}
	return r.Hinted(m.PredicateType)
}

func (r Requirement) expectation(node artifact.Artifact, by []string) string {
	whose := "a trusted signer"
	if len(by) > 0 {
		whose = strings.Join(by, " or ")
	}
	if r.commit {
		return r.what + ", by " + whose
	}
	of := string(node.Kind)
	if node.Platform != "" {
		of = node.Platform
	}
	return r.what + " of the " + of + " " + node.Digest.String() + " by " + whose
}
