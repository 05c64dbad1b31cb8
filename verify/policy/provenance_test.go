package policy_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/artifact"
	forge "github.com/carnet-project/carnet/fixtures/sigstore"
	"github.com/carnet-project/carnet/verify"
	"github.com/carnet-project/carnet/verify/policy"
)

// strictClause is all that can be asked of a good run's provenance.
func strictClause() policy.ProvenanceClause {
	return policy.ProvenanceClause{
		MinLevel: 3, Repositories: []string{"https://github.com/acme/{repo}"}, Refs: []string{"refs/heads/main", "refs/tags/v*"},
		Allow: []string{"inputs.version"}, Values: map[string]string{"inputs.version": "1.*"}, Digests: true,
	}
}

// Each rule denies what it is there for, and says what it expected and what it found.
func TestProvenanceRules(t *testing.T) {
	c, s := newCI(t), newScene(t)
	hosted := func(clause *policy.ProvenanceClause) {}
	for name, test := range map[string]struct {
		clause func(*policy.ProvenanceClause)
		holder forge.Holder
		text   string
		rule   string
		found  string
	}{
		"a good run": {hosted, run(), provenance(), "", ""},
		// Certificate and provenance (chain.md, section 7, item 6).
		"another commit":       {hosted, run(), provenance(builtCommit, otherCommit), "provenance.certificate", "the commit " + otherCommit + " in the provenance"},
		"another certified":    {hosted, run(13, otherCommit), provenance(), "provenance.certificate", "the commit " + builtCommit},
		"another repository":   {hosted, run(12, "https://github.com/acme/shop2"), provenance(), "provenance.certificate", "the repository https://github.com/acme/shop in the provenance"},
		"another case":         {hosted, run(), provenance("https://github.com/acme/shop\"", "https://github.com/Acme/Shop\""), "", ""},
		"another ref":          {hosted, run(14, "refs/heads/main"), provenance(), "provenance.certificate", "the ref refs/tags/v1.2.3"},
		"another run":          {hosted, run(21, "https://github.com/acme/shop/actions/runs/992/attempts/1"), provenance(), "provenance.certificate", "the run "},
		"another attempt":      {hosted, run(21, "https://github.com/acme/shop/actions/runs/991/attempts/2"), provenance(), "provenance.certificate", "the run "},
		"another trigger":      {hosted, run(), provenance(`"push"`, `"release"`), "provenance.certificate", "the trigger release"},
		"another workflow":     {hosted, run(), provenance("release.yml", "other.yml"), "provenance.certificate", "the workflow .github/workflows/other.yml"},
		"another builder id":   {hosted, run(), provenance("@refs/tags/v2.3.1", "@refs/tags/v2.4.0"), "provenance.certificate", "the builder "},
		"two commits":          {hosted, run(13, ""), provenance("}}]}", `}},{"uri":"git+https://github.com/acme/shop","digest":{"gitCommit":"`+otherCommit+`"}}]}`), "provenance.source", "material 2"},
		"not what is expected": {func(r *policy.ProvenanceClause) { r.SourceTrust = "certificate" }, run(12, "", 13, "", 14, ""), provenance(), "provenance.identity", ""},
		// Pairs of signer and builder id (item 5).
		"a foreign builder id":       {func(r *policy.ProvenanceClause) { r.MinLevel = 0 }, run(), provenance(imageYML, "https://evil.example/builder"), "provenance.builder", "https://evil.example/builder, signed by " + imageYML},
		"a foreign signer":           {hosted, run(9, "https://github.com/acme/build/.github/workflows/evil.yml@refs/tags/v2.3.1"), provenance(), "provenance.identity", "evil.yml"},
		"a foreign owner":            {hosted, run(12, "https://github.com/evil/shop", 16, "https://github.com/evil"), provenance(), "provenance.identity", "whose repository is https://github.com/evil/shop"},
		"a name that was taken":      {hosted, run(17, "666"), provenance(), "provenance.identity", "whose owner id is 666 and not 1234567"},
		"a branch of the builder":    {hosted, run(9, "https://github.com/acme/build/.github/workflows/image.yml@refs/heads/main"), provenance(), "provenance.identity", "whose builder is "},
		"another build type":         {func(r *policy.ProvenanceClause) { r.Builders = []string{"buildkit"} }, run(), provenance(), "provenance.builder", "https://actions.github.io/buildtypes/workflow/v1"},
		"a version that is not read": {hosted, run(), "v0.1", "provenance.format", "is not a type of provenance"},
		// Levels.
		"the tenant's own workflow": {func(r *policy.ProvenanceClause) { r.Builders = []string{"actions"} },
			run(9, "https://github.com/acme/shop/.github/workflows/release.yml@refs/tags/v1.2.3"), provenance(imageYML, "https://github.com/acme/shop/.github/workflows/release.yml@refs/tags/v1.2.3"), "provenance.level", "level 2: "},
		"it under another name": {func(r *policy.ProvenanceClause) { r.Builders = []string{"own"} },
			run(9, "https://github.com/acme/shop/.github/workflows/release.yml@refs/tags/v1.2.3"), provenance(imageYML, "https://acme.example/builder", "https://actions.github.io/buildtypes/workflow/v1", "https://acme.example/v1"), "provenance.level", "level 2: the workflow that was started signed it"},
		"the policy's own word": {func(r *policy.ProvenanceClause) { r.SourceTrust = "predicate" }, run(), provenance(), "provenance.level", "level 2: the policy takes the source from the provenance alone"},
		"a runner of one's own": {hosted, run(11, "self-hosted"), provenance(), "provenance.level", "level 1: the runner is self-hosted"},
		"it at level 1":         {func(r *policy.ProvenanceClause) { r.MinLevel = 1 }, run(11, "self-hosted"), provenance(), "", ""},
		"a shell in the run":    {func(r *policy.ProvenanceClause) { r.MinLevel = 0 }, run(11, "ssh-rerun"), provenance(), "provenance.runner", "ssh-rerun"},
		// What was built.
		"a repository of others": {func(r *policy.ProvenanceClause) { r.Repositories = []string{"https://github.com/acme/{repo}-api"} }, run(), provenance(), "provenance.source", "https://github.com/acme/shop"},
		"a branch that is not":   {hosted, run(14, "refs/heads/fix-login", 18, "https://github.com/acme/shop/.github/workflows/release.yml@refs/heads/fix-login"), provenance("refs/tags/v1.2.3", "refs/heads/fix-login"), "provenance.identity", "whose ref is refs/heads/fix-login and not refs/heads/main or refs/tags/v*"},
		"a tag that is not":      {func(r *policy.ProvenanceClause) { r.Refs = []string{"refs/heads/main"} }, run(), provenance(), "provenance.ref", "refs/tags/v1.2.3"},
		"a ref only certified":   {hosted, run(), provenance(`"ref":"refs/tags/v1.2.3",`, "", "shop@refs/tags/v1.2.3", "shop"), "", ""},
		"an unknown parameter":   {hosted, run(), provenance(`"version":"1.2.3"`, `"version":"1.2.3","skip_tests":true`), "provenance.parameters", "also inputs.skip_tests=true"},
		"one beside the source":  {hosted, run(), provenance(`"ref":`, `"fast":1,"ref":`), "provenance.parameters", "also workflow.fast=1"},
		"one with a dot":         {hosted, run(), provenance(`"inputs":{"version":"1.2.3"}`, `"inputs":{"version":"1.2.3"},"inputs.version":"2"`), "provenance.parameters", `also inputs\.version=2`},
		"an empty place for it":  {func(r *policy.ProvenanceClause) { r.Values = nil }, run(), provenance(`{"version":"1.2.3"}`, `{}`), "", ""},
		"an empty place":         {func(r *policy.ProvenanceClause) { r.Values, r.Allow = nil, []string{"vars.*"} }, run(), provenance(`{"version":"1.2.3"}`, `{}`), "provenance.parameters", "also inputs=null"},
		"no parameter at all":    {func(r *policy.ProvenanceClause) { r.Values, r.Allow = nil, []string{} }, run(), provenance(), "provenance.parameters", "also inputs.version=1.2.3"},
		"another value":          {func(r *policy.ProvenanceClause) { r.Values["inputs.version"] = "2.*" }, run(), provenance(), "provenance.parameters", "inputs.version=1.2.3"},
		"no value":               {func(r *policy.ProvenanceClause) { r.Values["inputs.level"] = "*" }, run(), provenance(), "provenance.parameters", "no inputs.level"},
		"a loose material":       {hosted, run(), provenance("}}]}", `}},{"uri":"https://example.com/a.tgz"}]}`), "provenance.materials", "none of https://example.com/a.tgz"},
		"a network":              {func(r *policy.ProvenanceClause) { r.Hermetic = true }, run(), provenance(), "provenance.hermetic", "does not say"},
	} {
		clause := strictClause()
		test.clause(&clause)
		typ := typeSLSA
		if test.text == "v0.1" {
			typ, test.text = "https://slsa.dev/provenance/v0.1", `{"builder":{"id":"x"}}`
		}
		e := c.signs(test.holder, s.amd64, typ, test.text)
		v, f := newHouse(clause).judge(t, policy.Case{Artifact: s.amd64, Evidence: []*verify.Evidence{e}})
		if v.Allowed() != (test.rule == "") || f.Rule != test.rule || !strings.Contains(f.Found, test.found) || f.Rule != "" && (f.Expected == "" || f.Found == "") {
			t.Errorf("%s: %s, %s: expected %q, found %q", name, v.Outcome(), f.Rule, f.Expected, f.Found)
		}
		if test.rule == "" && (!slices.Equal(v.Cells()[0].Evidence, []*verify.Evidence{e}) || passed(v)["provenance.certificate"] == "") {
			t.Errorf("%s: %+v", name, v.Cells())
		}
	}
}

