package sigstore_test

import (
	"crypto/x509"
	"strings"
	"testing"
	"time"

	bundlepb "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	rekorpb "github.com/sigstore/protobuf-specs/gen/pb-go/rekor/v1"

	"github.com/carnet-project/carnet/attest"
	forge "github.com/carnet-project/carnet/fixtures/sigstore"
	"github.com/carnet-project/carnet/verify"
	"github.com/carnet-project/carnet/verify/sigstore"
)

// spoilt is a bundle with a change to the first log entry.
func spoilt(b *bundlepb.Bundle, change func(*rekorpb.TransparencyLogEntry)) *bundlepb.Bundle {
	b = forge.With(b)
	change(b.VerificationMaterial.TlogEntries[0])
	return b
}

// Each link that is broken is named, and only the first two classes are left to other roots.
func TestReasons(t *testing.T) {
	w, staging := production(), forge.New("staging")
	issue := func(change func(*forge.Request)) forge.Certificate {
		r := dev()
		change(&r)
		return w.Issue(r)
	}
	attacker := forge.NewAuthority("attacker", "production", forge.Start(), forge.Start().AddDate(15, 0, 0), x509.ExtKeyUsageCodeSigning)
	by := func(c forge.Certificate) *bundlepb.Bundle {
		b := c.Envelope(statement())
		return forge.With(b, forge.Proof{Entry: w.V1.Record(b, c.Key, forge.KindDSSE, signing)})
	}
	s := w.dev.Envelope(statement())
	v1, v2 := forge.With(s, w.v1(s, forge.KindDSSE)), forge.With(s, w.v2(s), w.stamp(s, false))
	other := w.dev.Envelope(strings.Replace(statement(), subject.Hex(), strings.Repeat("0", 64), 1))
	changed := forge.With(v1)
	changed.GetDsseEnvelope().Payload = other.GetDsseEnvelope().Payload
	at := func(log time.Time) *bundlepb.Bundle {
		return forge.With(s, forge.Proof{Entry: w.V1.Record(s, w.dev.Key, forge.KindDSSE, log)})
	}
	for name, c := range map[string]struct {
		b      *bundlepb.Bundle
		want   verify.Reason
		passes bool
	}{
		"self-signed":           {by(issue(func(r *forge.Request) { r.SelfSigned = true })), verify.ReasonCertificateUntrusted, true},
		"wrong chain":           {by(issue(func(r *forge.Request) { r.Authority = attacker })), verify.ReasonCertificateUntrusted, true},
		"wrong usage":           {by(issue(func(r *forge.Request) { r.Usage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} })), verify.ReasonCertificateUntrusted, true},
		"bare key":              {w.dev.Key.Envelope(statement()), verify.ReasonUnknownSigner, true},
		"root in the chain":     {forge.Chained(v1, forge.V03, append([][]byte{w.dev.DER}, w.CA.Chain()...)...), verify.ReasonCertificateMalformed, false},
		"leaf in the chain":     {forge.Chained(v1, forge.V03, w.dev.DER, w.dev.DER), verify.ReasonCertificateMalformed, false},
		"no certificate":        {forge.Chained(v1, forge.V03, []byte("x")), verify.ReasonCertificateMalformed, false},
		"no subject":            {by(issue(func(r *forge.Request) { r.Email = "" })), verify.ReasonCertificateMalformed, false},
		"a chain too long":      {forge.Chained(v1, forge.V02, make([][]byte, 17)...), verify.ReasonTooLarge, false},
		"no SCT":                {by(issue(func(r *forge.Request) { r.Logs = []*forge.CTLog{} })), verify.ReasonSCTMissing, false},
		"SCT of another log":    {by(issue(func(r *forge.Request) { r.Logs = []*forge.CTLog{staging.CT} })), verify.ReasonSCTInvalid, false},
		"SCT of another":        {by(issue(func(r *forge.Request) { r.LaterSCT = true })), verify.ReasonSCTInvalid, false},
		"no entry":              {forge.With(s, w.stamp(s, false)), verify.ReasonLogMissing, false},
		"entry of another log":  {forge.With(s, forge.Proof{Entry: staging.V1.Record(s, w.dev.Key, forge.KindDSSE, signing)}), verify.ReasonLogUnknown, false},
		"no promise in v0.1":    {forge.Chained(spoilt(v1, func(e *rekorpb.TransparencyLogEntry) { e.InclusionPromise = nil }), forge.V01, w.dev.DER), verify.ReasonLogPromise, false},
		"no proof in v0.3":      {spoilt(v1, func(e *rekorpb.TransparencyLogEntry) { e.InclusionProof = nil }), verify.ReasonLogProof, false},
		"no checkpoint":         {spoilt(v1, func(e *rekorpb.TransparencyLogEntry) { e.InclusionProof.Checkpoint = nil }), verify.ReasonLogProof, false},
		"wrong promise":         {spoilt(v1, func(e *rekorpb.TransparencyLogEntry) { e.InclusionPromise.SignedEntryTimestamp[9] ^= 1 }), verify.ReasonLogPromise, false},
		"wrong proof":           {spoilt(v1, func(e *rekorpb.TransparencyLogEntry) { e.InclusionProof.Hashes[0][0] ^= 1 }), verify.ReasonLogProof, false},
		"wrong proof in v2":     {spoilt(v2, func(e *rekorpb.TransparencyLogEntry) { e.InclusionProof.Hashes[0][0] ^= 1 }), verify.ReasonLogProof, false},
		"wrong kind":            {spoilt(v1, func(e *rekorpb.TransparencyLogEntry) { e.KindVersion.Kind = forge.KindHashedRekord }), verify.ReasonLogMismatch, false},
		"body of another":       {forge.With(s, w.v1(other, forge.KindDSSE)), verify.ReasonLogMismatch, false},
		"body of another in v2": {forge.With(s, w.v2(other), w.stamp(s, false)), verify.ReasonLogMismatch, false},
		"entry twice":           {forge.With(v1, w.v1(s, forge.KindDSSE)), verify.ReasonLogDuplicate, false},
		"many entries":          {forge.With(s, slicesRepeat(w.v1(s, forge.KindDSSE), 33)...), verify.ReasonTooLarge, false},
		"many timestamps":       {forge.With(v1, slicesRepeat(w.stamp(s, false), 33)...), verify.ReasonTooLarge, false},
		"logged too late":       {at(signing.Add(time.Hour)), verify.ReasonCertificateExpired, false},
		"logged too early":      {at(signing.Add(-time.Hour)), verify.ReasonCertificateExpired, false},
		"stamped too late":      {forge.With(s, w.v2(s), forge.Proof{Timestamp: w.TSA.Stamp(forge.SignatureOf(s), signing.Add(time.Hour), false)}), verify.ReasonCertificateExpired, false},
		"no time":               {forge.With(s, w.v2(s)), verify.ReasonTimeMissing, false},
		"stamp of another":      {forge.With(s, w.v2(s), w.stamp(other, false)), verify.ReasonTimestampInvalid, false},
		"bad stamp beside log":  {forge.With(v1, w.stamp(other, false)), verify.ReasonTimestampInvalid, false},
		"stamp that is none":    {forge.With(s, w.v2(s), forge.Proof{Timestamp: []byte("x")}), verify.ReasonTimestampInvalid, false},
		"stamp by a stranger":   {forge.With(s, w.v2(s), forge.Proof{Timestamp: staging.TSA.Stamp(forge.SignatureOf(s), signing, false)}), verify.ReasonTimestampUnknown, false},
		"changed after signing": {changed, verify.ReasonSignatureInvalid, false},
		"bad promise beside v2": {spoilt(forge.With(s, w.v1(s, forge.KindDSSE), w.v2(s), w.stamp(s, false)), func(e *rekorpb.TransparencyLogEntry) { e.InclusionPromise.SignedEntryTimestamp[9] ^= 1 }), verify.ReasonLogPromise, false},
	} {
		b, err := attest.ParseBundle([]byte(forge.Encode(c.b)))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		m := w.material(t)
		if got, passes := reasonOf(t, sigstore.NewRoot(m, m.Need(), anybody), b); got != c.want || passes != c.passes {
			_, err := sigstore.NewRoot(m, m.Need(), anybody).Open(b)
			t.Errorf("%s: %q, passed on %v (%v), want %q", name, got, passes, err, c.want)
		}
	}
}

