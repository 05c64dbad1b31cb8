package gate_test

import (
	"context"
	"crypto"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/attest/predicate"
	"github.com/carnet-project/carnet/attest/predicate/vsa"
	"github.com/carnet-project/carnet/sign"
	"github.com/carnet-project/carnet/verify"
	"github.com/carnet-project/carnet/verify/gate"
	"github.com/carnet-project/carnet/verify/policy"
)

// A ledger is a source of one artifact's evidence that notes what is opened and listed.
type ledger struct {
	near, far []attest.Found
	mu        sync.Mutex
	opened    []string
	listed    []string
}

func (l *ledger) Discover(_ context.Context, a artifact.Artifact, depth gate.Depth) ([]attest.Found, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.listed = append(l.listed, fmt.Sprint(a.Digest, depth))
	if depth == gate.Near {
		return l.near, nil
	}
	return l.far, nil
}

// put stores a statement by the signer.
func (l *ledger) put(t *testing.T, by sign.Signer, a artifact.Artifact, name, predicateType, body string) {
	t.Helper()
	st, err := attest.NewStatement(predicateType, []byte(body), attest.NewSubject(name, a.Digest))
	if err != nil {
		t.Fatal(err)
	}
	b, err := sign.Statement(t.Context(), st, by)
	if err != nil {
		t.Fatal(err)
	}
	l.near = append(l.near, attest.Found{
		Place: attest.PlaceReferrers, Manifest: b.Digest(), PredicateType: predicateType,
		Open: func(context.Context) ([]*attest.Bundle, error) {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.opened = append(l.opened, name)
			return []*attest.Bundle{b}, nil
		},
	})
}

// With a good summary nothing else is fetched: one listing, and the summaries. Without one,
// all is as it was.
func TestSummariesComeFirst(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	keys := newSigners(t, 2)
	pem := func(i int) *policy.Key { return &policy.Key{PEM: string(keys.keys[i].PublicPEM())} }
	document := &policy.Document{
		Name: "p", Digest: attest.SHA256([]byte("p")), Identities: []policy.Identity{{Name: "verifier", Key: pem(0)}, {Name: "signer", Key: pem(1)}},
		Scopes:    []policy.Scope{{Name: "all", Images: []string{"**"}, Require: policy.Require{Signatures: &policy.SignaturesClause{From: []string{"signer"}}}}},
		Summaries: &policy.Summaries{Accept: &policy.AcceptSummary{From: []string{"verifier"}}},
	}
	p, err := policy.Bind("ghcr.io/acme/shop", nil, document)
	if err != nil {
		t.Fatal(err)
	}
	image := artifact.Artifact{Kind: artifact.KindImage, Digest: attest.SHA256([]byte("image")), Platform: "linux/amd64"}
	body := func(result string, at time.Time) string {
		return fmt.Sprintf(`{"verifier":{"id":"https://example.com/v"},"timeVerified":%q,"resourceUri":"oci://ghcr.io/acme/shop","policy":{"uri":"https://example.com/p","digest":{"sha256":%q}},
			"verificationResult":%q,"verifiedLevels":[]}`, at.Format(time.RFC3339), document.Digest.Hex(), result)
	}
	for _, c := range []struct {
		name    string
		put     func(*ledger)
		outcome policy.Outcome
		opened  []string
		listed  int
	}{
		{"a good summary", func(l *ledger) { l.put(t, keys.keys[0], image, "summary", vsa.V1, body(vsa.Passed, now)) }, policy.Allowed, []string{"summary"}, 1},
		{"two, and the older failed", func(l *ledger) {
			l.put(t, keys.keys[0], image, "summary", vsa.V1, body(vsa.Passed, now))
			l.put(t, keys.keys[0], image, "failed", vsa.V1, body(vsa.Failed, now.Add(-time.Hour)))
		}, policy.Allowed, []string{"failed", "summary"}, 1},
		{"no summary", func(*ledger) {}, policy.Allowed, []string{"signature"}, 2},
		{"an old summary", func(l *ledger) {
			l.put(t, keys.keys[0], image, "summary", vsa.V1, body(vsa.Passed, now.Add(-25*time.Hour)))
		}, policy.Allowed, []string{"signature", "summary"}, 2},
		{"a stranger's summary", func(l *ledger) { l.put(t, keys.keys[1], image, "summary", vsa.V1, body(vsa.Passed, now)) }, policy.Allowed, []string{"signature", "summary"}, 2},
		{"a failed summary", func(l *ledger) { l.put(t, keys.keys[0], image, "summary", vsa.V1, body(vsa.Failed, now)) }, policy.Denied, []string{"summary"}, 2},
	} {
		l := &ledger{}
		l.put(t, keys.keys[1], image, "signature", predicate.SignV1, `{}`)
		l.put(t, keys.keys[1], image, "provenance", "https://slsa.dev/provenance/v1", `{}`)
		c.put(l)
		stamped := func(*attest.Bundle, crypto.PublicKey) ([]verify.Time, []string, error) {
			return []verify.Time{{At: now, Source: verify.TimeTimestamp}}, nil, nil
		}
		v := gate.Gate{Source: l, Roots: []verify.Root{keys.roots[0].Timed(stamped), keys.roots[1].Timed(stamped)}, Policy: p, At: now}.Check(t.Context(), image)
		slices.Sort(l.opened)
		if v.Outcome() != c.outcome || !slices.Equal(l.opened, c.opened) || len(l.listed) > c.listed {
			t.Errorf("%s: %s, opened %q after %d listings; %+v %+v", c.name, v.Outcome(), l.opened, len(l.listed), v.Findings(), v.Notes())
		}
	}
}
