package scan

import (
	"archive/tar"
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"hash"
	"io"
	"path"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// A layer is a v1.Layer that unpacks itself with a faster inflate than go-containerregistry's, within a
// budget, and checks what it read against the manifest: go-containerregistry does not for a layout.
type layer struct {
	v1.Layer
	digest, diffID v1.Hash
	budget         *budget
	matcher        *matcher
}

// Uncompressed unpacks in a goroutine of its own, so that inflating and writing to disk overlap.
func (l layer) Uncompressed() (io.ReadCloser, error) {
	blob, want, err := l.open()
	if err != nil {
		return nil, fmt.Errorf("layer %s: %w", l.digest, err)
	}
	r, w := io.Pipe()
	go func() {
		err := l.unpack(w, blob, want)
		if closeErr := blob.Close(); err == nil {
			err = closeErr
		}
		if err != nil {
			err = fmt.Errorf("layer %s: %w", l.digest, err)
		}
		w.CloseWithError(err)
	}()
	return r, nil
}

// open returns the layer's bytes and the digest they must have. A layer that is kept uncompressed is not
// asked for its compressed form, which would have to be made.
func (l layer) open() (io.ReadCloser, v1.Hash, error) {
	mediaType, err := l.MediaType()
	if err != nil {
		return nil, v1.Hash{}, err
	}
	if mediaType == types.OCIUncompressedLayer || mediaType == types.DockerUncompressedLayer {
		blob, err := l.Layer.Uncompressed()
		return blob, l.diffID, err
	}
	blob, err := l.Layer.Compressed()
	return blob, l.digest, err
}

// unpack writes the layer's tar to w. An error of w's own is passed on as it is.
func (l layer) unpack(w io.Writer, blob io.Reader, want v1.Hash) error {
	digest, err := v1.Hasher(want.Algorithm)
	if err != nil {
		return err
	}
	read := bufio.NewReaderSize(io.TeeReader(blob, digest), 1<<18)
	content, err := decompress(read)
	if err != nil {
		return err
	}
	defer content.Close()
	write := bufio.NewWriterSize(meter{w, l.budget}, 1<<18)
	if err := l.walk(io.TeeReader(content, write)); err != nil {
		return err
	}
	if err := write.Flush(); err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, read); err != nil {
		return err
	}
	return match(digest, want)
}

// walk reads a tar to its end, the padding too, and spends an entry for each header. Debian's packages bring
// licence texts, so as soon as it is seen to be Debian the matcher is compiled, while the rest is unpacked.
func (l layer) walk(content io.Reader) error {
	files := tar.NewReader(content)
	for {
		header, err := files.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("read tar: %w", err)
		}
		if err := l.budget.spendEntry(); err != nil {
			return err
		}
		if isDebian(header.Name) {
			l.matcher.warm()
		}
	}
	_, err := io.Copy(io.Discard, content)
	return err
}

// isDebian tells the files that Debian and what derives from it have: the first comes early in a tar, the
// others are the licence texts themselves, of which images without a distribution have some too.
func isDebian(name string) bool {
	name = strings.TrimPrefix(name, "./")
	return name == "etc/debian_version" || strings.HasPrefix(name, "usr/share/doc/") && path.Base(name) == "copyright"
}

func match(digest hash.Hash, want v1.Hash) error {
	if got := fmt.Sprintf("%x", digest.Sum(nil)); got != want.Hex {
		return fmt.Errorf("its content is %s:%s: it is corrupt or was replaced, fetch the image again", want.Algorithm, got)
	}
	return nil
}

// decompress recognises gzip and zstd by their first bytes, as container engines do; media types are
// often wrong.
func decompress(r *bufio.Reader) (io.ReadCloser, error) {
	head, err := r.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	switch {
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		return gzip.NewReader(r)
	case bytes.Equal(head, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		// 128 MiB is the window of zstd --long, the largest that decoders accept unasked.
		d, err := zstd.NewReader(r, zstd.WithDecoderMaxWindow(128<<20), zstd.WithDecoderConcurrency(1))
		if err != nil {
			return nil, err
		}
		return d.IOReadCloser(), nil
	}
	return io.NopCloser(r), nil
}
