package attest

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
	bundlepb "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	commonpb "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	rekorpb "github.com/sigstore/protobuf-specs/gen/pb-go/rekor/v1"

	"github.com/carnet-project/carnet/attest/internal/jsontell"
)

// The layer annotations in which cosign's older layout keeps what proves a signature
// (sigstore/cosign, specs/SIGNATURE_SPEC.md, and pkg/cosign/bundle for the two that are
// JSON).
const (
	LegacyCertificateAnnotation = "dev.sigstore.cosign/certificate"
	LegacyChainAnnotation       = "dev.sigstore.cosign/chain"
	LegacyBundleAnnotation      = "dev.sigstore.cosign/bundle"
	LegacyTimestampAnnotation   = "dev.sigstore.cosign/rfc3161timestamp"
)

// The bounds on annotations: the bytes of one, and the certificates of a chain.
const (
	maxAnnotation = 1 << 20
	maxChain      = 16
)

// legacyMaterial is what the annotations of a layer say, in the form in which a bundle
// of version 0.1 says it: the certificates, an entry of Rekor v1 with a promise of
// inclusion and without a proof, and a timestamp. Those that are absent or empty add
// nothing. The error is an *[Error] that names the annotation.
func legacyMaterial(annotations map[string]string) (*bundlepb.VerificationMaterial, error) {
	for name, value := range annotations {
		if len(value) > maxAnnotation {
			return nil, fault(FaultTooLarge, "annotation "+clip(name), "is larger than 1 MiB")
		}
	}
	certificates, err := legacyCertificates(annotations)
	if err != nil {
		return nil, err
	}
	material := newMaterial(Signature{Certificates: certificates})
	if raw := annotations[LegacyBundleAnnotation]; raw != "" {
		entry, err := legacyEntry([]byte(raw))
		if err != nil {
			return nil, within(LegacyBundleAnnotation, err)
		}
		material.TlogEntries = []*rekorpb.TransparencyLogEntry{entry}
	}
	if raw := annotations[LegacyTimestampAnnotation]; raw != "" {
		timestamp, err := legacyTimestamp([]byte(raw))
		if err != nil {
			return nil, within(LegacyTimestampAnnotation, err)
		}
		material.TimestampVerificationData = &bundlepb.TimestampVerificationData{
			Rfc3161Timestamps: []*commonpb.RFC3161SignedTimestamp{{SignedTimestamp: timestamp}},
		}
	}
	return material, nil
}

// within names the annotation that an error is about.
func within(annotation string, err error) error {
	if e, ok := err.(*Error); ok {
		return &Error{Fault: e.Fault, Where: "annotation " + annotation + e.Where, Detail: e.Detail}
	}
	return err
}

// legacyCertificates are the signer's certificate and those above it. cosign writes the
// root too, which says nothing.
func legacyCertificates(annotations map[string]string) ([][]byte, error) {
	leaf, err := certificates(LegacyCertificateAnnotation, annotations[LegacyCertificateAnnotation], 1)
	if err != nil {
		return nil, err
	}
	chain, err := certificates(LegacyChainAnnotation, annotations[LegacyChainAnnotation], maxChain)
	if err != nil {
		return nil, err
	}
	if len(leaf) == 0 && len(chain) > 0 {
		return nil, fault(FaultMalformed, "annotation "+LegacyCertificateAnnotation, "is missing, and there is a chain above it")
	}
	return append(leaf, chain...), nil
}

// certificates reads at most so many certificates in PEM.
func certificates(annotation, text string, most int) ([][]byte, error) {
	var found [][]byte
	rest := bytes.TrimSpace([]byte(text))
	for len(rest) > 0 {
		block, after := pem.Decode(rest)
		switch {
		case block == nil || !bytes.HasPrefix(rest, []byte("-----BEGIN")) || block.Type != "CERTIFICATE":
			return nil, fault(FaultMalformed, "annotation "+annotation, "is not made of certificates in PEM")
		case len(found) == most:
			return nil, fault(FaultMalformed, "annotation "+annotation, "has more than %d certificates", most)
		}
		found = append(found, block.Bytes)
		rest = bytes.TrimSpace(after)
	}
	return found, nil
}

