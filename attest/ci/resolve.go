package ci

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/carnet-project/carnet/attest/checkout"
)

// Said is all that is known of a build, by who says it. Any of it may be missing.
type Said struct {
	System      System
	Token       Facts
	API         Facts
	Checkout    *checkout.Checkout
	Environment Facts
	// Flags are what the caller's user says. Where the flags say what the source is, git is
	// not asked for it.
	Flags Facts
}

// A Build is what is taken for true of a run.
type Build struct {
	System System
	// Dirty says that the checkout has changes that are in no commit.
	Dirty bool
	// Notes are sentences for the one who runs the build.
	Notes []string

	values map[Field]Value
	// reusable says that a workflow of another repository than the one that was started
	// runs the job.
	reusable bool
	token    bool
}

// A DisagreementError is two origins that say different things of one field.
type DisagreementError struct {
	System System
	Field  Field
	// Better is believed before Worse.
	Better, Worse Value
}

func (e *DisagreementError) Error() string {
	return fmt.Sprintf("two sources disagree on the %s of this build: %s, and %s", e.Field, e.Better, e.Worse)
}

// origins are in the order in which they are believed.
func origins() []Origin { return []Origin{FromToken, FromAPI, FromGit, FromEnvironment} }

// Resolve takes of each fact the word of the origin that is believed most: the token, the
// API, git, the environment. Where two differ the error is a *[DisagreementError]; nothing
// is chosen for being convenient. A flag stands before git and the environment, and must
// not contradict the token or the API.
//
// These are no differences: a head that is on no branch; the branch that git has checked
// out and the tags on the commit, since a commit may have many names; the ways to write
// one repository's address; and, in the run of a pull request, a head that is the proposed
// commit where the system names the merge, or a merge whose parent is the commit that the
// system names. In the last two the head is what was built, and what the system says
// becomes FieldEventCommit and FieldEventRef.
func Resolve(said Said) (*Build, error) {
	b := &Build{System: said.System, values: map[Field]Value{}, token: len(said.Token.said) > 0}
	var all Facts
	for _, facts := range []Facts{said.Flags, said.Token, said.API, said.Environment} {
		all.merge(facts)
	}
	if said.Checkout != nil {
		all.merge(gitFacts(said.Checkout, said.Flags))
		b.Dirty = said.Checkout.Dirty
		b.headOfChange(&all, said.Checkout)
	}
	b.Notes = all.Notes
	for _, field := range all.fields() {
		best, err := settle(said.System, field, all.said[field])
		if err != nil {
			return nil, err
		}
		b.values[field] = best
	}
	if err := b.check(all); err != nil {
		return nil, err
	}
	b.reusable = b.otherRepository()
	return b, nil
}

// fields are all of which something is said, those first that explain the others: who says
// another repository says another builder, too.
func (f Facts) fields() []Field {
	first := []Field{FieldRepository, FieldCommit, FieldRef, FieldTrigger, FieldConfig}
	rank := func(field Field) int {
		if i := slices.Index(first, field); i >= 0 {
			return i
		}
		return len(first)
	}
	return slices.SortedFunc(maps.Keys(f.said), func(a, b Field) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a, b))
	})
}

// gitFacts are what git says of the source, unless flags say it.
func gitFacts(c *checkout.Checkout, flags Facts) Facts {
	var facts Facts
	if len(flags.said[FieldRepository]) == 0 && len(flags.said[FieldCommit]) == 0 {
		facts.Say(FieldCommit, c.Commit, FromGit, "HEAD")
		if c.Remote != "" {
			facts.Say(FieldRepository, c.Remote, FromGit, "the remote")
		}
	}
	facts.add(FieldRef, Value{Text: c.Ref(), From: FromGit, Where: "HEAD", weak: true})
	return facts
}

// settle finds the best of what is said of a field, and the first that differs from it.
func settle(s System, field Field, values []Value) (Value, error) {
	flag := slices.IndexFunc(values, func(v Value) bool { return v.From == FromFlag })
	ranked := ranked(values)
	var best Value
	for i, v := range ranked {
		switch {
		case i == 0:
			best = v
		case v.weak || best.weak:
		case !same(field, best.Text, v.Text):
			if flag >= 0 && (best.From == FromGit || best.From == FromEnvironment) {
				continue // the user has said what is right
			}
			return Value{}, &DisagreementError{s, field, best, v}
		case field == FieldRepository && !strings.HasPrefix(best.Text, "https://") && strings.HasPrefix(v.Text, "https://"):
			best = v // the same place, in the spelling that policies compare
		}
	}
	if flag < 0 {
		return best, nil
	}
	stated := values[flag]
	if len(ranked) > 0 && (best.From == FromToken || best.From == FromAPI) {
		if !same(field, best.Text, stated.Text) {
			return Value{}, &DisagreementError{s, field, best, stated}
		}
		return best, nil
	}
	return stated, nil
}

