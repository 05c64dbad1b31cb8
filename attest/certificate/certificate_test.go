package certificate_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/json"
	"errors"
	"maps"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/certificate"
)

// issue makes a self-signed certificate with extensions: who signed it is not asked here.
func issue(t testing.TB, extensions ...pkix.Extension) []byte {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"}, SubjectKeyId: []byte{1, 2}, AuthorityKeyId: []byte{1, 2},
		NotBefore: time.Unix(1700000000, 0), NotAfter: time.Unix(1700000600, 0), ExtraExtensions: extensions,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, k.Public(), k)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func subject(t testing.TB, kind attest.SubjectType, s string) pkix.Extension {
	t.Helper()
	e, err := certificate.SubjectExtension(kind, s)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// What the writers write, Parse reads.
func TestRoundTrip(t *testing.T) {
	for kind, name := range map[attest.SubjectType]string{
		attest.SubjectEmail: "ann@example.com", attest.SubjectURI: "https://github.com/o/r/.github/workflows/w.yml@refs/tags/v1", attest.SubjectOther: "ann!exämple.com",
	} {
		claims := map[attest.Claim]string{}
		extensions := append(certificate.IssuerExtensions("https://issuer.example.com"), subject(t, kind, name))
		for claim := range attest.Claims() {
			claims[claim] = "the " + string(claim)
			extensions = append(extensions, certificate.Extension(claim, claims[claim]))
		}
		c, err := certificate.Parse(issue(t, extensions...))
		if err != nil {
			t.Fatal(err)
		}
		if c.Subject != name || c.SubjectType != kind || c.Issuer != "https://issuer.example.com" || !maps.Equal(c.Claims, claims) {
			t.Errorf("%+v", c)
		}
		if c.Authority != "CN=authority" || c.AuthorityKey != "0102" || c.NotBefore.Unix() != 1700000000 || c.NotAfter.Unix() != 1700000600 {
			t.Errorf("%+v", c)
		}
	}
}

func TestIssuers(t *testing.T) {
	both := certificate.IssuerExtensions("https://one.example.com")
	other := certificate.IssuerExtensions("https://two.example.com")
	email := subject(t, attest.SubjectEmail, "ann@example.com")
	for name, c := range map[string]struct {
		extensions []pkix.Extension
		want       string
	}{
		"raw alone":           {[]pkix.Extension{both[0], email}, "https://one.example.com"},
		"DER alone":           {[]pkix.Extension{both[1], email}, "https://one.example.com"},
		"DER wins":            {[]pkix.Extension{both[0], other[1], email}, "https://two.example.com"},
		"DER wins, and first": {[]pkix.Extension{other[1], both[0], email}, "https://two.example.com"},
		"none":                {[]pkix.Extension{email}, ""},
	} {
		if got, err := certificate.Parse(issue(t, c.extensions...)); err != nil || got.Issuer != c.want {
			t.Errorf("%s: %q, %v", name, got.Issuer, err)
		}
	}
}

// raw is an extension of Fulcio's with any value.
func raw(n int, value string) pkix.Extension {
	return pkix.Extension{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 57264, 1, n}, Value: []byte(value)}
}

func names(t testing.TB, all ...pkix.Extension) pkix.Extension {
	t.Helper()
	var content []byte
	for _, e := range all {
		var seq asn1.RawValue
		if _, err := asn1.Unmarshal(e.Value, &seq); err != nil {
			t.Fatal(err)
		}
		content = append(content, seq.Bytes...)
	}
	der, err := asn1.Marshal(asn1.RawValue{Tag: asn1.TagSequence, IsCompound: true, Bytes: content})
	if err != nil {
		t.Fatal(err)
	}
	return pkix.Extension{Id: all[0].Id, Critical: true, Value: der}
}

