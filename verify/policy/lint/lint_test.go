package lint_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/carnet-project/carnet/verify/policy/document"
	"github.com/carnet-project/carnet/verify/policy/lint"
)

// clean is a document about which there is nothing to say.
const clean = `apiVersion: carnet/v1
kind: Policy
metadata: {name: clean, version: 1, owner: me, expires: 2027-06-30}
mode: audit
identities:
  ci: {github: {repository: "acme/{repo}", workflow: .github/workflows/release.yml, refs: ["refs/tags/v*"], triggers: [push]}}
  shared: {github: {owner: acme, builder: acme/build/.github/workflows/image.yml, builderRefs: ["refs/tags/v2.*"], triggers: [push]}}
  lab: {gitlab: {project: "acme/{repo}", refs: ["refs/tags/v*"]}}
  key: {key: {file: release.pub}}
  second: {key: {file: second.pub}}
  dev: {oidc: {issuer: "https://accounts.google.com", subject: dev@acme.example}}
  run: {oidc: {issuer: "https://token.actions.githubusercontent.com", subject: "https://github.com/acme/shop/.github/workflows/*", claims: {buildTrigger: push}}}
  own: {x509: {roots: [root.pem], subjects: ["*@acme.example"]}}
  us: {people: {issuer: "https://accounts.google.com", emails: [ana@acme.example, bo@acme.example]}}
  scanner: {kubernetes: {issuer: "https://k8s.acme.example", namespace: scanning, serviceAccount: scanner}}
builders:
  image: {id: ["https://github.com/acme/build/.github/workflows/image.yml@refs/tags/v2.*"], signedBy: [shared, ci, lab], level: 2}
scopes:
  - name: shop
    images: ["ghcr.io/acme/{repo}/api"]
    require:
      signatures: {from: [key, second, ci, lab, run], threshold: 2, enforceFrom: 2027-01-01}
      provenance: {builders: [image], minLevel: 2, source: {repositories: ["https://github.com/acme/{repo}"]}}
      vulnerabilities: {from: [scanner], maxScanAge: 36h, maxDatabaseAge: 48h, deny: [{severity: critical, grace: 3d}, {severity: high, fixed: true, grace: 10d}, {exploited: true}]}
      approvals: [{name: release, from: [us, dev, own], count: 2}]
      checks: [{name: tests, type: test-result, from: [ci]}]
      rules: [{id: main, require: 'provenance.size() > 0 && provenance.all(p, p.source.ref != "a || b")', message: m}]
  - name: rest
    images: ["ghcr.io/acme/{repo}/**"]
    require:
      provenance: {builders: [image], source: {repositories: ["https://github.com/acme/{repo}"]}}
exceptions:
  - {id: EX-1, rule: vulnerabilities.severity, images: [ghcr.io/acme/shop/api], match: {vulnerability: CVE-1}, reason: r, ticket: t, owner: o, created: 2026-11-01, expires: 2026-12-20}
`

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func warnings(t *testing.T, raw string, at time.Time, o lint.Options) []lint.Warning {
	t.Helper()
	d, err := document.Parse("policy.yaml", []byte(raw), func(string) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	return lint.Lint(d, at, o)
}

// A change makes a warning of a clean document, at a line and with a text; without these
// it comes near to one and makes none of this rule.
type change struct {
	rule, old, new string
	line           int
	text           string
}

func changes() []change {
	const (
		ci        = `{repository: "acme/{repo}", workflow: .github/workflows/release.yml, refs: ["refs/tags/v*"], triggers: [push]}`
		deny      = "deny: [{severity: critical, grace: 3d}"
		cel       = `'provenance.size() > 0 && provenance.all(p, p.source.ref != "a || b")'`
		threshold = "[key, second, ci, lab, run], threshold: 2"
	)
	return []change{
		{"identity.broad", ci, `{owner: acme, triggers: [push]}`, 6, "every repository of acme"},
		{"identity.broad", ci, `{repository: "acme/*", workflow: .github/workflows/release.yml, triggers: [push]}`, 6, "every repository acme/*"},
		{"identity.broad", ci, `{repository: "acme/{repo}", triggers: [push]}`, 6, "any workflow of acme/{repo}"},
		{"identity.broad", ci, `{repository: "acme/{repo}", workflow: ".github/workflows/*", triggers: [push]}`, 6, "any workflow"},
		{"identity.broad", `project: "acme/{repo}"`, `project: "acme/**"`, 8, "every project acme/**"},
		{"identity.broad", `project: "acme/{repo}"`, `config: "*.yml", project: "acme/{repo}"`, 8, "by any file *.yml"},
		{"identity.broad", "subject: dev@acme.example", `subject: "*@acme.example"`, 11, "every subject *@acme.example"},
		{"identity.broad", `subject: "https://github.com/acme/shop/.github/workflows/*"`, `subject: "https://github.com/acme/**"`, 12, "every subject https://github.com/acme/**"},
		{"identity.broad", `subject: "https://github.com/acme/shop/.github/workflows/*"`, `subject: "https://github.com/acme/shop/**"`, 0, ""},
		{"identity.broad", `"https://accounts.google.com", subject`, `"https://*.google.com", subject`, 11, "every issuer https://*.google.com"},
		{"identity.broad", "ana@acme.example", `"*@ops.acme.example"`, 14, "everybody whose address is *@ops.acme.example"},
		{"identity.broad", "serviceAccount: scanner", `serviceAccount: "*"`, 15, "service accounts * in namespaces scanning"},
		{"identity.broad", `id: ["https://github.com/acme/build/.github/workflows/image.yml@refs/tags/v2.*"]`, `id: ["**"]`, 17, "has any id"},
		{"identity.subject", "subject: dev@acme.example", `subject: "**"`, 11, "everybody for whom https://accounts.google.com vouches"},
		{"identity.subject", `["*@acme.example"]`, `["**"]`, 13, "everybody whom its authority certified"},
		{"identity.subject", "subject: dev@acme.example", `subject: "*@acme.example"`, 0, ""},
		{"identity.moving", `builderRefs: ["refs/tags/v2.*"]`, "builderRefs: [refs/heads/main]", 7, "at refs/heads/main, which can be changed"},
		{"identity.moving", `builderRefs: ["refs/tags/v2.*"]`, "builderRefs: [refs/tags/v2]", 7, "at refs/tags/v2, which can be changed"},
		{"identity.moving", `, builderRefs: ["refs/tags/v2.*"]`, "", 7, "at **, which can be changed"},
		{"identity.moving", `builderRefs: ["refs/tags/v2.*"]`, "builderRefs: [refs/tags/v2.3.1]", 0, ""},
		{"identity.moving", "workflow: .github/workflows/release.yml", "workflow: acme/build/.github/workflows/image.yml@refs/heads/main", 6, "which can be changed"},
		{"builder.moving", "image.yml@refs/tags/v2.*", "image.yml@refs/heads/main", 17, "which can be changed"},
		{"builder.moving", "image.yml@refs/tags/v2.*", "image.yml@**", 17, "which can be changed"},
		{"builder.moving", "image.yml@refs/tags/v2.*", "image.yml@refs/tags/v2.0.0", 0, ""},
		{"identity.triggers", `refs: ["refs/tags/v*"], triggers: [push]`, "refs: [refs/heads/main]", 6, "accepts refs/heads/main, and does not say by which events"},
		{"identity.triggers", `refs: ["refs/tags/v*"], triggers: [push]`, `refs: ["refs/tags/v*"]`, 0, ""},
		{"identity.triggers", `image.yml, builderRefs: ["refs/tags/v2.*"], triggers: [push]`, `image.yml, builderRefs: ["refs/tags/v2.*"]`, 7, "accepts any ref"},
		{"identity.triggers", `refs: ["refs/tags/v*"], triggers: [push]`, "triggers: [push, pull_request_target]", 6, "runs by pull_request_target, which outsiders can influence"},
		{"identity.triggers", `, claims: {buildTrigger: push}`, "", 12, "by any event"},
		{"identity.unused", "from: [us, dev, own]", "from: [us, dev]", 13, "nothing names the identity own"},
		{"identity.unused", "builders:\n", "builders:\n  other: {known: buildkit, signedBy: [key]}\n", 17, "no scope names the builder other"},
		{"identity.unused", "from: [us, dev, own], count: 2}]", "from: [us, dev], count: 2}]\n      sbom: {from: [own]}", 0, ""},
		{"scope.unbound", `, source: {repositories: ["https://github.com/acme/{repo}"]}}` + "\n      vuln", "}\n      vuln", 19, "nothing ties the images of the scope shop"},
		{"scope.unbound", `"https://github.com/acme/{repo}"]}}` + "\n      vuln", `"https://github.com/acme/shop"]}}` + "\n      vuln", 19, "captures {repo}, and its repositories do not use it"},
		{"scope.unbound", `"https://github.com/acme/{repo}"]}}` + "\n      vuln", `"https://*/acme/shop"]}}` + "\n      vuln", 19, "any repository https://*/acme/shop"},
		{"scope.unbound", "mode: audit\n", "mode: audit\nbaseline: {provenance: {builders: [image], source: {repositories: [\"https://github.com/acme/{repo}\"]}}}\n", 0, ""},
		{"scope.shadowed", `["ghcr.io/acme/{repo}/api"]`, `["ghcr.io/acme/{repo}/**"]`, 28, "the scope rest never applies: the scope shop matches all of its images first"},
		{"scope.shadowed", `["ghcr.io/acme/{repo}/**"]`, `["ghcr.io/acme/{repo}/**", "ghcr.io/acme/{repo}/api"]`, 28, "the pattern ghcr.io/acme/{repo}/api of the scope rest never applies: the scope shop"},
		{"scope.shadowed", `["ghcr.io/acme/{repo}/api"]`, `["ghcr.io/acme/{repo}/*"]`, 0, ""},
		{"scope.shadowed", `["ghcr.io/acme/{repo}/api"]`, `["ghcr.io/acme/{repo}/a**"]`, 0, ""},
		{"threshold.same", "file: second.pub", "file: release.pub", 22, "key and second are both the same key"},
		{"threshold.same", threshold, "[key, second, ci, lab, run, shared], threshold: 2", 0, ""},
		{"threshold.same", threshold, "[ci], threshold: 2", 22, "can be met by ci alone"},
		{"threshold.same", threshold, "[ci, lab], threshold: 2", 0, ""},
		{"threshold.same", threshold, "[key], threshold: 1", 0, ""},
		{"threshold.same", "dev@acme.example", "ana@acme.example", 25, "us and dev are both ana@acme.example"},
		{"vulnerabilities.database", ", maxDatabaseAge: 48h", "", 24, "nothing bounds the age of the scanner's database"},
		{"vulnerabilities.database", "maxDatabaseAge: 48h", "maxDatabaseAge: 365d", 0, ""},
		{"vulnerabilities.nothing", ", deny: [{severity: critical, grace: 3d}, {severity: high, fixed: true, grace: 10d}, {exploited: true}]", "", 24, "whatever it finds is let in"},
		{"vulnerabilities.nothing", ", {exploited: true}", "", 0, ""},
		{"rule.unreachable", deny, "deny: [{severity: critical}, {severity: medium}", 24, "this item of deny never matters"},
		{"rule.unreachable", deny, "deny: [{severity: critical, fixed: true}, {severity: critical, fixed: false}", 0, ""},
		{"rule.unreachable", deny, "deny: [{severity: critical}, {severity: critical}", 24, "never matters"},
		{"rule.unreachable", cel, "'true'", 27, "the rule main is always met"},
		{"rule.unreachable", cel, "'image.tag == \"true\"'", 0, ""},
		{"provenance.level", "minLevel: 2", "minLevel: 3", 23, "minLevel is 3, and image may claim level 2 at most"},
		{"provenance.level", "minLevel: 2", "minLevel: 1", 0, ""},
		{"rule.late", "enforceFrom: 2027-01-01", "enforceFrom: 2027-06-30", 22, "this never denies: enforceFrom is 2027-06-30"},
		{"rule.late", "enforceFrom: 2027-01-01", "enforceFrom: 2027-06-29", 0, ""},
		{"rule.vacuous", "provenance.size() > 0 && ", "", 27, "met by an empty list"},
		{"rule.vacuous", cel, `'image.tag != ".all("'`, 0, ""},
		{"rule.masked", cel, `'image.tag == "a" || image.tag == "b"'`, 27, "has ||"},
		{"rule.masked", cel, `"image.tag == '\\'||'"`, 0, ""},
		{"exception.expired", "created: 2026-11-01, expires: 2026-12-20", "created: 2026-11-01, expires: 2026-11-22", 33, "expired 2026-11-22"},
		{"exception.expiring", "expires: 2026-12-20", "expires: 2026-12-06", 33, "expires 2026-12-06"},
		{"exception.expiring", "expires: 2026-12-20", "expires: 2026-12-07", 0, ""},
		{"exception.expired", "expires: 2026-12-20", "expires: 2026-11-23", 0, ""},
		{"exception.broad", "images: [ghcr.io/acme/shop/api]", `images: ["ghcr.io/acme/shop/**"]`, 33, "every image ghcr.io/acme/shop/**"},
		{"exception.broad", "images: [ghcr.io/acme/shop/api]", "images: [ghcr.io/acme/shop/api, ghcr.io/acme/shop/web]", 33, "for 2 images"},
		{"exception.broad", ", match: {vulnerability: CVE-1}", "", 33, "every vulnerability"},
		{"exception.broad", "match: {vulnerability: CVE-1}", `match: {package: "pkg:deb/debian/libxml2"}`, 0, ""},
		{"exception.broad", "rule: vulnerabilities.severity", "rule: checks.failed", 33, "for every check"},
		{"exception.broad", "rule: vulnerabilities.severity, images: [ghcr.io/acme/shop/api], match: {vulnerability: CVE-1}", "rule: checks.failed, images: [ghcr.io/acme/shop/api], match: {check: tests}", 0, ""},
		{"exception.unreachable", "images: [ghcr.io/acme/shop/api]", "images: [ghcr.io/other/shop/api]", 33, "no scope names an image"},
		{"exception.unreachable", "images: [ghcr.io/acme/shop/api]", `images: ["ghcr.io/acme/sh*/web/x"]`, 0, ""},
		{"agree.nothing", "  - name: rest\n    images: [\"ghcr.io/acme/{repo}/**\"]\n    require:\n", "  - name: rest\n    images: [\"ghcr.io/acme/{repo}/**\"]\n    require:\n      agree: []\n", 30, "tests of another commit count"},
		{"agree.nothing", "  - name: rest\n    images: [\"ghcr.io/acme/{repo}/**\"]\n    require:\n", "  - name: rest\n    images: [\"ghcr.io/acme/{repo}/**\"]\n    require:\n      agree: [commit]\n", 0, ""},
		{"trust.claimed", "mode: audit\n", "mode: audit\ntrust: {clock: claimed}\n", 0, "believes the times that signers write"},
		{"trust.claimed", "mode: audit\n", "mode: audit\ntrust: {clock: trusted}\n", 0, ""},
	}
}

func TestLint(t *testing.T) {
	if found := warnings(t, clean, noon, lint.Options{Since: noon.AddDate(0, 0, -29)}); len(found) > 0 {
		t.Fatalf("there is nothing to say, and it says %v", found)
	}
	fired := map[string]bool{"mode.audit": true, "rule.doubtful": true}
	quiet := map[string]bool{"mode.audit": true, "rule.doubtful": true, "exception.unreachable": true}
	for _, c := range changes() {
		if strings.Count(clean, c.old) == 0 {
			t.Errorf("%q is not in the document", c.old)
			continue
		}
		found := warnings(t, strings.Replace(clean, c.old, c.new, 1), noon, lint.Options{})
		if c.text == "" {
			quiet[c.rule] = true
			if slices.ContainsFunc(found, func(w lint.Warning) bool { return w.Rule == c.rule }) {
				t.Errorf("%s: %q must not be told: %v", c.rule, c.new, found)
			}
			continue
		}
		fired[c.rule] = true
		if !slices.ContainsFunc(found, func(w lint.Warning) bool {
			return w.Rule == c.rule && w.Line == c.line && strings.Contains(w.Text, c.text) && w.Fix != ""
		}) {
			t.Errorf("%s: %q must be told in line %d with %q: %v", c.rule, c.new, c.line, c.text, found)
		}
		for _, w := range found {
			if !slices.Contains(lint.Rules(), w.Rule) {
				t.Errorf("there is no rule %s", w.Rule)
			}
		}
	}
	for _, rule := range lint.Rules() {
		if !fired[rule] || !quiet[rule] {
			t.Errorf("%s is not shown to be told, and not told where it is not meant: %t %t", rule, fired[rule], quiet[rule])
		}
	}
}

// How long a policy is tried out is known to the caller alone.
func TestLintAudit(t *testing.T) {
	told := func(raw string, since, at time.Time) bool {
		return slices.ContainsFunc(warnings(t, raw, at, lint.Options{Since: since}), func(w lint.Warning) bool { return w.Rule == "mode.audit" })
	}
	old := noon.AddDate(0, 0, -31)
	if !told(clean, old, noon) {
		t.Error("a policy in audit for 31 days is not told of")
	}
	if told(clean, time.Time{}, noon) || told(clean, old, time.Time{}) || told(clean, noon.AddDate(0, 0, -30), noon) || told(strings.Replace(clean, "mode: audit", "mode: warn", 1), old, noon) {
		t.Error("it is told of what is unknown, recent or no audit")
	}
}

// Without a time, nothing is said that depends on it.
func TestLintTimeless(t *testing.T) {
	raw := strings.Replace(clean, "created: 2026-11-01, expires: 2026-12-20", "created: 2025-11-01, expires: 2025-12-20", 1)
	if found := warnings(t, raw, time.Time{}, lint.Options{}); len(found) > 0 {
		t.Error(found)
	}
}

// What another reader of expressions finds is told as it is, and in place of what is seen
// from the text.
func TestLintExpressions(t *testing.T) {
	raw := strings.Replace(clean, "provenance.size() > 0 && ", "", 1)
	found := warnings(t, raw, noon, lint.Options{Expressions: func(expression string) []string {
		if !strings.HasPrefix(expression, "provenance.all(") {
			t.Errorf("it is asked about %q", expression)
		}
		return []string{"reads nothing"}
	}})
	if len(found) != 1 || found[0].Rule != "rule.doubtful" || found[0].Line != 27 || found[0].Text != "the rule main: reads nothing" {
		t.Error(found)
	}
}

// What is told about the examples of the documentation.
func TestLintExamples(t *testing.T) {
	for name, want := range map[string][]string{
		"starter":                {"10 identity.triggers"},
		"slsa-l3-github":         {},
		"cardholder-environment": {"96 rule.masked", "96 rule.vacuous"},
		"../ci/policies/github":  {},
		"../ci/policies/gitlab":  {},
		"../ci/policies/key":     {},
	} {
		raw, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "policies", name+".yaml"))
		if err != nil {
			t.Fatal(err)
		}
		got := []string{}
		for _, w := range warnings(t, string(raw), noon, lint.Options{}) {
			got = append(got, fmt.Sprint(w.Line, " ", w.Rule))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q", name, got)
		}
	}
}
