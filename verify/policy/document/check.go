package document

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/carnet-project/carnet/attest/predicate/slsa/known"
	"github.com/carnet-project/carnet/verify/internal/strictyaml"
	"github.com/carnet-project/carnet/verify/policy"
)

// A checker holds the parts of a document to each other.
type checker struct {
	doc     *policy.Document
	root    *yaml.Node
	compile func(string) error
}

func (c *checker) run() error {
	for _, check := range []func() error{c.trust, c.builders, c.modes, c.scopes, c.references, c.captures, c.rules, c.exceptions, c.ruleNames} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

// A path leads through a document: names of fields and numbers of items.
type path []any

func (p path) to(more ...any) path { return slices.Concat(p, more) }

// at is an error at the end of the path, or as near to it as the file goes. Of mappings
// and lists it names the place where they are introduced.
func (c *checker) at(to path, format string, args ...any) error {
	n := c.root
	place := n
	for _, step := range to {
		next, introduced := follow(n, step)
		if next == nil {
			break
		}
		n, place = next, introduced
	}
	return strictyaml.At(place, format, args...)
}

// follow takes one step, and tells where what it leads to is introduced.
func follow(n *yaml.Node, step any) (to, introduced *yaml.Node) {
	switch step := step.(type) {
	case int:
		if n.Kind == yaml.SequenceNode && step < len(n.Content) {
			return n.Content[step], n.Content[step]
		}
	case string:
		for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value != step {
				continue
			}
			if to = n.Content[i+1]; to.Kind == yaml.ScalarNode {
				return to, to
			}
			return to, n.Content[i]
		}
	}
	return nil, nil
}

// A part is requirements and where the document has them.
type part struct {
	require *policy.Require
	path    path
	// scope is nil for the baseline.
	scope *policy.Scope
}

// parts are the baseline, if there is one, and the scopes.
func (c *checker) parts() []part {
	var all []part
	if c.doc.Baseline != nil {
		all = append(all, part{c.doc.Baseline, path{"baseline"}, nil})
	}
	for i := range c.doc.Scopes {
		s := &c.doc.Scopes[i]
		all = append(all, part{&s.Require, path{"scopes", i, "require"}, s})
	}
	return all
}

func (c *checker) trust() error {
	publics := 0
	for i, instance := range c.doc.Trust.Sigstore {
		if instance.Public {
			publics++
		}
		if publics > 1 {
			return c.at(path{"trust", "sigstore", i}, "sigstore has public twice")
		}
	}
	return nil
}

func (c *checker) builders() error {
	for _, b := range c.doc.Builders {
		if _, ok := known.Find(b.Known); b.Known != "" && !ok {
			var all []string
			for _, p := range known.Catalogue() {
				all = append(all, p.ID)
			}
			return c.at(path{"builders", b.Name, "known"}, "no known builder is called %s%s", b.Known, c.meant(b.Known, all))
		}
		if err := c.knownNames(path{"builders", b.Name, "signedBy"}, b.SignedBy, signs); err != nil {
			return err
		}
	}
	return nil
}

// modes holds the scopes' modes to the document's, than which they may only be stricter.
func (c *checker) modes() error {
	order := []policy.Mode{policy.ModeAudit, policy.ModeWarn, policy.ModeEnforce}
	mode := c.doc.Mode
	if mode == "" {
		mode = policy.ModeEnforce
	}
	for i, s := range c.doc.Scopes {
		if s.Mode != "" && slices.Index(order, s.Mode) < slices.Index(order, mode) {
			return c.at(path{"scopes", i, "mode"}, "the scope %s has mode %s, and the policy's is %s: a scope may only be stricter", s.Name, s.Mode, mode)
		}
	}
	return nil
}

