package policy

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/predicate/vsa"
	"github.com/carnet-project/carnet/verify"
)

// summaryAge is the longest time since the verification where the document says none.
const summaryAge = 24 * time.Hour

func summaryRequirement() Requirement {
	return Requirement{name: "summary", rule: "summary", what: "a verification summary", types: []string{vsa.V1}, spread: whole, selection: SelectAny}
}

// Abridged is the requirement that a summary meets in place of the whole check, for who
// fetches evidence: it is fetched first. It is false where no document accepts summaries.
func (p *Policy) Abridged() (Requirement, bool) {
	if p == nil {
		return Requirement{}, false
	}
	return summaryRequirement(), slices.ContainsFunc(p.parts, func(b part) bool { return b.abridges() == "" })
}

// Digest names what the policy is: the digest of its document, or, of several, the SHA-256
// of their digests, sorted and each followed by a newline. It is the zero Digest if one of
// them was read from nowhere.
func (p *Policy) Digest() attest.Digest {
	var digests []string
	for _, b := range p.parts {
		if b.doc.Digest.IsZero() {
			return attest.Digest{}
		}
		digests = append(digests, b.doc.Digest.String())
	}
	if len(p.parts) == 1 {
		return p.parts[0].doc.Digest
	}
	slices.Sort(digests)
	return attest.SHA256([]byte(strings.Join(slices.Compact(digests), "\n") + "\n"))
}

// abridges is "" where a summary may stand for this document, and else why none may.
func (b *part) abridges() string {
	switch {
	case b.scope == nil || b.doc.Summaries == nil || b.doc.Summaries.Accept == nil:
		return "the document accepts none"
	case b.doc.Digest.IsZero():
		return "the document has no digest that a summary could name"
	}
	for _, r := range b.requires {
		if r.bundleSigners > 1 {
			return "more signers are asked for than the document does"
		}
		for _, rule := range r.Rules {
			if slices.Contains(b.programs[rule.Require].Reads, "deploy") {
				return "the rule " + rule.ID + " depends on where the artifact is to run, which a summary does not say"
			}
		}
	}
	return ""
}

// abridged judges the part by a summary in place of the whole check: the newest, by trusted
// time, by an accepted signer about this very digest, this policy and this name. One that
// passed and is young passes the part; one that failed and is young denies it. Where there
// is none such it is false, and the notes say why the summaries that there are do not count.
func (b *part) abridged(p *Policy, c Case) ([]Cell, []Note, bool) {
	if b.scope == nil || b.doc.Summaries == nil || b.doc.Summaries.Accept == nil {
		return nil, nil, false
	}
	x := &bench{part: b, c: c, nodes: p.Nodes(c.Artifact)}
	accept := b.doc.Summaries.Accept
	cell := x.cell(Clause{Line: accept.Line}, summaryRequirement(), c.Artifact)
	x.gather(&cell, accept.From)
	best := x.newestSummary(p, cell.Evidence)
	if best == nil {
		return nil, x.notes, false
	}
	if gap := x.summaryGap(&cell); gap != nil && best.summary.Result == vsa.Passed {
		x.note("summary.incomplete", "a summary may be newer than the one that passed: "+gap.Found, accept.Line)
		return nil, x.notes, false
	}
	x.validity()
	cell.Candidates, cell.Evidence = len(cell.Evidence), []*verify.Evidence{best.evidence}
	f := Finding{Rule: "summary.failed", Status: StatusPass, Evidence: best.evidence.Bundle(), Expected: "a summary that says " + vsa.Passed}
	f.Found = fmt.Sprintf("%s by %s, %s", best.summary.Result, best.evidence.By(), day(best.at))
	if best.summary.Result != vsa.Passed {
		f.Status = StatusFail
	}
	x.find(&cell, Clause{Line: accept.Line}, f)
	cell.settle()
	x.cells = append(x.cells, cell)
	return x.cells, x.notes, true
}

// An abridgement is a summary that counts, and the time of it.
type abridgement struct {
	evidence *verify.Evidence
	summary  *vsa.Summary
	at       time.Time
}

