package policy

import (
	"cmp"
	"slices"

	"github.com/carnet-project/carnet/attest/predicate/slsa/known"
)

// An anchor is what all evidence must agree on: the repository and the commit, say, that
// one accepted provenance names. The zero anchor fixes nothing.
type anchor struct {
	repository, commit, run, builder string
	// over says that there are more than can be tried.
	over bool
}

// maxAnchors bounds with how many anchors a part is judged. Only accepted provenance makes
// one, so that whoever can merely store evidence makes none.
const maxAnchors = 16

// The dimensions of an agreement, as policies name them.
const (
	agreeRepository = "repository"
	agreeCommit     = "commit"
	agreeRun        = "run"
	agreeBuilder    = "builder"
)

// dimensions are on what must be agreed: what the requirements name, and the repository and
// the commit where none names anything.
func (b *part) dimensions() []string {
	var all []string
	said := false
	for _, r := range b.requires {
		said = said || r.Agree != nil
		all = append(all, r.Agree...)
	}
	if !said {
		return []string{agreeRepository, agreeCommit}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// anchorOf is the anchor that a view makes. The repository and the commit are always in it,
// for checks of the source need to know them; what else is only if it is to be agreed on.
func anchorOf(v *known.View, dimensions []string) anchor {
	a := anchor{repository: known.Fold(v.Repository), commit: v.Commit}
	for _, d := range dimensions {
		switch d {
		case agreeRun:
			a.run = or(v.Run, v.InvocationID)
		case agreeBuilder:
			a.builder = v.BuilderID
		}
	}
	return a
}

// at is the anchor's value in a dimension.
func (a anchor) at(dimension string) string {
	switch dimension {
	case agreeRepository:
		return a.repository
	case agreeCommit:
		return a.commit
	case agreeRun:
		return a.run
	case agreeBuilder:
		return a.builder
	}
	return ""
}

func (a anchor) compare(b anchor) int {
	return cmp.Or(cmp.Compare(a.repository, b.repository), cmp.Compare(a.commit, b.commit), cmp.Compare(a.run, b.run), cmp.Compare(a.builder, b.builder))
}

// anchors are those that the accepted provenance offers, at least one. The part is judged
// with each, for what must agree must agree on one.
func (b *part) anchors(p *Policy, c Case) []anchor {
	dimensions := b.dimensions()
	if b.scope == nil {
		return []anchor{{}}
	}
	x := &bench{part: b, c: c, nodes: p.Nodes(c.Artifact)}
	var all []anchor
	for _, t := range b.tests() {
		for _, node := range x.nodes {
			cell := x.cell(t.Clause, provenanceRequirement(), node)
			x.gather(&cell, nil)
			for _, each := range x.candidates(&cell, t) {
				if each.refused == nil && each.failed() == 0 {
					all = append(all, anchorOf(each.view, dimensions))
				}
			}
		}
	}
	slices.SortFunc(all, anchor.compare)
	switch all = slices.Compact(all); {
	case len(all) == 0:
		return []anchor{{}}
	case len(all) > maxAnchors:
		return []anchor{{over: true}}
	}
	return all
}

// tests are the clauses about provenance that ask who built.
func (b *part) tests() []*provenanceTest {
	var all []*provenanceTest
	for _, r := range b.requires {
		if t := b.provenances[r.Provenance]; t != nil && t.asks() && !slices.Contains(all, t) {
			all = append(all, t)
		}
	}
	return all
}

// commit is the commit that was built, as the accepted provenance says; false where no
// accepted provenance names one.
func (b *bench) commit() (string, bool) { return b.anchor.commit, b.anchor.commit != "" }

// repository is the source repository that was built, as an https URL in the form of
// [known.Fold]; false as for commit.
func (b *bench) repository() (string, bool) {
	return b.anchor.repository, b.anchor.repository != ""
}