func slicesRepeat(p forge.Proof, n int) []forge.Proof {
	var all []forge.Proof
	for range n {
		all = append(all, p)
	}
	return all
}

// What is wrong with the trusted root, for a bundle that is good elsewhere.
func TestReasonsOfRoots(t *testing.T) {
	w := production()
	s := w.dev.Envelope(statement())
	v1, v2 := forge.With(s, w.v1(s, forge.KindDSSE)), forge.With(s, w.v2(s), w.stamp(s, false))
	late, early := signing.Add(time.Second), signing.Add(-time.Second)
	for name, c := range map[string]struct {
		b      *bundlepb.Bundle
		change func(*forge.Instance)
		want   verify.Reason
	}{
		"good":                     {v1, func(*forge.Instance) {}, ""},
		"authority not yet":        {v1, func(in *forge.Instance) { in.From = late }, verify.ReasonCertificateExpired},
		"authority no more":        {v1, func(in *forge.Instance) { in.To = early }, verify.ReasonCertificateExpired},
		"authority at its end":     {v1, func(in *forge.Instance) { in.To = signing }, ""},
		"authority at its start":   {v1, func(in *forge.Instance) { in.From = signing }, ""},
		"log not yet":              {v1, func(in *forge.Instance) { in.V1.From = late }, verify.ReasonLogUnknown},
		"log no more":              {v1, func(in *forge.Instance) { in.V1.To = early }, verify.ReasonLogUnknown},
		"log at its end":           {v1, func(in *forge.Instance) { in.V1.To = signing }, ""},
		"v2 not yet":               {v2, func(in *forge.Instance) { in.V2.From = late }, verify.ReasonLogUnknown},
		"v2 no more":               {v2, func(in *forge.Instance) { in.V2.To = early }, verify.ReasonLogUnknown},
		"v2 at both ends":          {v2, func(in *forge.Instance) { in.V2.From, in.V2.To = signing, signing }, ""},
		"timestamps not yet":       {v2, func(in *forge.Instance) { in.TSA.From = late }, verify.ReasonTimestampInvalid},
		"timestamps no more":       {v2, func(in *forge.Instance) { in.TSA.To = early }, verify.ReasonTimestampInvalid},
		"timestamps at both ends":  {v2, func(in *forge.Instance) { in.TSA.From, in.TSA.To = signing, signing }, ""},
		"no timestamp authority":   {v2, func(in *forge.Instance) { in.TSA = nil }, verify.ReasonTimestampUnknown},
		"SCT before the log":       {v1, func(in *forge.Instance) { in.CT.From = late }, verify.ReasonSCTInvalid},
		"another certificate log":  {v1, func(in *forge.Instance) { in.CT = forge.New("staging").CT }, verify.ReasonSCTInvalid},
		"the intermediate is left": {v1, func(in *forge.Instance) { in.CA = in.CA.Root() }, verify.ReasonCertificateUntrusted},
	} {
		in := forge.New("production")
		c.change(in)
		m := world{Instance: in}.material(t)
		b, err := attest.ParseBundle([]byte(forge.Encode(c.b)))
		if err != nil {
			t.Fatal(err)
		}
		root := sigstore.NewRoot(m, m.Need(), anybody)
		if got, _ := reasonOf(t, root, b); got != c.want {
			_, err := root.Open(b)
			t.Errorf("%s: %q, want %q (%v)", name, got, c.want, err)
		}
	}
}

// A bundle of a well-known instance says so.
func TestInstances(t *testing.T) {
	b := bundleOf(t, "npm-provenance")
	m := production().material(t)
	root := sigstore.NewRoot(m, m.Need(), anybody)
	got, passes := reasonOf(t, root, b)
	_, err := root.Open(b)
	if got != verify.ReasonInstanceMismatch || !passes || !strings.Contains(err.Error(), "the public instance (sigstore.dev)") {
		t.Errorf("%q, %v", got, err)
	}
}
