package attest

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	bundlepb "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	commonpb "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	dssepb "github.com/sigstore/protobuf-specs/gen/pb-go/dsse"
	"google.golang.org/protobuf/encoding/protojson"
)

// BundleMediaType is the media type of the bundles that are written: Sigstore
// bundle v0.3 (protobuf-specs, protos/sigstore_bundle.proto).
const BundleMediaType = "application/vnd.dev.sigstore.bundle.v0.3+json"

// MaxBundleBytes is the default bound on one bundle, cosign's own: 128 MiB.
const MaxBundleBytes = 128 << 20

// A Bundle is a signed claim with all that is needed to check it offline. What it
// holds is believed only after a root has opened it (package verify).
type Bundle struct {
	raw    []byte
	form   Form
	proto  *bundlepb.Bundle
	simple *simpleSigning
	// statement is what the envelope was made of here; a bundle that was read has none.
	statement *Statement
	// publicKey is who signed, where that is known beside the bundle.
	publicKey []byte
}

// A Form says what the signature of a bundle covers.
type Form string

const (
	// FormEnvelope is a DSSE envelope around an in-toto statement.
	FormEnvelope Form = "dsse-envelope"
	// FormMessage is a signature over a file, named by its digest.
	FormMessage Form = "message-signature"
	// FormSimpleSigning is cosign's older image signature: a small JSON payload
	// that names a manifest digest.
	FormSimpleSigning Form = "simple-signing"
)

// ParseBundle reads a Sigstore bundle of version 0.1, 0.2 or 0.3 in either
// spelling of its media type and keeps its exact bytes, which must not be changed
// afterwards. The caller bounds their number. The error is an *[Error].
func ParseBundle(raw []byte) (*Bundle, error) {
	pb := &bundlepb.Bundle{}
	if err := protojson.Unmarshal(raw, pb); err != nil {
		return nil, bundleFault(raw, err)
	}
	b := &Bundle{raw: raw, proto: pb}
	if err := b.check(); err != nil {
		return nil, err
	}
	return b, nil
}

// bundleFault finds a stable word for protojson's refusal. The strict walk comes
// second because it is needed only here: protojson itself refuses duplicate and
// unknown members and trailing data.
func bundleFault(raw []byte, err error) *Error {
	ignore := func(string, []byte) error { return nil }
	known := []string{"mediaType", "verificationMaterial", "dsseEnvelope", "messageSignature"}
	if strict := members(raw, known, ignore); strict != nil {
		return strict
	}
	return fault(FaultMalformed, "", "is not a Sigstore bundle: %s", strings.TrimSpace(strings.TrimPrefix(strings.ReplaceAll(err.Error(), "\u00a0", " "), "proto:")))
}

func (b *Bundle) check() error {
	if !bundleVersion(b.proto.GetMediaType()) {
		return fault(FaultUnsupported, "/mediaType", "is %q, want Sigstore bundle 0.1, 0.2 or 0.3", clip(b.proto.GetMediaType()))
	}
	if b.proto.GetVerificationMaterial() == nil {
		return fault(FaultMalformed, "/verificationMaterial", "is missing")
	}
	switch content := b.proto.GetContent().(type) {
	case *bundlepb.Bundle_DsseEnvelope:
		b.form = FormEnvelope
		return checkEnvelope(content.DsseEnvelope)
	case *bundlepb.Bundle_MessageSignature:
		b.form = FormMessage
		return checkMessage(content.MessageSignature)
	}
	return fault(FaultNoSignature, "", "the bundle has neither an envelope nor a message signature")
}

func bundleVersion(mediaType string) bool {
	switch mediaType {
	case BundleMediaType,
		"application/vnd.dev.sigstore.bundle+json;version=0.1",
		"application/vnd.dev.sigstore.bundle+json;version=0.2",
		"application/vnd.dev.sigstore.bundle+json;version=0.3",
		"application/vnd.dev.sigstore.bundle.v0.1+json",
		"application/vnd.dev.sigstore.bundle.v0.2+json":
		return true
	}
	return false
}

func checkEnvelope(e *dssepb.Envelope) error {
	switch n := len(e.GetSignatures()); {
	case n == 0 || len(e.Signatures[0].GetSig()) == 0:
		return fault(FaultNoSignature, "/dsseEnvelope/signatures", "the envelope is not signed")
	case n > 1:
		return fault(FaultSeveralSignatures, "/dsseEnvelope/signatures", "has %d signatures, want exactly one", n)
	case e.GetPayloadType() != PayloadType:
		return fault(FaultPayloadType, "/dsseEnvelope/payloadType", "is %q, want %q", clip(e.GetPayloadType()), PayloadType)
	}
	return nil
}

func checkMessage(m *commonpb.MessageSignature) error {
	if len(m.GetSignature()) == 0 {
		return fault(FaultNoSignature, "/messageSignature/signature", "the message is not signed")
	}
	_, err := messageDigest(m)
	return err
}

