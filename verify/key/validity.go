package key

import (
	"crypto"
	"time"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/verify"
)

// Validity is when signatures by a key count. It is judged by the earliest trusted time
// of a signature, since what a signer claims could be any time.
type Validity struct {
	// From and Until are the inclusive ends; a zero time is an open end.
	From, Until time.Time
	// RevokedAt is when the key stopped to be its owner's alone: what was signed then or
	// later does not count, and neither does what nobody trusted says was signed earlier.
	// The zero time means that it was not revoked.
	RevokedAt time.Time
	// Reason is why it was revoked, for people.
	Reason string
}

// A Clock says when a signature by a key existed, as far as anybody trusted says so, and
// which transparency logs have it, as [verify.Opening] has them. Package verify/sigstore
// makes clocks of transparency logs and timestamp authorities. An error, which should be
// a *[verify.Error], means that what the bundle has for it is not good, or not enough.
type Clock func(b *attest.Bundle, signer crypto.PublicKey) (times []verify.Time, logs []string, err error)

// Within is the root with the validity v for each of its keys, beside those they have.
func (r *Root) Within(v Validity) *Root {
	limited := &Root{clock: r.clock}
	for _, k := range r.keys {
		k.validities = append(k.validities[:len(k.validities):len(k.validities)], v)
		limited.keys = append(limited.keys, k)
	}
	return limited
}

// Timed is the root with a clock, which is asked about each signature by its keys.
// Without one, no time is known.
func (r *Root) Timed(c Clock) *Root { return &Root{keys: r.keys, clock: c} }

// open is what the root makes of a bundle that k signed.
func (r *Root) open(k publicKey, b *attest.Bundle) (verify.Opening, error) {
	opened := verify.Opening{Payload: b.UnverifiedPayload(), By: k.identity}
	if r.clock != nil {
		var err error
		if opened.Times, opened.Logs, err = r.clock(b, k.public); err != nil {
			return verify.Opening{}, err
		}
	}
	// A key that is listed twice must be good by each of the entries: who revokes a key in
	// one file should not have to look for it in others.
	for _, listed := range r.keys {
		if listed.identity.Key != k.identity.Key {
			continue
		}
		for _, v := range listed.validities {
			if err := v.judge(listed.identity, earliest(opened.Times)); err != nil {
				return verify.Opening{}, err
			}
		}
	}
	return opened, nil
}

func earliest(times []verify.Time) time.Time {
	var first time.Time
	for _, t := range times {
		if first.IsZero() || t.At.Before(first) {
			first = t.At
		}
	}
	return first
}

// judge says why a signature by a key of this validity does not count. Its time is at, or
// zero if nobody trusted knows it.
func (v Validity) judge(by verify.Identity, at time.Time) error {
	signed := "one signed at " + stamp(at)
	if at.IsZero() {
		signed = "one without a trusted time"
	}
	if !v.RevokedAt.IsZero() && (at.IsZero() || !at.Before(v.RevokedAt)) {
		why := ""
		if v.Reason != "" {
			why = " (" + v.Reason + ")"
		}
		return &verify.Error{
			Reason:   verify.ReasonKeyRevoked,
			Expected: "a signature by " + by.String() + " from before " + stamp(v.RevokedAt) + ", when it was revoked" + why,
			Found:    signed,
		}
	}
	if v.From.IsZero() && v.Until.IsZero() {
		return nil
	}
	expected := "a signature by " + by.String() + " made " + v.window()
	switch {
	case at.IsZero():
		return &verify.Error{Reason: verify.ReasonTimeMissing, Expected: expected, Found: signed}
	case !v.From.IsZero() && at.Before(v.From), !v.Until.IsZero() && at.After(v.Until):
		return &verify.Error{Reason: verify.ReasonKeyValidity, Expected: expected, Found: signed}
	}
	return nil
}

func (v Validity) window() string {
	switch {
	case v.Until.IsZero():
		return "from " + stamp(v.From) + " on"
	case v.From.IsZero():
		return "until " + stamp(v.Until)
	}
	return "from " + stamp(v.From) + " to " + stamp(v.Until)
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
