package main

import (
	"archive/tar"
	"bytes"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/rogpeppe/go-internal/testscript"
)

// image TARGET SEED stores an image for linux/amd64, of which every seed makes another,
// and sets $DIGEST. TARGET is HOST/REPO:TAG or oci:DIR:TAG.
func image(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: image TARGET SEED")
	}
	img, err := linux("amd64", args[1])
	ts.Check(err)
	store(ts, args[0], img)
}

// index TARGET SEED stores an index as BuildKit makes it: images for linux/amd64 and
// linux/arm64, and an attestation manifest. It sets $DIGEST, $AMD64 and $ARM64.
func index(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: index TARGET SEED")
	}
	idx := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, arch := range []string{"amd64", "arm64"} {
		img, err := linux(arch, args[1])
		ts.Check(err)
		digest, err := img.Digest()
		ts.Check(err)
		ts.Setenv(strings.ToUpper(arch), digest.String())
		idx = mutate.AppendManifests(idx, mutate.IndexAddendum{Add: img, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: arch}}})
	}
	statement, err := mutate.AppendLayers(mutate.MediaType(empty.Image, types.OCIManifestSchema1),
		static.NewLayer([]byte(`{"_type":"https://in-toto.io/Statement/v0.1"}`), "application/vnd.in-toto+json"))
	ts.Check(err)
	idx = mutate.AppendManifests(idx, mutate.IndexAddendum{Add: statement, Descriptor: v1.Descriptor{
		Platform:    &v1.Platform{OS: "unknown", Architecture: "unknown"},
		Annotations: map[string]string{"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": ts.Getenv("AMD64")},
	}})
	store(ts, args[0], idx)
}

// linux is a small image with an Alpine package database in it.
func linux(arch, seed string) (v1.Image, error) {
	layer, err := tarOf(
		[2]string{"etc/os-release", "ID=alpine\nVERSION_ID=3.20.0\nPRETTY_NAME=\"Alpine Linux v3.20\"\n"},
		[2]string{"lib/apk/db/installed", "P:musl\nV:1.2.5-r0\nA:" + arch + "\nL:MIT\n\nP:app-" + seed + "\nV:1.0-r0\nA:" + arch + "\nL:Apache-2.0\n\n"},
	)
	if err != nil {
		return nil, err
	}
	img := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	img, err = mutate.ConfigFile(img, &v1.ConfigFile{OS: "linux", Architecture: arch, Config: v1.Config{Entrypoint: []string{"/app"}}})
	if err != nil {
		return nil, err
	}
	return mutate.AppendLayers(img, static.NewLayer(layer, types.OCIUncompressedLayer))
}

// tarOf packs files, each a name and its content.
func tarOf(files ...[2]string) ([]byte, error) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, f := range files {
		if err := w.WriteHeader(&tar.Header{Name: f[0], Mode: 0o644, Size: int64(len(f[1]))}); err != nil {
			return nil, err
		}
		if _, err := io.WriteString(w, f[1]); err != nil {
			return nil, err
		}
	}
	return b.Bytes(), w.Close()
}

// store puts an image or an index into a registry or a layout and sets $DIGEST.
func store(ts *testscript.TestScript, target string, content partial) {
	digest, err := content.Digest()
	ts.Check(err)
	ts.Setenv("DIGEST", digest.String())
	if rest, ok := strings.CutPrefix(target, "oci:"); ok {
		dir, tag, _ := strings.Cut(rest, ":")
		ts.Check(storeLayout(ts.MkAbs(dir), tag, content))
		return
	}
	ref, err := name.ParseReference(target)
	ts.Check(err)
	ann := remote.WithAuth(&authn.Basic{Username: "ann", Password: "s3cret"})
	if idx, ok := content.(v1.ImageIndex); ok {
		ts.Check(remote.WriteIndex(ref, idx, ann))
		return
	}
	ts.Check(remote.Write(ref, content.(v1.Image), ann))
}

type partial interface{ Digest() (v1.Hash, error) }

func storeLayout(dir, tag string, content partial) error {
	l, err := layout.FromPath(dir)
	if err != nil {
		if l, err = layout.Write(dir, empty.Index); err != nil {
			return err
		}
	}
	named := layout.WithAnnotations(map[string]string{"org.opencontainers.image.ref.name": tag})
	if idx, ok := content.(v1.ImageIndex); ok {
		return l.AppendIndex(idx, named)
	}
	return l.AppendImage(content.(v1.Image), named)
}

// tarball DIR FILE packs a layout into an archive.
func tarball(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: tarball DIR FILE")
	}
	f, err := os.Create(ts.MkAbs(args[1]))
	ts.Check(err)
	defer f.Close()
	w := tar.NewWriter(f)
	dir := ts.MkAbs(args[0])
	ts.Check(filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if err := w.WriteHeader(&tar.Header{Name: filepath.ToSlash(rel), Mode: 0o644, Size: int64(len(content))}); err != nil {
			return err
		}
		_, err = w.Write(content)
		return err
	}))
	ts.Check(w.Close())
}
