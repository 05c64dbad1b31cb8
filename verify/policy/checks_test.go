package policy_test

import (
	"strings"
	"testing"
	"time"

	"github.com/carnet-project/carnet/attest/predicate/custom"
	"github.com/carnet-project/carnet/attest/predicate/sarif"
	"github.com/carnet-project/carnet/attest/predicate/scai"
	"github.com/carnet-project/carnet/attest/predicate/witness"
	forge "github.com/carnet-project/carnet/fixtures/sigstore"
	"github.com/carnet-project/carnet/verify"
	"github.com/carnet-project/carnet/verify/policy"
)

const (
	checkTests = "test-result"
	checkSARIF = "sarif"
)

func unitTests() policy.CheckClause {
	return policy.CheckClause{Name: "unit-tests", Type: checkTests, From: []string{"tests"}}
}

func sast(level string) policy.CheckClause {
	return policy.CheckClause{Name: "semgrep", Type: checkSARIF, From: []string{"sec"}, DenyLevel: level}
}

const (
	oneError   = `,"results":[{"ruleId":"E","message":{"text":"m"}},{"ruleId":"E","message":{"text":"m"}},{"ruleId":"W","message":{"text":"m"}}]`
	oneWarning = `,"results":[{"ruleId":"W","message":{"text":"m"}}]`
	clean      = `,"results":[]`
)