// What there is instead of what is missing is told with what it is about.
func TestMissingBesideACommitsEvidence(t *testing.T) {
	c, s := newCI(t), newScene(t)
	tests := c.signsOf(run(), builtCommit, "https://in-toto.io/attestation/test-result/v0.1", `{"result":"PASSED","configuration":[{"name":"unit","digest":{"gitCommit":"`+builtCommit+`"}}]}`)
	v, f := newHouse(strictClause()).judge(t, policy.Case{Artifact: s.amd64, Evidence: []*verify.Evidence{tests}})
	if v.Allowed() || !strings.Contains(f.Found, "test-result/v0.1 of commit "+builtCommit) {
		t.Errorf("%+v", f)
	}
}

// CircleCI's tokens, and so its certificates, name repositories without a scheme.
func TestRepositoryWithoutAScheme(t *testing.T) {
	c, s := newCI(t), newScene(t)
	for repository, rule := range map[string]string{"github.com/acme/shop": "", "github.com/acme/shop2": "provenance.certificate"} {
		h := newHouse(policy.ProvenanceClause{Builders: []string{"any"}, SourceTrust: "certificate", Repositories: []string{"https://github.com/acme/shop"}})
		h.doc.Identities = append(h.doc.Identities, policy.Identity{Name: "any", OIDC: &policy.OIDC{Issuer: "https://token.actions.githubusercontent.com", Subject: "https://github.com/acme/build/**"}})
		h.doc.Builders = append(h.doc.Builders, policy.Builder{Name: "any", IDs: []string{"https://github.com/acme/build/**"}, SignedBy: []string{"any"}, Level: 2})
		v, f := h.judge(t, policy.Case{Artifact: s.amd64, Evidence: []*verify.Evidence{c.signs(run(12, repository), s.amd64, typeSLSA, provenance())}})
		if f.Rule != rule || v.Allowed() != (rule == "") {
			t.Errorf("%s: %s %+v", repository, v.Outcome(), f)
		}
	}
}

