package key

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"fmt"

	"github.com/sigstore/sigstore/pkg/signature/options"
)

// SignInToto signs message as classic in-toto metadata is signed (in-toto specification
// 1.0, 4.2): Ed25519 without a prehash, RSA-PSS with SHA-256 and a salt as long, and ECDSA
// as always. Bundles are not signed so: RSA keys sign them with PKCS#1 v1.5.
func (s *Signer) SignInToto(ctx context.Context, message []byte) ([]byte, error) {
	switch {
	case s.pure != nil:
		return s.pure.SignMessage(bytes.NewReader(message), options.WithContext(ctx))
	case s.rsa != nil:
		sum := sha256.Sum256(message)
		raw, err := rsa.SignPSS(rand.Reader, s.rsa, crypto.SHA256, sum[:], &rsa.PSSOptions{SaltLength: sha256.Size})
		if err != nil {
			return nil, fmt.Errorf("signing with the %s key: %w", s.algorithm, err)
		}
		return raw, nil
	}
	sig, err := s.signStream(ctx, bytes.NewReader(message))
	return sig.Bytes, err
}
