package sigstore_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"math/big"
	"net/url"
	"testing"
	"time"

	commonpb "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	trustrootpb "github.com/sigstore/protobuf-specs/gen/pb-go/trustroot/v1"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/carnet-project/carnet/attest"
	forge "github.com/carnet-project/carnet/fixtures/sigstore"
	"github.com/carnet-project/carnet/verify"
	"github.com/carnet-project/carnet/verify/sigstore"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// ownAuthority is a certificate authority of one's own, whose root alone is trusted, and
// which signs through an intermediate.
type ownAuthority struct {
	root, intermediate *x509.Certificate
	key                crypto.Signer
}

func newOwnAuthority() ownAuthority {
	ca := func(name string, parent *x509.Certificate, signer, key crypto.Signer) *x509.Certificate {
		template := &x509.Certificate{
			SerialNumber: big.NewInt(int64(len(name))), Subject: pkix.Name{CommonName: name}, NotBefore: signing.AddDate(-1, 0, 0), NotAfter: signing.AddDate(1, 0, 0),
			IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
		}
		if parent == nil {
			parent = template
		}
		return must(x509.ParseCertificate(must(x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer))))
	}
	top, below := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)), must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	root := ca("root", nil, top, top)
	return ownAuthority{root, ca("intermediate", root, top, below), below}
}

// issue certifies a key for the years around the time of signing.
func (a ownAuthority) issue(public crypto.PublicKey) [][]byte {
	template := &x509.Certificate{
		SerialNumber: big.NewInt(7), NotBefore: signing.AddDate(-1, 0, 0), NotAfter: signing.AddDate(1, 0, 0),
		URIs:        []*url.URL{must(url.Parse("spiffe://example.com/builder"))},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning}, KeyUsage: x509.KeyUsageDigitalSignature,
	}
	return [][]byte{must(x509.CreateCertificate(rand.Reader, template, a.intermediate, public, a.key)), a.intermediate.Raw}
}

// material trusts the authority's root and a timestamp authority.
func (a ownAuthority) material(t testing.TB, in *forge.Instance) *sigstore.Material {
	t.Helper()
	pb := &trustrootpb.TrustedRoot{}
	if err := protojson.Unmarshal([]byte(in.TrustedRoot()), pb); err != nil {
		t.Fatal(err)
	}
	pb.Tlogs, pb.Ctlogs = nil, nil
	pb.CertificateAuthorities[0].CertChain.Certificates = []*commonpb.X509Certificate{{RawBytes: a.root.Raw}}
	return must(sigstore.ParseMaterial("own", must(protojson.Marshal(pb))))
}

// signer signs as one algorithm does.
type signer struct {
	key  crypto.Signer
	opts crypto.SignerOpts
	// prehashed is whether the algorithm can sign a file by its digest.
	algorithm string
}

func (s signer) sign(message []byte) []byte {
	if h := s.opts.HashFunc(); h != 0 {
		sum := h.New()
		sum.Write(message)
		message = sum.Sum(nil)
	}
	return must(s.key.Sign(rand.Reader, message, s.opts))
}

func signers() map[string]signer {
	p256, p384, p521 := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)), must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader)), must(ecdsa.GenerateKey(elliptic.P521(), rand.Reader))
	_, ed, _ := ed25519.GenerateKey(rand.Reader)
	return map[string]signer{
		"P-256":                    {p256, crypto.SHA256, "sha256"},
		"P-384":                    {p384, crypto.SHA384, "sha384"},
		"P-384 as cosign 2":        {p384, crypto.SHA256, "sha256"},
		"P-521":                    {p521, crypto.SHA512, "sha512"},
		"RSA":                      {must(rsa.GenerateKey(rand.Reader, 2048)), crypto.SHA256, "sha256"},
		"Ed25519 over the digest":  {ed, &ed25519.Options{Hash: crypto.SHA512}, "sha512"},
		"Ed25519 over the message": {ed, crypto.Hash(0), ""},
	}
}

