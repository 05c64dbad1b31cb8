// Package trial tries a policy on a saved case: whether it judges as expected, and what it
// would let in that it was hardly meant to.
//
// For the second it changes one thing at a time in a case that is allowed: a piece of
// evidence is gone, somebody else signed it, it is about another commit, a year has passed,
// the image has another name. What is still allowed is a hole in the policy, or shows
// that a piece is not needed.
package trial

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/verify"
	"github.com/carnet-project/carnet/verify/gate"
	"github.com/carnet-project/carnet/verify/pack"
	"github.com/carnet-project/carnet/verify/policy"
)

// A Trial is a saved case and the policy that it is judged by.
type Trial struct {
	Case *pack.Case
	// Bind gives the policy for a repository name, and the roots that open its evidence.
	Bind func(name string) (*policy.Policy, []verify.Root, error)
	// At is the time for which is judged; zero is when the case was saved.
	At     time.Time
	Deploy policy.Deploy
}

// Judge judges the case as it is.
func (t Trial) Judge(ctx context.Context) (policy.Verdict, error) {
	return t.judge(ctx, t.Case, t.Case.Name(), t.at(), nil)
}

func (t Trial) at() time.Time {
	if t.At.IsZero() {
		return t.Case.At()
	}
	return t.At
}

func (t Trial) judge(ctx context.Context, c *pack.Case, name string, at time.Time, forged map[attest.Digest]verify.Opening) (policy.Verdict, error) {
	p, roots, err := t.Bind(name)
	if err != nil {
		return policy.Verdict{}, err
	}
	if len(forged) > 0 {
		roots = append([]verify.Root{&forger{forged, p.Accept()}}, roots...)
	}
	g := c.Gate(p, roots...)
	g.At, g.Deploy = at, t.Deploy
	return g.Check(ctx, c.Artifact()), nil
}

// A Hole is a change after which the image is still let in.
type Hole struct {
	// Kind is the change's stable name, such as "signer.trigger".
	Kind string
	// What says what was changed, and Fix what in the policy would notice.
	What, Fix string
	// Piece is the piece of evidence that was changed, or "" for a change of something else.
	Piece string
}

// Holes are the changes that nothing notices. Spare are pieces of evidence that could be left
// out, which is no hole where another piece says the same. Tried counts all changes.
type Holes struct {
	Tried int
	Holes []Hole
	Spare []string
}

// Mutate looks for holes. The case must be allowed as it is.
func (t Trial) Mutate(ctx context.Context) (Holes, error) {
	v, err := t.Judge(ctx)
	if err != nil {
		return Holes{}, err
	}
	if v.Outcome() != policy.Allowed {
		return Holes{}, fmt.Errorf("the case is %s as it is: only what is allowed can have holes", v.Outcome())
	}
	m := &mutator{Trial: t, ctx: ctx, verdict: v, source: t.Case.Gate(v.Policy()).Source}
	for _, step := range []func() error{m.pieces, m.platforms, m.ages, m.names} {
		if err := step(); err != nil {
			return Holes{}, err
		}
	}
	return m.holes, nil
}

// A mutator changes one thing at a time.
type mutator struct {
	Trial
	ctx     context.Context
	verdict policy.Verdict
	source  gate.Source
	holes   Holes
	forgery int
}

// still says whether a changed case is allowed.
func (m *mutator) still(c *pack.Case, name string, at time.Time, forged map[attest.Digest]verify.Opening) (bool, error) {
	m.holes.Tried++
	v, err := m.judge(m.ctx, c, name, at, forged)
	return err == nil && v.Outcome() == policy.Allowed, err
}

func (m *mutator) hole(h Hole) {
	if !slices.Contains(m.holes.Holes, h) {
		m.holes.Holes = append(m.holes.Holes, h)
	}
}

// pieces changes each piece of evidence that counted.
func (m *mutator) pieces() error {
	for _, e := range m.verdict.Evidence() {
		for _, p := range m.Case.Pieces() {
			if p.Bundle != e.Bundle() {
				continue
			}
			if err := errors.Join(m.remove(p, e), m.swap(p, e), m.alter(p, e)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (m *mutator) remove(p pack.Piece, e *verify.Evidence) error {
	still, err := m.still(m.Case.Without(p), m.Case.Name(), m.at(), nil)
	if still {
		m.holes.Spare = append(m.holes.Spare, describe(e))
	}
	return err
}

// platforms takes all evidence of each platform away.
func (m *mutator) platforms() error {
	a := m.Case.Artifact()
	for _, node := range a.Runnable() {
		var about []pack.Piece
		for _, p := range m.Case.Pieces() {
			if p.Subject == node.Digest && node.Digest != a.Digest {
				about = append(about, p)
			}
		}
		if len(about) == 0 {
			continue
		}
		still, err := m.still(m.Case.Without(about...), m.Case.Name(), m.at(), nil)
		if err != nil {
			return err
		}
		if still {
			m.hole(Hole{"platform", "all evidence about " + node.Platform + " is gone", "ask for what each platform must have of its own: sbom, vulnerabilities", ""})
		}
	}
	return nil
}

// ages lets time pass.
func (m *mutator) ages() error {
	const years = 3
	still, err := m.still(m.Case, m.Case.Name(), m.at().AddDate(years, 0, 0), nil)
	if still {
		m.hole(Hole{"age", fmt.Sprintf("%d years have passed, and nothing was done", years), "bound the age of the image (image.maxAge), or of scans (vulnerabilities.maxScanAge)", ""})
	}
	return err
}

// names calls the image otherwise, segment by segment, as somebody would who copies it.
func (m *mutator) names() error {
	segments := strings.Split(m.Case.Name(), "/")
	for i := 1; i < len(segments); i++ {
		other := slices.Clone(segments)
		other[i] = "other-" + other[i]
		name := strings.Join(other, "/")
		still, err := m.still(m.Case, name, m.at(), nil)
		if err != nil {
			return err
		}
		if still {
			m.hole(Hole{"name", "the image is copied to " + name, "tie the name to the source: images: [\".../{repo}/**\"] with repositories: [\".../{repo}\"]", ""})
		}
	}
	return nil
}

// describe names a piece of evidence for people.
func describe(e *verify.Evidence) string {
	what := string(e.Kind())
	if e.PredicateType() != "" && e.Kind() == verify.KindAttestation {
		what = e.PredicateType()
	}
	of := ""
	if !e.Subject().IsZero() {
		of = " of " + e.Subject().String()
	}
	return what + of + " by " + e.By().String()
}
