package fulcio

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/sign/internal/message"
)

// Options say where and for whom to sign.
type Options struct {
	// URL is the authority's base URL, without the API's path.
	URL string
	// Token gets an OIDC identity token. It is called once for each certificate, never
	// again after a refusal.
	Token func(ctx context.Context) (string, error)
	// Client carries the requests by its Transport; its Timeout bounds each attempt,
	// where zero is 30 seconds. A nil Client is the default one.
	Client *http.Client
	// RetryFor is how long an authority that is out of reach or out of order is asked
	// again; zero asks once.
	RetryFor time.Duration
	// Now is the clock that a certificate's validity is judged by; nil is the machine's.
	Now func() time.Time
	// Wait sleeps between two attempts; nil does so.
	Wait func(ctx context.Context, d time.Duration) error
}

// margin is the validity that a certificate must have left to sign with it, so that the
// signature can be timestamped within it.
const margin = time.Minute

// A Signer signs with an ECDSA P-256 key that is never stored. It implements
// sign.Signer and may be used from several goroutines at once.
//
// The first signature asks for a certificate, one for all that sign at that time. It
// serves until less than a minute of its validity is left; then there is a new key and a
// new certificate.
type Signer struct {
	options Options

	mu      sync.Mutex
	held    *credential
	request *request // the one that is under way
}

// New is a signer that asks the authority when it first signs.
func New(o Options) *Signer {
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Signer{options: o}
}

// Sign signs what content reads, as SHA-256 and in constant memory. The error is that of
// reading content, of the token, of ctx, an *[Error] if the authority refuses, or what is
// wrong with its certificate.
func (s *Signer) Sign(ctx context.Context, content io.Reader) (attest.Signature, error) {
	// Whoever may not sign hears of it before a large file has been read.
	if _, err := s.credential(ctx); err != nil {
		return attest.Signature{}, err
	}
	digest, err := message.Digest(ctx, crypto.SHA256, content)
	if err != nil {
		return attest.Signature{}, err
	}
	c, err := s.credential(ctx) // another one, if reading took long
	if err != nil {
		return attest.Signature{}, err
	}
	raw, err := ecdsa.SignASN1(rand.Reader, c.private, digest.Bytes())
	if err != nil {
		return attest.Signature{}, fmt.Errorf("signing with the certified key: %w", err)
	}
	return attest.Signature{Bytes: raw, Message: digest, PublicKey: c.publicDER, Certificates: [][]byte{c.der}}, nil
}

// Certificate is what the certificate says that signs now. It asks for one if there is
// none yet.
func (s *Signer) Certificate(ctx context.Context) (attest.Certificate, error) {
	c, err := s.credential(ctx)
	if err != nil {
		return attest.Certificate{}, err
	}
	return c.facts, nil
}

// PublicPEM is the certified public key as a PKIX PEM block. It asks for a certificate
// if there is none yet.
func (s *Signer) PublicPEM(ctx context.Context) ([]byte, error) {
	c, err := s.credential(ctx)
	if err != nil {
		return nil, err
	}
	pem, err := c.GetPublicKeyPem()
	return []byte(pem), err
}

// Format prints the authority and never the key, whatever the verb.
func (s *Signer) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "fulcio signer of %s", s.options.URL)
}

// A request for a certificate that several signatures wait for.
type request struct {
	done chan struct{}
	got  *credential
	err  error
	// left is set if who began the request did not wait for its end: the others may.
	left bool
}

// credential is the one to sign with now.
func (s *Signer) credential(ctx context.Context) (*credential, error) {
	for {
		s.mu.Lock()
		if s.held != nil && s.held.facts.NotAfter.Sub(s.options.Now()) >= margin {
			defer s.mu.Unlock()
			return s.held, nil
		}
		r := s.request
		if r == nil {
			r = &request{done: make(chan struct{})}
			s.request = r
			s.mu.Unlock()
			return s.ask(ctx, r)
		}
		s.mu.Unlock()
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-r.done:
		}
		if !r.left {
			return r.got, r.err
		}
	}
}

// ask makes the request and hands its result to all who wait.
func (s *Signer) ask(ctx context.Context, r *request) (*credential, error) {
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if r.got != nil {
			s.held = r.got
		}
		s.request = nil
		r.left = r.got == nil && (ctx.Err() != nil || r.err == nil)
		close(r.done)
	}()
	r.got, r.err = s.certify(ctx)
	return r.got, r.err
}