// What every rule found is told where all pass, too.
func TestProvenanceThatPasses(t *testing.T) {
	c, s := newCI(t), newScene(t)
	v, _ := newHouse(strictClause()).judge(t, policy.Case{Artifact: s.amd64, Evidence: []*verify.Evidence{c.signs(run(), s.amd64, typeSLSA, provenance())}})
	for rule, found := range map[string]string{
		"provenance.certificate": "the same repository, commit, ref, run, builder, workflow, trigger",
		"provenance.builder":     imageYML + ", signed by ",
		"provenance.level":       "level 3: which builder image may claim",
		"provenance.source":      "https://github.com/acme/shop",
		"provenance.ref":         "refs/tags/v1.2.3",
		"provenance.runner":      "github-hosted",
		"provenance.parameters":  "inputs.version=1.2.3",
		"provenance.materials":   "1 material, each with a digest",
		"agree.commit":           builtCommit,
		"agree.repository":       "https://github.com/acme/shop",
	} {
		if got := passed(v)[rule]; !strings.Contains(got, found) {
			t.Errorf("%s found %q, want %q", rule, got, found)
		}
	}
}

// A run that outsiders start has the default branch's name and rights (item 6): an identity
// of GitHub is not met by it, and neither is one that only looks at names.
func TestTriggers(t *testing.T) {
	c, s := newCI(t), newScene(t)
	from := func(trigger string) *verify.Evidence {
		return c.signs(run(20, trigger, 14, "refs/heads/main", 18, "https://github.com/acme/shop/.github/workflows/release.yml@refs/heads/main"),
			s.amd64, typeSLSA, provenance(`"push"`, fmt.Sprintf("%q", trigger), "refs/tags/v1.2.3", "refs/heads/main"))
	}
	for _, test := range []struct{ builder, trigger, rule string }{
		{"image", "pull_request_target", "provenance.identity"},
		{"image", "workflow_run", "provenance.identity"},
		{"image", "schedule", "provenance.identity"},
		{"image", "workflow_dispatch", ""},
		{"actions", "pull_request_target", "provenance.trigger"},
		{"actions", "workflow_run", "provenance.trigger"},
		{"actions", "issue_comment", "provenance.trigger"},
		{"actions", "schedule", ""},
	} {
		v, f := newHouse(policy.ProvenanceClause{Builders: []string{test.builder}}).judge(t, policy.Case{Artifact: s.amd64, Evidence: []*verify.Evidence{from(test.trigger)}})
		if f.Rule != test.rule || v.Allowed() != (test.rule == "") {
			t.Errorf("%s by %s: %+v", test.trigger, test.builder, f)
		}
	}
	h := newHouse(policy.ProvenanceClause{})
	h.doc.Identities[0].GitHub.Triggers = []string{"workflow_run"}
	if v, f := h.judge(t, policy.Case{Artifact: s.amd64, Evidence: []*verify.Evidence{from("workflow_run")}}); !v.Allowed() {
		t.Errorf("a trigger that the identity has: %+v", f)
	}
}

