package gate_test

import (
	"context"
	"testing"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/fixtures/vectors"
	"github.com/carnet-project/carnet/verify/gate"
)

// store is the store of a vector as a gate.Source.
type store struct{ vectors.Vector }

func (s store) Discover(_ context.Context, subject artifact.Artifact, depth gate.Depth) ([]attest.Found, error) {
	return s.Found(subject.Digest, depth == gate.Far)
}

// Every vector ends as it says, with the rule, the status and the reason.
func TestVectors(t *testing.T) {
	all, err := vectors.All()
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range all {
		t.Run(v.Name, func(t *testing.T) {
			verdict := check(t, v, store{v})
			got := vectors.Want{Outcome: verdict.Outcome()}
			if f := verdict.Findings(); len(f) > 0 {
				got.Rule, got.Status, got.Reason = f[0].Rule, f[0].Status, f[0].Reason
			}
			if got != v.Want {
				t.Errorf("%s: got %+v, want %+v\nfindings %+v\nunknown %+v", v.Title, got, v.Want, verdict.Findings(), verdict.Unknown())
			}
			if verdict.Allowed() != (v.Want.Outcome == "allowed") {
				t.Errorf("allowed is %t and the outcome %q", verdict.Allowed(), verdict.Outcome())
			}
		})
	}
}
