package rekor

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/sha512"
	"crypto/x509"
	"encoding/json"
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
	edwards, ok := public.(ed25519.PublicKey)
	if !ok || l.options.Version == V1 || b.Form() != attest.FormEnvelope {
		return nil
	}
	h := sha512.New()
	if _, err := io.Copy(h, b.SignedMessage()); err != nil {
		return err
	}
	if ed25519.VerifyWithOptions(edwards, h.Sum(nil), b.Signature(), &ed25519.Options{Hash: crypto.SHA512}) != nil {
		return ErrPureEd25519
	}
	return nil
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

// A body is what the kinds of entries that are written here say of a signature.
type body struct {
	Kind string `json:"kind"`
	Spec struct {
		// hashedrekord 0.0.1
		Signature struct {
			Content []byte `json:"content"`
		} `json:"signature"`
		// dsse 0.0.1
		Signatures []struct {
			Signature []byte `json:"signature"`
		} `json:"signatures"`
		// hashedrekord 0.0.2
		HashedRekordV002 struct {
			Signature struct {
				Content []byte `json:"content"`
			} `json:"signature"`
		} `json:"hashedRekordV002"`
	} `json:"spec"`
}

// check holds an entry against the bundle that was sent.
func check(e *rekorpb.TransparencyLogEntry, b *attest.Bundle) error {
	var said body
	if err := json.Unmarshal(e.GetCanonicalizedBody(), &said); err != nil {
		return fmt.Errorf("reading its body: %w", err)
	}
	logged := [][]byte{said.Spec.Signature.Content, said.Spec.HashedRekordV002.Signature.Content}
	for _, s := range said.Spec.Signatures {
		logged = append(logged, s.Signature)
	}
	found := 0
	for _, s := range logged {
		if len(s) == 0 {
			continue
		}
		if !bytes.Equal(s, b.Signature()) {
			return fmt.Errorf("it is of another signature than the one that was sent")
		}
		found++
	}
	if found != 1 {
		return fmt.Errorf("its body, a %q, names %d signatures, want one", said.Kind, found)
	}
	if e.GetInclusionProof() == nil {
		return fmt.Errorf("it has no inclusion proof")
	}
	return within(e, b)
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
