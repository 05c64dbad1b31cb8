package gate_test

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

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

const typeTest = "https://in-toto.io/attestation/test-result/v0.1"

// A rack is a store in memory, in which every piece lies beside one file.
type rack struct {
	pieces []attest.Found
	// lost is the error of the listing of far places.
	lost error
}

func (s rack) Discover(_ context.Context, _ artifact.Artifact, depth gate.Depth) ([]attest.Found, error) {
	if depth == gate.Far {
		return nil, s.lost
	}
	return s.pieces, nil
}

// A press signs, each signature a minute after the last, by a clock that is trusted.
type press struct {
	t       *testing.T
	file    artifact.Artifact
	signer  *signkey.Signer
	root    *key.Root
	signed  map[attest.Digest]time.Time
	opened  int
	minutes int
}

func newPress(t *testing.T) *press {
	t.Helper()
	p := &press{t: t, signed: map[attest.Digest]time.Time{}, file: artifact.Artifact{Kind: artifact.KindImage, Digest: attest.SHA256([]byte("file"))}}
	pair, err := signkey.Generate(signkey.Ed25519)
	if err != nil {
		t.Fatal(err)
	}
	if p.signer, err = pair.Signer(); err != nil {
		t.Fatal(err)
	}
	if p.root, err = key.Parse("press.pub", pair.PublicPEM()); err != nil {
		t.Fatal(err)
	}
	p.root = p.root.Timed(func(b *attest.Bundle, _ crypto.PublicKey) ([]verify.Time, []string, error) {
		return []verify.Time{{At: p.signed[b.Digest()], Source: verify.TimeTimestamp, URI: "https://tsa.example.com"}}, nil, nil
	})
	return p
}

// piece is a signed statement as a store lists it.
func (p *press) piece(predicateType, says string) attest.Found {
	p.t.Helper()
	st, err := attest.NewStatement(predicateType, []byte(says), attest.NewSubject("", p.file.Digest))
	if err != nil {
		p.t.Fatal(err)
	}
	b, err := sign.Statement(p.t.Context(), st, p.signer)
	if err != nil {
		p.t.Fatal(err)
	}
	p.minutes++
	p.signed[b.Digest()] = time.Date(2026, 1, 1, 0, p.minutes, 0, 0, time.UTC)
	return attest.Found{
		Place: attest.PlaceReferrers, Manifest: b.Digest(), PredicateType: predicateType, Form: b.Form(), Bytes: int64(len(b.Bytes())),
		Open: func(context.Context) ([]*attest.Bundle, error) { p.opened++; return []*attest.Bundle{b}, nil },
	}
}

func tests(result string) string {
	return fmt.Sprintf(`{"result":%q,"configuration":[{"name":"tests","digest":{"gitCommit":"7fd1a60b01f91b314f59955a4e4d4e80d8edf11d"}}]}`, result)
}

// check judges the file by a signature and the newest test results.
func (p *press) check(lost error, pieces ...attest.Found) policy.Verdict {
	p.t.Helper()
	p.opened = 0
	doc := &policy.Document{Name: "press", Scopes: []policy.Scope{{Name: "all", Images: []string{"**"}, Require: policy.Require{
		Agree: []string{}, Signatures: &policy.SignaturesClause{}, Checks: []policy.CheckClause{{Name: "tests", Type: "test-result", OnImage: true}},
	}}}}
	bound, err := policy.Bind("example.com/file", nil, doc)
	if err != nil {
		p.t.Fatal(err)
	}
	g := gate.Gate{Source: rack{pieces: pieces, lost: lost}, Roots: []verify.Root{p.root}, Policy: bound, At: time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC), Parallel: 1}
	return g.Check(p.t.Context(), p.file)
}

// Where the newest counts, all that may be newer is looked at, however the store orders it, and
// what can't be read leaves it open; junk changes nothing.
func TestMonotoneWhereTheNewestCounts(t *testing.T) {
	p := newPress(t)
	other := newPress(t)
	signature := p.piece(predicate.SignV1, `{}`)
	bad, good := p.piece(typeTest, tests("FAILED")), p.piece(typeTest, tests("PASSED"))
	worse := p.piece(typeTest, tests("FAILED")+" ") // other bytes, or it would be the same piece
	var junk []attest.Found
	for range 3 {
		junk = append(junk, other.piece(typeTest, tests("FAILED")), other.piece(typeTest, tests("PASSED")), other.piece(predicate.SignV1, `{}`))
	}
	silent := good
	silent.PredicateType = ""
	unreadable := worse
	unreadable.Open = func(context.Context) ([]*attest.Bundle, error) { return nil, errors.New("no answer") }
	random := rand.New(rand.NewPCG(1, 2))
	for name, c := range map[string]struct {
		pieces []attest.Found
		want   policy.Outcome
	}{
		"a good one":            {[]attest.Found{signature, good}, policy.Allowed},
		"an older bad one":      {[]attest.Found{signature, good, bad}, policy.Allowed},
		"a newer bad one":       {[]attest.Found{signature, good, worse}, policy.Denied},
		"without the good one":  {[]attest.Found{signature, bad}, policy.Denied},
		"without the signature": {[]attest.Found{good, bad}, policy.Denied},
		"without any":           {[]attest.Found{signature}, policy.Denied},
		"a silent good one":     {[]attest.Found{signature, silent}, policy.Allowed},
		"an unreadable one":     {[]attest.Found{signature, good, unreadable}, policy.Undecided},
	} {
		for i := range 3 {
			pieces := slices.Clone(c.pieces)
			if i > 0 {
				pieces = append(pieces, junk...)
			}
			random.Shuffle(len(pieces), func(i, j int) { pieces[i], pieces[j] = pieces[j], pieces[i] })
			if v := p.check(nil, pieces...); v.Outcome() != c.want {
				t.Fatalf("%s, with %d pieces: %s by %+v", name, len(pieces), v.Outcome(), v.Findings())
			}
		}
	}
	if v := p.check(errors.New("no answer"), signature, good); v.Outcome() != policy.Undecided {
		t.Errorf("far places that can't be listed: %s", v.Outcome())
	}
	if v := p.check(nil, signature, bad, good); !v.Allowed() || p.opened != 3 {
		t.Errorf("%s after %d pieces", v.Outcome(), p.opened)
	}
}
