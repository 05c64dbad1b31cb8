package oci

import (
	"bytes"
	"context"
	"io"

	"github.com/carnet-project/carnet/attest"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// Image gives the image manifest d as go-containerregistry's noun, for scans. Each
// call of a layer's Compressed or Uncompressed reads the layer once from the store,
// checked against its digest as it comes. ctx serves those reads too.
func (s *Store) Image(ctx context.Context, d attest.Digest) (v1.Image, error) {
	if s.archive != nil {
		return s.archive, nil
	}
	doc, err := s.manifest(ctx, d)
	if err != nil {
		return nil, err
	}
	if !isManifest(doc.MediaType) || doc.Config == nil {
		return nil, s.at(failure(KindUnsupported, "is a %q, want an image", plain(doc.MediaType)), "read image", d.String())
	}
	img, err := partial.CompressedToImage(&core{ctx: ctx, store: s, doc: doc})
	return img, s.at(err, "read image", d.String())
}

// Platform reads the platform of the image manifest d from its config, which costs
// one request more: os/arch[/variant].
func (s *Store) Platform(ctx context.Context, d attest.Digest) (string, error) {
	img, err := s.Image(ctx, d)
	if err != nil {
		return "", err
	}
	config, err := img.ConfigFile()
	if err != nil {
		return "", s.at(err, "read config", d.String())
	}
	p := platform{OS: config.OS, Architecture: config.Architecture, Variant: config.Variant}
	if p.OS == "" || p.Architecture == "" {
		return "", nil
	}
	return p.String(), nil
}

// core is what go-containerregistry needs to make an image of: bytes by digest.
type core struct {
	ctx   context.Context
	store *Store
	doc   *document
}

func (c *core) RawManifest() ([]byte, error) { return bytes.Clone(c.doc.raw), nil }

func (c *core) MediaType() (types.MediaType, error) { return types.MediaType(c.doc.MediaType), nil }

// maxConfigBytes bounds an image's config.
const maxConfigBytes = 8 << 20

func (c *core) RawConfigFile() ([]byte, error) {
	return c.store.bytes(c.ctx, *c.doc.Config, maxConfigBytes)
}

func (c *core) LayerByDigest(h v1.Hash) (partial.CompressedLayer, error) {
	if h.String() == c.doc.Config.Digest {
		return &layer{c, *c.doc.Config}, nil
	}
	for _, d := range c.doc.Layers {
		if d.Digest == h.String() {
			return &layer{c, d}, nil
		}
	}
	return nil, failure(KindNotFound, "the image has no layer %s", h)
}

type layer struct {
	*core
	descriptor descriptor
}

func (l *layer) Digest() (v1.Hash, error) { return v1.NewHash(l.descriptor.Digest) }
func (l *layer) Size() (int64, error)     { return l.descriptor.Size, nil }
func (l *layer) MediaType() (types.MediaType, error) {
	return types.MediaType(l.descriptor.MediaType), nil
}

func (l *layer) Compressed() (io.ReadCloser, error) { return l.store.blob(l.ctx, l.descriptor) }
