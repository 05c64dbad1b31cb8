package oci_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/attest/oci"
	"github.com/carnet-project/carnet/fixtures/registry"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

const (
	typeSign       = "https://sigstore.dev/cosign/sign/v1"
	typeProvenance = "https://slsa.dev/provenance/v1"
	typeSBOM       = "https://spdx.dev/Document"
)

// bundle makes a really signed bundle about d.
func bundle(t testing.TB, d attest.Digest, predicateType, predicate string) *attest.Bundle {
	t.Helper()
	st, err := attest.NewStatement(predicateType, []byte(predicate), attest.NewSubject("", d))
	if err != nil {
		t.Fatal(err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	message, err := io.ReadAll(attest.PAE(attest.PayloadType, st.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(message)
	raw, err := ecdsa.SignASN1(rand.Reader, key, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	b, err := attest.NewEnvelopeBundle(st, attest.Signature{Bytes: raw})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// three are a signature, a provenance and an SBOM of size bytes.
func three(t testing.TB, d attest.Digest, size int) []*attest.Bundle {
	t.Helper()
	return []*attest.Bundle{
		bundle(t, d, typeSign, `{}`),
		bundle(t, d, typeProvenance, `{"buildDefinition":{}}`),
		bundle(t, d, typeSBOM, fmt.Sprintf(`{"comment":%q}`, strings.Repeat("x", size))),
	}
}

// quick are options whose waiting is short enough for a test.
func quick(t testing.TB) oci.Options {
	return oci.Options{LockDir: t.TempDir(), Pause: time.Millisecond, Patience: 5 * time.Second}
}

func target(t testing.TB, s string) oci.Target {
	t.Helper()
	parsed, err := oci.ParseTarget(s)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func open(t testing.TB, o oci.Options, s string) *oci.Store {
	t.Helper()
	store, err := oci.NewClient(o).Open(t.Context(), target(t, s))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	return store
}

func resolve(t testing.TB, store *oci.Store, s string) artifact.Artifact {
	t.Helper()
	root, err := store.Resolve(t.Context(), target(t, s))
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// pushImage pushes a random image of two layers and gives its digest.
func pushImage(t testing.TB, ref string, o ...remote.Option) attest.Digest {
	t.Helper()
	img, err := random.Image(1024, 2)
	if err != nil {
		t.Fatal(err)
	}
	return push(t, ref, img, o...)
}

func push(t testing.TB, ref string, content interface{ Digest() (v1.Hash, error) }, o ...remote.Option) attest.Digest {
	t.Helper()
	at, err := name.ParseReference(ref)
	if err != nil {
		t.Fatal(err)
	}
	switch c := content.(type) {
	case v1.Image:
		err = remote.Write(at, c, o...)
	case v1.ImageIndex:
		err = remote.WriteIndex(at, c, o...)
	}
	if err != nil {
		t.Fatal(err)
	}
	return digestOf(t, content)
}

func digestOf(t testing.TB, content interface{ Digest() (v1.Hash, error) }) attest.Digest {
	t.Helper()
	h, err := content.Digest()
	if err != nil {
		t.Fatal(err)
	}
	d, err := attest.ParseDigest(h.String())
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// imageFor is a random image for one platform.
func imageFor(t testing.TB, os, architecture string) v1.Image {
	t.Helper()
	img, err := random.Image(512, 1)
	if err != nil {
		t.Fatal(err)
	}
	config, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	config = config.DeepCopy()
	config.OS, config.Architecture = os, architecture
	if img, err = mutate.ConfigFile(img, config); err != nil {
		t.Fatal(err)
	}
	return img
}

func indexOf(entries ...mutate.IndexAddendum) v1.ImageIndex {
	return mutate.AppendManifests(empty.Index, entries...)
}

func entry(img mutate.Appendable, os, architecture string) mutate.IndexAddendum {
	return mutate.IndexAddendum{Add: img, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: os, Architecture: architecture}}}
}

// opened opens all evidence that can be opened and gives the bundles' digests.
func opened(t testing.TB, found []attest.Found) []string {
	t.Helper()
	var digests []string
	for _, f := range found {
		if f.Ignored != "" {
			continue
		}
		bundles, err := f.Open(t.Context())
		if err != nil {
			t.Fatalf("opening %s in %s: %v", f.Manifest, f.Place, err)
		}
		for _, b := range bundles {
			digests = append(digests, b.Digest().String())
		}
	}
	slices.Sort(digests)
	return digests
}

func digestsOf(bundles ...*attest.Bundle) []string {
	var digests []string
	for _, b := range bundles {
		digests = append(digests, b.Digest().String())
	}
	slices.Sort(digests)
	return digests
}

func discover(t testing.TB, store *oci.Store, d attest.Digest, depth oci.Depth) []attest.Found {
	t.Helper()
	found, err := store.Discover(t.Context(), d, depth)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func attach(t testing.TB, store *oci.Store, a artifact.Artifact, bundles ...*attest.Bundle) []oci.Attached {
	t.Helper()
	attached, err := store.Attach(t.Context(), a, bundles...)
	if err != nil {
		t.Fatal(err)
	}
	return attached
}

// wantKind fails the test unless err is an *oci.Error of the kind.
func wantKind(t testing.TB, err error, kind oci.Kind) {
	t.Helper()
	var e *oci.Error
	if !errors.As(err, &e) {
		t.Fatalf("got error %v, want one of kind %s", err, kind)
	}
	if e.Kind != kind {
		t.Fatalf("got kind %s (%v), want %s", e.Kind, err, kind)
	}
}

// both runs a test against a registry with the referrers API and one without.
func both(t *testing.T, test func(t *testing.T, r *registry.Registry)) {
	for label, api := range map[string]bool{"referrers": true, "fallback": false} {
		t.Run(label, func(t *testing.T) { test(t, registry.Start(t, registry.Config{Referrers: api})) })
	}
}
