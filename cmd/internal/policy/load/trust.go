package load

import (
	"bytes"
	"crypto"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/cmd/internal/cli"
	"github.com/carnet-project/carnet/verify"
	"github.com/carnet-project/carnet/verify/identity"
	"github.com/carnet-project/carnet/verify/key"
	"github.com/carnet-project/carnet/verify/policy"
	"github.com/carnet-project/carnet/verify/sigstore"
)

// A Trust makes the roots of trust that open the evidence for a policy.
type Trust struct {
	// Instances are the Sigstore instances that are trusted. They are asked for when they
	// are first needed.
	Instances func() ([]*sigstore.Material, error)
	// Need is what must prove a signature of an instance that gives so much to each of its
	// own, or of a key, with the zero Need. Nil asks for what the instance gives.
	Need func(sigstore.Need) sigstore.Need
	// Accept says in the policy's place whether the holder of a certificate is known, where
	// it is set: in words for whoever gave flags.
	Accept func(attest.Certificate) error
}

// TrustOf is what policies trust. They are judged on the same evidence, so they must trust
// the same instances, logs and authorities: else one would let in what another does not
// know.
func TrustOf(policies ...*Policy) (Trust, error) {
	for _, p := range policies[1:] {
		if !sameTrust(policies[0], p) {
			return Trust{}, &cli.UsageError{
				Message: fmt.Sprintf("the policies %s and %s trust different Sigstore instances, logs or authorities, and can't be judged together", policies[0].Document.Name, p.Document.Name),
				Hint:    "give both the same trust section, or verify by each of them in a run of its own",
			}
		}
	}
	first := policies[0]
	return Trust{Instances: sync.OnceValues(func() ([]*sigstore.Material, error) {
		roots, err := first.trusted()
		if err != nil {
			return nil, err
		}
		return Materials(roots, first.Document.Trust)
	})}, nil
}

func sameTrust(a, b *Policy) bool {
	sorted := func(globs []string) []string { return slices.Sorted(slices.Values(globs)) }
	x, y := a.Document.Trust, b.Document.Trust
	return slices.Equal(sorted(x.TimestampAuthorities), sorted(y.TimestampAuthorities)) &&
		slices.Equal(sorted(x.TransparencyLogs), sorted(y.TransparencyLogs)) &&
		within(a.instances, b.instances) && within(b.instances, a.instances)
}

func within(some, all []cli.TrustedRoot) bool {
	return !slices.ContainsFunc(some, func(r cli.TrustedRoot) bool {
		return !slices.ContainsFunc(all, func(o cli.TrustedRoot) bool { return bytes.Equal(r.JSON, o.JSON) })
	})
}

// Materials reads trusted roots, of which the logs and authorities count that t names.
func Materials(roots []cli.TrustedRoot, t policy.Trust) ([]*sigstore.Material, error) {
	var all []*sigstore.Material
	for _, r := range roots {
		m, err := sigstore.ParseMaterial(r.Name, r.JSON)
		if err != nil {
			return nil, &cli.UsageError{Message: fmt.Sprintf("the trusted root %v", err), Hint: "a trusted_root.json comes from carnet trust, carnet local export, or the TUF repository of the instance"}
		}
		if m, err = m.Restricted(t.TransparencyLogs, t.TimestampAuthorities); err != nil {
			return nil, cli.Usagef("trust: %v", err)
		}
		all = append(all, m)
	}
	return all, nil
}

// Roots are the trusted Sigstore instances, one's own authorities and the keys that the
// policy names. The keys come last: of a bare key's signature they can say more.
func (t Trust) Roots(p *policy.Policy) ([]verify.Root, error) {
	keys, err := t.keys(p)
	if err != nil {
		return nil, err
	}
	own := p.Authorities()
	if keys != nil && len(own) == 0 && !certified(p) {
		return []verify.Root{&introducer{keys, t.Instances}}, nil
	}
	known, err := t.Instances()
	if err != nil {
		return nil, err
	}
	accept := t.Accept
	if accept == nil {
		accept = p.Accept()
	}
	var all []verify.Root
	for _, m := range known {
		all = append(all, sigstore.NewRoot(m, t.need(m.Need()), issued(accept, len(own) > 0)))
	}
	if len(own) > 0 {
		m, err := authorities(own, known)
		if err != nil {
			return nil, err
		}
		all = append(all, sigstore.NewRoot(m, m.Need(), unissued(accept)))
	}
	if keys != nil {
		all = append(all, keys)
	}
	return all, nil
}

func (t Trust) need(n sigstore.Need) sigstore.Need {
	if t.Need == nil {
		return n
	}
	return t.Need(n)
}

