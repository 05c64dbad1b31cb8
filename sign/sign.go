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

// Statement signs st, its bytes exactly, wraps both in a bundle, and has the witnesses
// record it. The error is an [*UnwitnessedError] if some of them did not.
func Statement(ctx context.Context, st *attest.Statement, s Signer, w ...Witness) (*attest.Bundle, error) {
	sig, err := s.Sign(ctx, attest.PAE(attest.PayloadType, st.Bytes()))
	if err != nil {
		return nil, fmt.Errorf("signing the statement: %w", err)
	}
	b, err := attest.NewEnvelopeBundle(st, sig)
	if err != nil {
		return nil, err
	}
	return Witnessed(ctx, b, w...)
}

// ErrEnvelope refuses to sign as a file what is the signed form of a statement: the
// signature would be one over that statement, which nobody has looked at.
var ErrEnvelope = errors.New("the file is a DSSE message: its signature would be a statement's")

// File signs the content of a file of any size and wraps the signature in a
// bundle, which names the file by the digest that was signed, and has the witnesses
// record it. The error is [ErrEnvelope] for content that DSSE's encoding makes a
// statement's, and an [*UnwitnessedError] if a witness did not record it.
func File(ctx context.Context, content io.Reader, s Signer, w ...Witness) (*attest.Bundle, error) {
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
	b, err := attest.NewMessageBundle(sig)
	if err != nil {
		return nil, err
	}
	return Witnessed(ctx, b, w...)
}
