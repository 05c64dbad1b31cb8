package policy

import (
	"fmt"

	"github.com/carnet-project/carnet/attest/predicate/slsa/known"
	"github.com/carnet-project/carnet/verify/internal/glob"
)

// A pair is an accepted pair of signers and builder ids, compiled.
type pair struct {
	Builder
	ids, types []glob.Glob
}

// A provenanceTest is a clause about provenance with its captures filled in, compiled.
type provenanceTest struct {
	*ProvenanceClause
	pairs                     []pair
	repositories, refs, allow []glob.Glob
	values                    map[string]glob.Glob
}

// asks says whether anything is asked but that there is provenance by whom roots believe.
func (t *provenanceTest) asks() bool {
	return len(t.Builders) > 0 || t.MinLevel > 0 || len(t.Repositories) > 0 || len(t.Refs) > 0 || t.Allow != nil || len(t.Values) > 0 || t.Digests || t.Hermetic || t.SourceTrust != ""
}

// signers are the identities of which one must have signed, by any of the builders.
func (t *provenanceTest) signers() []string {
	var all []string
	for _, p := range t.pairs {
		all = append(all, p.SignedBy...)
	}
	return all
}

// compileProvenance prepares every clause about provenance. An error is a fault of the
// document.
func (b *part) compileProvenance() error {
	b.provenances = map[*ProvenanceClause]*provenanceTest{}
	for _, r := range b.requires {
		if r.Provenance == nil {
			continue
		}
		t, err := b.provenanceTest(r.Provenance)
		if err != nil {
			return fmt.Errorf("provenance: %w", err)
		}
		b.provenances[r.Provenance] = t
	}
	return nil
}

func (b *part) provenanceTest(r *ProvenanceClause) (*provenanceTest, error) {
	t := &provenanceTest{ProvenanceClause: r, values: map[string]glob.Glob{}}
	for _, name := range r.Builders {
		x, ok := b.builders[name]
		if !ok {
			return nil, fmt.Errorf("there is no builder %q", name)
		}
		p, err := compilePair(x)
		if err != nil {
			return nil, fmt.Errorf("builder %s: %w", name, err)
		}
		t.pairs = append(t.pairs, p)
	}
	var err error
	if t.repositories, err = globs(r.Repositories, b.captured, known.Fold); err != nil {
		return nil, err
	}
	if t.refs, err = globs(r.Refs, b.captured, nil); err != nil {
		return nil, err
	}
	if t.allow, err = globs(r.Allow, nil, nil); err != nil {
		return nil, err
	}
	for name, value := range r.Values {
		g, err := globs([]string{value}, b.captured, nil)
		if err != nil {
			return nil, fmt.Errorf("the value of %s: %w", name, err)
		}
		t.values[name] = g[0]
	}
	return t, nil
}

// compilePair takes from the catalogue what a known builder does not say itself.
func compilePair(x Builder) (pair, error) {
	p := pair{Builder: x}
	ids, types := x.IDs, x.BuildTypes
	if x.Known != "" {
		producer, ok := known.Find(x.Known)
		if !ok {
			return p, fmt.Errorf("the catalogue has no builder %q", x.Known)
		}
		if len(ids) == 0 {
			ids = producer.IDs
		}
		if len(types) == 0 {
			types = producer.BuildTypes
		}
	}
	switch {
	case len(ids) == 0:
		return p, fmt.Errorf("it has no id: any builder would be accepted, or none")
	case len(x.SignedBy) == 0:
		return p, fmt.Errorf("nobody is named who must have signed: anybody could say that it built")
	}
	var err error
	if p.ids, err = globs(ids, nil, nil); err != nil {
		return p, err
	}
	p.types, err = globs(types, nil, nil)
	return p, err
}

// globs compiles patterns after filling captures in, unless there are none to fill.
func globs(patterns []string, captured map[string]string, change func(string) string) ([]glob.Glob, error) {
	var all []glob.Glob
	for _, text := range patterns {
		if captured != nil {
			filled, err := glob.Fill(text, captured)
			if err != nil {
				return nil, err
			}
			text = filled
		}
		if change != nil {
			text = change(text)
		}
		g, err := glob.Compile(text)
		if err != nil {
			return nil, fmt.Errorf("the pattern %w", err)
		}
		all = append(all, g)
	}
	return all, nil
}

func matchAny(all []glob.Glob, value string) bool {
	for _, g := range all {
		if g.Match(value) {
			return true
		}
	}
	return false
}