// Keys have no certificates: the provenance is believed as far as the policy's builder says,
// and the report says so. A certificate that does not say what was built allows level 2.
func TestSourceWithoutCertificate(t *testing.T) {
	c, s := newCI(t), newScene(t)
	text := provenance(imageYML, "https://jenkins.acme.example", "https://actions.github.io/buildtypes/workflow/v1", "https://jenkins.acme.example/v1",
		`"workflow":{"ref":"refs/tags/v1.2.3","repository":"https://github.com/acme/shop","path":".github/workflows/release.yml"}`, `"source":"git+https://github.com/acme/shop@refs/tags/v1.2.3"`)
	byKey := s.says(s.amd64, typeSLSA, text)
	byMail := c.signs(forge.Holder{Email: "ci@acme.example", Issuer: "https://accounts.google.com"}, s.amd64, typeSLSA, text)
	for name, test := range map[string]struct {
		e     *verify.Evidence
		trust string
		level int
		rule  string
		found string
	}{
		"key":                     {byKey, "", 3, "", "https://github.com/acme/shop (no certificate: the provenance alone says so)"},
		"key, and it must say":    {byKey, "certificate", 3, "provenance.certificate", "without one that does"},
		"key, as stated":          {byKey, "predicate", 3, "provenance.level", "level 2"},
		"silent":                  {byMail, "", 2, "", "the certificate does not"},
		"silent at 3":             {byMail, "", 3, "provenance.level", "level 2: the signer's certificate does not say"},
		"silent, and it must say": {byMail, "certificate", 2, "provenance.certificate", "without one that does"},
		"silent, as stated":       {byMail, "predicate", 2, "", "the provenance alone says so"},
	} {
		h := newHouse(policy.ProvenanceClause{Builders: []string{"jenkins"}, MinLevel: test.level, SourceTrust: test.trust, Repositories: []string{"https://github.com/acme/{repo}"}})
		h.doc.Identities = append(h.doc.Identities, policy.Identity{Name: "key", Key: &policy.Key{PEM: string(s.signer.PublicPEM())}})
		h.doc.Builders = append(h.doc.Builders, policy.Builder{Name: "jenkins", IDs: []string{"https://jenkins.acme.example"}, SignedBy: []string{"key", "mail"}, Level: 3})
		v, f := h.judge(t, policy.Case{Artifact: s.amd64, Evidence: []*verify.Evidence{test.e}})
		if test.rule == "" {
			f = policy.Finding{Found: passed(v)["provenance.source"]}
		}
		if v.Allowed() != (test.rule == "") || f.Rule != test.rule || !strings.Contains(f.Found, test.found) {
			t.Errorf("%s: %s %+v", name, v.Outcome(), f)
		}
	}
}

