package policy

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/attest/predicate"
	"github.com/carnet-project/carnet/attest/predicate/vsa"
	"github.com/carnet-project/carnet/verify"
)

// maxChoices bounds how many pairs of provenance and SBOM a rule is evaluated with.
const maxChoices = 64

// rule asks that a requirement in CEL is met. It can only deny.
//
// It sees nothing but evidence that the other sections selected, and is not evaluated where
// it reads a variable for which there is none: all() of an empty list is true. Of provenance
// and of SBOMs it sees one at a time, and one with which it is met is enough, as everywhere.
func (b *bench) rule(r *RuleClause) {
	program := b.programs[r.Require]
	requirement := Requirement{name: "rule." + r.ID, rule: "rule." + r.ID, what: "what the rule " + r.ID + " reads", spread: platforms, selection: SelectAny}
	if slices.Contains(program.Reads, "provenance") {
		requirement.classes = append(requirement.classes, predicate.Provenance)
	}
	if slices.Contains(program.Reads, "sbom") {
		requirement.classes = append(requirement.classes, predicate.SBOM)
	}
	if slices.Contains(program.Reads, "signatures") {
		// A rule may count signatures, or ask something of every one.
		requirement.classes, requirement.selection = append(requirement.classes, predicate.Signature), SelectAll
	}
	nodes := b.runnable()
	if !ofPlatforms(program) {
		requirement.spread, nodes = whole, b.nodes[:1]
	}
	for _, node := range nodes {
		cell := b.cell(r.Clause, requirement, node)
		b.judgeRule(&cell, r, program)
		cell.settle()
		b.cells = append(b.cells, cell)
	}
}

// ofPlatforms says whether a rule reads anything that differs from platform to platform.
func ofPlatforms(p Program) bool {
	return slices.ContainsFunc(p.Reads, func(name string) bool {
		return slices.Contains([]string{"provenance", "sbom", "vulnerabilities", "checks", "base"}, name)
	}) || readsConfig(p)
}

// judgeRule evaluates the rule for a node.
func (b *bench) judgeRule(cell *Cell, r *RuleClause, program Program) {
	expected := r.Message
	if expected == "" {
		expected = r.Require
	}
	f := Finding{Rule: "rule." + r.ID, Expected: expected, Fix: r.Fix}
	s := &stage{bench: b, program: program, node: cell.Node}
	choices, absent := s.choices()
	if absent != nil {
		f.Status, f.Found, f.Follows = absent.status, absent.found, absent.follows
		if f.Follows != "" {
			f.Fix = ""
		}
		b.find(cell, r.Clause, f)
		return
	}
	cell.Candidates = len(choices)
	f.Status, f.Found = StatusError, "nothing to evaluate it with"
	for i, c := range choices {
		met, err := program.Eval(c.variables)
		if i > 0 && (!met || err != nil) {
			continue // the first says why
		}
		f.Found, cell.Evidence = told(program.Paths, c.variables), c.evidence
		switch {
		case err != nil:
			f.Status, f.Found = StatusError, brief(err.Error()+costly(err, program, c.variables)+"; "+f.Found)
		case !met:
			f.Status = StatusFail
		default:
			f.Status = StatusPass
		}
		if f.Status == StatusPass {
			break
		}
	}
	b.find(cell, r.Clause, f)
}

// costly says what a rule about packages that costs too much is about, and what to write in
// its place; "" where it is another error or of another rule.
func costly(err error, program Program, variables map[string]any) string {
	if !errors.Is(err, ErrCost) || !slices.ContainsFunc(program.Paths, func(path string) bool { return strings.HasPrefix(path, "sbom.packages") }) {
		return ""
	}
	s, _ := variables["sbom"].(object)
	packages, _ := s["packages"].([]any)
	return fmt.Sprintf("; the SBOM has %s: sbom.packages.deny denies packages without this limit", plural(len(packages), "package"))
}

// A choice is what a rule is evaluated with.
type choice struct {
	variables map[string]any
	evidence  []*verify.Evidence
}