func TestChecks(t *testing.T) {
	y := newYard(t)
	test := func(e ...*verify.Evidence) []*verify.Evidence { return e }
	ago := minutesAgo
	green, red := tested("unit-tests", "PASSED"), tested("unit-tests", "FAILED", "a", "b", "c", "d", "e", "f")
	for name, c := range map[string]struct {
		clause   policy.CheckClause
		evidence []*verify.Evidence
		rule     string
		status   policy.Status
		found    string
	}{
		"passed":         {unitTests(), test(y.tests.saysOf(typeTest, green, ago(9), y.commit)), "", "", "PASSED, see https://ci.example.com/1"},
		"warned":         {unitTests(), test(y.tests.saysOf(typeTest, tested("unit-tests", "WARNED"), ago(9), y.commit)), "", "", "WARNED"},
		"by its file":    {unitTests(), test(y.tests.saysOf(typeTest, tested(".github/workflows/unit-tests.yml", "PASSED"), ago(9), y.commit)), "", "", "PASSED"},
		"by its own":     {unitTests(), test(y.tests.saysOf(typeTest, `{"name":"Unit-Tests",`+tested("ci.yml", "PASSED")[1:], ago(9), y.commit)), "", "", "PASSED"},
		"two commits":    {unitTests(), test(y.tests.saysOf(typeTest, green, ago(9), otherCommit, y.commit)), "", "", "PASSED"},
		"none":           {unitTests(), nil, "checks.missing", policy.StatusMissing, "none"},
		"failed":         {unitTests(), test(y.tests.saysOf(typeTest, red, ago(9), y.commit)), "checks.failed", policy.StatusFail, "FAILED: 6 tests: a, b, c, d, e and 1 more, see https://ci.example.com/1"},
		"passed but not": {unitTests(), test(y.tests.saysOf(typeTest, tested("unit-tests", "PASSED", "a"), ago(9), y.commit)), "checks.failed", policy.StatusFail, "1 test: a"},
		"another commit": {unitTests(), test(y.tests.saysOf(typeTest, green, ago(9), otherCommit)), "checks.commit", policy.StatusMissing, "results of " + otherCommit},
		"another name":   {unitTests(), test(y.tests.saysOf(typeTest, tested("e2e.yml", "PASSED"), ago(9), y.commit)), "checks.missing", policy.StatusMissing, "there are results called e2e, e2e.yml"},
		"no name":        {unitTests(), test(y.tests.saysOf(typeTest, strings.Replace(green, `"name":"unit-tests",`, "", 1), ago(9), y.commit)), "checks.missing", policy.StatusMissing, "there are results called nothing"},
		"another signer": {unitTests(), test(y.sec.saysOf(typeTest, green, ago(9), y.commit)), "checks.identity", policy.StatusUntrusted, "sec"},
		"of the image":   {unitTests(), test(y.tests.says(y.image.Digest, typeTest, tested("unit-tests", "PASSED"), ago(9))), "checks.missing", policy.StatusMissing, "none"},
		// A re-run replaces what its own signer said before, and nobody else's.
		"red then green":        {unitTests(), []*verify.Evidence{y.tests.saysOf(typeTest, red, ago(9), y.commit), y.tests.saysOf(typeTest, green, ago(8), y.commit)}, "", "", "PASSED"},
		"green then red":        {unitTests(), []*verify.Evidence{y.tests.saysOf(typeTest, red, ago(8), y.commit), y.tests.saysOf(typeTest, green, ago(9), y.commit)}, "checks.failed", policy.StatusFail, "6 tests"},
		"at once":               {unitTests(), []*verify.Evidence{y.tests.saysOf(typeTest, green, ago(8).Add(400*time.Millisecond), y.commit), y.tests.saysOf(typeTest, red, ago(8), y.commit)}, "checks.failed", policy.StatusFail, "6 tests"},
		"red at no time":        {unitTests(), []*verify.Evidence{y.tests.saysOf(typeTest, red, time.Time{}, y.commit), y.tests.saysOf(typeTest, green, ago(8), y.commit)}, "checks.failed", policy.StatusFail, "6 tests"},
		"red by another signer": {eitherOf(unitTests()), []*verify.Evidence{y.sec.saysOf(typeTest, red, ago(9), y.commit), y.tests.saysOf(typeTest, green, ago(8), y.commit)}, "checks.failed", policy.StatusFail, "6 tests"},
		"red by a stranger":     {unitTests(), []*verify.Evidence{y.sec.saysOf(typeTest, red, ago(8), y.commit), y.tests.saysOf(typeTest, green, ago(9), y.commit)}, "", "", "PASSED"},
		"red of another name":   {unitTests(), []*verify.Evidence{y.tests.saysOf(typeTest, tested("e2e", "FAILED"), ago(8), y.commit), y.tests.saysOf(typeTest, green, ago(9), y.commit)}, "", "", "PASSED"},
		"red of another commit": {unitTests(), []*verify.Evidence{y.tests.saysOf(typeTest, red, ago(8), otherCommit), y.tests.saysOf(typeTest, green, ago(9), y.commit)}, "", "", "PASSED"},
		// Ages.
		"young":              {aged(unitTests(), time.Hour), test(y.tests.saysOf(typeTest, green, ago(59), y.commit)), "", "", "PASSED"},
		"old":                {aged(unitTests(), time.Hour), test(y.tests.saysOf(typeTest, green, ago(61), y.commit)), "checks.stale", policy.StatusStale, "61 minutes before"},
		"of the future":      {aged(unitTests(), time.Hour), test(y.tests.saysOf(typeTest, green, ago(-60), y.commit)), "checks.stale", policy.StatusStale, "which is later"},
		"of no time":         {aged(unitTests(), time.Hour), test(y.tests.saysOf(typeTest, green, time.Time{}, y.commit)), "checks.stale", policy.StatusStale, "nobody trusted says when"},
		"signed late":        {aged(sast(""), time.Hour), test(y.sec.saysOf(sarif.V1, scanned("semgrep", clean+ended("2026-09-01T09:00:00Z")), ago(10), y.commit)), "checks.stale", policy.StatusStale, "3 hours before"},
		"signed before":      {aged(sast(""), time.Hour), test(y.sec.saysOf(sarif.V1, scanned("semgrep", clean+ended("2026-09-01T11:59:00Z")), ago(10), y.commit)), "checks.stale", policy.StatusFail, "and was signed"},
		"claimed, unclaimed": {aged(sast(""), time.Hour), test(y.sec.saysOf(sarif.V1, scanned("semgrep", clean+ended("2026-09-01T11:59:00Z")), time.Time{}, y.commit)), "checks.stale", policy.StatusStale, "nobody trusted"},
		// SARIF.
		"clean":              {sast("note"), test(y.sec.saysOf(sarif.V1, scanned("semgrep", clean), ago(9), y.commit)), "", "", "no results by semgrep 1.2"},
		"errors":             {sast(""), test(y.sec.saysOf(sarif.V1, scanned("semgrep", oneError), ago(9), y.commit)), "checks.failed", policy.StatusFail, "2 errors, 1 warning by semgrep 1.2"},
		"warnings":           {sast(""), test(y.sec.saysOf(sarif.V1, scanned("semgrep", oneWarning), ago(9), y.commit)), "", "", "1 warning by semgrep 1.2"},
		"warnings denied":    {sast("warning"), test(y.sec.saysOf(sarif.V1, scanned("semgrep", oneWarning), ago(9), y.commit)), "checks.failed", policy.StatusFail, "1 warning"},
		"the tool failed":    {sast(""), test(y.sec.saysOf(sarif.V1, scanned("semgrep", clean+`,"invocations":[{"executionSuccessful":false}]`), ago(9), y.commit)), "checks.failed", policy.StatusFail, "semgrep 1.2 itself failed"},
		"the tool was blind": {sast(""), test(y.sec.saysOf(sarif.V1, scanned("semgrep", ""), ago(9), y.commit)), "checks.failed", policy.StatusFail, "did not come to look"},
		"another tool":       {sast(""), test(y.sec.saysOf(sarif.V1, scanned("gitleaks", clean), ago(9), y.commit)), "checks.missing", policy.StatusMissing, "results called gitleaks"},
		"by its category":    {sast(""), test(y.sec.saysOf(sarif.V1, scanned("opengrep", clean+`,"automationDetails":{"id":"semgrep/7"}`), ago(9), y.commit)), "", "", "no results by opengrep"},
		"by its title":       {sast(""), test(y.sec.saysOf(sarif.V1, `{"name":"semgrep",`+scanned("opengrep", oneError)[1:], ago(9), y.commit)), "checks.failed", policy.StatusFail, "2 errors"},
		"no runs":            {sast(""), test(y.sec.saysOf(sarif.V1, `{"name":"semgrep","log":{"version":"2.1.0","runs":[]}}`, ago(9), y.commit)), "checks.failed", policy.StatusFail, "without a run"},
		"contradicts itself": {sast(""), test(y.sec.saysOf(sarif.V1, `{"commit":"`+otherCommit+`",`+scanned("semgrep", clean)[1:], ago(9), y.commit)), "checks.commit", policy.StatusMissing, "says it is of " + otherCommit},
		"witness's":          {sast(""), test(y.sec.saysOf(sarif.Witness, strings.Replace(scanned("semgrep", oneError), "log", "report", 1), ago(9), y.commit)), "checks.failed", policy.StatusFail, "2 errors"},
		"in a collection":    {sast(""), test(y.sec.saysOf(witness.Type, collected("scan", y.commit, scanned("semgrep", oneError)), ago(9), y.commit)), "checks.failed", policy.StatusFail, "2 errors"},
		"clean collection":   {sast(""), test(y.sec.saysOf(witness.Type, collected("scan", y.commit, scanned("semgrep", clean)), ago(9), y.commit)), "", "", "no results by semgrep 1.2"},
		"the step's name":    {sast(""), test(y.sec.saysOf(witness.TypeDev, collected("semgrep", y.commit, scanned("opengrep", oneError)), ago(9), y.commit)), "checks.failed", policy.StatusFail, "2 errors"},
		"of another commit":  {sast(""), test(y.sec.saysOf(witness.Type, collected("scan", otherCommit, scanned("semgrep", clean)), ago(9), y.commit)), "checks.commit", policy.StatusMissing, "says it is of " + otherCommit},
		"a build's":          {sast(""), test(y.sec.saysOf(witness.Type, collected("build", y.commit, ""), ago(9), y.commit)), "checks.missing", policy.StatusMissing, ""},
		"scan, then build":   {sast(""), test(y.sec.saysOf(witness.Type, collected("scan", y.commit, scanned("semgrep", oneError)), ago(9), y.commit), y.sec.saysOf(witness.Type, collected("build", y.commit, ""), ago(2), y.commit)), "checks.failed", policy.StatusFail, "2 errors"},
		"by its type":        {policy.CheckClause{Name: "semgrep", Type: "predicate", Predicate: witness.Type, From: []string{"sec"}}, test(y.sec.saysOf(witness.Type, collected("build", y.commit, ""), ago(9), y.commit)), "checks.unsupported", policy.StatusError, "may say FAILED"},
		"cosign's":           {sast(""), test(y.sec.saysOf(custom.Type, `{"Data":`+scanned("semgrep", clean)[7:len(scanned("semgrep", clean))-1]+`,"Timestamp":"2026-09-01T11:00:00Z"}`, ago(9), y.commit)), "", "", "no results"},
		"cosign's text":      {sast(""), test(y.sec.saysOf(custom.Type, `{"Data":"text","Timestamp":"2026-09-01T11:00:00Z"}`, ago(9), y.commit)), "checks.missing", policy.StatusMissing, "none"},
		// Others.
		"asserted":     {policy.CheckClause{Name: "REPRODUCIBLE", Type: "scai", From: []string{"sec"}}, test(y.sec.saysOf(scai.V03, `{"attributes":[{"attribute":"REPRODUCIBLE"}]}`, ago(9), y.commit)), "", "", "asserted"},
		"not asserted": {policy.CheckClause{Name: "REPRODUCIBLE", Type: "scai", From: []string{"sec"}}, test(y.sec.saysOf(scai.V03, `{"attributes":[{"attribute":"SIGNED"}]}`, ago(9), y.commit)), "checks.missing", policy.StatusMissing, "results called SIGNED"},
		"there":        {policy.CheckClause{Name: "x", Type: "predicate", Predicate: "https://example.com/x", From: []string{"sec"}}, test(y.sec.saysOf("https://example.com/x", `{"a":1}`, ago(9), y.commit)), "", "", "an attestation of type"},
		"not there":    {policy.CheckClause{Name: "x", Type: "predicate", Predicate: "https://example.com/x", From: []string{"sec"}}, nil, "checks.missing", policy.StatusMissing, "none"},
		"a result":     {policy.CheckClause{Name: "x", Type: "predicate", Predicate: typeTest, From: []string{"sec"}}, test(y.sec.saysOf(typeTest, red, ago(9), y.commit)), "checks.unsupported", policy.StatusError, "may say FAILED"},
		"no such type": {policy.CheckClause{Name: "x", Type: "vibes", From: []string{"sec"}}, nil, "checks.unsupported", policy.StatusError, "checks"},
		"on the image": {onImage(unitTests()), test(y.tests.says(y.image.Digest, typeTest, green, ago(9))), "", "", "PASSED"},
		"not on it":    {onImage(unitTests()), test(y.tests.saysOf(typeTest, green, ago(9), y.commit)), "checks.missing", policy.StatusMissing, "none"},
		"red on it":    {onImage(unitTests()), test(y.tests.says(y.image.Digest, typeTest, red, ago(9))), "checks.failed", policy.StatusFail, "6 tests"},
	} {
		t.Run(name, func(t *testing.T) {
			y.require.Checks = []policy.CheckClause{c.clause}
			v, f := y.asks(t, c.evidence...)
			if c.rule == "" {
				if !v.Allowed() || !strings.Contains(passed(v)["checks.failed"], c.found) {
					t.Errorf("%s: %+v; passed %v", v.Outcome(), f, passed(v))
				}
				return
			}
			if v.Allowed() || f.Rule != c.rule || f.Status != c.status || !strings.Contains(f.Found, c.found) {
				t.Errorf("%s: %+v", v.Outcome(), f)
			}
			if c.rule != "checks.unsupported" && f.Check != c.clause.Name {
				t.Errorf("the finding is of the check %q", f.Check)
			}
		})
	}
}

