package policy_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/sign"
	"github.com/carnet-project/carnet/verify"
	"github.com/carnet-project/carnet/verify/policy"
	"github.com/carnet-project/carnet/verify/policy/cel"
)

var ruleTime = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// saying is believed evidence about a with a predicate of its own.
func (s *scene) saying(a artifact.Artifact, predicateType, predicate string) *verify.Evidence {
	s.t.Helper()
	st, err := attest.NewStatement(predicateType, []byte(predicate), attest.NewSubject("", a.Digest))
	if err != nil {
		s.t.Fatal(err)
	}
	b, err := sign.Statement(s.t.Context(), st, s.signer)
	if err != nil {
		s.t.Fatal(err)
	}
	e, err := verify.Bundle(b, a.Digest, s.root)
	if err != nil {
		s.t.Fatal(err)
	}
	return e
}

func slsaOf(ref string) string {
	return `{"buildDefinition":{"buildType":"https://actions.github.io/buildtypes/workflow/v1","externalParameters":{"workflow":{"ref":"` + ref + `",
		"repository":"https://github.com/acme/shop","path":".github/workflows/r.yml"},"api_token":"hunter2"}},"runDetails":{"builder":{"id":"https://example.com/builder"}}}`
}

func spdxOf(purls ...string) string {
	var packages []string
	for i, p := range purls {
		packages = append(packages, fmt.Sprintf(`{"SPDXID":"SPDXRef-%d","name":"p%d","versionInfo":"1","downloadLocation":"NOASSERTION","externalRefs":[{"referenceCategory":"PACKAGE-MANAGER","referenceType":"purl","referenceLocator":%q}]}`, i, i, p))
	}
	return `{"spdxVersion":"SPDX-2.3","SPDXID":"SPDXRef-DOCUMENT","name":"n","dataLicense":"CC0-1.0","documentNamespace":"https://example.com/n",` +
		`"creationInfo":{"created":"2026-01-02T03:04:05Z","creators":["Tool: t"]},"packages":[` + strings.Join(packages, ",") + `]}`
}

