package sigstore

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/asn1"
	"io"
	"slices"

	bundlepb "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	commonpb "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/tlog"
	sgverify "github.com/sigstore/sigstore-go/pkg/verify"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/verify"
)

// legacyMediaType is the bundle version to which cosign's older layout corresponds: the
// log promises inclusion and proves none.
const legacyMediaType = "application/vnd.dev.sigstore.bundle+json;version=0.1"

// An entity is a bundle as sigstore-go's verifier takes it. What has to be parsed is
// parsed once, however often the verifier asks.
type entity struct {
	*bundle.Bundle
	source  *attest.Bundle
	entries []*tlog.Entry
	content sgverify.VerificationContent
	signed  sgverify.SignatureContent
	policy  sgverify.PolicyBuilder
}

// newEntity reads what proves b, whose signature is by the public key in signer.
func newEntity(b *attest.Bundle, holder func(*bundle.Bundle) (sgverify.VerificationContent, crypto.PublicKey, error)) ([]*entity, error) {
	pb := &bundlepb.Bundle{
		MediaType:            b.Protobuf().GetMediaType(),
		VerificationMaterial: b.Protobuf().GetVerificationMaterial(),
		Content:              b.Protobuf().GetContent(),
	}
	if pb.MediaType == "" {
		pb.MediaType = legacyMediaType
	}
	if pb.Content == nil {
		pb.Content = &bundlepb.Bundle_MessageSignature{MessageSignature: &commonpb.MessageSignature{}}
	}
	read, err := readBundle(pb)
	if err != nil {
		return nil, err
	}
	e := &entity{Bundle: read, source: b}
	if e.entries, err = read.TlogEntries(); err != nil {
		return nil, refuse(verify.ReasonLogMismatch, "log entries that can be read", err.Error())
	}
	content, public, err := holder(read)
	if err != nil {
		return nil, err
	}
	e.content = content
	return e.attempts(public)
}

// attempts are the ways in which a key of this kind may have made the signature, the
// usual one first.
func (e *entity) attempts(public crypto.PublicKey) ([]*entity, error) {
	v1 := slices.ContainsFunc(e.entries, func(t *tlog.Entry) bool { return !t.IsRekorV2() })
	hash, compatible := hashOf(public), false
	if ec, ok := public.(*ecdsa.PublicKey); ok {
		compatible = ec.Curve == elliptic.P384() || ec.Curve == elliptic.P521()
	}
	_, ed := public.(ed25519.PublicKey)
	var all []*entity
	switch e.source.Form() {
	case attest.FormMessage:
		all = []*entity{e.message(e.source.MessageDigest())}
	case attest.FormSimpleSigning:
		all = []*entity{e.digest(hash)}
		if compatible {
			all = append(all, e.digest("sha256"))
		}
	default:
		// Entries of Rekor v1 are about envelopes. An Ed25519 key signs an envelope either as
		// it is or by its digest, and the larger curves do so with either hash: sigstore-go
		// knows how, but copies the payload several times for it.
		if v1 || ed || compatible {
			stock, err := e.envelope()
			if err != nil {
				return nil, err
			}
			all = append(all, stock)
		}
		if !v1 && !compatible {
			all = append(all, e.digest(hash))
		}
	}
	return all, nil
}

// message is the entity as a signature over a digest.
func (e *entity) message(d attest.Digest) *entity {
	with := *e
	with.signed = bundle.NewMessageSignature(d.Bytes(), d.Algorithm(), e.source.Signature())
	with.policy = sgverify.NewPolicy(sgverify.WithArtifactDigest(d.Algorithm(), d.Bytes()), sgverify.WithoutIdentitiesUnsafe())
	return &with
}

