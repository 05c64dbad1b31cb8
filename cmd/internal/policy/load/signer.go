package load

import (
	"context"
	"crypto/sha512"
	"fmt"
	"strings"
	"sync"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/cmd/internal/cli"
	"github.com/carnet-project/carnet/verify/gate"
	"github.com/carnet-project/carnet/verify/policy"
	"github.com/carnet-project/carnet/verify/sigstore"
)

// BundleSuffix is what follows the name of a file in that of its bundle.
const BundleSuffix = ".sigstore.json"

// A policySigner is who may sign policies. The gate says so and no policy does.
type policySigner struct {
	policy *policy.Policy
	trust  Trust
}

// signerOf reads from the flags who may sign policies; nil is nobody in particular.
func signerOf(c *cli.Call) (*policySigner, error) {
	identities, err := policySigners(c)
	if err != nil || len(identities) == 0 {
		return nil, err
	}
	var names []string
	for _, i := range identities {
		names = append(names, i.Name)
	}
	p, err := policy.Bind("", nil, &policy.Document{
		Name: "who signs policies", Identities: identities,
		Scopes: []policy.Scope{{Name: "policies", Images: []string{"**"}, Require: policy.Require{Agree: []string{}, Signatures: &policy.SignaturesClause{From: names}}}},
	})
	if err != nil {
		return nil, cli.Usagef("%v", err)
	}
	return &policySigner{p, Trust{Instances: sync.OnceValues(func() ([]*sigstore.Material, error) {
		roots, err := c.TrustedRoots()
		if err != nil {
			return nil, err
		}
		return Materials(roots, policy.Trust{})
	})}}, nil
}

func policySigners(c *cli.Call) ([]policy.Identity, error) {
	var all []policy.Identity
	for _, ref := range c.StringSlice("policy-key") {
		raw, err := c.ReadKey(ref)
		if err != nil {
			return nil, err
		}
		text, err := PublicPEM(string(raw))
		if err != nil {
			return nil, cli.Usagef("--policy-key %s: %v", ref, err)
		}
		all = append(all, policy.Identity{Name: ref, Key: &policy.Key{PEM: text}})
	}
	who, issuers := c.StringSlice("policy-certificate-identity"), c.StringSlice("policy-certificate-oidc-issuer")
	switch {
	case (len(who) == 0) != (len(issuers) == 0):
		return nil, &cli.UsageError{Message: "who signs policies is half named: a name at another issuer is somebody else", Hint: "give both --policy-certificate-identity WHO and --policy-certificate-oidc-issuer URL"}
	case len(issuers) > 1 && len(issuers) != len(who):
		return nil, cli.Usagef("%d --policy-certificate-identity and %d --policy-certificate-oidc-issuer do not make pairs", len(who), len(issuers))
	}
	for i, w := range who {
		issuer := issuers[min(i, len(issuers)-1)]
		all = append(all, policy.Identity{Name: fmt.Sprintf("%s (%s)", w, issuer), OIDC: &policy.OIDC{Issuer: issuer, Subject: w}})
	}
	return all, nil
}

// check says whether a signer signed the artifact that the policy is stored as. It gives
// the bundles that say so.
func (s *policySigner) check(ctx context.Context, name string, a artifact.Artifact, bundles []*attest.Bundle) ([]*attest.Bundle, error) {
	roots, err := s.trust.Roots(s.policy)
	if err != nil {
		return nil, err
	}
	v := gate.Gate{Source: Bundles(bundles), Roots: roots, Policy: s.policy}.Check(ctx, a)
	if v.Allowed() {
		var counted []*attest.Bundle
		for _, e := range v.Evidence() {
			for _, b := range bundles {
				if b.Digest() == e.Bundle() {
					counted = append(counted, b)
				}
			}
		}
		return counted, nil
	}
	found := "none"
	if f := v.Findings(); len(f) > 0 {
		found = f[0].Found
	}
	return nil, &cli.UsageError{
		Message: fmt.Sprintf("policy.signature: %s must be signed by %s; found: %s", name, strings.Join(s.names(), " or "), found),
		Hint:    "carnet policy push signs a policy where it stores it, and carnet policy sign one in a file",
	}
}

func (s *policySigner) names() []string {
	var names []string
	for _, i := range s.policy.Documents()[0].Identities {
		names = append(names, i.Name)
	}
	return names
}

// file checks a policy in a file by the bundle beside it.
func (s *policySigner) file(ctx context.Context, c *cli.Call, p *Policy, path string) error {
	if path == "-" {
		return cli.Usagef("--policy -: what comes from stdin has no signature beside it, and a signer of policies is named")
	}
	raw, err := cli.ReadFile(path+BundleSuffix, c.Int64("max-bundle-size"))
	if err != nil {
		return &cli.UsageError{Message: fmt.Sprintf("policy.signature: %s must be signed by %s; found: %v", path, strings.Join(s.names(), " or "), err), Hint: "carnet policy sign " + path}
	}
	b, err := attest.ParseBundle(raw)
	if err != nil {
		return cli.Usagef("%s: %v", path+BundleSuffix, err)
	}
	digest := attest.SHA256(p.Raw)
	switch b.MessageDigest().Algorithm() {
	case "sha384":
		sum := sha512.Sum384(p.Raw)
		digest, err = attest.DigestOf("sha384", sum[:])
	case "sha512":
		sum := sha512.Sum512(p.Raw)
		digest, err = attest.DigestOf("sha512", sum[:])
	}
	if err != nil {
		return err
	}
	_, err = s.check(ctx, path, artifact.Artifact{Kind: artifact.KindFile, Digest: digest, Size: int64(len(p.Raw))}, []*attest.Bundle{b})
	return err
}

// Bundles is a source of evidence that is at hand.
type Bundles []*attest.Bundle

// Discover implements [gate.Source].
func (n Bundles) Discover(_ context.Context, _ artifact.Artifact, depth gate.Depth) ([]attest.Found, error) {
	if depth != gate.Near {
		return nil, nil
	}
	var found []attest.Found
	for _, b := range n {
		found = append(found, attest.Found{
			Place: attest.PlaceFile, Form: b.Form(),
			Open: func(context.Context) ([]*attest.Bundle, error) { return []*attest.Bundle{b}, nil },
		})
	}
	return found, nil
}