// ruled is a policy of one rule beside whatever sections there are.
func ruled(t testing.TB, expression string, require policy.Require) *policy.Policy {
	t.Helper()
	require.Agree = []string{}
	require.Rules = []policy.RuleClause{{ID: "own", Require: expression, Message: "as the team wants it", Fix: "ask the team"}}
	p, err := policy.Bind("ghcr.io/acme/shop/api", cel.New(), &policy.Document{
		Name: "ruled", Scopes: []policy.Scope{{Name: "all", Images: []string{"ghcr.io/acme/{repo}/**"}, Require: require}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// cellOf is the rule's only cell.
func cellOf(t testing.TB, v policy.Verdict) policy.Cell {
	t.Helper()
	for _, c := range v.Cells() {
		if c.Requirement.Name() == "rule.own" {
			return c
		}
	}
	t.Fatalf("the rule was not judged: %+v", v.Cells())
	return policy.Cell{}
}

// How rules end, by what there is. An image of one platform that has everything is judged.
func TestRulesOfAPolicy(t *testing.T) {
	s := newScene(t)
	provenance, signature := s.saying(s.amd64, typeSLSA, slsaOf("refs/tags/v1")), s.evidence(s.amd64, typeSign)
	log4j, clean := s.saying(s.amd64, typeSPDX, spdxOf("pkg:maven/log4j/log4j@1.2.17")), s.saying(s.amd64, typeSPDX, spdxOf("pkg:deb/debian/openssl@3"))
	bare := s.saying(s.amd64, typeSPDX, strings.Replace(spdxOf("pkg:deb/debian/openssl@3"), `"packages":[`, `"packages":[{"SPDXID":"SPDXRef-self","name":"self","downloadLocation":"NOASSERTION"},`, 1))
	empty := s.saying(s.amd64, typeSPDX, spdxOf())
	everything := policy.Require{Signatures: &policy.SignaturesClause{}, Provenance: &policy.ProvenanceClause{}, SBOM: &policy.SBOMClause{}}
	noSBOM := policy.Require{Signatures: &policy.SignaturesClause{}, Provenance: &policy.ProvenanceClause{}}
	config := map[attest.Digest]policy.Image{s.amd64.Digest: {Labels: map[string]string{"team": "shop", "password": "hunter2"}, Created: ruleTime.Add(-time.Hour)}}
	production := policy.Deploy{Environment: "production"}

	noLog4j := `!sbom.packages.exists(p, p.purl.startsWith("pkg:maven/log4j/log4j@1."))`
	releaseTag := `deploy.environment != "production" || provenance.all(p, p.source.ref.startsWith("refs/tags/v"))`
	for _, c := range []struct {
		name, rule string
		require    policy.Require
		evidence   []*verify.Evidence
		change     func(*policy.Case)
		status     policy.Status
		found      string
	}{
		{"no log4j", noLog4j, everything, []*verify.Evidence{signature, provenance, clean}, nil, policy.StatusPass, `sbom.packages[].purl = "pkg:deb/debian/openssl@3"`},
		{"a package without a package URL", noLog4j, everything, []*verify.Evidence{signature, provenance, bare}, nil, policy.StatusPass, ""},
		{"log4j", noLog4j, everything, []*verify.Evidence{signature, provenance, log4j}, nil, policy.StatusFail, `sbom.packages[].purl = "pkg:maven/log4j/log4j@1.2.17"`},
		{"no SBOM at all", noLog4j, everything, []*verify.Evidence{signature, provenance}, nil, policy.StatusMissing, "no accepted evidence for sbom"},
		{"no section for SBOMs", noLog4j, noSBOM, []*verify.Evidence{signature, provenance, clean}, nil, policy.StatusMissing, "nothing is accepted for sbom"},
		{"one SBOM of two is enough", noLog4j, everything, []*verify.Evidence{signature, provenance, log4j, clean}, nil, policy.StatusPass, ""},
		{"an empty SBOM is one", noLog4j, everything, []*verify.Evidence{signature, provenance, empty}, nil, policy.StatusPass, "sbom.packages[].purl is not there"},
		{"a release tag", releaseTag, everything, []*verify.Evidence{signature, provenance, clean}, nil, policy.StatusPass, `deploy.environment = "production"; provenance[].source.ref = "refs/tags/v1"`},
		{"a branch", releaseTag, everything, []*verify.Evidence{signature, s.saying(s.amd64, typeSLSA, slsaOf("refs/heads/x")), clean}, nil, policy.StatusFail, `provenance[].source.ref = "refs/heads/x"`},
		{"a branch to staging", releaseTag, everything, []*verify.Evidence{signature, s.saying(s.amd64, typeSLSA, slsaOf("refs/heads/x")), clean}, func(c *policy.Case) { c.Deploy.Environment = "staging" }, policy.StatusPass, ""},
		{"all() of no provenance", releaseTag, everything, []*verify.Evidence{signature, clean}, nil, policy.StatusMissing, "no accepted evidence for provenance"},
		{"nobody knows where to", releaseTag, everything, []*verify.Evidence{signature, provenance, clean}, func(c *policy.Case) { c.Deploy = policy.Deploy{} }, policy.StatusMissing, "nothing is known of where it is to run"},
		{"a missing key", `image.labels.owner == "x"`, everything, []*verify.Evidence{signature, provenance, clean}, nil, policy.StatusError, "no such key: owner"},
		{"an error on one side of ||", `image.labels.owner == "x" || provenance.size() == 1`, everything, []*verify.Evidence{signature, provenance, clean}, nil, policy.StatusPass, ""},
		{"an error on both sides of ||", `image.labels.owner == "x" || provenance[1].buildType == ""`, everything, []*verify.Evidence{signature, provenance, clean}, nil, policy.StatusError, ""},
		{"over the cost", `image.platforms.all(a, image.platforms.all(b, a + b != "!"))`, everything, nil, func(c *policy.Case) { c.Artifact = manyPlatforms(s.amd64, 200) }, policy.StatusError, "cost limit exceeded"},
		{"captures", `match.repo == "shop" && image.repository == "acme/" + match.repo + "/api" && image.registry == "ghcr.io"`, everything, []*verify.Evidence{signature, provenance, clean}, nil, policy.StatusPass, `match.repo = "shop"`},
		{"a label", `image.labels.team == match.repo && now - image.created < duration("2h")`, everything, []*verify.Evidence{signature, provenance, clean}, nil, policy.StatusPass, `image.created = 2026-11-22T11:00:00Z`},
		{"no configuration", `image.labels.team == match.repo`, everything, []*verify.Evidence{signature, provenance, clean}, func(c *policy.Case) { c.Images = nil }, policy.StatusError, "the image's configuration, which the rule reads"},
		{"no configuration is needed", `image.digest.startsWith("sha256:")`, everything, []*verify.Evidence{signature, provenance, clean}, func(c *policy.Case) { c.Images = nil }, policy.StatusPass, "image.digest = "},
		{"no time", `now > timestamp("2020-01-01T00:00:00Z")`, everything, []*verify.Evidence{signature, provenance, clean}, func(c *policy.Case) { c.At = time.Time{} }, policy.StatusError, "no time to judge for"},
		{"signatures", `signatures.exists(s, s.key.startsWith("sha256:") && !s.logged)`, everything, []*verify.Evidence{signature, provenance, clean}, nil, policy.StatusPass, ""},
		{"no scan", `vulnerabilities.all(v, v.severity != "critical")`, everything, []*verify.Evidence{signature, provenance, clean}, nil, policy.StatusMissing, "nothing is accepted for vulnerabilities"},
		{"secrets are not told", `provenance.all(p, p.parameters.api_token != "hunter2") && image.labels.password != "hunter2"`, everything, []*verify.Evidence{signature, provenance, clean}, nil, policy.StatusFail, "(hidden)"},
		{"a parameter", `provenance.all(p, p.parameters["workflow.ref"] == "refs/tags/v1" && p.raw.runDetails.builder.id == p.builder.id)`, everything, []*verify.Evidence{signature, provenance, clean}, nil, policy.StatusPass, ""},
	} {
		x := policy.Case{Artifact: s.amd64, Evidence: c.evidence, Images: config, At: ruleTime, Deploy: production, Facts: &policy.Facts{}}
		if c.change != nil {
			c.change(&x)
		}
		cell := cellOf(t, ruled(t, c.rule, c.require).Judge(x))
		f := cell.Findings[0]
		if cell.Status != c.status || !strings.Contains(f.Found, c.found) || f.Rule != "rule.own" || f.Expected != "as the team wants it" || len(f.Found) > 300 || strings.Contains(f.Found, "hunter2") {
			t.Errorf("%s: %s %+v\nwant %s %q", c.name, cell.Status, f, c.status, c.found)
		}
		if cell.Status == policy.StatusPass && strings.Contains(c.rule, "sbom") && len(cell.Evidence) != 1 {
			t.Errorf("%s: selected %d pieces of evidence", c.name, len(cell.Evidence))
		}
	}
}

// Rules read what scans found and VEX says, at what level was built, and how checks ended.
func TestRulesReadWhatSectionsFound(t *testing.T) {
	us := newParty(t, "us")
	image := artifact.Artifact{Kind: artifact.KindImage, Digest: attest.SHA256([]byte("image")), Platform: "linux/amd64"}
	vulns := func(findings string) string {
		return `{"scanner":{"uri":"pkg:github/aquasecurity/trivy@0.50","db":{"lastUpdate":"2026-02-28T00:00:00Z"},"result":[` + findings + `]},
			"metadata":{"scanStartedOn":"2026-02-28T00:00:00Z","scanFinishedOn":"2026-02-28T00:00:00Z"}}`
	}
	critical := `{"id":"CVE-2026-1","severity":[{"method":"nvd","score":"9.9"}],"annotations":[]}`
	vex := `{"@context":"https://openvex.dev/ns/v0.2.0","@id":"https://example.com/vex","author":"us","timestamp":"2026-02-20T00:00:00Z","version":1,
		"statements":[{"vulnerability":{"name":"CVE-2026-1"},"products":[{"@id":"pkg:oci/image","hashes":{"sha-256":"` + image.Digest.Hex() + `"}}],"status":"not_affected","justification":"component_not_present"}]}`
	say := func(predicateType, predicate string) *verify.Evidence {
		return us.says(image.Digest, predicateType, predicate, daysAgo(1))
	}
	test := `{"result":"PASSED","configuration":[{"name":"unit","digest":{"gitCommit":"7fd1a60b01f91b314f59955a4e4d4e80d8edf11d"}}]}`
	base := []*verify.Evidence{say(typeSLSA, slsaOf("refs/tags/v1")), say(typeTest, test)}
	for _, c := range []struct {
		rule     string
		evidence []*verify.Evidence
		status   policy.Status
	}{
		{`vulnerabilities.all(v, v.severity != "critical")`, []*verify.Evidence{say(typeVulns, vulns(""))}, policy.StatusPass},
		{`vulnerabilities.all(v, v.severity != "critical")`, []*verify.Evidence{say(typeVulns, vulns(critical))}, policy.StatusFail},
		{`vulnerabilities.all(v, v.severity != "critical")`, nil, policy.StatusMissing},
		{`vulnerabilities.all(v, v.severity != "critical" || has(v.vex) && v.vex == "not_affected")`, []*verify.Evidence{say(typeVulns, vulns(critical)), say(typeVEX, vex)}, policy.StatusPass},
		{`vulnerabilities.all(v, v.severity != "critical" || has(v.vex) && v.vex == "not_affected")`, []*verify.Evidence{say(typeVulns, vulns(critical))}, policy.StatusFail},
		{`vulnerabilities.all(v, v.scanner == "trivy" && v.id.startsWith("CVE-"))`, []*verify.Evidence{say(typeVulns, vulns(critical))}, policy.StatusPass},
		{`provenance.all(p, p.level == 2)`, nil, policy.StatusPass},
		{`provenance.all(p, p.level >= 3)`, nil, policy.StatusFail},
		{`checks.exists(c, c.name == "unit" && c.result == "PASSED")`, nil, policy.StatusPass},
		{`signatures.size() == 0`, nil, policy.StatusMissing},
	} {
		p, err := policy.Bind("ghcr.io/acme/shop", cel.New(), &policy.Document{
			Name: "p", Identities: []policy.Identity{us.identity()},
			Builders: []policy.Builder{{Name: "b", IDs: []string{"https://example.com/builder"}, SignedBy: []string{"us"}, Level: 2}},
			Scopes: []policy.Scope{{Name: "all", Images: []string{"**"}, Require: policy.Require{
				Provenance: &policy.ProvenanceClause{Builders: []string{"b"}}, Agree: []string{},
				Vulnerabilities: &policy.VulnerabilitiesClause{From: []string{"us"}, VEXFrom: []string{"us"}},
				Checks:          []policy.CheckClause{{Name: "unit", Type: "test-result", From: []string{"us"}, OnImage: true}},
				Rules:           []policy.RuleClause{{ID: "own", Require: c.rule}},
			}}},
		})
		if err != nil {
			t.Fatal(err)
		}
		cell := cellOf(t, p.Judge(policy.Case{Artifact: image, Evidence: append(c.evidence, base...), At: now}))
		if cell.Status != c.status {
			t.Errorf("%s: %s %+v", c.rule, cell.Status, cell.Findings)
		}
	}
}

func manyPlatforms(a artifact.Artifact, n int) artifact.Artifact {
	index := artifact.Artifact{Kind: artifact.KindIndex, Digest: attest.SHA256([]byte("many"))}
	for i := range n {
		a.Platform, a.Digest = fmt.Sprint("linux/p", i), attest.SHA256([]byte{byte(i)})
		index.Children = append(index.Children, a)
	}
	return index
}

// A rule about what differs from platform to platform is held to each; the others once.
func TestRulesPerPlatform(t *testing.T) {
	s := newScene(t)
	require := policy.Require{SBOM: &policy.SBOMClause{}, Signatures: &policy.SignaturesClause{}}
	p := ruled(t, `!sbom.packages.exists(p, p.purl.startsWith("pkg:maven/log4j/"))`, require)
	good, bad := s.saying(s.amd64, typeSPDX, spdxOf("pkg:deb/a")), s.saying(s.arm64, typeSPDX, spdxOf("pkg:maven/log4j/log4j@1"))
	v := p.Judge(policy.Case{Artifact: s.index, Evidence: []*verify.Evidence{s.evidence(s.index, typeSign), good, bad}})
	if f := v.Findings(); len(f) != 1 || f[0].Rule != "rule.own" || f[0].Platform != "linux/arm64" || v.Outcome() != policy.Denied {
		t.Errorf("%s: %+v", v.Outcome(), f)
	}
	v = ruled(t, `signatures.size() > 0`, require).Judge(policy.Case{Artifact: s.index, Evidence: []*verify.Evidence{s.evidence(s.index, typeSign), good, bad}})
	if c := cellOf(t, v); c.Node.Digest != s.index.Digest || !v.Allowed() {
		t.Errorf("%s: %+v", v.Outcome(), v.Findings())
	}
}

// A rule sees no evidence that was not accepted, however well it would do.
func TestRulesSeeAcceptedEvidenceOnly(t *testing.T) {
	s, stranger := newScene(t), newScene(t)
	document := &policy.Document{
		Name: "ruled", Identities: []policy.Identity{{Name: "us", Key: &policy.Key{PEM: string(s.signer.PublicPEM())}}},
		Scopes: []policy.Scope{{Name: "all", Images: []string{"**"}, Require: policy.Require{
			SBOM: &policy.SBOMClause{From: []string{"us"}}, Agree: []string{},
			Rules: []policy.RuleClause{{ID: "own", Require: `sbom.packages.exists(p, p.purl == "pkg:deb/good")`}},
		}}},
	}
	p, err := policy.Bind("ghcr.io/acme/shop", cel.New(), document)
	if err != nil {
		t.Fatal(err)
	}
	ours, theirs := s.saying(s.amd64, typeSPDX, spdxOf("pkg:deb/bad")), stranger.saying(s.amd64, typeSPDX, spdxOf("pkg:deb/good"))
	v := p.Judge(policy.Case{Artifact: s.amd64, Evidence: []*verify.Evidence{ours, theirs}})
	if c := cellOf(t, v); v.Allowed() || c.Status != policy.StatusFail || c.Findings[0].Expected != `sbom.packages.exists(p, p.purl == "pkg:deb/good")` {
		t.Errorf("%s: %+v", v.Outcome(), c)
	}
	v = p.Judge(policy.Case{Artifact: s.amd64, Evidence: []*verify.Evidence{theirs}})
	if c := cellOf(t, v); v.Allowed() || c.Status != policy.StatusMissing || c.Findings[0].Follows == "" {
		t.Errorf("%s: %+v", v.Outcome(), c)
	}
}

// A rule that cannot be compiled refuses the policy, and says where it is wrong.
func TestTyposAreFoundWhenThePolicyIsBound(t *testing.T) {
	_, err := policy.Bind("ghcr.io/acme/shop", cel.New(), &policy.Document{Name: "p", Scopes: []policy.Scope{{Name: "all", Images: []string{"**"}, Require: policy.Require{
		Rules: []policy.RuleClause{{ID: "own", Require: `provenance.all(p, p.sorce.ref == "x")`}},
	}}}})
	if err == nil || !strings.Contains(err.Error(), "rule own: line 1, column 20: undefined field 'sorce'") {
		t.Errorf("%v", err)
	}
}

// What the engine builds has no field that is not declared, and all that is always there.
func TestVariablesAreAsDeclared(t *testing.T) {
	s := newScene(t)
	all := []*verify.Evidence{s.saying(s.amd64, typeSLSA, slsaOf("refs/tags/v1")), s.evidence(s.amd64, typeSign), s.saying(s.amd64, typeSPDX, spdxOf("pkg:deb/a"))}
	seen := map[string]any{}
	engine := func(string) (policy.Program, error) {
		return policy.Program{Reads: []string{"deploy", "image", "match", "now", "provenance", "sbom", "signatures"}, Paths: []string{"image"}, Eval: func(v map[string]any) (bool, error) {
			for name, of := range v {
				seen[name] = of
			}
			return true, nil
		}}, nil
	}
	p, err := policy.Bind("ghcr.io/acme/shop", engine, &policy.Document{Name: "p", Scopes: []policy.Scope{{Name: "all", Images: []string{"**"}, Require: policy.Require{
		Signatures: &policy.SignaturesClause{}, Provenance: &policy.ProvenanceClause{}, SBOM: &policy.SBOMClause{}, Agree: []string{}, Rules: []policy.RuleClause{{ID: "own", Require: "x"}},
	}}}})
	if err != nil {
		t.Fatal(err)
	}
	v := p.Judge(policy.Case{
		Artifact: s.amd64, Evidence: all, At: ruleTime, Tag: "v1", Deploy: policy.Deploy{Cluster: "c"},
		Images: map[attest.Digest]policy.Image{s.amd64.Digest: {Created: ruleTime}},
	})
	if !v.Allowed() || len(seen) != 7 {
		t.Fatalf("%s: %+v, %v", v.Outcome(), v.Findings(), seen)
	}
	declared(t, "carnet", seen)
}

// declared holds an object to the fields that rules may read, as far down as it goes.
func declared(t *testing.T, name string, of any) {
	t.Helper()
	o, ok := of.(map[string]any)
	if !ok {
		t.Errorf("%s is a %T", name, of)
	}
	for field, v := range o {
		typ := cel.Types()[name][field]
		if typ == nil {
			t.Errorf("%s.%s is not declared", name, field)
			continue
		}
		if l, ok := v.([]any); ok && typ.TypeName() == "list" {
			for _, x := range l {
				if short, ours := strings.CutPrefix(typ.Parameters()[0].TypeName(), "carnet."); ours {
					declared(t, short, x)
				}
			}
		}
		if short, ours := strings.CutPrefix(typ.TypeName(), "carnet."); ours {
			declared(t, short, v)
		}
	}
}

func BenchmarkRule(b *testing.B) {
	s := newScene(b)
	var purls []string
	for i := range 300 {
		purls = append(purls, fmt.Sprintf("pkg:deb/debian/p%d@1", i))
	}
	all := []*verify.Evidence{s.evidence(s.amd64, typeSign), s.saying(s.amd64, typeSPDX, spdxOf(purls...))}
	p := ruled(b, `!sbom.packages.exists(p, p.purl.startsWith("pkg:maven/log4j/log4j@1."))`, policy.Require{SBOM: &policy.SBOMClause{}, Signatures: &policy.SignaturesClause{}})
	facts := &policy.Facts{}
	for b.Loop() {
		if v := p.Judge(policy.Case{Artifact: s.amd64, Evidence: all, Facts: facts}); !v.Allowed() {
			b.Fatal(v.Findings())
		}
	}
}

// A report that its section has read is not read again for the rules.
func TestRulesShareWhatIsRead(t *testing.T) {
	s := newStocked(t)
	var flaws []flaw
	for i := range 500 {
		flaws = append(flaws, openssl(fmt.Sprintf("CVE-2026-%d", i), "low"))
	}
	s.says(s.scanner, typeVulns, report("grype", 2, 3, flaws...), 2)
	judge := func(rule string) float64 {
		p := ruled(t, rule, policy.Require{Vulnerabilities: &policy.VulnerabilitiesClause{Deny: []policy.DenyVulnerability{{Severity: "high"}}}})
		return testing.AllocsPerRun(3, func() {
			in := s.with
			in.Artifact, in.Facts = s.image, &policy.Facts{}
			if v := p.Judge(in); !v.Allowed() {
				t.Fatal(v.Findings())
			}
		})
	}
	if without, with := judge("true"), judge("vulnerabilities.size() == 500"); with > 1.5*without {
		t.Errorf("%v allocations, and %v with a rule", without, with)
	}
}

// Rules read no provenance that nobody signed, though it counts where the policy says so.
func TestRulesReadNoUnsignedProvenance(t *testing.T) {
	c := newCI(t)
	index, statement := covered(t, provenance())
	h := newHouse(policy.ProvenanceClause{Builders: []string{"covered"}})
	h.doc.Builders = append(h.doc.Builders, policy.Builder{Name: "covered", IDs: []string{"**"}, SignedBy: []string{"image-builder"}, Level: 1, Covered: true})
	h.require.Rules = []policy.RuleClause{{ID: "own", Require: `provenance.all(p, p.builder.id != "")`, Message: "m"}}
	doc := h.doc
	doc.Scopes = []policy.Scope{{Name: "shop", Images: []string{"ghcr.io/acme/{repo}"}, Require: h.require}}
	p, err := policy.Bind("ghcr.io/acme/shop", cel.New(), &doc)
	if err != nil {
		t.Fatal(err)
	}
	unsigned := policy.Case{Artifact: index, Evidence: []*verify.Evidence{c.signs(run(), index, typeSign, `{}`)}, Covered: []policy.Covered{statement}, At: judged}
	v := p.Judge(unsigned)
	if f := v.Findings(); v.Allowed() || len(f) != 1 || f[0].Rule != "rule.own" || f[0].Status != policy.StatusMissing || !strings.Contains(f[0].Found, "rules read signed provenance alone") {
		t.Errorf("%s: %+v", v.Outcome(), f)
	}
	beside := unsigned
	beside.Evidence = append(beside.Evidence, c.signs(run(), index.Children[0], typeSLSA, provenance()))
	if v := p.Judge(beside); !v.Allowed() {
		t.Errorf("beside a signed one: %+v", v.Findings())
	}
}

// A rule that costs too much says how large the SBOM is, and what to write instead.
func TestRulesOverLargeSBOMs(t *testing.T) {
	s := newScene(t)
	var purls []string
	for i := range 12_000 {
		purls = append(purls, fmt.Sprintf("pkg:deb/debian/p%d@1", i))
	}
	all := []*verify.Evidence{s.saying(s.amd64, typeSPDX, spdxOf(purls...)), s.saying(s.amd64, typeSLSA, slsaOf("refs/tags/v1")), s.evidence(s.amd64, typeSign)}
	require := policy.Require{SBOM: &policy.SBOMClause{}, Provenance: &policy.ProvenanceClause{}, Signatures: &policy.SignaturesClause{}}
	const advice = "; the SBOM has 12000 packages: sbom.packages.deny denies packages without this limit"
	for rule, told := range map[string]bool{
		`!sbom.packages.exists(p, p.purl.startsWith("pkg:maven/log4j/log4j@1."))`:               true,
		`image.digest != "" && !sbom.packages.exists(p, p.name == "log4j" || p.version == "2")`: true,
		`sbom.packages[13000].name == "x"`:                                                      false,
	} {
		f := cellOf(t, ruled(t, rule, require).Judge(policy.Case{Artifact: s.amd64, Evidence: all, At: ruleTime})).Findings[0]
		if f.Status != policy.StatusError || strings.Contains(f.Found, "cost limit exceeded"+advice) != told || len(f.Found) > 300 {
			t.Errorf("%s: %s %s", rule, f.Status, f.Found)
		}
	}
	// What loops over something else is not about packages.
	f := cellOf(t, ruled(t, `image.platforms.all(a, image.platforms.all(b, a + b != "!"))`, require).Judge(policy.Case{Artifact: manyPlatforms(s.amd64, 200), Evidence: all, At: ruleTime})).Findings[0]
	if f.Status != policy.StatusError || strings.Contains(f.Found, "packages") {
		t.Errorf("%s", f.Found)
	}
}
