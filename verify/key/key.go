// Package key is a root of trust made of public keys.
package key

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io"

	"github.com/sigstore/sigstore/pkg/cryptoutils"
	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/sigstore/sigstore/pkg/signature/options"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/verify"
)

// A Root trusts what its public keys signed. It never reads the machine's clock: a key
// that has a [Validity] is judged by trusted times, which a [Clock] finds in the bundle.
type Root struct {
	keys  []publicKey
	clock Clock
}

// publicKey is one trusted key with the algorithms that signers of the field use
// for it, the usual one first.
type publicKey struct {
	identity  verify.Identity
	hint      string
	public    crypto.PublicKey
	verifiers []signature.Verifier
	// validities must all be kept to.
	validities []Validity
}

// maxKeys bounds the keys in one root, since every signature without a known hint
// is tried with each.
const maxKeys = 100

// Parse reads one or more public keys in PEM ("PUBLIC KEY"), one after the other
// in one file. The name is what the file is called in findings.
func Parse(name string, pemBytes []byte) (*Root, error) {
	r := &Root{}
	rest := bytes.TrimSpace(pemBytes)
	for len(rest) > 0 {
		block, after := pem.Decode(rest)
		if block == nil {
			return nil, fmt.Errorf("%s: not a public key in PEM: expected -----BEGIN PUBLIC KEY-----", name)
		}
		if len(r.keys) == maxKeys {
			return nil, fmt.Errorf("%s: more than %d public keys", name, maxKeys)
		}
		k, err := parseKey(name, block)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		r.keys = append(r.keys, k)
		rest = bytes.TrimSpace(after)
	}
	if len(r.keys) == 0 {
		return nil, fmt.Errorf("%s: is empty: expected a public key in PEM", name)
	}
	return r, nil
}

// Join makes one root of several. Its clock is that of the first which has one.
func Join(roots ...*Root) *Root {
	all := &Root{}
	for _, r := range roots {
		all.keys = append(all.keys, r.keys...)
		if all.clock == nil {
			all.clock = r.clock
		}
	}
	return all
}

// Identities are the keys that the root trusts; one that was given twice is there twice.
func (r *Root) Identities() []verify.Identity {
	var all []verify.Identity
	for _, k := range r.keys {
		all = append(all, k.identity)
	}
	return all
}

func parseKey(name string, block *pem.Block) (publicKey, error) {
	if block.Type != "PUBLIC KEY" && block.Type != "RSA PUBLIC KEY" {
		return publicKey{}, fmt.Errorf("PEM block is %q, want PUBLIC KEY: to verify, give the public key", block.Type)
	}
	public, err := cryptoutils.UnmarshalPEMToPublicKey(pem.EncodeToMemory(block))
	if err != nil {
		return publicKey{}, fmt.Errorf("unreadable public key: %w", err)
	}
	if err := cryptoutils.ValidatePubKey(public); err != nil {
		return publicKey{}, fmt.Errorf("weak public key: %w", err)
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return publicKey{}, fmt.Errorf("unreadable public key: %w", err)
	}
	fingerprint := attest.SHA256(der)
	k := publicKey{
		identity: verify.Identity{Name: name, Key: fingerprint},
		hint:     base64.StdEncoding.EncodeToString(fingerprint.Bytes()),
		public:   public,
	}
	k.verifiers, err = verifiers(public)
	return k, err
}

// verifiers are the ways in which a key signs: sigstore's default for its kind,
// and for Ed25519 both the prehashed variant, which cosign 3 writes, and the pure
// one, which older versions wrote.
func verifiers(public crypto.PublicKey) ([]signature.Verifier, error) {
	usual, err := signature.LoadDefaultVerifier(public, options.WithED25519ph())
	if err != nil {
		return nil, fmt.Errorf("unsupported public key: %w", err)
	}
	if ed, ok := public.(ed25519.PublicKey); ok {
		pure, err := signature.LoadED25519Verifier(ed)
		return []signature.Verifier{usual, pure}, err
	}
	return []signature.Verifier{usual}, nil
}

