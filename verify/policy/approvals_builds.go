package policy

import (
	"fmt"
	"slices"
)

// maxBuilds bounds in how many ways the nodes of an artifact can be matched with builds.
const maxBuilds = 64

// triggers finds who started the build, in the provenance that was accepted: one list for
// each way to choose one build for each node.
func (b *bench) triggers(r *ApprovalClause) []people {
	cell := b.cell(r.Clause, Requirement{name: r.Name + ": build trigger", rule: "approvals", what: "who started the build", spread: whole}, b.c.Artifact)
	f := Finding{Rule: "approvals.trigger", Status: StatusMissing, Check: r.Name, Expected: "who started the build", Found: "no accepted provenance", Follows: "provenance.missing"}
	var ways []people
	for _, c := range b.cells {
		if c.Requirement.name != RequireProvenance || !c.Required || !c.Status.Allows() {
			continue
		}
		builds := b.builds(&cell, c)
		if len(builds) == 0 {
			ways, f.Found, f.Follows = nil, "the accepted provenance of "+c.Node.Digest.String()+" does not say", ""
			break
		}
		if ways = each(ways, builds); len(ways) > maxBuilds {
			ways, f.Status, f.Found, f.Follows = nil, StatusError, fmt.Sprintf("more than %d ways in which accepted builds made the artifact", maxBuilds), ""
			break
		}
	}
	if len(ways) > 0 {
		f.Status, f.Found, f.Follows = StatusPass, list(waysText(ways), 3), ""
	}
	b.find(&cell, r.Clause, f)
	cell.settle()
	b.cells = append(b.cells, cell)
	return ways
}

// builds are who started each of the builds that the provenance cell accepts.
func (b *bench) builds(into *Cell, c Cell) []people {
	var all []people
	for _, e := range c.Evidence {
		who, err := remember(b.c.Facts, e, "trigger", func() (people, error) { return triggeredBy(e.PredicateType(), e.Predicate()) })
		if err != nil || len(who) == 0 {
			continue
		}
		all = append(all, who)
		if !slices.Contains(into.Evidence, e) {
			into.Evidence = append(into.Evidence, e)
		}
	}
	return all
}

// each extends every way by every build, and leaves out what is there.
func each(ways, builds []people) []people {
	if ways == nil {
		ways = []people{nil}
	}
	var all []people
	for _, way := range ways {
		for _, build := range builds {
			longer := slices.Clone(way)
			for _, p := range build {
				if !slices.Contains(longer, p) {
					longer = append(longer, p)
				}
			}
			if !slices.ContainsFunc(all, func(o people) bool { return slices.Equal(o, longer) }) {
				all = append(all, longer)
			}
		}
	}
	return all
}

func waysText(ways []people) []string {
	var all []string
	for _, w := range ways {
		all = append(all, w.String())
	}
	return all
}
