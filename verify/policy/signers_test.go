package policy_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/verify"
	"github.com/carnet-project/carnet/verify/policy"
)

// believer is a root that takes every bundle for the signature of one identity.
type believer struct{ verify.Identity }

func (r believer) Open(b *attest.Bundle) (verify.Opening, error) {
	return verify.Opening{Payload: b.UnverifiedPayload(), By: r.Identity}, nil
}

// by is a signature of a by somebody.
func (s *scene) by(a artifact.Artifact, who verify.Identity) *verify.Evidence {
	s.t.Helper()
	s.signed++
	e, err := verify.Bundle(s.bundle(a, typeSign, fmt.Sprint(s.signed)), a.Digest, believer{who})
	if err != nil {
		s.t.Fatal(err)
	}
	return e
}

func keyOf(name string) attest.Digest { return attest.SHA256([]byte(name)) }

func holder(key, subject, issuer string) verify.Identity {
	i := verify.Identity{Certificate: &attest.Certificate{Subject: subject, Issuer: issuer, Authority: "CN=ca"}}
	if key != "" {
		i.Key = keyOf(key)
	}
	return i
}

func threshold(t testing.TB, p *policy.Policy, n int) *policy.Policy {
	t.Helper()
	with, err := p.WithThreshold(n)
	if err != nil {
		t.Fatal(err)
	}
	return with
}

func TestThresholdsThatAreRefused(t *testing.T) {
	for _, n := range []int{-1, 0} {
		if p, err := newPolicy(t, policy.Default()).WithThreshold(n); err == nil || p != nil {
			t.Errorf("a threshold of %d", n)
		}
	}
	if p, err := newPolicy(t, require(t, "sbom", "provenance")).WithThreshold(2); err == nil || p != nil {
		t.Error("a threshold of signatures, of which none is required")
	}
}

func TestThreshold(t *testing.T) {
	s := newScene(t)
	p := threshold(t, newPolicy(t, require(t, "signature")), 2)
	a, b := verify.Identity{Name: "a.pub", Key: keyOf("a")}, verify.Identity{Name: "b.pub", Key: keyOf("b")}
	alias := verify.Identity{Name: "another.pub", Key: keyOf("a")}
	ann, annAgain, annElsewhere := holder("", "ann@acme.example", "https://i"), holder("", "ann@acme.example", "https://i"), holder("", "ann@acme.example", "https://j")
	for name, c := range map[string]struct {
		by    []verify.Identity
		want  policy.Outcome
		found string
	}{
		"two keys":                          {[]verify.Identity{a, b}, policy.Allowed, ""},
		"one key":                           {[]verify.Identity{a}, policy.Denied, "1 distinct signer: key a.pub"},
		"one key twice":                     {[]verify.Identity{a, a}, policy.Denied, "others of 2 signatures are by the same"},
		"one key under two names":           {[]verify.Identity{a, alias}, policy.Denied, "1 distinct signer: key a.pub"},
		"a key and an identity":             {[]verify.Identity{a, ann}, policy.Allowed, ""},
		"an identity twice":                 {[]verify.Identity{ann, annAgain}, policy.Denied, "1 distinct signer: ann@acme.example (https://i)"},
		"an identity of two issuers":        {[]verify.Identity{ann, annElsewhere}, policy.Allowed, ""},
		"an identity with a key of hers":    {[]verify.Identity{a, holder("a", "ann@acme.example", "https://i")}, policy.Denied, "1 distinct signer: "},
		"an identity with two keys":         {[]verify.Identity{holder("a", "ann", "i"), holder("b", "ann", "i")}, policy.Denied, "1 distinct signer: ann (i)"},
		"two nobodies":                      {[]verify.Identity{{Name: "x"}, {Name: "y"}}, policy.Denied, "1 distinct signer: "},
		"a chain of pairs, which is two":    {[]verify.Identity{holder("a", "ann", "i"), a, holder("b", "ann", "i")}, policy.Allowed, ""},
		"the chain's middle one and an end": {[]verify.Identity{holder("a", "ann", "i"), a}, policy.Denied, "1 distinct signer: "},
	} {
		var evidence []*verify.Evidence
		for _, who := range c.by {
			evidence = append(evidence, s.by(s.amd64, who))
		}
		v := p.Judge(policy.Case{Artifact: s.amd64, Evidence: evidence})
		if v.Outcome() != c.want || v.Cells()[0].Threshold != 2 || len(v.Cells()[0].Evidence) != len(c.by) {
			t.Errorf("%s: %s, %+v", name, v.Outcome(), v.Findings())
		}
		if f := v.Findings(); c.want != policy.Allowed && (len(f) != 1 || f[0].Rule != "signature.threshold" || f[0].Status != policy.StatusFail || !strings.Contains(f[0].Found, c.found)) {
			t.Errorf("%s: %+v", name, f)
		}
	}
}

