// Package wire is the HTTP by which one registry is reached: bounded retries, no
// waiting without end, and no request to a place that the registry has no business
// sending its clients to.
package wire

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"net/url"
	"time"
)

// A Config says how a registry may be reached. Its zero values are not defaults:
// package oci has those.
type Config struct {
	// Host is the registry's host[:port].
	Host string
	// AllowHTTP lets the registry be reached without TLS. Loopback always may.
	AllowHTTP bool
	// CACert holds PEM certificates that are trusted besides the system's.
	CACert []byte
	// UserAgent is sent with every request.
	UserAgent string
	// Patience is how long an answer, or progress within one, may take.
	Patience time.Duration
	// Retries is how often a request that may be repeated is tried again.
	Retries int
	// Pause is the mean time before the first retry; it doubles.
	Pause time.Duration
	// Proxy finds the proxy for a request, as http.Transport.Proxy; nil for none.
	Proxy func(*http.Request) (*url.URL, error)
	// Base replaces the TCP and TLS layer; nil for the usual one. The check that no
	// name resolves to an address inside the network is then its own affair.
	Base http.RoundTripper
}

// New makes the transport for one registry. It is safe for concurrent use.
func New(c Config) (http.RoundTripper, error) {
	border := &border{host: c.Host, allowHTTP: c.AllowHTTP}
	base := c.Base
	if base == nil {
		tcp, err := c.transport(border)
		if err != nil {
			return nil, err
		}
		base = tcp
	}
	return &greeter{next: &retrier{
		next:    &guard{next: &patient{next: base, patience: c.Patience}, border: border, userAgent: c.UserAgent},
		retries: c.Retries,
		pause:   c.Pause,
	}}, nil
}

func (c Config) transport(b *border) (*http.Transport, error) {
	settings := &tls.Config{MinVersion: tls.VersionTLS12}
	if len(c.CACert) > 0 {
		pool, err := x509.SystemCertPool()
		if err != nil {
			pool = x509.NewCertPool()
		}
		if !pool.AppendCertsFromPEM(c.CACert) {
			return nil, errors.New("the registry's CA file holds no PEM certificate")
		}
		settings.RootCAs = pool
	}
	return &http.Transport{
		Proxy:                 b.remember(c.Proxy),
		DialContext:           b.dial,
		TLSClientConfig:       settings,
		TLSHandshakeTimeout:   c.Patience,
		ResponseHeaderTimeout: 2 * c.Patience, // the answer to an upload; others have a timer of their own
		IdleConnTimeout:       90 * time.Second,
		MaxIdleConnsPerHost:   16,
		ForceAttemptHTTP2:     true,
		// What is read is what the digest is over, and nothing can unfold to more
		// than was sent.
		DisableCompression:     true,
		MaxResponseHeaderBytes: 256 << 10,
	}, nil
}

// A RefusedError is a request that this package did not make, and why.
type RefusedError struct{ Reason string }

func (e *RefusedError) Error() string { return e.Reason }