// Any good statement is enough, however many are bad, and two that are each half good are
// none (item 7): every condition is asked of one statement.
func TestConditionsOnOneStatement(t *testing.T) {
	c, s := newCI(t), newScene(t)
	good := c.signs(run(), s.amd64, typeSLSA, provenance())
	wrongInput := c.signs(run(), s.amd64, typeSLSA, provenance(`"1.2.3"}`, `"9"}`))
	loose := c.signs(run(), s.amd64, typeSLSA, provenance("}}]}", `}},{"uri":"https://example.com/a.tgz"}]}`))
	foreign := c.signs(run(9, "https://github.com/evil/build/.github/workflows/image.yml@refs/tags/v2.3.1"), s.amd64, typeSLSA, provenance())
	lies := c.signs(run(), s.amd64, typeSLSA, provenance(builtCommit, otherCommit))
	worse := c.signs(run(), s.amd64, typeSLSA, provenance(builtCommit, otherCommit, `"1.2.3"}`, `"9"}`))
	for name, test := range map[string]struct {
		evidence []*verify.Evidence
		rule     string
		selected int
	}{
		"the good one":             {[]*verify.Evidence{good}, "", 1},
		"among bad ones":           {[]*verify.Evidence{wrongInput, foreign, loose, good, lies}, "", 1},
		"two halves":               {[]*verify.Evidence{wrongInput, loose}, "", 0},
		"the nearest is told":      {[]*verify.Evidence{worse, foreign, loose}, "provenance.materials", 0},
		"only foreigners":          {[]*verify.Evidence{foreign}, "provenance.identity", 0},
		"none":                     {nil, "provenance.missing", 0},
		"another type by the same": {[]*verify.Evidence{c.signs(run(), s.amd64, typeSPDX, predicates[typeSPDX])}, "provenance.missing", 0},
		"the sibling's":            {[]*verify.Evidence{c.signs(run(), s.arm64, typeSLSA, provenance())}, "provenance.missing", 0},
	} {
		for range 2 {
			v, f := newHouse(strictClause()).judge(t, policy.Case{Artifact: s.amd64, Evidence: test.evidence})
			if v.Allowed() != (test.selected > 0) || len(v.Cells()[0].Evidence) != test.selected || test.rule != "" && f.Rule != test.rule {
				t.Errorf("%s: %s, %+v", name, v.Outcome(), f)
			}
			test.evidence = slices.Clone(test.evidence)
			slices.Reverse(test.evidence)
		}
	}
}

