package policy

import (
	"cmp"
	"slices"
	"strings"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/attest/predicate"
	"github.com/carnet-project/carnet/attest/predicate/slsa/known"
	"github.com/carnet-project/carnet/verify"
)

// A candidate is one statement of provenance, and how every rule ended for it. All rules
// are asked of the same statement: two of them never meet a clause together.
type candidate struct {
	// evidence is who signed: the statement, or the index that covers it.
	evidence *verify.Evidence
	// statement is the digest of what has the statement: the bundle, or the attestation
	// manifest of an unsigned one.
	statement attest.Digest
	covered   bool
	view      *known.View
	// refused says that no accepted builder's signer signed it.
	refused error
	// pairs are the builders whose signers did.
	pairs    []pair
	level    int
	anchor   anchor
	findings []Finding
}

// provenance asks for provenance by an accepted pair of signer and builder.
func (b *bench) provenance(r *ProvenanceClause) {
	if r == nil {
		return
	}
	t, compiled := b.provenances[r]
	if !compiled {
		b.unevaluated(r.Clause, "provenance")
		return
	}
	b.row(r.Clause, provenanceRequirement(), nil, func(cell *Cell) {
		b.want(cell, t.signers())
		if t.asks() {
			b.chooseProvenance(cell, t)
		} else if len(cell.Evidence) == 0 {
			b.missing(cell, r.Clause)
		}
	})
}

// chooseProvenance selects the candidates that meet the clause, and tells of the best. If
// none does, the nearest miss explains why.
func (b *bench) chooseProvenance(cell *Cell, t *provenanceTest) {
	var good, missed []candidate
	for _, x := range b.candidates(cell, t) {
		switch {
		case x.refused != nil:
			cell.refused = append(cell.refused, Rejected{Subject: cell.Node.Digest, Bundle: x.statement, PredicateType: predicateOf(x.evidence), Form: x.evidence.Form(), Refusal: verify.Refusal(x.refused)})
		case x.failed() == 0:
			good = append(good, x)
		default:
			missed = append(missed, x)
		}
	}
	cell.Evidence = nil
	if len(good) > 0 {
		cell.levels = map[*verify.Evidence]int{}
		for _, x := range good {
			if !slices.Contains(cell.Evidence, x.evidence) {
				cell.Evidence = append(cell.Evidence, x.evidence)
			}
			cell.levels[x.evidence] = max(cell.levels[x.evidence], x.level)
		}
		best := slices.MaxFunc(good, func(a, b candidate) int {
			return cmp.Or(cmp.Compare(a.level, b.level), -strings.Compare(a.statement.String(), b.statement.String()))
		})
		cell.Level = best.level
		b.tell(cell, t.Clause, best)
		return
	}
	if len(missed) == 0 {
		b.missing(cell, t.Clause)
		return
	}
	// What could not be read might be what is wanted; what is broken is told as such.
	if f := explain(cell, b.c); f.Status == StatusError || f.Status == StatusInvalid {
		b.find(cell, t.Clause, f)
	}
	b.tell(cell, t.Clause, slices.MinFunc(missed, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.failed(), b.failed()), strings.Compare(a.statement.String(), b.statement.String()))
	}))
}

// predicateOf is what the statement is called in the explanation of a refusal.
func predicateOf(e *verify.Evidence) string {
	if e.Kind() == verify.KindSignature {
		return "" // the signature of an index that has the statement
	}
	return e.PredicateType()
}

func (b *bench) tell(cell *Cell, clause Clause, x candidate) {
	for _, f := range x.findings {
		f.Evidence = x.statement
		b.find(cell, clause, f)
	}
}

func (x *candidate) failed() int {
	n := 0
	for _, f := range x.findings {
		if !f.Status.Allows() {
			n++
		}
	}
	return n
}

// ended adds how a rule ended.
func (x *candidate) ended(rule string, ok bool, status Status, expected, found string) {
	if ok {
		status = StatusPass
	}
	x.findings = append(x.findings, Finding{Rule: rule, Status: status, Expected: expected, Found: found})
}

