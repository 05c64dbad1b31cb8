package verify_test

import (
	"context"
	"testing"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/fixtures/vectors"
	"github.com/carnet-project/carnet/verify"
)

// Every piece of stored evidence in the vectors is, by itself, good or refused for
// the reason that the vector says.
func TestVectorPieces(t *testing.T) {
	all, err := vectors.All()
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range all {
		roots, err := v.Roots()
		if err != nil {
			t.Fatalf("%s: %v", v.Name, err)
		}
		for i, e := range v.Stored {
			found, err := e.Found()
			if err != nil {
				t.Fatalf("%s: %v", v.Name, err)
			}
			if found.Ignored != "" {
				continue
			}
			if got, err := judge(t.Context(), found, e.Subject, roots...); got != e.Reason {
				t.Errorf("%s, piece %d: %s: reason %q (%v), want %q", v.Name, i, v.Title, got, err, e.Reason)
			}
		}
	}
}

// judge opens a piece and gives the reason why it was refused.
func judge(ctx context.Context, f attest.Found, subject string, roots ...verify.Root) (verify.Reason, error) {
	d, err := attest.ParseDigest(subject)
	if err != nil {
		return "", err
	}
	bundles, err := f.Open(ctx)
	if err != nil {
		return verify.Refusal(err).Reason, err
	}
	for _, b := range bundles {
		if _, err := verify.Bundle(b, d, roots...); err != nil {
			return verify.Refusal(err).Reason, err
		}
	}
	return "", nil
}
