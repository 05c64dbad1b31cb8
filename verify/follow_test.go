package verify_test

import (
	"bytes"
	"reflect"
	"runtime"
	"runtime/debug"
	"testing"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/predicate/reference"
	"github.com/carnet-project/carnet/attest/predicate/spdx"
	"github.com/carnet-project/carnet/fixtures/large"
	"github.com/carnet-project/carnet/sbom"
	"github.com/carnet-project/carnet/sign"
	signkey "github.com/carnet-project/carnet/sign/key"
	"github.com/carnet-project/carnet/verify"
	"github.com/carnet-project/carnet/verify/key"
)

// referring is believed evidence that refers to an SBOM, which is packed beside it.
func referring(t *testing.T, raw []byte) (*verify.Evidence, []byte) {
	t.Helper()
	var stored bytes.Buffer
	p, err := reference.Pack(&stored, bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	predicate, err := reference.Reference{Attester: reference.Attester, Documents: []reference.Document{{
		Location: "oci:.@" + p.Digest.String(), MediaType: "application/spdx+json", Digests: map[string]string{"sha256": p.Digest.Hex()},
		PredicateType: spdx.Type, Size: p.Size, Stored: p.Stored,
	}}}.Predicate()
	if err != nil {
		t.Fatal(err)
	}
	image := attest.SHA256([]byte("image"))
	st, err := attest.NewStatement(reference.V01, predicate, attest.NewSubject("", image))
	if err != nil {
		t.Fatal(err)
	}
	pair, err := signkey.Generate(signkey.Ed25519)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := pair.Signer()
	if err != nil {
		t.Fatal(err)
	}
	root, err := key.Parse("release", pair.PublicPEM())
	if err != nil {
		t.Fatal(err)
	}
	b, err := sign.Statement(t.Context(), st, signer)
	if err != nil {
		t.Fatal(err)
	}
	e, err := verify.Bundle(b, image, root)
	if err != nil {
		t.Fatal(err)
	}
	return e, stored.Bytes()
}

func spdxOf(t *testing.T, size int64) []byte {
	t.Helper()
	var raw bytes.Buffer
	if err := large.SPDX(&raw, size); err != nil {
		t.Fatal(err)
	}
	return raw.Bytes()
}

// What comes of a document is what would have come of the same predicate in a bundle.
func TestFollow(t *testing.T) {
	for name, size := range map[string]int64{"kept": 300_000, "as it comes": 20 << 20} {
		raw := spdxOf(t, size)
		e, stored := referring(t, raw)
		d := e.References()[0]
		next, err := e.Follow(d, bytes.NewReader(stored), verify.Following{Contents: true})
		if err != nil {
			t.Fatal(err)
		}
		if next.PredicateType() != spdx.Type || next.Kind() != verify.KindAttestation || next.Subject() != e.Subject() || !next.By().Same(e.By()) || next.Bundle() != e.Bundle() || next.Size() != int64(len(raw)) || next.References() != nil {
			t.Errorf("%s: %+v", name, next)
		}
		want, err := sbom.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := next.SBOM(); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: lists something else: %v", name, err)
		}
		if kept := next.Predicate(); kept != nil && !bytes.Equal(kept, raw) || (kept != nil) != (name == "kept") {
			t.Errorf("%s: keeps %d bytes", name, len(kept))
		}
		if e.PredicateType() != reference.V01 || e.Document() != nil {
			t.Errorf("%s: the reference was changed", name)
		}
		if _, err := next.Follow(d, bytes.NewReader(stored), verify.Following{}); err == nil {
			t.Errorf("%s: a document is followed", name)
		}
		// A byte of the document changed, anywhere, and it is none.
		for _, at := range []int{0, len(raw) / 2, len(raw) - 1} {
			changed := bytes.Clone(raw)
			changed[at] ^= 1
			var packed bytes.Buffer
			if _, err := reference.Pack(&packed, bytes.NewReader(changed)); err != nil {
				t.Fatal(err)
			}
			of := d
			of.Stored.Size = int64(packed.Len())
			if got, err := e.Follow(of, &packed, verify.Following{Contents: true}); got != nil || verify.Refusal(err).Reason != verify.ReasonContentMismatch {
				t.Errorf("%s: with byte %d changed: %v", name, at, err)
			}
		}
	}
}

// A large SBOM is in memory only as far as policies ask of it.
func TestFollowInLittleMemory(t *testing.T) {
	raw := spdxOf(t, 40<<20)
	e, stored := referring(t, raw)
	size := int64(len(raw))
	raw = nil
	defer debug.SetGCPercent(debug.SetGCPercent(10))
	for contents, most := range map[bool]uint64{false: 8 << 20, true: 24 << 20} {
		runtime.GC()
		var stats runtime.MemStats
		runtime.ReadMemStats(&stats)
		before, peak := stats.HeapAlloc, uint64(0)
		n, left := 0, bytes.NewReader(stored)
		from := readerFunc(func(p []byte) (int, error) {
			if n++; n%100 == 0 {
				runtime.ReadMemStats(&stats)
				peak = max(peak, stats.HeapAlloc-min(stats.HeapAlloc, before))
			}
			return left.Read(p[:min(len(p), 512)])
		})
		next, err := e.Follow(e.References()[0], from, verify.Following{Contents: contents})
		if err != nil {
			t.Fatal(err)
		}
		if next.Size() != size {
			t.Errorf("%d bytes", next.Size())
		}
		if _, err := next.SBOM(); (err == nil) != contents {
			t.Errorf("lists it although nobody asked, or not: %v", err)
		}
		if peak == 0 || peak > most {
			t.Errorf("contents %t: %d MiB of a document of %d MiB", contents, peak>>20, size>>20)
		}
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }
