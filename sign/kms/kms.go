package kms

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"

	"github.com/sigstore/sigstore/pkg/cryptoutils"
	"github.com/sigstore/sigstore/pkg/signature"
	sigkms "github.com/sigstore/sigstore/pkg/signature/kms"
	"github.com/sigstore/sigstore/pkg/signature/kms/cliplugin"
	"github.com/sigstore/sigstore/pkg/signature/options"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/sign/internal/message"
	"github.com/carnet-project/carnet/sign/kms/pkcs11uri"
)

var (
	// ErrReference says that a reference is not one of a key in a service.
	ErrReference = errors.New("not a key reference")
	// ErrNoProvider says that no service is linked, and no plugin is on the PATH, for a
	// reference.
	ErrNoProvider = errors.New("no provider for the key reference")
	// ErrUnsupported says that a service has a key that carnet does not sign with.
	ErrUnsupported = errors.New("unsupported key")
	// ErrUnavailable says that the service could not be asked, or refused.
	ErrUnavailable = errors.New("the key service did not answer as it should")
	// ErrRefused says that a plugin was asked and refused: a wrong PIN, an unknown key.
	// Asking again can lock a token.
	ErrRefused = errors.New("the key service refused")
)

// Is says whether ref is a reference to a key in a service: SCHEME://…, or a PKCS#11
// URI. Files, and what other packages read, are not.
func Is(ref string) bool {
	scheme, _, found := strings.Cut(ref, "://")
	if strings.HasPrefix(ref, "pkcs11:") {
		return true
	}
	switch scheme {
	case "file", "env", "http", "https", "k8s":
		return false
	}
	return found && scheme != ""
}

// A Signer signs with a key in a service. It implements sign.Signer and may be used
// from several goroutines at once.
type Signer struct {
	ref       string
	remote    sigkms.SignerVerifier
	verifier  signature.Verifier
	hash      crypto.Hash
	publicDER []byte
	publicPEM []byte
	hint      string
}

