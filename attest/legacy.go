package attest

import (
	"encoding/base64"

	"github.com/go-json-experiment/json/jsontext"
	bundlepb "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	dssepb "github.com/sigstore/protobuf-specs/gen/pb-go/dsse"
	"google.golang.org/protobuf/encoding/protojson"
)

// The layer annotations and types of cosign's older layout
// (sigstore/cosign, specs/SIGNATURE_SPEC.md).
const (
	LegacySignatureAnnotation = "dev.cosignproject.cosign/signature"
	SimpleSigningMediaType    = "application/vnd.dev.cosign.simplesigning.v1+json"
	EnvelopeMediaType         = "application/vnd.dsse.envelope.v1+json"
)

// simpleSigning is a payload and its signature, which lay beside each other.
type simpleSigning struct{ payload, signature []byte }

// LegacySignature makes a bundle of an image signature in cosign's older layout: a
// layer with the payload, and its annotations with the signature and what proves it:
// certificates, an entry of a transparency log, a timestamp. It corresponds to a bundle
// of version 0.1. The bundle's bytes are the payload's. The error is an *[Error].
func LegacySignature(payload []byte, annotations map[string]string) (*Bundle, error) {
	where := "annotation " + LegacySignatureAnnotation
	encoded, ok := annotations[LegacySignatureAnnotation]
	if !ok || encoded == "" {
		return nil, fault(FaultNoSignature, where, "is missing: the payload is not signed")
	}
	signature, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return nil, fault(FaultMalformed, where, "is not base64: %v", err)
	}
	material, err := legacyMaterial(annotations)
	if err != nil {
		return nil, err
	}
	return &Bundle{
		raw: payload, form: FormSimpleSigning, simple: &simpleSigning{payload, signature},
		proto: &bundlepb.Bundle{VerificationMaterial: material},
	}, nil
}

// LegacyAttestation makes a bundle of an attestation in cosign's older layout: a
// layer that is a bare DSSE envelope, and its annotations with what proves it, as in
// [LegacySignature]. The bundle's bytes are the envelope's. The error is an *[Error].
func LegacyAttestation(envelope []byte, annotations map[string]string) (*Bundle, error) {
	if err := members(envelope, []string{"payload", "payloadType", "signatures"}, checkSignatures); err != nil {
		return nil, err
	}
	e := &dssepb.Envelope{}
	if err := (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(envelope, e); err != nil {
		return nil, fault(FaultMalformed, "", "is not a DSSE envelope: %v", err)
	}
	if err := checkEnvelope(e); err != nil {
		return nil, err
	}
	material, err := legacyMaterial(annotations)
	if err != nil {
		return nil, err
	}
	return &Bundle{raw: envelope, form: FormEnvelope, proto: &bundlepb.Bundle{
		VerificationMaterial: material,
		Content:              &bundlepb.Bundle_DsseEnvelope{DsseEnvelope: e},
	}}, nil
}

// checkSignatures looks into an envelope's signatures for what readers could read
// differently; protojson is told to pass over members that it does not know.
func checkSignatures(name string, value []byte) error {
	if name != "signatures" {
		return nil
	}
	return elements(value, "/signatures", func(i int, signature jsontext.Value) error {
		ignore := func(string, jsontext.Value) error { return nil }
		return object(signature, pointer("/signatures", i), []string{"keyid", "sig"}, ignore)
	})
}

// SimpleSigningDigest is the manifest digest that a simple signing payload is
// about (containers/image, docs/containers-signature.5.md, "critical"). The
// payload must come from a root that has opened the bundle. The error is an
// *[Error].
func SimpleSigningDigest(payload []byte) (Digest, error) {
	var kind, digest string
	err := object(payload, "", []string{"critical", "optional"}, func(name string, value jsontext.Value) error {
		if name != "critical" {
			return nil
		}
		return object(value, "/critical", []string{"identity", "image", "type"}, func(name string, value jsontext.Value) (err error) {
			switch name {
			case "type":
				kind, err = text(value, "/critical/type")
			case "image":
				err = object(value, "/critical/image", []string{manifestDigestKey}, func(name string, value jsontext.Value) (err error) {
					if name == manifestDigestKey {
						digest, err = text(value, "/critical/image/"+name)
					}
					return err
				})
			}
			return err
		})
	})
	if err != nil {
		return Digest{}, err
	}
	if kind != "cosign container image signature" && kind != "atomic container signature" {
		return Digest{}, fault(FaultStatementType, "/critical/type", "is %q, want \"cosign container image signature\"", clip(kind))
	}
	return ParseDigest(digest)
}

const manifestDigestKey = "docker-manifest-digest"

// members walks the members of a JSON object strictly, for the faults it finds.
func members(raw []byte, known []string, visit func(string, []byte) error) *Error {
	err := object(raw, "", known, func(name string, value jsontext.Value) error { return visit(name, value) })
	if e, ok := err.(*Error); ok {
		return e
	}
	return nil
}