// Open implements [verify.Root]. A bundle whose hint names one of the keys is that
// key's to judge; one with another hint or none is tried with all of them.
func (r *Root) Open(b *attest.Bundle) (verify.Opening, error) {
	for _, k := range r.keys {
		if k.hint != b.KeyHint() {
			continue
		}
		if k.signed(b) {
			return r.open(k, b)
		}
		return verify.Opening{}, &verify.Error{
			Reason:   verify.ReasonSignatureInvalid,
			Expected: "a signature by " + k.identity.String() + " over this content",
			Found:    "a signature that names this key and does not match: the content was changed after signing",
		}
	}
	plausible := false
	for _, k := range r.keys {
		if !k.couldHaveMade(b.Signature()) {
			continue
		}
		plausible = true
		if k.signed(b) {
			return r.open(k, b)
		}
	}
	if !plausible && len(r.keys) > 0 {
		return verify.Opening{}, wrongAlgorithm(r.keys, b)
	}
	return verify.Opening{}, unknownSigner(r.keys, b)
}

// signed says whether k made b's signature.
func (k publicKey) signed(b *attest.Bundle) bool {
	for _, v := range k.verifiers {
		if b.Form() != attest.FormMessage {
			if v.VerifySignature(bytes.NewReader(b.Signature()), b.SignedMessage()) == nil {
				return true
			}
			continue
		}
		if k.signedDigest(v, b) {
			return true
		}
	}
	return false
}

// signedDigest checks a file's signature by the file's digest, which must be by the
// hash that this key signs with. Pure Ed25519 signs no digest and cannot match.
func (k publicKey) signedDigest(v signature.Verifier, b *attest.Bundle) bool {
	if _, pure := v.(*signature.ED25519Verifier); pure || b.MessageDigest().Algorithm() != k.hash() {
		return false
	}
	digest := options.WithDigest(b.MessageDigest().Bytes())
	return v.VerifySignature(bytes.NewReader(b.Signature()), eof{}, digest) == nil
}

func (k publicKey) hash() string {
	switch public := k.public.(type) {
	case ed25519.PublicKey:
		return "sha512"
	case *ecdsa.PublicKey:
		switch public.Curve.Params().BitSize {
		case 384:
			return "sha384"
		case 521:
			return "sha512"
		}
	}
	return "sha256"
}

// couldHaveMade says whether sig has the shape of this key's algorithm, so that
// "wrong key" and "wrong kind of key" can be told apart.
func (k publicKey) couldHaveMade(sig []byte) bool {
	switch public := k.public.(type) {
	case ed25519.PublicKey:
		return len(sig) == ed25519.SignatureSize
	case *rsa.PublicKey:
		return len(sig) == public.Size()
	case *ecdsa.PublicKey:
		size := (public.Curve.Params().BitSize + 7) / 8
		return len(sig) > 2 && sig[0] == 0x30 && len(sig) <= 2*size+9
	}
	return false
}

// unknown is an unknown signer that can say who would have been known.
type unknown struct{ refusal *verify.Error }

func (u unknown) Error() string { return u.refusal.Error() }

// Unwrap makes it both the sentinel, so that other roots are asked, and the refusal.
func (u unknown) Unwrap() []error { return []error{verify.ErrUnknownSigner, u.refusal} }

func unknownSigner(keys []publicKey, b *attest.Bundle) error {
	return unknown{&verify.Error{
		Reason:   verify.ReasonUnknownSigner,
		Expected: "a signature by " + names(keys),
		Found:    "a signature by " + hintName(b.KeyHint()),
	}}
}

func wrongAlgorithm(keys []publicKey, b *attest.Bundle) error {
	return unknown{&verify.Error{
		Reason:   verify.ReasonKeyAlgorithm,
		Expected: "a signature of the algorithm of " + names(keys),
		Found:    fmt.Sprintf("a signature of another algorithm (%d bytes) by %s", len(b.Signature()), hintName(b.KeyHint())),
	}}
}

func names(keys []publicKey) string {
	switch len(keys) {
	case 0:
		return "a trusted key, of which there is none"
	case 1:
		return keys[0].identity.String()
	}
	return fmt.Sprintf("one of %d keys, the first of them %s", len(keys), keys[0].identity)
}

// hintName prints a hint, which anybody may have written, as the fingerprint that
// it should be.
func hintName(hint string) string {
	sum, err := base64.StdEncoding.DecodeString(hint)
	if d, derr := attest.DigestOf("sha256", sum); err == nil && derr == nil {
		return "key " + d.String()
	}
	if hint == "" {
		return "an unnamed key"
	}
	return fmt.Sprintf("a key with hint %.64q", hint)
}

// eof is an empty message: the digest option stands for it.
type eof struct{}

func (eof) Read([]byte) (int, error) { return 0, io.EOF }
