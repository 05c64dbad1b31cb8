package trial_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/attest/oci"
	"github.com/carnet-project/carnet/fixtures/registry"
	instance "github.com/carnet-project/carnet/fixtures/sigstore"
	"github.com/carnet-project/carnet/verify"
	"github.com/carnet-project/carnet/verify/gate"
	"github.com/carnet-project/carnet/verify/pack"
	"github.com/carnet-project/carnet/verify/policy"
	"github.com/carnet-project/carnet/verify/policy/document"
	"github.com/carnet-project/carnet/verify/policy/trial"
	"github.com/carnet-project/carnet/verify/sigstore"
)

const (
	commit   = "7fd1a60b01f91b314f59955a4e4d4e80d8edf11d"
	workflow = "https://github.com/acme/shop/.github/workflows/release.yml@refs/heads/main"
	issuer   = "https://token.actions.githubusercontent.com"
	run      = "https://github.com/acme/shop/actions/runs/1/attempts/1"
)

var built = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// A yard has one image that a workflow built and signed.
type yard struct {
	production *instance.Instance
	saved      *pack.Case
	host       string
}

func newYard(t *testing.T) *yard {
	t.Helper()
	r := registry.Start(t, registry.Config{Referrers: true})
	y := &yard{production: instance.New("production"), host: r.Host}
	image, err := random.Image(64, 1)
	if err != nil {
		t.Fatal(err)
	}
	tag, err := name.NewTag(r.Host + "/acme/shop:1")
	if err == nil {
		err = remote.Write(tag, image)
	}
	if err != nil {
		t.Fatal(err)
	}
	target, err := oci.ParseTarget(r.Host + "/acme/shop:1")
	if err != nil {
		t.Fatal(err)
	}
	store, err := oci.NewClient(oci.Options{LockDir: t.TempDir()}).Open(t.Context(), target)
	if err != nil {
		t.Fatal(err)
	}
	a, err := store.Resolve(t.Context(), target)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := store.Attach(t.Context(), a, y.signed(t, a.Digest, "https://sigstore.dev/cosign/sign/v1", `{}`), y.signed(t, a.Digest, "https://slsa.dev/provenance/v1", provenance())); err != nil {
		t.Fatal(err)
	}
	files := fstest.MapFS{}
	recorder := pack.Recorder{Files: files, Put: func(name string, content []byte) error {
		files[name] = &fstest.MapFile{Data: slices.Clone(content)}
		return nil
	}}
	site := pack.Site{Name: target.Name(), Tag: "1", Artifact: a, Store: store, Source: source{store}}
	if _, err := recorder.Record(t.Context(), site, pack.Beside{At: built.Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	if y.saved, err = pack.Open(files); err != nil {
		t.Fatal(err)
	}
	return y
}

type source struct{ store *oci.Store }

func (s source) Discover(ctx context.Context, a artifact.Artifact, depth gate.Depth) ([]attest.Found, error) {
	return s.store.Discover(ctx, a.Digest, oci.Depth(depth))
}

func provenance() string {
	return fmt.Sprintf(`{"buildDefinition":{"buildType":"https://actions.github.io/buildtypes/workflow/v1","externalParameters":{"workflow":{"ref":"refs/heads/main","repository":"https://github.com/acme/shop","path":".github/workflows/release.yml"}},
"internalParameters":{"github":{"event_name":"push"}},"resolvedDependencies":[{"uri":"git+https://github.com/acme/shop@refs/heads/main","digest":{"gitCommit":%q}}]},
"runDetails":{"builder":{"id":%q},"metadata":{"invocationId":%q}}}`, commit, workflow, run)
}

func (y *yard) signed(t *testing.T, d attest.Digest, predicateType, predicate string) *attest.Bundle {
	t.Helper()
	c := y.production.Issue(instance.Request{
		Holder: instance.Holder{URI: workflow, Issuer: issuer, Claims: map[int]string{
			9: workflow, 11: "github-hosted", 12: "https://github.com/acme/shop", 13: commit, 14: "refs/heads/main", 15: "42", 17: "1234567", 18: workflow, 20: "push", 21: run,
		}},
		Key: instance.NewKey("ci"), From: built.Add(-time.Minute),
	})
	statement := fmt.Sprintf(`{"_type":"https://in-toto.io/Statement/v1","subject":[{"digest":{"sha256":%q}}],"predicateType":%q,"predicate":%s}`, d.Hex(), predicateType, predicate)
	b := c.Envelope(statement)
	b = instance.With(b, instance.Proof{Entry: y.production.V2.Record(b, c.Key, instance.KindHashedRekordV2, built)}, instance.Proof{Timestamp: y.production.TSA.Stamp(instance.SignatureOf(b), built, false)})
	parsed, err := attest.ParseBundle([]byte(instance.Encode(b)))
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

// trial tries a policy on the yard's image.
func (y *yard) trial(t *testing.T, identity, more string) trial.Trial {
	t.Helper()
	text := `apiVersion: carnet/v1
kind: Policy
metadata: {name: tried, version: 1, owner: me}
mode: enforce
identities:
  ci:
    github: {` + identity + `}
builders:
  ci: {known: github-actions, signedBy: [ci], level: 2}
scopes:
  - name: shop
    images: ["` + y.host + `/{owner}/{repo}"]
    require:
      signatures: {from: [ci]}
` + more
	d, err := document.Parse("tried", []byte(text), nil)
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	m, err := sigstore.ParseMaterial("production", []byte(y.production.TrustedRoot()))
	if err != nil {
		t.Fatal(err)
	}
	return trial.Trial{Case: y.saved, Bind: func(name string) (*policy.Policy, []verify.Root, error) {
		p, err := policy.Bind(name, nil, d)
		if err != nil {
			return nil, nil, err
		}
		return p, []verify.Root{sigstore.NewRoot(m, m.Need(), p.Accept())}, nil
	}}
}

const tightIdentity = `repository: acme/shop, ownerId: "1234567", repositoryId: "42", workflow: .github/workflows/release.yml, refs: [refs/heads/main], triggers: [push], runner: github-hosted`

const tightRest = `      image: {maxAge: 90d}
      provenance:
        builders: [ci]
        source: {repositories: ["https://github.com/{owner}/{repo}"], refs: [refs/heads/main]}
`

// A policy that says everything has no hole; each thing that it leaves out is one.
func TestHoles(t *testing.T) {
	y := newYard(t)
	for _, c := range []struct {
		name, identity, rest string
		holes                []string
	}{
		{"tight", tightIdentity, tightRest, nil},
		{"no runner", strings.Replace(tightIdentity, ", runner: github-hosted", "", 1), tightRest, []string{"signer.runner"}},
		{"no refs", strings.Replace(tightIdentity, ", refs: [refs/heads/main]", "", 1), "", []string{"age", "name", "signer.ref"}},
		{"no numbers", strings.Replace(strings.Replace(tightIdentity, `ownerId: "1234567", `, "", 1), `repositoryId: "42", `, "", 1), tightRest, []string{"signer.owner", "signer.repository-id"}},
		{"any trigger", strings.Replace(tightIdentity, "triggers: [push]", "triggers: [push, pull_request_target]", 1), tightRest, []string{"signer.trigger"}},
		{"no source", tightIdentity, strings.Replace(tightRest, `        source: {repositories: ["https://github.com/{owner}/{repo}"], refs: [refs/heads/main]}
`, "", 1), []string{"name"}},
		{"no age", tightIdentity, strings.Replace(tightRest, "      image: {maxAge: 90d}\n", "", 1), []string{"age"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := y.trial(t, c.identity, c.rest).Mutate(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			var kinds []string
			for _, h := range got.Holes {
				if !slices.Contains(kinds, h.Kind) {
					kinds = append(kinds, h.Kind)
				}
			}
			slices.Sort(kinds)
			if !slices.Equal(kinds, c.holes) {
				t.Errorf("holes %v, want %v: %+v", kinds, c.holes, got.Holes)
			}
			if got.Tried < 10 || len(got.Spare) > 0 {
				t.Errorf("%d changes tried, and these pieces are not needed: %v", got.Tried, got.Spare)
			}
		})
	}
}

// What is denied has no holes to look for.
func TestDenied(t *testing.T) {
	y := newYard(t)
	tried := y.trial(t, tightIdentity, tightRest+"      sbom: {from: [ci]}\n")
	v, err := tried.Judge(t.Context())
	if err != nil || v.Outcome() != policy.Denied {
		t.Fatalf("%s, %v", v.Outcome(), err)
	}
	if holes, err := tried.Mutate(t.Context()); err == nil {
		t.Errorf("%+v", holes)
	}
}