// Where nothing fits and something could not be read, that might be what is wanted.
func TestProvenanceThatCouldNotBeRead(t *testing.T) {
	c, s := newCI(t), newScene(t)
	loose := c.signs(run(), s.amd64, typeSLSA, provenance("}}]}", `}},{"uri":"https://example.com/a.tgz"}]}`))
	gap := []policy.Unknown{{Subject: s.amd64.Digest, PredicateType: typeSLSA, Detail: "no answer"}}
	v, f := newHouse(strictClause()).judge(t, policy.Case{Artifact: s.amd64, Evidence: []*verify.Evidence{loose}, Unknown: gap})
	if v.Allowed() || f.Rule != "verify.incomplete" {
		t.Errorf("%s: %+v", v.Outcome(), f)
	}
	broken := []policy.Rejected{{Subject: s.amd64.Digest, PredicateType: typeSLSA, Refusal: &verify.Error{Reason: verify.ReasonSignatureInvalid, Expected: "e", Found: "x"}}}
	if v, f := newHouse(strictClause()).judge(t, policy.Case{Artifact: s.amd64, Evidence: []*verify.Evidence{loose}, Rejected: broken}); v.Outcome() != policy.Invalid || f.Rule != "provenance.invalid" {
		t.Errorf("%s: %+v", v.Outcome(), f)
	}
	good := c.signs(run(), s.amd64, typeSLSA, provenance())
	if v, f := newHouse(strictClause()).judge(t, policy.Case{Artifact: s.amd64, Evidence: []*verify.Evidence{good}, Unknown: gap, Rejected: broken}); !v.Allowed() {
		t.Errorf("a good one beside: %+v", f)
	}
}

// covered is an index of one platform with an attestation manifest that has BuildKit's
// unsigned statement about it.
func covered(t testing.TB, text string) (artifact.Artifact, policy.Covered) {
	t.Helper()
	image := artifact.Artifact{Kind: artifact.KindImage, Digest: attest.SHA256([]byte("amd64")), Platform: "linux/amd64"}
	manifest := artifact.Artifact{Kind: artifact.KindAttestation, Digest: attest.SHA256([]byte("attestation"))}
	st, err := attest.NewStatement(typeSLSA, []byte(text), attest.NewSubject("", image.Digest))
	if err != nil {
		t.Fatal(err)
	}
	index := artifact.Artifact{Kind: artifact.KindIndex, Digest: attest.SHA256([]byte("covered")), Children: []artifact.Artifact{image, manifest}}
	return index, policy.Covered{Subject: image.Digest, Manifest: manifest.Digest, Statement: st}
}

