package gate_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/attest/predicate"
	"github.com/carnet-project/carnet/sign"
	signkey "github.com/carnet-project/carnet/sign/key"
	"github.com/carnet-project/carnet/verify"
	"github.com/carnet-project/carnet/verify/gate"
	"github.com/carnet-project/carnet/verify/key"
	"github.com/carnet-project/carnet/verify/policy"
)

// signers are keys, each with a root of its own.
type signers struct {
	keys  []*signkey.Signer
	roots []*key.Root
}

func newSigners(t testing.TB, n int) signers {
	t.Helper()
	var s signers
	for i := range n {
		pair, err := signkey.Generate(signkey.Ed25519)
		if err != nil {
			t.Fatal(err)
		}
		k, err := pair.Signer()
		if err != nil {
			t.Fatal(err)
		}
		root, err := key.Parse(fmt.Sprintf("%d.pub", i), pair.PublicPEM())
		if err != nil {
			t.Fatal(err)
		}
		s.keys, s.roots = append(s.keys, k), append(s.roots, root)
	}
	return s
}

// shelf is a source of signatures of one artifact, near or far.
type shelf struct{ near, far []attest.Found }

func (s shelf) Discover(_ context.Context, _ artifact.Artifact, depth gate.Depth) ([]attest.Found, error) {
	if depth == gate.Near {
		return s.near, nil
	}
	return s.far, nil
}

// signatures are stored ones of a by the keys at some places.
func (s signers) signatures(t testing.TB, a artifact.Artifact, by ...int) []attest.Found {
	t.Helper()
	var all []attest.Found
	for i, k := range by {
		st, err := attest.NewStatement(predicate.SignV1, []byte(`{}`), attest.NewSubject(fmt.Sprint(i), a.Digest))
		if err != nil {
			t.Fatal(err)
		}
		b, err := sign.Statement(t.Context(), st, s.keys[k])
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, attest.Found{
			Place: attest.PlaceReferrers, Manifest: b.Digest(), PredicateType: predicate.SignV1, Form: b.Form(),
			Open: func(context.Context) ([]*attest.Bundle, error) { return []*attest.Bundle{b}, nil },
		})
	}
	return all
}

// A gate goes on fetching until enough signers are found, wherever the last of them lies,
// and fetches no more than it needs where the first ones do.
func TestThresholdGoesOnFetching(t *testing.T) {
	s := newSigners(t, 4)
	a := artifact.Artifact{Kind: artifact.KindImage, Digest: attest.SHA256([]byte("image"))}
	signature, err := policy.ParseRequirement("signature")
	if err != nil {
		t.Fatal(err)
	}
	base, err := policy.New([]policy.Requirement{signature})
	if err != nil {
		t.Fatal(err)
	}
	again := slices.Repeat([]int{0}, 30)
	for name, c := range map[string]struct {
		near, far []int
		threshold int
		want      bool
		opened    int
	}{
		"the first":                  {append([]int{0}, again...), nil, 1, true, 1},
		"the first two":              {append([]int{0, 1}, again...), nil, 2, true, 3},
		"the second comes last":      {append(slices.Clone(again), 1), nil, 2, true, 31},
		"the second is far":          {again, []int{0, 1}, 2, true, 32},
		"there is no second":         {again, nil, 2, false, 30},
		"an unknown key is no third": {append([]int{0, 1, 3}, again...), nil, 3, false, 33},
		"three":                      {append(slices.Clone(again), 1, 2), nil, 3, true, 32},
	} {
		p, err := base.WithThreshold(c.threshold)
		if err != nil {
			t.Fatal(err)
		}
		source := &counter{Source: shelf{s.signatures(t, a, c.near...), s.signatures(t, a, c.far...)}}
		g := gate.Gate{Source: source, Roots: []verify.Root{s.roots[0], key.Join(s.roots[1], s.roots[2])}, Policy: p}
		if v := g.Check(t.Context(), a); v.Allowed() != c.want {
			t.Errorf("%s: %s, %+v", name, v.Outcome(), v.Findings())
		}
		if len(source.opened) > c.opened || !c.want && len(source.opened) < c.opened {
			t.Errorf("%s: opened %d, want %d", name, len(source.opened), c.opened)
		}
	}
}