// bundles are a statement's, a file's and an older image signature's, stamped.
func (s signer) bundles(t testing.TB, chain [][]byte, in *forge.Instance) map[string]*attest.Bundle {
	t.Helper()
	st := must(attest.ParseStatement([]byte(statement())))
	message := must(io.ReadAll(attest.PAE(attest.PayloadType, st.Bytes())))
	envelope := must(attest.NewEnvelopeBundle(st, attest.Signature{Bytes: s.sign(message), Certificates: chain}))
	all := map[string]*attest.Bundle{"envelope": must(envelope.With(attest.Proof{Timestamp: in.TSA.Stamp(envelope.Signature(), signing, false)}))}
	if s.algorithm == "" {
		return all
	}
	h := s.opts.HashFunc().New()
	h.Write([]byte(content))
	file := must(attest.NewMessageBundle(attest.Signature{Bytes: s.sign([]byte(content)), Message: must(attest.DigestOf(s.algorithm, h.Sum(nil))), Certificates: chain}))
	all["file"] = must(file.With(attest.Proof{Timestamp: in.TSA.Stamp(file.Signature(), signing, false)}))
	signature := s.sign([]byte(payload()))
	all["older"] = must(attest.LegacySignature([]byte(payload()), map[string]string{
		attest.LegacySignatureAnnotation: base64Of(signature), attest.LegacyCertificateAnnotation: string(forge.PEM(chain[:1])),
		attest.LegacyChainAnnotation:     string(forge.PEM(chain[1:])),
		attest.LegacyTimestampAnnotation: `{"SignedRFC3161Timestamp":"` + base64Of(in.TSA.Stamp(signature, signing, true)) + `"}`,
	}))
	return all
}

// An authority of one's own: its intermediate is in the bundle, its certificates are valid
// for years, and its holders have keys of every algorithm.
func TestOwnAuthority(t *testing.T) {
	in, a := forge.New("production"), newOwnAuthority()
	m := a.material(t, in)
	if need := m.Need(); need != (sigstore.Need{}) {
		t.Errorf("an instance without logs needs %+v", need)
	}
	root := sigstore.NewRoot(m, m.Need(), anybody)
	stranger := sigstore.NewRoot(newOwnAuthority().material(t, in), m.Need(), anybody)
	for name, s := range signers() {
		chain := a.issue(s.key.Public())
		for form, b := range s.bundles(t, chain, in) {
			opened, err := root.Open(b)
			if err != nil {
				t.Errorf("%s, %s: %v", name, form, err)
				continue
			}
			want := verify.Time{At: signing, Source: verify.TimeTimestamp, URI: in.TSA.URL}
			if !bytes.Equal(opened.Payload, b.UnverifiedPayload()) || opened.By.Certificate.Subject != "spiffe://example.com/builder" || opened.By.Certificate.Issuer != "" || len(opened.Times) != 1 || opened.Times[0] != want {
				t.Errorf("%s, %s: %+v", name, form, opened)
			}
			if der := must(x509.MarshalPKIXPublicKey(s.key.Public())); opened.By.Key != attest.SHA256(der) {
				t.Errorf("%s, %s: key %s", name, form, opened.By.Key)
			}
			if got, passes := reasonOf(t, stranger, b); got != verify.ReasonCertificateUntrusted || !passes {
				t.Errorf("%s, %s: a root of the same name says %q", name, form, got)
			}
			// The same certificate with somebody else's signature.
			if form == "envelope" {
				forged := must(attest.NewEnvelopeBundle(must(attest.ParseStatement([]byte(statement()))), attest.Signature{Bytes: b.Signature(), Certificates: a.issue(signers()["P-256"].key.Public())}))
				forged = must(forged.With(attest.Proof{Timestamp: in.TSA.Stamp(b.Signature(), signing, false)}))
				if got, _ := reasonOf(t, root, forged); got != verify.ReasonSignatureInvalid {
					t.Errorf("%s: another's certificate: %q", name, got)
				}
			}
		}
	}
}