// What is short of the threshold is told as what it is: nothing at all, something
// broken, something that could not be read.
func TestShortOfTheThreshold(t *testing.T) {
	s := newScene(t)
	p := threshold(t, newPolicy(t, require(t, "signature")), 2)
	one := []*verify.Evidence{s.evidence(s.amd64, typeSign)}
	refused := func(r verify.Reason) []policy.Rejected {
		return []policy.Rejected{{Subject: s.amd64.Digest, PredicateType: typeSign, Refusal: &verify.Error{Reason: r, Expected: "e", Found: "by mallory"}}}
	}
	for name, c := range map[string]struct {
		c     policy.Case
		want  policy.Outcome
		rule  string
		found string
	}{
		"nothing":           {policy.Case{}, policy.Denied, "signature.missing", "none"},
		"one":               {policy.Case{Evidence: one}, policy.Denied, "signature.threshold", "1 distinct signer: key scene.pub"},
		"one and a foreign": {policy.Case{Evidence: one, Rejected: refused(verify.ReasonUnknownSigner)}, policy.Denied, "signature.threshold", "refused: by mallory"},
		"one and a broken":  {policy.Case{Evidence: one, Rejected: refused(verify.ReasonSignatureInvalid)}, policy.Invalid, "signature.invalid", "by mallory"},
		"one and a gap":     {policy.Case{Evidence: one, Unknown: []policy.Unknown{{Subject: s.amd64.Digest, Detail: "no answer"}}}, policy.Undecided, "verify.incomplete", "no answer"},
		"one of a sibling":  {policy.Case{Evidence: append(one, s.by(s.arm64, holder("", "ann", "i")))}, policy.Denied, "signature.threshold", "1 distinct signer: key scene.pub"},
	} {
		c.c.Artifact = s.amd64
		v := p.Judge(c.c)
		if f := v.Findings(); v.Outcome() != c.want || len(f) != 1 || f[0].Rule != c.rule || !strings.Contains(f[0].Found, c.found) {
			t.Errorf("%s: %s, %+v", name, v.Outcome(), f)
		}
	}
}

// The index needs the signers itself: those of its platforms say nothing about it.
func TestThresholdOfAnIndex(t *testing.T) {
	s := newScene(t)
	p := threshold(t, newPolicy(t, require(t, "signature")), 2)
	ann, bob := holder("", "ann", "i"), holder("", "bob", "i")
	for name, c := range map[string]struct {
		evidence []*verify.Evidence
		want     bool
	}{
		"two of the index":                          {[]*verify.Evidence{s.by(s.index, ann), s.by(s.index, bob)}, true},
		"one of the index and one of each platform": {[]*verify.Evidence{s.by(s.index, ann), s.by(s.amd64, bob), s.by(s.arm64, bob)}, false},
		"two of each platform":                      {[]*verify.Evidence{s.by(s.amd64, ann), s.by(s.amd64, bob), s.by(s.arm64, ann), s.by(s.arm64, bob)}, false},
	} {
		if v := p.Judge(policy.Case{Artifact: s.index, Evidence: c.evidence}); v.Allowed() != c.want {
			t.Errorf("%s: %s", name, v.Outcome())
		}
	}
}