func messageDigest(m *commonpb.MessageSignature) (Digest, error) {
	algorithm := map[commonpb.HashAlgorithm]string{
		commonpb.HashAlgorithm_SHA2_256: "sha256",
		commonpb.HashAlgorithm_SHA2_384: "sha384",
		commonpb.HashAlgorithm_SHA2_512: "sha512",
	}[m.GetMessageDigest().GetAlgorithm()]
	d, err := DigestOf(algorithm, m.GetMessageDigest().GetDigest())
	if e, ok := err.(*Error); ok {
		return Digest{}, fault(e.Fault, "/messageSignature/messageDigest", "%s", e.Detail)
	}
	return d, nil
}

// Bytes are the bundle's exact bytes. The caller must not change them.
func (b *Bundle) Bytes() []byte { return b.raw }

// Digest is the digest of the bundle's bytes: the name of this piece of evidence.
func (b *Bundle) Digest() Digest { return SHA256(b.raw) }

// Form says what the bundle's signature covers.
func (b *Bundle) Form() Form { return b.form }

// KeyHint is the unauthenticated hint to the key that signed, or "".
func (b *Bundle) KeyHint() string {
	return b.proto.GetVerificationMaterial().GetPublicKey().GetHint()
}

// Signature is the bundle's one signature.
func (b *Bundle) Signature() []byte {
	switch b.form {
	case FormEnvelope:
		return b.proto.GetDsseEnvelope().GetSignatures()[0].GetSig()
	case FormMessage:
		return b.proto.GetMessageSignature().GetSignature()
	}
	return b.simple.signature
}

// SignedMessage is the exact message that the signature covers: the envelope's PAE
// or the simple signing payload. For a file's signature, whose message is not in
// the bundle, it is nil and [Bundle.MessageDigest] names it.
func (b *Bundle) SignedMessage() io.Reader {
	switch b.form {
	case FormEnvelope:
		return PAE(b.proto.GetDsseEnvelope().GetPayloadType(), b.proto.GetDsseEnvelope().GetPayload())
	case FormSimpleSigning:
		return bytes.NewReader(b.simple.payload)
	}
	return nil
}

// MessageDigest is the digest of the file whose signature this is, or the zero
// Digest for the other forms.
func (b *Bundle) MessageDigest() Digest {
	if b.form != FormMessage {
		return Digest{}
	}
	d, _ := messageDigest(b.proto.GetMessageSignature()) // checked when it was read
	return d
}

// UnverifiedPayload is what the bundle says, before anybody has checked who says
// it: the statement's bytes or the simple signing payload; nil for a file's
// signature.
func (b *Bundle) UnverifiedPayload() []byte {
	switch b.form {
	case FormEnvelope:
		return b.proto.GetDsseEnvelope().GetPayload()
	case FormSimpleSigning:
		return b.simple.payload
	}
	return nil
}

// UnverifiedStatement is the statement in the envelope, before anybody has checked
// who says it. The error is an *[Error].
func (b *Bundle) UnverifiedStatement() (*Statement, error) {
	if b.form != FormEnvelope {
		return nil, fault(FaultPayloadType, "", "the bundle is a %s: it holds no statement", b.form)
	}
	if b.statement != nil {
		return b.statement, nil
	}
	return ParseStatement(b.UnverifiedPayload())
}

// NewEnvelopeBundle wraps a signed statement in a bundle.
func NewEnvelopeBundle(st *Statement, sig Signature) (*Bundle, error) {
	b, err := newBundle(sig, &bundlepb.Bundle{Content: &bundlepb.Bundle_DsseEnvelope{
		DsseEnvelope: &dssepb.Envelope{
			Payload:     st.Bytes(),
			PayloadType: PayloadType,
			Signatures:  []*dssepb.Signature{{Sig: sig.Bytes}},
		},
	}})
	if err != nil {
		return nil, err
	}
	b.statement = st
	return b, nil
}

// NewMessageBundle wraps the signature over a file in a bundle.
func NewMessageBundle(sig Signature) (*Bundle, error) {
	algorithm, ok := map[string]commonpb.HashAlgorithm{
		"sha256": commonpb.HashAlgorithm_SHA2_256,
		"sha384": commonpb.HashAlgorithm_SHA2_384,
		"sha512": commonpb.HashAlgorithm_SHA2_512,
	}[sig.Message.Algorithm()]
	if !ok {
		return nil, fmt.Errorf("a signature over a %q digest has no place in a bundle", sig.Message.Algorithm())
	}
	return newBundle(sig, &bundlepb.Bundle{Content: &bundlepb.Bundle_MessageSignature{
		MessageSignature: &commonpb.MessageSignature{
			MessageDigest: &commonpb.HashOutput{Algorithm: algorithm, Digest: sig.Message.Bytes()},
			Signature:     sig.Bytes,
		},
	}})
}

func newBundle(sig Signature, pb *bundlepb.Bundle) (*Bundle, error) {
	pb.MediaType = BundleMediaType
	pb.VerificationMaterial = newMaterial(sig)
	b, err := encode(pb)
	if err != nil {
		return nil, err
	}
	b.publicKey = sig.PublicKey
	return b, nil
}
