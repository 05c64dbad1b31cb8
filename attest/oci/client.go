package oci

import (
	"context"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/carnet-project/carnet/attest/oci/internal/wire"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
)

// Options says how stores are reached. The zero Options reaches public registries
// over TLS without credentials.
type Options struct {
	// Keychain finds credentials; nil for none. Username and Password, where
	// Username is set, go before it.
	Keychain           authn.Keychain
	Username, Password string
	// AllowHTTP lets registries be reached without TLS. Loopback always may.
	AllowHTTP bool
	// CACert holds PEM certificates that are trusted besides the system's.
	CACert []byte
	// Proxy finds the proxy for a request, as http.Transport.Proxy; nil for none.
	Proxy     func(*http.Request) (*url.URL, error)
	UserAgent string
	// Offline refuses every target in a registry.
	Offline bool
	// LockDir is a directory for lock files, by which the processes of one machine
	// take turns at one subject's fallback tag. Without it they rely on looking again.
	LockDir string
	// Created is written to what is attached as org.opencontainers.image.created. The
	// zero time leaves it out, so that the same bundle always has the same manifest.
	Created time.Time
	// Patience is how long an answer, or 1 KiB of progress within one, may take; 30 s.
	Patience time.Duration
	// Retries is how often a request is repeated after a passing failure; 3. A
	// negative number means never.
	Retries int
	// Pause is the mean time before the first retry, which then doubles; 250 ms.
	Pause time.Duration
	// Parallel is how many requests run at the same time in one store; 8.
	Parallel int
	Limits   Limits
	// Transport replaces the TCP and TLS layer. Its owner then answers for which
	// addresses names may resolve to.
	Transport http.RoundTripper
}

// Limits bounds what a store can make its reader do. Zero fields have the defaults
// that are given here.
type Limits struct {
	// Referrers is how many entries the listings for one subject may have; 1,000.
	Referrers int
	// Pages is how many pages one listing may have; 200.
	Pages int
	// BundleBytes is the size of one bundle; 128 MiB.
	BundleBytes int64
	// ManifestBytes is the size of one manifest, index or page of a listing; 8 MiB.
	ManifestBytes int64
	// Entries is how many entries an image index, with those inside it, a layout or
	// an archive may have; 10,000.
	Entries int
	// Depth is how deep image indexes may lie in each other; 4.
	Depth int
}

func (l Limits) withDefaults() Limits {
	orElse(&l.Referrers, 1000)
	orElse(&l.Pages, 200)
	orElse(&l.BundleBytes, 128<<20)
	orElse(&l.ManifestBytes, 8<<20)
	orElse(&l.Entries, 10_000)
	orElse(&l.Depth, 4)
	return l
}

func orElse[T comparable](v *T, otherwise T) {
	var zero T
	if *v == zero {
		*v = otherwise
	}
}

// A Client opens stores. Stores of one registry share its connections, and stores
// of one repository its authentication. It is safe for concurrent use.
type Client struct {
	options Options

	mu           sync.Mutex
	wires        map[string]http.RoundTripper // by registry host
	repositories map[string]*repository       // by name
}

// NewClient makes a client. It touches neither network nor disk.
func NewClient(o Options) *Client {
	o.Limits = o.Limits.withDefaults()
	orElse(&o.Patience, 30*time.Second)
	orElse(&o.Retries, 3)
	orElse(&o.Pause, 250*time.Millisecond)
	orElse(&o.Parallel, 8)
	o.Retries = max(o.Retries, 0)
	return &Client{options: o, wires: map[string]http.RoundTripper{}, repositories: map[string]*repository{}}
}

// repository is the one session that all stores of a repository share.
func (c *Client) repository(n name.Repository) (*repository, error) {
	host := n.RegistryStr()
	if c.options.AllowHTTP || wire.IsLoopback(host) {
		registry, err := name.NewRegistry(host, name.Insecure)
		if err != nil {
			return nil, failure(KindUsage, "%q is not a registry", host)
		}
		n.Registry = registry
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if known, ok := c.repositories[n.Name()]; ok {
		return known, nil
	}
	w, ok := c.wires[host]
	if !ok {
		var err error
		if w, err = c.wire(host); err != nil {
			return nil, failure(KindUsage, "%v", err)
		}
		c.wires[host] = w
	}
	r := &repository{name: n, wire: w, options: c.options, turn: make(chan struct{}, 1), slots: make(chan struct{}, c.options.Parallel)}
	c.repositories[n.Name()] = r
	return r, nil
}

func (c *Client) wire(host string) (http.RoundTripper, error) {
	return wire.New(wire.Config{
		Host:      host,
		AllowHTTP: c.options.AllowHTTP,
		CACert:    c.options.CACert,
		UserAgent: c.options.UserAgent,
		Patience:  c.options.Patience,
		Retries:   c.options.Retries,
		Pause:     c.options.Pause,
		Proxy:     c.options.Proxy,
		Base:      c.options.Transport,
	})
}

// each calls work for 0 to n-1, at most parallel at a time, and returns the first
// error, after which no further call begins.
func each(ctx context.Context, n, parallel int, work func(ctx context.Context, i int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	slots := make(chan struct{}, parallel)
	var running sync.WaitGroup
	for i := 0; i < n && ctx.Err() == nil; i++ {
		select {
		case <-ctx.Done():
		case slots <- struct{}{}:
			running.Go(func() {
				defer func() { <-slots }()
				if err := work(ctx, i); err != nil {
					cancel(err)
				}
			})
		}
	}
	running.Wait()
	return context.Cause(ctx)
}
