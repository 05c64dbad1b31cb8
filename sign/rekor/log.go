package rekor

import (
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"time"

	bundlepb "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	commonpb "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	sigstore "github.com/sigstore/sigstore-go/pkg/sign"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/sign/internal/retry"
)

// maxAnswer bounds a log's answer in bytes. The one of version 1 may hold a whole
// attestation; an entry and its proof have some thousands.
const maxAnswer = 10 << 20

// The versions of Rekor's API.
const (
	V1 = 1
	V2 = 2
)

var (
	// ErrAlreadyLogged is a signature that a log of version 2 has already, whose answer
	// then holds no proof: the answer to an earlier attempt was lost, for example. To
	// build the proof from the log's tiles takes the log's public key, which a signer
	// does not have. A new signature can be logged.
	ErrAlreadyLogged = errors.New("the log has this signature already, and gives its proof only once: sign again")

	// ErrNoKey is a bundle with neither a certificate nor a known public key.
	ErrNoKey = errors.New("a log takes no signature without its public key or certificate")

	// ErrPureEd25519 is a statement's signature by an Ed25519 key: version 2 logs
	// digests, and Ed25519 without a prehash signs none.
	ErrPureEd25519 = errors.New("Rekor v2 cannot log a statement that is signed with an Ed25519 key: use a key of another algorithm, or a log of version 1") //nolint:staticcheck // a name

	// ErrNotSHA256 is a statement's signature by a P-384 or P-521 key over a hash of
	// that size: version 1 verifies statements by SHA-256 alone (rekor, dsse v0.0.1).
	ErrNotSHA256 = errors.New("Rekor v1 cannot log a statement that is not signed over SHA-256: use a P-256 or RSA key, or a log of version 2") //nolint:staticcheck // a name
)

// Options say which log to ask.
type Options struct {
	// URL is the log's base URL, without the API's path.
	URL string
	// Version is that of the log's API: V1 or V2.
	Version int
	// Client carries the requests by its Transport; its Timeout bounds each attempt,
	// where zero is 30 seconds. A nil Client is the default one.
	Client *http.Client
	// RetryFor is how long a log that is out of reach or out of order is asked again;
	// zero asks once.
	RetryFor time.Duration
	// Now is the clock that RetryFor is measured by; nil is the machine's.
	Now func() time.Time
	// Wait sleeps between two attempts; nil does so.
	Wait func(ctx context.Context, d time.Duration) error
}

// A Log records signatures. It implements sign.Witness and may be used from several
// goroutines at once.
type Log struct{ options Options }

// New is the log at a URL. Nothing is asked yet.
func New(o Options) *Log { return &Log{o} }

// URL is where the log is asked.
func (l *Log) URL() string { return l.options.URL }

// Version is that of the log's API.
func (l *Log) Version() int { return l.options.Version }

// Witness has b's signature recorded and returns the entry, which names that signature
// and what it is of. Whether the log is trusted and its proof right is for verifiers to
// say.
//
// A log of version 2 gets digest, signature and the certificate or key; one of version 1
// a statement's whole envelope. The error is ErrNoKey, ErrPureEd25519, ErrNotSHA256,
// ErrAlreadyLogged, ErrExpired, or that of the log.
func (l *Log) Witness(ctx context.Context, b *attest.Bundle) (attest.Proof, error) {
	signed, key, err := material(b)
	if err != nil {
		return attest.Proof{}, err
	}
	if err := l.loggable(b, key); err != nil {
		return attest.Proof{}, err
	}
	policy := retry.Policy{For: l.options.RetryFor, Now: l.options.Now, Wait: l.options.Wait}
	var sent *bundlepb.Bundle
	err = policy.Do(ctx, func(ctx context.Context) error {
		// The client appends to the bundle that it is given.
		sent = &bundlepb.Bundle{Content: signed.Content, VerificationMaterial: &bundlepb.VerificationMaterial{
			Content: signed.VerificationMaterial.Content,
		}}
		transport := retry.NewTransport(ctx, l.options.Client, maxAnswer)
		return l.client(ctx, transport).GetTransparencyLogEntry(ctx, pem.EncodeToMemory(key), sent)
	})
	if err != nil {
		return attest.Proof{}, fmt.Errorf("having the signature logged: %w", err)
	}
	entries := sent.GetVerificationMaterial().GetTlogEntries()
	if len(entries) != 1 {
		return attest.Proof{}, fmt.Errorf("%s gave %d entries, want one", l.options.URL, len(entries))
	}
	if err := check(entries[0], b, key); err != nil {
		return attest.Proof{}, fmt.Errorf("the entry of %s: %w", l.options.URL, err)
	}
	return attest.Proof{Entry: entries[0]}, nil
}

// client is sigstore-go's, for one attempt.
func (l *Log) client(ctx context.Context, transport http.RoundTripper) *sigstore.Rekor {
	client := &http.Client{Transport: transport}
	return sigstore.NewRekor(&sigstore.RekorOptions{
		BaseURL:  l.options.URL,
		Timeout:  -1,                        // the transport has one
		Version:  uint32(l.options.Version), //nolint:gosec // it is 1 or 2
		Client:   &clientV1{ctx: ctx, url: l.options.URL, http: client},
		ClientV2: &clientV2{url: l.options.URL, http: client},
	})
}

// material is what is signed and by whom, as the client wants it: with the signer's own
// certificate where the bundle has a chain, because it takes a chain's for a public key.
func material(b *attest.Bundle) (*bundlepb.Bundle, *pem.Block, error) {
	if b.Form() == attest.FormSimpleSigning || b.Protobuf() == nil {
		return nil, nil, fmt.Errorf("a %s has no place in a log", b.Form())
	}
	signed := &bundlepb.Bundle{Content: b.Protobuf().Content, VerificationMaterial: &bundlepb.VerificationMaterial{}}
	if chain := b.Certificates(); len(chain) > 0 {
		signed.VerificationMaterial.Content = &bundlepb.VerificationMaterial_Certificate{
			Certificate: &commonpb.X509Certificate{RawBytes: chain[0]},
		}
		return signed, &pem.Block{Type: "CERTIFICATE", Bytes: chain[0]}, nil
	}
	if len(b.PublicKey()) == 0 {
		return nil, nil, ErrNoKey
	}
	signed.VerificationMaterial.Content = b.Protobuf().GetVerificationMaterial().GetContent()
	return signed, &pem.Block{Type: "PUBLIC KEY", Bytes: b.PublicKey()}, nil
}