// An unsigned statement counts in an index that a builder's signer signed, if the policy says
// so, and for level 1 at most.
func TestCoveredProvenance(t *testing.T) {
	c := newCI(t)
	const kit = "https://github.com/moby/buildkit/blob/master/docs/attestations/slsa-definitions.md"
	text := `{"buildDefinition":{"buildType":"` + kit + `","externalParameters":{"configSource":{"uri":"https://github.com/acme/shop.git#refs/tags/v1.2.3","digest":{"sha1":"` + builtCommit +
		`"}}},"resolvedDependencies":[]},"runDetails":{"builder":{"id":"https://ci.acme.example/17"},"metadata":{"invocationID":"x","buildkit_hermetic":true}}}`
	index, statement := covered(t, text)
	platform := index.Children[0]
	sign := func(h forge.Holder, a artifact.Artifact) *verify.Evidence { return c.signs(h, a, typeSign, `{}`) }
	elsewhere := statement
	elsewhere.Manifest = attest.SHA256([]byte("in no index"))
	other := statement
	other.Subject = attest.SHA256([]byte("other"))
	for name, test := range map[string]struct {
		evidence []*verify.Evidence
		covered  policy.Covered
		builder  string
		level    int
		rule     string
	}{
		"signed by the builder":      {[]*verify.Evidence{sign(run(), index)}, statement, "buildkit", 1, ""},
		"signed by somebody else":    {[]*verify.Evidence{sign(run(9, "https://github.com/evil/b/.github/workflows/i.yml@refs/heads/main"), index)}, statement, "buildkit", 1, "provenance.missing"},
		"of another commit":          {[]*verify.Evidence{sign(run(13, otherCommit), index)}, statement, "buildkit", 1, "provenance.certificate"},
		"not signed":                 {nil, statement, "buildkit", 1, "provenance.missing"},
		"only the platform":          {[]*verify.Evidence{sign(run(), platform)}, statement, "buildkit", 1, "provenance.missing"},
		"an attestation of it":       {[]*verify.Evidence{c.signs(run(), index, typeTest, predicates[typeTest])}, statement, "buildkit", 1, "provenance.missing"},
		"at level 2":                 {[]*verify.Evidence{sign(run(), index)}, statement, "buildkit", 2, "provenance.level"},
		"a builder that signs":       {[]*verify.Evidence{sign(run(), index)}, statement, "image", 1, "provenance.missing"},
		"a statement from elsewhere": {[]*verify.Evidence{sign(run(), index)}, elsewhere, "buildkit", 1, "provenance.missing"},
		"of another image":           {[]*verify.Evidence{sign(run(), index)}, other, "buildkit", 1, "provenance.missing"},
	} {
		h := newHouse(policy.ProvenanceClause{Builders: []string{test.builder}, MinLevel: test.level, Repositories: []string{"https://github.com/acme/{repo}"}, Hermetic: true})
		v, f := h.judge(t, policy.Case{Artifact: index, Evidence: test.evidence, Covered: []policy.Covered{test.covered}})
		if v.Allowed() != (test.rule == "") || f.Rule != test.rule {
			t.Errorf("%s: %s, %+v", name, v.Outcome(), f)
		}
		if test.rule == "" && (len(v.Evidence()) != 1 || v.Evidence()[0].Kind() != verify.KindSignature) {
			t.Errorf("%s: selected %v", name, v.Evidence())
		}
	}
}

// Whoever may sign an index for one builder has not signed a statement for another.
func TestCoveredByTheBuilderThatSaysSo(t *testing.T) {
	c := newCI(t)
	index, statement := covered(t, provenance())
	h := newHouse(policy.ProvenanceClause{Builders: []string{"image", "covered"}})
	h.doc.Builders = append(h.doc.Builders, policy.Builder{Name: "covered", Known: "buildkit", SignedBy: []string{"mail"}, Level: 1, Covered: true})
	v, f := h.judge(t, policy.Case{Artifact: index, Evidence: []*verify.Evidence{c.signs(run(), index, typeSign, `{}`)}, Covered: []policy.Covered{statement}})
	if v.Allowed() || f.Rule != "provenance.missing" {
		t.Errorf("%s: %+v", v.Outcome(), f)
	}
}

// A builder is a fault of the document if the catalogue does not know it, if it names no id,
// or nobody who signs.
func TestBuildersThatAreRefused(t *testing.T) {
	for name, b := range map[string]policy.Builder{
		"unknown":   {Name: "image", Known: "travis", SignedBy: []string{"image-builder"}},
		"no id":     {Name: "image", SignedBy: []string{"image-builder"}},
		"no signer": {Name: "image", Known: "github-actions"},
		"bad glob":  {Name: "image", IDs: []string{" x"}, SignedBy: []string{"image-builder"}},
		"missing":   {Name: "x", Known: "github-actions", SignedBy: []string{"image-builder"}},
	} {
		h := newHouse(policy.ProvenanceClause{})
		doc := h.doc
		doc.Builders = []policy.Builder{b}
		doc.Scopes = []policy.Scope{{Name: "s", Images: []string{"**"}, Require: h.require}}
		if _, err := policy.Bind("ghcr.io/acme/shop", nil, &doc); err == nil {
			t.Errorf("%s: bound", name)
		}
	}
}
