package policy

import (
	"slices"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/verify"
)

// A Verdict is a judged case. The zero Verdict denies.
type Verdict struct {
	outcome  Outcome
	artifact artifact.Artifact
	cells    []Cell
	rejected []Rejected
	unknown  []Unknown
}

// A Cell is one field of the matrix evidence × node, and how its rule ended.
type Cell struct {
	Requirement Requirement
	// Node is the index, platform manifest or file that the cell is about.
	Node artifact.Artifact
	// Required says whether the verdict hangs on this cell.
	Required bool
	// Threshold is how many distinct signers are wanted.
	Threshold int
	Status    Status
	// Evidence is what meets the requirement. Its subject may be an index that
	// contains the node.
	Evidence []*verify.Evidence
	// Finding says why the status does not allow; it is nil where it does.
	Finding *Finding
}

// A Finding is a rule that did not allow: what was expected and what was found.
type Finding struct {
	// Rule is the rule's stable id, such as "signature.missing".
	Rule   string
	Status Status
	// Reason says why the nearest miss was refused, if there was one.
	Reason verify.Reason
	// Subject is the digest that the finding is about, and Platform its platform.
	Subject         attest.Digest
	Platform        string
	Expected, Found string
}

// Allowed says whether the artifact may enter. Nothing else means success.
func (v Verdict) Allowed() bool { return v.outcome == Allowed }

// Outcome is the verdict in one word; the zero Verdict's is "denied".
func (v Verdict) Outcome() Outcome {
	if v.outcome == "" {
		return Denied
	}
	return v.outcome
}

// Artifact is what was judged.
func (v Verdict) Artifact() artifact.Artifact { return v.artifact }

// Cells is the matrix, requirement by requirement and node by node.
func (v Verdict) Cells() []Cell { return slices.Clone(v.cells) }

// Rejected lists the evidence that was looked at and refused.
func (v Verdict) Rejected() []Rejected { return slices.Clone(v.rejected) }

// Unknown lists what could not be looked at.
func (v Verdict) Unknown() []Unknown { return slices.Clone(v.unknown) }

// Unmet lists the required cells that do not allow.
func (v Verdict) Unmet() []Cell {
	var unmet []Cell
	for _, c := range v.cells {
		if c.Required && !c.Status.Allows() {
			unmet = append(unmet, c)
		}
	}
	return unmet
}

// Findings lists why the verdict is not allowed: tampering first, then what could
// not be decided, then the rest in the order of the matrix.
func (v Verdict) Findings() []Finding {
	var findings []Finding
	for _, c := range v.Unmet() {
		if c.Finding != nil && !slices.Contains(findings, *c.Finding) {
			findings = append(findings, *c.Finding)
		}
	}
	rank := func(s Status) int { return slices.Index([]Status{StatusInvalid, StatusError}, s) }
	slices.SortStableFunc(findings, func(a, b Finding) int {
		ra, rb := rank(a.Status), rank(b.Status)
		if ra < 0 {
			ra = 2
		}
		if rb < 0 {
			rb = 2
		}
		return ra - rb
	})
	return findings
}
