package policy

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/carnet-project/carnet/attest/predicate"
	"github.com/carnet-project/carnet/attest/predicate/slsa/known"
	"github.com/carnet-project/carnet/attest/predicate/vsa"
	"github.com/carnet-project/carnet/verify"
	"github.com/carnet-project/carnet/verify/internal/gitsign"
)

// source asks for what is known of the commit that was built: a summary by whoever verifies
// the source (slsa.dev, spec/verifying-source.md), and that the commit is signed.
func (b *bench) source(r *SourceClause) {
	if r == nil {
		return
	}
	if r.MinLevel > 0 || len(r.Properties) > 0 || len(r.CommitsSignedBy) == 0 {
		b.row(r.Clause, summaryOfSource(), r.From, func(cell *Cell) { b.verifiedSource(cell, r) })
	}
	if len(r.CommitsSignedBy) > 0 {
		b.row(r.Clause, commitRequirement("commit signature", "source"), r.From, func(cell *Cell) { b.signedCommit(cell, r) })
	}
}

// summaryOfSource is looked at in whole, for a verifier that found the source wanting denies.
func summaryOfSource() Requirement {
	return Requirement{
		name: "source", rule: "source", what: "a summary of how the source was verified", classes: []predicate.Class{predicate.Summary},
		spread: whole, commit: true, selection: SelectNewest,
	}
}

// An assessment is one summary of the source, read.
type assessment struct {
	of      *verify.Evidence
	summary *vsa.Summary
}

func (b *bench) verifiedSource(cell *Cell, r *SourceClause) {
	all := cell.Evidence
	cell.Evidence = nil
	built, known := b.commit()
	switch {
	case !known:
		b.find(cell, r.Clause, commitUnknown("source.missing", cell.Requirement.what+" of the commit that was built"))
		return
	case len(all) == 0:
		b.missing(cell, r.Clause)
		return
	case b.unreadable(cell, r.Clause):
		return
	}
	var of []assessment
	for _, e := range all {
		if !slices.Contains(e.Commits(), built) {
			continue
		}
		s, err := remember(b.c.Facts, e, "summary", func() (*vsa.Summary, error) { return vsa.Parse(e.PredicateType(), e.Predicate()) })
		if err != nil {
			b.find(cell, r.Clause, Finding{Rule: "source.format", Status: StatusError, Evidence: e.Bundle(), Expected: "a summary that can be read", Found: err.Error()})
			return
		}
		of = append(of, assessment{e, s})
	}
	if len(of) == 0 {
		b.find(cell, r.Clause, Finding{Rule: "source.missing", Status: StatusMissing, Expected: cell.Requirement.what + " of " + built, Found: "summaries of " + list(commitsOf(all), 3)})
		return
	}
	b.assess(cell, r, slices.DeleteFunc(slices.Clone(of), func(x assessment) bool {
		return slices.ContainsFunc(of, func(y assessment) bool { return replaces(y.of, x.of) })
	}))
}

func commitsOf(all []*verify.Evidence) []string {
	var commits []string
	for _, e := range all {
		commits = append(commits, e.Commits()...)
	}
	slices.Sort(commits)
	return slices.Compact(commits)
}

// assess holds the newest summaries to the clause. Of one verifier all of the last second have
// to meet it, for which is the newer nobody knows; and one verifier that does is enough, unless
// another found that the source failed.
func (b *bench) assess(cell *Cell, r *SourceClause, all []assessment) {
	for _, x := range all {
		if x.summary.Result != vsa.Passed {
			cell.Evidence = append(cell.Evidence, x.of)
			b.find(cell, r.Clause, Finding{Rule: "source.failed", Status: StatusFail, Evidence: x.of.Bundle(), Expected: "a source that was verified", Found: x.summary.Result + " by " + x.summary.VerifierID})
			return
		}
	}
	var best []Finding
	for _, x := range all {
		var findings []Finding
		for _, y := range all {
			if y.of.By().Same(x.of.By()) {
				findings = append(findings, b.conditions(r, y)...)
			}
		}
		if best == nil || unmetConditions(findings) < unmetConditions(best) {
			best, cell.Evidence = findings, []*verify.Evidence{x.of}
		}
	}
	for _, f := range best {
		b.find(cell, r.Clause, f)
	}
}

func unmetConditions(findings []Finding) int {
	return len(slices.DeleteFunc(slices.Clone(findings), func(f Finding) bool { return f.Status.Allows() }))
}

// conditions are how each condition ends for one summary.
func (b *bench) conditions(r *SourceClause, x assessment) []Finding {
	add := func(rule string, ok bool, expected, found string) Finding {
		f := Finding{Rule: rule, Status: StatusPass, Evidence: x.of.Bundle(), Expected: expected, Found: found}
		if !ok {
			f.Status = StatusFail
		}
		return f
	}
	var findings []Finding
	if repository, ok := b.repository(); !ok {
		findings = append(findings, Finding{Rule: "source.repository", Status: StatusMissing, Follows: "provenance.missing", Evidence: x.of.Bundle(), Expected: "a summary of the repository that was built", Found: "no accepted provenance that says which that is"})
	} else {
		findings = append(findings, add("source.repository", ofRepository(x.summary.ResourceURI, repository), "a summary of "+repository, x.summary.ResourceURI))
	}
	if r.MinLevel > 0 {
		level := x.summary.Level(vsa.Source)
		found := fmt.Sprintf("level %d", level)
		if level < 0 {
			found = "no level of the source track"
		}
		findings = append(findings, add("source.level", level >= r.MinLevel, fmt.Sprintf("SLSA source level %d or higher", r.MinLevel), found))
	}
	if len(r.Properties) > 0 {
		missing := slices.DeleteFunc(slices.Clone(r.Properties), x.summary.Has)
		found := list(x.summary.Levels, 5)
		if len(missing) > 0 {
			found += ", and not " + list(missing, 3)
		}
		findings = append(findings, add("source.review", len(missing) == 0, strings.Join(r.Properties, ", "), found))
	}
	return findings
}

