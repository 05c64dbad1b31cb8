package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/predicate"
	"github.com/carnet-project/carnet/attest/predicate/slsa/known"
	"github.com/carnet-project/carnet/verify"
)

// agrees holds a build against what is to be agreed on: the platforms of an index may
// have provenance each, and not of different builds.
func (b *bench) agrees(x *candidate) {
	dimensions := b.dimensions()
	x.anchor = anchorOf(x.view, dimensions)
	if b.anchor == (anchor{}) || b.anchor.over {
		return
	}
	for _, d := range dimensions {
		if want, found := b.anchor.at(d), x.anchor.at(d); want != found {
			x.ended("agree."+d, false, StatusFail, "one "+d+" for all: "+or(want, "none that is named"), or(found, "no "+d)+" in this provenance")
		}
	}
}

// A stray is evidence by a builder's signer whose certificate is of another build.
type stray struct {
	requirement string
	node        attest.Digest
	evidence    *verify.Evidence
	dimension   string
	found       string
}

// strays are in what the certificate of a builder's signer differs from the anchor. What
// others sign may well come from elsewhere: a nightly scan has a repository of its own.
func (b *bench) strays(cell *Cell, e *verify.Evidence) []stray {
	c := e.By().Certificate
	if c == nil || b.anchor == (anchor{}) || b.anchor.over {
		return nil
	}
	certified := anchor{repository: certifiedRepository(c), commit: c.Claims[attest.ClaimSourceRepositoryDigest], run: c.Claims[attest.ClaimRunInvocationURI]}
	var all []stray
	for _, d := range b.dimensions() {
		want, found := b.anchor.at(d), certified.at(d)
		if want == "" || found == "" || want == found || d == agreeRun && sameRun(found, want) {
			continue
		}
		all = append(all, stray{cell.Requirement.name, cell.Node.Digest, e, d, found})
	}
	if len(all) == 0 || !b.byBuilder(e) {
		return nil
	}
	return all
}

func certifiedRepository(c *attest.Certificate) string {
	uri := c.Claims[attest.ClaimSourceRepositoryURI]
	s, err := known.ParseSource(uri)
	if err != nil {
		return uri
	}
	return known.Fold(s.Repository)
}

// byBuilder says whether one of the signers of an accepted builder made e.
func (b *bench) byBuilder(e *verify.Evidence) bool {
	for _, t := range b.tests() {
		if _, err := b.signer(e, t.signers()); err == nil {
			return true
		}
	}
	return false
}

// astray sets evidence of another build aside, where any good piece is enough. Where all or
// the newest count nothing is set aside, for that could hide a bad result.
func (b *bench) astray(cell *Cell, e *verify.Evidence) bool {
	if cell.Requirement.Exhaustive() || slices.Contains(cell.Requirement.classes, predicate.Provenance) {
		return false
	}
	strays := b.strays(cell, e)
	b.aside = append(b.aside, strays...)
	return len(strays) > 0
}

// agree asks that all evidence speaks of one repository, one commit, one run.
func (b *bench) agree() {
	dimensions := b.dimensions()
	if b.anchor == (anchor{}) || len(dimensions) == 0 && !b.anchor.over {
		return
	}
	clause := b.tests()[0].Clause
	cell := b.cell(clause, Requirement{name: "agreement", rule: "agree", what: "evidence of one build", spread: whole}, b.c.Artifact)
	if b.anchor.over {
		b.find(&cell, clause, Finding{
			Rule: "agree.bound", Status: StatusError, Expected: fmt.Sprintf("provenance of at most %d builds", maxAnchors), Found: "accepted provenance of more",
		})
	}
	against := b.against()
	for _, d := range dimensions {
		want := b.anchor.at(d)
		if want == "" {
			continue
		}
		f := Finding{Rule: "agree." + d, Status: StatusPass, Expected: "one " + d, Found: want}
		if said := against[d]; len(said) > 0 {
			f.Status, f.Expected, f.Found = StatusFail, "one "+d+": "+want+", as the provenance says", list(said, 5)
		}
		b.find(&cell, clause, f)
	}
	cell.settle()
	b.cells = append(b.cells, cell)
}

// against is what says something else than the anchor, by the dimension. A cell that is met
// without what was set aside is not disturbed by it.
func (b *bench) against() map[string][]string {
	said := map[string][]string{}
	add := func(s stray) {
		text := fmt.Sprintf("%s by %s of %s: %s", s.requirement, s.evidence.By(), s.node, clipped(s.found))
		if !slices.Contains(said[s.dimension], text) {
			said[s.dimension] = append(said[s.dimension], text)
		}
	}
	for i := range b.cells {
		cell := &b.cells[i]
		if !cell.Required {
			continue
		}
		if cell.Requirement.Exhaustive() {
			for _, e := range cell.Evidence {
				for _, s := range b.strays(cell, e) {
					add(s)
				}
			}
		}
		if cell.Status.Allows() {
			continue
		}
		for _, s := range b.aside {
			if s.requirement != cell.Requirement.name || s.node != cell.Node.Digest {
				continue
			}
			add(s)
			for j := range cell.Findings {
				if f := &cell.Findings[j]; f.Status == StatusMissing || f.Status == StatusUntrusted || strings.HasSuffix(f.Rule, ".threshold") {
					f.Follows = "agree." + s.dimension
				}
			}
		}
	}
	for _, texts := range said {
		slices.Sort(texts)
	}
	return said
}
