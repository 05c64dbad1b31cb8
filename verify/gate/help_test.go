package gate_test

import (
	"testing"

	"github.com/carnet-project/carnet/fixtures/vectors"
	"github.com/carnet-project/carnet/verify/gate"
	"github.com/carnet-project/carnet/verify/policy"
)

// check judges the artifact of a vector with the evidence of a source.
func check(t testing.TB, v vectors.Vector, s gate.Source) policy.Verdict {
	t.Helper()
	roots, err := v.Roots()
	if err != nil {
		t.Fatal(err)
	}
	p, err := v.Policy()
	if err != nil {
		t.Fatal(err)
	}
	tree, err := v.Tree()
	if err != nil {
		t.Fatal(err)
	}
	return gate.Gate{Source: s, Roots: roots, Policy: p, Documents: v.Open}.Check(t.Context(), tree)
}