// legacyEntry reads the entry that Rekor v1 answered with: its signed entry timestamp,
// which promises inclusion, over body, time, index and log.
func legacyEntry(raw []byte) (*rekorpb.TransparencyLogEntry, error) {
	e := &rekorpb.TransparencyLogEntry{InclusionPromise: &rekorpb.InclusionPromise{}, LogId: &commonpb.LogId{}}
	promised, paid := false, false
	err := object(raw, "", []string{"SignedEntryTimestamp", "Payload"}, func(name string, value jsontext.Value) (err error) {
		switch name {
		case "SignedEntryTimestamp":
			promised = true
			e.InclusionPromise.SignedEntryTimestamp, err = binary(value, "/"+name, base64.StdEncoding.DecodeString)
		case "Payload":
			paid = true
			err = legacyPayload(value, e)
		}
		return err
	})
	switch {
	case err != nil:
		return nil, err
	case !promised || !paid:
		return nil, fault(FaultMalformed, "", "lacks a SignedEntryTimestamp or a Payload")
	}
	e.KindVersion, err = kindVersion(e.CanonicalizedBody)
	return e, err
}

// legacyPayload reads the members of an entry, each of which must be there.
func legacyPayload(raw jsontext.Value, e *rekorpb.TransparencyLogEntry) error {
	known := []string{"body", "integratedTime", "logIndex", "logID"}
	missing := len(known)
	err := object(raw, "/Payload", known, func(name string, value jsontext.Value) (err error) {
		missing--
		switch where := "/Payload/" + name; name {
		case "body":
			e.CanonicalizedBody, err = binary(value, where, base64.StdEncoding.DecodeString)
		case "integratedTime":
			e.IntegratedTime, err = whole(value, where)
		case "logIndex":
			e.LogIndex, err = whole(value, where)
		case "logID":
			e.LogId.KeyId, err = binary(value, where, hex.DecodeString)
		default:
			missing++
		}
		return err
	})
	if err == nil && missing > 0 {
		return fault(FaultMalformed, "/Payload", "lacks one of body, integratedTime, logIndex and logID")
	}
	return err
}

// kindVersion is what the body of an entry says it is (sigstore/rekor, openapi.yaml,
// ProposedEntry).
func kindVersion(body []byte) (*rekorpb.KindVersion, error) {
	kv := &rekorpb.KindVersion{}
	err := object(body, "/Payload/body", []string{"kind", "apiVersion"}, func(name string, value jsontext.Value) (err error) {
		switch where := "/Payload/body/" + name; name {
		case "kind":
			kv.Kind, err = text(value, where)
		case "apiVersion":
			kv.Version, err = text(value, where)
		}
		return err
	})
	if err == nil && (kv.Kind == "" || kv.Version == "") {
		return nil, fault(FaultMalformed, "/Payload/body", "lacks a kind or an apiVersion")
	}
	return kv, err
}

func legacyTimestamp(raw []byte) (timestamp []byte, err error) {
	const member = "SignedRFC3161Timestamp"
	err = object(raw, "", []string{member}, func(name string, value jsontext.Value) (err error) {
		if name == member {
			timestamp, err = binary(value, "/"+member, base64.StdEncoding.DecodeString)
		}
		return err
	})
	if err == nil && timestamp == nil {
		return nil, fault(FaultMalformed, "", "lacks a %s", member)
	}
	return timestamp, err
}

// binary are the bytes that a JSON string encodes; there must be some.
func binary(value jsontext.Value, where string, decode func(string) ([]byte, error)) ([]byte, error) {
	s, err := text(value, where)
	if err != nil {
		return nil, err
	}
	b, err := decode(s)
	if err != nil || len(b) == 0 {
		return nil, fault(FaultMalformed, where, "does not encode any bytes: %v", err)
	}
	return b, nil
}

// whole is a JSON number that is an integer of at most 63 bits, and not negative.
func whole(value jsontext.Value, where string) (int64, error) {
	if value.Kind() != '0' {
		return 0, fault(FaultMalformed, where, "is a JSON %s, want a number", jsontell.Kind(value.Kind()))
	}
	n, err := strconv.ParseInt(string(value), 10, 64)
	if err != nil || n < 0 {
		return 0, fault(FaultMalformed, where, "is %s, want a whole number", clip(string(value)))
	}
	return n, nil
}
