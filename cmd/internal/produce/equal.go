package produce

import (
	"bytes"
	"context"
	"errors"
	"slices"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/sign"
	"github.com/carnet-project/carnet/verify"
	verifykey "github.com/carnet-project/carnet/verify/key"
	"github.com/carnet-project/carnet/verify/sigstore"
)

// equals are the roots that open what a signing has signed before: with its key, or under
// a certificate for its identity. Where no trusted root fits, as with an instance that is
// not known here, there are none, and everything is signed anew.
func (s *signing) equals(ctx context.Context) ([]verify.Root, error) {
	if s.identity == nil && len(s.plan.Certificates) == 0 {
		return s.ownKey()
	}
	if s.identity == nil {
		return nil, nil // an own authority, of which only verifiers know
	}
	token, err := s.identity.Token(ctx)
	if err != nil {
		return nil, nil // signing will say it, and keep the work
	}
	mine := token.Certificate()
	accept := func(c attest.Certificate) error {
		if c.Subject == mine.Subject && (c.Issuer == mine.Issuer || c.Issuer == token.Issuer) {
			return nil
		}
		return errors.New("another signer")
	}
	known, err := s.materials()
	if err != nil {
		return nil, err
	}
	var roots []verify.Root
	for _, m := range known {
		need := m.Need()
		if !s.witnessed(placeLog) {
			need.Logs, need.Timestamps = 0, 1
		}
		roots = append(roots, sigstore.NewRoot(m, need, accept))
	}
	return roots, nil
}

// ownKey opens what the run's key has signed before. Proofs that the run asks for must
// hold: whoever may write to a registry can put a bundle with bad ones there.
func (s *signing) ownKey() ([]verify.Root, error) {
	root, err := verifykey.Parse("of this run", s.publicPEM)
	if err != nil || len(s.witnesses) == 0 {
		return []verify.Root{root}, err
	}
	known, err := s.materials()
	if err != nil {
		return nil, err
	}
	var need sigstore.Need
	if s.witnessed(placeLog) {
		need.Logs = 1
	}
	if s.witnessed(placeTimestamp) {
		need.Timestamps = 1
	}
	return []verify.Root{root.Timed(sigstore.Clock(need, known...))}, nil
}

// materials are the trusted instances that can be read.
func (s *signing) materials() ([]*sigstore.Material, error) {
	trusted, err := s.call.TrustedRoots()
	if err != nil {
		return nil, err
	}
	var known []*sigstore.Material
	for _, t := range trusted {
		if m, err := sigstore.ParseMaterial(t.Name, t.JSON); err == nil {
			known = append(known, m)
		}
	}
	return known, nil
}

func (s *signing) witnessed(kind placeKind) bool {
	return slices.ContainsFunc(s.witnesses, func(w sign.Witness) bool { return placeOf(w).Kind == kind })
}

// says reports whether b is what would be made of c now: the same statement by the same
// signer, with as many kinds of proof.
func (s *signing) says(b *attest.Bundle, c claim, roots []verify.Root) bool {
	if s.witnessed(placeLog) && len(b.LogEntries()) == 0 || s.witnessed(placeTimestamp) && len(b.Timestamps()) == 0 {
		return false
	}
	e, err := verify.Bundle(b, c.node.Digest, roots...)
	if err != nil || e.PredicateType() != c.statement.PredicateType() {
		return false
	}
	return e.Kind() == verify.KindSignature || bytes.Equal(e.Predicate(), c.statement.Predicate())
}
