// Package sign turns statements and files into signed bundles. What signs them
// is a [Signer]; the packages below this one implement it.
package sign

import (
	"bytes"
	"context"
	"errors"
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

// ErrEnvelope refuses to sign as a file what is the signed form of a statement: the
// signature would be one over that statement, which nobody has looked at.
var ErrEnvelope = errors.New("the file is a DSSE message: its signature would be a statement's")

// File signs the content of a file of any size and wraps the signature in a
// bundle, which names the file by the digest that was signed. The error is
// [ErrEnvelope] for content that DSSE's encoding makes a statement's.
func File(ctx context.Context, content io.Reader, s Signer) (*attest.Bundle, error) {
	const envelope = "DSSEv1 "
	head := make([]byte, len(envelope))
	n, err := io.ReadFull(content, head)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return nil, fmt.Errorf("reading the file: %w", err)
	}
	if string(head[:n]) == envelope {
		return nil, ErrEnvelope
	}
	sig, err := s.Sign(ctx, io.MultiReader(bytes.NewReader(head[:n]), content))
	if err != nil {
		return nil, fmt.Errorf("signing the file: %w", err)
	}
	return attest.NewMessageBundle(sig)
}
