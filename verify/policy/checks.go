package policy

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/predicate"
	"github.com/carnet-project/carnet/attest/predicate/custom"
	"github.com/carnet-project/carnet/attest/predicate/sarif"
	"github.com/carnet-project/carnet/verify"
)

// The types of checks.
const (
	checkTests     = "test-result"
	checkSARIF     = "sarif"
	checkSCAI      = "scai"
	checkPredicate = "predicate"
)

// check asks for the result of a test or a scan of the code.
//
// The results that count are the newest of each signer, by trusted time: who runs a job
// again after it failed replaces what that job said, and nothing that another job said. Of
// one second all count, and so does what has no trusted time, for nobody knows that it is
// older. Every one that counts has to be good.
func (b *bench) check(r *CheckClause) {
	requirement, ok := r.requirement()
	if !ok {
		b.unevaluated(r.Clause, "checks")
		return
	}
	b.row(r.Clause, requirement, r.From, func(cell *Cell) {
		before := len(cell.Findings)
		b.judgeCheck(cell, r)
		for i := range cell.Findings[before:] {
			cell.Findings[before+i].Check = r.Name
		}
	})
}

// requirement is the evidence that the clause asks for; false where its type is none that is
// evaluated here.
func (r *CheckClause) requirement() (Requirement, bool) {
	q := Requirement{name: r.Name, rule: "checks", spread: whole, commit: !r.OnImage, selection: SelectNewest}
	switch r.Type {
	case checkTests:
		q.what, q.classes = "a test result", []predicate.Class{predicate.TestResult}
	case checkSARIF:
		// Cosign's custom type and witness's collections may hold anything, a SARIF log too.
		q.what, q.classes, q.types = "a SARIF report", []predicate.Class{predicate.SARIF, predicate.Collection}, []string{custom.Type}
	case checkSCAI:
		q.what, q.classes = "a SCAI report", []predicate.Class{predicate.SCAI}
	case checkPredicate:
		q = r.byType(q)
	default:
		return Requirement{}, false
	}
	if q.commit {
		q.what += " of the commit that was built"
	}
	return q, true
}

// byType asks for a statement of a predicate type that nothing here reads: that it is there
// is all. What flags ask so has rules of its own name.
func (r *CheckClause) byType(q Requirement) Requirement {
	if !r.OnImage {
		q.what, q.types, q.selection = "an attestation of type "+r.Predicate, []string{r.Predicate}, SelectAny
		return q
	}
	byType := typeRequirement(r.Name, r.Predicate)
	if len(r.From) > 0 {
		byType.rule = "checks"
	}
	return byType
}

func (b *bench) judgeCheck(cell *Cell, r *CheckClause) {
	if r.Type == checkPredicate && carriesResult(r.Predicate) {
		b.find(cell, r.Clause, Finding{Rule: "checks.unsupported", Status: StatusError, Expected: "a type whose presence says something", Found: r.Predicate + ", which may say FAILED"})
		return
	}
	// Where there is no result at all, what is broken is told before what could not be read.
	if !b.onCommit(cell, r) || len(cell.Evidence) > 0 && b.unreadable(cell, r.Clause) {
		return
	}
	results, ok := b.results(cell, r)
	if !ok {
		return
	}
	if cell.Requirement.selection == SelectNewest {
		results = newestResults(results)
	}
	cell.Evidence = nil
	for _, x := range results {
		cell.Evidence = append(cell.Evidence, x.of)
	}
	for _, x := range results {
		b.judgeResult(cell, r, x)
	}
}

// onCommit keeps the evidence about the commit that was built. It is false where there is
// none, and the finding that says why is added.
func (b *bench) onCommit(cell *Cell, r *CheckClause) bool {
	if r.OnImage {
		return true
	}
	built, known := b.commit()
	if !known {
		cell.Evidence = nil
		b.find(cell, r.Clause, commitUnknown("checks.missing", cell.Requirement.what))
		return false
	}
	others := slices.Clone(cell.Evidence)
	cell.Evidence = slices.DeleteFunc(cell.Evidence, func(e *verify.Evidence) bool { return !slices.Contains(e.Commits(), built) })
	if len(cell.Evidence) > 0 || len(others) == 0 || b.unreadable(cell, r.Clause) {
		return len(cell.Findings) == 0
	}
	var commits []string
	for _, e := range others {
		if b.named(e, r) {
			commits = append(commits, e.Commits()...)
		}
	}
	if len(commits) == 0 {
		return true
	}
	slices.Sort(commits)
	b.find(cell, r.Clause, Finding{
		Rule: "checks.commit", Status: StatusMissing, Evidence: others[0].Bundle(),
		Expected: cell.Requirement.what + ", " + built, Found: "results of " + list(slices.Compact(commits), 3),
	})
	return false
}