// An absence is why a rule is not evaluated.
type absence struct {
	status         Status
	found, follows string
}

// A stage is where a rule is evaluated: for one node.
type stage struct {
	*bench
	program Program
	node    artifact.Artifact
}

// choices are what the rule is to be evaluated with, at least one; or why it is not.
func (s *stage) choices() ([]choice, *absence) {
	all := []choice{{variables: map[string]any{}}}
	for _, name := range s.program.Reads {
		var next []choice
		values, absent := s.variable(name)
		if absent != nil {
			return nil, absent
		}
		for _, c := range all {
			for _, v := range values {
				next = append(next, c.with(name, v))
			}
		}
		if all = next; len(all) > maxChoices {
			return nil, &absence{status: StatusError, found: "more than 64 pairs of provenance and SBOM that could meet it"}
		}
	}
	return all, nil
}

func (c choice) with(name string, v value) choice {
	variables := map[string]any{name: v.of}
	for other, of := range c.variables {
		variables[other] = of
	}
	evidence := slices.Clone(c.evidence)
	for _, e := range v.evidence {
		if !slices.Contains(evidence, e) {
			evidence = append(evidence, e)
		}
	}
	return choice{variables, evidence}
}

// section lists the cells of a section that say something of the node and whose evidence was
// accepted: those that are met, and those that are not for what the evidence says.
func (s *stage) section(rule string) []*Cell {
	var all []*Cell
	for i := range s.cells {
		c := &s.cells[i]
		if c.Requirement.rule != rule || c.Node.Digest != s.node.Digest && c.Requirement.spread != whole {
			continue
		}
		// Beside approvals lies who wrote the commit, and beside summaries of the source the
		// commit's signature.
		if rule == "approvals" && c.Requirement.commit || rule == "source" && !c.Requirement.hasClass(vsa.V1) {
			continue
		}
		if slices.Contains([]Status{StatusPass, StatusExcepted, StatusFail, StatusStale}, c.Status) {
			all = append(all, c)
		}
	}
	return all
}

// accepted is the evidence that a section selected for the node; or, if it is none, why.
func (s *stage) evidenceOf(name, rule string) ([]*verify.Evidence, *absence) {
	var all []*verify.Evidence
	for _, c := range s.section(rule) {
		for _, e := range c.Evidence {
			if !slices.Contains(all, e) {
				all = append(all, e)
			}
		}
	}
	if len(all) == 0 {
		return nil, s.none(name, rule)
	}
	return all, nil
}

// none says why there is no accepted evidence: what the section found, or that no section
// asks for it, so that nothing is accepted.
func (s *stage) none(name, rule string) *absence {
	asked := false
	for _, c := range s.cells {
		if c.Requirement.rule != rule {
			continue
		}
		asked = true
		for _, f := range c.Findings {
			if !f.Status.Allows() && (f.Subject == s.node.Digest || c.Requirement.spread == whole) {
				return &absence{StatusMissing, "no accepted evidence for " + name + ", which the rule reads", f.Rule}
			}
		}
	}
	if asked {
		return &absence{status: StatusMissing, found: "no evidence for " + name + ", which the rule reads"}
	}
	return &absence{status: StatusMissing, found: "nothing is accepted for " + name + ", which the rule reads: no section of the scope says whose counts"}
}

func expressionRules() []Rule {
	return []Rule{
		{"rule.", []Status{StatusFail, StatusMissing, StatusError}, "What the document asks in CEL, under the rule's own id.", "the rule's own advice; a rule that is missing or in error needs what it reads to be there"},
	}
}

// readsConfig says whether a rule reads what only the image's configuration says.
func readsConfig(p Program) bool {
	return slices.ContainsFunc(p.Paths, func(path string) bool {
		if path == "image" {
			return true
		}
		field, ok := strings.CutPrefix(path, "image.")
		field, _, _ = strings.Cut(field, ".")
		return ok && slices.Contains([]string{"labels", "annotations", "created", "labels[]", "annotations[]"}, field)
	})
}
