package report

import (
	"fmt"

	"github.com/carnet-project/carnet/verify/policy"
)

// A count is of the rules that decide. A rule counts once however many nodes it is asked of.
type count struct{ all, failed, warned int }

// tally counts the rules that decide. One that is not in force yet warns.
func tally(v policy.Verdict) count {
	type rule struct{ policy, requirement, id string }
	const met, warned, failed = 1, 2, 3
	ended := map[rule]int{}
	told := map[rule]bool{}
	for _, c := range v.Cells() {
		told[rule{c.Policy, c.Requirement.Name(), ""}] = told[rule{c.Policy, c.Requirement.Name(), ""}] || len(c.Findings) > 0
	}
	for _, c := range v.Cells() {
		if !c.Required {
			continue
		}
		findings := c.Findings
		if whole := (rule{c.Policy, c.Requirement.Name(), ""}); !told[whole] {
			findings = []policy.Finding{{Status: c.Status}}
		}
		for _, f := range findings {
			how := met
			if !f.Status.Allows() {
				how = failed
				if c.Pending {
					how = warned
				}
			}
			id := rule{c.Policy, c.Requirement.Name(), f.Rule}
			ended[id] = max(ended[id], how)
		}
	}
	n := count{all: len(ended)}
	for _, how := range ended {
		switch how {
		case failed:
			n.failed++
		case warned:
			n.warned++
		}
	}
	return n
}

func (n count) String() string {
	text := counted(n.all, "rule") + " met"
	if n.failed+n.warned > 0 {
		text = fmt.Sprintf("%d of %s failed", n.failed, counted(n.all, "rule"))
	}
	if n.warned == 1 {
		text += ", 1 warns"
	} else if n.warned > 1 {
		text += fmt.Sprintf(", %d warn", n.warned)
	}
	return text
}
