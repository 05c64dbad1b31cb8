package oci_test

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/attest/oci"
	"github.com/carnet-project/carnet/fixtures/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
)

func TestResolveIndex(t *testing.T) {
	r := registry.Start(t, registry.Config{})
	ref := r.Host + "/shop/app:v1"
	amd, arm, windows := imageFor(t, "linux", "amd64"), imageFor(t, "linux", "arm64"), imageFor(t, "windows", "amd64")
	buildkit := entry(imageFor(t, "unknown", "unknown"), "unknown", "unknown")
	buildkit.Annotations = map[string]string{
		"vnd.docker.reference.type":   "attestation-manifest",
		"vnd.docker.reference.digest": digestOf(t, amd).String(),
	}
	armEntry := entry(arm, "linux", "arm64")
	armEntry.Platform.Variant = "v8"
	// A runtime for s390x runs this one, whatever its annotation says.
	disguised := entry(imageFor(t, "linux", "s390x"), "linux", "s390x")
	disguised.Annotations = map[string]string{"vnd.docker.reference.type": "attestation-manifest"}
	d := push(t, ref, indexOf(
		entry(amd, "linux", "amd64"), armEntry, buildkit,
		mutate.IndexAddendum{Add: imageFor(t, "", "")},
		mutate.IndexAddendum{Add: mutate.ConfigMediaType(imageFor(t, "", ""), "application/vnd.example.chart+json")},
		entry(imageFor(t, "", ""), "unknown", "unknown"),
		disguised,
		mutate.IndexAddendum{Add: indexOf(entry(windows, "windows", "amd64"))},
	))
	r.Reset()
	store := open(t, quick(t), ref)
	root := resolve(t, store, ref)
	if root.Digest != d || root.Kind != artifact.KindIndex {
		t.Fatalf("got %s %s, want the index %s", root.Kind, root.Digest, d)
	}
	want := []struct {
		kind     artifact.Kind
		platform string
	}{
		{artifact.KindImage, "linux/amd64"}, {artifact.KindImage, "linux/arm64/v8"}, {artifact.KindAttestation, ""},
		{artifact.KindImage, ""}, {artifact.KindOther, ""}, {artifact.KindAttestation, ""}, {artifact.KindImage, "linux/s390x"}, {artifact.KindIndex, ""},
	}
	for i, child := range root.Children {
		if child.Kind != want[i].kind || child.Platform != want[i].platform {
			t.Errorf("entry %d is %s %q, want %s %q", i, child.Kind, child.Platform, want[i].kind, want[i].platform)
		}
	}
	if n := len(root.Runnable()); n != 5 {
		t.Errorf("%d runnable images, want 5", n)
	}
	if !root.Covers(digestOf(t, windows)) {
		t.Error("the tree does not reach into the index inside the index")
	}
	if n := r.Count(registry.Manifest); n != 4 {
		t.Errorf("%d manifest requests, want 4: the index, the one inside it, and two entries without a platform", n)
	}
}

func TestResolveKeepsTheDigestOfAMovedTag(t *testing.T) {
	r := registry.Start(t, registry.Config{})
	ref := r.Host + "/shop/app:v1"
	before := pushImage(t, ref)
	store := open(t, quick(t), ref)
	root := resolve(t, store, ref)
	bundles := three(t, before, 10)
	after := pushImage(t, ref)
	attach(t, store, root, bundles...)
	if n := len(discover(t, store, root.Digest, oci.Near)); root.Digest != before || n != 3 {
		t.Errorf("evidence went to %s (%d pieces), want %s", root.Digest, n, before)
	}
	if n := len(discover(t, store, after, oci.Near)); n != 0 {
		t.Errorf("the image that the tag was moved to has %d pieces of evidence, want none", n)
	}
	img, err := store.Image(t.Context(), root.Digest)
	if err != nil {
		t.Fatal(err)
	}
	if digestOf(t, img) != before {
		t.Error("the image that is scanned is not the one that was resolved")
	}
	// A digest counts before a tag.
	if got := resolve(t, store, ref+"@"+before.String()); got.Digest != before {
		t.Errorf("tag and digest resolved to %s, want the digest", got.Digest)
	}
}

func TestResolveRefuses(t *testing.T) {
	const manifestType, indexType = "application/vnd.oci.image.manifest.v1+json", "application/vnd.oci.image.index.v1+json"
	config := `"config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"` + digest + `","size":2}`
	child := func(d string) string {
		return `{"mediaType":"` + manifestType + `","digest":"` + d + `","size":2}`
	}
	for label, c := range map[string]struct {
		mediaType, body string
		want            oci.Kind
	}{
		"not JSON":             {manifestType, `<html>`, oci.KindMalformed},
		"trailing data":        {manifestType, `{` + config + `,"layers":[]} {}`, oci.KindMalformed},
		"duplicate key":        {indexType, `{"manifests":[],"manifests":[` + child(digest) + `]}`, oci.KindMalformed},
		"key in another case":  {indexType, `{"manifests":[],"Manifests":[` + child(digest) + `]}`, oci.KindMalformed},
		"nested key case":      {indexType, `{"manifests":[{"mediaType":"` + manifestType + `","digest":"` + digest + `","Digest":"` + digest + `","size":2}]}`, oci.KindMalformed},
		"index and manifest":   {indexType, `{"manifests":[],` + config + `}`, oci.KindMalformed},
		"index named manifest": {manifestType, `{"manifests":[]}`, oci.KindMalformed},
		"another media type":   {indexType, `{"mediaType":"` + manifestType + `",` + config + `,"layers":[]}`, oci.KindMalformed},
		"docker schema 1":      {"application/vnd.docker.distribution.manifest.v1+prettyjws", `{"schemaVersion":1}`, oci.KindUnsupported},
		"sha1 child":           {indexType, `{"manifests":[` + child("sha1:"+hex64[:40]) + `]}`, oci.KindMalformed},
		"upper-case child":     {indexType, `{"manifests":[` + child("sha256:"+strings.ToUpper(hex64)) + `]}`, oci.KindMalformed},
		"too many children":    {indexType, `{"manifests":[` + child(digest) + strings.Repeat(","+child(digest), 10) + `]}`, oci.KindOverBound},
		"too large":            {indexType, `{"manifests":[` + strings.Repeat(" ", 1<<20) + `]}`, oci.KindOverBound},
	} {
		t.Run(label, func(t *testing.T) {
			r := registry.Start(t, registry.Config{})
			r.Fail(registry.On(registry.Manifest), registry.Always, registry.Answer(c.mediaType, c.body))
			o := quick(t)
			o.Limits = oci.Limits{Entries: 10, ManifestBytes: 64 << 10}
			_, err := open(t, o, r.Host+"/shop/app").Resolve(t.Context(), target(t, r.Host+"/shop/app"))
			wantKind(t, err, c.want)
		})
	}
}

