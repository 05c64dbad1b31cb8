package sigstore_test

import (
	"encoding/pem"
	"slices"
	"strings"
	"testing"

	bundlepb "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"

	"github.com/carnet-project/carnet/attest"
	forge "github.com/carnet-project/carnet/fixtures/sigstore"
	"github.com/carnet-project/carnet/verify"
	"github.com/carnet-project/carnet/verify/key"
	"github.com/carnet-project/carnet/verify/sigstore"
)

// An opening names the logs that have the signature, each once, and no stranger.
func TestLogs(t *testing.T) {
	w, staging := production(), world{forge.New("staging"), production().dev}
	s := w.dev.Envelope(statement())
	bare := w.dev.Key.Envelope(statement())
	v1, v2 := urlOf(w.V1), urlOf(w.V2)
	for name, c := range map[string]struct {
		b, bare *bundlepb.Bundle
		need    sigstore.Need
		want    []string
	}{
		"version 1":         {forge.With(s, w.v1(s, forge.KindDSSE)), forge.With(bare, w.v1(bare, forge.KindDSSE)), sigstore.Need{Logs: 1}, []string{v1}},
		"version 2":         {forge.With(s, w.v2(s), w.stamp(s, false)), forge.With(bare, w.v2(bare)), sigstore.Need{Logs: 1}, []string{v2}},
		"both":              {forge.With(s, w.v1(s, forge.KindDSSE), w.v2(s)), forge.With(bare, w.v1(bare, forge.KindDSSE), w.v2(bare)), sigstore.Need{Logs: 1}, []string{v1, v2}},
		"and a stranger":    {forge.With(s, w.v1(s, forge.KindDSSE), staging.v1(s, forge.KindDSSE)), forge.With(bare, w.v1(bare, forge.KindDSSE), staging.v1(bare, forge.KindDSSE)), sigstore.Need{Logs: 1}, []string{v1}},
		"none":              {forge.With(s, w.stamp(s, false)), forge.With(bare, w.stamp(bare, false)), sigstore.Need{}, nil},
		"none of this kind": {forge.With(s, staging.v1(s, forge.KindDSSE), w.stamp(s, false)), forge.With(bare, staging.v1(bare, forge.KindDSSE)), sigstore.Need{}, nil},
	} {
		m := w.material(t)
		certified := sigstore.NewRoot(m, c.need, anybody)
		keyed := must(key.Parse("dev.pub", w.dev.Key.PEM())).Timed(sigstore.Clock(sigstore.Need{}, m))
		for kind, root := range map[string]verify.Root{"certificate": certified, "key": keyed} {
			pb := c.b
			if kind == "key" {
				pb = c.bare
			}
			opened, err := root.Open(must(attest.ParseBundle([]byte(forge.Encode(pb)))))
			if err != nil || !slices.Equal(opened.Logs, c.want) {
				t.Errorf("%s, %s: %q, %v, want %q", name, kind, opened.Logs, err, c.want)
			}
		}
	}
}

// Logs and authorities that do not count are strangers, and what an instance with logs
// needs does not shrink with them.
func TestRestricted(t *testing.T) {
	w := production()
	s := w.dev.Envelope(statement())
	both := must(attest.ParseBundle([]byte(forge.Encode(forge.With(s, w.v1(s, forge.KindDSSE), w.v2(s), w.stamp(s, false))))))
	none := []string{"https://none.test"}
	for name, c := range map[string]struct {
		log, authority []string
		logs           []string
		times          []verify.TimeSource
		bad            verify.Reason
	}{
		"all":            {nil, nil, []string{urlOf(w.V1), urlOf(w.V2)}, []verify.TimeSource{verify.TimeLog, verify.TimeTimestamp}, ""},
		"one log":        {[]string{"https://*.log2025.rekor.test"}, nil, []string{urlOf(w.V2)}, []verify.TimeSource{verify.TimeTimestamp}, ""},
		"no authority":   {nil, none, []string{urlOf(w.V1), urlOf(w.V2)}, []verify.TimeSource{verify.TimeLog}, ""},
		"one authority":  {nil, []string{w.TSA.URL, "https://other.test"}, []string{urlOf(w.V1), urlOf(w.V2)}, []verify.TimeSource{verify.TimeLog, verify.TimeTimestamp}, ""},
		"no log":         {none, nil, nil, nil, verify.ReasonLogUnknown},
		"no time at all": {[]string{"https://*.log2025.rekor.test"}, none, nil, nil, verify.ReasonTimeMissing},
	} {
		m := must(w.material(t).Restricted(c.log, c.authority))
		opened, err := sigstore.NewRoot(m, m.Need(), anybody).Open(both)
		if c.bad != "" {
			if verify.Refusal(err).Reason != c.bad && !(c.bad == verify.ReasonTimeMissing && err != nil) {
				t.Errorf("%s: %v, want %s", name, err, c.bad)
			}
			continue
		}
		var times []verify.TimeSource
		for _, at := range opened.Times {
			times = append(times, at.Source)
		}
		slices.Sort(times)
		slices.Sort(c.times)
		if err != nil || !slices.Equal(opened.Logs, c.logs) || !slices.Equal(times, c.times) {
			t.Errorf("%s: %q, %v, %v", name, opened.Logs, times, err)
		}
	}
}

func TestRestrictedByNoGlob(t *testing.T) {
	for _, bad := range []string{"", "https://a\x00"} {
		if m, err := production().material(t).Restricted([]string{bad}, nil); err == nil {
			t.Errorf("%q: %v", bad, m)
		}
	}
}

func urlOf(log *forge.Log) string { return "https://" + log.Host }

// Holders of one's own authority are believed under its root alone, at a witness's time.
func TestOwnAuthorities(t *testing.T) {
	in := production()
	own, other := newOwnAuthority(), newOwnAuthority()
	text := func(a ownAuthority) []byte {
		return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.root.Raw})
	}
	k := forge.NewKey("own")
	chain := own.issue(k.Public())
	s := forge.Chained(k.Envelope(statement()), "application/vnd.dev.sigstore.bundle+json;version=0.2", chain...)
	stamped := must(attest.ParseBundle([]byte(forge.Encode(forge.With(s, in.stamp(s, false))))))
	bare := must(attest.ParseBundle([]byte(forge.Encode(s))))
	for name, c := range map[string]struct {
		pem  []byte
		with []*sigstore.Material
		b    *attest.Bundle
		good bool
	}{
		"good":                    {text(own), []*sigstore.Material{in.material(t)}, stamped, true},
		"without a witness":       {text(own), nil, stamped, false},
		"without a timestamp":     {text(own), []*sigstore.Material{in.material(t)}, bare, false},
		"under another authority": {text(other), []*sigstore.Material{in.material(t)}, stamped, false},
		"under one of two":        {slices.Concat(text(other), text(own)), []*sigstore.Material{in.material(t)}, stamped, true},
	} {
		m := must(sigstore.OwnAuthorities("own", c.pem, c.with...))
		opened, err := sigstore.NewRoot(m, m.Need(), anybody).Open(c.b)
		if (err == nil) != c.good || c.good && opened.By.Certificate.Subject != "spiffe://example.com/builder" {
			t.Errorf("%s: %v, %v", name, opened.By, err)
		}
	}
	for name, bad := range map[string]string{
		"empty": "", "text": "hello", "a leaf": string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: chain[0]})),
		"a key": string(k.PEM()), "broken": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "too many": strings.Repeat(string(text(own)), 101),
	} {
		if m, err := sigstore.OwnAuthorities("own", []byte(bad)); err == nil || m != nil {
			t.Errorf("%s is taken", name)
		}
	}
}
