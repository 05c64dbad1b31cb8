package key

import (
	"context"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"hash"
	"io"
	"strings"

	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/sigstore/sigstore/pkg/signature/options"

	"github.com/carnet-project/carnet/attest"
)

// A Signer signs with an opened private key. It implements sign.Signer and may be
// used from several goroutines at once.
type Signer struct {
	signer    signature.Signer
	public    crypto.PublicKey
	publicPEM []byte
	algorithm Algorithm
	hint      string
}

func newSigner(p *Pair) (*Signer, error) {
	public := p.private.Public()
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return nil, fmt.Errorf("encoding the public key: %w", err)
	}
	// Ed25519ph because that is what cosign 3 signs with an Ed25519 key file, and
	// the only form of Ed25519 that signs a stream in constant memory.
	signer, err := signature.LoadDefaultSignerVerifier(p.private, options.WithED25519ph())
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrUnsupported, err)
	}
	sum := sha256.Sum256(der)
	hint := base64.StdEncoding.EncodeToString(sum[:])
	return &Signer{signer, public, p.publicPEM, p.algorithm, hint}, nil
}

// Sign signs what message reads, in constant memory. The error is that of reading
// message, of ctx, or of the signature algorithm.
func (s *Signer) Sign(ctx context.Context, message io.Reader) (attest.Signature, error) {
	alg := hashOf(s.algorithm)
	h := alg.New()
	if err := hashAll(ctx, h, message); err != nil {
		return attest.Signature{}, fmt.Errorf("reading what is to be signed: %w", err)
	}
	sum := h.Sum(nil)
	raw, err := s.signer.SignMessage(nil, options.WithContext(ctx), options.WithDigest(sum))
	if err != nil {
		return attest.Signature{}, fmt.Errorf("signing with the %s key: %w", s.algorithm, err)
	}
	digest, err := attest.DigestOf(digestName(alg), sum)
	if err != nil {
		return attest.Signature{}, err
	}
	return attest.Signature{Bytes: raw, Message: digest, KeyHint: s.hint}, nil
}

// chunk is how much is read at once: large enough that the calls cost nothing
// beside the hash, small enough for a processor's cache.
const chunk = 512 << 10

func hashAll(ctx context.Context, h hash.Hash, message io.Reader) error {
	buffer := make([]byte, chunk)
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := message.Read(buffer)
		h.Write(buffer[:n]) // a hash.Hash never returns an error
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// digestName gives a hash the name that in-toto's DigestSet has for it.
func digestName(h crypto.Hash) string {
	return strings.ToLower(strings.ReplaceAll(h.String(), "-", ""))
}

// Algorithm is the key's algorithm; an imported key's may also be "rsa-2048".
func (s *Signer) Algorithm() Algorithm { return s.algorithm }

// PublicKey is an *ecdsa.PublicKey, an ed25519.PublicKey or an *rsa.PublicKey.
func (s *Signer) PublicKey() crypto.PublicKey { return s.public }

// PublicPEM is the public key as a PKIX PEM block, the content of a .pub file.
func (s *Signer) PublicPEM() []byte { return append([]byte(nil), s.publicPEM...) }

// KeyHint is the base64 of the SHA-256 of the public key's PKIX encoding, by
// which bundles name the key, as cosign 3 does.
func (s *Signer) KeyHint() string { return s.hint }

// Format prints the algorithm and never the key, whatever the verb.
func (s *Signer) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "%s signer %s", s.algorithm, s.hint) }
