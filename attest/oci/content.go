package oci

import (
	"crypto/sha256"
	"crypto/sha512"
	"hash"
	"io"

	"github.com/carnet-project/carnet/attest"
)

func hasherOf(d attest.Digest) hash.Hash {
	switch d.Algorithm() {
	case "sha384":
		return sha512.New384()
	case "sha512":
		return sha512.New()
	}
	return sha256.New()
}

// checkBytes says whether raw is what d names.
func checkBytes(raw []byte, d attest.Digest) error {
	h := hasherOf(d)
	h.Write(raw)
	if got, _ := attest.DigestOf(d.Algorithm(), h.Sum(nil)); got != d {
		return mismatch("the content's digest is %s", got)
	}
	return nil
}

// mismatch says that a store gave other content than was asked for, in a way that
// who judges evidence can tell from content that merely did not arrive.
func mismatch(format string, args ...any) *Error {
	e := failure(KindTampered, format, args...)
	e.Err = &attest.Error{Fault: attest.FaultContentMismatch, Detail: e.Detail}
	return e
}

// verified reads content of a known digest and size. Its last Read says io.EOF only
// if both are right.
type verified struct {
	body io.ReadCloser
	want attest.Digest
	left int64
	sum  hash.Hash
}

func newVerified(body io.ReadCloser, want attest.Digest, size int64) io.ReadCloser {
	return &verified{body, want, size, hasherOf(want)}
}

func (v *verified) Read(p []byte) (int, error) {
	// One byte more than is due shows that there is too much.
	if int64(len(p)) > v.left+1 {
		p = p[:v.left+1]
	}
	n, err := v.body.Read(p)
	v.sum.Write(p[:n])
	if v.left -= int64(n); v.left < 0 {
		return 0, mismatch("there is more content than its descriptor says")
	}
	if err == io.EOF {
		err = v.finish()
	}
	return n, err
}

func (v *verified) finish() error {
	if v.left > 0 {
		return failure(KindTampered, "the content ends %d bytes early", v.left)
	}
	if got, _ := attest.DigestOf(v.want.Algorithm(), v.sum.Sum(nil)); got != v.want {
		return mismatch("the content's digest is %s", got)
	}
	return io.EOF
}

func (v *verified) Close() error { return v.body.Close() }

// readBounded reads all of r, which must not be longer than most.
func readBounded(r io.Reader, most int64) ([]byte, error) {
	raw, err := io.ReadAll(io.LimitReader(r, most+1))
	if err != nil {
		return nil, err
	}
	if int64(len(raw)) > most {
		return nil, failure(KindOverBound, "is larger than %d bytes", most)
	}
	return raw, nil
}

// readExactly reads content of a known size. It trusts the size with a large
// allocation only as the bytes arrive.
func readExactly(r io.Reader, size int64) ([]byte, error) {
	const trusted = 16 << 20
	raw := make([]byte, 0, min(size, trusted)+1)
	for {
		if len(raw) == cap(raw) {
			raw = append(raw, 0)[:len(raw)]
		}
		n, err := r.Read(raw[len(raw):cap(raw)])
		raw = raw[:len(raw)+n]
		if err == io.EOF {
			return raw, nil
		}
		if err != nil {
			return nil, err
		}
	}
}
