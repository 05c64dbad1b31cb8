package gate

import (
	"context"
	"slices"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/attest/predicate/reference"
	"github.com/carnet-project/carnet/verify"
	"github.com/carnet-project/carnet/verify/policy"
)

// An inquiry is what has been learnt of one artifact so far.
type inquiry struct {
	gate       Gate
	artifact   artifact.Artifact
	candidates []candidate
	evidence   []*verify.Evidence
	rejected   []policy.Rejected
	unknown    []policy.Unknown
	images     map[attest.Digest]policy.Image
	covered    []policy.Covered
	facts      *policy.Facts
	needs      policy.Needs
	// bases are the base images that were found, below how their evidence is found, and
	// asked what was looked for, of which opened were opened. followed says that the evidence so far names no more.
	bases    map[attest.Digest]policy.Base
	below    map[attest.Digest]*inquiry
	asked    map[string]bool
	opened   int
	followed bool
	// unread says why configurations and base images could not be read.
	unread map[attest.Digest]string
	// begun says that the artifact's own near listing has been made, for summaries.
	begun bool
	// referred are the documents that were followed.
	referred map[referral]bool
	// width is how many candidates were last fetched for one cell.
	width int
}

func (g Gate) inquiry(a artifact.Artifact, facts *policy.Facts) *inquiry {
	in := &inquiry{
		gate: g, artifact: a, facts: facts, needs: g.Policy.Needs(), images: map[attest.Digest]policy.Image{},
		bases: map[attest.Digest]policy.Base{}, below: map[attest.Digest]*inquiry{}, asked: map[string]bool{}, unread: map[attest.Digest]string{},
		referred: map[referral]bool{},
	}
	in.followed = !in.descends()
	return in
}

// descends says whether base images are looked at.
func (in *inquiry) descends() bool { return in.needs.Bases > 0 && in.gate.Bases != nil }

func (in *inquiry) known() policy.Case {
	return policy.Case{
		Artifact: in.artifact, Tag: in.gate.Tag, Evidence: in.evidence, Beside: in.gate.Beside, Rejected: in.rejected, Unknown: in.unknown,
		Images: in.images, Unread: in.unread, Bases: in.bases, Covered: in.covered, At: in.gate.At, Deploy: in.gate.Deploy, Facts: in.facts,
	}
}

// open are the cells that more evidence could change: those that are not met, and those
// that all evidence of their kind decides.
func open(v policy.Verdict) []policy.Cell {
	return slices.DeleteFunc(v.Cells(), func(c policy.Cell) bool {
		if c.Requirement.Wanted() {
			return !liftable(v)
		}
		return !c.Required || c.Status.Allows() && !c.Requirement.Exhaustive()
	})
}

// liftable says whether a vulnerability is denied: what VEX may lift.
func liftable(v policy.Verdict) bool {
	return slices.ContainsFunc(v.Unmet(), func(c policy.Cell) bool {
		return slices.ContainsFunc(c.Findings, func(f policy.Finding) bool { return f.Vulnerability != "" && !f.Status.Allows() })
	})
}

// settled says whether nothing that lies elsewhere could change the verdict.
func (in *inquiry) settled(v policy.Verdict) bool {
	return v.Outcome() == policy.Allowed && len(open(v)) == 0
}

// A candidate is evidence that a listing names and that may be fetched.
type candidate struct {
	subject attest.Digest
	found   attest.Found
	depth   Depth
	tried   bool
}

// listed says whether a nearer listing named the candidate already: a far one may
// name it again. Pieces of one manifest come from one listing. What the nearer one
// passed over it has not named: a listing that lies must not hide anything.
func (in *inquiry) listed(c candidate) bool {
	return slices.ContainsFunc(in.candidates, func(known candidate) bool {
		return known.depth < c.depth && known.subject == c.subject && known.found.Manifest == c.found.Manifest &&
			(known.found.Ignored == "" || c.found.Ignored != "")
	})
}

// misleadingBytes is the size up to which a candidate whose annotation names
// another type is fetched all the same, as a last resort. Annotations are not
// authenticated, so one may be wrong; but a large document is not fetched on the
// chance that it is a signature after all.
const misleadingBytes = 64 << 10

// A fit is a way in which a listed piece may be what a requirement asks for.
type fit func(policy.Requirement, attest.Found) bool