func (c *checker) scopes() error {
	seen := map[string]int{}
	for i, s := range c.doc.Scopes {
		if line, twice := seen[s.Name]; twice {
			return c.at(path{"scopes", i, "name"}, "the scope %s is there twice: it is in line %d already", s.Name, line)
		}
		seen[s.Name] = s.Line
		if !asks(&s.Require) && (c.doc.Baseline == nil || !asks(c.doc.Baseline)) {
			return c.at(path{"scopes", i, "require"}, "the scope %s requires nothing: it would allow anything", s.Name)
		}
		if err := c.distinctNames(i); err != nil {
			return err
		}
	}
	return nil
}

func asks(r *policy.Require) bool {
	return r.Image != nil || r.Signatures != nil || r.Provenance != nil || r.Source != nil || r.Base != nil || r.SBOM != nil ||
		r.Vulnerabilities != nil || len(r.Checks)+len(r.Approvals)+len(r.Rules) > 0
}

// distinctNames refuses two checks, approvals or rules of one name that hold for one image.
func (c *checker) distinctNames(scope int) error {
	seen := map[string]int{}
	for _, p := range c.parts() {
		if p.scope != nil && p.scope != &c.doc.Scopes[scope] {
			continue
		}
		claim := func(kind, name string, line int, at path) error {
			if first, twice := seen[kind+name]; twice {
				return c.at(at, "the %s %s is there twice: it is in line %d already", kind, name, first)
			}
			seen[kind+name] = line
			return nil
		}
		for i, x := range p.require.Checks {
			if err := claim("check", x.Name, x.Line, p.path.to("checks", i, "name")); err != nil {
				return err
			}
		}
		for i, x := range p.require.Approvals {
			if err := claim("approval", x.Name, x.Line, p.path.to("approvals", i, "name")); err != nil {
				return err
			}
		}
		for i, x := range p.require.Rules {
			if err := claim("rule", x.ID, x.Line, p.path.to("rules", i, "id")); err != nil {
				return err
			}
		}
	}
	return nil
}

// rules compiles the requirements in CEL.
func (c *checker) rules() error {
	first := map[string]policy.RuleClause{}
	for _, p := range c.parts() {
		for i, r := range p.require.Rules {
			at := p.path.to("rules", i, "require")
			if other, twice := first[r.ID]; twice && other.Require != r.Require {
				return c.at(at, "the rule %s asks for something else in line %d: an id has one meaning", r.ID, other.Line)
			}
			first[r.ID] = r
			err := errors.New("there is nothing here that compiles rules")
			if c.compile != nil {
				err = c.compile(r.Require)
			}
			if err != nil {
				return c.at(at, "the rule %s: %v", r.ID, err)
			}
		}
	}
	return nil
}

var rulePattern = lazy(`^[a-z][a-zA-Z]*\.(\*|[A-Za-z0-9][A-Za-z0-9._-]*)$`)

// ruleNames holds the ids of rules in neverExcept and controls to those that there are.
func (c *checker) ruleNames() error {
	never := "neverExcept"
	if to, _ := follow(c.root, neverAlias); to != nil {
		never = neverAlias
	}
	for i, id := range c.doc.NeverExcept {
		if err := c.rule(id); err != nil {
			return c.at(path{never, i}, "%s: %v", never, err)
		}
	}
	for name, ids := range c.doc.Controls {
		for i, id := range ids {
			if err := c.rule(id); err != nil {
				return c.at(path{"controls", name, i}, "the control %s: %v", name, err)
			}
		}
	}
	return nil
}

// rule says why there is no rule, or section of rules, of this id.
func (c *checker) rule(id string) error {
	var all []string
	for _, r := range policy.Rules() {
		all = append(all, r.ID)
	}
	for _, p := range c.parts() {
		for _, r := range p.require.Rules {
			all = append(all, "rule."+r.ID)
		}
	}
	if section, whole := strings.CutSuffix(id, "*"); whole && slices.ContainsFunc(all, func(r string) bool { return strings.HasPrefix(r, section) }) || slices.Contains(all, id) {
		return nil
	}
	if near := strictyaml.Nearest(id, all); near != "" {
		return fmt.Errorf("there is no rule %s: did you mean %s?", id, near)
	}
	return fmt.Errorf("there is no rule %s", id)
}
