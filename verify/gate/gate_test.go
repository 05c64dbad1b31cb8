package gate_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/fixtures/vectors"
	"github.com/carnet-project/carnet/verify/gate"
	"github.com/carnet-project/carnet/verify/policy"
)

// vector finds one vector.
func vector(t testing.TB, name string) vectors.Vector {
	t.Helper()
	all, err := vectors.All()
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(all, func(v vectors.Vector) bool { return v.Name == name })
	if i < 0 {
		t.Fatalf("there is no vector %q", name)
	}
	return all[i]
}

// A counter is a source that notes what is asked of it.
type counter struct {
	gate.Source
	mu     sync.Mutex
	listed []string
	opened []string
}

func (c *counter) note(list *[]string, what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	*list = append(*list, what)
}

func (c *counter) Discover(ctx context.Context, a artifact.Artifact, depth gate.Depth) ([]attest.Found, error) {
	c.note(&c.listed, fmt.Sprintf("%s %d", a.Digest, depth))
	found, err := c.Source.Discover(ctx, a, depth)
	for i, f := range found {
		if f.Open == nil {
			continue
		}
		found[i].Open = func(ctx context.Context) ([]*attest.Bundle, error) {
			c.note(&c.opened, f.PredicateType)
			return f.Open(ctx)
		}
	}
	return found, err
}

// A check of the signature alone never fetches the SBOM, whatever else it has to try.
func TestSignatureAloneNeverOpensTheSBOM(t *testing.T) {
	for _, name := range []string{"kind-all-good", "index-all-good"} {
		v := vector(t, name)
		v.Require = []string{"signature"}
		for i := range v.Stored {
			v.Stored[i].Size = max(v.Stored[i].Size, 4<<20)
		}
		slices.Reverse(v.Stored)
		for _, withSignature := range []bool{true, false} {
			if !withSignature {
				v.Stored = slices.DeleteFunc(v.Stored, func(e vectors.Entry) bool { return strings.Contains(e.PredicateType, "cosign/sign") })
			}
			c := &counter{Source: store{v}}
			if got := check(t, v, c).Allowed(); got != withSignature {
				t.Errorf("%s: allowed is %t with a signature %t", name, got, withSignature)
			}
			if len(c.opened) > 1 || withSignature != (len(c.opened) == 1) {
				t.Errorf("%s: opened %q, with a signature %t", name, c.opened, withSignature)
			}
		}
	}
}

// What is enough near is not looked for far, nor on nodes that need nothing of their own.
func TestLooksNoFurtherThanNeeded(t *testing.T) {
	c := &counter{Source: store{vector(t, "index-signature-covers-platforms")}}
	if !check(t, c.Source.(store).Vector, c).Allowed() || len(c.listed) != 1 || len(c.opened) != 1 {
		t.Errorf("listed %q and opened %q", c.listed, c.opened)
	}
	c = &counter{Source: store{vector(t, "index-all-good")}}
	if !check(t, c.Source.(store).Vector, c).Allowed() || len(c.listed) != 3 || len(c.opened) != 4 {
		t.Errorf("listed %q and opened %q", c.listed, c.opened)
	}
}

// A good signature is found behind 500 pieces of junk that say the same of themselves.
func TestFiveHundredJunkBeforeTheGoodOne(t *testing.T) {
	v := vector(t, "signer-good")
	bad := vector(t, "signer-forged-hint").Stored[0]
	stored := slices.Repeat([]vectors.Entry{bad}, 500)
	for i := range stored {
		stored[i].Content += strings.Repeat(" ", i) // another digest each
		stored[i].Digest = attest.SHA256([]byte(stored[i].Content)).String()
	}
	v.Stored = append(stored, v.Stored...)
	if verdict := check(t, v, store{v}); !verdict.Allowed() || len(verdict.Rejected()) != 500 {
		t.Errorf("%s, with %d rejected", verdict.Outcome(), len(verdict.Rejected()))
	}
}

// failing lists nothing at all.
type failing struct{ err error }

func (f failing) Discover(context.Context, artifact.Artifact, gate.Depth) ([]attest.Found, error) {
	return nil, f.err
}

// A store that cannot be read is never taken for an empty one.
func TestAStoreThatFailsIsUndecided(t *testing.T) {
	all, err := vectors.All()
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range all {
		if v.Want.Rule == "image.platforms" {
			continue // denied whatever the store has
		}
		verdict := check(t, v, failing{errors.New("no answer")})
		if verdict.Outcome() != policy.Undecided || verdict.Findings()[0].Rule != "verify.incomplete" {
			t.Errorf("%s: %s, %+v", v.Name, verdict.Outcome(), verdict.Findings())
		}
	}
}

// A listing that fails and lists nevertheless counts for what it lists, no more.
func TestAnIncompleteListing(t *testing.T) {
	v := vector(t, "kind-all-good")
	if got := check(t, v, half{store{v}}).Outcome(); got != policy.Allowed {
		t.Errorf("%s with all the evidence", got)
	}
	v = vector(t, "kind-all-but-sbom")
	if got := check(t, v, half{store{v}}).Outcome(); got != policy.Undecided {
		t.Errorf("%s without an SBOM", got)
	}
}

type half struct{ gate.Source }

func (h half) Discover(ctx context.Context, a artifact.Artifact, depth gate.Depth) ([]attest.Found, error) {
	found, err := h.Source.Discover(ctx, a, depth)
	return found, errors.Join(err, errors.New("the second page is missing"))
}

// What a near listing passes over, a far one may still name.
func TestJunkNearDoesNotHideWhatIsFar(t *testing.T) {
	v := vector(t, "legacy-signature")
	hidden := v.Stored[0]
	hidden.Place, hidden.Layout = attest.PlaceReferrers, vectors.LayoutForeign
	v.Stored = append([]vectors.Entry{hidden}, v.Stored...)
	if verdict := check(t, v, store{v}); !verdict.Allowed() {
		t.Errorf("%s: %+v", verdict.Outcome(), verdict.Findings())
	}
}

// The same manifest listed twice is fetched once.
func TestFetchesOnce(t *testing.T) {
	v := vector(t, "signer-unknown")
	c := &counter{Source: everywhere{store{v}}}
	check(t, v, c)
	if len(c.opened) != 1 {
		t.Errorf("opened %d times", len(c.opened))
	}
}

// everywhere lists in the far places all that is near.
type everywhere struct{ near gate.Source }

func (e everywhere) Discover(ctx context.Context, a artifact.Artifact, _ gate.Depth) ([]attest.Found, error) {
	return e.near.Discover(ctx, a, gate.Near)
}

// No gate that lacks something lets anything in.
func TestAnEmptyGateDenies(t *testing.T) {
	v := vector(t, "index-all-good")
	tree, err := v.Tree()
	if err != nil {
		t.Fatal(err)
	}
	p, err := v.Policy()
	if err != nil {
		t.Fatal(err)
	}
	for name, g := range map[string]gate.Gate{
		"no policy":       {Source: store{v}},
		"the zero policy": {Source: store{v}, Policy: &policy.Policy{}},
		"no roots":        {Source: store{v}, Policy: p},
	} {
		if verdict := g.Check(t.Context(), tree); verdict.Allowed() || verdict.Outcome() != policy.Denied {
			t.Errorf("%s: %s", name, verdict.Outcome())
		}
	}
	if verdict := (gate.Gate{Source: store{v}, Policy: p}).Check(t.Context(), artifact.Artifact{}); verdict.Allowed() {
		t.Error("nothing was allowed in")
	}
}
