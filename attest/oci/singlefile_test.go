package oci_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/attest/oci"
	"github.com/carnet-project/carnet/fixtures/registry"
)

const typeFile = "application/vnd.example.file.v1+yaml"

// A file comes back as it was; storing it again changes nothing, and evidence can be
// attached to it.
func TestFile(t *testing.T) {
	for _, referrers := range []bool{true, false} {
		ref := registry.Start(t, registry.Config{Referrers: referrers}).Host + "/acme/files:v1"
		store := open(t, quick(t), ref)
		content := []byte("a: 1\n")
		written, existed, err := store.WriteFile(t.Context(), target(t, ref), typeFile, content)
		if err != nil || existed {
			t.Fatalf("%v, existed %t", err, existed)
		}
		again, existed, err := store.WriteFile(t.Context(), target(t, ref), typeFile, content)
		if err != nil || !existed || again.Artifact.Digest != written.Artifact.Digest {
			t.Fatalf("again: %v, existed %t", err, existed)
		}
		if _, err := store.Attach(t.Context(), written.Artifact, bundle(t, written.Artifact.Digest, typeSign, `{}`)); err != nil {
			t.Fatal(err)
		}
		for _, at := range []string{ref, strings.TrimSuffix(ref, ":v1") + "@" + written.Artifact.Digest.String()} {
			got, err := store.ReadFile(t.Context(), target(t, at), typeFile, 100)
			if err != nil || !bytes.Equal(got.Content, content) || got.Artifact.Digest != written.Artifact.Digest || got.Artifact.Kind != artifact.KindOther {
				t.Errorf("%s: %+v, %v", at, got, err)
			}
			kept, err := oci.ParseFile(got.Manifest, got.Content, got.Artifact.Digest, typeFile)
			if err != nil || kept.Artifact.Digest != got.Artifact.Digest || !bytes.Equal(kept.Content, content) {
				t.Errorf("kept: %+v, %v", kept, err)
			}
		}
		other, existed, err := store.WriteFile(t.Context(), target(t, ref), typeFile, []byte("b: 2\n"))
		if err != nil || existed || other.Artifact.Digest == written.Artifact.Digest {
			t.Errorf("another: %v", err)
		}
	}
}

// What is no such file is refused, and so are bytes that are not those of the digest.
func TestFileRefused(t *testing.T) {
	host := registry.Start(t, registry.Config{Referrers: true}).Host
	ref := host + "/acme/files:v1"
	store := open(t, quick(t), ref)
	written, _, err := store.WriteFile(t.Context(), target(t, ref), typeFile, []byte("a: 1\n"))
	if err != nil {
		t.Fatal(err)
	}
	pushImage(t, host+"/acme/files:image")
	index := indexOf(entry(imageFor(t, "linux", "amd64"), "linux", "amd64"))
	push(t, host+"/acme/files:index", index)
	read := func(ref, mediaType string, most int64) func() error {
		return func() error {
			_, err := store.ReadFile(t.Context(), target(t, ref), mediaType, most)
			return err
		}
	}
	write := func(ref string) func() error {
		return func() error {
			_, _, err := store.WriteFile(t.Context(), target(t, ref), typeFile, []byte("x"))
			return err
		}
	}
	parse := func(manifest, content []byte, digest attest.Digest) func() error {
		return func() error {
			_, err := oci.ParseFile(manifest, content, digest, typeFile)
			return err
		}
	}
	m, c, d := written.Manifest, written.Content, written.Artifact.Digest
	for name, try := range map[string]struct {
		do   func() error
		want oci.Kind
	}{
		"an image":            {read(host+"/acme/files:image", typeFile, 100), oci.KindUnsupported},
		"an index":            {read(host+"/acme/files:index", typeFile, 100), oci.KindUnsupported},
		"another type":        {read(ref, "application/other", 100), oci.KindUnsupported},
		"too large":           {read(ref, typeFile, 4), oci.KindOverBound},
		"missing":             {read(host+"/acme/files:v2", typeFile, 100), oci.KindNotFound},
		"another repository":  {read(host+"/acme/other:v1", typeFile, 100), oci.KindUsage},
		"written by digest":   {write(host + "/acme/files@" + d.String()), oci.KindUsage},
		"written without tag": {write(host + "/acme/files"), oci.KindUsage},
		"a changed manifest":  {parse(append([]byte(" "), m...), c, d), oci.KindTampered},
		"changed content":     {parse(m, []byte("a: 2\n"), d), oci.KindTampered},
	} {
		var refused *oci.Error
		if err := try.do(); !errors.As(err, &refused) || refused.Kind != try.want {
			t.Errorf("%s: %v, want %q", name, err, try.want)
		}
	}
}
