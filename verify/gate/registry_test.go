package gate_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/attest/oci"
	"github.com/carnet-project/carnet/attest/predicate"
	"github.com/carnet-project/carnet/fixtures/registry"
	"github.com/carnet-project/carnet/sign"
	signkey "github.com/carnet-project/carnet/sign/key"
	"github.com/carnet-project/carnet/verify"
	"github.com/carnet-project/carnet/verify/gate"
	"github.com/carnet-project/carnet/verify/key"
	"github.com/carnet-project/carnet/verify/policy"
)

// A shop is a signed image in a registry of its own.
type shop struct {
	registry *registry.Registry
	ref      string
	image    artifact.Artifact
	bundle   *attest.Bundle
	manifest attest.Digest
	root     *key.Root
}

func open(t *testing.T, ref string) (*oci.Store, artifact.Artifact) {
	t.Helper()
	target, err := oci.ParseTarget(ref)
	if err != nil {
		t.Fatal(err)
	}
	client := oci.NewClient(oci.Options{LockDir: t.TempDir(), Pause: time.Millisecond, Patience: 5 * time.Second})
	store, err := client.Open(t.Context(), target)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	a, err := store.Resolve(t.Context(), target)
	if err != nil {
		t.Fatal(err)
	}
	return store, a
}

func push(t *testing.T, ref string) {
	t.Helper()
	image, err := random.Image(256, 1)
	if err != nil {
		t.Fatal(err)
	}
	at, err := name.ParseReference(ref)
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(at, image); err != nil {
		t.Fatal(err)
	}
}

func newShop(t *testing.T) *shop {
	t.Helper()
	r := registry.Start(t, registry.Config{Referrers: true})
	s := &shop{registry: r, ref: r.Host + "/shop/api:v1"}
	push(t, s.ref)
	store, image := open(t, s.ref)
	s.image = image
	pair, err := signkey.Generate(signkey.ECDSAP256)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := pair.Signer()
	if err != nil {
		t.Fatal(err)
	}
	st, err := attest.NewStatement(predicate.SignV1, []byte(`{}`), attest.NewSubject("", image.Digest))
	if err != nil {
		t.Fatal(err)
	}
	if s.bundle, err = sign.Statement(t.Context(), st, signer); err != nil {
		t.Fatal(err)
	}
	attached, err := store.Attach(t.Context(), image, s.bundle)
	if err != nil {
		t.Fatal(err)
	}
	s.manifest = attached[0].Manifest
	if s.root, err = key.Parse("shop.pub", pair.PublicPEM()); err != nil {
		t.Fatal(err)
	}
	r.Reset()
	return s
}

// source is a store as a gate asks it.
type source struct{ *oci.Store }

func (s source) Discover(ctx context.Context, a artifact.Artifact, depth gate.Depth) ([]attest.Found, error) {
	return s.Store.Discover(ctx, a.Digest, oci.Depth(depth))
}

// verify judges the image with a store that is opened anew.
func (s *shop) verify(t *testing.T) policy.Verdict {
	t.Helper()
	signature, err := policy.ParseRequirement("signature")
	if err != nil {
		t.Fatal(err)
	}
	p, err := policy.New([]policy.Requirement{signature})
	if err != nil {
		t.Fatal(err)
	}
	store, _ := open(t, s.ref+"@"+s.image.Digest.String())
	return gate.Gate{Source: source{store}, Roots: []verify.Root{s.root}, Policy: p}.Check(t.Context(), s.image)
}

// want fails the test unless the verdict ends so, for this reason.
func want(t *testing.T, v policy.Verdict, o policy.Outcome, reason verify.Reason) {
	t.Helper()
	if v.Outcome() != o {
		t.Fatalf("outcome %s, want %s: %+v", v.Outcome(), o, v.Findings())
	}
	if f := v.Findings(); reason != "" && (len(f) == 0 || f[0].Reason != reason) {
		t.Fatalf("findings %+v, want reason %s", f, reason)
	}
}

