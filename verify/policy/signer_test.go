package policy_test

import (
	"strings"
	"testing"
	"time"

	forge "github.com/carnet-project/carnet/fixtures/sigstore"
	"github.com/carnet-project/carnet/verify"
	"github.com/carnet-project/carnet/verify/policy"
)

// signedBy is the first finding about a signature by an identity.
func signedBy(t *testing.T, s *scene, i policy.Identity, e *verify.Evidence) (bool, policy.Finding) {
	t.Helper()
	i.Name = "release-ci"
	doc := &policy.Document{Name: "p", Mode: policy.ModeEnforce, Identities: []policy.Identity{i}, Scopes: []policy.Scope{{
		Name: "s", Images: []string{"ghcr.io/acme/{repo}"}, Require: policy.Require{Signatures: &policy.SignaturesClause{From: []string{"release-ci"}}},
	}}}
	p, err := policy.Bind("ghcr.io/acme/shop", nil, doc)
	if err != nil {
		t.Fatalf("%+v: %v", i, err)
	}
	v := p.Judge(policy.Case{Artifact: s.amd64, Evidence: []*verify.Evidence{e}})
	if f := v.Findings(); len(f) > 0 {
		return v.Allowed(), f[0]
	}
	return v.Allowed(), policy.Finding{}
}

// pipeline is what GitLab's token says of a good run.
func pipeline(changes ...any) forge.Holder {
	const config = "https://gitlab.com/acme/pipelines//.gitlab-ci-image.yml@refs/heads/main"
	h := run(append([]any{9, config, 18, config, 11, "gitlab-hosted", 12, "https://gitlab.com/acme/shop", 15, "7001", 20, "push", 21, "https://gitlab.com/acme/shop/-/jobs/17", 23, "production"}, changes...)...)
	h.Issuer = "https://gitlab.com"
	return h
}

