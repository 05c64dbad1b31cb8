package oci_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/oci"
	"github.com/carnet-project/carnet/attest/predicate/reference"
	"github.com/carnet-project/carnet/fixtures/registry"
)

// document is a document of n bytes that is stored as it is; opened counts how often it is.
func document(n int, opened *int) oci.Document {
	raw := bytes.Repeat([]byte("0123456789abcdef"), n/16+1)[:n]
	return oci.Document{
		MediaType: "application/spdx+json", Digest: attest.SHA256([]byte("what is packed")), Size: int64(10 * n),
		Encoding: "gzip", Stored: attest.SHA256(raw), StoredSize: int64(n),
		Open: func() (io.ReadCloser, error) {
			*opened++
			return io.NopCloser(bytes.NewReader(raw)), nil
		},
	}
}

// documentStores calls test with each kind of store that documents can be in.
func documentStores(t *testing.T, test func(t *testing.T, at string, r *registry.Registry)) {
	both(t, func(t *testing.T, r *registry.Registry) {
		ref := r.Host + "/shop/app:v1"
		pushImage(t, ref)
		test(t, ref, r)
	})
	t.Run("layout", func(t *testing.T) { test(t, "oci:"+layoutOf(t, imageFor(t, "linux", "amd64")), nil) })
}

// A document is listed for what it is, it is no evidence, and its bytes come back.
func TestDocuments(t *testing.T) {
	documentStores(t, func(t *testing.T, at string, r *registry.Registry) {
		var opened int
		d := document(3<<20, &opened)
		store := open(t, quick(t), at)
		image := resolve(t, store, at)
		where, err := store.DocumentLocation(image, d)
		if err != nil {
			t.Fatal(err)
		}
		attached, err := store.AttachDocument(t.Context(), image, d)
		if err != nil || attached.Existed {
			t.Fatal(attached, err)
		}
		if !strings.HasPrefix(where, "oci:") || !strings.HasSuffix(where, "@"+attached.Manifest.String()) {
			t.Errorf("location %q of the manifest %s", where, attached.Manifest)
		}
		found := discover(t, open(t, quick(t), at), image.Digest, oci.Near)
		if len(found) != 1 || found[0].Document == nil || found[0].Ignored == "" {
			t.Fatalf("listed %+v", found)
		}
		if got := *found[0].Document; got != (attest.Document{MediaType: d.MediaType, Digest: d.Digest, Size: d.Size}) {
			t.Errorf("listed as %+v", got)
		}
		body, err := store.Blob(t.Context(), d.Stored, d.StoredSize)
		if err != nil {
			t.Fatal(err)
		}
		defer body.Close()
		raw, err := io.ReadAll(body)
		if err != nil || attest.SHA256(raw) != d.Stored {
			t.Errorf("%d bytes, %v", len(raw), err)
		}
		again, before := resolve(t, open(t, quick(t), at), at), opened
		if again.Digest != image.Digest {
			t.Errorf("the image is now %s", again.Digest)
		}
		if attached, err = open(t, quick(t), at).AttachDocument(t.Context(), image, d); err != nil || !attached.Existed || opened != before {
			t.Errorf("attached again: %+v, %v, read %d times more", attached, err, opened-before)
		}
		if found := discover(t, open(t, quick(t), at), image.Digest, oci.Near); len(found) != 1 {
			t.Errorf("attached twice, it is listed %d times", len(found))
		}
	})
}

// What a store gives is held to digest and size before its end is said.
func TestBlobIsChecked(t *testing.T) {
	documentStores(t, func(t *testing.T, at string, r *registry.Registry) {
		var opened int
		d := document(100_000, &opened)
		store := open(t, quick(t), at)
		if _, err := store.AttachDocument(t.Context(), resolve(t, store, at), d); err != nil {
			t.Fatal(err)
		}
		read := func(digest attest.Digest, size int64) error {
			body, err := store.Blob(t.Context(), digest, size)
			if err != nil {
				return err
			}
			defer body.Close()
			n, err := io.Copy(io.Discard, body)
			if n > size {
				t.Errorf("gave %d bytes of %d", n, size)
			}
			return err
		}
		for what, size := range map[string]int64{"too many": d.StoredSize - 1, "too few": d.StoredSize + 1} {
			var refused *oci.Error
			if err := read(d.Stored, size); !errors.As(err, &refused) || refused.Kind != oci.KindTampered {
				t.Errorf("%s bytes: %v", what, err)
			}
		}
		if err := read(attest.SHA256([]byte("nothing")), 10); !oci.IsNotFound(err) {
			t.Errorf("what is not there: %v", err)
		}
		if r == nil {
			return
		}
		r.Fail(registry.OnPath(http.MethodGet, d.Stored.String()), registry.Always, func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
			_, _ = w.Write(bytes.Repeat([]byte("x"), int(d.StoredSize)))
		})
		if err := read(d.Stored, d.StoredSize); err == nil || !strings.Contains(err.Error(), "digest") {
			t.Errorf("other bytes: %v", err)
		}
	})
}