// What a root asks for beyond sigstore-go's own thresholds.
func TestNeed(t *testing.T) {
	w := production()
	independent := forge.NewTimestampAuthority("independent", "https://independent.test", forge.Start(), forge.Start().AddDate(15, 0, 0))
	m := w.material(t, independent)
	if need := m.Need(); need != (sigstore.Need{SCTs: 1, Logs: 1}) {
		t.Errorf("the instance needs %+v", need)
	}
	s := w.dev.Envelope(statement())
	second := forge.Proof{Timestamp: independent.Stamp(forge.SignatureOf(s), signing.Add(time.Second), false)}
	later := forge.Proof{Timestamp: w.TSA.Stamp(forge.SignatureOf(s), signing.Add(time.Second), false)}
	for name, c := range map[string]struct {
		proofs []forge.Proof
		need   sigstore.Need
		want   verify.Reason
		times  int
	}{
		"a log's time will do":        {[]forge.Proof{w.v1(s, forge.KindDSSE)}, sigstore.Need{SCTs: 1, Logs: 1}, "", 1},
		"a timestamp is asked for":    {[]forge.Proof{w.v1(s, forge.KindDSSE)}, sigstore.Need{SCTs: 1, Logs: 1, Timestamps: 1}, verify.ReasonTimeMissing, 0},
		"two of one authority":        {[]forge.Proof{w.v2(s), w.stamp(s, false), later}, sigstore.Need{SCTs: 1, Logs: 1, Timestamps: 2}, verify.ReasonTimeMissing, 0},
		"two of one authority, once":  {[]forge.Proof{w.v2(s), w.stamp(s, false), later}, sigstore.Need{SCTs: 1, Logs: 1, Timestamps: 1}, "", 1},
		"two of two":                  {[]forge.Proof{w.v2(s), w.stamp(s, false), second}, sigstore.Need{SCTs: 1, Logs: 1, Timestamps: 2}, "", 2},
		"two logs":                    {[]forge.Proof{w.v1(s, forge.KindDSSE), w.v2(s)}, sigstore.Need{SCTs: 1, Logs: 2}, "", 1},
		"one log of two":              {[]forge.Proof{w.v1(s, forge.KindDSSE)}, sigstore.Need{SCTs: 1, Logs: 2}, verify.ReasonLogMissing, 0},
		"two SCTs":                    {[]forge.Proof{w.v1(s, forge.KindDSSE)}, sigstore.Need{SCTs: 2, Logs: 1}, verify.ReasonSCTInvalid, 0},
		"no log: its time is no time": {[]forge.Proof{w.v1(s, forge.KindDSSE)}, sigstore.Need{SCTs: 1}, verify.ReasonTimeMissing, 0},
		"negative":                    {[]forge.Proof{w.stamp(s, false)}, sigstore.Need{SCTs: -1, Logs: -1, Timestamps: -1}, "", 1},
	} {
		b := must(attest.ParseBundle([]byte(forge.Encode(forge.With(s, c.proofs...)))))
		root := sigstore.NewRoot(m, c.need, anybody)
		if got, _ := reasonOf(t, root, b); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		} else if opened, _ := root.Open(b); len(opened.Times) != c.times {
			t.Errorf("%s: times %v", name, opened.Times)
		}
	}
}

// Nobody is accepted unless somebody says so, and who is refused is left to other roots.
func TestAccept(t *testing.T) {
	w := production()
	s := w.dev.Envelope(statement())
	b := must(attest.ParseBundle([]byte(forge.Encode(forge.With(s, w.v1(s, forge.KindDSSE))))))
	m := w.material(t)
	if got, passes := reasonOf(t, sigstore.NewRoot(m, m.Need(), nil), b); got != verify.ReasonIdentityMismatch || !passes {
		t.Errorf("nobody: %q, %v", got, passes)
	}
	var asked attest.Certificate
	refuse := func(c attest.Certificate) error { asked = c; return io.ErrUnexpectedEOF }
	if got, passes := reasonOf(t, sigstore.NewRoot(m, m.Need(), refuse), b); got != verify.ReasonIdentityMismatch || !passes {
		t.Errorf("refused: %q, %v", got, passes)
	}
	if asked.Subject != "dev@example.com" || asked.Claims[attest.ClaimSourceRepositoryURI] != "https://example.com/o/r" {
		t.Errorf("accept was asked about %+v", asked)
	}
	e, err := verify.Bundle(b, subject, sigstore.NewRoot(elsewhere(t), sigstore.Need{}, anybody), sigstore.NewRoot(m, m.Need(), anybody))
	if err != nil || e.By().Certificate.Issuer != "https://issuer.example.com" || !e.SignedAt().Equal(signing) || e.Kind() != verify.KindSignature {
		t.Errorf("%+v, %v", e, err)
	}
}

func TestParseMaterialRefuses(t *testing.T) {
	for name, raw := range map[string]string{
		"nothing": "", "text": "hello", "empty": `{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1"}`,
		"another version": `{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=9.9"}`, "a bundle": string(read(t, "dsse.sigstore.json")),
		"too large": string(make([]byte, 4<<20+1)),
	} {
		if m, err := sigstore.ParseMaterial("root.json", []byte(raw)); err == nil || m != nil || !bytes.HasPrefix([]byte(err.Error()), []byte("root.json: ")) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