// next picks the candidates that could meet what is unmet, by the first way in which
// any fits. It begins with one for each unmet cell, since one is usually enough, and
// takes twice as many each time that did not help.
func (in *inquiry) next(v policy.Verdict, ways []fit) []*candidate {
	in.width = min(max(2*in.width, 1), in.gate.parallel())
	for _, fits := range ways {
		var batch []*candidate
		for _, cell := range open(v) {
			// More provenance helps a cell about bases only when these are known.
			if in.followed || cell.Requirement.Name() != policy.RequireBase {
				batch = in.pick(batch, cell, fits)
			}
		}
		if len(batch) > 0 {
			return batch
		}
	}
	return nil
}

// pick adds to batch up to width untried candidates that fit the cell.
func (in *inquiry) pick(batch []*candidate, cell policy.Cell, fits fit) []*candidate {
	picked, width := 0, in.width
	if cell.Requirement.Exhaustive() {
		width = in.gate.parallel()
	}
	for i := range in.candidates {
		c := &in.candidates[i]
		if c.tried || !in.onPath(cell, c) || !fits(cell.Requirement, c.found) {
			continue
		}
		if !slices.Contains(batch, c) {
			batch = append(batch, c)
		}
		if picked++; picked == width {
			break
		}
	}
	return batch
}

// onPath says whether evidence about the candidate's subject can cover the cell.
func (in *inquiry) onPath(cell policy.Cell, c *candidate) bool {
	if cell.Requirement.OnCommit() {
		return true // it lies wherever the image's evidence does
	}
	for _, node := range in.artifact.Path(cell.Node.Digest) {
		if node.Digest == c.subject {
			return true
		}
	}
	return false
}

func hinted(r policy.Requirement, f attest.Found) bool {
	return r.Hinted(f.PredicateType) || f.PredicateType == reference.V01 && r.Refers(f.Refers)
}

// silent is what says nothing of itself, and a reference that does not say to what.
func silent(_ policy.Requirement, f attest.Found) bool {
	return f.PredicateType == "" || f.PredicateType == reference.V01 && len(f.Refers) == 0
}

func misleading(r policy.Requirement, f attest.Found) bool {
	return !silent(r, f) && !hinted(r, f) && f.Bytes > 0 && f.Bytes <= misleadingBytes
}

// opened is what one candidate turned out to be.
type opened struct {
	evidence []*verify.Evidence
	rejected []policy.Rejected
	unknown  []policy.Unknown
}

func (c *candidate) open(ctx context.Context, roots []verify.Root, commits bool) opened {
	var o opened
	bundles, err := c.found.Open(ctx)
	if err != nil {
		c.refuse(&o, nil, err)
		return o
	}
	for _, b := range bundles {
		e, err := verify.Bundle(b, c.subject, roots...)
		if err != nil && commits && aboutCommit(b) {
			e, err = verify.Commits(b, roots...)
		}
		if err != nil {
			c.refuse(&o, b, err)
			continue
		}
		o.evidence = append(o.evidence, e)
	}
	return o
}

// aboutCommit says whether b claims to be about a git commit and no artifact.
func aboutCommit(b *attest.Bundle) bool {
	st, err := b.UnverifiedStatement()
	return err == nil && !st.Binds() && len(st.Commits()) > 0
}

// refuse records why the candidate is no evidence: what is wrong with it, or that
// nobody could look.
func (c *candidate) refuse(o *opened, b *attest.Bundle, err error) {
	refusal := verify.Refusal(err)
	if refusal.Reason == verify.ReasonUnreadable || refusal.Reason == verify.ReasonTooLarge {
		o.unknown = append(o.unknown, policy.Unknown{Subject: c.subject, Place: c.found.Place, PredicateType: c.found.PredicateType, Reason: refusal.Reason, Detail: err.Error()})
		return
	}
	r := policy.Rejected{
		Subject: c.subject, Place: c.found.Place, Manifest: c.found.Manifest,
		PredicateType: c.found.PredicateType, Form: c.found.Form, Refusal: refusal,
	}
	if b != nil {
		r.Bundle, r.Form = b.Digest(), b.Form()
		if st, err := b.UnverifiedStatement(); err == nil {
			r.PredicateType = st.PredicateType()
			o.rejected = append(o.rejected, claims(r, st)...)
		}
	}
	o.rejected = append(o.rejected, r)
}

// claims are what a refused reference would have been evidence of.
func claims(r policy.Rejected, st *attest.Statement) []policy.Rejected {
	if st.PredicateType() != reference.V01 {
		return nil
	}
	named, err := reference.Parse(st.PredicateType(), st.Predicate())
	if err != nil {
		return nil
	}
	var all []policy.Rejected
	for _, d := range named.Documents {
		r.PredicateType = d.PredicateType
		if d.PredicateType != "" && !slices.ContainsFunc(all, func(o policy.Rejected) bool { return o.PredicateType == d.PredicateType }) {
			all = append(all, r)
		}
	}
	return all
}
