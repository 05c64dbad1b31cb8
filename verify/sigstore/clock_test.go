package sigstore_test

import (
	"errors"
	"reflect"
	"testing"
	"time"

	bundlepb "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	rekorpb "github.com/sigstore/protobuf-specs/gen/pb-go/rekor/v1"

	"github.com/carnet-project/carnet/attest"
	forge "github.com/carnet-project/carnet/fixtures/sigstore"
	"github.com/carnet-project/carnet/verify"
	"github.com/carnet-project/carnet/verify/key"
	"github.com/carnet-project/carnet/verify/sigstore"
)

// A key's signature has the times that a known log or authority gives it; what is bad
// refuses it, and what is foreign says nothing.
func TestClock(t *testing.T) {
	w, staging := production(), world{forge.New("staging"), production().dev}
	k := w.dev.Key
	s, file := k.Envelope(statement()), k.Message(content)
	other := k.Message("something else")
	logTime := verify.Time{At: signing, Source: verify.TimeLog, URI: "https://production.rekor.test"}
	stampTime := verify.Time{At: signing, Source: verify.TimeTimestamp, URI: w.TSA.URL}
	for name, c := range map[string]struct {
		b    *bundlepb.Bundle
		need sigstore.Need
		want []verify.Time
		bad  verify.Reason
	}{
		"nothing":                  {b: s},
		"v1":                       {b: forge.With(s, w.v1(s, forge.KindDSSE)), want: []verify.Time{logTime}},
		"v1 intoto":                {b: forge.With(s, w.v1(s, forge.KindIntoto)), want: []verify.Time{logTime}},
		"v1 file":                  {b: forge.With(file, w.v1(file, forge.KindHashedRekord)), want: []verify.Time{logTime}},
		"v2 says no time":          {b: forge.With(s, w.v2(s))},
		"v2 file and timestamp":    {b: forge.With(file, w.v2(file), w.stamp(file, true)), want: []verify.Time{stampTime}, need: sigstore.Need{Logs: 1, Timestamps: 1}},
		"both":                     {b: forge.With(s, w.v1(s, forge.KindDSSE), w.stamp(s, false)), want: []verify.Time{logTime, stampTime}},
		"two of one authority":     {b: forge.With(s, w.stamp(s, false), w.stamp(s, true)), want: []verify.Time{stampTime}},
		"of another log":           {b: forge.With(s, staging.v1(s, forge.KindDSSE), w.stamp(s, false)), want: []verify.Time{stampTime}},
		"of another authority":     {b: forge.With(s, staging.stamp(s, false))},
		"another log, needed":      {b: forge.With(s, staging.v1(s, forge.KindDSSE)), need: sigstore.Need{Logs: 1}, bad: verify.ReasonLogUnknown},
		"another one, needed":      {b: forge.With(s, staging.stamp(s, false)), need: sigstore.Need{Timestamps: 1}, bad: verify.ReasonTimestampUnknown},
		"a log, needed":            {b: s, need: sigstore.Need{Logs: 1}, bad: verify.ReasonLogMissing},
		"a timestamp, needed":      {b: s, need: sigstore.Need{Timestamps: 1}, bad: verify.ReasonTimeMissing},
		"two of one, needed":       {b: forge.With(s, w.stamp(s, false), w.stamp(s, true)), need: sigstore.Need{Timestamps: 2}, bad: verify.ReasonTimeMissing},
		"an entry about another":   {b: forge.With(file, w.v1(other, forge.KindHashedRekord)), bad: verify.ReasonLogMismatch},
		"v2 entry about another":   {b: forge.With(file, w.v2(other)), bad: verify.ReasonLogMismatch},
		"a timestamp of another":   {b: forge.With(file, w.stamp(other, false)), bad: verify.ReasonTimestampInvalid},
		"an entry twice":           {b: forge.With(s, w.v1(s, forge.KindDSSE), w.v1(s, forge.KindDSSE)), bad: verify.ReasonLogDuplicate},
		"a promise that is broken": {b: spoilt(forge.With(s, w.v1(s, forge.KindDSSE)), func(e *rekorpb.TransparencyLogEntry) { e.InclusionPromise.SignedEntryTimestamp[9] ^= 1 }), bad: verify.ReasonLogPromise},
		"a proof that is broken":   {b: spoilt(forge.With(s, w.v1(s, forge.KindDSSE)), func(e *rekorpb.TransparencyLogEntry) { e.InclusionProof.Hashes[0][0] ^= 1 }), bad: verify.ReasonLogProof},
		"a time that was changed":  {b: spoilt(forge.With(s, w.v1(s, forge.KindDSSE)), func(e *rekorpb.TransparencyLogEntry) { e.IntegratedTime-- }), bad: verify.ReasonLogPromise},
		"a promise left out":       {b: spoilt(forge.With(s, w.v1(s, forge.KindDSSE)), func(e *rekorpb.TransparencyLogEntry) { e.InclusionPromise = nil })},
		"under a certificate":      {b: forge.With(w.dev.Envelope(statement()), w.v1(w.dev.Envelope(statement()), forge.KindDSSE)), want: []verify.Time{logTime}},
	} {
		b := must(attest.ParseBundle([]byte(forge.Encode(c.b))))
		root := must(key.Parse("dev.pub", k.PEM())).Timed(sigstore.Clock(c.need, elsewhere(t), w.material(t)))
		opened, err := root.Open(b)
		var refused *verify.Error
		switch {
		case c.bad != "" && (!errors.As(err, &refused) || refused.Reason != c.bad || errors.Is(err, verify.ErrUnknownSigner) || opened.Payload != nil):
			t.Errorf("%s: %v, want %s", name, err, c.bad)
		case c.bad == "" && (err != nil || !reflect.DeepEqual(opened.Times, c.want)):
			t.Errorf("%s: %v, %v", name, opened.Times, err)
		}
	}
}

