package oci_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
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
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// A user's three checks of one image must cost ten requests, and the check of the
// signature alone must not touch the SBOM.
func TestRequests(t *testing.T) {
	both(t, func(t *testing.T, r *registry.Registry) {
		ref := r.Host + "/shop/app:v1"
		d := pushImage(t, ref)
		bundles := three(t, d, 100_000)
		store := open(t, quick(t), ref)
		attach(t, store, resolve(t, store, ref), bundles...)
		for _, annotated := range []bool{true, false} {
			if !annotated {
				stripFallback(t, ref, d)
			}
			r.Reset()
			store = open(t, quick(t), ref)
			root := resolve(t, store, ref)
			found := discover(t, store, root.Digest, oci.Near)
			if got := opened(t, found); len(got) != 3 {
				t.Fatalf("opened %d bundles, want 3", len(got))
			}
			if n := len(r.Requests()); n > 10 {
				t.Errorf("annotated=%v: %d requests for signature, provenance and SBOM, want at most 10: %v", annotated, n, r.Requests())
			}

			r.Reset()
			store = open(t, quick(t), ref)
			for _, f := range discover(t, store, resolve(t, store, ref).Digest, oci.Near) {
				if f.PredicateType == typeSign {
					if _, err := f.Open(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
			}
			sbom := bundles[2].Digest().String()
			for _, q := range r.Requests() {
				if strings.HasSuffix(q.Path, sbom) {
					t.Errorf("annotated=%v: the check of the signature fetched the SBOM", annotated)
				}
			}
			if n := r.Count(registry.Blob); n != 1 {
				t.Errorf("annotated=%v: %d blobs fetched for one signature", annotated, n)
			}
		}
	})
}

// stripFallback takes the annotations out of the fallback index, as cosign writes it.
func stripFallback(t *testing.T, ref string, d attest.Digest) {
	t.Helper()
	tag := fallbackRef(t, ref, d, "")
	index, err := remote.Index(tag)
	if err != nil {
		return // the registry has the API
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	for i := range manifest.Manifests {
		manifest.Manifests[i].Annotations = nil
	}
	putRaw(t, tag, types.OCIImageIndex, manifest)
}

func fallbackRef(t testing.TB, ref string, d attest.Digest, suffix string) name.Tag {
	t.Helper()
	at, err := name.ParseReference(ref)
	if err != nil {
		t.Fatal(err)
	}
	return at.Context().Tag(d.Algorithm() + "-" + d.Hex() + suffix)
}

type rawManifest struct {
	raw       []byte
	mediaType types.MediaType
}

func (m rawManifest) RawManifest() ([]byte, error)        { return m.raw, nil }
func (m rawManifest) MediaType() (types.MediaType, error) { return m.mediaType, nil }

func putRaw(t testing.TB, ref name.Reference, mediaType types.MediaType, document any) attest.Digest {
	t.Helper()
	raw, err := json.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Put(ref, rawManifest{raw, mediaType}); err != nil {
		t.Fatal(err)
	}
	return attest.SHA256(raw)
}

// junk is an index entry for a foreign artifact.
func junk(i int) string {
	return fmt.Sprintf(`{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:%064x","size":2,"artifactType":"application/x-junk"}`, i+1)
}

func listOf(entries ...string) string {
	return `{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[` + strings.Join(entries, ",") + `]}`
}

func TestJunkBeforeTheGoodOne(t *testing.T) {
	r := registry.Start(t, registry.Config{Referrers: true})
	ref := r.Host + "/shop/app:v1"
	d := pushImage(t, ref)
	store := open(t, quick(t), ref)
	good := bundle(t, d, typeSign, `{}`)
	manifest := attach(t, store, resolve(t, store, ref), good)[0].Manifest
	entries := []string{}
	for i := range 500 {
		entries = append(entries, junk(i))
	}
	entries = append(entries, fmt.Sprintf(`{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":%q,"size":2}`, manifest))
	list := func(entries []string) {
		r.Reset()
		r.Fail(registry.On(registry.Referrers), registry.Always, registry.Answer("application/vnd.oci.image.index.v1+json", listOf(entries...)))
	}
	list(entries)
	found := discover(t, open(t, quick(t), ref), d, oci.Near)
	if len(found) != 501 {
		t.Errorf("the ledger has %d entries, want all 501", len(found))
	}
	if got := opened(t, found); !slices.Equal(got, digestsOf(good)) {
		t.Errorf("behind 500 junk referrers, found %v", got)
	}
	for i := range 4500 {
		entries = append(entries, junk(1000+i))
	}
	list(entries)
	_, err := open(t, quick(t), ref).Discover(t.Context(), d, oci.Near)
	wantKind(t, err, oci.KindOverBound)
}

func TestPages(t *testing.T) {
	r := registry.Start(t, registry.Config{Referrers: true, PageSize: 2})
	ref := r.Host + "/shop/app:v1"
	d := pushImage(t, ref)
	store := open(t, quick(t), ref)
	bundles := three(t, d, 10)
	bundles = append(bundles, three(t, d, 11)...)
	bundles = append(bundles, bundle(t, d, typeSign, `{"a":1}`))
	attach(t, store, resolve(t, store, ref), bundles...)
	r.Reset()
	if got := opened(t, discover(t, store, d, oci.Near)); !slices.Equal(got, digestsOf(bundles...)) {
		t.Errorf("found %d bundles on pages of two, want %d", len(got), len(bundles))
	}
	if n := r.Count(registry.Referrers); n != 4 {
		t.Errorf("%d pages were read, want 4", n)
	}
	o := quick(t)
	o.Limits.Pages = 3
	_, err := open(t, o, ref).Discover(t.Context(), d, oci.Near)
	wantKind(t, err, oci.KindOverBound)

	r.Fail(func(q *http.Request) bool { return q.URL.RawQuery != "" }, registry.Always, registry.Status(404))
	_, err = open(t, quick(t), ref).Discover(t.Context(), d, oci.Near)
	wantKind(t, err, oci.KindMalformed)
}

func TestNextPageElsewhere(t *testing.T) {
	for label, c := range map[string]struct {
		next string
		want oci.Kind
	}{
		"loop to itself":     {"", oci.KindMalformed},
		"endless":            {"?n=", oci.KindOverBound},
		"another host":       {"http://127.0.0.1:9/v2/shop/app/referrers/x", oci.KindRefused},
		"another repository": {"/v2/other/app/referrers/x", oci.KindRefused},
		"metadata service":   {"http://169.254.169.254/latest/meta-data", oci.KindRefused},
	} {
		t.Run(label, func(t *testing.T) {
			r := registry.Start(t, registry.Config{Referrers: true})
			ref := r.Host + "/shop/app:v1"
			d := pushImage(t, ref)
			n := 0
			r.Fail(registry.On(registry.Referrers), registry.Always, func(w http.ResponseWriter, q *http.Request, next http.Handler) {
				link := c.next
				if link == "?n=" {
					n++
					link = fmt.Sprintf("?n=%d", n)
				}
				if link == "" {
					link = q.URL.RequestURI()
				}
				registry.Link(link)(w, q, next)
			})
			_, err := open(t, quick(t), ref).Discover(t.Context(), d, oci.Near)
			wantKind(t, err, c.want)
		})
	}
}

func TestNoReferrersAPI(t *testing.T) {
	for label, fault := range map[string]registry.Fault{
		"404": registry.Status(404), "400": registry.Status(400), "405": registry.Status(405), "406": registry.Status(406), "a web page": registry.Web,
	} {
		t.Run(label, func(t *testing.T) {
			r := registry.Start(t, registry.Config{})
			ref := r.Host + "/shop/app:v1"
			d := pushImage(t, ref)
			r.Fail(registry.On(registry.Referrers), registry.Always, fault)
			store := open(t, quick(t), ref)
			if n := len(discover(t, store, d, oci.Far)); n != 0 {
				t.Fatalf("%d pieces of evidence before there is any", n)
			}
			bundles := three(t, d, 10)
			attach(t, store, resolve(t, store, ref), bundles...)
			found := discover(t, store, d, oci.Near)
			if got := opened(t, found); !slices.Equal(got, digestsOf(bundles...)) {
				t.Errorf("found %v", got)
			}
			if found[0].Place != attest.PlaceFallbackTag {
				t.Errorf("place %s, want the fallback tag", found[0].Place)
			}
		})
	}
}

// A place that does not answer is not a place where nothing is.
func TestUnreachablePlaceIsAnError(t *testing.T) {
	for _, place := range []string{"", ".sig", ".att"} {
		for status, want := range map[int]oci.Kind{
			401: oci.KindUnauthorized, 403: oci.KindDenied, 429: oci.KindRateLimited, 500: oci.KindUnavailable, 503: oci.KindUnavailable,
		} {
			r := registry.Start(t, registry.Config{})
			ref := r.Host + "/shop/app:v1"
			d := pushImage(t, ref)
			r.Fail(registry.OnPath("GET", "sha256-"+d.Hex()+place), registry.Always, registry.Status(status))
			_, err := open(t, quick(t), ref).Discover(t.Context(), d, oci.Far)
			wantKind(t, err, want)
			r.Reset()
			r.Fail(registry.On(registry.Referrers), registry.Always, registry.Status(status))
			_, err = open(t, quick(t), ref).Discover(t.Context(), d, oci.Near)
			wantKind(t, err, want)
		}
	}
}

func TestMalformedFallbackTag(t *testing.T) {
	r := registry.Start(t, registry.Config{})
	ref := r.Host + "/shop/app:v1"
	d := pushImage(t, ref)
	store := open(t, quick(t), ref)
	root := resolve(t, store, ref)
	attach(t, store, root, bundle(t, d, typeSign, `{}`))
	for label, fault := range map[string]registry.Fault{
		"not JSON":      registry.Answer("application/vnd.oci.image.index.v1+json", `{"manifests":`),
		"an image":      registry.Answer("application/vnd.oci.image.manifest.v1+json", `{"config":{},"layers":[]}`),
		"twice a key":   registry.Answer("application/vnd.oci.image.index.v1+json", `{"manifests":[],"manifests":[]}`),
		"not an object": registry.Answer("application/vnd.oci.image.index.v1+json", `[]`),
	} {
		r.Reset()
		r.Fail(registry.OnPath("GET", "sha256-"+d.Hex()), registry.Always, fault)
		_, err := store.Discover(t.Context(), d, oci.Near)
		if err == nil {
			t.Errorf("%s: read as a list of referrers", label)
			continue
		}
		wantKind(t, err, oci.KindMalformed)
		if _, err := store.Attach(t.Context(), root, bundle(t, d, typeSign, `{"b":1}`)); err == nil {
			t.Errorf("%s: was overwritten", label)
		}
	}
	// One bad entry does not hide the others, and is told.
	r.Reset()
	index, err := remote.Index(fallbackRef(t, ref, d, ""))
	if err != nil {
		t.Fatal(err)
	}
	raw, err := index.RawManifest()
	if err != nil {
		t.Fatal(err)
	}
	bad := strings.Replace(string(raw), `"manifests":[`, `"manifests":[{"digest":"sha1:00","size":1,"mediaType":"x"},{"size":"big"},`, 1)
	r.Fail(registry.OnPath("GET", "sha256-"+d.Hex()), registry.Always, registry.Answer("application/vnd.oci.image.index.v1+json", bad))
	found := discover(t, store, d, oci.Near)
	if len(found) != 3 || len(opened(t, found)) != 1 {
		t.Errorf("with two bad entries the ledger has %d, of which %d open; want 3 and 1", len(found), len(opened(t, found)))
	}
}

func TestUnreadableEvidenceIsReported(t *testing.T) {
	for label, c := range map[string]struct {
		fault registry.Fault
		kind  registry.Kind
		want  oci.Kind
	}{
		"corrupt manifest": {registry.Corrupt, registry.Manifest, oci.KindTampered},
		"missing manifest": {registry.Status(404), registry.Manifest, oci.KindNotFound},
		"corrupt blob":     {registry.Corrupt, registry.Blob, oci.KindTampered},
		"short blob":       {registry.Short, registry.Blob, oci.KindTampered},
		"cut blob":         {registry.Cut, registry.Blob, oci.KindUnavailable},
		"missing blob":     {registry.Status(404), registry.Blob, oci.KindNotFound},
	} {
		t.Run(label, func(t *testing.T) {
			both(t, func(t *testing.T, r *registry.Registry) {
				ref := r.Host + "/shop/app:v1"
				d := pushImage(t, ref)
				store := open(t, quick(t), ref)
				attached := attach(t, store, resolve(t, store, ref), bundle(t, d, typeSign, `{}`))[0].Manifest
				stripFallback(t, ref, d)
				on := registry.On(c.kind)
				if c.kind == registry.Manifest {
					on = registry.OnPath("GET", attached.String())
				}
				r.Fail(on, registry.Always, c.fault)
				found := discover(t, open(t, quick(t), ref), d, oci.Near)
				if len(found) != 1 || found[0].Ignored != "" {
					t.Fatalf("found %+v, want one piece", found)
				}
				_, err := found[0].Open(t.Context())
				wantKind(t, err, c.want)
			})
		})
	}
}

func TestBundleOverTheBound(t *testing.T) {
	r := registry.Start(t, registry.Config{Referrers: true})
	ref := r.Host + "/shop/app:v1"
	d := pushImage(t, ref)
	o := quick(t)
	o.Limits.BundleBytes = 1000
	store := open(t, o, ref)
	attach(t, store, resolve(t, store, ref), bundle(t, d, typeSBOM, `{"x":"`+strings.Repeat("x", 2000)+`"}`))
	r.Reset()
	_, err := discover(t, store, d, oci.Near)[0].Open(t.Context())
	wantKind(t, err, oci.KindOverBound)
	if r.Count(registry.Blob) != 0 {
		t.Error("a bundle over the bound was fetched")
	}
}

// layered pushes an image manifest of layers under ref.
func layered(t testing.TB, ref name.Reference, edit func(*v1.Manifest), layers ...mutate.Addendum) attest.Digest {
	t.Helper()
	img, err := mutate.Append(mutate.MediaType(empty.Image, types.OCIManifestSchema1), layers...)
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(ref, img); err != nil {
		t.Fatal(err)
	}
	if edit == nil {
		return digestOf(t, img)
	}
	m, err := img.Manifest()
	if err != nil {
		t.Fatal(err)
	}
	m = m.DeepCopy()
	edit(m)
	return putRaw(t, ref, types.OCIManifestSchema1, m)
}

func TestOlderPlaces(t *testing.T) {
	r := registry.Start(t, registry.Config{})
	ref := r.Host + "/shop/app:v1"
	d := pushImage(t, ref)
	b := bundle(t, d, typeProvenance, `{}`)
	st, err := b.UnverifiedStatement()
	if err != nil {
		t.Fatal(err)
	}
	envelope, err := json.Marshal(map[string]any{
		"payloadType": attest.PayloadType, "payload": st.Bytes(), "signatures": []any{map[string]any{"sig": b.Signature()}},
	})
	if err != nil {
		t.Fatal(err)
	}
	layered(t, fallbackRef(t, ref, d, ".att"), nil, mutate.Addendum{
		Layer:       static.NewLayer(envelope, types.MediaType(attest.EnvelopeMediaType)),
		Annotations: map[string]string{"predicateType": typeProvenance},
	})
	payload := []byte(`{"critical":{"identity":{"docker-reference":""},"image":{"docker-manifest-digest":"` + d.String() + `"},"type":"cosign container image signature"},"optional":null}`)
	signed := func(signature string) mutate.Addendum {
		return mutate.Addendum{
			Layer:       static.NewLayer(payload, types.MediaType(attest.SimpleSigningMediaType)),
			Annotations: map[string]string{attest.LegacySignatureAnnotation: signature},
		}
	}
	layered(t, fallbackRef(t, ref, d, ".sig"), nil, signed("c2ln"), signed("not base64"))
	store := open(t, quick(t), ref)
	if n := len(discover(t, store, d, oci.Near)); n != 0 {
		t.Errorf("near finds %d pieces, want none of the older places", n)
	}
	found := discover(t, store, d, oci.Far)
	if len(found) != 3 {
		t.Fatalf("found %d pieces, want two signatures and an attestation", len(found))
	}
	for i, want := range []struct {
		place attest.Place
		form  attest.Form
		opens bool
	}{
		{attest.PlaceCosignSig, attest.FormSimpleSigning, true},
		{attest.PlaceCosignSig, attest.FormSimpleSigning, false},
		{attest.PlaceCosignAtt, attest.FormEnvelope, true},
	} {
		f := found[i]
		if f.Place != want.place || f.Form != want.form {
			t.Errorf("piece %d: %s %s, want %s %s", i, f.Place, f.Form, want.place, want.form)
		}
		if bundles, err := f.Open(t.Context()); (err == nil && len(bundles) == 1) != want.opens {
			t.Errorf("piece %d: opened %d, %v", i, len(bundles), err)
		}
	}
	if found[2].PredicateType != typeProvenance {
		t.Errorf("predicate type %q", found[2].PredicateType)
	}
}

// referrer pushes a manifest about d and gives its digest.
func referrer(t testing.TB, ref string, d attest.Digest, artifactType string, layers ...mutate.Addendum) attest.Digest {
	t.Helper()
	at, err := name.ParseReference(ref)
	if err != nil {
		t.Fatal(err)
	}
	subject, err := v1.NewHash(d.String())
	if err != nil {
		t.Fatal(err)
	}
	return layered(t, at.Context().Tag("tmp"), func(m *v1.Manifest) {
		m.ArtifactType = artifactType
		m.Config.MediaType = types.MediaType(artifactType) // what the registry lists
		m.Subject = &v1.Descriptor{MediaType: types.OCIManifestSchema1, Digest: subject, Size: 2}
	}, layers...)
}

func TestForeignAndUnsigned(t *testing.T) {
	r := registry.Start(t, registry.Config{Referrers: true})
	ref := r.Host + "/shop/app:v1"
	d := pushImage(t, ref)
	statement := mutate.Addendum{
		Layer:       static.NewLayer([]byte(`{}`), types.MediaType(attest.PayloadType)),
		Annotations: map[string]string{"in-toto.io/predicate-type": typeSBOM},
	}
	want := map[attest.Digest]string{
		referrer(t, ref, d, "application/vnd.cncf.notary.signature"): "artifact type application/vnd.cncf.notary.signature",
		referrer(t, ref, d, "application/spdx+json"):                 "artifact type application/spdx+json",
		referrer(t, ref, d, attest.PayloadType, statement):           "unsigned in-toto statement",
		referrer(t, ref, d, "application/vnd.oci.empty.v1+json"):     "no layers, artifact type application/vnd.oci.empty.v1+json",
	}
	found := discover(t, open(t, quick(t), ref), d, oci.Near)
	if len(found) != len(want) {
		t.Errorf("the ledger has %d entries, want %d", len(found), len(want))
	}
	for _, f := range found {
		if f.Ignored != want[f.Manifest] {
			t.Errorf("%s is ignored as %q, want %q", f.Manifest, f.Ignored, want[f.Manifest])
		}
		if f.Ignored == "unsigned in-toto statement" && f.PredicateType != typeSBOM {
			t.Errorf("predicate type %q", f.PredicateType)
		}
	}
}

func TestReferrerCycle(t *testing.T) {
	r := registry.Start(t, registry.Config{Referrers: true})
	ref := r.Host + "/shop/app:v1"
	d := pushImage(t, ref)
	// A list that names the subject itself as its own referrer, and twice another.
	other := junk(7)
	self := fmt.Sprintf(`{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":%q,"size":2}`, d)
	r.Fail(registry.On(registry.Referrers), registry.Always, registry.Answer("application/vnd.oci.image.index.v1+json", listOf(self, other, self, other)))
	found := discover(t, open(t, quick(t), ref), d, oci.Near)
	for _, f := range found {
		if f.Ignored == "" {
			t.Errorf("%s counts as evidence", f.Manifest)
		}
	}
}

func TestHintsAreNotBelieved(t *testing.T) {
	r := registry.Start(t, registry.Config{Referrers: true})
	ref := r.Host + "/shop/app:v1"
	d := pushImage(t, ref)
	good := bundle(t, d, typeProvenance, `{}`)
	// The annotation promises a signature; the bundle is a provenance.
	at := referrer(t, ref, d, "application/x", mutate.Addendum{Layer: static.NewLayer(good.Bytes(), attest.BundleMediaType)})
	lie := fmt.Sprintf(`{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":%q,"size":2,"artifactType":%q,"annotations":{"dev.sigstore.bundle.content":"dsse-envelope","dev.sigstore.bundle.predicateType":%q}}`, at, attest.BundleMediaType, typeSign)
	r.Fail(registry.On(registry.Referrers), registry.Always, registry.Answer("application/vnd.oci.image.index.v1+json", listOf(lie)))
	found := discover(t, open(t, quick(t), ref), d, oci.Near)
	bundles, err := found[0].Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	st, err := bundles[0].UnverifiedStatement()
	if err != nil || st.PredicateType() != typeProvenance {
		t.Errorf("the bundle says %v, %v", st, err)
	}
	// And one that promises a bundle and holds none is an error, not nothing.
	at = referrer(t, ref, d, "application/x", mutate.Addendum{Layer: static.NewLayer([]byte("x"), "application/x")})
	lie = strings.Replace(lie, found[0].Manifest.String(), at.String(), 1)
	r.Reset()
	r.Fail(registry.On(registry.Referrers), registry.Always, registry.Answer("application/vnd.oci.image.index.v1+json", listOf(lie)))
	_, err = discover(t, open(t, quick(t), ref), d, oci.Near)[0].Open(t.Context())
	wantKind(t, err, oci.KindMalformed)
}

func TestInlineData(t *testing.T) {
	for label, spoil := range map[string]bool{"right": false, "wrong": true} {
		t.Run(label, func(t *testing.T) {
			r := registry.Start(t, registry.Config{Referrers: true})
			ref := r.Host + "/shop/app:v1"
			d := pushImage(t, ref)
			good := bundle(t, d, typeSign, `{}`)
			data := slices.Clone(good.Bytes())
			if spoil {
				data[len(data)/2] ^= 1
			}
			at, err := name.ParseReference(ref)
			if err != nil {
				t.Fatal(err)
			}
			subject, _ := v1.NewHash(d.String())
			layered(t, at.Context().Tag("tmp"), func(m *v1.Manifest) {
				m.ArtifactType, m.Config.MediaType = attest.BundleMediaType, attest.BundleMediaType
				m.Subject = &v1.Descriptor{MediaType: types.OCIManifestSchema1, Digest: subject, Size: 2}
				m.Layers[0].Data = data
			}, mutate.Addendum{Layer: static.NewLayer(good.Bytes(), attest.BundleMediaType)})
			r.Reset()
			_, err = discover(t, open(t, quick(t), ref), d, oci.Near)[0].Open(t.Context())
			if spoil {
				wantKind(t, err, oci.KindTampered)
			} else if err != nil {
				t.Error(err)
			}
			if n := r.Count(registry.Blob); n != 0 {
				t.Errorf("%d blob requests for data that the manifest carries", n)
			}
		})
	}
}

func TestInIndex(t *testing.T) {
	r := registry.Start(t, registry.Config{})
	ref := r.Host + "/shop/app:v1"
	image := imageFor(t, "linux", "amd64")
	statement := mutate.Addendum{
		Layer:       static.NewLayer([]byte(`{}`), types.MediaType(attest.PayloadType)),
		Annotations: map[string]string{"in-toto.io/predicate-type": typeProvenance},
	}
	attestation, err := mutate.Append(mutate.MediaType(empty.Image, types.OCIManifestSchema1), statement)
	if err != nil {
		t.Fatal(err)
	}
	e := entry(attestation, "unknown", "unknown")
	e.Annotations = map[string]string{
		"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": digestOf(t, image).String(),
	}
	push(t, ref, indexOf(entry(image, "linux", "amd64"), e))
	store := open(t, quick(t), ref)
	root := resolve(t, store, ref)
	found, err := store.InIndex(t.Context(), root, digestOf(t, image))
	if err != nil {
		t.Fatal(err)
	}
	if len(found) != 1 || found[0].Place != attest.PlaceBuildKit || found[0].PredicateType != typeProvenance || found[0].Ignored == "" {
		t.Errorf("found %+v", found)
	}
	if found, err := store.InIndex(t.Context(), root, root.Digest); err != nil || len(found) != 0 {
		t.Errorf("for the index itself found %+v, %v", found, err)
	}
	if found, err := store.InIndex(t.Context(), artifact.Artifact{}, root.Digest); err != nil || len(found) != 0 {
		t.Errorf("in no index found %+v, %v", found, err)
	}
}

func TestDiscoverEndsWithItsContext(t *testing.T) {
	r := registry.Start(t, registry.Config{})
	ref := r.Host + "/shop/app:v1"
	d := pushImage(t, ref)
	r.Fail(registry.On(registry.Referrers), registry.Always, registry.Hang)
	ctx, cancel := context.WithCancel(t.Context())
	store := open(t, quick(t), ref)
	done := make(chan error)
	go func() {
		_, err := store.Discover(ctx, d, oci.Near)
		done <- err
	}()
	for r.Count(registry.Referrers) == 0 {
		time.Sleep(time.Millisecond)
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
}

func FuzzReferrers(f *testing.F) {
	r := registry.Start(f, registry.Config{Referrers: true})
	ref := r.Host + "/shop/app:v1"
	d := pushImage(f, ref)
	store := open(f, quick(f), ref)
	attached := attach(f, store, resolve(f, store, ref), bundle(f, d, typeSign, `{}`))[0].Manifest
	f.Add([]byte(listOf(junk(1), fmt.Sprintf(`{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":%q,"size":2}`, attached))))
	f.Add([]byte(`{"manifests":[{}],"layers":[]}`))
	f.Add([]byte(`{"manifests":[{"annotations":{"dev.sigstore.bundle.content":"x","dev.sigstore.bundle.predicateType":"y"},"digest":"sha256:00"}]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		r.Reset()
		r.Fail(registry.On(registry.Referrers), registry.Always, registry.Answer("application/vnd.oci.image.index.v1+json", string(raw)))
		found, err := store.Discover(t.Context(), d, oci.Near)
		if err != nil {
			return
		}
		for _, piece := range found {
			if piece.Ignored != "" {
				continue
			}
			if bundles, err := piece.Open(t.Context()); err == nil && piece.Manifest != attached {
				t.Fatalf("%s, which nobody attached, opened as %d bundles", piece.Manifest, len(bundles))
			}
		}
	})
}
