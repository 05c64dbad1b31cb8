//go:build cgo

package pkcs11

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"

	"github.com/ThalesGroup/crypto11"
	"github.com/sigstore/sigstore/pkg/signature"

	"github.com/carnet-project/carnet/sign/kms/pkcs11uri"
)

// A Key is a private key in an open token. It implements sigstore's interface for keys
// in services (sigstore/sigstore, pkg/signature/kms, SignerVerifier). It makes no keys:
// the token's own tools do that.
type Key struct {
	token  *crypto11.Context
	signer crypto.Signer
	hash   crypto.Hash
}

// Open logs in to the token with pin and finds the key. hash is what its signatures are
// made over. The error does not hold the PIN.
func Open(u pkcs11uri.URI, pin string, hash crypto.Hash) (*Key, error) {
	if u.Module == "" {
		return nil, fmt.Errorf("%w: it names no library: give module-path, or set COSIGN_PKCS11_MODULE_PATH", pkcs11uri.ErrURI)
	}
	const sessions = 4 // one signature at a time, and what finding the key needs
	token, err := crypto11.Configure(&crypto11.Config{
		Path: u.Module, TokenLabel: u.Token, TokenSerial: u.Serial, SlotNumber: u.Slot, Pin: pin, MaxSessions: sessions,
	})
	switch {
	case err != nil && pin == "":
		return nil, fmt.Errorf("opening the token without a PIN (give pin-source=file:PATH, or set COSIGN_PKCS11_PIN): %w", err)
	case err != nil:
		return nil, fmt.Errorf("opening the token: %w", err)
	}
	signer, err := token.FindKeyPair(u.ID, []byte(u.Object))
	if err == nil && signer == nil {
		err = errors.New("the token has no such key pair, or does not show it with this PIN")
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("finding the key: %w", err), token.Close())
	}
	return &Key{token, signer, hash}, nil
}

// Close logs out.
func (k *Key) Close() error { return k.token.Close() }

// SignMessage signs the digest that the options give, or that of message.
func (k *Key) SignMessage(message io.Reader, opts ...signature.SignOption) ([]byte, error) {
	var how crypto.SignerOpts = k.hash
	for _, o := range opts {
		o.ApplyCryptoSignerOpts(&how)
	}
	digest, hash, err := signature.ComputeDigestForSigning(message, how.HashFunc(), []crypto.Hash{crypto.SHA256, crypto.SHA384, crypto.SHA512}, opts...)
	if err != nil {
		return nil, err
	}
	return k.signer.Sign(rand.Reader, digest, hash)
}

// PublicKey is the key's public half.
func (k *Key) PublicKey(...signature.PublicKeyOption) (crypto.PublicKey, error) {
	return k.signer.Public(), nil
}

// VerifySignature checks a signature with the public key; the token is not asked.
func (k *Key) VerifySignature(sig, message io.Reader, opts ...signature.VerifyOption) error {
	v, err := signature.LoadVerifier(k.signer.Public(), k.hash)
	if err != nil {
		return err
	}
	return v.VerifySignature(sig, message, opts...)
}

var errMakesNoKeys = errors.New("keys are made with the token's own tools, such as pkcs11-tool --keypairgen")

// CreateKey refuses.
func (k *Key) CreateKey(context.Context, string) (crypto.PublicKey, error) {
	return nil, errMakesNoKeys
}

// CryptoSigner is the key for crypto's interfaces.
func (k *Key) CryptoSigner(context.Context, func(error)) (crypto.Signer, crypto.SignerOpts, error) {
	return k.signer, k.hash, nil
}

// SupportedAlgorithms names the kinds of keys that it signs with.
func (k *Key) SupportedAlgorithms() []string {
	return []string{"ecdsa-p256", "ecdsa-p384", "ecdsa-p521", "rsa-2048", "rsa-3072", "rsa-4096"}
}

// DefaultAlgorithm is the algorithm of the key.
func (k *Key) DefaultAlgorithm() string {
	if _, ok := k.signer.Public().(*rsa.PublicKey); ok {
		return "rsa-2048"
	}
	return "ecdsa-p256"
}

var _ signature.SignerVerifier = (*Key)(nil)