// digest is the entity as a signature over the digest of the signed message, so that
// neither is the payload copied nor does another parser read the statement.
func (e *entity) digest(algorithm string) *entity {
	h := map[string]crypto.Hash{"sha256": crypto.SHA256, "sha384": crypto.SHA384, "sha512": crypto.SHA512}[algorithm].New()
	_, _ = io.Copy(h, e.source.SignedMessage()) // memory to memory
	d, _ := attest.DigestOf(algorithm, h.Sum(nil))
	return e.message(d)
}

// envelope is the entity as sigstore-go itself reads an envelope.
func (e *entity) envelope() (*entity, error) {
	with := *e
	signed, err := e.Bundle.SignatureContent()
	if err != nil {
		return nil, refuse(verify.ReasonMalformed, "an envelope that can be read", err.Error())
	}
	with.signed = signed
	with.policy = sgverify.NewPolicy(sgverify.WithoutArtifactUnsafe(), sgverify.WithoutIdentitiesUnsafe())
	return &with, nil
}

// TlogEntries, SignatureContent and VerificationContent implement sigstore-go's
// SignedEntity; the bundle that is embedded has the rest.
func (e *entity) TlogEntries() ([]*tlog.Entry, error) { return e.entries, nil }

// SignatureContent implements sigstore-go's SignatureProvider.
func (e *entity) SignatureContent() (sgverify.SignatureContent, error) { return e.signed, nil }

// VerificationContent implements sigstore-go's VerificationProvider.
func (e *entity) VerificationContent() (sgverify.VerificationContent, error) { return e.content, nil }

// hashOf is the hash with which a key of this kind signs (sigstore/architecture-docs,
// algorithm-registry.md).
func hashOf(public crypto.PublicKey) string {
	switch public := public.(type) {
	case ed25519.PublicKey:
		return "sha512"
	case *ecdsa.PublicKey:
		switch public.Curve {
		case elliptic.P384():
			return "sha384"
		case elliptic.P521():
			return "sha512"
		}
	}
	return "sha256"
}

// certified is a signer with a certificate, and the intermediates that the bundle has.
type certified struct {
	sgverify.VerificationContent
	intermediates []*x509.Certificate
}

// Intermediates implements sigstore-go's VerificationContent.
func (c certified) Intermediates() []*x509.Certificate { return c.intermediates }

// certificateHolder reads the signer's certificate and those above it.
func certificateHolder(b *bundle.Bundle) (sgverify.VerificationContent, crypto.PublicKey, error) {
	content, err := b.VerificationContent()
	if err != nil {
		return nil, nil, refuse(verify.ReasonCertificateMalformed, "a certificate, and above it intermediate authorities without the root", err.Error())
	}
	leaf := content.Certificate()
	if leaf == nil {
		return nil, nil, refuse(verify.ReasonCertificateMalformed, "a certificate", "none")
	}
	// crypto/x509 knows no OtherName; attest/certificate reads it.
	leaf.UnhandledCriticalExtensions = slices.DeleteFunc(leaf.UnhandledCriticalExtensions, func(id asn1.ObjectIdentifier) bool {
		return id.Equal(asn1.ObjectIdentifier{2, 5, 29, 17})
	})
	if b.MinVersion("v0.3") {
		return content, leaf.PublicKey, nil
	}
	return certified{content, olderChain(b.Bundle)}, leaf.PublicKey, nil
}

// olderChain are the intermediates in a bundle before version 0.3 or in the older layout.
// Roots were usual there: they are passed over, as is what is no authority's certificate.
func olderChain(pb *bundlepb.Bundle) []*x509.Certificate {
	var intermediates []*x509.Certificate
	chain := pb.GetVerificationMaterial().GetX509CertificateChain().GetCertificates()
	for i, c := range chain {
		if i == 0 || i > maxChain {
			continue
		}
		parsed, err := x509.ParseCertificate(c.GetRawBytes())
		if err == nil && parsed.IsCA && string(parsed.RawIssuer) != string(parsed.RawSubject) {
			intermediates = append(intermediates, parsed)
		}
	}
	return intermediates
}
