package lockfile

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/carnet-project/carnet/attest/internal/strict"
)

// size is how many bytes a digest has, or 0 for an algorithm that no lock file is known to
// use.
func size(algorithm string) int {
	switch algorithm {
	case "md5":
		return 16
	case "sha1":
		return 20
	case "sha224":
		return 28
	case "sha256", "dirHash":
		return 32
	case "sha384":
		return 48
	case "sha512":
		return 64
	}
	return 0
}

// inHex is the digest that value writes in hex. Of those who write some in upper case none
// means another value by it.
func (c *collector) inHex(where, algorithm, value string) (map[string]string, error) {
	algorithm = strings.ToLower(strings.ReplaceAll(algorithm, "-", ""))
	low := strings.ToLower(value)
	want := size(algorithm)
	switch {
	case want == 0:
		return nil, c.wrong(where, "a digest such as sha256", quoted(algorithm))
	case len(low) != 2*want || strings.Trim(low, "0123456789abcdef") != "":
		return nil, c.wrong(where, fmt.Sprintf("a %s of %d characters of hex", algorithm, 2*want), quoted(value))
	}
	return map[string]string{algorithm: low}, nil
}

// inBase64 is the digest that value writes in base64, in hex.
func (c *collector) inBase64(where, algorithm, value string) (string, error) {
	raw, err := base64.StdEncoding.Strict().DecodeString(value)
	if want := size(algorithm); err != nil || len(raw) != want || want == 0 {
		return "", c.wrong(where, fmt.Sprintf("a %s of %d bytes in base64", algorithm, want), quoted(value))
	}
	return hex.EncodeToString(raw), nil
}

// prefixed is the digest of the form ALGORITHM:HEX.
func (c *collector) prefixed(where, value string) (map[string]string, error) {
	algorithm, text, found := strings.Cut(value, ":")
	if !found {
		return nil, c.wrong(where, "a digest such as sha256:HEX", quoted(value))
	}
	return c.inHex(where, algorithm, text)
}

// integrity reads a browser's sub-resource integrity, as npm writes it: digests in base64
// with the algorithm before it, apart by spaces (W3C SRI, 3.5). Of one algorithm there is one
// value here, although the specification would take either of several.
func (c *collector) integrity(where, value string) (map[string]string, error) {
	digests := map[string]string{}
	for word := range strings.FieldsSeq(value) {
		word, _, _ = strings.Cut(word, "?")
		algorithm, text, found := strings.Cut(word, "-")
		if !found || size(algorithm) == 0 {
			return nil, c.wrong(where, "an integrity such as sha512-BASE64", quoted(word))
		}
		digest, err := c.inBase64(where, algorithm, text)
		if err != nil {
			return nil, err
		}
		if before := digests[algorithm]; before != "" && before != digest {
			return nil, c.wrong(where, "one "+algorithm, "two that differ")
		}
		digests[algorithm] = digest
	}
	return digests, nil
}

// commit is the digest of a git commit by its full name; a shorter one is a name for
// whatever it comes to mean, and so none.
func commit(name string) map[string]string {
	if !strict.IsCommit(name) {
		return nil
	}
	return map[string]string{"gitCommit": name}
}
