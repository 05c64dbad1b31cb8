package policy_test

import (
	"strings"
	"testing"
	"time"

	commitpredicate "github.com/carnet-project/carnet/attest/predicate/commit"
	"github.com/carnet-project/carnet/verify"
	"github.com/carnet-project/carnet/verify/policy"
)

func date(s string) time.Time {
	t, err := time.Parse("2006-01-02", s)
	if err != nil {
		panic(err)
	}
	return t
}

// waiver is an exception of two months around the time that is judged for.
func waiver(change func(*policy.Exception)) policy.Exception {
	x := policy.Exception{
		ID: "EX-1", Rule: "checks.failed", Images: []string{"ghcr.io/acme/shop"}, Check: "unit-tests", Reason: "flaky", Ticket: "T-1", Owner: "shop-team",
		Created: date("2026-08-01"), Expires: date("2026-10-01"), Line: 7,
	}
	if change != nil {
		change(&x)
	}
	return x
}

func TestExceptions(t *testing.T) {
	y := newYard(t)
	y.require.Checks = []policy.CheckClause{unitTests()}
	red := y.tests.saysOf(typeTest, tested("unit-tests", "FAILED"), minutesAgo(9), y.commit)
	for name, c := range map[string]struct {
		change  func(*policy.Exception)
		at      time.Time
		allowed bool
		note    string
	}{
		"in force":        {nil, judged, true, ""},
		"its section":     {func(x *policy.Exception) { x.Rule = "checks.*" }, judged, true, ""},
		"any check":       {func(x *policy.Exception) { x.Check = "" }, judged, true, ""},
		"a capture":       {func(x *policy.Exception) { x.Images = []string{"ghcr.io/acme/{repo}"} }, judged, true, ""},
		"another rule":    {func(x *policy.Exception) { x.Rule = "checks.stale" }, judged, false, ""},
		"another section": {func(x *policy.Exception) { x.Rule = "check.*" }, judged, false, ""},
		"every rule":      {func(x *policy.Exception) { x.Rule = "*" }, judged, false, ""},
		"another image":   {func(x *policy.Exception) { x.Images = []string{"ghcr.io/acme/shop2", "ghcr.io/acme/sho"} }, judged, false, ""},
		"no image":        {func(x *policy.Exception) { x.Images = nil }, judged, false, ""},
		"another check":   {func(x *policy.Exception) { x.Check = "e2e" }, judged, false, ""},
		"a vulnerability": {func(x *policy.Exception) { x.Vulnerability = "CVE-1" }, judged, false, ""},
		"a package":       {func(x *policy.Exception) { x.Package = "pkg:deb/debian/libxml2" }, judged, false, ""},
		"first moment":    {nil, date("2026-08-01"), true, ""},
		"before":          {nil, date("2026-08-01").Add(-time.Second), false, "exception.refused"},
		"last moment":     {nil, date("2026-10-01").Add(-time.Second), true, "exception.expiring"},
		"after":           {nil, date("2026-10-01"), false, "exception.expired"},
		"two weeks":       {nil, date("2026-10-01").Add(-14 * 24 * time.Hour), true, ""},
		"too long":        {func(x *policy.Exception) { x.Expires = date("2026-11-01") }, judged, false, "exception.refused"},
		"no end":          {func(x *policy.Exception) { x.Expires = time.Time{} }, judged, false, "exception.refused"},
		"no time":         {nil, time.Time{}, false, "exception.refused"},
	} {
		t.Run(name, func(t *testing.T) {
			y.doc.Exceptions = []policy.Exception{waiver(c.change)}
			in := y.with(red)
			in.At = c.at
			v, f := y.judge(t, in)
			if v.Allowed() != c.allowed || (v.Outcome() == policy.Allowed) != c.allowed {
				t.Errorf("%s: %+v", v.Outcome(), f)
			}
			rules := ""
			for _, n := range v.Notes() {
				rules += n.Rule
				if n.Line != 7 || !strings.Contains(n.Text, "EX-1") {
					t.Errorf("%+v", n)
				}
			}
			if rules != c.note {
				t.Errorf("notes %+v, want %s", v.Notes(), c.note)
			}
			if c.allowed && !excepted(v, "checks.failed", "EX-1") {
				t.Errorf("%+v", v.Cells())
			}
		})
	}
}

func excepted(v policy.Verdict, rule, id string) bool {
	for _, c := range v.Cells() {
		for _, f := range c.Findings {
			if f.Rule == rule && f.Status == policy.StatusExcepted && f.Exception == id && c.Status == policy.StatusExcepted {
				return true
			}
		}
	}
	return false
}

