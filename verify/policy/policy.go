package policy

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/verify"
)

// A Policy says what an artifact needs to be let in.
type Policy struct {
	requirements []Requirement
	platforms    []string
	threshold    int
}

// New makes a policy of requirements, all of which must be met, for the platforms
// named as os/arch[/variant], or for all if there are none. A policy that requires
// nothing is refused, for it would allow anything.
func New(requirements []Requirement, platforms ...string) (*Policy, error) {
	if len(requirements) == 0 {
		return nil, errors.New("the policy requires nothing: it would allow anything")
	}
	for i, r := range requirements {
		if r.name == "" {
			return nil, fmt.Errorf("requirement %d is empty", i+1)
		}
	}
	for _, p := range platforms {
		if n := strings.Count(p, "/"); n < 1 || n > 2 || strings.Contains("/"+p+"/", "//") {
			return nil, fmt.Errorf("platform %q is not os/arch[/variant]", p)
		}
	}
	return &Policy{requirements: slices.Clone(requirements), platforms: slices.Clone(platforms), threshold: 1}, nil
}

// Requirements is what the policy asks for.
func (p *Policy) Requirements() []Requirement { return slices.Clone(p.requirements) }

// Nodes lists what evidence is about, for an artifact under this policy: the artifact
// itself first, then, for an index, the platforms that the policy selects.
func (p *Policy) Nodes(a artifact.Artifact) []artifact.Artifact {
	nodes := []artifact.Artifact{a}
	if a.Kind != artifact.KindIndex {
		return nodes
	}
	return append(nodes, p.selected(a)...)
}

func (p *Policy) selected(a artifact.Artifact) []artifact.Artifact {
	if len(p.platforms) == 0 {
		return a.Runnable()
	}
	return slices.DeleteFunc(a.Runnable(), func(n artifact.Artifact) bool {
		return !slices.ContainsFunc(p.platforms, func(want string) bool { return artifact.MatchPlatform(n.Platform, want) })
	})
}

// Judge says whether the case's artifact may enter.
func (p *Policy) Judge(c Case) Verdict {
	v := Verdict{artifact: c.Artifact, rejected: c.Rejected, unknown: c.Unknown}
	if p == nil || c.Artifact.Digest.IsZero() {
		return v
	}
	v.cells = append(v.cells, p.platformCells(c.Artifact)...)
	for _, r := range p.requirements {
		v.cells = append(v.cells, p.row(c, r)...)
	}
	v.cells = append(v.cells, p.signersRow(c)...)
	v.outcome = outcome(v.cells)
	return v
}

// row judges one requirement on every node.
func (p *Policy) row(c Case, r Requirement) []Cell {
	nodes := p.Nodes(c.Artifact)
	platforms := nodes[1:]
	var cells []Cell
	for i, node := range nodes {
		cell := Cell{Requirement: r, Node: node, Required: true, Threshold: 1}
		if r.name == RequireSignature {
			cell.Threshold = p.threshold
		}
		if i == 0 && !r.wantsIndex() && (len(platforms) > 0 || len(p.platforms) > 0 && node.Kind == artifact.KindIndex) {
			cell.Required = false
		}
		judgeCell(&cell, c)
		if !cell.Required && !cell.Status.Allows() {
			cell.Status, cell.Finding = StatusNotApplicable, nil
		}
		cells = append(cells, cell)
	}
	return cells
}

func judgeCell(cell *Cell, c Case) {
	for _, e := range c.Evidence {
		if cell.Requirement.MetBy(e) && covers(c.Artifact, e, cell) {
			cell.Evidence = append(cell.Evidence, e)
		}
	}
	beside := slices.DeleteFunc(slices.Clone(c.Beside), func(e *verify.Evidence) bool { return cell.Threshold < 2 || !cell.Requirement.MetBy(e) })
	cell.count(c, append(beside, cell.Evidence...))
}

// covers says whether e, in the tree of a, speaks for the cell's node: it is about
// the node itself, or about an index on the way to it.
func covers(a artifact.Artifact, e *verify.Evidence, cell *Cell) bool {
	if cell.Requirement.PerPlatform() {
		return e.Subject() == cell.Node.Digest
	}
	return slices.ContainsFunc(a.Path(cell.Node.Digest), func(n artifact.Artifact) bool { return n.Digest == e.Subject() })
}

// outcome is Allowed only where there are required cells and every one allows.
func outcome(cells []Cell) Outcome {
	required, worst := 0, Allowed
	for _, c := range cells {
		if !c.Required {
			continue
		}
		required++
		if !c.Status.Allows() {
			worst = worse(worst, c.Status)
		}
	}
	if required == 0 {
		return Denied
	}
	return worst
}

// worse keeps the graver of an outcome and a status that does not allow: a sign of
// tampering, then what is certain to be denied, then what could not be decided.
func worse(o Outcome, s Status) Outcome {
	switch {
	case o == Invalid || s == StatusInvalid:
		return Invalid
	case o == Denied || s != StatusError:
		return Denied
	}
	return Undecided
}
