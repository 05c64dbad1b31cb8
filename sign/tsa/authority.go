package tsa

import (
	"bytes"
	"context"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/digitorus/timestamp"
	sigstore "github.com/sigstore/sigstore-go/pkg/sign"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/sign/internal/retry"
)

// maxAnswer bounds the authority's answer in bytes. One with its certificates has some
// thousands.
const maxAnswer = 1 << 20

// ErrExpired is a timestamp that came after the end of the signer's certificate, so that
// it does not help: the signature must be made again.
var ErrExpired = errors.New("the signer's certificate had ended when the signature was timestamped")

// Options say which authority to ask.
type Options struct {
	// URL is the authority's full URL, with its path.
	URL string
	// Client carries the requests by its Transport; its Timeout bounds each attempt,
	// where zero is 30 seconds. A nil Client is the default one.
	Client *http.Client
	// RetryFor is how long an authority that is out of reach or out of order is asked
	// again; zero asks once.
	RetryFor time.Duration
	// Now is the clock that RetryFor is measured by; nil is the machine's.
	Now func() time.Time
	// Wait sleeps between two attempts; nil does so.
	Wait func(ctx context.Context, d time.Duration) error
}

// An Authority timestamps signatures (RFC 3161). It implements sign.Witness and may be
// used from several goroutines at once.
type Authority struct{ options Options }

// New is the authority at a URL. Nothing is asked yet.
func New(o Options) *Authority { return &Authority{o} }

// URL is where the authority is asked.
func (a *Authority) URL() string { return a.options.URL }

// Witness has the SHA-256 of b's signature timestamped, and returns the response if it
// is about that signature and from within the validity of b's certificate; later is
// [ErrExpired]. Whether the authority is trusted is for verifiers to say.
func (a *Authority) Witness(ctx context.Context, b *attest.Bundle) (attest.Proof, error) {
	signature := b.Signature()
	var response []byte
	policy := retry.Policy{For: a.options.RetryFor, Now: a.options.Now, Wait: a.options.Wait}
	err := policy.Do(ctx, func(ctx context.Context) (err error) {
		client := sigstore.NewTimestampAuthority(&sigstore.TimestampAuthorityOptions{
			URL:       a.options.URL,
			Timeout:   -1, // the transport has one
			Transport: retry.NewTransport(ctx, a.options.Client, maxAnswer),
		})
		response, err = client.GetTimestamp(ctx, signature)
		return err
	})
	if err != nil {
		return attest.Proof{}, fmt.Errorf("asking for a timestamp: %w", err)
	}
	if err := check(response, b); err != nil {
		return attest.Proof{}, fmt.Errorf("the timestamp of %s: %w", a.options.URL, err)
	}
	return attest.Proof{Timestamp: response}, nil
}

// check holds the response against the bundle that it was asked for. ParseResponse has
// seen that the request was granted and that the authority's signature is one of the
// certificate in the response, if there is one.
func check(response []byte, b *attest.Bundle) error {
	stamp, err := timestamp.ParseResponse(response)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(b.Signature())
	if stamp.HashAlgorithm != crypto.SHA256 || !bytes.Equal(stamp.HashedMessage, sum[:]) {
		return fmt.Errorf("it is of another signature: of the %v digest %x, and %x was sent", stamp.HashAlgorithm, stamp.HashedMessage, sum)
	}
	if len(b.Certificates()) == 0 {
		return nil
	}
	leaf, err := x509.ParseCertificate(b.Certificates()[0])
	if err != nil {
		return fmt.Errorf("reading the signer's certificate: %w", err)
	}
	if stamp.Time.Before(leaf.NotBefore) {
		return fmt.Errorf("it says %s, and the signer's certificate begins at %s", stamp.Time.UTC().Format(time.RFC3339), leaf.NotBefore.UTC().Format(time.RFC3339))
	}
	if stamp.Time.After(leaf.NotAfter) {
		return fmt.Errorf("%w: it ended at %s and the timestamp says %s", ErrExpired, leaf.NotAfter.UTC().Format(time.RFC3339), stamp.Time.UTC().Format(time.RFC3339))
	}
	return nil
}
