package consume

import (
	"crypto"
	"errors"
	"fmt"
	"sync"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/cmd/internal/cli"
	"github.com/carnet-project/carnet/verify"
	"github.com/carnet-project/carnet/verify/identity"
	"github.com/carnet-project/carnet/verify/key"
	"github.com/carnet-project/carnet/verify/sigstore"
)

// trusted is whose signatures are believed, and of how many signers there must be some.
type trusted struct {
	roots     []verify.Root
	threshold int
}

// newTrusted reads from the flags whom to trust. Nobody is refused: without a signer that
// is named there is nothing to verify.
func newTrusted(c *cli.Call) (trusted, error) {
	keys, err := c.TrustedKeys()
	if err != nil {
		return trusted{}, err
	}
	patterns, err := identities(c)
	if err != nil {
		return trusted{}, err
	}
	if keys == nil && len(patterns) == 0 {
		return trusted{}, &cli.UsageError{
			Message: c.Command.HelpName + " needs to know whose signatures to trust: a key or an identity",
			Hint:    "--key PUB for a public key, --trust FILE for several; --certificate-identity WHO --certificate-oidc-issuer URL, --github OWNER/REPO or --gitlab PROJECT for a certificate",
		}
	}
	t := trusted{threshold: c.Int("threshold")}
	if err := possible(t.threshold, keys, patterns); err != nil {
		return trusted{}, err
	}
	t.roots, err = roots(c, keys, patterns)
	return t, err
}

// possible refuses a threshold that no evidence could meet or miss.
func possible(threshold int, keys *key.Root, patterns []identity.Pattern) error {
	if threshold < 1 {
		return cli.Usagef("--threshold %d: at least one signer is wanted", threshold)
	}
	distinct := map[string]bool{}
	if keys != nil {
		for _, k := range keys.Identities() {
			distinct[k.Key.String()] = true
		}
	}
	for _, p := range patterns {
		if !p.Exact() {
			return nil
		}
		distinct[p.String()] = true
	}
	if threshold > len(distinct) {
		return cli.Usagef("--threshold %d can't be met: %s trusted", threshold, count(len(distinct), "signer is", "signers are"))
	}
	return nil
}

// roots are the trusted Sigstore instances and the keys. The keys come last: of a bare
// key's signature they can say more.
func roots(c *cli.Call, keys *key.Root, patterns []identity.Pattern) ([]verify.Root, error) {
	if c.Bool("require-log") && c.Bool("insecure-ignore-tlog") {
		return nil, cli.Usagef("--require-log and --insecure-ignore-tlog are each other's opposite")
	}
	instances := sync.OnceValues(func() ([]*sigstore.Material, error) { return materials(c) })
	if len(patterns) > 0 || c.IsSet("trusted-root") || c.Bool("require-log") || c.Bool("require-timestamp") {
		if _, err := instances(); err != nil {
			return nil, err
		}
	}
	var all []verify.Root
	if keys != nil {
		keys = keys.Timed(clock(c, instances))
	}
	if len(patterns) == 0 {
		return []verify.Root{&introducer{keys, instances}}, nil
	}
	known, err := instances()
	if err != nil {
		return nil, err
	}
	accept := identity.Accept(patterns...)
	for _, m := range known {
		all = append(all, sigstore.NewRoot(m, need(c, m.Need()), accept))
	}
	if keys != nil {
		all = append(all, keys)
	}
	return all, nil
}

// clock asks the logs and authorities of the instances for the times of signatures by
// keys. The instances are read when the first bundle has something for them.
func clock(c *cli.Call, instances func() ([]*sigstore.Material, error)) key.Clock {
	wanted := need(c, sigstore.Need{})
	return func(b *attest.Bundle, signer crypto.PublicKey) ([]verify.Time, []string, error) {
		if wanted == (sigstore.Need{}) && len(b.LogEntries()) == 0 && len(b.Timestamps()) == 0 {
			return nil, nil, nil
		}
		known, err := instances()
		if err != nil {
			return nil, nil, err
		}
		return sigstore.Clock(wanted, known...)(b, signer)
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

// materials are the trusted Sigstore instances.
func materials(c *cli.Call) ([]*sigstore.Material, error) {
	trustedRoots, err := c.TrustedRoots()
	if err != nil {
		return nil, err
	}
	var all []*sigstore.Material
	for _, r := range trustedRoots {
		m, err := sigstore.ParseMaterial(r.Name, r.JSON)
		if err != nil {
			return nil, &cli.UsageError{Message: fmt.Sprintf("the trusted root %v", err), Hint: "a trusted_root.json comes from carnet trust, carnet local export, or the TUF repository of the instance"}
		}
		all = append(all, m)
	}
	return all, nil
}

// need is what must prove a signature, by the flags and by what the instance gives to
// each of its signatures.
func need(c *cli.Call, n sigstore.Need) sigstore.Need {
	if c.Bool("insecure-ignore-sct") {
		n.SCTs = 0
	}
	if c.Bool("insecure-ignore-tlog") {
		n.Logs = 0
	}
	if c.Bool("require-log") {
		n.Logs = max(n.Logs, 1)
	}
	if c.Bool("require-timestamp") {
		n.Timestamps = max(n.Timestamps, 1)
	}
	return n
}