// commitUnknown is the finding of a rule about the commit that was built, where no
// provenance says which that is.
func commitUnknown(rule, what string) Finding {
	return Finding{
		Rule: rule, Status: StatusMissing, Follows: "provenance.missing",
		Expected: what, Found: "no accepted provenance that says which commit that is",
	}
}

// unreadable adds a finding where evidence of the kind could not be looked at, for where the
// newest counts what is unknown may be newer.
func (b *bench) unreadable(cell *Cell, clause Clause) bool {
	if !cell.Requirement.Exhaustive() {
		return false
	}
	for _, gap := range onPath(cell.places(b.c.Artifact), b.c.Unknown, func(u Unknown) attest.Digest { return u.Subject }) {
		if gap.PredicateType != "" && !cell.Requirement.Hinted(gap.PredicateType) {
			continue
		}
		b.find(cell, clause, Finding{Rule: "verify.incomplete", Status: StatusError, Reason: gap.Reason, Expected: "all evidence about " + cell.Node.Digest.String() + " readable", Found: gap.Detail})
		return true
	}
	return false
}

// results are the accepted results that the clause means; false where there is none, and
// the finding that says why is added.
func (b *bench) results(cell *Cell, r *CheckClause) ([]result, bool) {
	var meant []result
	var names []string
	for _, e := range cell.Evidence {
		x, err := b.result(e, r.Type)
		switch {
		case err != nil && e.PredicateType() == custom.Type, errors.Is(err, sarif.ErrNone):
			continue // data of another kind
		case err != nil:
			b.find(cell, r.Clause, Finding{Rule: "checks.format", Status: StatusError, Evidence: e.Bundle(), Expected: "a result that can be read", Found: err.Error()})
			return nil, false
		}
		if x, ok := x.only(r.Name); ok {
			meant = append(meant, x)
		} else {
			names = append(names, x.titles()...)
		}
	}
	if len(meant) > 0 {
		return meant, true
	}
	cell.Evidence = nil
	if len(names) == 0 {
		b.missing(cell, r.Clause)
		return nil, false
	}
	slices.Sort(names)
	b.find(cell, r.Clause, Finding{
		Rule: "checks.missing", Status: StatusMissing,
		Expected: fmt.Sprintf("%s called %q", cell.Requirement.what, r.Name), Found: "none; there are results called " + list(slices.Compact(names), 5),
	})
	return nil, false
}

// named says whether e is a result that the clause could mean.
func (b *bench) named(e *verify.Evidence, r *CheckClause) bool {
	x, err := b.result(e, r.Type)
	if err != nil {
		return false
	}
	_, ok := x.only(r.Name)
	return ok
}

// judgeResult holds one result to the clause.
func (b *bench) judgeResult(cell *Cell, r *CheckClause, x result) {
	f := Finding{Rule: "checks.failed", Status: StatusPass, Evidence: x.of.Bundle(), Expected: r.Name + " passed"}
	if r.Type == checkSARIF {
		f.Expected = r.Name + " with no result of level " + orError(r.DenyLevel) + " or graver"
	}
	problem := ""
	f.Found, problem = x.judge(orError(r.DenyLevel))
	if problem != "" {
		f.Status, f.Found = StatusFail, problem
	}
	if x.url != "" {
		f.Found += ", see " + x.url
	}
	if built, known := b.commit(); known && x.commit != "" && x.commit != built {
		f = Finding{Rule: "checks.commit", Status: StatusMissing, Evidence: x.of.Bundle(), Expected: cell.Requirement.what + ", " + built, Found: "a report that says it is of " + x.commit}
	}
	if ran := b.ranOn(x.of); ran != "" && !r.OnImage {
		f = Finding{Rule: "checks.commit", Status: StatusFail, Evidence: x.of.Bundle(), Expected: "a result made by a run on the commit that it is about", Found: "made by a run on " + ran + " of the same repository"}
	}
	b.find(cell, r.Clause, f)
	if r.MaxAge > 0 {
		b.find(cell, r.Clause, b.fresh(x.of, x.ended, "checks", r.MaxAge))
	}
}