// Every field of an identity narrows who is accepted, and is named where it differs.
func TestIdentities(t *testing.T) {
	c, s := newCI(t), newScene(t)
	signs := func(h forge.Holder) *verify.Evidence { return c.signs(h, s.amd64, typeSign, `{}`) }
	hub := func(g policy.GitHub) policy.Identity { return policy.Identity{GitHub: &g} }
	lab := func(g policy.GitLab) policy.Identity { return policy.Identity{GitLab: &g} }
	mail := forge.Holder{Email: "ana@acme.example", Issuer: "https://accounts.google.com"}
	account := forge.Holder{URI: "https://kubernetes.io/namespaces/scanning/serviceaccounts/scanner", Issuer: "https://container.googleapis.com/v1/projects/acme/locations/x/clusters/sec"}
	for name, test := range map[string]struct {
		identity policy.Identity
		holder   forge.Holder
		differs  string
	}{
		"repository":            {hub(policy.GitHub{Repository: "acme/{repo}"}), run(), ""},
		"another repository":    {hub(policy.GitHub{Repository: "acme/{repo}"}), run(12, "https://github.com/acme/shop-2"), "whose repository is https://github.com/acme/shop-2 and not https://github.com/acme/shop"},
		"owner":                 {hub(policy.GitHub{Owner: "acme"}), run(12, "https://github.com/acme/other"), ""},
		"another owner":         {hub(policy.GitHub{Owner: "acme"}), run(12, "https://github.com/acme2/shop"), "whose repository is "},
		"repository id":         {hub(policy.GitHub{Owner: "acme", RepositoryID: "7001"}), run(), ""},
		"another repository id": {hub(policy.GitHub{Owner: "acme", RepositoryID: "7001"}), run(15, "70011"), "whose repository id is 70011 and not 7001"},
		"another owner id":      {hub(policy.GitHub{Owner: "acme", OwnerID: "1234567"}), run(17, "1"), "whose owner id is 1 "},
		"workflow":              {hub(policy.GitHub{Owner: "acme", Workflow: ".github/workflows/release.yml"}), run(), ""},
		// The workflow that signs is not the one that was started.
		"the called workflow":      {hub(policy.GitHub{Owner: "acme", Workflow: ".github/workflows/image.yml"}), run(12, "https://github.com/acme/build", 18, "https://github.com/acme/build/.github/workflows/test.yml@refs/heads/main"), "whose workflow is .github/workflows/test.yml@refs/heads/main and not .github/workflows/image.yml"},
		"builder":                  {hub(policy.GitHub{Owner: "acme", Builder: "acme/build/.github/workflows/image.yml", BuilderRefs: []string{"refs/tags/v1.*", "refs/tags/v2.*"}}), run(), ""},
		"builder at any ref":       {hub(policy.GitHub{Owner: "acme", Builder: "acme/build/.github/workflows/image.yml"}), run(), ""},
		"another builder":          {hub(policy.GitHub{Owner: "acme", Builder: "acme/build/.github/workflows/image.yml"}), run(9, "https://github.com/acme/shop/.github/workflows/image.yml@refs/tags/v2.3.1"), "whose builder is "},
		"another builder ref":      {hub(policy.GitHub{Owner: "acme", Builder: "acme/build/.github/workflows/image.yml", BuilderRefs: []string{"refs/tags/v3.*"}}), run(), "@refs/tags/v2.3.1 and not "},
		"ref":                      {hub(policy.GitHub{Owner: "acme", Refs: []string{"refs/heads/main", "refs/tags/v*"}}), run(), ""},
		"another ref":              {hub(policy.GitHub{Owner: "acme", Refs: []string{"refs/heads/main"}}), run(), "whose ref is refs/tags/v1.2.3 "},
		"default triggers":         {hub(policy.GitHub{Owner: "acme"}), run(20, "pull_request_target"), "whose trigger is pull_request_target and not push or release or workflow_dispatch or create"},
		"a trigger":                {hub(policy.GitHub{Owner: "acme", Triggers: []string{"schedule"}}), run(20, "schedule"), ""},
		"environment":              {hub(policy.GitHub{Owner: "acme", Environment: "production"}), run(23, "production"), ""},
		"no environment":           {hub(policy.GitHub{Owner: "acme", Environment: "production"}), run(), "whose environment is nothing"},
		"runner":                   {hub(policy.GitHub{Owner: "acme", Runner: "github-hosted"}), run(11, "self-hosted"), "whose runner is self-hosted"},
		"any runner":               {hub(policy.GitHub{Owner: "acme", Runner: "any"}), run(11, "self-hosted"), ""},
		"another server":           {hub(policy.GitHub{Owner: "acme", Host: "git.acme.example"}), run(), "" + "found"},
		"project":                  {lab(policy.GitLab{Project: "acme/{repo}"}), pipeline(), ""},
		"another project":          {lab(policy.GitLab{Project: "acme/{repo}"}), pipeline(12, "https://gitlab.com/acme/other"), "whose project is https://gitlab.com/acme/other"},
		"another project id":       {lab(policy.GitLab{Project: "acme/shop", ProjectID: "7"}), pipeline(), "whose project id is 7001 "},
		"config of another":        {lab(policy.GitLab{Project: "acme/shop", Config: "acme/pipelines/.gitlab-ci-image.yml"}), pipeline(), ""},
		"config with slashes":      {lab(policy.GitLab{Project: "acme/shop", Config: "acme/pipelines//.gitlab-ci-image.yml@refs/heads/main"}), pipeline(), ""},
		"its own config":           {lab(policy.GitLab{Project: "acme/shop", Config: ".gitlab-ci.yml"}), pipeline(), "whose workflow is "},
		"the same path of its own": {lab(policy.GitLab{Project: "acme/shop", Config: "acme/pipelines/.gitlab-ci-image.yml"}), pipeline(9, "https://gitlab.com/acme/shop//acme/pipelines/.gitlab-ci-image.yml@refs/heads/main", 18, "https://gitlab.com/acme/shop//acme/pipelines/.gitlab-ci-image.yml@refs/heads/main"), "whose workflow is "},
		"a merge request":          {lab(policy.GitLab{Project: "acme/shop"}), pipeline(20, "merge_request_event"), "whose trigger is merge_request_event"},
		"GitLab's environment":     {lab(policy.GitLab{Project: "acme/shop", Environment: "staging"}), pipeline(), "whose environment is production"},
		"GitLab's ref":             {lab(policy.GitLab{Project: "acme/shop", Refs: []string{"refs/heads/main"}}), pipeline(), "whose ref is "},
		"GitLab's runner":          {lab(policy.GitLab{Project: "acme/shop", Runner: "gitlab-hosted"}), pipeline(11, "self-hosted"), "whose runner is "},
		"a person":                 {policy.Identity{People: &policy.People{Issuer: "https://accounts.google.com", Emails: []string{"bo@acme.example", "ana@acme.example"}}}, mail, ""},
		"another person":           {policy.Identity{People: &policy.People{Issuer: "https://accounts.google.com", Emails: []string{"bo@acme.example"}}}, mail, "found"},
		"the person elsewhere":     {policy.Identity{People: &policy.People{Issuer: "https://github.com/login/oauth", Emails: []string{"ana@acme.example"}}}, mail, "found"},
		"an account":               {policy.Identity{Kubernetes: &policy.Kubernetes{Issuer: "https://container.googleapis.com/v1/projects/acme/locations/*/clusters/sec", Namespace: "scanning", ServiceAccount: "scanner"}}, account, ""},
		"of another cluster":       {policy.Identity{Kubernetes: &policy.Kubernetes{Issuer: "https://container.googleapis.com/v1/projects/acme/locations/x/clusters/other", Namespace: "scanning", ServiceAccount: "scanner"}}, account, "found"},
	} {
		e := signs(test.holder)
		allowed, f := signedBy(t, s, test.identity, e)
		switch {
		case test.differs == "" && !allowed:
			t.Errorf("%s: %+v", name, f)
		case test.differs != "" && (allowed || f.Rule != "signature.identity" || f.Expected != "a signature by release-ci" || !strings.Contains(f.Found, "a signature by "+e.By().String())):
			t.Errorf("%s: %t %+v", name, allowed, f)
		case test.differs != "" && test.differs != "found" && !strings.Contains(f.Found, test.differs):
			t.Errorf("%s: found %q, want %q", name, f.Found, test.differs)
		}
	}
}

