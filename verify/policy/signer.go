package policy

import (
	"crypto/sha256"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/verify"
	"github.com/carnet-project/carnet/verify/identity"
	"github.com/carnet-project/carnet/verify/internal/glob"
)

// A signer is an identity of a document with its captures filled in.
type signer struct {
	identity Identity
	// patterns are met by any certificate of the signer; keys are the SHA-256 of its keys.
	patterns []identity.Pattern
	keys     []attest.Digest
}

func compileSigner(i Identity, captured map[string]string) (signer, error) {
	s := signer{identity: i}
	fill := func(texts ...string) ([]string, error) {
		out := make([]string, 0, len(texts))
		for _, t := range texts {
			f, err := glob.Fill(t, captured)
			if err != nil {
				return nil, err
			}
			out = append(out, f)
		}
		return out, nil
	}
	var err error
	switch {
	case len(i.Patterns) > 0:
		s.patterns = i.Patterns
	case i.GitHub != nil:
		s.patterns, err = githubPatterns(*i.GitHub, fill)
	case i.GitLab != nil:
		s.patterns, err = gitlabPatterns(*i.GitLab, fill)
	case i.OIDC != nil:
		s.patterns, err = oidcPatterns(*i.OIDC, fill)
	case i.People != nil:
		s.patterns, err = peoplePatterns(*i.People)
	case i.Kubernetes != nil:
		s.patterns, err = kubernetesPatterns(*i.Kubernetes)
	case i.X509 != nil:
		s.patterns, err = x509Patterns(*i.X509, fill)
	case i.Key != nil:
		s.keys, err = keyDigests(i.Key.PEM)
	}
	return s, err
}

// filler fills captures in.
type filler func(texts ...string) ([]string, error)

func oidcPatterns(o OIDC, fill filler) ([]identity.Pattern, error) {
	f, err := fill(o.Issuer, o.Subject)
	if err != nil {
		return nil, err
	}
	claims := maps.Clone(o.Claims)
	for name, value := range claims {
		filled, err := fill(value)
		if err != nil {
			return nil, err
		}
		claims[name] = filled[0]
	}
	return one(identity.New(identity.Spec{Issuer: f[0], Subject: f[1], Claims: claims}))
}