// What a sign of tampering, a gap or the policy's own word stands against is never excepted.
func TestNeverExcepted(t *testing.T) {
	y := newYard(t)
	y.require.Checks = []policy.CheckClause{unitTests()}
	broken := y.with()
	broken.Rejected = []policy.Rejected{{Subject: y.image.Digest, PredicateType: typeTest, Refusal: &verify.Error{Reason: verify.ReasonSignatureInvalid, Expected: "a", Found: "b"}}}
	gap := y.with()
	gap.Unknown = []policy.Unknown{{Subject: y.image.Digest, Reason: verify.ReasonUnreadable, Detail: "timeout"}}
	red := y.with(y.tests.saysOf(typeTest, tested("unit-tests", "FAILED"), minutesAgo(9), y.commit))
	for name, c := range map[string]struct {
		in    policy.Case
		rule  string
		never []string
	}{
		"tampering":    {broken, "checks.invalid", nil},
		"tampering.*":  {broken, "checks.*", nil},
		"a gap":        {gap, "verify.incomplete", nil},
		"a gap.*":      {gap, "verify.*", nil},
		"the policy's": {red, "checks.failed", []string{"checks.failed"}},
		"its section":  {red, "checks.failed", []string{"checks.*"}},
	} {
		y.doc.Exceptions = []policy.Exception{waiver(func(x *policy.Exception) { x.Rule, x.Check = c.rule, "" })}
		y.doc.NeverExcept = c.never
		if v, f := y.judge(t, c.in); v.Allowed() || len(v.Notes()) != 1 || v.Notes()[0].Rule != "exception.refused" {
			t.Errorf("%s: %s %+v, %+v", name, v.Outcome(), f, v.Notes())
		}
	}
	// A policy that has expired stays so.
	y.doc.NeverExcept, y.doc.Expires = nil, date("2026-08-30")
	y.doc.Exceptions = []policy.Exception{waiver(func(x *policy.Exception) { x.Rule, x.Check = "policy.*", "" }), waiver(nil)}
	if v, _ := y.judge(t, red); v.Allowed() || v.Findings()[0].Rule != "policy.expired" {
		t.Errorf("%+v", v.Findings())
	}
}

// A rule can be a sign of tampering, or undecided, without being called so.
func TestNeverExceptedByStatus(t *testing.T) {
	key := newGitKey(t, "")
	predicate, name := key.commit(t, " and more")
	y := newYardOf(t, name)
	y.doc.Identities = append(y.doc.Identities, policy.Identity{Name: "team", Git: &policy.Git{AllowedSigners: "allowed", Content: key.line}})
	y.require.Source = &policy.SourceClause{From: []string{"sec"}, CommitsSignedBy: []string{"team"}}
	y.doc.Exceptions = []policy.Exception{waiver(func(x *policy.Exception) { x.Rule, x.Check = "source.*", "" })}
	if v, f := y.asks(t, y.sec.saysOf(commitpredicate.V1, predicate, minutesAgo(9), name)); v.Outcome() != policy.Invalid || f.Rule != "source.commit" || f.Status != policy.StatusInvalid {
		t.Errorf("%s %+v", v.Outcome(), f)
	}
	y.require.Source = nil
	y.require.Checks = []policy.CheckClause{{Name: "x", Type: "vibes", From: []string{"sec"}}}
	y.doc.Exceptions = []policy.Exception{waiver(func(x *policy.Exception) { x.Rule, x.Check = "checks.*", "" })}
	if v, f := y.asks(t); v.Outcome() != policy.Undecided || f.Rule != "checks.unsupported" {
		t.Errorf("%s %+v", v.Outcome(), f)
	}
}

// An exception is of its own document, and any document can forbid it.
func TestExceptionsOfSeveralDocuments(t *testing.T) {
	y := newYard(t)
	y.require.Checks = []policy.CheckClause{unitTests()}
	red := y.with(y.tests.saysOf(typeTest, tested("unit-tests", "FAILED"), minutesAgo(9), y.commit))
	doc := func(name string, exceptions []policy.Exception, never ...string) *policy.Document {
		d := y.doc
		d.Name, d.Exceptions, d.NeverExcept = name, exceptions, never
		d.Scopes = []policy.Scope{{Name: "shop", Images: []string{"ghcr.io/acme/*"}, Require: y.require}}
		return &d
	}
	with := []policy.Exception{waiver(nil)}
	for name, c := range map[string]struct {
		docs    []*policy.Document
		allowed bool
	}{
		"both":      {[]*policy.Document{doc("org", with), doc("team", with)}, true},
		"one":       {[]*policy.Document{doc("org", nil), doc("team", with)}, false},
		"forbidden": {[]*policy.Document{doc("org", with), doc("team", with, "checks.*")}, false},
	} {
		p, err := policy.Bind("ghcr.io/acme/shop", nil, c.docs...)
		if err != nil {
			t.Fatal(err)
		}
		if v := p.Judge(red); v.Allowed() != c.allowed {
			t.Errorf("%s: %s %+v", name, v.Outcome(), v.Findings())
		}
	}
}