// The finding shows what to add to the policy, if that is what is meant.
func TestSuggestions(t *testing.T) {
	c, s := newCI(t), newScene(t)
	const testYML = "https://github.com/acme/shop/.github/workflows/test.yml@refs/heads/main"
	for found, h := range map[string]forge.Holder{
		"github: { repository: acme/shop, workflow: .github/workflows/test.yml, refs: [refs/heads/main] }":                                                                                       run(9, testYML, 18, testYML, 14, "refs/heads/main"),
		"github: { repository: acme/shop, workflow: .github/workflows/release.yml, builder: acme/build/.github/workflows/image.yml, builderRefs: [refs/tags/v2.3.1], refs: [refs/tags/v1.2.3] }": run(),
		"gitlab: { project: acme/shop, config: acme/pipelines//.gitlab-ci-image.yml, refs: [refs/tags/v1.2.3] }":                                                                                 pipeline(),
		"people: { issuer: https://accounts.google.com, emails: [ana@acme.example] }":                                                                                                            {Email: "ana@acme.example", Issuer: "https://accounts.google.com"},
		"oidc: { issuer: https://agent.buildkite.com, subject: https://buildkite.com/acme/shop }":                                                                                                {URI: "https://buildkite.com/acme/shop", Issuer: "https://agent.buildkite.com"},
	} {
		_, f := signedBy(t, s, policy.Identity{GitHub: &policy.GitHub{Repository: "acme/none"}}, c.signs(h, s.amd64, typeSign, `{}`))
		if !strings.Contains(f.Found, "; to accept it, add: "+found+" (identity-mismatch, ") {
			t.Errorf("found %q, want %q", f.Found, found)
		}
	}
	// As a pattern this would accept others.
	_, f := signedBy(t, s, policy.Identity{GitHub: &policy.GitHub{Repository: "acme/none"}}, c.signs(run(14, "refs/heads/*"), s.amd64, typeSign, `{}`))
	if strings.Contains(f.Found, "to accept it") {
		t.Errorf("%q", f.Found)
	}
}

