package policy

import (
	"slices"
	"strings"
	"time"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/attest/predicate"
	"github.com/carnet-project/carnet/attest/predicate/vsa"
	"github.com/carnet-project/carnet/verify"
)

// Bases are the base images of which the policy wants to know more before it can judge: those
// that the accepted provenance and the annotations name, and of which the case has nothing
// yet, or less than is asked. Each is for one platform.
func (p *Policy) Bases(c Case) []BaseImage {
	if p == nil || c.Artifact.Digest.IsZero() {
		return nil
	}
	if c.Facts == nil {
		c.Facts = &Facts{}
	}
	var all []BaseImage
	for i := range p.parts {
		part := &p.parts[i]
		if part.scope == nil || !slices.ContainsFunc(part.requires, func(r *Require) bool { return r.Base != nil }) {
			continue
		}
		for _, a := range part.anchors(p, c) {
			x := &bench{part: part, c: c, nodes: p.Nodes(c.Artifact), anchor: a}
			x.run()
			for _, i := range x.wanted() {
				if !slices.Contains(all, i) {
					all = append(all, i)
				}
			}
		}
	}
	return all
}

// wanted are the base images that the sections look at and that are not known.
func (b *bench) wanted() []BaseImage {
	var all []BaseImage
	for _, r := range b.requires {
		if r.Base == nil {
			continue
		}
		for _, node := range b.runnable() {
			image, problem := b.config(node)
			if problem != nil || node.Kind != artifact.KindImage {
				continue
			}
			for _, o := range b.origins(node, r.Base) {
				d := &descent{bench: b, clause: r.Base, node: node, image: image, origin: o}
				all = append(all, d.wants()...)
			}
		}
	}
	return all
}

// wants are the candidates that have to be read: the layers of all, to tell which are shipped,
// and then the evidence of these. A single one that must only be listed need not be read: it
// counts whatever its layers are.
func (d *descent) wants() []BaseImage {
	candidates, _ := d.candidates()
	if len(candidates) == 1 && !candidates[0].claim && !d.clause.looks() {
		return nil
	}
	counted := d.counted(candidates)
	var all []BaseImage
	for i, c := range candidates {
		base, known := d.known(c)
		switch {
		case c.Name == "" || c.Digest.IsZero():
		case !c.named && !d.lists(c.Name):
			// Anybody may write annotations: they can't send the verifier to any host they like.
		case !known:
			c.Shallow = true
			all = append(all, c.BaseImage)
		case base.Shallow && counted[i] && d.clause.looks():
			all = append(all, c.BaseImage)
		}
	}
	return all
}

// ForBase is what the policy asks of a base image: by it that image is judged as an artifact
// of its own, and its evidence is looked for.
func (p *Policy) ForBase(i BaseImage) *Policy {
	sub := &Policy{name: i.Name}
	for _, b := range p.parts {
		for _, r := range b.requires {
			if r.Base != nil {
				sub.parts = append(sub.parts, b.asBase(i.Name, r.Base))
			}
		}
	}
	return sub
}

// asBase is the part with nothing asked but what the clause asks of base images. Exceptions
// and the policy's own validity are judged once, with the image.
func (b part) asBase(name string, r *BaseClause) part {
	doc := *b.doc
	doc.Exceptions, doc.Summaries, doc.Expires = nil, nil, time.Time{}
	require := &Require{lineage: &lineage{*r, name}, Agree: []string{}, Line: r.Line}
	if r.Depth > 1 {
		deeper := *r
		deeper.Depth--
		require.Base = &deeper
	}
	b.doc, b.requires, b.exceptions = &doc, []*Require{require}, nil
	return b
}

// isBase says whether the artifact is judged as the base image of another.
func (b *bench) isBase() bool {
	return slices.ContainsFunc(b.requires, func(r *Require) bool { return r.lineage != nil })
}

// descendInto judges a base image as an artifact of its own.
func (d *descent) descendInto(i BaseImage, base Base) {
	sub := &Policy{name: i.Name, parts: []part{d.part.asBase(i.Name, d.clause)}}
	c := base.Case
	c.Artifact, c.At, c.Facts = Narrow(c.Artifact, i.Platform), d.c.At, d.c.Facts
	cells, _ := sub.parts[0].judge(sub, c)
	for _, cell := range cells {
		if !cell.Required {
			continue
		}
		for _, f := range cell.Findings {
			switch f.Rule {
			case "base.missing", "base.identity", "base.invalid", "base.format", "base.proof":
				f.Rule = "base.unverified"
			case "image.config":
				f.Rule = "base.config"
			}
			f.Expected = f.Expected + " (base image " + i.String() + ")"
			d.add(f)
		}
		d.evidence = append(d.evidence, cell.Evidence...)
	}
}

// A lineage is a clause about base images, for one of them by its full repository name.
type lineage struct {
	BaseClause
	name string
}

