package policy

import (
	"slices"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/verify"
)

// Judge says whether the case's artifact may enter.
func (p *Policy) Judge(c Case) Verdict {
	v := Verdict{policy: p, at: c.At, artifact: c.Artifact, rejected: c.Rejected, unknown: c.Unknown}
	if p == nil || c.Artifact.Digest.IsZero() {
		return v
	}
	if c.Facts == nil {
		c.Facts = &Facts{}
	}
	for i := range p.parts {
		cells, notes := p.parts[i].judge(p, c)
		v.cells, v.notes = append(v.cells, cells...), append(v.notes, notes...)
	}
	v.outcome = outcome(v.cells, func(c Cell) bool { return !c.Pending })
	v.effect = outcome(v.cells, func(c Cell) bool { return !c.Pending && c.Mode == ModeEnforce })
	if v.softened() {
		v.effect = Allowed
	}
	return v
}

// softened says whether no document enforces: then what is found is reported, and the
// artifact is let in.
func (v Verdict) softened() bool {
	return len(v.policy.parts) > 0 && !slices.ContainsFunc(v.policy.parts, func(b part) bool { return b.mode == ModeEnforce })
}

// judge judges a part on its own: with each commit that the accepted provenance names, for
// what must agree must agree on one, and the best of these verdicts is the part's.
func (b *part) judge(p *Policy, c Case) ([]Cell, []Note) {
	cells, unused, ok := b.abridged(p, c)
	if ok {
		return cells, unused
	}
	var best *bench
	for _, a := range b.anchors(p, c) {
		x := &bench{part: b, c: c, nodes: p.Nodes(c.Artifact), anchor: a}
		x.run()
		if best == nil || x.unmet() < best.unmet() {
			best = x
		}
		if best.unmet() == 0 {
			break
		}
	}
	return best.cells, append(unused, best.notes...)
}

// A bench is where one part of a policy is judged for one artifact.
type bench struct {
	*part
	c      Case
	nodes  []artifact.Artifact
	anchor anchor
	cells  []Cell
	notes  []Note
	// vexes are what VEX says, clause by clause, for the rules that come after.
	vexes []*vexed
	// aside is evidence of other builds, which counts for nothing.
	aside []stray
}

// run judges section by section, by distance from the root: what comes first is the cause
// of what comes after.
func (b *bench) run() {
	if b.scope == nil {
		b.unmatched()
		return
	}
	b.validity()
	for _, r := range b.requires {
		b.image(r.Image)
		b.signatures(r.Signatures)
		b.bundles(r)
		b.provenance(r.Provenance)
	}
	// The accepted provenance of whichever section says when, and from what, it was built.
	for _, r := range b.requires {
		b.release(r.Image)
		b.source(r.Source)
		b.base(r.Base)
		b.lineage(r.lineage)
		b.sbom(r.SBOM)
		b.vulnerabilities(r.Vulnerabilities)
		for i := range r.Checks {
			b.check(&r.Checks[i])
		}
		for i := range r.Approvals {
			b.approval(&r.Approvals[i])
		}
	}
	b.agree()
	for _, r := range b.requires {
		for i := range r.Rules {
			b.rule(&r.Rules[i])
		}
	}
	b.except()
}

func (b *bench) unmet() int {
	n := 0
	for _, c := range b.cells {
		if c.Required && !c.Status.Allows() {
			n++
		}
	}
	return n
}

// row judges one requirement on every node that it spreads over. The function looks at the
// accepted evidence of the cell, which is there, and adds findings; a cell to which it
// adds none passes.
func (b *bench) row(clause Clause, r Requirement, from []string, judge func(*Cell)) []*Cell {
	first := len(b.cells)
	index := len(b.nodes) > 1 || b.nodes[0].Kind == artifact.KindIndex
	for i, node := range b.nodes {
		if i > 0 && r.spread == whole {
			break
		}
		cell := b.cell(clause, r, node)
		// Evidence about the platforms is as good as evidence about the index, where there
		// are platforms or some were chosen.
		cell.Required = !r.wanted && (i > 0 || !index || r.spread == every || r.spread == whole || len(b.nodes) == 1 && !b.chosen())
		b.gather(&cell, from)
		cell.Candidates = len(cell.Evidence)
		judge(&cell)
		cell.settle()
		if !cell.Required && !cell.Status.Allows() {
			cell.Status, cell.Findings = StatusNotApplicable, nil
		}
		b.cells = append(b.cells, cell)
	}
	var added []*Cell
	for i := first; i < len(b.cells); i++ {
		added = append(added, &b.cells[i])
	}
	return added
}