func TestResolveBoundsNesting(t *testing.T) {
	r := registry.Start(t, registry.Config{})
	ref := r.Host + "/shop/app:deep"
	index := indexOf(entry(imageFor(t, "linux", "amd64"), "linux", "amd64"))
	for range 3 {
		index = indexOf(mutate.IndexAddendum{Add: index})
	}
	push(t, ref, index)
	resolve(t, open(t, quick(t), ref), ref)
	o := quick(t)
	o.Limits.Depth = 2
	_, err := open(t, o, ref).Resolve(t.Context(), target(t, ref))
	wantKind(t, err, oci.KindOverBound)
}

func TestResolveChecksDigests(t *testing.T) {
	r := registry.Start(t, registry.Config{})
	ref := r.Host + "/shop/app:v1"
	inner := indexOf(entry(imageFor(t, "linux", "amd64"), "linux", "amd64"))
	d := push(t, ref, indexOf(mutate.IndexAddendum{Add: inner}))
	for _, at := range []attest.Digest{d, digestOf(t, inner)} {
		r.Reset()
		r.Fail(registry.OnPath("GET", at.String()), registry.Always, registry.Corrupt)
		_, err := open(t, quick(t), ref).Resolve(t.Context(), target(t, r.Host+"/shop/app@"+d.String()))
		wantKind(t, err, oci.KindTampered)
	}
}

func TestImage(t *testing.T) {
	r := registry.Start(t, registry.Config{})
	ref := r.Host + "/shop/app:v1"
	d := push(t, ref, imageFor(t, "linux", "arm64"))
	r.Reset()
	store := open(t, quick(t), ref)
	resolve(t, store, ref)
	if p, err := store.Platform(t.Context(), d); err != nil || p != "linux/arm64" {
		t.Errorf("platform %q, %v, want linux/arm64", p, err)
	}
	if n := r.Count(registry.Manifest); n != 1 {
		t.Errorf("%d manifest requests, want the one of resolving", n)
	}
	img, err := store.Image(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	layers, err := img.Layers()
	if err != nil || len(layers) != 1 {
		t.Fatalf("%d layers, %v", len(layers), err)
	}
	r.Reset()
	if err := drain(layers[0]); err != nil {
		t.Fatal(err)
	}
	if n := r.Count(registry.Blob); n != 1 {
		t.Errorf("%d blob requests for one layer", n)
	}
	for label, fault := range map[string]registry.Fault{"corrupt": registry.Corrupt, "short": registry.Short} {
		r.Reset()
		r.Fail(registry.On(registry.Blob), registry.Always, fault)
		if err := drain(layers[0]); err == nil {
			t.Errorf("a %s layer was read without an error", label)
		} else {
			wantKind(t, err, oci.KindTampered)
		}
	}
}

func drain(l v1.Layer) error {
	rc, err := l.Compressed()
	if err != nil {
		return err
	}
	defer rc.Close()
	buffer := make([]byte, 4096)
	for {
		if _, err := rc.Read(buffer); err != nil {
			if err == io.EOF {
				return nil
			}
			return err
		}
	}
}

func TestResolveFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "release.bin")
	if err := os.WriteFile(file, []byte("content"), 0o644); err != nil {
		t.Fatal(err)
	}
	at := "file:" + file
	o := quick(t)
	o.Offline = true
	store := open(t, o, at)
	a := resolve(t, store, at)
	if a.Kind != artifact.KindFile || a.Digest != attest.SHA256([]byte("content")) || a.Size != 7 {
		t.Errorf("got %+v", a)
	}
	_, err := store.Discover(t.Context(), a.Digest, oci.Near)
	wantKind(t, err, oci.KindUnsupported)
	_, err = store.Attach(t.Context(), a, bundle(t, a.Digest, typeSign, `{}`))
	wantKind(t, err, oci.KindUsage)
	_, err = open(t, o, at+".missing").Resolve(t.Context(), target(t, at+".missing"))
	wantKind(t, err, oci.KindNotFound)
	_, err = oci.NewClient(o).Open(t.Context(), target(t, "dir:"+t.TempDir()))
	wantKind(t, err, oci.KindUnsupported)
}

func TestNotFound(t *testing.T) {
	r := registry.Start(t, registry.Config{})
	pushImage(t, r.Host+"/shop/app:v1")
	ref := r.Host + "/shop/app:v2"
	_, err := open(t, quick(t), ref).Resolve(t.Context(), target(t, ref))
	wantKind(t, err, oci.KindNotFound)
	if !strings.Contains(err.Error(), ref) {
		t.Errorf("the error %q does not name %s", err, ref)
	}
}
