package report

import (
	"slices"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/verify/policy"
)

// A grid is the matrix as a person reads it: nodes down, requirements across. Where several
// policies or parts of one ask for the same, the gravest answer is shown.
type grid struct {
	names []string
	nodes []artifact.Artifact
	cells map[slot]policy.Cell
}

// A slot is a field of the grid.
type slot struct {
	name string
	node attest.Digest
}

func gridOf(v policy.Verdict) grid {
	g := grid{nodes: nodes(v), cells: map[slot]policy.Cell{}}
	for _, c := range v.Cells() {
		name := c.Requirement.Name()
		if !slices.Contains(g.names, name) {
			g.names = append(g.names, name)
		}
		at := slot{name, c.Node.Digest}
		if other, taken := g.cells[at]; !taken || graver(c, other) {
			g.cells[at] = c
		}
	}
	return g
}

// graver says whether a says more than b.
func graver(a, b policy.Cell) bool {
	order := []policy.Status{policy.StatusNotApplicable, policy.StatusPass, policy.StatusExcepted}
	rank := func(c policy.Cell) int {
		if i := slices.Index(order, c.Status); i >= 0 {
			return i
		}
		return len(order) + slices.Index([]level{levelNote, levelWarning, levelError}, levelOf(c))
	}
	return rank(a) > rank(b)
}

func (g grid) at(name string, n artifact.Artifact) policy.Cell { return g.cells[slot{name, n.Digest}] }

// mark is the field in a word.
func (g grid) mark(name string, n artifact.Artifact) string { return mark(g.at(name, n), n) }

func mark(c policy.Cell, n artifact.Artifact) string {
	switch {
	case c.Status == "" || c.Status == policy.StatusNotApplicable:
		return "–"
	case c.Status == policy.StatusExcepted:
		return "✓ excepted"
	case !c.Status.Allows() && levelOf(c) != levelError:
		return "! " + string(c.Status)
	case !c.Status.Allows():
		return "✗ " + string(c.Status)
	case selection(c) != "":
		return "✓ " + selection(c)
	case len(c.Evidence) > 0 && c.Evidence[0].Subject() != n.Digest && !c.Evidence[0].Subject().IsZero():
		return "✓ by its index"
	}
	return "✓"
}

func nodeName(n artifact.Artifact) string {
	if n.Platform != "" {
		return Clean(n.Platform)
	}
	return string(n.Kind)
}
