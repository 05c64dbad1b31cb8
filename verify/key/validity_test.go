package key_test

import (
	"crypto"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/carnet-project/carnet/attest"
	signkey "github.com/carnet-project/carnet/sign/key"
	"github.com/carnet-project/carnet/verify"
	"github.com/carnet-project/carnet/verify/key"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// saying is a clock that says the same of every signature.
func saying(times ...time.Time) key.Clock {
	return func(*attest.Bundle, crypto.PublicKey) ([]verify.Time, []string, error) {
		var all []verify.Time
		for _, at := range times {
			all = append(all, verify.Time{At: at, Source: verify.TimeTimestamp, URI: "https://timestamp.example.com"})
		}
		return all, []string{"https://log.example.com"}, nil
	}
}

func TestValidity(t *testing.T) {
	s := newSigner(t, signkey.ECDSAP256)
	before, after := noon.Add(-time.Second), noon.Add(time.Second)
	for name, c := range map[string]struct {
		v     key.Validity
		clock key.Clock
		want  verify.Reason
	}{
		"no window, no clock":         {key.Validity{}, nil, ""},
		"no window, no time":          {key.Validity{}, saying(), ""},
		"within":                      {key.Validity{From: before, Until: after}, saying(noon), ""},
		"at the start":                {key.Validity{From: noon}, saying(noon), ""},
		"at the end":                  {key.Validity{Until: noon}, saying(noon), ""},
		"before":                      {key.Validity{From: after}, saying(noon), verify.ReasonKeyValidity},
		"after":                       {key.Validity{Until: before}, saying(noon), verify.ReasonKeyValidity},
		"the earliest time counts":    {key.Validity{Until: noon}, saying(after, noon), ""},
		"and it must be late enough":  {key.Validity{From: noon}, saying(after, before), verify.ReasonKeyValidity},
		"a window and no time":        {key.Validity{Until: after}, saying(), verify.ReasonTimeMissing},
		"a window and no clock":       {key.Validity{From: before}, nil, verify.ReasonTimeMissing},
		"revoked later":               {key.Validity{RevokedAt: after}, saying(noon), ""},
		"revoked then":                {key.Validity{RevokedAt: noon}, saying(noon), verify.ReasonKeyRevoked},
		"revoked before":              {key.Validity{RevokedAt: before, Reason: "stolen"}, saying(noon), verify.ReasonKeyRevoked},
		"revoked, no time":            {key.Validity{RevokedAt: after}, saying(), verify.ReasonKeyRevoked},
		"revoked, no clock":           {key.Validity{RevokedAt: after}, nil, verify.ReasonKeyRevoked},
		"revoked says more than late": {key.Validity{Until: before, RevokedAt: before}, saying(noon), verify.ReasonKeyRevoked},
	} {
		root := parse(t, "release.pub", s.PublicPEM()).Within(c.v)
		if c.clock != nil {
			root = root.Timed(c.clock)
		}
		for _, b := range signed(t, s) {
			got, passes := reasonOf(t, root, b)
			if got != c.want || passes {
				t.Errorf("%s, %s: %q, want %q; passed on %v", name, b.Form(), got, c.want, passes)
			}
			if _, err := root.Open(b); c.v.Reason != "" && !strings.Contains(err.Error(), "(stolen)") {
				t.Errorf("%s: %v does not say why", name, err)
			}
		}
	}
}

// A clock's refusal is the root's, and its times and logs are those of the opening.
func TestClock(t *testing.T) {
	s := newSigner(t, signkey.Ed25519)
	b := signed(t, s)[0]
	bad := &verify.Error{Reason: verify.ReasonLogPromise, Expected: "a promise", Found: "none"}
	root := parse(t, "release.pub", s.PublicPEM())
	refusing := root.Timed(func(*attest.Bundle, crypto.PublicKey) ([]verify.Time, []string, error) { return nil, nil, bad })
	if got, passes := reasonOf(t, refusing, b); got != verify.ReasonLogPromise || passes {
		t.Errorf("%q, passed on %v", got, passes)
	}
	opened, err := root.Timed(saying(noon)).Open(b)
	if err != nil || len(opened.Times) != 1 || !opened.Times[0].At.Equal(noon) || !slices.Equal(opened.Logs, []string{"https://log.example.com"}) {
		t.Errorf("%+v, %v", opened, err)
	}
	stranger := parse(t, "other.pub", newSigner(t, signkey.Ed25519).PublicPEM()).Timed(func(*attest.Bundle, crypto.PublicKey) ([]verify.Time, []string, error) {
		t.Error("the clock was asked about a stranger's signature")
		return nil, nil, nil
	})
	if _, err := stranger.Open(b); !errors.Is(err, verify.ErrUnknownSigner) {
		t.Error(err)
	}
}

// A key that is good in one list and revoked in another is revoked, in any order; another
// key is not.
func TestValidityOfJoinedRoots(t *testing.T) {
	s, other := newSigner(t, signkey.ECDSAP256), newSigner(t, signkey.ECDSAP256)
	good := key.Join(parse(t, "a.pub", s.PublicPEM()), parse(t, "b.pub", other.PublicPEM())).Timed(saying(noon))
	revoked := parse(t, "revoked.pub", s.PublicPEM()).Within(key.Validity{RevokedAt: noon})
	for _, root := range []*key.Root{key.Join(good, revoked), key.Join(revoked, good), key.Join(good, revoked.Within(key.Validity{}))} {
		if got, _ := reasonOf(t, root, signed(t, s)[0]); got != verify.ReasonKeyRevoked {
			t.Errorf("%q", got)
		}
		if got, _ := reasonOf(t, root, signed(t, other)[0]); got != "" {
			t.Errorf("the other key: %q", got)
		}
	}
	if got, _ := reasonOf(t, good, signed(t, s)[0]); got != "" {
		t.Errorf("joining changed its parts: %q", got)
	}
}