func TestAStoreThatGivesOtherBytes(t *testing.T) {
	blob := func(s *shop) string { return "/blobs/" + s.bundle.Digest().String() }
	manifest := func(s *shop) string { return "/manifests/" + s.manifest.String() }
	for label, c := range map[string]struct {
		path    func(*shop) string
		fault   registry.Fault
		outcome policy.Outcome
		reason  verify.Reason
	}{
		"nothing wrong":         {blob, func(w http.ResponseWriter, q *http.Request, next http.Handler) { next.ServeHTTP(w, q) }, policy.Allowed, ""},
		"a swapped bundle":      {blob, registry.Corrupt, policy.Invalid, verify.ReasonContentMismatch},
		"a swapped manifest":    {manifest, registry.Corrupt, policy.Invalid, verify.ReasonContentMismatch},
		"half a bundle":         {blob, registry.Short, policy.Undecided, ""},
		"an interrupted bundle": {blob, registry.Cut, policy.Undecided, ""},
		"an unreadable bundle":  {blob, registry.Status(http.StatusInternalServerError), policy.Undecided, ""},
		"a lost bundle":         {blob, registry.Status(http.StatusNotFound), policy.Undecided, ""},
		"no credentials":        {manifest, registry.Status(http.StatusUnauthorized), policy.Undecided, ""},
		"a busy registry":       {manifest, registry.Status(http.StatusTooManyRequests), policy.Undecided, ""},
	} {
		t.Run(label, func(t *testing.T) {
			s := newShop(t)
			s.registry.Fail(registry.OnPath(http.MethodGet, c.path(s)), registry.Always, c.fault)
			want(t, s.verify(t), c.outcome, c.reason)
		})
	}
}

// listing is the body of a referrers listing of these entries and then n that are
// not there.
func (s *shop) listing(t *testing.T, n int, entries ...attest.Digest) string {
	t.Helper()
	type descriptor struct {
		MediaType    string            `json:"mediaType"`
		Digest       string            `json:"digest"`
		Size         int               `json:"size"`
		ArtifactType string            `json:"artifactType,omitempty"`
		Annotations  map[string]string `json:"annotations,omitempty"`
	}
	list := struct {
		SchemaVersion int          `json:"schemaVersion"`
		MediaType     string       `json:"mediaType"`
		Manifests     []descriptor `json:"manifests"`
	}{2, "application/vnd.oci.image.index.v1+json", nil}
	add := func(d attest.Digest, annotations map[string]string) {
		list.Manifests = append(list.Manifests, descriptor{"application/vnd.oci.image.manifest.v1+json", d.String(), 1000, attest.BundleMediaType, annotations})
	}
	for i := range n {
		add(attest.SHA256([]byte(fmt.Sprint("junk", i))), map[string]string{"dev.sigstore.bundle.predicateType": predicate.SignV1})
	}
	for _, d := range entries {
		add(d, nil)
	}
	body, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func (s *shop) list(body string) {
	s.registry.Fail(registry.On(registry.Referrers), registry.Always, registry.Answer("application/vnd.oci.image.index.v1+json", body))
}

// 500 entries before the good one do not hide it; 5,000 are over the bound, and
// then nothing is decided.
func TestAFloodOfReferrers(t *testing.T) {
	s := newShop(t)
	s.list(s.listing(t, 500, s.manifest))
	want(t, s.verify(t), policy.Allowed, "")

	s = newShop(t)
	s.list(s.listing(t, 5000, s.manifest))
	v := s.verify(t)
	want(t, v, policy.Undecided, "")
	if v.Findings()[0].Rule != "verify.incomplete" || s.registry.Count(registry.Blob) != 0 {
		t.Errorf("%+v, with %d blobs fetched", v.Findings(), s.registry.Count(registry.Blob))
	}
}

// Every listing names the image and the signature, so that each refers to itself and
// to the other. Evidence of evidence is not followed.
func TestACycleOfReferrers(t *testing.T) {
	s := newShop(t)
	s.list(s.listing(t, 0, s.image.Digest, s.manifest))
	want(t, s.verify(t), policy.Allowed, "")
	s.registry.Reset()
	s.list(s.listing(t, 0, s.image.Digest))
	if v := s.verify(t); v.Allowed() {
		t.Error("the image is evidence of itself")
	}
	if n := len(s.registry.Requests()); n > 20 {
		t.Errorf("%d requests", n)
	}
}

// What was resolved is what is judged, wherever the tag points meanwhile.
func TestATagThatMoves(t *testing.T) {
	s := newShop(t)
	push(t, s.ref)
	want(t, s.verify(t), policy.Allowed, "")
	_, moved := open(t, s.ref)
	if moved.Digest == s.image.Digest {
		t.Fatal("the tag did not move")
	}
	s.ref, s.image = s.registry.Host+"/shop/api", moved
	want(t, s.verify(t), policy.Denied, "")
}