// Open asks the service that ref names for the key's public half. Credentials come from
// the process's environment and configuration files, as each provider documents. The
// errors are [ErrReference], [ErrNoProvider], [ErrUnsupported], [ErrRefused] and [ErrUnavailable],
// wrapped; they hold no secret.
func Open(ctx context.Context, ref string) (*Signer, error) {
	resource, err := resource(ref)
	if err != nil {
		return nil, err
	}
	remote, err := provider(ctx, ref, resource, crypto.SHA256)
	if err != nil {
		return nil, err
	}
	public, err := answer(func() (crypto.PublicKey, error) { return remote.PublicKey(options.WithContext(ctx)) })
	if err != nil {
		return nil, fmt.Errorf("%w: %s: reading the public key: %w", failure(err), ref, err)
	}
	if _, edwards := public.(ed25519.PublicKey); edwards {
		return nil, fmt.Errorf("%w: %s is an Ed25519 key, which signs whole messages, and services are given digests: use ECDSA P-256", ErrUnsupported, ref)
	}
	s := &Signer{ref: ref, remote: remote}
	if err := s.know(public); err != nil {
		return nil, fmt.Errorf("%s: %w", ref, err)
	}
	if s.hash != crypto.SHA256 {
		// Providers fix the hash when they open a key.
		if s.remote, err = provider(ctx, ref, resource, s.hash); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// PublicKey is the public half, in PEM, of the key that ref names.
func PublicKey(ctx context.Context, ref string) ([]byte, error) {
	s, err := Open(ctx, ref)
	if err != nil {
		return nil, err
	}
	return s.publicPEM, nil
}

// resource is ref as sigstore's providers take it.
func resource(ref string) (string, error) {
	if !Is(ref) {
		return "", fmt.Errorf("%w: %s", ErrReference, ref)
	}
	uri, found := strings.CutPrefix(ref, "pkcs11:")
	if !found {
		return ref, nil
	}
	if _, err := pkcs11uri.Parse(ref); err != nil {
		return "", fmt.Errorf("%w: %w", ErrReference, err)
	}
	return "pkcs11://" + strings.TrimPrefix(uri, "//"), nil
}

// malformed is what every provider says of a reference that it can't read, in an error
// that no package but its own can name (sigstore/sigstore, kms/*/client.go, errKMSReference).
const malformed = "specification should be in the format"

func provider(ctx context.Context, ref, resource string, hash crypto.Hash) (sigkms.SignerVerifier, error) {
	remote, err := sigkms.Get(ctx, resource, hash)
	var unknown *sigkms.ProviderNotFoundError
	switch {
	case errors.As(err, &unknown) || errors.Is(err, exec.ErrNotFound):
		name, _, _ := strings.Cut(resource, "://")
		return nil, fmt.Errorf("%w %s: this program has none of its own, and there is no sigstore-kms-%s on the PATH", ErrNoProvider, ref, name)
	case err != nil && strings.Contains(err.Error(), malformed):
		return nil, fmt.Errorf("%w: %s: %w", ErrReference, ref, err)
	case err != nil:
		return nil, fmt.Errorf("%w: %s: %w", ErrUnavailable, ref, err)
	}
	return remote, nil
}

// failure is the class of a provider's error. Plugins say what is wrong in words alone,
// so whatever one says counts as its last word.
func failure(err error) error {
	if errors.Is(err, cliplugin.ErrorPluginReturnError) {
		return ErrRefused
	}
	return ErrUnavailable
}

// answer asks a provider. The client of plugins panics when a response has not got what
// was asked for (sigstore/sigstore v1.10.11, cliplugin/signer.go), and what a plugin says
// must not end the caller's program.
func answer[T any](ask func() (T, error)) (what T, err error) {
	defer func() {
		if recover() != nil {
			err = errors.New("the answer does not have what was asked for")
		}
	}()
	return ask()
}

// know fixes all that depends on the public key.
func (s *Signer) know(public crypto.PublicKey) (err error) {
	if err := cryptoutils.ValidatePubKey(public); err != nil {
		return fmt.Errorf("%w: %v", ErrUnsupported, err)
	}
	details, err := signature.GetDefaultAlgorithmDetails(public)
	if err != nil {
		return fmt.Errorf("%w: %v", ErrUnsupported, err)
	}
	s.hash = details.GetHashType()
	if s.verifier, err = signature.LoadDefaultVerifier(public); err != nil {
		return fmt.Errorf("%w: %v", ErrUnsupported, err)
	}
	if s.publicDER, err = x509.MarshalPKIXPublicKey(public); err != nil {
		return fmt.Errorf("%w: %v", ErrUnsupported, err)
	}
	if s.publicPEM, err = cryptoutils.MarshalPublicKeyToPEM(public); err != nil {
		return fmt.Errorf("%w: %v", ErrUnsupported, err)
	}
	s.hint = base64.StdEncoding.EncodeToString(attest.SHA256(s.publicDER).Bytes())
	return nil
}

// Sign hashes what content reads, in constant memory, and has the service sign the
// digest. The error is that of reading content, or wraps [ErrRefused] or
// [ErrUnavailable].
func (s *Signer) Sign(ctx context.Context, content io.Reader) (attest.Signature, error) {
	digest, err := message.Digest(ctx, s.hash, content)
	if err != nil {
		return attest.Signature{}, err
	}
	sum := digest.Bytes()
	raw, err := answer(func() ([]byte, error) {
		return s.remote.SignMessage(nil, options.WithContext(ctx), options.WithDigest(sum), options.WithCryptoSignerOpts(s.hash))
	})
	if err != nil {
		return attest.Signature{}, fmt.Errorf("%w: %s: signing: %w", failure(err), s.ref, err)
	}
	if err := s.verifier.VerifySignature(bytes.NewReader(raw), nil, options.WithDigest(sum), options.WithCryptoSignerOpts(s.hash)); err != nil {
		return attest.Signature{}, fmt.Errorf("%w: %s: it returned no signature by its own key over the digest that it was given: %v", ErrUnavailable, s.ref, err)
	}
	return attest.Signature{Bytes: raw, Message: digest, KeyHint: s.hint, PublicKey: s.publicDER}, nil
}

// PublicPEM is the public key as a PKIX PEM block.
func (s *Signer) PublicPEM() []byte { return bytes.Clone(s.publicPEM) }