// ranOn is the commit on which the run that signed the evidence ran, by its certificate, where
// that is another than the one that was built, of the same repository: a branch's pipeline
// may say what it likes of other commits. Who runs elsewhere, as a scanning service does, has
// commits of its own.
func (b *bench) ranOn(e *verify.Evidence) string {
	c := e.By().Certificate
	built, known := b.commit()
	repository, located := b.repository()
	if c == nil || !known || !located || !ofRepository(c.Claims[attest.ClaimSourceRepositoryURI], repository) {
		return ""
	}
	if ran := c.Claims[attest.ClaimSourceRepositoryDigest]; ran != built {
		return ran
	}
	return ""
}

func orError(level string) string {
	if level == "" {
		return "error"
	}
	return level
}

// fresh holds the age of a piece of evidence to a bound. Its age counts from when it was
// signed, by a trusted clock, or from the time that it claims for itself where that is
// earlier. A claim alone counts only where the policy says so; one that is later than the
// signature is a lie.
func (b *bench) fresh(e *verify.Evidence, claimed time.Time, section string, most time.Duration) Finding {
	f := Finding{Rule: section + ".stale", Status: StatusStale, Evidence: e.Bundle()}
	if b.c.At.IsZero() {
		return timeless(section)
	}
	f.Expected = "made in the " + age(most) + " before " + day(b.c.At)
	made := e.SignedAt()
	switch {
	case made.IsZero() && (!b.doc.Trust.Claimed || claimed.IsZero()):
		f.Found = "nobody trusted says when it was made, by " + e.By().String()
		return f
	case made.IsZero():
		made = claimed
	case !claimed.IsZero() && claimed.After(made.Add(skew)):
		f.Status, f.Found = StatusFail, "claims to be of "+day(claimed)+", and was signed "+day(made)
		return f
	case !claimed.IsZero() && claimed.Before(made):
		made = claimed
	}
	f.Found = "made " + day(made) + ", " + age(b.c.At.Sub(made)) + " before"
	switch {
	case made.After(b.c.At.Add(skew)):
		f.Found = "made " + day(made) + ", which is later"
	case b.c.At.Sub(made) <= most:
		f.Status = StatusPass
	}
	return f
}

func checkRules() []Rule {
	return []Rule{
		{"checks.missing", []Status{StatusMissing}, "Each check has a result for the commit that was built, or for the image.", "run the check on that commit and attest its result; the check's name must be the result's"},
		{"checks.failed", []Status{StatusFail}, "Each check passed.", "look at the result, mend what it found, and build the commit that passes"},
		{"checks.commit", []Status{StatusMissing, StatusFail}, "The result is of the commit that was built, and so is the run that made it.", "run the check again on the commit that was built: green results of another commit say nothing"},
		{"checks.stale", []Status{StatusStale, StatusFail}, "The result is young enough.", "run the check again"},
		{"checks.identity", []Status{StatusUntrusted}, "An accepted identity made the result.", "run the check where an accepted identity signs it, or add the one found if it is meant"},
		{"checks.proof", []Status{StatusUntrusted}, "Whoever must vouch for the result's signature does.", "sign the result again with a transparency log and a timestamp authority"},
		{"checks.format", []Status{StatusFail, StatusError}, "The result can be read.", "write the result as its type specifies"},
		{"checks.invalid", []Status{StatusInvalid}, "The result's signature is good.", "do not use it: the evidence was changed; find out how it came here"},
		{"checks.time", []Status{StatusError}, "There is a time to judge for.", "give a time with --at"},
		{"checks.unsupported", []Status{StatusError}, "The check is of a type that is evaluated here.", "ask for the type of check by its own name: test-result, sarif or scai"},
		{"attestation.missing", []Status{StatusMissing}, "There is an attestation of the type.", "make the attestation, or do not ask for it"},
		{"attestation.identity", []Status{StatusUntrusted}, "An accepted identity made the attestation.", "sign as one who is accepted"},
		{"attestation.proof", []Status{StatusUntrusted}, "Whoever must vouch for the attestation does.", "sign again with a transparency log and a timestamp authority"},
		{"attestation.format", []Status{StatusFail}, "The attestation is what its type specifies.", "write it as its type specifies"},
		{"attestation.invalid", []Status{StatusInvalid}, "The attestation's signature is good.", "do not use it: the evidence was changed; find out how it came here"},
	}
}

// worthNaming bounds how many failed tests a finding names.
const worthNaming = 5

func testsFailed(names []string) string {
	if len(names) == 0 {
		return "FAILED"
	}
	return fmt.Sprintf("FAILED: %s: %s", plural(len(names), "test"), list(names, worthNaming))
}

func trimExtension(path string) string {
	base := path[strings.LastIndexByte(path, '/')+1:]
	if i := strings.IndexByte(base, '.'); i > 0 {
		return base[:i]
	}
	return base
}