func ended(at string) string {
	return `,"invocations":[{"executionSuccessful":true,"endTimeUtc":"` + at + `"}]`
}

func aged(c policy.CheckClause, most time.Duration) policy.CheckClause { c.MaxAge = most; return c }
func onImage(c policy.CheckClause) policy.CheckClause                  { c.OnImage = true; return c }
func eitherOf(c policy.CheckClause) policy.CheckClause {
	c.From = []string{"tests", "sec"}
	return c
}

// Without an accepted provenance nobody knows which commit has to be green.
func TestChecksFollowProvenance(t *testing.T) {
	y := newYard(t)
	y.require.Checks = []policy.CheckClause{unitTests()}
	c := y.with(y.tests.saysOf(typeTest, tested("unit-tests", "PASSED"), minutesAgo(9), y.commit))
	c.Evidence = c.Evidence[1:]
	v, first := y.judge(t, c)
	last := v.Findings()[len(v.Findings())-1]
	if v.Allowed() || first.Rule != "provenance.missing" || last.Rule != "checks.missing" || last.Follows != "provenance.missing" || last.Status != policy.StatusMissing {
		t.Errorf("%+v", v.Findings())
	}
}

// What could be a newer result and can't be read decides nothing; what can't be one does
// not disturb.
func TestChecksThatCannotBeRead(t *testing.T) {
	y := newYard(t)
	y.require.Checks = []policy.CheckClause{unitTests()}
	for predicateType, want := range map[string]policy.Outcome{typeTest: policy.Undecided, "": policy.Undecided, typeSPDX: policy.Allowed, "https://in-toto.io/attestation/test-result/v9": policy.Undecided} {
		c := y.with(y.tests.saysOf(typeTest, tested("unit-tests", "PASSED"), minutesAgo(9), y.commit))
		c.Unknown = []policy.Unknown{{Subject: y.image.Digest, PredicateType: predicateType, Reason: verify.ReasonUnreadable, Detail: "timeout"}}
		v, f := y.judge(t, c)
		if v.Outcome() != want || want == policy.Undecided && f.Rule != "verify.incomplete" {
			t.Errorf("%q: %s %+v", predicateType, v.Outcome(), f)
		}
	}
}

