package sigstore_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"reflect"
	"slices"
	"testing"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/verify"
	"github.com/carnet-project/carnet/verify/sigstore"
)

func base64Of(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

// same holds an opening of changed bytes to that of the good ones: the payload, the
// digest, the signer and the times are the same. What proves a signature is not signed
// itself, so anybody can take a proof away where another is enough; but no time may be
// other than one of the good ones, and one must be left.
func same(t *testing.T, s sample, good, got verify.Opening, want, digest attest.Digest) {
	t.Helper()
	if !bytes.Equal(good.Payload, got.Payload) || want != digest || good.By.Key != got.By.Key || !reflect.DeepEqual(good.By.Certificate, got.By.Certificate) {
		t.Fatalf("%s: opens as %q, %s, %v; the good one as %q, %s, %v", s.name, got.Payload, digest, got.By, good.Payload, want, good.By)
	}
	if len(got.Times) == 0 || slices.ContainsFunc(got.Times, func(at verify.Time) bool { return !slices.Contains(good.Times, at) }) {
		t.Fatalf("%s: has the times %v; the good one %v", s.name, got.Times, good.Times)
	}
}

// checker opens a sample's bytes, changed in any way.
func checker(t testing.TB, s sample) func(*testing.T, []byte) {
	t.Helper()
	m, need := s.trusted(t)
	root := sigstore.NewRoot(m, need, anybody)
	good, want, err := s.open(root, s.raw)
	if err != nil {
		t.Fatalf("%s: %v", s.name, err)
	}
	return func(t *testing.T, raw []byte) {
		got, digest, err := s.open(root, raw)
		var refused *verify.Error
		var fault *attest.Error
		switch {
		case err == nil:
			same(t, s, good, got, want, digest)
		case !errors.As(err, &refused) && !errors.As(err, &fault), got.Payload != nil, got.Times != nil, got.By != verify.Identity{}:
			t.Fatalf("%s: %+v beside %#v", s.name, got, err)
		}
	}
}

// Flip a byte of a good bundle, or cut it: it is refused, or it proves the same.
func TestFlips(t *testing.T) {
	for _, s := range samples(t) {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			check := checker(t, s)
			stride := len(s.raw)/70 + 1
			for i := 0; i < len(s.raw); i += stride {
				flipped := bytes.Clone(s.raw)
				flipped[i] ^= 1 << (i % 8)
				check(t, flipped)
				// A letter for another one, which JSON and base64 let pass more often.
				flipped[i] = 'A' + s.raw[i]%26
				check(t, flipped)
			}
			for i := 0; i < len(s.raw); i += len(s.raw)/100 + 1 {
				check(t, s.raw[:i])
			}
		})
	}
}

// FuzzOpen begins with each sample and its own root. A sample may turn into another one
// of the same signer: what opens then is in a list of all that was signed.
func FuzzOpen(f *testing.F) {
	all := samples(f)
	var roots []verify.Root
	signed := map[string]bool{}
	name := func(o verify.Opening, d attest.Digest) string { return string(o.Payload) + d.String() + o.By.String() }
	for i, s := range all {
		m, need := s.trusted(f)
		roots = append(roots, sigstore.NewRoot(m, need, anybody))
		good, digest, err := s.open(roots[i], s.raw)
		if err != nil {
			f.Fatal(err)
		}
		signed[name(good, digest)] = true
		f.Add(uint8(i), s.raw)
	}
	f.Fuzz(func(t *testing.T, which uint8, raw []byte) {
		i := int(which) % len(all)
		got, digest, err := all[i].open(roots[i], raw)
		if err == nil && (!signed[name(got, digest)] || len(got.Times) == 0) {
			t.Fatalf("%q, %s by %v at %v was never signed", got.Payload, digest, got.By, got.Times)
		}
		if err != nil && (got.Payload != nil || got.By != verify.Identity{}) {
			t.Fatalf("%+v beside %v", got, err)
		}
	})
}