// A request that fails in passing is sent again from the document's beginning.
func TestDocumentIsSentAgain(t *testing.T) {
	both(t, func(t *testing.T, r *registry.Registry) {
		ref := r.Host + "/shop/app:v1"
		pushImage(t, ref)
		store := open(t, quick(t), ref)
		r.Fail(func(q *http.Request) bool {
			return q.Method == http.MethodPut && strings.Contains(q.URL.Path, "/uploads/")
		}, 1, registry.Status(503))
		var opened int
		d := document(2<<20, &opened)
		if _, err := store.AttachDocument(t.Context(), resolve(t, store, ref), d); err != nil {
			t.Fatal(err)
		}
		if opened < 2 {
			t.Errorf("read %d times", opened)
		}
		if body, err := store.Blob(t.Context(), d.Stored, d.StoredSize); err != nil {
			t.Error(err)
		} else {
			body.Close()
		}
	})
}

// Only what is whole is stored, and only beside what can have referrers.
func TestDocumentsThatCannotBe(t *testing.T) {
	dir := layoutOf(t, imageFor(t, "linux", "amd64"))
	store := open(t, quick(t), "oci:"+dir)
	image := resolve(t, store, "oci:"+dir)
	var opened int
	lies := document(1000, &opened)
	lies.Stored = attest.SHA256([]byte("something else"))
	nothing := document(1000, &opened)
	nothing.Size = 0
	for what, d := range map[string]oci.Document{"other bytes than named": lies, "no size": nothing} {
		if _, err := store.AttachDocument(t.Context(), image, d); err == nil {
			t.Errorf("stores a document with %s", what)
		}
	}
	image.MediaType = ""
	if _, err := store.AttachDocument(t.Context(), image, document(1000, &opened)); err == nil {
		t.Error("stores a document beside a file")
	}
	if found := discover(t, store, image.Digest, oci.Near); len(found) != 0 {
		t.Errorf("left behind %+v", found)
	}
	archive := open(t, quick(t), "oci:"+tarOf(t, dir))
	if _, err := archive.AttachDocument(t.Context(), resolve(t, store, "oci:"+dir), document(1000, &opened)); err == nil {
		t.Error("writes to an archive")
	}
}

// A listing says to what evidence refers, where each document's type is told.
func TestReferencesAreHinted(t *testing.T) {
	documentStores(t, func(t *testing.T, at string, _ *registry.Registry) {
		store := open(t, quick(t), at)
		image := resolve(t, store, at)
		refers := func(types ...string) *attest.Bundle {
			r := reference.Reference{Attester: reference.Attester}
			for _, predicateType := range types {
				r.Documents = append(r.Documents, reference.Document{Location: "https://example.com/sbom", MediaType: "application/json", PredicateType: predicateType})
			}
			raw, err := r.Predicate()
			if err != nil {
				t.Fatal(err)
			}
			st, err := attest.NewStatement(reference.V01, raw, attest.NewSubject("", image.Digest))
			if err != nil {
				t.Fatal(err)
			}
			b, err := attest.NewEnvelopeBundle(st, attest.Signature{Bytes: []byte("not tested here")})
			if err != nil {
				t.Fatal(err)
			}
			return b
		}
		attach(t, store, image, refers(typeSBOM, typeProvenance, typeSBOM), refers(typeSBOM, ""))
		var hints []string
		for _, f := range discover(t, open(t, quick(t), at), image.Digest, oci.Near) {
			if f.PredicateType != reference.V01 {
				t.Errorf("listed as %s", f.PredicateType)
			}
			hints = append(hints, strings.Join(f.Refers, " "))
		}
		slices.Sort(hints)
		if want := []string{"", typeSBOM + " " + typeProvenance}; !slices.Equal(hints, want) {
			t.Errorf("hints %q, want %q", hints, want)
		}
	})
}
