package policy

import (
	"slices"
	"time"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/verify"
)

// A Verdict is a judged case. The zero Verdict denies.
type Verdict struct {
	outcome, effect Outcome
	policy          *Policy
	at              time.Time
	artifact        artifact.Artifact
	cells           []Cell
	notes           []Note
	rejected        []Rejected
	unknown         []Unknown
}

// A Cell is one field of the matrix evidence × node, and how its rules ended.
type Cell struct {
	Requirement Requirement
	// Node is the index, platform manifest or file that the cell is about.
	Node artifact.Artifact
	// Required says whether the verdict hangs on this cell.
	Required bool
	// Threshold is how many distinct signers are wanted.
	Threshold int
	// Status is the gravest of the findings'.
	Status Status
	// Evidence is what was selected. Its subject may be an index that contains the node.
	Evidence []*verify.Evidence
	// Candidates is how many accepted pieces there were to select from.
	Candidates int
	// Referrals are documents of the kind that accepted evidence refers to, followed or not.
	Referrals []Referral
	// Findings are how the rules of the cell ended, those that allow included.
	Findings []Finding
	// Level is the SLSA build level that the selected provenance reached, in a cell about
	// provenance that is met; 0 is none or not looked at.
	Level int
	// Policy is the name of the document that asks, Scope its scope, Mode what becomes of
	// the verdict, and EnforceFrom when the clause begins to deny.
	Policy, Scope string
	Mode          Mode
	EnforceFrom   time.Time
	// Pending says that the clause does not deny yet.
	Pending bool

	// levels are the SLSA build levels of the selected provenance, each by itself.
	levels map[*verify.Evidence]int
	// wanted are the identities whose evidence would be accepted, where a file names them.
	wanted []string
	// refused is evidence of the kind whose signer is not accepted here.
	refused []Rejected
}

// A Finding is how a rule ended: what was expected and what was found.
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
	// Fix is the policy's own advice, or "".
	Fix string
	// Evidence is the bundle that was judged, or zero.
	Evidence attest.Digest
	// Vulnerability, Package and Check are what a finding about one of these is about.
	Vulnerability, Package, Check string
	// Aliases are other names of the vulnerability, sorted, with a space between.
	Aliases string
	// Follows is the rule without which this one could not be evaluated: a consequence.
	Follows string
	// Exception is the id of the exception that lets it pass.
	Exception string
	// Policy, Scope, Line and Owner say where the rule comes from and whose it is.
	Policy, Scope string
	Line          int
	Owner         string
}

// A Note is worth knowing and decides nothing: an exception that is about to end.
type Note struct {
	// Rule is the note's stable id, such as "exception.expiring".
	Rule, Text string
	// Policy and Line say where it comes from.
	Policy string
	Line   int
}

// Allowed says whether the artifact may enter. Nothing else means success. Under a policy
// that only warns or audits it may, whatever the outcome.
func (v Verdict) Allowed() bool { return v.effect == Allowed }

// Outcome is the verdict in one word, the same in every mode; the zero Verdict's is
// "denied".
func (v Verdict) Outcome() Outcome {
	if v.outcome == "" {
		return Denied
	}
	return v.outcome
}

// Mode is the strictest mode of the policy's documents.
func (v Verdict) Mode() Mode {
	mode := ModeAudit
	if v.policy == nil {
		return ModeEnforce
	}
	for _, b := range v.policy.parts {
		if b.mode.strictness() > mode.strictness() {
			mode = b.mode
		}
	}
	return mode
}

// Policy is what the case was judged by; nil for the zero Verdict.
func (v Verdict) Policy() *Policy { return v.policy }

// At is the time for which the case was judged.
func (v Verdict) At() time.Time { return v.at }

// Artifact is what was judged.
func (v Verdict) Artifact() artifact.Artifact { return v.artifact }

// Cells is the matrix, requirement by requirement and node by node.
func (v Verdict) Cells() []Cell { return slices.Clone(v.cells) }

// Notes are worth knowing and decide nothing.
func (v Verdict) Notes() []Note { return slices.Clone(v.notes) }

// Rejected lists the evidence that was looked at and refused.
func (v Verdict) Rejected() []Rejected { return slices.Clone(v.rejected) }

// Unknown lists what could not be looked at.
func (v Verdict) Unknown() []Unknown { return slices.Clone(v.unknown) }

// Evidence lists the evidence that was selected, each piece once.
func (v Verdict) Evidence() []*verify.Evidence {
	var all []*verify.Evidence
	for _, c := range v.cells {
		for _, e := range c.Evidence {
			if !slices.Contains(all, e) {
				all = append(all, e)
			}
		}
	}
	return all
}

// Unmet lists the required cells that do not allow, whatever becomes of it.
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
// not be decided, then the rest in the order of the matrix, consequences last.
func (v Verdict) Findings() []Finding {
	var ranks [4][]Finding
	told := map[Finding]bool{}
	for _, c := range v.Unmet() {
		for _, f := range c.Findings {
			if !f.Status.Allows() && !told[f] {
				told[f] = true
				ranks[f.rank()] = append(ranks[f.rank()], f)
			}
		}
	}
	return slices.Concat(ranks[:]...)
}

// rank is the finding's place in a list of all, from 0 to 3.
func (f *Finding) rank() int {
	switch {
	case f.Status == StatusInvalid:
		return 0
	case f.Status == StatusError:
		return 1
	case f.Follows == "":
		return 2
	}
	return 3
}