func TestParseRefuses(t *testing.T) {
	issuer := certificate.IssuerExtensions("https://issuer.example.com")[1]
	email, uri := subject(t, attest.SubjectEmail, "ann@example.com"), subject(t, attest.SubjectURI, "https://example.com/")
	good := issue(t, issuer, email)
	long := strings.Repeat("x", 4<<10)
	for name, der := range map[string][]byte{
		"nothing":                   nil,
		"text":                      []byte("hello"),
		"trailing data":             append(slices.Clone(good), 0),
		"cut":                       good[:len(good)-1],
		"Fulcio's without a name":   issue(t, issuer),
		"Fulcio's with two names":   issue(t, issuer, names(t, email, uri)),
		"Fulcio's with a DNS name":  issue(t, issuer, pkix.Extension{Id: email.Id, Value: []byte{0x30, 3, 0x82, 1, 'x'}}),
		"name after the sequence":   issue(t, pkix.Extension{Id: email.Id, Value: append(slices.Clone(email.Value), 0)}),
		"name without text":         issue(t, pkix.Extension{Id: email.Id, Value: []byte{0x30, 2, 0x81, 0}}),
		"no name in the sequence":   issue(t, pkix.Extension{Id: email.Id, Value: []byte{0x30, 0}}),
		"a name with a line end":    issue(t, pkix.Extension{Id: email.Id, Value: []byte{0x30, 3, 0x81, 1, '\n'}}),
		"an OtherName with more":    issue(t, otherName(t, "x", 0x0c, []byte{5, 0})),
		"an OtherName of bytes":     issue(t, otherName(t, "x", 0x04, nil)),
		"an OtherName of no UTF-8":  issue(t, otherName(t, "\xff", 0x0c, nil)),
		"an issuer of bytes":        issue(t, email, raw(8, "\x04\x01x")),
		"an issuer and more":        issue(t, email, raw(8, "\x0c\x01xx")),
		"an issuer of BER":          issue(t, email, raw(8, "\x0c\x81\x01x")),
		"an issuer of no UTF-8":     issue(t, email, raw(8, "\x0c\x01\xff")),
		"an issuer with a line end": issue(t, email, raw(1, "https://issuer.example.com\n")),
		"a claim that is raw":       issue(t, issuer, email, raw(12, "https://github.com/o/r")),
		"a claim of no UTF-8":       issue(t, issuer, email, raw(5, "\xff")),
		"a claim that is long":      issue(t, issuer, email, raw(5, long+"x")),
	} {
		c, err := certificate.Parse(der)
		var fault *attest.Error
		if !errors.As(err, &fault) || fault.Fault != attest.FaultMalformed || c.Subject != "" {
			t.Errorf("%s: %+v, %v", name, c, err)
		}
	}
	var fault *attest.Error
	if _, err := certificate.Parse(make([]byte, 64<<10+1)); !errors.As(err, &fault) || fault.Fault != attest.FaultTooLarge {
		t.Errorf("too large: %v", err)
	}
	if c, err := certificate.Parse(issue(t, issuer, email, raw(5, long))); err != nil || c.Claims[attest.ClaimGitHubRepository] != long {
		t.Errorf("a claim at the bound: %v", err)
	}
}

// otherName is a name of Fulcio's type with any tag on its text.
func otherName(t testing.TB, text string, tag byte, more []byte) pkix.Extension {
	t.Helper()
	e := subject(t, attest.SubjectOther, "U")
	at := len(e.Value) - 3
	value := slices.Concat(e.Value[:at], []byte{tag, byte(len(text))}, []byte(text), more)
	for _, i := range []int{1, 3, at - 1} {
		value[i] += byte(len(text) - 1 + len(more))
	}
	return pkix.Extension{Id: e.Id, Critical: true, Value: value}
}

