package sigstore

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/tlog"
	sgverify "github.com/sigstore/sigstore-go/pkg/verify"
	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/sigstore/sigstore/pkg/signature/options"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/verify"
)

// Clock finds the trusted times of signatures by keys, and the transparency logs that have
// them, by their URLs in the trusted root: it is a key.Clock (package verify/key). The materials' logs and timestamp authorities are asked about the log
// entries and timestamps in a bundle.
//
// An entry or a timestamp of theirs that is not good refuses the bundle. One of a log or
// an authority that none of them knows says nothing, as if it were not there. If need
// asks for more logs or authorities than vouch for the signature, the bundle is refused;
// SCTs are about certificates and are not asked for.
func Clock(need Need, materials ...*Material) func(*attest.Bundle, crypto.PublicKey) ([]verify.Time, []string, error) {
	return func(b *attest.Bundle, signer crypto.PublicKey) ([]verify.Time, []string, error) {
		return (&clock{need, materials}).times(b, signer)
	}
}

type clock struct {
	need      Need
	materials []*Material
}

func (c *clock) times(b *attest.Bundle, signer crypto.PublicKey) ([]verify.Time, []string, error) {
	if len(c.materials) == 0 && c.need == (Need{}) {
		return nil, nil, nil
	}
	if len(b.LogEntries()) == 0 && len(b.Timestamps()) == 0 && c.need.Logs == 0 && c.need.Timestamps == 0 {
		return nil, nil, nil
	}
	attempts, err := newEntity(b, keyHolder(b, signer))
	if err != nil {
		return nil, nil, err
	}
	var first error
	for _, e := range attempts {
		times, logs, err := c.ask(e, signer)
		if err == nil {
			return times, logs, nil
		}
		if first == nil {
			first = err
		}
	}
	return nil, nil, first
}

// ask goes through entries and timestamps, and counts logs and authorities.
func (c *clock) ask(e *entity, signer crypto.PublicKey) ([]verify.Time, []string, error) {
	if err := duplicate(e.entries); err != nil {
		return nil, nil, err
	}
	var times []verify.Time
	logs, authorities := map[string]bool{}, map[string]bool{}
	var strangeLog, strangeAuthority *verify.Error
	var used []*root.TransparencyLog
	for _, entry := range e.entries {
		t, log, err := c.entry(e, entry, signer)
		switch {
		case err != nil && (err.Reason == verify.ReasonInstanceMismatch || err.Reason == verify.ReasonLogUnknown && log == nil):
			strangeLog = err
			continue
		case err != nil:
			return nil, nil, err
		}
		logs[entry.LogKeyID()] = true
		used = append(used, log)
		if !t.At.IsZero() {
			times = append(times, t)
		}
	}
	for _, raw := range e.source.Timestamps() {
		t, err := c.timestamp(e, raw)
		switch {
		case err != nil && err.Reason == verify.ReasonTimestampUnknown:
			strangeAuthority = err
			continue
		case err != nil:
			return nil, nil, err
		}
		if !authorities[t.URI] {
			authorities[t.URI] = true
			times = append(times, t)
		}
	}
	for _, log := range used {
		if err := inUse(log, times); err != nil {
			return nil, nil, err
		}
	}
	if err := c.enough(len(e.entries), len(logs), len(authorities), strangeLog, strangeAuthority); err != nil {
		return nil, nil, err
	}
	return times, names(used), nil
}

// enough holds what vouches for the signature to what is needed.
func (c *clock) enough(entries, logs, authorities int, strangeLog, strangeAuthority *verify.Error) error {
	switch {
	case logs < c.need.Logs && strangeLog != nil:
		return strangeLog
	case logs < c.need.Logs:
		return refuse(verify.ReasonLogMissing, fmt.Sprintf("entries in %d transparency logs", c.need.Logs), fmt.Sprintf("%d entries, in %d trusted logs", entries, logs))
	case authorities < c.need.Timestamps && strangeAuthority != nil:
		return strangeAuthority
	case authorities < c.need.Timestamps:
		return timesMissing(c.need.Timestamps, authorities)
	}
	return nil
}

