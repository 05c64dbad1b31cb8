package policy

import (
	"errors"
	"slices"
	"time"

	"github.com/carnet-project/carnet/attest/predicate"
	commitpredicate "github.com/carnet-project/carnet/attest/predicate/commit"
	"github.com/carnet-project/carnet/verify"
	"github.com/carnet-project/carnet/verify/internal/gitsign"
)

// signers are the keys in the identity's file.
func (g *Git) signers() (*gitsign.Signers, error) {
	switch {
	case g.Content == "":
		return nil, errors.New("its file of signers was not read, or is empty")
	case g.Keyring != "":
		return gitsign.ParseKeyring([]byte(g.Content))
	}
	return gitsign.ParseAllowedSigners(g.Content)
}

// commitRequirement asks for the commit object that was built.
func commitRequirement(name, rule string) Requirement {
	return Requirement{
		name: name, rule: rule, what: "the git commit that was built, as an object", classes: []predicate.Class{predicate.Commit},
		spread: whole, commit: true, selection: SelectAny,
	}
}

// object reads a commit that evidence carries, if it is the commit that is asked for. Nobody's
// word is needed for that: the commit's name is the hash of the object.
func (b *bench) object(e *verify.Evidence, id string) (*gitsign.Commit, error) {
	return remember(b.c.Facts, e, "commit "+id, func() (*gitsign.Commit, error) {
		c, err := commitpredicate.Parse(e.PredicateType(), e.Predicate())
		if err != nil {
			return nil, err
		}
		return gitsign.Open(id, c.Object)
	})
}

// objects are the accepted pieces of the cell's evidence that carry the commit, and the
// commit; and why a piece that says it does doesn't.
func (b *bench) objects(cell *Cell, id string) (carrying []*verify.Evidence, commit *gitsign.Commit, problem error) {
	for _, e := range cell.Evidence {
		if !slices.Contains(e.Commits(), id) {
			continue
		}
		c, err := b.object(e, id)
		if err != nil {
			problem = err
			continue
		}
		carrying, commit = append(carrying, e), c
	}
	return carrying, commit, problem
}

// existed is a time by which the commit that evidence carries existed: the first trusted
// time of any of it, or the time that is judged for.
func (b *bench) existed(carrying []*verify.Evidence) time.Time {
	first := b.c.At
	for _, e := range carrying {
		if t := e.SignedAt(); !t.IsZero() && (first.IsZero() || t.Before(first)) {
			first = t
		}
	}
	return first
}