// elsewhere is the material of an instance that has nothing to do with it.
func elsewhere(t testing.TB) *sigstore.Material {
	return world{Instance: forge.New("elsewhere")}.material(t)
}

// Without materials nothing is asked, and what is broken does not matter.
func TestClockWithoutMaterials(t *testing.T) {
	w := production()
	s := w.dev.Key.Envelope(statement())
	b := must(attest.ParseBundle([]byte(forge.Encode(forge.With(s, w.stamp(w.dev.Message("x"), false))))))
	opened, err := must(key.Parse("dev.pub", w.dev.Key.PEM())).Timed(sigstore.Clock(sigstore.Need{})).Open(b)
	if err != nil || opened.Times != nil {
		t.Errorf("%v, %v", opened, err)
	}
}

// A key with an end, or one that was revoked, is judged by what the clock says.
func TestClockAndValidity(t *testing.T) {
	w := production()
	s := w.dev.Key.Envelope(statement())
	stamped := must(attest.ParseBundle([]byte(forge.Encode(forge.With(s, w.stamp(s, false))))))
	bare := must(attest.ParseBundle([]byte(forge.Encode(s))))
	for name, c := range map[string]struct {
		b    *attest.Bundle
		v    key.Validity
		want verify.Reason
	}{
		"in time":          {stamped, key.Validity{From: signing, Until: signing}, ""},
		"too late":         {stamped, key.Validity{Until: signing.Add(-time.Second)}, verify.ReasonKeyValidity},
		"too early":        {stamped, key.Validity{From: signing.Add(time.Second)}, verify.ReasonKeyValidity},
		"no time":          {bare, key.Validity{From: signing}, verify.ReasonTimeMissing},
		"revoked later":    {stamped, key.Validity{RevokedAt: signing.Add(time.Second)}, ""},
		"revoked then":     {stamped, key.Validity{RevokedAt: signing}, verify.ReasonKeyRevoked},
		"revoked, no time": {bare, key.Validity{RevokedAt: signing.Add(time.Hour)}, verify.ReasonKeyRevoked},
	} {
		root := must(key.Parse("dev.pub", w.dev.Key.PEM())).Within(c.v).Timed(sigstore.Clock(sigstore.Need{}, w.material(t)))
		if got, _ := reasonOf(t, root, c.b); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