// candidates are the statements about the cell's node or an index on the way to it, judged,
// in the order of their digests.
func (b *bench) candidates(cell *Cell, t *provenanceTest) []candidate {
	var all []candidate
	for _, e := range cell.Evidence {
		x := candidate{evidence: e, statement: e.Bundle()}
		view, err := b.view(e)
		x.view = view
		b.judgeCandidate(&x, t, err)
		all = append(all, x)
	}
	for _, c := range b.c.Covered {
		all = append(all, b.coveredCandidates(cell, c, t)...)
	}
	slices.SortStableFunc(all, func(a, b candidate) int { return strings.Compare(a.statement.String(), b.statement.String()) })
	return all
}

// view is what signed provenance says.
func (b *bench) view(e *verify.Evidence) (*known.View, error) {
	return remember(b.c.Facts, e, "provenance", func() (*known.View, error) { return known.Read(e.PredicateType(), e.Predicate()) })
}

// coveredCandidates are an unsigned statement with each signature of an index that has both
// it and the cell's node. Nobody who signed the index has said what is in it is true, but
// for builders of which the policy says so.
func (b *bench) coveredCandidates(cell *Cell, c Covered, t *provenanceTest) []candidate {
	if c.Statement == nil || predicate.ClassOf(c.Statement.PredicateType()) != predicate.Provenance || !c.about(cell.Node.Digest) {
		return nil
	}
	if !slices.ContainsFunc(t.pairs, func(p pair) bool { return p.Covered }) {
		return nil
	}
	var all []candidate
	for _, e := range b.coverings(cell, c) {
		x := candidate{evidence: e, statement: c.Manifest, covered: true}
		view, err := remember(b.c.Facts, e, "covered "+c.Manifest.String()+" "+c.Statement.PredicateType(), func() (*known.View, error) {
			return known.Read(c.Statement.PredicateType(), c.Statement.Predicate())
		})
		x.view = view
		b.judgeCandidate(&x, t, err)
		if x.refused == nil { // a signature by somebody else says nothing of the statement
			all = append(all, x)
		}
	}
	return all
}

// about says whether the statement is about a node, and the index says so too.
func (c Covered) about(node attest.Digest) bool {
	return c.Subject == node && c.Statement.Binds() && c.Statement.About(node)
}

// coverings are the signatures of an index that has both the statement and the cell's node.
func (b *bench) coverings(cell *Cell, c Covered) []*verify.Evidence {
	above, beside := b.c.Artifact.Path(c.Manifest), b.c.Artifact.Path(cell.Node.Digest)
	var all []*verify.Evidence
	for _, e := range b.c.Evidence {
		has := func(path []artifact.Artifact) bool {
			return slices.ContainsFunc(path, func(n artifact.Artifact) bool { return n.Kind == artifact.KindIndex && n.Digest == e.Subject() })
		}
		if e.Kind() == verify.KindSignature && has(above) && has(beside) {
			all = append(all, e)
		}
	}
	return all
}

// judgeCandidate evaluates every rule for one statement.
func (b *bench) judgeCandidate(x *candidate, t *provenanceTest, unread error) {
	var nearest error
	for _, p := range t.pairs {
		if x.covered && !p.Covered {
			continue
		}
		if _, err := b.signer(x.evidence, p.SignedBy); err == nil {
			x.pairs = append(x.pairs, p)
		} else if nearest == nil || verify.Refusal(err).Reason == verify.ReasonKeyRevoked {
			nearest = err
		}
	}
	if len(t.pairs) > 0 && len(x.pairs) == 0 {
		x.refused = nearest
		if nearest == nil {
			x.refused = verify.ErrUnknownSigner
		}
		return
	}
	if unread != nil {
		x.ended("provenance.format", false, StatusFail, "provenance in a form that is read here", verify.Refusal(unread).Found)
		return
	}
	b.certified(x, t)
	x.builder(t)
	b.levelOf(x, t)
	x.source(t)
	b.triggered(x, t)
	x.parameters(t)
	x.materials(t)
	b.agrees(x)
}
