package key_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/sign"
	signkey "github.com/carnet-project/carnet/sign/key"
	"github.com/carnet-project/carnet/verify"
	"github.com/carnet-project/carnet/verify/key"
)

func newSigner(t testing.TB, a signkey.Algorithm) *signkey.Signer {
	t.Helper()
	pair, err := signkey.Generate(a)
	if err != nil {
		t.Fatal(err)
	}
	s, err := pair.Signer()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func parse(t testing.TB, name string, pemBytes []byte) *key.Root {
	t.Helper()
	r, err := key.Parse(name, pemBytes)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

var content = []byte("what is signed")

// signed are a statement's bundle and a file's.
func signed(t testing.TB, s *signkey.Signer) []*attest.Bundle {
	t.Helper()
	st, err := attest.NewStatement("https://example.com/p/v1", []byte(`{}`), attest.NewSubject("", attest.SHA256(content)))
	if err != nil {
		t.Fatal(err)
	}
	statement, err := sign.Statement(t.Context(), st, s)
	if err != nil {
		t.Fatal(err)
	}
	file, err := sign.File(t.Context(), bytes.NewReader(content), s)
	if err != nil {
		t.Fatal(err)
	}
	return []*attest.Bundle{statement, file}
}

// reasonOf is the reason why a root refused, and whether it passes the bundle on.
func reasonOf(t testing.TB, r *key.Root, b *attest.Bundle) (verify.Reason, bool) {
	t.Helper()
	opened, err := r.Open(b)
	payload, by := opened.Payload, opened.By
	if err == nil {
		return "", false
	}
	var refused *verify.Error
	if !errors.As(err, &refused) || payload != nil || by != (verify.Identity{}) {
		t.Fatalf("payload %q by %v beside %#v", payload, by, err)
	}
	return refused.Reason, errors.Is(err, verify.ErrUnknownSigner)
}

// With every algorithm: its own key opens what it signed, another of the same
// algorithm is unknown, and one of another algorithm could not have made it.
func TestEveryAlgorithm(t *testing.T) {
	p256 := parse(t, "p256.pub", newSigner(t, signkey.ECDSAP256).PublicPEM())
	for _, a := range signkey.Algorithms() {
		if a == signkey.RSA4096 {
			continue // takes seconds to make and differs from RSA 3072 in nothing
		}
		t.Run(string(a), func(t *testing.T) {
			s := newSigner(t, a)
			own, foreign := parse(t, "own.pub", s.PublicPEM()), parse(t, "foreign.pub", newSigner(t, a).PublicPEM())
			for _, b := range signed(t, s) {
				opened, err := own.Open(b)
				payload, by := opened.Payload, opened.By
				if err != nil || !bytes.Equal(payload, b.UnverifiedPayload()) {
					t.Fatalf("%s: %v", b.Form(), err)
				}
				if by.Name != "own.pub" || by.Key != fingerprint(t, s.PublicPEM()) {
					t.Errorf("%s: signed by %v", b.Form(), by)
				}
				if got, passes := reasonOf(t, foreign, b); got != verify.ReasonUnknownSigner || !passes {
					t.Errorf("%s: another key of the algorithm: %s", b.Form(), got)
				}
				want := verify.ReasonKeyAlgorithm
				if a == signkey.ECDSAP256 {
					want = verify.ReasonUnknownSigner
				}
				// One Ed25519 signature in 256 begins as ECDSA's do.
				if got, passes := reasonOf(t, p256, b); got != want && a != signkey.Ed25519 || !passes {
					t.Errorf("%s: a key of another algorithm: %s", b.Form(), got)
				}
			}
		})
	}
}

func fingerprint(t testing.TB, pemBytes []byte) attest.Digest {
	t.Helper()
	block, _ := pem.Decode(pemBytes)
	return attest.SHA256(block.Bytes)
}

// A bundle that names a trusted key is that key's to judge, whatever the order and
// number of the keys.
func TestTheNamedKeyJudges(t *testing.T) {
	honest, other := newSigner(t, signkey.ECDSAP256), newSigner(t, signkey.ECDSAP256)
	st, err := attest.NewStatement("https://example.com/p/v1", []byte(`{}`), attest.NewSubject("", attest.SHA256(content)))
	if err != nil {
		t.Fatal(err)
	}
	sig, err := other.Sign(t.Context(), attest.PAE(attest.PayloadType, st.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		hint string
		want verify.Reason
	}{
		{honest.KeyHint(), verify.ReasonSignatureInvalid},
		{other.KeyHint(), ""},
		{"", ""},
		{"somebody", ""},
	} {
		sig.KeyHint = c.hint
		b, err := attest.NewEnvelopeBundle(st, sig)
		if err != nil {
			t.Fatal(err)
		}
		keys := [][]byte{honest.PublicPEM(), other.PublicPEM(), newSigner(t, signkey.Ed25519).PublicPEM()}
		for range keys {
			keys = append(keys[1:], keys[0])
			if got, _ := reasonOf(t, parse(t, "all.pub", bytes.Join(keys, nil)), b); got != c.want {
				t.Errorf("hint %q: %q, want %q", c.hint, got, c.want)
			}
		}
	}
}

func TestParse(t *testing.T) {
	ed, p384 := newSigner(t, signkey.Ed25519), newSigner(t, signkey.ECDSAP384)
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	pkcs1 := pem.EncodeToMemory(&pem.Block{Type: "RSA PUBLIC KEY", Bytes: x509.MarshalPKCS1PublicKey(&private.PublicKey)})
	for name, good := range map[string][]byte{
		"one":            ed.PublicPEM(),
		"two":            append(ed.PublicPEM(), p384.PublicPEM()...),
		"space around":   []byte("\n\n" + string(ed.PublicPEM()) + "\n \n" + string(p384.PublicPEM()) + "\n\n"),
		"windows":        bytes.ReplaceAll(ed.PublicPEM(), []byte("\n"), []byte("\r\n")),
		"PKCS#1":         pkcs1,
		"the same twice": append(ed.PublicPEM(), ed.PublicPEM()...),
		"a hundred":      bytes.Repeat(ed.PublicPEM(), 100),
	} {
		if _, err := key.Parse("k.pub", good); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	ed := newSigner(t, signkey.Ed25519).PublicPEM()
	pair, err := signkey.Generate(signkey.ECDSAP256)
	if err != nil {
		t.Fatal(err)
	}
	private, err := pair.Encrypt([]byte("secret"))
	if err != nil {
		t.Fatal(err)
	}
	block := func(kind string, der []byte) []byte { return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}) }
	for name, c := range map[string]struct {
		raw  []byte
		says string
	}{
		"nothing":           {nil, "is empty"},
		"space":             {[]byte(" \n"), "is empty"},
		"text":              {[]byte("hello"), "not a public key in PEM"},
		"text after a key":  {append(slices.Clone(ed), "hello"...), "not a public key in PEM"},
		"a private key":     {private, "give the public key"},
		"a certificate":     {block("CERTIFICATE", []byte("x")), "want PUBLIC KEY"},
		"a good and a bad":  {append(slices.Clone(ed), block("PUBLIC KEY", []byte("x"))...), "unreadable public key"},
		"not a key":         {block("PUBLIC KEY", []byte("x")), "unreadable public key"},
		"a weak key":        {weakRSA(t), "public key"},
		"another curve":     {curve(t, elliptic.P224()), "public key"},
		"a hundred and one": {bytes.Repeat(ed, 101), "more than 100 public keys"},
	} {
		r, err := key.Parse("k.pub", c.raw)
		if err == nil || r != nil {
			t.Errorf("%s was taken", name)
			continue
		}
		if !strings.HasPrefix(err.Error(), "k.pub: ") || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q in it", name, err, c.says)
		}
	}
}

func weakRSA(t *testing.T) []byte {
	t.Helper()
	t.Setenv("GODEBUG", "rsa1024min=0")
	private, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	return public(t, &private.PublicKey)
}

func curve(t *testing.T, c elliptic.Curve) []byte {
	t.Helper()
	private, err := ecdsa.GenerateKey(c, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return public(t, &private.PublicKey)
}

func public(t *testing.T, k any) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(k)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

// A root without keys knows nobody.
func TestNoKeys(t *testing.T) {
	for _, b := range signed(t, newSigner(t, signkey.Ed25519)) {
		for _, r := range []*key.Root{{}, key.Join()} {
			if got, passes := reasonOf(t, r, b); got != verify.ReasonUnknownSigner || !passes {
				t.Errorf("%s: %q without keys", b.Form(), got)
			}
		}
	}
}

func TestManyGoroutinesOpen(t *testing.T) {
	s := newSigner(t, signkey.ECDSAP256)
	r := key.Join(parse(t, "a", newSigner(t, signkey.Ed25519).PublicPEM()), parse(t, "b", s.PublicPEM()))
	bundles := signed(t, s)
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for _, b := range bundles {
				if _, err := r.Open(b); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}