// newestSummary is the summary that decides, or nil: one that failed and than which none
// that passed is newer, or else the newest that passed with all levels after any that failed.
// So it never helps to take away one that passed.
func (b *bench) newestSummary(p *Policy, all []*verify.Evidence) *abridgement {
	accept := b.doc.Summaries.Accept
	if why := b.abridges(); why != "" && len(all) > 0 {
		b.note("summary.unusable", "no summary stands for the check: "+why, accept.Line)
		return nil
	}
	var failed, passed, whole *abridgement
	for _, e := range all {
		x, rule, why := b.abridgement(p, e)
		if why == "" && x.summary.Result != vsa.Passed {
			failed = x.orNewer(failed)
			continue
		}
		if why == "" {
			passed = x.orNewer(passed)
			if gap := missingLevel(x.summary, accept.Levels); gap != "" {
				rule, why = "summary.level", "it does not state "+gap
			}
		}
		if why != "" {
			b.note(rule, "the summary "+e.Bundle().String()+" does not stand for the check: "+why, accept.Line)
			continue
		}
		whole = x.orNewer(whole)
	}
	switch {
	case failed != nil && !passed.after(failed):
		return failed
	case whole != nil && (failed == nil || whole.after(failed)):
		return whole
	}
	return nil
}

// after says whether a is newer by a second.
func (a *abridgement) after(b *abridgement) bool { return a != nil && a.at.Unix() > b.at.Unix() }

func (a *abridgement) orNewer(b *abridgement) *abridgement {
	if b == nil || a.after(b) {
		return a
	}
	return b
}

// abridgement reads a summary and says why it does not count, if it does not.
func (b *bench) abridgement(p *Policy, e *verify.Evidence) (x *abridgement, rule, why string) {
	s, err := remember(b.c.Facts, e, "summary", func() (*vsa.Summary, error) { return vsa.Parse(e.PredicateType(), e.Predicate()) })
	if err != nil {
		return nil, "summary.format", err.Error()
	}
	policies := []string{b.doc.Digest.Hex(), p.Digest().Hex()}
	if got := s.Policy.Digest[string(b.doc.Digest.Algorithm())]; !slices.Contains(policies, got) || got == "" {
		return nil, "summary.policy", "it is about another policy than " + b.doc.Digest.String()
	}
	if !b.meansThis(s.ResourceURI) {
		return nil, "summary.resource", "it is about " + clip(s.ResourceURI) + ", not " + b.name
	}
	at, why := b.summaryTime(e, s.TimeVerified)
	return &abridgement{e, s, at}, "summary.stale", why
}

// meansThis says whether a summary's resourceUri names the image that is judged.
func (b *bench) meansThis(uri string) bool {
	if b.name == "" || resourceName(uri) != b.name {
		return false
	}
	_, pinned, _, _ := imageURI(uri)
	if pinned == "" {
		_, pinned, _ = strings.Cut(uri, "@")
	}
	return pinned == "" || pinned == b.c.Artifact.Digest.String()
}

// summaryTime is when the summary was made: the earlier of when it was signed, by a trusted
// clock, and of when it says that was verified. Both have to be there, and young.
func (b *bench) summaryTime(e *verify.Evidence, claimed time.Time) (time.Time, string) {
	most := b.doc.Summaries.Accept.MaxAge
	if most == 0 {
		most = summaryAge
	}
	at := e.SignedAt()
	switch {
	case b.c.At.IsZero():
		return at, "there is no time to judge for"
	case claimed.IsZero():
		return at, "it does not say when was verified"
	case at.IsZero() && !b.doc.Trust.Claimed:
		return at, "nobody trusted says when it was signed"
	case at.IsZero():
		at = claimed
	case claimed.After(at.Add(skew)):
		return at, "it claims to be of " + day(claimed) + ", and was signed " + day(at)
	case claimed.Before(at):
		at = claimed
	}
	switch {
	case at.After(b.c.At.Add(skew)):
		return at, "it is of " + day(at) + ", which is later than " + day(b.c.At)
	case b.c.At.Sub(at) > most:
		return at, fmt.Sprintf("it is of %s, %s old, and at most %s are accepted", day(at), age(b.c.At.Sub(at)), age(most))
	}
	return at, ""
}

// missingLevel is the first of the levels that the summary does not state, or "".
func missingLevel(s *vsa.Summary, levels []string) string {
	for _, level := range levels {
		if !s.Has(level) {
			return level
		}
	}
	return ""
}

func summaryRules() []Rule {
	return []Rule{
		{"summary.failed", []Status{StatusFail}, "The newest summary that the policy accepts says PASSED.", "look at why that verification failed; when it is mended, verify again with the whole check and issue a new summary"},
	}
}
