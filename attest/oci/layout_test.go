package oci_test

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/attest/oci"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

// layoutOf writes images into a layout directory, tagged v0, v1, ….
func layoutOf(t testing.TB, images ...v1.Image) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "layout")
	at, err := layout.Write(dir, empty.Index)
	if err != nil {
		t.Fatal(err)
	}
	for i, img := range images {
		tag := map[string]string{"org.opencontainers.image.ref.name": fmt.Sprintf("v%d", i)}
		if err := at.AppendImage(img, layout.WithAnnotations(tag)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// tarOf packs a directory into a tar.
func tarOf(t testing.TB, dir string, extra ...tar.Header) string {
	t.Helper()
	var packed bytes.Buffer
	w := tar.NewWriter(&packed)
	for _, h := range extra {
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.AddFS(os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "layout.tar")
	if err := os.WriteFile(file, packed.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestLayout(t *testing.T) {
	img := imageFor(t, "linux", "amd64")
	dir := layoutOf(t, img)
	d := digestOf(t, img)
	at := "oci:" + dir
	store := open(t, quick(t), at)
	root := resolve(t, store, at)
	if root.Digest != d || root.Kind != artifact.KindImage {
		t.Fatalf("resolved to %s %s, want %s", root.Kind, root.Digest, d)
	}
	bundles := three(t, d, 100)
	for range 2 {
		attach(t, store, root, bundles...)
	}
	if again := attach(t, store, root, bundles...); !again[0].Existed || again[0].Place != attest.PlaceLayout {
		t.Errorf("attached again: %+v", again[0])
	}
	// Evidence is not a second image.
	if got := resolve(t, open(t, quick(t), at), at); got.Digest != d {
		t.Errorf("with evidence, the layout resolves to %s", got.Digest)
	}
	packed := "oci:" + tarOf(t, dir)
	for _, at := range []string{at, at + ":v0", at + "@" + d.String(), packed, packed + ":v0"} {
		store := open(t, quick(t), at)
		root := resolve(t, store, at)
		found := discover(t, store, root.Digest, oci.Near)
		if got := opened(t, found); root.Digest != d || !slices.Equal(got, digestsOf(bundles...)) {
			t.Errorf("%s: %s, found %v", at, root.Digest, got)
		}
		read, err := store.Image(t.Context(), d)
		if err != nil {
			t.Fatal(err)
		}
		if err := validate.Image(read); err != nil {
			t.Errorf("%s: %v", at, err)
		}
	}
	// go-containerregistry still reads what was written.
	index, err := layout.ImageIndexFromPath(dir)
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := index.IndexManifest()
	if err != nil || len(manifest.Manifests) != 4 {
		t.Errorf("the index has %d entries, %v, want the image and three bundles", len(manifest.Manifests), err)
	}
	leftovers(t, dir)
}

func leftovers(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if strings.HasPrefix(filepath.Base(path), ".carnet-") {
			t.Errorf("%s was left behind", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestLayoutNames(t *testing.T) {
	one, two := imageFor(t, "linux", "amd64"), imageFor(t, "linux", "arm64")
	at := "oci:" + layoutOf(t, one, two)
	store := open(t, quick(t), at)
	if got := resolve(t, store, at+":v1"); got.Digest != digestOf(t, two) {
		t.Errorf(":v1 is %s", got.Digest)
	}
	for ref, want := range map[string]oci.Kind{
		at:                          oci.KindUsage,
		at + ":none":                oci.KindNotFound,
		at + "@" + digest:           oci.KindNotFound,
		"oci:" + t.TempDir():        oci.KindUnsupported,
		"oci:" + t.TempDir() + "/x": oci.KindNotFound,
	} {
		opened, err := oci.NewClient(quick(t)).Open(t.Context(), target(t, ref))
		if err == nil {
			_, err = opened.Resolve(t.Context(), target(t, ref))
			opened.Close()
		}
		wantKind(t, err, want)
	}
}

func TestConcurrentAttachToLayout(t *testing.T) {
	for label, run := range map[string]func(ref, locks, who string) error{"clients": attachFive, "processes": attachInProcess} {
		t.Run(label, func(t *testing.T) {
			img := imageFor(t, "linux", "amd64")
			dir := layoutOf(t, img)
			var group sync.WaitGroup
			for who := range 8 {
				group.Go(func() {
					if err := run("oci:"+dir, "", fmt.Sprint(who)); err != nil {
						t.Error(err)
					}
				})
			}
			group.Wait()
			if n := len(opened(t, discover(t, open(t, quick(t), "oci:"+dir), digestOf(t, img), oci.Near))); n != 40 {
				t.Errorf("%d of 40 bundles are left", n)
			}
			leftovers(t, dir)
		})
	}
}

// cosign's own layouts keep its older manifests under annotations, and copied
// registries keep tags.
func TestLayoutOlderPlaces(t *testing.T) {
	img := imageFor(t, "linux", "amd64")
	dir := layoutOf(t, img)
	d := digestOf(t, img)
	at, err := layout.FromPath(dir)
	if err != nil {
		t.Fatal(err)
	}
	layered := func(content, mediaType string, annotations map[string]string) v1.Image {
		made, err := mutate.Append(mutate.MediaType(empty.Image, types.OCIManifestSchema1), mutate.Addendum{
			Layer: static.NewLayer([]byte(content), types.MediaType(mediaType)), Annotations: annotations,
		})
		if err != nil {
			t.Fatal(err)
		}
		return made
	}
	signed := map[string]string{attest.LegacySignatureAnnotation: "c2ln"}
	for _, add := range []struct {
		img         v1.Image
		annotations map[string]string
	}{
		{layered("{}", attest.SimpleSigningMediaType, signed), map[string]string{"kind": "dev.cosignproject.cosign/sigs"}},
		{layered("{ }", attest.SimpleSigningMediaType, signed), map[string]string{"org.opencontainers.image.ref.name": "sha256-" + d.Hex() + ".sig"}},
		{layered("{}", attest.EnvelopeMediaType, nil), map[string]string{"kind": "dev.cosignproject.cosign/atts"}},
	} {
		if err := at.AppendImage(add.img, layout.WithAnnotations(add.annotations)); err != nil {
			t.Fatal(err)
		}
	}
	store := open(t, quick(t), "oci:"+dir)
	if got := resolve(t, store, "oci:"+dir); got.Digest != d {
		t.Errorf("resolved to %s, want the image", got.Digest)
	}
	if n := len(discover(t, store, d, oci.Near)); n != 0 {
		t.Errorf("near finds %d pieces", n)
	}
	var places []attest.Place
	for _, f := range discover(t, store, d, oci.Far) {
		places = append(places, f.Place)
	}
	if want := []attest.Place{attest.PlaceCosignSig, attest.PlaceCosignSig, attest.PlaceCosignAtt}; !slices.Equal(places, want) {
		t.Errorf("far finds %v, want %v", places, want)
	}
}

func TestLayoutIsChecked(t *testing.T) {
	img := imageFor(t, "linux", "amd64")
	d := digestOf(t, img)
	blob := "blobs/sha256/" + d.Hex()
	outside := filepath.Join(t.TempDir(), "outside")
	raw, err := img.RawManifest()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(outside, raw, 0o644); err != nil {
		t.Fatal(err)
	}
	for label, c := range map[string]struct {
		spoil func(dir string) error
		want  oci.Kind
	}{
		"a changed blob": {func(dir string) error { return os.WriteFile(dir+"/"+blob, append(raw, ' '), 0o644) }, oci.KindTampered},
		"a missing blob": {func(dir string) error { return os.Remove(dir + "/" + blob) }, oci.KindNotFound},
		"a link out of the layout": {func(dir string) error {
			return errorsOf(os.Remove(dir+"/"+blob), os.Symlink(outside, dir+"/"+blob))
		}, oci.KindRefused},
		"a link inside the layout": {func(dir string) error {
			return errorsOf(os.Rename(dir+"/"+blob, dir+"/other"), os.Symlink("../../other", dir+"/"+blob))
		}, oci.KindRefused},
		"a directory that is a link": {func(dir string) error {
			return errorsOf(os.Rename(dir+"/blobs", dir+".blobs"), os.Symlink(dir+".blobs", dir+"/blobs"))
		}, oci.KindRefused},
		"an index that is a link": {func(dir string) error {
			return errorsOf(os.Rename(dir+"/index.json", dir+".json"), os.Symlink(dir+".json", dir+"/index.json"))
		}, oci.KindRefused},
		"a pipe": {func(dir string) error {
			return errorsOf(os.Remove(dir+"/"+blob), exec.Command("mkfifo", dir+"/"+blob).Run())
		}, oci.KindRefused},
		"a digest that leads out": {func(dir string) error {
			return os.WriteFile(dir+"/index.json", []byte(listOf(`{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:../../../outside","size":2,"annotations":{"org.opencontainers.image.ref.name":"v0"}}`)), 0o644)
		}, oci.KindNotFound},
		"a huge index": {func(dir string) error { return os.Truncate(dir+"/index.json", 1<<30) }, oci.KindOverBound},
		"another version": {func(dir string) error {
			return os.WriteFile(dir+"/oci-layout", []byte(`{"imageLayoutVersion":"2.0.0"}`), 0o644)
		}, oci.KindUnsupported},
	} {
		t.Run(label, func(t *testing.T) {
			dir := layoutOf(t, img)
			if err := c.spoil(dir); err != nil {
				t.Fatal(err)
			}
			at := target(t, "oci:"+dir+":v0")
			store, err := oci.NewClient(quick(t)).Open(t.Context(), at)
			if err == nil {
				defer store.Close()
				_, err = store.Resolve(t.Context(), at)
			}
			wantKind(t, err, c.want)
		})
	}
}

func errorsOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// Writing does not go through links either.
func TestAttachThroughALink(t *testing.T) {
	img := imageFor(t, "linux", "amd64")
	root := artifact.Artifact{Kind: artifact.KindImage, Digest: digestOf(t, img), MediaType: string(types.OCIManifestSchema1), Size: 2}
	for _, name := range []string{"blobs", "blobs/sha256", "index.json"} {
		dir := layoutOf(t, img)
		moved := filepath.Join(t.TempDir(), "moved")
		if err := errorsOf(os.Rename(dir+"/"+name, moved), os.Symlink(moved, dir+"/"+name)); err != nil {
			t.Fatal(err)
		}
		_, err := open(t, quick(t), "oci:"+dir).Attach(t.Context(), root, bundle(t, root.Digest, typeSign, `{}`))
		wantKind(t, err, oci.KindRefused)
	}
}

func TestLayoutTar(t *testing.T) {
	img := imageFor(t, "linux", "amd64")
	dir := layoutOf(t, img)
	at := "oci:" + tarOf(t, dir)
	store := open(t, quick(t), at)
	_, err := store.Attach(t.Context(), resolve(t, store, at), bundle(t, digestOf(t, img), typeSign, `{}`))
	wantKind(t, err, oci.KindUnsupported)
	if !strings.Contains(err.Error(), "unpack it") {
		t.Errorf("the error %q does not say what to do", err)
	}
	blob := "blobs/sha256/" + digestOf(t, img).Hex()
	for label, c := range map[string]struct {
		extra tar.Header
		want  oci.Kind
	}{
		"leads out":     {tar.Header{Name: "../evil"}, oci.KindRefused},
		"leads out too": {tar.Header{Name: "blobs/../../evil"}, oci.KindRefused},
		"turns back":    {tar.Header{Name: "blobs/../more"}, oci.KindRefused},
		"absolute":      {tar.Header{Name: "/etc/passwd"}, oci.KindRefused},
		"twice":         {tar.Header{Name: "index.json"}, oci.KindRefused},
		"twice as link": {tar.Header{Name: blob, Typeflag: tar.TypeSymlink, Linkname: "/etc/passwd"}, oci.KindRefused},
	} {
		_, err := oci.NewClient(quick(t)).Open(t.Context(), target(t, "oci:"+tarOf(t, dir, c.extra)))
		if err == nil {
			t.Errorf("%s: was opened", label)
			continue
		}
		wantKind(t, err, c.want)
	}
	o := quick(t)
	o.Limits.Entries = 3
	_, err = oci.NewClient(o).Open(t.Context(), target(t, at))
	wantKind(t, err, oci.KindOverBound)
	if err := os.Rename(dir+"/"+blob, dir+"/other"); err != nil {
		t.Fatal(err)
	}
	linked := "oci:" + tarOf(t, dir, tar.Header{Name: blob, Typeflag: tar.TypeSymlink, Linkname: "../../other"})
	_, err = open(t, quick(t), linked).Resolve(t.Context(), target(t, linked))
	wantKind(t, err, oci.KindRefused)
}

func TestDockerArchive(t *testing.T) {
	img := imageFor(t, "linux", "arm64")
	file := filepath.Join(t.TempDir(), "image.tar")
	tag, err := name.NewTag("shop.example/app:v1")
	if err != nil {
		t.Fatal(err)
	}
	if err := tarball.WriteToFile(file, tag, img); err != nil {
		t.Fatal(err)
	}
	if bare := target(t, file); bare.Scheme != oci.SchemeDockerArchive {
		t.Errorf("the bare path is read as %s", bare)
	}
	at := "docker-archive:" + file
	store := open(t, quick(t), at)
	root := resolve(t, store, at)
	id, err := img.ConfigName()
	if err != nil {
		t.Fatal(err)
	}
	if root.Digest.String() != id.String() || root.Kind != artifact.KindImage {
		t.Errorf("resolved to %s %s, want the image id %s", root.Kind, root.Digest, id)
	}
	if p, err := store.Platform(t.Context(), root.Digest); err != nil || p != "linux/arm64" {
		t.Errorf("platform %q, %v", p, err)
	}
	read, err := store.Image(t.Context(), root.Digest)
	if err != nil {
		t.Fatal(err)
	}
	layers, err := read.Layers()
	if err != nil || len(layers) != 1 {
		t.Fatalf("%d layers, %v", len(layers), err)
	}
	if err := drain(layers[0]); err != nil {
		t.Error(err)
	}
	_, err = store.Discover(t.Context(), root.Digest, oci.Near)
	wantKind(t, err, oci.KindUnsupported)
	_, err = store.Attach(t.Context(), root, bundle(t, root.Digest, typeSign, `{}`))
	wantKind(t, err, oci.KindUnsupported)
}

func TestBadDockerArchive(t *testing.T) {
	dir := t.TempDir()
	for label, members := range map[string][]tar.Header{
		"no manifest": {{Name: "readme"}},
		"no JSON":     {{Name: "manifest.json"}},
		"leads out":   {{Name: "manifest.json"}, {Name: "../evil"}},
	} {
		file := filepath.Join(dir, strings.ReplaceAll(label, " ", "-")+".tar")
		writeTar(t, file, members...)
		if _, err := oci.NewClient(quick(t)).Open(t.Context(), target(t, "docker-archive:"+file)); err == nil {
			t.Errorf("%s: was opened", label)
		}
	}
}

func FuzzLayoutIndex(f *testing.F) {
	img := imageFor(f, "linux", "amd64")
	dir := layoutOf(f, img)
	raw, err := os.ReadFile(dir + "/index.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Add([]byte(listOf(junk(1), junk(2))))
	f.Add([]byte(`{"manifests":[{"digest":"sha256:../x"}]}`))
	f.Add([]byte(`{"Manifests":[]}`))
	at, subject := target(f, "oci:"+dir), digestOf(f, img)
	f.Fuzz(func(t *testing.T, raw []byte) {
		if err := os.WriteFile(dir+"/index.json", raw, 0o644); err != nil {
			t.Fatal(err)
		}
		store := open(t, oci.Options{}, at.String())
		if a, err := store.Resolve(t.Context(), at); err == nil && a.Digest != subject {
			t.Fatalf("resolved to %s, which is not in the layout", a.Digest)
		}
		found, err := store.Discover(t.Context(), subject, oci.Far)
		if err != nil {
			return
		}
		for _, piece := range found {
			if piece.Ignored == "" {
				piece.Open(context.Background())
			}
		}
	})
}
