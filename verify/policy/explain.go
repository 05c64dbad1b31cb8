package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/verify"
)

// explain says why a cell has no evidence, by the nearest miss: something broken or
// foreign that claims to be what is missing, then what could not be looked at, then
// the right kind by the wrong signer, then nothing at all.
func explain(cell *Cell, c Case) Finding {
	f := Finding{
		Rule:     cell.Requirement.rule + ".missing",
		Status:   StatusMissing,
		Expected: cell.Requirement.expectation(cell.Node, cell.wanted),
	}
	path := cell.places(c.Artifact)
	miss, status := nearest(cell.Requirement, path, slices.Concat(c.Rejected, cell.refused))
	if miss != nil && status == StatusInvalid {
		return f.because(cell, miss, status)
	}
	if gaps := onPath(path, c.Unknown, func(u Unknown) attest.Digest { return u.Subject }); len(gaps) > 0 {
		f.Rule, f.Status = "verify.incomplete", StatusError
		f.Expected = "all evidence about " + cell.Node.Digest.String() + " readable"
		f.Found, f.Reason = gaps[0].Detail, gaps[0].Reason
		return f
	}
	if miss != nil {
		return f.because(cell, miss, status)
	}
	f.Found = nothing(cell, c)
	return f
}

// places are the nodes that evidence for the cell may be stored with: those on the way to its
// node, or, for what is about the source, any.
func (cell *Cell) places(a artifact.Artifact) []artifact.Artifact {
	if !cell.Requirement.commit {
		return a.Path(cell.Node.Digest)
	}
	all := []artifact.Artifact{a}
	for i := 0; i < len(all); i++ {
		all = append(all, all[i].Children...)
	}
	return all
}

func (f Finding) because(cell *Cell, miss *Rejected, status Status) Finding {
	r := cell.Requirement
	f.Status = status
	f.Reason = miss.Refusal.Reason
	f.Rule = r.rule + "." + map[Status]string{
		StatusInvalid: "invalid", StatusUntrusted: "identity", StatusFail: "format", StatusMissing: "missing", StatusError: "incomplete",
	}[status]
	switch {
	case status == StatusError:
		f.Rule = "verify.incomplete"
	case unproved(f.Reason):
		f.Rule = r.rule + ".proof"
	}
	f.Expected = miss.Refusal.Expected
	if len(cell.wanted) > 0 && (f.Reason == verify.ReasonUnknownSigner || f.Reason == verify.ReasonIdentityMismatch) {
		// A root knows whom it trusts, and not whom this rule accepts.
		f.Expected = r.what + " by " + strings.Join(cell.wanted, " or ")
	}
	f.Found = fmt.Sprintf("%s (%s, in %s)", miss.Refusal.Found, f.Reason, miss.where())
	return f
}

func (r Rejected) where() string {
	if !r.Manifest.IsZero() {
		return string(r.Place) + " manifest " + r.Manifest.String()
	}
	if r.Place == "" {
		return "bundle " + r.Bundle.String()
	}
	return string(r.Place)
}

// nearest is the rejected piece that says most about why r is not met: the one with
// the gravest status among those that claim to be what r asks for, and among these the
// one that came furthest.
func nearest(r Requirement, path []artifact.Artifact, all []Rejected) (*Rejected, Status) {
	order := []Status{StatusInvalid, StatusError, StatusFail, StatusUntrusted, StatusMissing}
	var best *Rejected
	rank := len(order)
	for _, miss := range onPath(path, all, func(m Rejected) attest.Digest { return m.Subject }) {
		if !r.claimedBy(miss) {
			continue
		}
		at := slices.Index(order, statusOf(miss.Refusal.Reason))
		if at < rank || at == rank && progress(miss.Refusal.Reason) > progress(best.Refusal.Reason) {
			best, rank = &miss, at
		}
	}
	if best == nil {
		return nil, StatusMissing
	}
	return best, order[rank]
}

// progress is how far a piece of evidence came before it was refused: one whose signer
// is known for certain, and not accepted, says more than one by anybody.
func progress(reason verify.Reason) int {
	switch reason {
	case verify.ReasonKeyValidity, verify.ReasonKeyRevoked:
		return 4
	case verify.ReasonIdentityMismatch:
		return 3
	case verify.ReasonInstanceMismatch:
		return 2
	case verify.ReasonUnknownSigner, verify.ReasonKeyAlgorithm:
		return 0
	}
	return 1
}

// unproved says whether the signer may be a good one, and nobody who is trusted vouches
// for the signature.
func unproved(reason verify.Reason) bool {
	switch reason {
	case verify.ReasonSCTMissing, verify.ReasonLogMissing, verify.ReasonLogUnknown, verify.ReasonTimeMissing, verify.ReasonTimestampUnknown:
		return true
	}
	return false
}

// statusOf is the class of a reason.
func statusOf(reason verify.Reason) Status {
	switch reason {
	case verify.ReasonUnknownSigner, verify.ReasonKeyAlgorithm, verify.ReasonCertificateUntrusted,
		verify.ReasonIdentityMismatch, verify.ReasonInstanceMismatch,
		// Nothing is broken: nobody who is trusted vouches for it, or not for that time.
		verify.ReasonSCTMissing, verify.ReasonLogMissing, verify.ReasonLogUnknown, verify.ReasonTimeMissing,
		verify.ReasonTimestampUnknown, verify.ReasonKeyValidity, verify.ReasonKeyRevoked:
		return StatusUntrusted
	case verify.ReasonPredicateMalformed, verify.ReasonUnsupported:
		return StatusFail
	case verify.ReasonTooLarge, verify.ReasonUnreadable:
		return StatusError
	case verify.ReasonUnsigned, verify.ReasonDocumentMissing:
		return StatusMissing
	}
	return StatusInvalid
}

func onPath[T any](path []artifact.Artifact, all []T, subject func(T) attest.Digest) []T {
	var on []T
	for _, x := range all {
		if slices.ContainsFunc(path, func(n artifact.Artifact) bool { return n.Digest == subject(x) }) {
			on = append(on, x)
		}
	}
	return on
}

// nothing describes an empty cell: what else there is, for that is often the fix.
func nothing(cell *Cell, c Case) string {
	var others []string
	for _, e := range c.Evidence {
		kind := string(e.Kind())
		if e.PredicateType() != "" && e.Kind() == verify.KindAttestation {
			kind += " of type " + e.PredicateType()
		}
		switch {
		case e.Subject().IsZero():
			kind += " of commit " + list(e.Commits(), 3)
		case e.Subject() != cell.Node.Digest:
			kind += " of " + e.Subject().String()
		}
		if !slices.Contains(others, kind) {
			others = append(others, kind)
		}
	}
	if len(others) == 0 {
		return "none"
	}
	return "none; there is " + strings.Join(others, ", ")
}

func platformNames(a artifact.Artifact) string {
	var names []string
	for _, n := range a.Runnable() {
		if n.Platform != "" {
			names = append(names, n.Platform)
		}
	}
	if len(names) == 0 {
		return "an artifact that names no platform"
	}
	return strings.Join(names, ", ")
}
