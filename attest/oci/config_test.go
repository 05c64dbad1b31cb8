package oci_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/attest/oci"
	"github.com/carnet-project/carnet/fixtures/registry"
)

// blobs is content by digest, as a folder has it.
type blobs fstest.MapFS

func (b blobs) put(d attest.Digest, raw []byte) error {
	b["blobs/"+d.Algorithm()+"/"+d.Hex()] = &fstest.MapFile{Data: raw}
	return nil
}

func (b blobs) add(raw string) attest.Digest {
	d := attest.SHA256([]byte(raw))
	_ = b.put(d, []byte(raw)) // never fails
	return d
}

// imageOf adds an image of one layer with this configuration.
func (b blobs) imageOf(config string) attest.Digest {
	d := b.add(config)
	return b.add(fmt.Sprintf(`{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",`+
		`"config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":%q,"size":%d},`+
		`"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":%q,"size":1}],"annotations":{"a":"b"}}`, d, len(config), attest.SHA256(nil)))
}

func TestConfig(t *testing.T) {
	layer := attest.SHA256([]byte("layer")).String()
	const head = `{"created":"2026-01-02T03:04:05.6Z","os":"linux","architecture":"arm64","variant":"v8","config":{"Labels":{"l":"x"}},`
	b := blobs{}
	d := b.imageOf(head + `"rootfs":{"type":"layers","diff_ids":["` + layer + `"]}}`)
	c, err := oci.Blobs(fstest.MapFS(b), oci.Limits{}).Config(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	if !c.Created.Equal(time.Date(2026, 1, 2, 3, 4, 5, 6e8, time.UTC)) || len(c.DiffIDs) != 1 || c.DiffIDs[0] != layer ||
		c.Labels["l"] != "x" || c.Annotations["a"] != "b" || c.Platform != "linux/arm64/v8" {
		t.Errorf("%+v", c)
	}
	for name, config := range map[string]string{
		"not JSON":         `{`,
		"a name twice":     head + `"os":"linux","rootfs":{"diff_ids":["` + layer + `"]}}`,
		"a case":           head + `"RootFS":{},"rootfs":{"diff_ids":["` + layer + `"]}}`,
		"a case below":     head + `"rootfs":{"Diff_IDs":[],"diff_ids":["` + layer + `"]}}`,
		"labels in a case": `{"config":{"labels":{}},"rootfs":{"diff_ids":["` + layer + `"]}}`,
		"no digest":        head + `"rootfs":{"diff_ids":["sha256:12"]}}`,
		"a weak digest":    head + `"rootfs":{"diff_ids":["md5:d41d8cd98f00b204e9800998ecf8427e"]}}`,
		"other layers":     head + `"rootfs":{"diff_ids":["` + layer + `","` + layer + `"]}}`,
		"no layers":        head + `"rootfs":{}}`,
		"no time":          `{"created":"yesterday","rootfs":{"diff_ids":["` + layer + `"]}}`,
	} {
		b := blobs{}
		d := b.imageOf(config)
		_, err := oci.Blobs(fstest.MapFS(b), oci.Limits{}).Config(t.Context(), d)
		if err == nil {
			t.Errorf("%s was read", name)
			continue
		}
		wantKind(t, err, oci.KindMalformed)
	}
	large := blobs{}
	d = large.imageOf(strings.Repeat(" ", 8<<20) + `{}`)
	_, err = oci.Blobs(fstest.MapFS(large), oci.Limits{}).Config(t.Context(), d)
	wantKind(t, err, oci.KindOverBound)
	changed := blobs{}
	d = changed.imageOf(head + `"rootfs":{"diff_ids":["` + layer + `"]}}`)
	for name, f := range changed {
		if strings.Contains(string(f.Data), "diff_ids") {
			changed[name] = &fstest.MapFile{Data: []byte(strings.Replace(string(f.Data), "arm64", "amd64", 1))}
		}
	}
	_, err = oci.Blobs(fstest.MapFS(changed), oci.Limits{}).Config(t.Context(), d)
	wantKind(t, err, oci.KindTampered)
}

// attested is an index of one image with an attestation manifest of these statements.
func attested(t *testing.T, ref string, image mutate.Appendable, statements ...string) attest.Digest {
	t.Helper()
	var layers []mutate.Addendum
	for _, s := range statements {
		st, err := attest.ParseStatement([]byte(s))
		if err != nil {
			t.Fatal(err)
		}
		layers = append(layers, mutate.Addendum{
			Layer:       static.NewLayer([]byte(s), types.MediaType(attest.PayloadType)),
			Annotations: map[string]string{"in-toto.io/predicate-type": st.PredicateType()},
		})
	}
	content, err := mutate.Append(mutate.MediaType(empty.Image, types.OCIManifestSchema1), layers...)
	if err != nil {
		t.Fatal(err)
	}
	e := entry(content, "unknown", "unknown")
	e.Annotations = map[string]string{"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": digestOf(t, image).String()}
	return push(t, ref, indexOf(entry(image, "linux", "amd64"), e))
}

func statement(predicateType string, d attest.Digest) string {
	return fmt.Sprintf(`{"_type":"https://in-toto.io/Statement/v0.1","subject":[{"name":"x","digest":{"sha256":%q}}],"predicateType":%q,"predicate":{}}`, d.Hex(), predicateType)
}

func TestStatements(t *testing.T) {
	r := registry.Start(t, registry.Config{})
	ref := r.Host + "/shop/app:v1"
	image := imageFor(t, "linux", "amd64")
	attested(t, ref, image, statement(typeProvenance, digestOf(t, image)), statement(typeSBOM, digestOf(t, image)))
	store := open(t, quick(t), ref)
	root := resolve(t, store, ref)
	r.Reset()
	all, err := store.Statements(t.Context(), root, nil)
	if err != nil || len(all) != 2 || all[0].Subject != digestOf(t, image) || all[0].Manifest != root.Children[1].Digest || all[0].Statement.PredicateType() != typeProvenance {
		t.Fatalf("%+v, %v", all, err)
	}
	r.Reset()
	some, err := store.Statements(t.Context(), root, func(predicateType string) bool { return predicateType == typeProvenance })
	if err != nil || len(some) != 1 || r.Count(registry.Blob) != 1 || r.Count(registry.Manifest) != 0 {
		t.Fatalf("%+v, %v with %+v", some, err, r.Requests())
	}

	attested(t, ref, image, statement(typeProvenance, attest.SHA256(nil)))
	store = open(t, quick(t), ref)
	_, err = store.Statements(t.Context(), resolve(t, store, ref), nil)
	wantKind(t, err, oci.KindMalformed)
	if err == nil || !strings.Contains(err.Error(), "is not about") {
		t.Error(err)
	}
}

// An index can't make a reader hold statements without end.
func TestStatementsAreBounded(t *testing.T) {
	r := registry.Start(t, registry.Config{})
	ref := r.Host + "/shop/app:v1"
	image := imageFor(t, "linux", "amd64")
	one := statement(typeSBOM, digestOf(t, image))
	attested(t, ref, image, slices.Repeat([]string{one}, 257)...)
	store := open(t, quick(t), ref)
	_, err := store.Statements(t.Context(), resolve(t, store, ref), nil)
	wantKind(t, err, oci.KindOverBound)
}

// Whatever resolving has read is not fetched again.
func TestConfigCostsTwoRequests(t *testing.T) {
	r := registry.Start(t, registry.Config{})
	ref := r.Host + "/shop/app:v1"
	image := imageFor(t, "linux", "amd64")
	push(t, ref, indexOf(entry(image, "linux", "amd64")))
	store := open(t, quick(t), ref)
	resolve(t, store, ref)
	r.Reset()
	if _, err := store.Config(t.Context(), digestOf(t, image)); err != nil || r.Count(registry.Manifest) != 1 || r.Count(registry.Blob) != 1 {
		t.Errorf("%v, %+v", err, r.Requests())
	}
	push(t, ref, image)
	store = open(t, quick(t), ref)
	resolve(t, store, ref)
	r.Reset()
	if _, err := store.Config(t.Context(), digestOf(t, image)); err != nil || r.Count(registry.Manifest) != 0 || r.Count(registry.Blob) != 1 {
		t.Errorf("%v, %+v", err, r.Requests())
	}
}

// What is exported resolves, opens and reads as it did where it came from.
func TestExport(t *testing.T) {
	r := registry.Start(t, registry.Config{Referrers: true})
	ref := r.Host + "/shop/app:v1"
	image := imageFor(t, "linux", "amd64")
	attested(t, ref, image, statement(typeProvenance, digestOf(t, image)))
	store := open(t, quick(t), ref)
	root := resolve(t, store, ref)
	bundles := three(t, root.Digest, 10)
	at := attach(t, store, root, bundles...)
	b := blobs{}
	for _, d := range []attest.Digest{root.Digest, digestOf(t, image)} {
		if err := store.ExportImage(t.Context(), d, b.put); err != nil {
			t.Fatal(err)
		}
	}
	for _, d := range []attest.Digest{root.Children[1].Digest, at[0].Manifest, at[1].Manifest, at[2].Manifest} {
		if err := store.ExportEvidence(t.Context(), d, b.put); err != nil {
			t.Fatal(err)
		}
	}
	again := oci.Blobs(fstest.MapFS(b), oci.Limits{})
	copied, err := again.Resolve(t.Context(), oci.Target{Scheme: oci.SchemeLayout, Digest: root.Digest})
	if err != nil || len(copied.Children) != 2 || copied.Children[0].Platform != "linux/amd64" || copied.Children[1].Kind != artifact.KindAttestation {
		t.Fatalf("%+v, %v", copied, err)
	}
	if c, err := again.Config(t.Context(), digestOf(t, image)); err != nil || c.Platform != "linux/amd64" {
		t.Errorf("%+v, %v", c, err)
	}
	if all, err := again.Statements(t.Context(), copied, nil); err != nil || len(all) != 1 {
		t.Errorf("%+v, %v", all, err)
	}
	var found []attest.Found
	for _, a := range at {
		pieces, err := again.Pieces(t.Context(), attest.PlaceReferrers, a.Manifest)
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, pieces...)
	}
	if got, want := opened(t, found), digestsOf(bundles...); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func FuzzConfig(f *testing.F) {
	f.Add(`{"created":"2026-01-02T03:04:05Z","os":"linux","architecture":"arm64","rootfs":{"diff_ids":["` + attest.SHA256(nil).String() + `"]}}`)
	f.Add(`{"rootfs":{"diff_ids":null},"config":null}`)
	f.Fuzz(func(t *testing.T, config string) {
		b := blobs{}
		d := b.imageOf(config)
		c, err := oci.Blobs(fstest.MapFS(b), oci.Limits{}).Config(t.Context(), d)
		if err == nil && len(c.DiffIDs) != 1 {
			t.Errorf("an image of one layer has %d", len(c.DiffIDs))
		}
	})
}
