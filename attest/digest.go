package attest

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// A Digest names content: an algorithm and its value. Digests are comparable
// with ==, and the zero Digest names nothing.
type Digest struct{ algorithm, hex string }

// digestBytes gives the length of each accepted algorithm's value. SHA-1 and MD5
// are missing on purpose: a digest that can be forged binds nothing.
func digestBytes(algorithm string) (int, bool) {
	switch algorithm {
	case "sha256":
		return 32, true
	case "sha384":
		return 48, true
	case "sha512":
		return 64, true
	}
	return 0, false
}

// ParseDigest reads "algorithm:hex" with sha256, sha384 or sha512 and the
// algorithm's full length in lower-case hex. The error is an *[Error].
func ParseDigest(s string) (Digest, error) {
	algorithm, value, found := strings.Cut(s, ":")
	if !found {
		return Digest{}, fault(FaultDigestMalformed, "", "%q is not a digest: want algorithm:hex", clip(s))
	}
	return newDigest(algorithm, value)
}

func newDigest(algorithm, value string) (Digest, error) {
	size, ok := digestBytes(algorithm)
	if !ok {
		return Digest{}, fault(FaultDigestWeak, "", "digest algorithm %q is not accepted: want sha256, sha384 or sha512", clip(algorithm))
	}
	if len(value) != 2*size {
		return Digest{}, fault(FaultDigestMalformed, "", "%s digest %q has %d characters, want %d", algorithm, clip(value), len(value), 2*size)
	}
	if strings.Trim(value, "0123456789abcdef") != "" {
		return Digest{}, fault(FaultDigestMalformed, "", "%s digest %q is not lower-case hex", algorithm, clip(value))
	}
	return Digest{algorithm, value}, nil
}

// DigestOf makes the digest of a sum that was computed with algorithm.
func DigestOf(algorithm string, sum []byte) (Digest, error) {
	return newDigest(algorithm, hex.EncodeToString(sum))
}

// SHA256 is the SHA-256 digest of b.
func SHA256(b []byte) Digest {
	sum := sha256.Sum256(b)
	return Digest{"sha256", hex.EncodeToString(sum[:])}
}

// Algorithm is the digest's algorithm, as in-toto's DigestSet names it.
func (d Digest) Algorithm() string { return d.algorithm }

// Hex is the digest's value in lower-case hex.
func (d Digest) Hex() string { return d.hex }

// Bytes is the digest's value.
func (d Digest) Bytes() []byte {
	b, _ := hex.DecodeString(d.hex) // the constructors let only hex in
	return b
}

// IsZero says that d names nothing.
func (d Digest) IsZero() bool { return d == Digest{} }

func (d Digest) String() string {
	if d.IsZero() {
		return ""
	}
	return d.algorithm + ":" + d.hex
}

// MarshalText writes the digest as "algorithm:hex".
func (d Digest) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// clip keeps foreign text short enough for a message.
func clip(s string) string {
	const most = 160
	if len(s) <= most {
		return s
	}
	return s[:most] + "…"
}