// ofRepository says whether a summary's resource is the repository.
func ofRepository(resource, repository string) bool {
	s, err := known.ParseSource(resource)
	return err == nil && known.Fold(s.Repository) == known.Fold(repository)
}

// signedCommit asks that one of the git identities signed the commit.
func (b *bench) signedCommit(cell *Cell, r *SourceClause) {
	built, known := b.commit()
	if !known {
		cell.Evidence = nil
		b.find(cell, r.Clause, commitUnknown("source.commit", "the git commit that was built, signed"))
		return
	}
	expected := "the commit " + built + " signed by " + strings.Join(r.CommitsSignedBy, " or ")
	carrying, commit, problem := b.objects(cell, built)
	others := cell.Evidence
	cell.Evidence = carrying
	switch {
	case commit == nil && problem != nil:
		b.find(cell, r.Clause, Finding{Rule: "source.commit", Status: StatusFail, Expected: expected, Found: problem.Error()})
		return
	case commit == nil && len(others) > 0:
		b.find(cell, r.Clause, Finding{Rule: "source.commit", Status: StatusMissing, Expected: expected, Found: "the objects of " + list(commitsOf(others), 3)})
		return
	case commit == nil:
		b.missing(cell, r.Clause)
		return
	}
	by, refusal := b.signedBy(commit, r.CommitsSignedBy, carrying)
	if refusal != nil {
		b.find(cell, r.Clause, Finding{Rule: "source.commit", Status: refusal.status, Evidence: carrying[0].Bundle(), Expected: expected, Found: refusal.text})
		return
	}
	b.find(cell, r.Clause, Finding{Rule: "source.commit", Status: StatusPass, Evidence: carrying[0].Bundle(), Expected: expected, Found: "signed by " + by})
}

// A refusedCommit says why a commit is not taken for signed.
type refusedCommit struct {
	status Status
	text   string
}

// signedBy is who of the named git identities signed the commit. Where none did, it is told by
// the nearest.
func (b *bench) signedBy(c *gitsign.Commit, names []string, carrying []*verify.Evidence) (string, *refusedCommit) {
	refused := &refusedCommit{StatusUntrusted, "none of the identities signs commits"}
	existed := b.existed(carrying)
	for _, name := range names {
		s, ok := b.signers[name]
		if !ok || s.git == nil {
			continue
		}
		who, err := s.git.Verify(c, gitsign.When{By: existed, Claimed: b.doc.Trust.Claimed})
		revoked := s.identity.RevokedAt
		switch {
		case err == nil && !revoked.IsZero() && (existed.IsZero() || !existed.Before(revoked)):
			return "", &refusedCommit{StatusUntrusted, "signed by " + who.Name + ", and nobody trusted says that this was before " + day(revoked) + ", when " + name + " was revoked"}
		case err == nil:
			return strings.TrimSpace(who.Name + " (" + who.Key + ")"), nil
		}
		refused = &refusedCommit{commitStatus(err), err.Error()}
		if refused.status == StatusInvalid {
			return "", refused
		}
	}
	return "", refused
}

// commitStatus is the class of why a commit is not taken for signed.
func commitStatus(err error) Status {
	var e *gitsign.Error
	if !errors.As(err, &e) {
		return StatusError
	}
	switch e.Kind {
	case gitsign.Unsigned:
		return StatusMissing
	case gitsign.UnknownKey, gitsign.Expired:
		return StatusUntrusted
	case gitsign.Invalid:
		return StatusInvalid
	}
	return StatusFail
}

func sourceRules() []Rule {
	return []Rule{
		{"source.missing", []Status{StatusMissing}, "Somebody accepted verified the source of the commit that was built.", "verify the source and store the summary beside the image's evidence"},
		{"source.failed", []Status{StatusFail}, "No accepted verifier found that the source failed.", "find out from the verifier what is wrong with the commit, and build one that passes"},
		{"source.repository", []Status{StatusFail, StatusMissing}, "The summary is of the repository that was built.", "verify the source of the repository that the provenance names"},
		{"source.level", []Status{StatusFail}, "The source reached the SLSA source level.", "protect the branch, and let the source be verified again"},
		{"source.review", []Status{StatusFail}, "The source has the properties, such as that two people reviewed it.", "have the change reviewed, and let the source be verified again"},
		{"source.commit", []Status{StatusMissing, StatusUntrusted, StatusInvalid, StatusFail, StatusError}, "The commit that was built is signed by an accepted git identity.", "sign the commit with a key that is accepted, and attest the commit object"},
		{"source.identity", []Status{StatusUntrusted}, "An accepted identity made the evidence about the source.", "have it made where an accepted identity signs it"},
		{"source.proof", []Status{StatusUntrusted}, "Whoever must vouch for the evidence about the source does.", "sign it again with a transparency log and a timestamp authority"},
		{"source.format", []Status{StatusFail, StatusError}, "The evidence about the source can be read.", "write it as its type specifies"},
		{"source.invalid", []Status{StatusInvalid}, "The signature of the evidence about the source is good.", "do not use it: the evidence was changed; find out how it came here"},
	}
}