// keys are the policy's keys, each while it is valid; nil if there are none.
func (t Trust) keys(p *policy.Policy) (*key.Root, error) {
	var roots []*key.Root
	for _, i := range p.Keys() {
		root, err := key.Parse(i.Name, []byte(i.Key.PEM))
		if err != nil {
			return nil, cli.Usagef("the identity %v", err)
		}
		roots = append(roots, root.Within(key.Validity{From: i.Key.ValidFrom, Until: i.Key.ValidUntil, RevokedAt: i.RevokedAt, Reason: i.Reason}))
	}
	if len(roots) == 0 {
		return nil, nil
	}
	return key.Join(roots...).Timed(t.clock()), nil
}

// clock asks the logs and authorities of the instances for the times of signatures by
// keys. The instances are read when the first bundle has something for them.
func (t Trust) clock() key.Clock {
	wanted := t.need(sigstore.Need{})
	return func(b *attest.Bundle, signer crypto.PublicKey) ([]verify.Time, []string, error) {
		if wanted == (sigstore.Need{}) && len(b.LogEntries()) == 0 && len(b.Timestamps()) == 0 {
			return nil, nil, nil
		}
		known, err := t.Instances()
		if err != nil {
			return nil, nil, err
		}
		return sigstore.Clock(wanted, known...)(b, signer)
	}
}

// certified says whether the policy knows holders of certificates of Sigstore instances.
func certified(p *policy.Policy) bool {
	for _, d := range p.Documents() {
		if slices.ContainsFunc(d.Identities, func(i policy.Identity) bool { return i.Key == nil && i.X509 == nil && i.Git == nil }) {
			return true
		}
	}
	return false
}

// authorities is the material of one's own certificate authorities. All identities of the
// kind must name the same: a certificate does not say under which root it was found good, so
// that holders of one authority would pass for those of another.
func authorities(own []policy.Identity, witnesses []*sigstore.Material) (*sigstore.Material, error) {
	text := func(i policy.Identity) string { return strings.Join(i.X509.RootsPEM, "\n") }
	for _, i := range own[1:] {
		if text(i) != text(own[0]) {
			return nil, &cli.UsageError{Message: fmt.Sprintf("the identities %s and %s have different x509 roots, and their holders could not be told apart", own[0].Name, i.Name), Hint: "give both the same roots, and tell their holders apart by subjects"}
		}
	}
	m, err := sigstore.OwnAuthorities(own[0].Name, []byte(text(own[0])), witnesses...)
	if err != nil {
		return nil, cli.Usagef("the identity %v", err)
	}
	return m, nil
}

// unissued accepts holders of one's own authority. It may call them what it likes, but not
// what Fulcio calls those whom an issuer vouched for.
func unissued(accept func(attest.Certificate) error) func(attest.Certificate) error {
	return func(c attest.Certificate) error {
		if c.Issuer != "" {
			return &verify.Error{
				Reason: verify.ReasonIdentityMismatch, Expected: "a certificate of one's own authority, which names no OIDC issuer",
				Found: "one that names the issuer " + c.Issuer,
			}
		}
		return accept(c)
	}
}

// issued accepts holders whom an instance of Sigstore certified. Where there are authorities
// of one's own, one without an issuer could pass for a holder of theirs.
func issued(accept func(attest.Certificate) error, own bool) func(attest.Certificate) error {
	return func(c attest.Certificate) error {
		if own && c.Issuer == "" {
			return &verify.Error{
				Reason: verify.ReasonIdentityMismatch, Expected: "a certificate that names its OIDC issuer",
				Found: "one without, for " + c.Subject,
			}
		}
		return accept(c)
	}
}

// introducer trusts keys and nobody else. Of what somebody signed under a certificate it
// says who that is, if one of the instances vouches for it.
type introducer struct {
	keys      *key.Root
	instances func() ([]*sigstore.Material, error)
}

// Open implements [verify.Root].
func (i *introducer) Open(b *attest.Bundle) (verify.Opening, error) {
	opened, err := i.keys.Open(b)
	if err == nil || !errors.Is(err, verify.ErrUnknownSigner) || len(b.Certificates()) == 0 {
		return opened, err
	}
	known, failed := i.instances()
	if failed != nil {
		return verify.Opening{}, err
	}
	for _, m := range known {
		_, met := sigstore.NewRoot(m, m.Need(), identity.Accept()).Open(b)
		if who := verify.Refusal(met); who.Reason == verify.ReasonIdentityMismatch {
			introduced := &verify.Error{Reason: who.Reason, Expected: verify.Refusal(err).Expected, Found: who.Found}
			return verify.Opening{}, errors.Join(verify.ErrUnknownSigner, introduced)
		}
	}
	return verify.Opening{}, errors.Join(verify.ErrUnknownSigner, &verify.Error{
		Reason: verify.ReasonUnknownSigner, Expected: verify.Refusal(err).Expected,
		Found: "a signature under a certificate, for which no trusted Sigstore instance vouches",
	})
}