// chosen says whether the policy selects platforms.
func (b *bench) chosen() bool {
	return slices.ContainsFunc(b.requires, func(r *Require) bool { return r.Image != nil && len(r.Image.Platforms) > 0 })
}

// cell is a cell of this part with nothing judged.
func (b *bench) cell(clause Clause, r Requirement, node artifact.Artifact) Cell {
	c := Cell{Requirement: r, Node: node, Required: true, Threshold: 1, Policy: b.doc.Name, Mode: b.mode, EnforceFrom: clause.EnforceFrom}
	if b.scope != nil {
		c.Scope = b.scope.Name
	}
	c.Pending = !clause.EnforceFrom.IsZero() && !b.c.At.IsZero() && b.c.At.Before(clause.EnforceFrom)
	return c
}

// gather puts into the cell the evidence that is of its kind, covers its node and is by
// one of the identities; and beside it what is by others.
func (b *bench) gather(cell *Cell, from []string) {
	b.want(cell, from)
	for _, e := range b.c.Evidence {
		b.refer(cell, from, e)
		if !cell.Requirement.MetBy(e) || !b.covers(e, cell) {
			continue
		}
		if err := b.accepted(e, from); err != nil {
			cell.refused = append(cell.refused, Rejected{Subject: cell.Node.Digest, Bundle: e.Bundle(), PredicateType: e.PredicateType(), Form: e.Form(), Refusal: verify.Refusal(err)})
			continue
		}
		if b.astray(cell, e) {
			continue
		}
		cell.Evidence = append(cell.Evidence, e)
	}
}

// want notes whose evidence is accepted, for a file's policy: flags are told in the words of
// the keys and identities that they name.
func (b *bench) want(cell *Cell, from []string) {
	if b.doc.Version == 0 {
		return
	}
	for _, name := range from {
		if !slices.Contains(cell.wanted, name) {
			cell.wanted = append(cell.wanted, name)
		}
	}
}

// accepted is nil if one of the named identities made e. Without names anybody did whom
// the roots believe.
func (b *bench) accepted(e *verify.Evidence, from []string) error {
	if len(from) == 0 {
		return nil
	}
	_, err := b.signer(e, from)
	return err
}

// signer is the name of the identity, among those named, that made e.
func (b *bench) signer(e *verify.Evidence, from []string) (string, error) {
	var nearest error
	for _, name := range from {
		s, known := b.signers[name]
		if !known {
			continue // the document was refused if it names one that is not there
		}
		err := s.accepts(e.By(), e.SignedAt())
		if err == nil {
			return name, nil
		}
		if nearest == nil || verify.Refusal(err).Reason == verify.ReasonKeyRevoked {
			nearest = err
		}
	}
	if nearest == nil {
		nearest = &verify.Error{Reason: verify.ReasonIdentityMismatch, Expected: "a signature by an identity of the policy", Found: "a signature by " + e.By().String()}
	}
	return "", nearest
}

// covers says whether e speaks for the cell's node: it is about the node itself, or about
// an index on the way to it; or, for what is about the source, about a commit.
func (b *bench) covers(e *verify.Evidence, cell *Cell) bool {
	switch {
	case cell.Requirement.commit:
		return len(e.Commits()) > 0
	case e.Subject().IsZero():
		return false
	case cell.Requirement.spread == itself:
		return e.Subject() == cell.Node.Digest
	}
	return slices.ContainsFunc(b.c.Artifact.Path(cell.Node.Digest), func(n artifact.Artifact) bool { return n.Digest == e.Subject() })
}

// find adds how a rule ended to the cell.
func (b *bench) find(cell *Cell, clause Clause, f Finding) {
	f.Subject, f.Platform = cell.Node.Digest, cell.Node.Platform
	f.Policy, f.Owner, f.Line = b.doc.Name, b.doc.Owner, clause.Line
	if b.scope != nil {
		f.Scope = b.scope.Name
	}
	cell.Findings = append(cell.Findings, f)
}

