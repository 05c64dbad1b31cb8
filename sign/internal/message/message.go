// Package message hashes what is to be signed, of any size in constant memory.
package message

import (
	"context"
	"crypto"
	"fmt"
	"io"
	"strings"

	"github.com/carnet-project/carnet/attest"
)

// chunk is how much is read at once: large enough that the calls cost nothing beside the
// hash, small enough for a processor's cache.
const chunk = 512 << 10

// Digest reads message to its end, as long as ctx lasts, and gives its digest by alg.
// The error is that of reading, or of ctx.
func Digest(ctx context.Context, alg crypto.Hash, message io.Reader) (attest.Digest, error) {
	h := alg.New()
	buffer := make([]byte, chunk)
	for {
		if err := ctx.Err(); err != nil {
			return attest.Digest{}, fmt.Errorf("reading what is to be signed: %w", err)
		}
		n, err := message.Read(buffer)
		h.Write(buffer[:n]) // a hash.Hash never returns an error
		if err == io.EOF {
			return attest.DigestOf(name(alg), h.Sum(nil))
		}
		if err != nil {
			return attest.Digest{}, fmt.Errorf("reading what is to be signed: %w", err)
		}
	}
}

// name is what in-toto's DigestSet calls a hash.
func name(alg crypto.Hash) string {
	return strings.ToLower(strings.ReplaceAll(alg.String(), "-", ""))
}
