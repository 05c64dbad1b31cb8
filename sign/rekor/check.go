package rekor

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"time"

	rekorpb "github.com/sigstore/protobuf-specs/gen/pb-go/rekor/v1"

	"github.com/carnet-project/carnet/attest"
)

// ErrExpired is an entry from after the end of the signer's certificate, so that it does
// not help: the signature must be made again.
var ErrExpired = errors.New("the signer's certificate had ended when the signature was logged")

// loggable refuses before anything is sent what the log would refuse.
func (l *Log) loggable(b *attest.Bundle, key *pem.Block) error {
	if l.options.Version != V1 && l.options.Version != V2 {
		return fmt.Errorf("Rekor has no version %d of its API: want 1 or 2", l.options.Version) //nolint:staticcheck // a name
	}
	public, err := publicKey(key)
	if err != nil {
		return fmt.Errorf("reading the signer's key: %w", err)
	}
	if b.Form() != attest.FormEnvelope {
		return nil
	}
	switch public := public.(type) {
	case ed25519.PublicKey:
		if l.options.Version == V2 && !prehashed(public, b) {
			return ErrPureEd25519
		}
	case *ecdsa.PublicKey:
		h := sha256.New()
		if _, err := io.Copy(h, b.SignedMessage()); err != nil {
			return err
		}
		if l.options.Version == V1 && !ecdsa.VerifyASN1(public, h.Sum(nil), b.Signature()) {
			return ErrNotSHA256
		}
	}
	return nil
}

// prehashed says whether a statement's signature is one of Ed25519ph, as others make
// them.
func prehashed(public ed25519.PublicKey, b *attest.Bundle) bool {
	h := sha512.New()
	_, err := io.Copy(h, b.SignedMessage())
	return err == nil && ed25519.VerifyWithOptions(public, h.Sum(nil), b.Signature(), &ed25519.Options{Hash: crypto.SHA512}) == nil
}

func publicKey(key *pem.Block) (crypto.PublicKey, error) {
	if key.Type == "PUBLIC KEY" {
		return x509.ParsePKIXPublicKey(key.Bytes)
	}
	c, err := x509.ParseCertificate(key.Bytes)
	if err != nil {
		return nil, err
	}
	return c.PublicKey, nil
}

// check holds an entry against what was sent: signature, digest and signer.
func check(e *rekorpb.TransparencyLogEntry, b *attest.Bundle, key *pem.Block) error {
	r, err := readRecord(e.GetCanonicalizedBody())
	if err != nil {
		return fmt.Errorf("reading its body: %w", err)
	}
	if !bytes.Equal(r.signature, b.Signature()) {
		return errors.New("it is of another signature than the one that was sent")
	}
	digest, err := digestOf(b, r)
	if err != nil {
		return err
	}
	if !bytes.Equal(r.digest, digest) {
		return fmt.Errorf("it is of the digest %x, and the signature is of %x", r.digest, digest)
	}
	if !bytes.Equal(r.key, key.Bytes) {
		return errors.New("it names another signer than the one that was sent")
	}
	if e.GetInclusionProof() == nil {
		return errors.New("it has no inclusion proof")
	}
	return within(e, b)
}

// digestOf is what an entry about b must have for a digest: that of the file, of the
// envelope's payload (dsse), or of its PAE by the signature's own hash.
func digestOf(b *attest.Bundle, r record) ([]byte, error) {
	if b.Form() == attest.FormMessage {
		return b.MessageDigest().Bytes(), nil
	}
	if r.kind == "dsse" {
		sum := sha256.Sum256(b.UnverifiedPayload())
		return sum[:], nil
	}
	h := sha256.New()
	switch len(r.digest) {
	case sha512.Size384:
		h = sha512.New384()
	case sha512.Size:
		h = sha512.New()
	}
	if _, err := io.Copy(h, b.SignedMessage()); err != nil {
		return nil, err
	}
	return h.Sum(nil), nil
}

// within refuses an entry that came too late to help. Version 2 has no times.
func within(e *rekorpb.TransparencyLogEntry, b *attest.Bundle) error {
	if e.GetIntegratedTime() == 0 || len(b.Certificates()) == 0 {
		return nil
	}
	leaf, err := x509.ParseCertificate(b.Certificates()[0])
	if err != nil {
		return fmt.Errorf("reading the signer's certificate: %w", err)
	}
	if at := time.Unix(e.GetIntegratedTime(), 0); at.After(leaf.NotAfter) {
		return fmt.Errorf("%w: it ended at %s and the log says %s", ErrExpired, leaf.NotAfter.UTC().Format(time.RFC3339), at.UTC().Format(time.RFC3339))
	}
	return nil
}