// A clause that denies from some day on tells before, and denies then.
func TestEnforceFrom(t *testing.T) {
	y := newYard(t)
	check := unitTests()
	check.EnforceFrom = judged
	y.require.Checks = []policy.CheckClause{check}
	for at, allowed := range map[time.Time]bool{judged.Add(-time.Second): true, judged: false, {}: false} {
		c := y.with(y.tests.saysOf(typeTest, tested("unit-tests", "FAILED"), minutesAgo(60), y.commit))
		c.At = at
		v, _ := y.judge(t, c)
		if v.Allowed() != allowed || len(v.Notes()) > 0 != allowed || allowed && v.Notes()[0].Rule != "rule.pending" {
			t.Errorf("at %s: %s, %+v", at, v.Outcome(), v.Notes())
		}
	}
}

// Which scanner's finding is told does not matter to the names that an exception may use.
func TestExceptionsByAnotherScannersName(t *testing.T) {
	for _, first := range []bool{true, false} {
		s := newStocked(t)
		s.require.Vulnerabilities = clause(policy.DenyVulnerability{Severity: "high"})
		plain, named := report("grype", 2, 3, openssl("CVE-2026-1", "high")), report("trivy", 2, 3, openssl("GHSA-1", "high", `"aliases":"CVE-2026-1"`))
		if first {
			plain, named = named, plain
		}
		s.says(s.scanner, typeVulns, plain, 2)
		s.says(s.scanner, typeVulns, named, 2)
		doc := policy.Document{
			Name: "contents", Owner: "security", Identities: []policy.Identity{s.scanner.identity(), s.second.identity()},
			Scopes: []policy.Scope{{Name: "all", Images: []string{"**"}, Require: s.require}},
			Exceptions: []policy.Exception{waiver(func(x *policy.Exception) {
				x.Rule, x.Check, x.Vulnerability, x.Created, x.Expires = "vulnerabilities.severity", "", "GHSA-1", now.AddDate(0, 0, -1), now.AddDate(0, 0, 30)
			})},
		}
		p, err := policy.Bind("ghcr.io/acme/shop", nil, &doc)
		if err != nil {
			t.Fatal(err)
		}
		if v := p.Judge(s.with); !v.Allowed() {
			t.Errorf("first %v: %+v", first, v.Findings())
		}
	}
}

// An exception for a package is one for every version and qualifier that it does not name,
// and for no other package.
func TestExceptionsOfPackages(t *testing.T) {
	y := newYard(t)
	y.require.Vulnerabilities = &policy.VulnerabilitiesClause{From: []string{"sec"}, Deny: []policy.DenyVulnerability{{Severity: "high"}}}
	const found = `{"scanner":{"uri":"https://example.com/scanner","db":{"lastUpdate":"2026-09-01T00:00:00Z"},"result":[{"id":"GHSA-1","severity":[{"method":"nvd","score":"9.8"}],` +
		`"annotations":{"purl":"pkg:deb/debian/libxml2@2.9.14?arch=amd64","aliases":"CVE-2026-11111,two words,DSA-1"}}]},"metadata":{"scanStartedOn":"2026-09-01T10:00:00Z","scanFinishedOn":"2026-09-01T10:00:00Z"}}`
	c := y.with(y.sec.says(y.image.Digest, "https://in-toto.io/attestation/vulns/v0.2", found, minutesAgo(60)))
	for _, x := range []struct {
		vulnerability, pkg string
		allowed            bool
	}{
		{"CVE-2026-11111", "", true},
		{"cve-2026-11111", "pkg:deb/debian/libxml2", true},
		{"", "pkg:deb/debian/libxml2", true},
		{"", "pkg:deb/debian/libxml2@2.9.14", true},
		{"", "pkg:deb/debian/libxml2@2.9.14?arch=amd64", true},
		{"", "pkg:deb/debian/libxml2?arch=amd64", true},
		{"", "pkg:deb/debian/libxml2?arch=arm64", false},
		{"", "pkg:deb/debian/libxml2@2.9.15", false},
		{"", "pkg:deb/debian/libxml", false},
		{"", "pkg:deb/ubuntu/libxml2", false},
		{"", "pkg:rpm/debian/libxml2", false},
		{"", "libxml2", false},
		{"", "pkg:", false},
		{"GHSA-1", "", true},
		{"ghsa-1", "pkg:deb/debian/libxml2", true},
		{"GHSA-1", "pkg:deb/debian/other", false},
		{"GHSA", "", false},
		{"GHSA-2", "", false},
		{"DSA-1", "", true},
		{"DSA-1 GHSA-1", "", false},
		{"two", "", false},
		{"CVE-2026-11112", "", false},
		{"CVE-2026-1111", "", false},
		{"CVE-2026-11111", "pkg:deb/debian/other", false},
	} {
		y.doc.Exceptions = []policy.Exception{waiver(func(e *policy.Exception) {
			e.Rule, e.Check, e.Vulnerability, e.Package = "vulnerabilities.severity", "", x.vulnerability, x.pkg
		})}
		if v, f := y.judge(t, c); v.Allowed() != x.allowed || !x.allowed && f.Rule != "vulnerabilities.severity" {
			t.Errorf("%q %q: %s %+v", x.vulnerability, x.pkg, v.Outcome(), v.Findings())
		}
	}
}
