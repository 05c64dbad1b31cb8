package layout

import (
	"slices"
	"time"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/verify"
	"github.com/carnet-project/carnet/verify/policy"
)

// A Rule names in one stable word what a layout, a link or a product failed.
type Rule string

// The rules, in the order in which they are asked.
const (
	// RuleUnreadable: the layout is not well formed.
	RuleUnreadable Rule = "layout.unreadable"
	// RuleSignature: an owner whose signature is wanted did not sign the layout.
	RuleSignature Rule = "layout.signature"
	// RuleSignatureInvalid: a signature names an owner and is not the owner's over this.
	RuleSignatureInvalid Rule = "layout.signature-invalid"
	// RuleExpired: the layout has ended.
	RuleExpired Rule = "layout.expired"
	// RuleInspection: the layout has commands for the machine that verifies.
	RuleInspection Rule = "layout.inspection"
	// RuleKey: a key is not what its id says, or can't be used.
	RuleKey Rule = "layout.key"
	// RuleUnsound: the layout can't be followed.
	RuleUnsound Rule = "layout.unsound"
	// RuleParameter: a parameter is missing, unknown, or more than a name.
	RuleParameter Rule = "layout.parameter"
	// RuleBound: there is more to check than is checked.
	RuleBound Rule = "layout.bound"
	// RuleThreshold: too few functionaries did a step.
	RuleThreshold Rule = "layout.threshold"
	// RuleLinkInvalid: a step lacks a link, and one of its functionaries' was changed.
	RuleLinkInvalid Rule = "layout.link-invalid"
	// RuleDisagreement: two links of a step say different things.
	RuleDisagreement Rule = "layout.disagreement"
	// RuleArtifact: an artifact breaks a DISALLOW or a REQUIRE.
	RuleArtifact Rule = "layout.artifact"
	// RuleProduct: a file is no product of the step that delivers.
	RuleProduct Rule = "layout.product"
)

// Rules lists every rule, so that documentation and tests can be held to it.
func Rules() []Rule {
	return []Rule{
		RuleUnreadable, RuleSignature, RuleSignatureInvalid, RuleExpired, RuleInspection, RuleKey, RuleUnsound,
		RuleParameter, RuleBound, RuleThreshold, RuleLinkInvalid, RuleDisagreement, RuleArtifact, RuleProduct,
	}
}

// Outcome is what a finding by the rule amounts to.
func (r Rule) Outcome() policy.Outcome {
	switch r {
	case RuleUnreadable, RuleSignatureInvalid, RuleLinkInvalid:
		return policy.Invalid
	case RuleBound:
		return policy.Undecided
	}
	return policy.Denied
}

// A Finding is one failure.
type Finding struct {
	Rule Rule
	// Step is where it is, or "" for the layout itself and for products.
	Step            string
	Expected, Found string
	// Fix is what to do about it.
	Fix string
}

// A Verdict is what became of the products. Only [Verification.Judge] makes one that
// allows; the zero Verdict denies.
type Verdict struct {
	// Layout is the SHA-256 of the layout's file.
	Layout attest.Digest
	// Expires is when the layout ends; the zero time if that was not read.
	Expires time.Time
	// At is the time for which was judged.
	At time.Time
	// Owners are those who are trusted and signed the layout.
	Owners []Signer
	Steps  []Step
	// ProductOf is the step that delivers.
	ProductOf string
	Products  []Judged
	// Aside are the files that are not counted as links.
	Aside    []Aside
	Findings []Finding
	// Notes are what does not deny and should be known.
	Notes []string

	complete bool
}

// A Step is what became of one step of the layout.
type Step struct {
	Name      string
	Threshold int
	// Links are those that count, by file.
	Links []Counted
	// Materials and Products are how many the links list.
	Materials, Products int
	Rules               []Applied
}

// A Counted is a link that counts, and who signed it.
type Counted struct {
	File string
	By   Signer
}

// An Applied is an artifact rule, and how many artifacts it took.
type Applied struct {
	// List is materials or products.
	List, Rule string
	Took       int
	Failed     bool
}

// A Judged is a product that was asked about.
type Judged struct {
	Product
	// As are the names that it has among the products of the step that delivers.
	As []string
}

// An Aside is a file that is not counted, and why.
type Aside struct {
	File   string
	Reason verify.Reason
	Why    string
}

// Outcome is allowed only if all was judged, there was something to judge, and nothing was
// found.
func (v Verdict) Outcome() policy.Outcome {
	found := map[policy.Outcome]bool{}
	for _, f := range v.Findings {
		found[f.Rule.Outcome()] = true
	}
	switch {
	case found[policy.Invalid]:
		return policy.Invalid
	case found[policy.Denied]:
		return policy.Denied
	case found[policy.Undecided]:
		return policy.Undecided
	case !v.complete || len(v.Products) == 0 || len(v.Owners) == 0 || len(v.Steps) == 0:
		return policy.Denied
	case slices.ContainsFunc(v.Products, func(j Judged) bool { return len(j.As) == 0 }):
		return policy.Denied
	}
	return policy.Allowed
}

// Allowed says whether every product may enter.
func (v Verdict) Allowed() bool { return v.Outcome() == policy.Allowed }