// Bundles that are named must be good each and come from enough signers together, those
// under another digest of the same file included.
func TestThresholdOfBundles(t *testing.T) {
	s := newScene(t)
	file := artifact.Artifact{Kind: artifact.KindFile, Digest: attest.SHA256([]byte("file"))}
	ann, bob, again := s.by(file, holder("", "ann", "i")), s.by(file, holder("", "bob", "i")), s.by(file, holder("", "ann", "i"))
	judge := func(c policy.Case, named ...*verify.Evidence) policy.Verdict {
		var all []policy.Requirement
		for _, e := range named {
			all = append(all, policy.RequireBundle(e.Bundle()))
		}
		c.Artifact = file
		return threshold(t, newPolicy(t, all), 2).Judge(c)
	}
	all := func(e ...*verify.Evidence) []*verify.Evidence { return e }
	for name, c := range map[string]struct {
		v    policy.Verdict
		want bool
	}{
		"two signers":                {judge(policy.Case{Evidence: all(ann, bob)}, ann, bob), true},
		"one signer twice":           {judge(policy.Case{Evidence: all(ann, again)}, ann, again), false},
		"one of two is not good":     {judge(policy.Case{Evidence: all(ann)}, ann, bob), false},
		"the other one is not named": {judge(policy.Case{Evidence: all(ann, bob)}, ann), false},
		"the other one is beside":    {judge(policy.Case{Evidence: all(ann), Beside: all(bob)}, ann), true},
		"the same one is beside":     {judge(policy.Case{Evidence: all(ann), Beside: all(again)}, ann), false},
		"only what is beside":        {judge(policy.Case{Beside: all(ann, bob)}, ann), false},
	} {
		if c.v.Allowed() != c.want {
			t.Errorf("%s: %s, %+v", name, c.v.Outcome(), c.v.Findings())
		}
	}
	none := judge(policy.Case{}, ann, bob).Findings()
	if last := none[len(none)-1]; last.Rule != "signature.missing" || !strings.Contains(last.Expected, "by 2 distinct signers") {
		t.Errorf("%+v", none)
	}
	f := judge(policy.Case{Evidence: all(ann, again)}, ann, again).Findings()
	if len(f) != 1 || f[0].Rule != "signature.threshold" {
		t.Errorf("%+v", f)
	}
}

// most is the size of the greatest set of signers of which no two are the same, found by
// trying all sets.
func most(who []verify.Identity) int {
	best := 0
	for set := range 1 << len(who) {
		var in []verify.Identity
		ok := true
		for i, w := range who {
			if set>>i&1 == 0 {
				continue
			}
			nobody := func(x verify.Identity) bool { return x.Key.IsZero() && x.Certificate == nil }
			ok = ok && !slices.ContainsFunc(in, func(o verify.Identity) bool { return o.Same(w) || nobody(o) && nobody(w) })
			in = append(in, w)
		}
		if ok {
			best = max(best, len(in))
		}
	}
	return best
}

// Whoever signs, the threshold is met exactly if so many signers can be told apart;
// another signature by one of them never helps, and taking evidence away never does.
func TestThresholdProperties(t *testing.T) {
	s := newScene(t)
	base := newPolicy(t, require(t, "signature"))
	random := rand.New(rand.NewPCG(3, 4))
	keys, subjects := []string{"", "a", "b", "c"}, []string{"", "ann", "bob", "cy"}
	pool := map[string]*verify.Evidence{}
	var everybody []verify.Identity
	for _, k := range keys {
		for _, name := range subjects {
			for _, issuer := range []string{"", "i"} {
				who := holder(k, name, issuer)
				if name == "" {
					who.Certificate = nil
				}
				pool[fmt.Sprint(len(everybody))] = s.by(s.amd64, who)
				everybody = append(everybody, who)
			}
		}
	}
	for range 400 {
		var who []verify.Identity
		var evidence []*verify.Evidence
		for range 1 + random.IntN(7) {
			i := random.IntN(len(everybody))
			who, evidence = append(who, everybody[i]), append(evidence, pool[fmt.Sprint(i)])
		}
		want := most(who)
		for n := 1; n <= want+1; n++ {
			p := threshold(t, base, n)
			met := p.Judge(policy.Case{Artifact: s.amd64, Evidence: evidence}).Allowed()
			if met != (n <= want) {
				t.Fatalf("%d of %d signers in %v: %t", n, want, who, met)
			}
			if n <= want {
				continue
			}
			for i := range evidence {
				less := slices.Delete(slices.Clone(evidence), i, i+1)
				twice := append(slices.Clone(evidence), evidence[i])
				if p.Judge(policy.Case{Artifact: s.amd64, Evidence: less}).Allowed() || p.Judge(policy.Case{Artifact: s.amd64, Evidence: twice}).Allowed() {
					t.Fatalf("%d signers in %v: less or the same again helps", n, who)
				}
			}
		}
	}
}
