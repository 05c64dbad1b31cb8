package reference

import (
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"hash"
	"io"

	"github.com/klauspost/compress/gzip"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/internal/strict"
)

// A Packed is a document that was made ready to be stored.
type Packed struct {
	// Digest and Size are the document's own, Stored of what was written.
	Digest attest.Digest
	Size   int64
	Stored Stored
}

// Pack writes the document to stored, compressed, in one pass and constant memory. The same
// document always gives the same bytes: no name and no time is in them.
func Pack(stored io.Writer, document io.Reader) (Packed, error) {
	sum, packed := sha256.New(), sha256.New()
	var size, written count
	w, err := gzip.NewWriterLevel(io.MultiWriter(stored, packed, &written), gzip.DefaultCompression)
	if err != nil {
		return Packed{}, err
	}
	if _, err := io.CopyBuffer(struct{ io.Writer }{io.MultiWriter(w, sum, &size)}, struct{ io.Reader }{document}, make([]byte, 128<<10)); err != nil {
		return Packed{}, err
	}
	if err := w.Close(); err != nil {
		return Packed{}, err
	}
	p := Packed{Size: int64(size), Stored: Stored{Size: int64(written), Encoding: Gzip}}
	if p.Digest, err = attest.DigestOf("sha256", sum.Sum(nil)); err == nil {
		p.Stored.Digest, err = attest.DigestOf("sha256", packed.Sum(nil))
	}
	return p, err
}

type count int64

func (c *count) Write(p []byte) (int, error) {
	*c += count(len(p))
	return len(p), nil
}

// Open gives the document that is in the stored blob. Its reader says io.EOF only where the
// document has the digest and the size of the reference to the end, so that nothing may be
// believed before; and it gives never a byte more than that size, whatever stored unpacks to.
// What is larger than most bytes, itself or stored, is [attest.FaultTooLarge] at once; other
// errors are [attest.FaultContentMismatch] where the bytes are others than the reference
// names, [attest.FaultMalformed] where they are not of the encoding, and what stored's reader
// gives.
func (d Document) Open(stored io.Reader, most int64) (io.Reader, error) {
	if problem := d.Problem(); problem != "" {
		return nil, strict.Fault(attest.FaultUnsupported, "", "the reference can't be followed: %s", problem)
	}
	if d.Size > most || d.Stored.Size > most {
		return nil, strict.Fault(attest.FaultTooLarge, "", "the document has %d bytes and is stored in %d, over the bound of %d", d.Size, d.Stored.Size, most)
	}
	source := &source{from: io.LimitReader(stored, d.Stored.Size+1)}
	c := &checked{of: d, body: source, source: source, left: d.Size, sum: hasher(d.Digest().Algorithm())}
	if d.Stored.Encoding == Gzip {
		unpacked, err := gzip.NewReader(source)
		if err != nil {
			return nil, c.refused(err)
		}
		c.body = unpacked
	}
	return c, nil
}

// A source remembers how reading the stored bytes failed: what unpacks them may say so in
// other words.
type source struct {
	from io.Reader
	err  error
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.from.Read(p)
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}

// checked is a document as it is read.
type checked struct {
	of     Document
	body   io.Reader
	source *source
	left   int64
	sum    hash.Hash
	err    error
}

func (c *checked) Read(p []byte) (int, error) {
	if c.err != nil {
		return 0, c.err
	}
	// One byte more than is due shows that there is too much.
	if int64(len(p)) > c.left+1 {
		p = p[:c.left+1]
	}
	n, err := c.body.Read(p)
	if c.left -= int64(n); c.left < 0 {
		c.err = strict.Fault(attest.FaultContentMismatch, "", "the document is larger than the %d bytes that the reference says", c.of.Size)
		return 0, c.err
	}
	c.sum.Write(p[:n])
	switch err {
	case nil:
	case io.EOF:
		c.err = c.end()
	default:
		c.err = c.refused(err)
	}
	return n, c.err
}

func (c *checked) end() error {
	if c.left > 0 {
		return strict.Fault(attest.FaultContentMismatch, "", "the document ends %d bytes before the %d that the reference says", c.left, c.of.Size)
	}
	want := c.of.Digest()
	if got, _ := attest.DigestOf(want.Algorithm(), c.sum.Sum(nil)); got != want {
		return strict.Fault(attest.FaultContentMismatch, "", "the document's digest is %s, and the reference says %s", got, want)
	}
	return io.EOF
}

// refused says why the stored bytes can't be unpacked.
func (c *checked) refused(err error) error {
	if c.source.err != nil {
		return c.source.err
	}
	if errors.Is(err, gzip.ErrHeader) || errors.Is(err, gzip.ErrChecksum) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return strict.Fault(attest.FaultMalformed, "", "the stored document is not whole gzip: %v", err)
	}
	return strict.Fault(attest.FaultMalformed, "", "the stored document is not gzip: %v", err)
}

func hasher(algorithm string) hash.Hash {
	switch algorithm {
	case "sha384":
		return sha512.New384()
	case "sha512":
		return sha512.New()
	}
	return sha256.New()
}
