package attest

import (
	"fmt"

	"github.com/go-json-experiment/json/jsontext"
	bundlepb "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	commonpb "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	rekorpb "github.com/sigstore/protobuf-specs/gen/pb-go/rekor/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// A Proof is what a witness says of a bundle's signature: an entry in a transparency
// log, or a signed timestamp. One of the two is set.
type Proof struct {
	Entry *rekorpb.TransparencyLogEntry
	// Timestamp is an RFC 3161 TimeStampResp in DER.
	Timestamp []byte
}

// With is the bundle with more proofs of its signature. It is a new bundle, of other
// bytes; the proofs that b has come first.
func (b *Bundle) With(proofs ...Proof) (*Bundle, error) {
	if !bundleVersion(b.proto.GetMediaType()) {
		return nil, fmt.Errorf("evidence in cosign's older layout takes no more proofs")
	}
	if len(proofs) == 0 {
		return b, nil
	}
	pb := proto.CloneOf(b.proto)
	material := pb.GetVerificationMaterial()
	for _, p := range proofs {
		switch {
		case p.Entry != nil:
			material.TlogEntries = append(material.TlogEntries, p.Entry)
		case len(p.Timestamp) > 0:
			if material.TimestampVerificationData == nil {
				material.TimestampVerificationData = &bundlepb.TimestampVerificationData{}
			}
			material.TimestampVerificationData.Rfc3161Timestamps = append(material.TimestampVerificationData.Rfc3161Timestamps,
				&commonpb.RFC3161SignedTimestamp{SignedTimestamp: p.Timestamp})
		default:
			return nil, fmt.Errorf("the proof is empty")
		}
	}
	with, err := encode(pb)
	if err != nil {
		return nil, err
	}
	with.statement, with.publicKey = b.statement, b.publicKey
	return with, nil
}

// encode writes a bundle.
func encode(pb *bundlepb.Bundle) (*Bundle, error) {
	raw, err := protojson.Marshal(pb)
	if err != nil {
		return nil, fmt.Errorf("writing the bundle: %w", err)
	}
	// protojson puts spaces in at the whim of the program's own hash.
	if err := (*jsontext.Value)(&raw).Compact(); err != nil {
		return nil, fmt.Errorf("writing the bundle: %w", err)
	}
	b := &Bundle{raw: raw, proto: pb}
	if err := b.check(); err != nil {
		return nil, err
	}
	return b, nil
}

// newMaterial says in the bundle who signed: one certificate, a chain, or the hint to
// a key (protobuf-specs, sigstore_bundle.proto, VerificationMaterial).
func newMaterial(sig Signature) *bundlepb.VerificationMaterial {
	var certificates []*commonpb.X509Certificate
	for _, der := range sig.Certificates {
		certificates = append(certificates, &commonpb.X509Certificate{RawBytes: der})
	}
	switch len(certificates) {
	case 0:
		return &bundlepb.VerificationMaterial{
			Content: &bundlepb.VerificationMaterial_PublicKey{PublicKey: &commonpb.PublicKeyIdentifier{Hint: sig.KeyHint}},
		}
	case 1:
		return &bundlepb.VerificationMaterial{Content: &bundlepb.VerificationMaterial_Certificate{Certificate: certificates[0]}}
	}
	return &bundlepb.VerificationMaterial{Content: &bundlepb.VerificationMaterial_X509CertificateChain{
		X509CertificateChain: &commonpb.X509CertificateChain{Certificates: certificates},
	}}
}

// Certificates are the signer's certificate and those above it in DER, as the bundle
// has them; nobody has checked them. There are none for a bare key.
func (b *Bundle) Certificates() [][]byte {
	material := b.proto.GetVerificationMaterial()
	if c := material.GetCertificate(); c != nil {
		return [][]byte{c.GetRawBytes()}
	}
	var chain [][]byte
	for _, c := range material.GetX509CertificateChain().GetCertificates() {
		chain = append(chain, c.GetRawBytes())
	}
	return chain
}

// LogEntries are the bundle's entries in transparency logs; nobody has checked them,
// and they must not be changed.
func (b *Bundle) LogEntries() []*rekorpb.TransparencyLogEntry {
	return b.proto.GetVerificationMaterial().GetTlogEntries()
}

// Timestamps are the bundle's RFC 3161 responses in DER; nobody has checked them.
func (b *Bundle) Timestamps() [][]byte {
	var all [][]byte
	for _, t := range b.proto.GetVerificationMaterial().GetTimestampVerificationData().GetRfc3161Timestamps() {
		all = append(all, t.GetSignedTimestamp())
	}
	return all
}

// PublicKey is the signer's public key in PKIX DER, where it is known and the bundle
// has no certificate: when it was signed here, or with [Bundle.SignedWith].
func (b *Bundle) PublicKey() []byte { return b.publicKey }

// SignedWith is the bundle with the public key that made it, which bundles name by a
// hint only. Nothing is checked.
func (b *Bundle) SignedWith(publicKey []byte) *Bundle {
	known := *b
	known.publicKey = publicKey
	return &known
}

// Protobuf is the bundle as its schema has it, for the libraries that read it so. It
// must not be changed. An older layout has the same content without a media type; a
// simple signing payload has no content.
func (b *Bundle) Protobuf() *bundlepb.Bundle { return b.proto }
