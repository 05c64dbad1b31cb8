package policy

import (
	"crypto/sha256"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/verify"
	"github.com/carnet-project/carnet/verify/identity"
	"github.com/carnet-project/carnet/verify/internal/gitsign"
	"github.com/carnet-project/carnet/verify/internal/glob"
)

// A signer is an identity of a document with its captures filled in.
type signer struct {
	identity Identity
	// patterns are met by any certificate of the signer; keys are the SHA-256 of its keys.
	patterns []identity.Pattern
	keys     []attest.Digest
	// git are who may sign commits.
	git *gitsign.Signers
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
		s.patterns, err = peoplePatterns(*i.People, fill)
	case i.Kubernetes != nil:
		s.patterns, err = kubernetesPatterns(*i.Kubernetes, fill)
	case i.X509 != nil:
		s.patterns, err = x509Patterns(*i.X509, fill)
	case i.Key != nil:
		s.keys, err = keyDigests(i.Key.PEM)
	case i.Git != nil:
		s.git, err = i.Git.signers()
	}
	return s, err
}

// filler fills captures in.
type filler func(texts ...string) ([]string, error)

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
	if err := s.current(at); err != nil {
		return err
	}
	revoked := s.identity.RevokedAt
	if revoked.IsZero() || !at.IsZero() && at.Before(revoked) {
		return nil
	}
	reason := ""
	if s.identity.Reason != "" {
		reason = " (" + s.identity.Reason + ")"
	}
	return &verify.Error{
		Reason:   verify.ReasonKeyRevoked,
		Expected: "evidence by " + s.identity.Name + " from before " + day(revoked) + ", when it was revoked" + reason,
		Found:    signedOn(at),
	}
}

// current says why a key does not count at a time.
func (s signer) current(at time.Time) error {
	k := s.identity.Key
	if k == nil || k.ValidFrom.IsZero() && k.ValidUntil.IsZero() {
		return nil
	}
	e := &verify.Error{Reason: verify.ReasonKeyValidity, Expected: "evidence by " + s.identity.Name + " from while its key is valid", Found: signedOn(at)}
	switch {
	case at.IsZero():
		e.Reason = verify.ReasonTimeMissing
		return e
	case !k.ValidFrom.IsZero() && at.Before(k.ValidFrom):
		e.Expected = "evidence by " + s.identity.Name + " from after " + day(k.ValidFrom)
		return e
	case !k.ValidUntil.IsZero() && at.After(k.ValidUntil):
		e.Expected = "evidence by " + s.identity.Name + " from before " + day(k.ValidUntil)
		return e
	}
	return nil
}

func signedOn(at time.Time) string {
	if at.IsZero() {
		return "evidence without a trusted time"
	}
	return "evidence signed " + day(at)
}

func (s signer) is(by verify.Identity) error {
	if by.Certificate == nil {
		if !by.Key.IsZero() && slices.Contains(s.keys, by.Key) {
			return nil
		}
		return s.mismatch(by.String())
	}
	var nearest *identity.Mismatch
	for _, p := range s.patterns {
		err := p.Match(*by.Certificate)
		if err == nil {
			return nil
		}
		var m *identity.Mismatch
		if errors.As(err, &m) && (nearest == nil || m.Agreed() > nearest.Agreed()) {
			nearest = m
		}
	}
	found := by.String()
	if nearest != nil && nearest.Field != "identity" && nearest.Field != "issuer" {
		found += ", whose " + nearest.Field + " is " + nearest.Found + " and not " + nearest.Expected
	}
	if stanza := suggestion(*by.Certificate); stanza != "" {
		found += "; to accept it, add: " + stanza
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