// A run of the same repository speaks of the commit that it ran on (chain.md, section 7, item
// 6); one of another repository has commits of its own.
func TestChecksByRuns(t *testing.T) {
	const tests = "https://github.com/acme/shop/.github/workflows/test.yml@refs/heads/main"
	for name, c := range map[string]struct {
		holder forge.Holder
		rule   string
	}{
		"on the commit":      {run(9, tests), ""},
		"on another":         {run(9, tests, 13, otherCommit), "checks.commit"},
		"spelt otherwise":    {run(9, tests, 12, "https://github.com/Acme/Shop", 13, otherCommit), "checks.commit"},
		"another repository": {run(9, tests, 12, "https://github.com/acme/scan", 13, otherCommit), ""},
	} {
		y := newYard(t)
		check := unitTests()
		check.From = []string{"anybody"}
		y.require.Checks, y.require.Agree = []policy.CheckClause{check}, nil
		e := y.ci.signsOf(c.holder, y.commit, typeTest, tested("unit-tests", "PASSED"))
		v, f := y.asks(t, e)
		if v.Allowed() != (c.rule == "") || f.Rule != c.rule || c.rule != "" && (f.Status != policy.StatusFail || !strings.Contains(f.Found, "a run on "+otherCommit)) {
			t.Errorf("%s: %s %+v", name, v.Outcome(), v.Findings())
		}
	}
}

