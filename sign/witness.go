package sign

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/carnet-project/carnet/attest"
)

// A Witness records that a signature exists: a transparency log, a timestamp
// authority.
//
// Witness sends what the log or authority needs of b, which has the signature and the
// signer's certificate or public key, and returns the proof. It does not change b, may
// be called from several goroutines at once, and may be called again with the same b.
// An error means that there is no proof; it holds no secret.
type Witness interface {
	Witness(ctx context.Context, b *attest.Bundle) (attest.Proof, error)
}

// An UnwitnessedError is a good signature that not every witness could record. Its
// Bundle has the proofs of those that did; the rest can be asked again later.
type UnwitnessedError struct {
	Bundle *attest.Bundle
	// Missing are the witnesses that gave no proof, and Err says why.
	Missing []Witness
	Err     error
}

func (e *UnwitnessedError) Error() string {
	return fmt.Sprintf("signed, but not recorded by all: %v", e.Err)
}
func (e *UnwitnessedError) Unwrap() error { return e.Err }

// Witnessed asks all witnesses at once, for each needs the signature alone, and returns
// b with their proofs in the order of the witnesses. The error is an
// [*UnwitnessedError]; nothing that was proved is lost.
func Witnessed(ctx context.Context, b *attest.Bundle, w ...Witness) (*attest.Bundle, error) {
	proofs, errs := make([]attest.Proof, len(w)), make([]error, len(w))
	var group sync.WaitGroup
	for i, witness := range w {
		group.Go(func() { proofs[i], errs[i] = witness.Witness(ctx, b) })
	}
	group.Wait()
	var given []attest.Proof
	var missing []Witness
	for i, proof := range proofs {
		if errs[i] == nil && proof.Entry == nil && len(proof.Timestamp) == 0 {
			errs[i] = errors.New("a witness gave an empty proof")
		}
		if errs[i] != nil {
			missing = append(missing, w[i])
			continue
		}
		given = append(given, proof)
	}
	with, err := b.With(given...)
	if err != nil {
		return nil, err
	}
	if len(missing) > 0 {
		return nil, &UnwitnessedError{Bundle: with, Missing: missing, Err: errors.Join(errs...)}
	}
	return with, nil
}