// What was signed before somebody lost a name counts on, if somebody trusted knows when that
// was; nothing else does.
func TestRevocation(t *testing.T) {
	c, s := newCI(t), newScene(t)
	certified := c.signs(run(), s.amd64, typeSign, `{}`)
	timeless := s.evidence(s.amd64, typeSign)
	hub, key := &policy.GitHub{Owner: "acme"}, &policy.Key{PEM: string(s.signer.PublicPEM())}
	for name, test := range map[string]struct {
		identity policy.Identity
		e        *verify.Evidence
		found    string
	}{
		"not revoked":        {policy.Identity{GitHub: hub}, certified, ""},
		"before":             {policy.Identity{GitHub: hub, RevokedAt: c.at.Add(time.Second)}, certified, ""},
		"at that second":     {policy.Identity{GitHub: hub, RevokedAt: c.at}, certified, "evidence signed 2026-09-01"},
		"after":              {policy.Identity{GitHub: hub, RevokedAt: c.at.Add(-time.Hour), Reason: "stolen"}, certified, "evidence signed 2026-09-01"},
		"nobody knows when":  {policy.Identity{Key: key, RevokedAt: c.at.AddDate(9, 0, 0)}, timeless, "without a trusted time"},
		"a key":              {policy.Identity{Key: key}, timeless, ""},
		"a key with an end":  {policy.Identity{Key: &policy.Key{PEM: key.PEM, ValidUntil: c.at.AddDate(9, 0, 0)}}, timeless, "without a trusted time"},
		"a key with a start": {policy.Identity{Key: &policy.Key{PEM: key.PEM, ValidFrom: c.at.AddDate(-9, 0, 0)}}, timeless, "without a trusted time"},
	} {
		allowed, f := signedBy(t, s, test.identity, test.e)
		if allowed != (test.found == "") || test.found != "" && (f.Status != policy.StatusUntrusted || !strings.Contains(f.Found, test.found)) || test.identity.Reason != "" && !strings.Contains(f.Expected, "stolen") {
			t.Errorf("%s: %t %+v", name, allowed, f)
		}
	}
}

// Identities that would accept anybody, or nobody, are faults of the document.
func TestIdentitiesThatAreRefused(t *testing.T) {
	for _, i := range []policy.Identity{
		{GitHub: &policy.GitHub{}}, {GitHub: &policy.GitHub{Owner: "*"}}, {GitHub: &policy.GitHub{Builder: "acme/build/.github/workflows/image.yml"}},
		{GitHub: &policy.GitHub{Owner: "acme", Refs: []string{"main"}}}, {GitHub: &policy.GitHub{Owner: "acme", BuilderRefs: []string{"refs/tags/v1"}}},
		{GitHub: &policy.GitHub{Owner: "acme", Builder: "image.yml"}}, {GitHub: &policy.GitHub{Repository: "acme/{team}"}},
		{GitLab: &policy.GitLab{Project: "acme"}}, {OIDC: &policy.OIDC{Issuer: "https://x", Subject: ""}}, {Key: &policy.Key{PEM: "x"}},
	} {
		i.Name = "i"
		doc := &policy.Document{Name: "p", Identities: []policy.Identity{i}, Scopes: []policy.Scope{{
			Name: "s", Images: []string{"ghcr.io/acme/{repo}"}, Require: policy.Require{Signatures: &policy.SignaturesClause{From: []string{"i"}}},
		}}}
		if _, err := policy.Bind("ghcr.io/acme/shop", nil, doc); err == nil {
			t.Errorf("%+v %+v: bound", i.GitHub, i)
		}
	}
}