// What a cell shows is what counted.
func TestSelectedChecks(t *testing.T) {
	y := newYard(t)
	y.require.Checks = []policy.CheckClause{unitTests()}
	red, green := y.tests.saysOf(typeTest, tested("unit-tests", "FAILED"), minutesAgo(9), y.commit), y.tests.saysOf(typeTest, tested("unit-tests", "PASSED"), minutesAgo(8), y.commit)
	v, _ := y.asks(t, red, green, y.tests.saysOf(typeTest, tested("e2e", "PASSED"), minutesAgo(8), y.commit))
	for _, c := range v.Cells() {
		if c.Requirement.Name() == "unit-tests" && (len(c.Evidence) != 1 || c.Evidence[0] != green || c.Candidates != 3 || c.Requirement.Selection() != policy.SelectNewest) {
			t.Errorf("%+v", c)
		}
	}
}

// Evidence about the source may lie with any platform of an index, and so may what can't
// be read of it, and what was refused.
func TestChecksBesideAPlatform(t *testing.T) {
	y := newYard(t)
	built := y.ci.signs(run(13, y.commit), y.index, typeSLSA, provenance())
	y.require.Checks = []policy.CheckClause{unitTests()}
	green := y.tests.saysOf(typeTest, tested("unit-tests", "PASSED"), minutesAgo(9), y.commit)
	c := policy.Case{Artifact: y.index, Evidence: []*verify.Evidence{built, green}, At: judged}
	if v, f := y.judge(t, c); !v.Allowed() {
		t.Errorf("%+v", f)
	}
	c.Unknown = []policy.Unknown{{Subject: y.arm64.Digest, PredicateType: typeTest, Reason: verify.ReasonUnreadable, Detail: "timeout"}}
	if v, f := y.judge(t, c); v.Outcome() != policy.Undecided || f.Rule != "verify.incomplete" {
		t.Errorf("%s %+v", v.Outcome(), f)
	}
	c.Unknown, c.Evidence = nil, c.Evidence[:1]
	c.Rejected = []policy.Rejected{{Subject: y.arm64.Digest, PredicateType: typeTest, Refusal: &verify.Error{Reason: verify.ReasonUnknownSigner, Expected: "a", Found: "somebody"}}}
	if v, f := y.judge(t, c); v.Allowed() || f.Rule != "checks.identity" {
		t.Errorf("%s %+v", v.Outcome(), f)
	}
}

