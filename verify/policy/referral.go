package policy

import (
	"slices"

	"github.com/carnet-project/carnet/attest/predicate/reference"
	"github.com/carnet-project/carnet/verify"
)

// A Referral is a document that accepted evidence refers to. It counts for nothing before it is
// followed: see [verify.Evidence.Follow].
type Referral struct {
	Evidence *verify.Evidence
	Document reference.Document
}

// refer puts into the cell the documents of its kind that evidence refers to, where that covers
// the node and is by one of the identities; and beside it what is by others, which nobody
// follows.
func (b *bench) refer(cell *Cell, from []string, e *verify.Evidence) {
	if e.PredicateType() != reference.V01 || !b.covers(e, cell) {
		return
	}
	documents, _ := remember(b.c.Facts, e, "references", func() ([]reference.Document, error) { return e.References(), nil })
	asked := slices.ContainsFunc(documents, func(d reference.Document) bool { return cell.Requirement.Hinted(d.PredicateType) })
	if !asked {
		return
	}
	refusal := b.accepted(e, from)
	if refusal == nil && b.astray(cell, e) {
		return
	}
	for _, d := range documents {
		switch {
		case !cell.Requirement.Hinted(d.PredicateType):
		case refusal != nil:
			cell.refused = append(cell.refused, Rejected{Subject: cell.Node.Digest, Bundle: e.Bundle(), PredicateType: d.PredicateType, Form: e.Form(), Refusal: verify.Refusal(refusal)})
		default:
			cell.Referrals = append(cell.Referrals, Referral{e, d})
		}
	}
}

// Refers says whether an annotation that names the types of the documents to which evidence
// refers points at what r asks for. It only orders what is fetched.
func (r Requirement) Refers(types []string) bool { return slices.ContainsFunc(types, r.Hinted) }
