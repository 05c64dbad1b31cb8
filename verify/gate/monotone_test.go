package gate_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/fixtures/vectors"
	"github.com/carnet-project/carnet/verify"
	"github.com/carnet-project/carnet/verify/policy"
)

// allowed are the vectors that end well.
func allowed(t testing.TB) []vectors.Vector {
	t.Helper()
	all, err := vectors.All()
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(all, func(v vectors.Vector) bool { return v.Want.Outcome != policy.Allowed })
}

// junk is every piece of the vectors that is no good evidence, whatever is wrong with
// it.
func junk(t testing.TB) []vectors.Entry {
	t.Helper()
	all, err := vectors.All()
	if err != nil {
		t.Fatal(err)
	}
	var pieces []vectors.Entry
	for _, v := range all {
		for _, e := range v.Stored {
			if e.Reason != "" || e.Layout == vectors.LayoutForeign || e.Layout == vectors.LayoutStatement {
				pieces = append(pieces, e)
			}
		}
	}
	return pieces
}

// beside lays some pieces, so many by chance, beside each node of an artifact.
func beside(pieces []vectors.Entry, n int, random *rand.Rand, nodes ...vectors.Node) []vectors.Entry {
	var laid []vectors.Entry
	for _, i := range random.Perm(len(pieces))[:min(n, len(pieces))] {
		for _, node := range nodes {
			e := pieces[i]
			e.Subject = node.Digest
			laid = append(laid, e)
		}
	}
	return laid
}

func nodes(n vectors.Node) []vectors.Node {
	all := []vectors.Node{n}
	for _, c := range n.Children {
		all = append(all, nodes(c)...)
	}
	return all
}

// minimal drops from an allowed vector each piece that it can do without.
func minimal(t testing.TB, v vectors.Vector) vectors.Vector {
	t.Helper()
	for i := 0; i < len(v.Stored); {
		if less := without(v, i); check(t, less, store{less}).Allowed() {
			v = less
		} else {
			i++
		}
	}
	return v
}

func without(v vectors.Vector, i int) vectors.Vector {
	v.Stored = slices.Delete(slices.Clone(v.Stored), i, i+1)
	return v
}

// Removing or hiding evidence never turns a denial into an allowance, and junk never
// turns an allowance into a denial: of a minimal set that is allowed no piece can be
// dropped, and any amount of junk, in any order, changes neither of the two.
// Each vector gets a sample of the junk, and there are enough of them for all of it.
func TestMonotone(t *testing.T) {
	const sample = 8
	pieces := junk(t)
	random := rand.New(rand.NewPCG(1, 2))
	for _, v := range allowed(t) {
		t.Run(v.Name, func(t *testing.T) {
			least := minimal(t, v)
			if len(least.Stored) == 0 {
				t.Fatal("allowed without evidence")
			}
			rubbish := harmless(t, least, beside(pieces, sample, random, nodes(v.Artifact)...))
			crowded := least
			crowded.Stored = append(slices.Clone(least.Stored), rubbish...)
			random.Shuffle(len(crowded.Stored), func(i, j int) {
				crowded.Stored[i], crowded.Stored[j] = crowded.Stored[j], crowded.Stored[i]
			})
			if verdict := check(t, crowded, store{crowded}); !verdict.Allowed() {
				t.Fatalf("junk turned the verdict: %+v", verdict.Findings())
			}
			for i := range least.Stored {
				less := without(least, i)
				less.Stored = append(less.Stored, rubbish...)
				if check(t, less, store{less}).Allowed() {
					t.Errorf("allowed without piece %d, with nothing but junk in its place", i)
				}
			}
		})
	}
}

// harmless keeps of some pieces those that are junk for v as well: what an unknown
// key signed in one vector may be by the trusted one here.
func harmless(t testing.TB, v vectors.Vector, pieces []vectors.Entry) []vectors.Entry {
	t.Helper()
	roots, err := v.Roots()
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(pieces, func(e vectors.Entry) bool {
		f, err := e.Found()
		if err != nil {
			t.Fatal(err)
		}
		if f.Ignored != "" {
			return false
		}
		bundles, err := f.Open(t.Context())
		if err != nil {
			return false
		}
		subject, err := attest.ParseDigest(e.Subject)
		if err != nil {
			t.Fatal(err)
		}
		_, err = verify.Bundle(bundles[0], subject, roots...)
		return err == nil
	})
}