// entry asks the first material that knows the entry's log. It gives the log if one does,
// and a time if the log says it.
func (c *clock) entry(e *entity, entry *tlog.Entry, signer crypto.PublicKey) (verify.Time, *root.TransparencyLog, *verify.Error) {
	id := hex.EncodeToString([]byte(entry.LogKeyID()))
	strange := refuse(verify.ReasonLogUnknown, "an entry in a trusted transparency log", "an entry in the log with the ID "+id)
	for _, m := range c.materials {
		q := &inquiry{material: m.withKey(signer), need: c.need}
		log, known := m.trusted.RekorLogs()[id]
		if err := q.entry(e, entry); err != nil {
			if !known {
				strange = err
				continue
			}
			return verify.Time{}, log, err
		}
		if !entry.HasInclusionPromise() {
			return verify.Time{}, log, nil
		}
		return verify.Time{At: entry.IntegratedTime().UTC(), Source: verify.TimeLog, URI: log.BaseURL}, log, nil
	}
	return verify.Time{}, nil, strange
}

// timestamp asks the first material that knows the timestamp's authority.
func (c *clock) timestamp(e *entity, raw []byte) (verify.Time, *verify.Error) {
	strange := refuse(verify.ReasonTimestampUnknown, "a timestamp by a trusted authority", "one by an authority that is not trusted")
	for _, m := range c.materials {
		q := &inquiry{material: m, need: c.need}
		if err := q.timestamp(e, raw); err != nil {
			if err.Reason == verify.ReasonTimestampUnknown {
				continue
			}
			return verify.Time{}, err
		}
		verified, _, err := sgverify.VerifySignedTimestamp(stamped{e, raw}, m.trusted)
		if err == nil && len(verified) == 1 {
			return verify.Time{At: verified[0].Time.UTC(), Source: verify.TimeTimestamp, URI: verified[0].URI}, nil
		}
	}
	return verify.Time{}, strange
}

// withKey is the material with one public key, which sigstore-go asks for by its hint.
func (m *Material) withKey(public crypto.PublicKey) *Material {
	keyed := root.NewTrustedPublicKeyMaterial(func(string) (root.TimeConstrainedVerifier, error) {
		v, err := signature.LoadDefaultVerifier(public, options.WithED25519ph())
		if err != nil {
			return nil, err
		}
		return root.NewExpiringKey(v, time.Time{}, time.Time{}), nil
	})
	return &Material{name: m.name, trusted: withKeys{m.trusted, keyed}}
}

// withKeys is a trusted root and keys.
type withKeys struct {
	root.TrustedMaterial
	keys root.TrustedMaterial
}

// PublicKeyVerifier implements sigstore-go's TrustedMaterial.
func (w withKeys) PublicKeyVerifier(hint string) (root.TimeConstrainedVerifier, error) {
	return w.keys.PublicKeyVerifier(hint)
}

// keyed is a signer with a bare key.
type keyed struct {
	public crypto.PublicKey
	hint   string
}

func keyHolder(b *attest.Bundle, signer crypto.PublicKey) func(*bundle.Bundle) (sgverify.VerificationContent, crypto.PublicKey, error) {
	return func(read *bundle.Bundle) (sgverify.VerificationContent, crypto.PublicKey, error) {
		if len(b.Certificates()) == 0 {
			return keyed{signer, b.KeyHint()}, signer, nil
		}
		// A bundle may have a certificate although its key is what is trusted. The log has the
		// certificate then.
		content, certified, err := certificateHolder(read)
		if err != nil {
			return nil, nil, err
		}
		if !equal(certified, signer) {
			return nil, nil, refuse(verify.ReasonCertificateMalformed, "a certificate of the key that signed", "a certificate of another key")
		}
		return content, signer, nil
	}
}

func equal(a, b crypto.PublicKey) bool {
	x, errx := x509.MarshalPKIXPublicKey(a)
	y, erry := x509.MarshalPKIXPublicKey(b)
	return errors.Join(errx, erry) == nil && bytes.Equal(x, y)
}

// CompareKey implements sigstore-go's VerificationContent.
func (k keyed) CompareKey(other any, _ root.TrustedMaterial) bool { return equal(k.public, other) }

// ValidAtTime implements sigstore-go's VerificationContent. When a key is valid is for
// package verify/key to judge.
func (k keyed) ValidAtTime(time.Time, root.TrustedMaterial) bool { return true }

// Certificate implements sigstore-go's VerificationContent.
func (k keyed) Certificate() *x509.Certificate { return nil }

// Intermediates implements sigstore-go's VerificationContent.
func (k keyed) Intermediates() []*x509.Certificate { return nil }

// PublicKey implements sigstore-go's VerificationContent.
func (k keyed) PublicKey() sgverify.PublicKeyProvider { return k }

// Hint implements sigstore-go's PublicKeyProvider.
func (k keyed) Hint() string { return k.hint }