// lineage judges a base image: the evidence that it must have, and its age.
func (b *bench) lineage(r *lineage) {
	if r == nil {
		return
	}
	from := b.from(&r.BaseClause)
	requirement := Requirement{name: requireBaseImage, rule: "base", spread: platforms, selection: SelectAny}
	switch r.Evidence {
	case BaseListed, "":
	case BaseSignature:
		requirement.what, requirement.classes = "a signature", []predicate.Class{predicate.Signature}
	case BaseProvenance:
		requirement.what, requirement.classes = "SLSA provenance", []predicate.Class{predicate.Provenance}
	case BaseSummary:
		requirement.what, requirement.types = "a verification summary", []string{vsa.V1}
		requirement.selection = SelectNewest
	case BaseSummaryOrProvenance:
		requirement.what, requirement.types = "a verification summary or SLSA provenance", []string{vsa.V1}
		requirement.classes = []predicate.Class{predicate.Provenance}
		requirement.selection = SelectNewest
	default:
		b.unevaluated(r.Clause, "base")
		return
	}
	if requirement.what != "" {
		b.row(r.Clause, requirement, from, func(cell *Cell) { b.vouchedFor(cell, r) })
	}
	if r.MaxAge <= 0 {
		return
	}
	aged := Requirement{name: "base image age", rule: "base", spread: platforms, selection: SelectAny, classes: []predicate.Class{predicate.Provenance}}
	for _, node := range b.runnable() {
		b.single(r.Clause, aged, node, func(cell *Cell) { b.young(cell, r.Clause, "base", r.MaxAge) })
	}
}

// vouchedFor passes the cell where the evidence says something good: any provenance and any
// signature do, a summary only where it passed.
func (b *bench) vouchedFor(cell *Cell, r *lineage) {
	if gap := b.summaryGap(cell); gap != nil {
		b.find(cell, r.Clause, *gap)
		return
	}
	summaries, others := r.split(b.c.Facts, cell.Evidence)
	good, bad := verdictOf(summaries)
	switch {
	case bad != nil:
		// Somebody who is accepted says that it is not good; whatever else there is.
		cell.Evidence = []*verify.Evidence{bad}
		b.find(cell, r.Clause, Finding{
			Rule: "base.unverified", Status: StatusFail, Expected: cell.Requirement.expectation(cell.Node, cell.wanted),
			Found: "a verification summary by " + bad.By().String() + " that says " + vsa.Failed, Evidence: bad.Bundle(),
		})
		return
	case good != nil:
		others = append(others, good)
	case len(others) == 0:
		cell.Evidence = nil
		b.missing(cell, r.Clause)
		return
	}
	cell.Evidence = others
	e := others[len(others)-1]
	b.find(cell, r.Clause, Finding{Rule: "base.unverified", Status: StatusPass, Expected: cell.Requirement.expectation(cell.Node, cell.wanted), Found: "by " + e.By().String(), Evidence: e.Bundle()})
}

// summaryGap is the finding where a summary may exist that nobody could read: it may be newer.
func (b *bench) summaryGap(cell *Cell) *Finding {
	if !slices.Contains(cell.Requirement.types, vsa.V1) {
		return nil
	}
	for _, u := range onPath(b.c.Artifact.Path(cell.Node.Digest), b.c.Unknown, func(u Unknown) attest.Digest { return u.Subject }) {
		if u.PredicateType == "" || u.PredicateType == vsa.V1 {
			return &Finding{Rule: "verify.incomplete", Status: StatusError, Reason: u.Reason, Expected: "all summaries about " + cell.Node.Digest.String() + " readable", Found: u.Detail}
		}
	}
	return nil
}

// A summarised is a summary and whether it passed.
type summarised struct {
	evidence *verify.Evidence
	passed   bool
}

// split takes the summaries out of evidence. One that is for another resource is neither.
func (r *lineage) split(facts *Facts, evidence []*verify.Evidence) (summaries []summarised, others []*verify.Evidence) {
	for _, e := range evidence {
		if e.PredicateType() != vsa.V1 {
			others = append(others, e)
			continue
		}
		s, err := remember(facts, e, "base summary", func() (*vsa.Summary, error) { return vsa.Parse(e.PredicateType(), e.Predicate()) })
		if err == nil && resourceName(s.ResourceURI) == r.name {
			summaries = append(summaries, summarised{e, s.Result == vsa.Passed})
		}
	}
	return summaries, others
}

// resourceName is the full repository name that a summary's resourceUri means.
func resourceName(uri string) string {
	if name, _, ok, err := imageURI(uri); ok && err == nil {
		return name
	}
	return repositoryName(strings.TrimPrefix(uri, "https://"))
}

// verdictOf is the newest summary by trusted time: good if it passed, else bad. Of one moment,
// and of those of which no time is known, the worst counts.
func verdictOf(summaries []summarised) (good, bad *verify.Evidence) {
	for _, s := range summaries {
		if s.passed && (good == nil || s.evidence.SignedAt().After(good.SignedAt())) {
			good = s.evidence
		}
	}
	for _, s := range summaries {
		at := s.evidence.SignedAt()
		if !s.passed && (good == nil || at.IsZero() || !at.Before(good.SignedAt())) {
			return nil, s.evidence
		}
	}
	return good, nil
}
