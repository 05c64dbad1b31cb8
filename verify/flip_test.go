package verify_test

import (
	"bytes"
	"reflect"
	"slices"
	"testing"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/fixtures/vectors"
	"github.com/carnet-project/carnet/verify"
)

// A sample is a good piece of evidence that can be spoilt.
type sample struct {
	name    string
	roots   []verify.Root
	subject attest.Digest
	raw     []byte
	parse   func([]byte) (*attest.Bundle, error)
	good    *verify.Evidence
}

func (s sample) verify(raw []byte) (*verify.Evidence, error) {
	b, err := s.parse(raw)
	if err != nil {
		return nil, err
	}
	return verify.Bundle(b, s.subject, s.roots...)
}

// samples are the good pieces of some vectors, of each layout and algorithm.
func samples(t testing.TB, names ...string) []sample {
	t.Helper()
	all, err := vectors.All()
	if err != nil {
		t.Fatal(err)
	}
	var found []sample
	for _, v := range all {
		if !slices.Contains(names, v.Name) {
			continue
		}
		roots, err := v.Roots()
		if err != nil {
			t.Fatal(err)
		}
		e := v.Stored[0]
		subject, err := attest.ParseDigest(e.Subject)
		if err != nil {
			t.Fatal(err)
		}
		s := sample{name: v.Name, roots: roots, subject: subject, raw: []byte(e.Content)}
		s.parse = func(raw []byte) (*attest.Bundle, error) { return parse(e.Layout, raw, e.Annotations) }
		if s.good, err = s.verify(s.raw); err != nil {
			t.Fatalf("%s: %v", v.Name, err)
		}
		found = append(found, s)
	}
	if len(found) != len(names) {
		t.Fatalf("%d of %d vectors are there", len(found), len(names))
	}
	return found
}

func parse(layout vectors.Layout, raw []byte, annotations map[string]string) (*attest.Bundle, error) {
	switch layout {
	case vectors.LayoutEnvelope:
		return attest.LegacyAttestation(raw, annotations)
	case vectors.LayoutSimpleSigning:
		return attest.LegacySignature(raw, annotations)
	}
	return attest.ParseBundle(raw)
}

func layouts(t testing.TB) []sample {
	return samples(t, "signer-good", "signer-p256", "signer-without-hint", "kind-vuln-good", "legacy-signature", "legacy-attestation", "file-ed25519ph", "file-p384")
}

// same says whether two pieces of evidence prove the same. The bundle's own digest
// may differ: white space, say, is not signed. So may the number of trusted times:
// anybody can take a proof away that nobody asks for. What there is must have been there,
// and a certificate is worth nothing without a time.
func same(changed, original *verify.Evidence) bool {
	return changed.Kind() == original.Kind() && changed.Subject() == original.Subject() && reflect.DeepEqual(changed.By(), original.By()) &&
		changed.Form() == original.Form() && changed.PredicateType() == original.PredicateType() && bytes.Equal(changed.Predicate(), original.Predicate()) &&
		!slices.ContainsFunc(changed.Times(), func(t verify.Time) bool { return !slices.Contains(original.Times(), t) }) &&
		(changed.By().Certificate == nil || len(changed.Times()) > 0)
}

// check fails the test unless raw is refused or proves what the sample proves.
func (s sample) check(t *testing.T, raw []byte) {
	t.Helper()
	e, err := s.verify(raw)
	switch {
	case err != nil && e != nil:
		t.Fatalf("%s: evidence beside the error %v", s.name, err)
	case err != nil && !slices.Contains(verify.Reasons(), verify.Refusal(err).Reason):
		t.Fatalf("%s: the reason %q of %v is not listed", s.name, verify.Refusal(err).Reason, err)
	case err == nil && !same(e, s.good):
		t.Fatalf("%s: %q proves %+v, and the original %+v", s.name, raw, e, s.good)
	}
}

// Flip any byte of a good bundle, cut it anywhere, or double or drop any byte: it is
// refused, or it proves the same. One bundle is flipped in every bit of every byte.
func TestEveryByte(t *testing.T) {
	for _, s := range layouts(t) {
		t.Run(s.name, func(t *testing.T) {
			for i := range s.raw {
				for bit := range 8 {
					if s.name == "signer-good" || bit == i%8 {
						flipped := bytes.Clone(s.raw)
						flipped[i] ^= 1 << bit
						s.check(t, flipped)
					}
				}
				s.check(t, s.raw[:i])
				s.check(t, slices.Insert(bytes.Clone(s.raw), i, s.raw[i]))
				s.check(t, slices.Delete(bytes.Clone(s.raw), i, i+1))
			}
		})
	}
}

// No bundle proves anything about another digest, whatever is done to it.
func TestNoOtherSubject(t *testing.T) {
	for _, s := range layouts(t) {
		s.subject = attest.SHA256([]byte("something else"))
		if e, err := s.verify(s.raw); err == nil || verify.Refusal(err).Reason != verify.ReasonSubjectMismatch || e != nil {
			t.Errorf("%s: %v", s.name, err)
		}
		s.subject = attest.Digest{}
		if e, err := s.verify(s.raw); err == nil || e != nil {
			t.Errorf("%s: evidence about nothing", s.name)
		}
	}
}

func FuzzBundle(f *testing.F) {
	all := layouts(f)
	for i, s := range all {
		f.Add(uint8(i), s.raw)
	}
	f.Fuzz(func(t *testing.T, which uint8, raw []byte) {
		all[int(which)%len(all)].check(t, raw)
	})
}
