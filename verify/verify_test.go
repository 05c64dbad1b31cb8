package verify_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/verify"
)

// A root that answers as it is told.
type root struct {
	payload []byte
	by      verify.Identity
	err     error
	asked   *int
}

func (r root) Open(*attest.Bundle) (verify.Opening, error) {
	*r.asked++
	return verify.Opening{Payload: r.payload, By: r.by}, r.err
}

// Roots are asked in turn until one knows the signer; a root that knows it and finds
// the bundle bad has the last word.
func TestRootsInTurn(t *testing.T) {
	s := samples(t, "signer-good")[0]
	b, err := attest.ParseBundle(s.raw)
	if err != nil {
		t.Fatal(err)
	}
	asked := 0
	unknown := root{err: fmt.Errorf("not mine: %w", verify.ErrUnknownSigner), asked: &asked}
	bad := root{err: &verify.Error{Reason: verify.ReasonSignatureInvalid, Expected: "a", Found: "b"}, asked: &asked}
	broken := root{err: errors.New("something else"), asked: &asked}
	for name, c := range map[string]struct {
		roots []verify.Root
		want  verify.Reason
		asked int
	}{
		"none":             {nil, verify.ReasonUnknownSigner, 0},
		"unknown":          {[]verify.Root{unknown, unknown}, verify.ReasonUnknownSigner, 2},
		"bad":              {[]verify.Root{unknown, bad, s.roots[0]}, verify.ReasonSignatureInvalid, 2},
		"broken":           {[]verify.Root{broken, s.roots[0]}, verify.ReasonUnreadable, 1},
		"good after other": {[]verify.Root{unknown, s.roots[0], bad}, "", 1},
	} {
		asked = 0
		e, err := verify.Bundle(b, s.subject, c.roots...)
		var got verify.Reason
		if err != nil {
			got = verify.Refusal(err).Reason
		}
		if got != c.want || asked != c.asked || (e == nil) != (err != nil) {
			t.Errorf("%s: %v after asking %d roots", name, err, asked)
		}
	}
}

// What is read is what the root returned, not what the bundle holds.
func TestOnlyTheRootsPayloadIsRead(t *testing.T) {
	s := samples(t, "signer-good")[0]
	b, err := attest.ParseBundle(s.raw)
	if err != nil {
		t.Fatal(err)
	}
	asked := 0
	st, err := attest.NewStatement("https://example.com/p/v1", []byte(`{"from":"the root"}`), attest.NewSubject("", s.subject))
	if err != nil {
		t.Fatal(err)
	}
	e, err := verify.Bundle(b, s.subject, root{payload: st.Bytes(), by: verify.Identity{Name: "r"}, asked: &asked})
	if err != nil || e.Kind() != verify.KindAttestation || string(e.Predicate()) != `{"from":"the root"}` || e.By().Name != "r" {
		t.Errorf("%+v, %v", e, err)
	}
	if e, err := verify.Bundle(b, s.subject, root{asked: &asked}); err == nil || e != nil {
		t.Error("a root that returned nothing made evidence")
	}
}

func TestTheZeroEvidenceIsNothing(t *testing.T) {
	var e verify.Evidence
	if e.Kind() != "" || !e.Subject().IsZero() || e.Predicate() != nil || e.PredicateType() != "" || !e.Bundle().IsZero() || e.Form() != "" {
		t.Errorf("%+v", e)
	}
}

func TestEvidenceSaysWhatItIs(t *testing.T) {
	for _, s := range layouts(t) {
		e := s.good
		if e.Subject() != s.subject || e.Bundle() != attest.SHA256(s.raw) || e.By().Key.IsZero() || !strings.HasSuffix(e.By().Name, ".pub") || e.Form() == "" {
			t.Errorf("%s: %+v", s.name, e)
		}
		if !strings.Contains(e.By().String(), e.By().Key.String()) {
			t.Errorf("%s: the signer is called %q", s.name, e.By())
		}
		want := verify.KindSignature
		if strings.HasPrefix(s.name, "kind-") || s.name == "legacy-attestation" {
			want = verify.KindAttestation
		}
		if e.Kind() != want {
			t.Errorf("%s: a %s of type %q", s.name, e.Kind(), e.PredicateType())
		}
	}
}

// Every error becomes a reason; what is not known is unreadable, never good.
func TestRefusal(t *testing.T) {
	own := &verify.Error{Reason: verify.ReasonSubjectMismatch, Expected: "a", Found: "b"}
	for _, c := range []struct {
		err  error
		want verify.Reason
	}{
		{own, verify.ReasonSubjectMismatch},
		{fmt.Errorf("wrapped: %w", own), verify.ReasonSubjectMismatch},
		{&attest.Error{Fault: attest.FaultContentMismatch, Detail: "x"}, verify.ReasonContentMismatch},
		{fmt.Errorf("wrapped: %w", &attest.Error{Fault: attest.FaultKeyCase, Detail: "x"}), verify.ReasonKeyCase},
		{verify.ErrUnknownSigner, verify.ReasonUnknownSigner},
		{errors.New("no answer"), verify.ReasonUnreadable},
	} {
		if got := verify.Refusal(c.err); got.Reason != c.want || got.Expected == "" || got.Found == "" || !strings.HasPrefix(got.Error(), string(c.want)+": ") {
			t.Errorf("%v: %+v", c.err, got)
		}
	}
}

// Of several roots that do not know the signer, the one that can say most is heard, in
// whatever order they are asked.
func TestTheMostTellingRefusal(t *testing.T) {
	s := samples(t, "signer-good")[0]
	b, err := attest.ParseBundle(s.raw)
	if err != nil {
		t.Fatal(err)
	}
	asked := 0
	says := func(r verify.Reason) root {
		return root{err: errors.Join(verify.ErrUnknownSigner, &verify.Error{Reason: r, Expected: "a", Found: "b"}), asked: &asked}
	}
	ranked := []verify.Reason{verify.ReasonUnknownSigner, verify.ReasonCertificateUntrusted, verify.ReasonInstanceMismatch, verify.ReasonIdentityMismatch}
	for i, most := range ranked {
		for _, less := range ranked[:i+1] {
			for _, roots := range [][]verify.Root{{says(most), says(less)}, {says(less), says(most)}, {says(less), says(most), says(less)}} {
				if _, err := verify.Bundle(b, s.subject, roots...); err == nil || verify.Refusal(err).Reason != most {
					t.Errorf("%s and %s: %v", most, less, err)
				}
			}
		}
	}
}
