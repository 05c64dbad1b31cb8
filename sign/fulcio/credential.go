package fulcio

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"time"

	commonpb "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/certificate"
)

// A credential is a private key and the certificate of its public key. It implements
// sigstore-go's Keypair, by which its client proves possession of the key.
type credential struct {
	private   *ecdsa.PrivateKey
	publicDER []byte
	der       []byte
	notAfter  time.Time
	facts     attest.Certificate
}

func newCredential() (*credential, error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making a key: %w", err)
	}
	public, err := x509.MarshalPKIXPublicKey(private.Public())
	if err != nil {
		return nil, fmt.Errorf("encoding the public key: %w", err)
	}
	return &credential{private: private, publicDER: public}, nil
}

// certified takes the certificate if it is one of our key that is good now. Whether its
// authority is trusted is for verifiers to say.
func (c *credential) certified(der []byte, now time.Time) error {
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return fmt.Errorf("reading the certificate: %w", err)
	}
	if public, ok := leaf.PublicKey.(*ecdsa.PublicKey); !ok || !public.Equal(c.private.Public()) {
		return fmt.Errorf("the certificate is of another key than the one that was sent")
	}
	if !now.Before(leaf.NotAfter) {
		return fmt.Errorf("the certificate ended at %s, and this machine's clock says %s", leaf.NotAfter.UTC().Format(time.RFC3339), now.UTC().Format(time.RFC3339))
	}
	c.facts, err = certificate.Of(leaf)
	if err != nil {
		return fmt.Errorf("reading the certificate: %w", err)
	}
	c.der = der
	return nil
}

func (c *credential) GetHashAlgorithm() commonpb.HashAlgorithm {
	return commonpb.HashAlgorithm_SHA2_256
}

func (c *credential) GetSigningAlgorithm() commonpb.PublicKeyDetails {
	return commonpb.PublicKeyDetails_PKIX_ECDSA_P256_SHA_256
}

func (c *credential) GetHint() []byte                { return nil }
func (c *credential) GetKeyAlgorithm() string        { return "ECDSA" }
func (c *credential) GetPublicKey() crypto.PublicKey { return c.private.Public() }

func (c *credential) GetPublicKeyPem() (string, error) {
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: c.publicDER})), nil
}

func (c *credential) SignData(_ context.Context, data []byte) (signature, signed []byte, err error) {
	sum := sha256.Sum256(data)
	signature, err = ecdsa.SignASN1(rand.Reader, c.private, sum[:])
	return signature, sum[:], err
}
