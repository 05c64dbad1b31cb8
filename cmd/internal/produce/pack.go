package produce

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/cmd/internal/cli"
)

// maxPackBytes bounds what quickstart packs, for it is held in memory.
const maxPackBytes = 1 << 30

// packPath makes an image of one layer that holds a file or a directory's files.
// Neither times nor owners enter it, so that equal content is an equal image.
func packPath(root string) (v1.Image, error) {
	var layer bytes.Buffer
	w := tar.NewWriter(&layer)
	err := filepath.WalkDir(root, func(p string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		return packFile(w, p, packName(root, p), &layer)
	})
	if err != nil {
		return nil, fmt.Errorf("packing %s: %w", root, err)
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	config := &v1.ConfigFile{OS: runtime.GOOS, Architecture: runtime.GOARCH, Config: v1.Config{Entrypoint: []string{"/" + filepath.Base(root)}}}
	img, err := mutate.ConfigFile(mutate.MediaType(mutate.ConfigMediaType(empty.Image, types.OCIConfigJSON), types.OCIManifestSchema1), config)
	if err != nil {
		return nil, err
	}
	return mutate.AppendLayers(img, static.NewLayer(layer.Bytes(), types.OCIUncompressedLayer))
}

func packName(root, p string) string {
	rel, err := filepath.Rel(root, p)
	if err != nil || rel == "." {
		return filepath.Base(p)
	}
	return path.Join(filepath.Base(root), filepath.ToSlash(rel))
}

func packFile(w *tar.Writer, file, name string, packed *bytes.Buffer) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if int64(packed.Len())+info.Size() > maxPackBytes {
		return cli.Usagef("is over %d bytes: choose something smaller to try with", maxPackBytes)
	}
	if err := w.WriteHeader(&tar.Header{Name: name, Mode: int64(info.Mode().Perm() & 0o755), Size: info.Size(), Typeflag: tar.TypeReg}); err != nil {
		return err
	}
	_, err = io.CopyN(w, f, info.Size())
	return err
}

// indexOf makes an index of the platforms of an image that lies elsewhere.
func indexOf(ctx context.Context, s *subject) (v1.ImageIndex, error) {
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, n := range s.artifact.Runnable() {
		img, err := s.store.Image(ctx, n.Digest)
		if err != nil {
			return nil, cli.StoreError(err)
		}
		platform, err := nodePlatform(ctx, s, n)
		if err != nil {
			return nil, err
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: img, Descriptor: v1.Descriptor{Platform: platform}})
	}
	return index, nil
}

func nodePlatform(ctx context.Context, s *subject, n artifact.Artifact) (*v1.Platform, error) {
	name := n.Platform
	if name == "" {
		var err error
		if name, err = s.store.Platform(ctx, n.Digest); err != nil {
			return nil, cli.StoreError(err)
		}
	}
	return v1.ParsePlatform(name)
}