// A log with the runs of two tools is each tool's own result.
func TestOneLogOfTwoTools(t *testing.T) {
	y := newYard(t)
	log := `{"log":{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"semgrep"}},"results":[]},{"tool":{"driver":{"name":"gitleaks"}},"results":[{"message":{"text":"m"}}]}]}}`
	e := y.sec.saysOf(sarif.V1, log, minutesAgo(9), y.commit)
	secrets := sast("note")
	secrets.Name = "gitleaks"
	y.require.Checks = []policy.CheckClause{sast("note"), secrets}
	v, f := y.asks(t, e)
	if v.Allowed() || len(v.Findings()) != 1 || f.Check != "gitleaks" || f.Found != "1 warning by gitleaks" {
		t.Errorf("%+v", v.Findings())
	}
}

// collected is a collection of witness's of a step that had a commit checked out, with the SARIF
// log of another statement unless that is "".
func collected(step, commit, scanned string) string {
	text := `{"name":"` + step + `","attestations":[{"type":"https://witness.dev/attestations/git/v0.1","attestation":{"commithash":"` + commit + `"}},{"type":"https://witness.dev/attestations/command-run/v0.1","attestation":{"cmd":["make"],"exitcode":0}}`
	if scanned != "" {
		text += `,{"type":"https://witness.dev/attestations/sarif/v0.1","attestation":` + strings.Replace(scanned, `"log"`, `"report"`, 1) + `}`
	}
	return text + "]}"
}
