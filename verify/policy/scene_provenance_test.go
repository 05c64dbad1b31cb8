package policy_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/artifact"
	forge "github.com/carnet-project/carnet/fixtures/sigstore"
	"github.com/carnet-project/carnet/sign"
	"github.com/carnet-project/carnet/verify"
	"github.com/carnet-project/carnet/verify/policy"
	"github.com/carnet-project/carnet/verify/sigstore"
)

const (
	builtCommit = "7fd1a60b01f91b314f59955a4e4d4e80d8edf11d"
	otherCommit = "28b123a1b2c3d4e5f60718293a4b5c6d7e8f9012"
	imageYML    = "https://github.com/acme/build/.github/workflows/image.yml@refs/tags/v2.3.1"
	githubToken = "https://token.actions.githubusercontent.com"
)

// A ci is a Sigstore in memory that certifies whatever a test says of a run, really signs
// with it, and is really verified.
type ci struct {
	t        testing.TB
	instance *forge.Instance
	root     verify.Root
	made     int
	at       time.Time
}

func newCI(t testing.TB) *ci {
	t.Helper()
	in := forge.New("ci")
	m, err := sigstore.ParseMaterial("ci", []byte(in.TrustedRoot()))
	if err != nil {
		t.Fatal(err)
	}
	return &ci{t: t, instance: in, root: sigstore.NewRoot(m, m.Need(), func(attest.Certificate) error { return nil }), at: time.Date(2026, 9, 1, 10, 0, 0, 0, time.UTC)}
}

// run is what the token of a good run says: acme/shop at a tag, built by acme/build's
// workflow. Changes are pairs of an extension's number and a value; an empty one leaves it out.
func run(changes ...any) forge.Holder {
	h := forge.Holder{URI: imageYML, Issuer: githubToken, Claims: map[int]string{
		9: imageYML, 11: "github-hosted", 12: "https://github.com/acme/shop", 13: builtCommit, 14: "refs/tags/v1.2.3",
		15: "7001", 16: "https://github.com/acme", 17: "1234567", 18: "https://github.com/acme/shop/.github/workflows/release.yml@refs/tags/v1.2.3",
		20: "push", 21: "https://github.com/acme/shop/actions/runs/991/attempts/1",
	}}
	for i := 0; i < len(changes); i += 2 {
		n, value := changes[i].(int), changes[i+1].(string)
		h.Claims[n] = value
		if n == 9 && value != "" {
			h.URI = value
		}
		if value == "" {
			delete(h.Claims, n)
		}
	}
	return h
}

// provenance is a good run's, changed by pairs of an old and a new text.
func provenance(changes ...string) string {
	text := fmt.Sprintf(`{"buildDefinition":{"buildType":"https://actions.github.io/buildtypes/workflow/v1",
"externalParameters":{"inputs":{"version":"1.2.3"},"workflow":{"ref":"refs/tags/v1.2.3","repository":"https://github.com/acme/shop","path":".github/workflows/release.yml"}},
"internalParameters":{"github":{"event_name":"push"}},
"resolvedDependencies":[{"uri":"git+https://github.com/acme/shop@refs/tags/v1.2.3","digest":{"gitCommit":%q}}]},
"runDetails":{"builder":{"id":%q},"metadata":{"invocationId":"https://github.com/acme/shop/actions/runs/991/attempts/1"}}}`, builtCommit, imageYML)
	for i := 0; i < len(changes); i += 2 {
		if !strings.Contains(text, changes[i]) {
			panic("there is no " + changes[i])
		}
	}
	return strings.NewReplacer(changes...).Replace(text)
}

// signs is evidence of a type about an artifact by a holder.
func (c *ci) signs(h forge.Holder, a artifact.Artifact, predicateType, predicate string) *verify.Evidence {
	c.t.Helper()
	c.made++
	key := forge.NewKey(fmt.Sprint("run ", c.made))
	certificate := c.instance.Issue(forge.Request{Holder: h, Key: key, From: c.at.Add(-time.Minute)})
	st, err := attest.NewStatement(predicateType, []byte(predicate), attest.NewSubject(fmt.Sprint(c.made), a.Digest))
	if err != nil {
		c.t.Fatal(err)
	}
	b := certificate.Envelope(string(st.Bytes()))
	b = forge.With(b, forge.Proof{Entry: c.instance.V1.Record(b, key, forge.KindDSSE, c.at)})
	parsed, err := attest.ParseBundle([]byte(forge.Encode(b)))
	if err != nil {
		c.t.Fatal(err)
	}
	e, err := verify.Bundle(parsed, a.Digest, c.root)
	if err != nil {
		c.t.Fatal(err)
	}
	return e
}

// A house is a policy in the making: who may sign and build, and what is asked.
type house struct {
	doc     policy.Document
	require policy.Require
}

// newHouse has the identities and builders of an owner whose images one workflow builds.
func newHouse(clause policy.ProvenanceClause) *house {
	h := &house{doc: policy.Document{Name: "house", Version: 1, Owner: "platform", Mode: policy.ModeEnforce}}
	h.doc.Identities = []policy.Identity{
		{Name: "image-builder", GitHub: &policy.GitHub{
			Builder: "acme/build/.github/workflows/image.yml", BuilderRefs: []string{"refs/tags/v2.*"}, Owner: "acme", OwnerID: "1234567",
			Refs: []string{"refs/heads/main", "refs/tags/v*"}, Runner: "any",
		}},
		{Name: "anybody", OIDC: &policy.OIDC{Issuer: githubToken, Subject: "https://github.com/**"}},
		{Name: "mail", People: &policy.People{Issuer: "https://accounts.google.com", Emails: []string{"ci@acme.example", "ana@acme.example"}}},
	}
	h.doc.Builders = []policy.Builder{
		{Name: "image", IDs: []string{"https://github.com/acme/build/.github/workflows/image.yml@refs/tags/v2.*"}, SignedBy: []string{"image-builder"}, Level: 3},
		{Name: "actions", Known: "github-actions", SignedBy: []string{"anybody", "mail"}, Level: 3},
		{Name: "own", IDs: []string{"https://acme.example/builder"}, SignedBy: []string{"anybody"}, Level: 3},
		{Name: "buildkit", Known: "buildkit", SignedBy: []string{"image-builder"}, Level: 3, Covered: true},
	}
	if clause.Builders == nil {
		clause.Builders = []string{"image"}
	}
	h.require.Provenance = &clause
	return h
}

func (h *house) bind(t testing.TB) *policy.Policy {
	t.Helper()
	doc := h.doc
	doc.Scopes = []policy.Scope{{Name: "shop", Images: []string{"ghcr.io/acme/{repo}"}, Require: h.require}}
	p, err := policy.Bind("ghcr.io/acme/shop", nil, &doc)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// judge is the verdict for the artifact, and the first finding that does not allow.
func (h *house) judge(t testing.TB, c policy.Case) (policy.Verdict, policy.Finding) {
	t.Helper()
	v := h.bind(t).Judge(c)
	if f := v.Findings(); len(f) > 0 {
		return v, f[0]
	}
	return v, policy.Finding{}
}

// passed are the rules that the verdict says passed, with what was found.
func passed(v policy.Verdict) map[string]string {
	all := map[string]string{}
	for _, c := range v.Cells() {
		for _, f := range c.Findings {
			if f.Status == policy.StatusPass {
				all[f.Rule] = f.Found
			}
		}
	}
	return all
}

// says is believed evidence with a predicate of one's own about a, signed by the scene's key.
func (s *scene) says(a artifact.Artifact, predicateType, predicate string) *verify.Evidence {
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
