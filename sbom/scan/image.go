package scan

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/anchore/go-sync"
	"github.com/anchore/stereoscope/pkg/image"
	"github.com/anchore/syft/syft/source"
	"github.com/anchore/syft/syft/source/stereoscopesource"
)

// maxConfigBytes bounds an image's config; 4 MiB is what registries accept for a manifest.
const maxConfigBytes = 4 << 20

// Image scans img, whose name is the repository's canonical name without tag or digest. The document's
// subject is that name at the digest of img's manifest.
//
// The manifest is believed, for the caller asked for its digest; config and layers are checked against it.
// An image that does not agree with its manifest, unpacks to more than Options allow, or has a layer that
// cannot be unpacked is an error that names the part.
func (s *Scanner) Image(ctx context.Context, img v1.Image, name string) (*Result, error) {
	r, err := s.image(ctx, img, name)
	if err != nil {
		return nil, fmt.Errorf("scan image %q: %w", name, err)
	}
	return r, nil
}

func (s *Scanner) image(ctx context.Context, img v1.Image, name string) (_ *Result, err error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	unpacked, err := s.bind(img)
	if err != nil {
		return nil, err
	}
	manifest, err := img.RawManifest()
	if err != nil {
		return nil, fmt.Errorf("read manifest: %w", err)
	}
	digest := sha256Digest(manifest)

	dir, err := s.tempDir()
	if err != nil {
		return nil, fmt.Errorf("make a place for its layers: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()

	content := image.New(unpacked, nil, dir, image.WithManifest(manifest))
	defer func() { err = errors.Join(err, content.Cleanup()) }()
	if err := content.Read(s.withExecutors(ctx)); err != nil {
		return nil, err
	}
	s.matcher.await()
	src := stereoscopesource.New(content, stereoscopesource.ImageConfig{
		Reference: name + "@" + digest,
		Alias:     source.Alias{Name: name, Version: digest},
	})
	return s.catalog(ctx, src, createdOf(content))
}

// withExecutors bounds how many layers are fetched and indexed at once. Left alone, stereoscope reads a
// registry's layers one after the other.
func (s *Scanner) withExecutors(ctx context.Context) context.Context {
	ctx = sync.SetContextExecutor(ctx, image.LayerFetchExecutor, sync.NewExecutor(s.opts.Parallelism))
	return sync.SetContextExecutor(ctx, image.LayerIndexExecutor, sync.NewExecutor(s.opts.Parallelism))
}

// createdOf is when the image says it was made; zero if it does not say, or says a year RFC 3339 lacks.
func createdOf(img *image.Image) time.Time {
	created := img.Metadata.Config.Created.Time
	if y := created.Year(); y < 1970 || y > 9999 {
		return time.Time{}
	}
	return created
}

// bound is an image whose config agrees with its manifest and whose layers check themselves.
type bound struct {
	v1.Image
	layers []v1.Layer
}

func (b bound) Layers() ([]v1.Layer, error) { return b.layers, nil }

// bind checks what can be checked before the layers are read.
func (s *Scanner) bind(img v1.Image) (v1.Image, error) {
	manifest, err := img.Manifest()
	if err != nil {
		return nil, fmt.Errorf("read manifest: %w", err)
	}
	if manifest.Config.Size > maxConfigBytes {
		return nil, fmt.Errorf("%w: its config has %d bytes, more than %d", ErrTooLarge, manifest.Config.Size, maxConfigBytes)
	}
	raw, err := img.RawConfigFile()
	if err != nil {
		return nil, fmt.Errorf("read config %s: %w", manifest.Config.Digest, err)
	}
	if got := sha256Digest(raw); got != manifest.Config.Digest.String() {
		return nil, fmt.Errorf("config is %s, but the manifest names %s", got, manifest.Config.Digest)
	}
	config, err := img.ConfigFile()
	if err != nil {
		return nil, fmt.Errorf("read config %s: %w", manifest.Config.Digest, err)
	}
	layers, err := img.Layers()
	if err != nil {
		return nil, fmt.Errorf("list layers: %w", err)
	}
	if n := len(config.RootFS.DiffIDs); n != len(layers) || n != len(manifest.Layers) {
		return nil, fmt.Errorf("manifest lists %d layers, but the config %d: it is no container image", len(manifest.Layers), n)
	}
	b := bound{Image: img, layers: make([]v1.Layer, len(layers))}
	rest := s.newBudget()
	for i, l := range layers {
		b.layers[i] = layer{Layer: l, digest: manifest.Layers[i].Digest, diffID: config.RootFS.DiffIDs[i], budget: rest, matcher: &s.matcher}
	}
	return b, nil
}

func sha256Digest(b []byte) string {
	sum := sha256.Sum256(b)
	return "sha256:" + hex.EncodeToString(sum[:])
}