// ranked are the values of all origins but flags, the most believed first and the weak
// ones last.
func ranked(values []Value) []Value {
	var strong, weak []Value
	for _, origin := range origins() {
		for _, v := range values {
			switch {
			case v.From != origin:
			case v.weak:
				weak = append(weak, v)
			default:
				strong = append(strong, v)
			}
		}
	}
	return append(strong, weak...)
}

func same(field Field, a, b string) bool {
	switch field {
	case FieldRepository:
		return sameRepository(a, b)
	case fieldPath, fieldStarted:
		return strings.EqualFold(a, b) // owners and names of GitHub's have no case
	case FieldRun:
		// Some leave the attempt out.
		short, _, _ := strings.Cut(a, "/attempts/")
		other, _, _ := strings.Cut(b, "/attempts/")
		return strings.EqualFold(a, b) || (short == a || other == b) && strings.EqualFold(short, other)
	}
	return a == b
}

// headOfChange makes room for the two ways in which a pull request's checkout is not of
// the commit that the system names.
func (b *Build) headOfChange(all *Facts, c *checkout.Checkout) {
	head := slices.IndexFunc(all.said[FieldCommit], func(v Value) bool { return v.From == FromGit })
	if len(all.said[FieldChange]) == 0 || head < 0 {
		return
	}
	var event []Value
	for _, v := range all.said[FieldCommit] {
		if v.From != FromGit && v.Text != c.Commit {
			event = append(event, v)
		}
	}
	if len(event) == 0 {
		return
	}
	proposed := slices.ContainsFunc(all.said[fieldProposed], func(v Value) bool { return v.Text == c.Commit })
	merge := len(c.Parents) > 1 && slices.Contains(c.Parents, event[0].Text)
	if !proposed && !merge {
		return
	}
	all.said[FieldEventCommit] = event
	all.said[FieldCommit] = slices.DeleteFunc(all.said[FieldCommit], func(v Value) bool { return v.Text != c.Commit })
	all.said[FieldEventRef] = all.said[FieldRef]
	delete(all.said, FieldRef)
	all.note("the checkout is not of the commit %s that %s names, but of %s of the same pull request: the provenance names what was checked out, and a certificate of this run does not agree with it",
		event[0].Text, b.System, map[bool]string{true: "the proposed commit", false: "a merge of it"}[proposed])
}

// check holds what is written nowhere against what is.
func (b *Build) check(all Facts) error {
	ref, repository := b.values[FieldRef], b.values[FieldRepository]
	for _, v := range all.said[fieldShortRef] {
		_, name, _ := strings.Cut(strings.TrimPrefix(ref.Text, "refs/"), "/")
		if ref.Text != "" && !ref.weak && v.Text != name && v.Text != ref.Text {
			return b.disagree(FieldRef, ref, v)
		}
	}
	for _, v := range all.said[fieldPath] {
		tail := strings.ToLower("/" + strings.Trim(v.Text, "/"))
		if repository.Text != "" && !strings.HasSuffix(strings.ToLower(strings.TrimSuffix(repository.Text, ".git")), tail) {
			return b.disagree(FieldRepository, repository, v)
		}
	}
	return nil
}

func (b *Build) disagree(field Field, x, y Value) error {
	if slices.Index(origins(), y.From) < slices.Index(origins(), x.From) {
		x, y = y, x
	}
	return &DisagreementError{b.System, field, x, y}
}

// otherRepository says whether the job is one of a reusable workflow of another
// repository than the one that started it and the one that it builds.
func (b *Build) otherRepository() bool {
	builder, started := b.values[FieldBuilder], b.values[fieldStarted]
	if builder.From != FromToken || builder.weak || started.Text == "" {
		return false
	}
	_, rest, _ := strings.Cut(builder.Text, "://")
	_, ref, _ := strings.Cut(rest, "/")
	owner := func(ref string) string {
		parts := strings.SplitN(ref, "/", 3)
		return strings.ToLower(strings.Join(parts[:min(2, len(parts))], "/"))
	}
	built := strings.ToLower(b.values[FieldRepository].Text)
	return owner(ref) != owner(started.Text) && !strings.HasSuffix(built, "/"+owner(ref))
}

// Value is what is taken for true of a field, and false where nobody says anything.
func (b *Build) Value(f Field) (Value, bool) {
	v, ok := b.values[f]
	return v, ok
}
