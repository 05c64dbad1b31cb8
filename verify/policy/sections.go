package policy

import (
	"fmt"
	"strings"
	"time"

	"github.com/carnet-project/carnet/attest/artifact"
)

// validity denies what is judged by a policy that has expired.
func (b *bench) validity() {
	d := b.doc
	if d.Expires.IsZero() {
		return
	}
	cell := b.cell(Clause{}, Requirement{name: "policy", rule: "policy", spread: whole}, b.c.Artifact)
	switch {
	case b.c.At.IsZero():
		b.find(&cell, Clause{}, timeless("policy"))
	case !b.c.At.Before(d.Expires):
		b.find(&cell, Clause{}, Finding{Rule: "policy.expired", Status: StatusError, Expected: "a policy that is in force", Found: "the policy " + d.Name + ", which expired " + day(d.Expires)})
	case d.Expires.Sub(b.c.At) < 30*24*time.Hour:
		b.note("policy.expiring", fmt.Sprintf("the policy %s expires %s; its owner is %s", d.Name, day(d.Expires), d.Owner), 0)
	}
	cell.settle()
	b.cells = append(b.cells, cell)
}

// timeless is the finding of a rule about age in a case without a time.
func timeless(section string) Finding {
	return Finding{Rule: section + ".time", Status: StatusError, Expected: "a time to judge for", Found: "none was given"}
}

func (b *bench) note(rule, text string, line int) {
	b.notes = append(b.notes, Note{Rule: rule, Text: text, Policy: b.doc.Name, Line: line})
}

// unevaluated is an error for a section that nothing here evaluates, for what is not looked
// at never allows.
func (b *bench) unevaluated(clause Clause, section string) {
	cell := b.cell(clause, Requirement{name: section, rule: section, spread: whole}, b.c.Artifact)
	b.find(&cell, clause, Finding{Rule: section + ".unsupported", Status: StatusError, Expected: "a section that can be evaluated", Found: section})
	cell.settle()
	b.cells = append(b.cells, cell)
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// runnable are the nodes that hold a platform's content: an image, or the platforms of an
// index.
func (b *bench) runnable() []artifact.Artifact {
	if len(b.nodes) > 1 {
		return b.nodes[1:]
	}
	return b.nodes
}

// list names a few of many.
func list(all []string, most int) string {
	if len(all) <= most {
		return strings.Join(all, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(all[:most], ", "), len(all)-most)
}
