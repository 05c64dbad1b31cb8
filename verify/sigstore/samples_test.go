package sigstore_test

import (
	"bytes"
	"slices"
	"testing"
	"time"

	bundlepb "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"

	"github.com/carnet-project/carnet/attest"
	forge "github.com/carnet-project/carnet/fixtures/sigstore"
	"github.com/carnet-project/carnet/verify"
	"github.com/carnet-project/carnet/verify/sigstore"
)

const content = "what is signed"

var (
	subject = attest.SHA256([]byte(content))
	signing = time.Date(2026, 3, 1, 12, 1, 0, 0, time.UTC)
)

func statement() string {
	return `{"_type":"https://in-toto.io/Statement/v1","subject":[{"digest":{"sha256":"` + subject.Hex() + `"}}],"predicateType":"https://sigstore.dev/cosign/sign/v1","predicate":{}}`
}

func payload() string {
	return `{"critical":{"identity":{"docker-reference":"x"},"image":{"docker-manifest-digest":"` + subject.String() + `"},"type":"cosign container image signature"},"optional":null}`
}

func dev() forge.Request {
	return forge.Request{
		Holder: forge.Holder{Email: "dev@example.com", Issuer: "https://issuer.example.com", Claims: map[int]string{12: "https://example.com/o/r"}},
		Key:    forge.NewKey("dev"), From: signing.Add(-time.Minute),
	}
}

// world is an instance, a holder, and what proves their signatures.
type world struct {
	*forge.Instance
	dev forge.Certificate
}

func production() world {
	in := forge.New("production")
	return world{in, in.Issue(dev())}
}

func (w world) v1(b *bundlepb.Bundle, kind string) forge.Proof {
	return forge.Proof{Entry: w.V1.Record(b, w.dev.Key, kind, signing)}
}

func (w world) v2(b *bundlepb.Bundle) forge.Proof {
	return forge.Proof{Entry: w.V2.Record(b, w.dev.Key, forge.KindHashedRekordV2, signing)}
}

func (w world) stamp(b *bundlepb.Bundle, embed bool) forge.Proof {
	return forge.Proof{Timestamp: w.TSA.Stamp(forge.SignatureOf(b), signing, embed)}
}

func (w world) material(t testing.TB, more ...*forge.TimestampAuthority) *sigstore.Material {
	t.Helper()
	m, err := sigstore.ParseMaterial("production", []byte(w.TrustedRoot(more...)))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// A sample is a good bundle and the root that opens it.
type sample struct {
	name    string
	raw     []byte
	root    []byte
	need    *sigstore.Need
	subject attest.Digest
	parse   func([]byte) (*attest.Bundle, error)
	// legacy is a layer of cosign's older layout, which sigstore-go has no form for.
	legacy bool
}

func (s sample) trusted(t testing.TB) (*sigstore.Material, sigstore.Need) {
	t.Helper()
	m, err := sigstore.ParseMaterial("root", s.root)
	if err != nil {
		t.Fatal(err)
	}
	if s.need != nil {
		return m, *s.need
	}
	return m, m.Need()
}

// open is what the root says of raw, if it can be read at all.
func (s sample) open(root verify.Root, raw []byte) (verify.Opening, attest.Digest, error) {
	b, err := s.parse(raw)
	if err != nil {
		return verify.Opening{}, attest.Digest{}, err
	}
	opened, err := root.Open(b)
	return opened, b.MessageDigest(), err
}

// forged are good bundles of every kind, as clients write them.
func forged() []sample {
	w := production()
	envelope, file := w.dev.Envelope(statement()), w.dev.Message(content)
	chain := append([][]byte{w.dev.DER}, w.dev.Above...)
	promise := w.v1(file, forge.KindHashedRekord)
	promise.Entry.InclusionProof = nil
	old := forge.With(envelope, w.v1(envelope, forge.KindDSSE))
	old.MediaType = forge.V03Old
	var all []sample
	for name, b := range map[string]*bundlepb.Bundle{
		"v0.1 promise":       forge.Chained(forge.With(file, promise), forge.V01, chain...),
		"v0.2":               forge.Chained(forge.With(file, w.v1(file, forge.KindHashedRekord)), forge.V02, chain...),
		"v0.3 file":          forge.With(file, w.v1(file, forge.KindHashedRekord)),
		"v0.3 dsse":          forge.With(envelope, w.v1(envelope, forge.KindDSSE)),
		"v0.3 old spelling":  old,
		"v0.3 intoto":        forge.With(envelope, w.v1(envelope, forge.KindIntoto)),
		"v2 file":            forge.With(file, w.v2(file), w.stamp(file, true)),
		"v2 envelope":        forge.With(envelope, w.v2(envelope), w.stamp(envelope, false)),
		"v1 and timestamp":   forge.With(envelope, w.v1(envelope, forge.KindDSSE), w.stamp(envelope, false)),
		"both logs":          forge.With(file, w.v1(file, forge.KindHashedRekord), w.v2(file), w.stamp(file, false)),
		"chain in v0.3":      forge.Chained(forge.With(envelope, w.v2(envelope), w.stamp(envelope, false)), forge.V03, chain...),
		"timestamp, no logs": forge.With(envelope, w.stamp(envelope, false)),
	} {
		s := sample{name: name, raw: []byte(forge.Encode(b)), root: []byte(w.TrustedRoot()), subject: subject, parse: attest.ParseBundle}
		if name == "timestamp, no logs" {
			s.need = &sigstore.Need{SCTs: 1}
		}
		all = append(all, s)
	}
	return append(all, w.older()...)
}

// older are signature and attestation in cosign's older layout.
func (w world) older() []sample {
	image, envelope := w.dev.Message(payload()), w.dev.Envelope(statement())
	signed := w.dev.Annotations(w.v1(image, forge.KindHashedRekord))
	signed[attest.LegacySignatureAnnotation] = base64Of(forge.SignatureOf(image))
	attested := w.dev.Annotations(w.v1(envelope, forge.KindDSSE), w.stamp(envelope, true))
	e := envelope.GetDsseEnvelope()
	layer := `{"payloadType":"` + e.PayloadType + `","payload":"` + base64Of(e.Payload) + `","signatures":[{"keyid":"","sig":"` + base64Of(e.Signatures[0].Sig) + `"}]}`
	return []sample{
		{name: "older signature", raw: []byte(payload()), root: []byte(w.TrustedRoot()), subject: subject, legacy: true,
			parse: func(raw []byte) (*attest.Bundle, error) { return attest.LegacySignature(raw, signed) }},
		{name: "older attestation", raw: []byte(layer), root: []byte(w.TrustedRoot()), subject: subject, legacy: true,
			parse: func(raw []byte) (*attest.Bundle, error) { return attest.LegacyAttestation(raw, attested) }},
	}
}

// real are the bundles of the public instance and of sigstore's scaffolding.
func realOnes(t testing.TB) []sample {
	t.Helper()
	var all []sample
	for name, root := range map[string]string{
		"dsse": "public-good.json", "npm-provenance": "public-good.json", "sigstore-js-2.0.0-provenance": "public-good.json", "othername": "scaffolding.json",
	} {
		all = append(all, sample{name: name, raw: read(t, name+".sigstore.json"), root: read(t, root), parse: attest.ParseBundle})
	}
	return all
}

func samples(t testing.TB) []sample {
	t.Helper()
	all := append(forged(), realOnes(t)...)
	slices.SortFunc(all, func(a, b sample) int { return bytes.Compare([]byte(a.name), []byte(b.name)) })
	return all
}