// An authority of one's own may name its signers in any way; what can't be read as a
// single name is no subject.
func TestOtherAuthorities(t *testing.T) {
	email, uri := subject(t, attest.SubjectEmail, "ann@example.com"), subject(t, attest.SubjectURI, "https://example.com/")
	for name, c := range map[string]struct {
		der  []byte
		want string
	}{
		"no name":                   {issue(t), ""},
		"two names":                 {issue(t, names(t, email, uri)), ""},
		"a name and a DNS name":     {issue(t, names(t, email, pkix.Extension{Value: []byte{0x30, 3, 0x82, 1, 'x'}})), "ann@example.com"},
		"an OtherName of that kind": {issue(t, otherName(t, "y", 0x0c, nil)), "y"},
	} {
		if got, err := certificate.Parse(c.der); err != nil || got.Subject != c.want || got.Issuer != "" {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func TestSubjectExtensionRefuses(t *testing.T) {
	for _, c := range []struct {
		kind attest.SubjectType
		name string
	}{
		{attest.SubjectEmail, ""}, {attest.SubjectEmail, "änn@example.com"}, {attest.SubjectURI, "https://example.com/\n"},
		{attest.SubjectOther, "\xff"}, {"dns", "example.com"}, {attest.SubjectURI, strings.Repeat("x", 4<<10+1)},
	} {
		if e, err := certificate.SubjectExtension(c.kind, c.name); err == nil || e.Value != nil {
			t.Errorf("%s %q was taken", c.kind, c.name)
		}
	}
}

// corpus are the certificates of the public instance in verify/sigstore's test data.
func corpus(t testing.TB) map[string][]byte {
	t.Helper()
	found := map[string][]byte{}
	files, err := filepath.Glob("../../verify/sigstore/testdata/*.sigstore.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		b, err := attest.ParseBundle(raw)
		if err != nil || len(b.Certificates()) == 0 {
			continue
		}
		found[strings.TrimSuffix(filepath.Base(file), ".sigstore.json")] = b.Certificates()[0]
	}
	return found
}

func TestRealCertificates(t *testing.T) {
	for name, want := range map[string]attest.Certificate{
		"sigstore-js-2.0.0-provenance": {
			Subject: "https://github.com/sigstore/sigstore-js/.github/workflows/release.yml@refs/heads/main", SubjectType: attest.SubjectURI,
			Issuer: "https://token.actions.githubusercontent.com",
			Claims: map[attest.Claim]string{attest.ClaimSourceRepositoryURI: "https://github.com/sigstore/sigstore-js", attest.ClaimRunnerEnvironment: "github-hosted", attest.ClaimGitHubTrigger: "push"},
		},
		"othername": {Subject: "foo!oidc.local", SubjectType: attest.SubjectOther, Issuer: "http://oidc.local:8080"},
	} {
		got, err := certificate.Parse(corpus(t)[name])
		if err != nil || got.Subject != want.Subject || got.SubjectType != want.SubjectType || got.Issuer != want.Issuer {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
		for claim, value := range want.Claims {
			if got.Claims[claim] != value {
				t.Errorf("%s: %s is %q", name, claim, got.Claims[claim])
			}
		}
	}
}

// Whatever is parsed has a subject if it has an issuer, and can be written down.
func FuzzParse(f *testing.F) {
	for _, der := range corpus(f) {
		f.Add(der)
	}
	f.Add(issue(f, append(certificate.IssuerExtensions("https://issuer.example.com"), subject(f, attest.SubjectOther, "ann"))...))
	f.Fuzz(func(t *testing.T, der []byte) {
		c, err := certificate.Parse(der)
		var fault *attest.Error
		if err != nil {
			if !errors.As(err, &fault) || c.Subject != "" || c.Issuer != "" {
				t.Fatalf("%+v, %v", c, err)
			}
			return
		}
		if c.Issuer != "" && (c.Subject == "" || c.SubjectType == "") {
			t.Errorf("an issuer without a subject: %+v", c)
		}
		if _, err := json.Marshal(c.Claims); err != nil {
			t.Error(err)
		}
	})
}
