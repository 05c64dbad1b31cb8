package oci

import (
	"context"
	"io"
	"sync"

	"github.com/carnet-project/carnet/attest"
	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// A Store is the place that a target lies in: one repository of a registry, an OCI
// layout, a docker-archive or a single file. It is safe for concurrent use.
type Store struct {
	target  Target
	options Options
	// One of these is set; a file has neither.
	repo    *repository
	layout  *layout
	archive v1.Image

	mu sync.Mutex
	// known are the manifests that resolving has read already.
	known map[attest.Digest]*document
}

// Open opens the store that t lies in. A registry is not contacted before it is
// needed. The caller must Close the store.
func (c *Client) Open(ctx context.Context, t Target) (*Store, error) {
	s := &Store{target: t, options: c.options, known: map[attest.Digest]*document{}}
	var err error
	switch t.Scheme {
	case SchemeRegistry:
		if c.options.Offline {
			return nil, &Error{Op: "open", Place: t.Name(), Kind: KindOffline, Host: t.Repository.RegistryStr(), Detail: "lies in a registry, and no network may be used"}
		}
		s.repo, err = c.repository(t.Repository)
	case SchemeLayout:
		s.layout, err = openLayout(t.Path, c.options)
	case SchemeDockerArchive:
		s.archive, err = openDockerArchive(t.Path, c.options.Limits)
	case SchemeFile:
	default:
		err = failure(KindUnsupported, "a directory has no digest: it can be scanned, not signed or verified")
	}
	if err != nil {
		return nil, at(err, "open", t.Name())
	}
	return s, nil
}

// Close gives back what the store holds open.
func (s *Store) Close() error {
	if s.layout != nil {
		return s.layout.close()
	}
	return nil
}

// manifest reads a manifest or index by its digest, which is checked.
func (s *Store) manifest(ctx context.Context, d attest.Digest) (*document, error) {
	s.mu.Lock()
	doc, ok := s.known[d]
	s.mu.Unlock()
	if ok {
		return doc, nil
	}
	switch {
	case s.repo != nil:
		doc, _, err := s.repo.manifest(ctx, d.String())
		return doc, err
	case s.layout != nil:
		return s.layout.manifest(ctx, d)
	}
	return nil, s.at(failure(KindNotFound, "holds no manifest %s", d), "fetch manifest", "")
}

func (s *Store) remember(d attest.Digest, doc *document) {
	s.mu.Lock()
	s.known[d] = doc
	s.mu.Unlock()
}

// blob opens the content that d describes. Its reader checks digest and size.
func (s *Store) blob(ctx context.Context, d descriptor) (io.ReadCloser, error) {
	digest, err := d.named()
	switch {
	case err != nil:
		return nil, s.at(err, "fetch blob", "")
	case s.repo != nil:
		return s.repo.blob(ctx, digest, d.Size)
	}
	return s.layout.blob(ctx, digest, d.Size)
}

// bytes reads the content that d describes, which must not be longer than most. A
// descriptor that carries its content (OCI image specification 1.1, "data") costs
// no request.
func (s *Store) bytes(ctx context.Context, d descriptor, most int64) ([]byte, error) {
	digest, err := d.named()
	switch {
	case err != nil:
		return nil, s.at(err, "fetch blob", "")
	case d.Size > most:
		return nil, s.at(failure(KindOverBound, "has %d bytes, more than the bound of %d", d.Size, most), "fetch blob", digest.String())
	case int64(len(d.Data)) == d.Size && d.Size > 0:
		return d.Data, s.at(checkBytes(d.Data, digest), "read blob", digest.String())
	case s.repo != nil:
		return s.repo.blobBytes(ctx, digest, d.Size)
	}
	body, err := s.layout.blob(ctx, digest, d.Size)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	raw, err := readExactly(body, d.Size)
	return raw, s.at(err, "read blob", digest.String())
}

func (s *Store) at(err error, op, ref string) error {
	if err == nil {
		return nil
	}
	if s.repo != nil {
		return s.repo.at(err, op, ref)
	}
	place := s.target.Name()
	if ref != "" {
		place += " " + ref
	}
	return at(err, op, place)
}
