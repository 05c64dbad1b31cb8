// Package sign turns statements and files into signed bundles. What signs them
// is a [Signer]; the packages below this one implement it.
package sign

import (
	"context"
	"fmt"
	"io"

	"github.com/carnet-project/carnet/attest"
)

// A Signer signs messages: with a key file, say.
//
// Sign reads message to its end exactly once, in constant memory, and signs it.
// It may be called from several goroutines at once. An error means that nothing
// was signed; it must not hold a secret.
type Signer interface {
	Sign(ctx context.Context, message io.Reader) (attest.Signature, error)
}

// Statement signs st, its bytes exactly, and wraps both in a bundle.
func Statement(ctx context.Context, st *attest.Statement, s Signer) (*attest.Bundle, error) {
	sig, err := s.Sign(ctx, attest.PAE(attest.PayloadType, st.Bytes()))
	if err != nil {
		return nil, fmt.Errorf("signing the statement: %w", err)
	}
	return attest.NewEnvelopeBundle(st, sig)
}

// File signs the content of a file of any size and wraps the signature in a
// bundle, which names the file by the digest that was signed.
func File(ctx context.Context, content io.Reader, s Signer) (*attest.Bundle, error) {
	sig, err := s.Sign(ctx, content)
	if err != nil {
		return nil, fmt.Errorf("signing the file: %w", err)
	}
	return attest.NewMessageBundle(sig)
}
