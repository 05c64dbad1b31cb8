package consume

import (
	"fmt"
	"slices"
	"strings"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/cmd/internal/cli"
	"github.com/carnet-project/carnet/cmd/internal/policy/load"
	"github.com/carnet-project/carnet/verify/identity"
	"github.com/carnet-project/carnet/verify/policy"
	"github.com/carnet-project/carnet/verify/policy/document"
)

// A flagPolicy is the policy that flags say in place of a file: its identities may sign
// everything, and anybody may have built it.
type flagPolicy struct {
	identities []policy.Identity
	// require is nil where the default holds.
	require   []policy.Requirement
	platforms []string
	threshold int
	trust     load.Trust
	instances []policy.Instance
}

// newFlagPolicy reads from the flags whom to trust and what to require. Nobody is refused:
// without a signer that is named there is nothing to verify.
func newFlagPolicy(c *cli.Call) (*flagPolicy, error) {
	keys, err := c.TrustedKeys()
	if err != nil {
		return nil, err
	}
	holders, err := identities(c)
	if err != nil {
		return nil, err
	}
	if len(keys)+len(holders) == 0 {
		return nil, &cli.UsageError{
			Message: c.Command.HelpName + " needs to know whose signatures to trust: a key or an identity",
			Hint:    "--key PUB for a public key, --trust FILE for several; --certificate-identity WHO --certificate-oidc-issuer URL, --github OWNER/REPO or --gitlab PROJECT for a certificate; or --policy FILE",
		}
	}
	var patterns []identity.Pattern
	for _, h := range holders {
		patterns = append(patterns, h.Patterns...)
	}
	f := &flagPolicy{threshold: c.Int("threshold"), platforms: c.StringSlice("platform")}
	if err := possible(f.threshold, keys, patterns); err != nil {
		return nil, err
	}
	if f.trust, err = trustOf(c, patterns); err != nil {
		return nil, err
	}
	for _, ref := range c.StringSlice("trusted-root") {
		f.instances = append(f.instances, policy.Instance{Name: ref, TrustedRoot: ref})
	}
	if err := f.add(keys, holders); err != nil {
		return nil, err
	}
	for _, p := range f.platforms {
		if strings.Contains(p, ",") {
			return nil, &cli.UsageError{Message: fmt.Sprintf("--platform %q is not one platform", p), Hint: "give the flag once for each"}
		}
	}
	f.require, err = requirements(c.StringSlice("require"))
	return f, err
}

// add makes identities of all who are trusted, each with a name of its own.
func (f *flagPolicy) add(keys []cli.TrustedKey, holders []policy.Identity) error {
	for _, k := range keys {
		text, err := load.PublicPEM(string(k.PEM))
		if err != nil {
			return cli.Usagef("%s: %v", k.Name, err)
		}
		f.identities = append(f.identities, policy.Identity{
			Name: k.Name, Key: &policy.Key{PEM: text, ValidFrom: k.Validity.From, ValidUntil: k.Validity.Until},
			RevokedAt: k.Validity.RevokedAt, Reason: k.Validity.Reason,
		})
	}
	f.identities = append(f.identities, holders...)
	seen := map[string]int{}
	for i := range f.identities {
		id := &f.identities[i]
		if seen[id.Name]++; seen[id.Name] > 1 {
			id.Name = fmt.Sprintf("%s (%d)", id.Name, seen[id.Name])
		}
	}
	return nil
}

// document is what the flags ask of an image, or with bundles of what they prove.
func (f *flagPolicy) document(bundles []*attest.Bundle) (*policy.Document, error) {
	require := f.require
	for _, b := range bundles {
		require = append(require[:len(require):len(require)], policy.RequireBundle(b.Digest()))
	}
	if require == nil {
		require = policy.Default()
	}
	asked, err := policy.New(require, f.platforms...)
	if err != nil {
		return nil, cli.Usagef("%v", err)
	}
	d := *asked.Documents()[0]
	d.Identities, d.Trust.Sigstore = f.identities, f.instances
	f.sign(&d.Scopes[0].Require)
	d.Digest, d.URI = f.digest(d), "flags"
	return &d, nil
}

// sign has each section take what any of the identities signed.
func (f *flagPolicy) sign(r *policy.Require) {
	var names []string
	for _, i := range f.identities {
		names = append(names, i.Name)
	}
	if r.Signatures != nil {
		r.Signatures.From = names
	}
	if r.SBOM != nil {
		r.SBOM.From = names
	}
	for i := range r.Checks {
		r.Checks[i].From = names
	}
}

// digest tells policies of flags apart: it is over the document as it would be written, and
// over what has no words there.
func (f *flagPolicy) digest(d policy.Document) attest.Digest {
	var unsaid strings.Builder
	d.Identities = slices.DeleteFunc(slices.Clone(d.Identities), func(i policy.Identity) bool {
		silent := i.Key == nil && i.OIDC == nil && i.GitHub == nil && i.GitLab == nil
		if silent {
			fmt.Fprintf(&unsaid, "# %s\n", i.Name)
		}
		return silent
	})
	for _, b := range d.Scopes[0].Require.Bundles {
		fmt.Fprintf(&unsaid, "# %s\n", b)
	}
	return attest.SHA256(append(document.Write(&d, nil), unsaid.String()...))
}

// bind makes the policy for what is called name.
func (f *flagPolicy) bind(name string, bundles []*attest.Bundle) (*policy.Policy, error) {
	d, err := f.document(bundles)
	if err != nil {
		return nil, err
	}
	p, err := policy.Bind(name, nil, d)
	if err == nil && f.threshold > 1 {
		p, err = p.WithThreshold(f.threshold)
	}
	if err != nil {
		return nil, cli.Usagef("%v", err)
	}
	return p, nil
}

// requirements reads --require; nil means that the default holds.
func requirements(flags []string) ([]policy.Requirement, error) {
	var all []policy.Requirement
	for _, f := range flags {
		for name := range strings.SplitSeq(f, ",") {
			r, err := policy.ParseRequirement(strings.TrimSpace(name))
			if err != nil {
				return nil, cli.Usagef("--require: %v", err)
			}
			all = append(all, r)
		}
	}
	return all, nil
}

// flagsOfIdentity are the flags that say what a policy says: beside --policy they have no
// place, for who reads the policy must be able to rely on it.
var flagsOfIdentity = slices.Values([]string{
	"key", "trust", "certificate-identity", "certificate-oidc-issuer", "certificate-identity-regexp", "certificate-oidc-issuer-regexp",
	"unsafe-unanchored", "github", "gitlab", "workflow", "ref", "trigger", "runner", "environment", "threshold", "require", "platform",
	"require-log", "require-timestamp", "insecure-ignore-tlog", "insecure-ignore-sct",
})