// missing adds why the cell has no evidence.
func (b *bench) missing(cell *Cell, clause Clause) {
	b.find(cell, clause, explain(cell, b.c))
}

// settle sets the cell's status to the gravest of its findings'.
func (cell *Cell) settle() {
	cell.Status = StatusPass
	for _, f := range cell.Findings {
		if gravity(f.Status) > gravity(cell.Status) {
			cell.Status = f.Status
		}
	}
}

// gravity orders statuses, the gravest last.
func gravity(s Status) int {
	return slices.Index([]Status{StatusNotApplicable, StatusPass, StatusExcepted, StatusMissing, StatusStale, StatusUntrusted, StatusFail, StatusError, StatusInvalid}, s)
}

// unmatched denies what no scope names.
func (b *bench) unmatched() {
	cell := b.cell(Clause{}, Requirement{name: "policy", rule: "policy", spread: whole}, b.c.Artifact)
	b.find(&cell, Clause{}, Finding{
		Rule: "policy.scope", Status: StatusFail,
		Expected: "a scope of the policy " + b.doc.Name + " that names the image", Found: "none of its " + plural(len(b.doc.Scopes), "scope"),
	})
	cell.settle()
	b.cells = append(b.cells, cell)
}

// outcome is Allowed only where there are required cells that count and every one allows.
func outcome(cells []Cell, counts func(Cell) bool) Outcome {
	required, worst := 0, Allowed
	for _, c := range cells {
		if !c.Required {
			continue
		}
		required++
		if counts(c) && !c.Status.Allows() {
			worst = worse(worst, c.Status)
		}
	}
	if required == 0 {
		return Denied
	}
	return worst
}

// worse keeps the graver of an outcome and a status that does not allow: a sign of
// tampering, then what is certain to be denied, then what could not be decided.
func worse(o Outcome, s Status) Outcome {
	switch {
	case o == Invalid || s == StatusInvalid:
		return Invalid
	case o == Denied || s != StatusError:
		return Denied
	}
	return Undecided
}

// Needs is what judging takes beside evidence.
type Needs struct {
	// Images asks for the configurations of images, Covered for the unsigned statements in
	// an index, CoveredSBOMs for SBOMs among them, Bases for base images, so many levels deep.
	Images, Covered, CoveredSBOMs bool
	Bases                         int
	// Commits asks for evidence about commits, and Contents for what SBOMs list.
	Commits, Contents bool
}

// Needs is what judging takes beside evidence.
func (p *Policy) Needs() Needs {
	var n Needs
	if p == nil {
		return n
	}
	for _, b := range p.parts {
		for _, r := range b.requires {
			n.Images = n.Images || r.Image != nil && (r.Image.MaxAge > 0 || r.Image.MinVersion != "") || r.Base != nil || r.lineage != nil || len(r.Rules) > 0
			if r.Base != nil {
				n.Bases = max(n.Bases, r.Base.Depth, 1)
			}
			n.Commits = n.Commits || r.Source != nil || slices.ContainsFunc(r.Checks, func(c CheckClause) bool { return !c.OnImage }) ||
				slices.ContainsFunc(r.Approvals, func(a ApprovalClause) bool { return a.NotAuthor })
			n.Contents = n.Contents || r.SBOM != nil && !r.SBOM.presence() || r.Vulnerabilities != nil && len(r.Vulnerabilities.VEXFrom) > 0 || len(r.Rules) > 0
			if r.SBOM != nil && r.SBOM.Covered {
				n.Covered, n.CoveredSBOMs = true, true
			}
			if r.Provenance != nil {
				n.Covered = n.Covered || slices.ContainsFunc(r.Provenance.Builders, func(name string) bool { return b.builders[name].Covered })
			}
		}
	}
	return n
}

// Requirements is every kind of evidence that the policy looks at.
func (p *Policy) Requirements() []Requirement {
	var all []Requirement
	for _, c := range p.Judge(Case{Artifact: artifact.Artifact{Kind: artifact.KindImage, Digest: attest.SHA256(nil)}}).Cells() {
		all = append(all, c.Requirement)
	}
	return all
}