func peoplePatterns(p People) ([]identity.Pattern, error) {
	var all []identity.Pattern
	for _, email := range p.Emails {
		one, err := identity.New(identity.Spec{Issuer: p.Issuer, Subject: email})
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, nil
}

func kubernetesPatterns(k Kubernetes) ([]identity.Pattern, error) {
	subject := "https://kubernetes.io/namespaces/" + k.Namespace + "/serviceaccounts/" + k.ServiceAccount
	return one(identity.New(identity.Spec{Issuer: k.Issuer, Subject: subject}))
}

func x509Patterns(x X509, fill filler) ([]identity.Pattern, error) {
	subjects, err := fill(x.Subjects...)
	if err != nil {
		return nil, err
	}
	var all []identity.Pattern
	for _, subject := range subjects {
		p, err := identity.New(identity.Spec{Subject: subject, NoIssuer: true})
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, nil
}

func one(p identity.Pattern, err error) ([]identity.Pattern, error) {
	return []identity.Pattern{p}, err
}

// keyDigests are the SHA-256 of the public keys in PEM, which is how evidence names them.
func keyDigests(text string) ([]attest.Digest, error) {
	var all []attest.Digest
	for rest := []byte(text); ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type != "PUBLIC KEY" {
			return nil, fmt.Errorf("the key is a PEM block %q, and not a PUBLIC KEY", block.Type)
		}
		sum := sha256.Sum256(block.Bytes)
		d, err := attest.DigestOf("sha256", sum[:])
		if err != nil {
			return nil, err
		}
		all = append(all, d)
	}
	if len(all) == 0 {
		return nil, errors.New("its public key was not read, or is not PEM")
	}
	return all, nil
}

// accepts says why by, who signed at the time that somebody trusted says, is not this
// signer; nil if it is.
func (s signer) accepts(by verify.Identity, at time.Time) error {
	if err := s.is(by); err != nil {
		return err
	}
	revoked := s.identity.RevokedAt
	switch {
	case revoked.IsZero():
		return nil
	case at.IsZero():
		return &verify.Error{Reason: verify.ReasonKeyRevoked, Expected: "evidence by " + s.identity.Name + " from before " + day(revoked) + ", when it was revoked" + s.reason(), Found: "evidence without a trusted time"}
	case !at.Before(revoked):
		return &verify.Error{Reason: verify.ReasonKeyRevoked, Expected: "evidence by " + s.identity.Name + " from before " + day(revoked) + ", when it was revoked" + s.reason(), Found: "evidence signed " + day(at)}
	}
	return nil
}

func (s signer) reason() string {
	if s.identity.Reason == "" {
		return ""
	}
	return " (" + s.identity.Reason + ")"
}

func (s signer) is(by verify.Identity) error {
	if by.Certificate == nil {
		if slices.Contains(s.keys, by.Key) {
			return nil
		}
		return s.mismatch(by.String())
	}
	var nearest error
	for _, p := range s.patterns {
		err := p.Match(*by.Certificate)
		if err == nil {
			return nil
		}
		if nearest == nil {
			nearest = err
		}
	}
	found := by.String()
	var m *identity.Mismatch
	if errors.As(nearest, &m) && m.Field != "identity" && m.Field != "issuer" {
		found += ", whose " + m.Field + " is " + m.Found + " and not " + m.Expected
	}
	return s.mismatch(found)
}

func (s signer) mismatch(found string) error {
	return &verify.Error{Reason: verify.ReasonIdentityMismatch, Expected: "a signature by " + s.identity.Name, Found: "a signature by " + found}
}

func day(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// acceptAny accepts whom any of the signers is.
func acceptAny(all []signer) func(attest.Certificate) error {
	return func(c attest.Certificate) error {
		var nearest error
		for _, s := range all {
			err := s.is(verify.Identity{Certificate: &c})
			if err == nil {
				return nil
			}
			if nearest == nil || strings.Contains(err.Error(), ", whose ") {
				nearest = err
			}
		}
		if nearest == nil {
			nearest = &verify.Error{Reason: verify.ReasonIdentityMismatch, Expected: "a signature by a key: the policy knows no identity that has certificates", Found: "a signature by " + verify.Identity{Certificate: &c}.String()}
		}
		return nearest
	}
}

// githubPatterns are one for each branch or tag that is accepted.
func githubPatterns(g GitHub, fill filler) ([]identity.Pattern, error) {
	f, err := fill(g.Repository, g.Workflow, g.Environment)
	if err != nil {
		return nil, err
	}
	var all []identity.Pattern
	for _, ref := range orAny(g.Refs) {
		p, err := identity.GitHub{Repository: f[0], Workflow: f[1], Ref: ref, Triggers: g.Triggers, Runner: anyRunner(g.Runner), Environment: f[2], Host: g.Host}.Pattern()
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, nil
}

func gitlabPatterns(g GitLab, fill filler) ([]identity.Pattern, error) {
	f, err := fill(g.Project, g.Config, g.Environment)
	if err != nil {
		return nil, err
	}
	var all []identity.Pattern
	for _, ref := range orAny(g.Refs) {
		p, err := identity.GitLab{Project: f[0], Config: f[1], Ref: ref, Triggers: g.Triggers, Runner: anyRunner(g.Runner), Environment: f[2], Host: g.Host}.Pattern()
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, nil
}

func orAny(refs []string) []string {
	if len(refs) == 0 {
		return []string{""}
	}
	return refs
}

func anyRunner(r string) string {
	if r == "any" {
		return ""
	}
	return r
}
