package key

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"io"

	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/sigstore/sigstore/pkg/signature/options"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/sign/internal/message"
)

// A Signer signs with an opened private key. It implements sign.Signer and may be
// used from several goroutines at once.
type Signer struct {
	signer    signature.Signer
	pure      *signature.ED25519Signer // for Ed25519 only
	rsa       *rsa.PrivateKey          // for RSA only
	public    crypto.PublicKey
	publicDER []byte
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
	s := &Signer{public: public, publicDER: der, publicPEM: p.publicPEM, algorithm: p.algorithm}
	if private, ok := p.private.(ed25519.PrivateKey); ok {
		if s.pure, err = signature.LoadED25519Signer(private); err != nil {
			return nil, fmt.Errorf("%w: %v", ErrUnsupported, err)
		}
	}
	s.rsa, _ = p.private.(*rsa.PrivateKey)
	s.signer, err = signature.LoadDefaultSignerVerifier(p.private, options.WithED25519ph())
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrUnsupported, err)
	}
	sum := sha256.Sum256(der)
	s.hint = base64.StdEncoding.EncodeToString(sum[:])
	return s, nil
}

// preAuthentication begins every message that a DSSE envelope's signature covers
// (DSSE v1.0.2, protocol.md, "Signature Definition").
const preAuthentication = "DSSEv1 "

// maxWhole bounds, in bytes, what is held in memory to be signed. A bundle may have
// 128 MiB, so that no statement in one is larger.
const maxWhole = 128 << 20

// Sign signs what content reads, in constant memory. The error is that of reading
// content, of ctx, or of the signature algorithm.
//
// An Ed25519 key signs statements, which DSSE's encoding tells from files, without a
// prehash, and holds them in memory (at most 128 MiB) for it: that is the Ed25519 of
// DSSE that cosign 3 and sigstore-go verify. It signs all else as Ed25519ph, the only
// form that signs a file of any size. cosign 3.1 does not verify that form, nor files
// that it signed with such a key itself.
func (s *Signer) Sign(ctx context.Context, content io.Reader) (attest.Signature, error) {
	if s.pure != nil {
		head := make([]byte, len(preAuthentication))
		n, err := io.ReadFull(content, head)
		if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
			return attest.Signature{}, fmt.Errorf("reading what is to be signed: %w", err)
		}
		content = io.MultiReader(bytes.NewReader(head[:n]), content)
		if string(head) == preAuthentication {
			return s.signWhole(ctx, content)
		}
	}
	return s.signStream(ctx, content)
}

func (s *Signer) signStream(ctx context.Context, content io.Reader) (attest.Signature, error) {
	digest, err := message.Digest(ctx, hashOf(s.algorithm), content)
	if err != nil {
		return attest.Signature{}, err
	}
	raw, err := s.signer.SignMessage(nil, options.WithContext(ctx), options.WithDigest(digest.Bytes()))
	return s.signature(raw, digest, err)
}

// signWhole signs without a prehash, for which the message is read twice.
func (s *Signer) signWhole(ctx context.Context, content io.Reader) (attest.Signature, error) {
	var whole bytes.Buffer
	digest, err := message.Digest(ctx, crypto.SHA512, io.TeeReader(io.LimitReader(content, maxWhole+1), &whole))
	if err != nil {
		return attest.Signature{}, err
	}
	if whole.Len() > maxWhole {
		return attest.Signature{}, fmt.Errorf("the statement is over %d bytes, which Ed25519 keys do not sign", maxWhole)
	}
	raw, err := s.pure.SignMessage(&whole, options.WithContext(ctx))
	return s.signature(raw, digest, err)
}

func (s *Signer) signature(raw []byte, digest attest.Digest, err error) (attest.Signature, error) {
	if err != nil {
		return attest.Signature{}, fmt.Errorf("signing with the %s key: %w", s.algorithm, err)
	}
	return attest.Signature{Bytes: raw, Message: digest, KeyHint: s.hint, PublicKey: s.publicDER}, nil
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
