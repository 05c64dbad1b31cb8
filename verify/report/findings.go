package report

import (
	"fmt"
	"strings"

	"github.com/carnet-project/carnet/verify/policy"
)

// findings are the rules that are not met. Of one rule so many are shown and the rest
// is counted, and what only follows from another rule is told in a sentence.
func findings(out *strings.Builder, v policy.Verdict, s Style) {
	own, sentences := causes(entries(v))
	for _, b := range batches(own) {
		shown, more := b.first()
		for _, e := range shown {
			finding(out, v, e, s)
		}
		if more > 0 {
			fmt.Fprintf(out, "\n%s %s  %d more\n", s.sign(b.entries[0]), s.paint("1", Clean(b.rule)), more)
		}
	}
	for i, sentence := range sentences {
		if i == 0 {
			fmt.Fprintln(out)
		}
		fmt.Fprintln(out, Clean(sentence))
	}
}

func finding(out *strings.Builder, v policy.Verdict, e entry, s Style) {
	fmt.Fprintf(out, "\n%s %s  %s\n", s.sign(e), s.paint("1", Clean(e.Rule)), Clean(e.where()))
	expected := e.Expected
	if origin := e.origin(v.Policy()); origin != "" {
		expected += "  (" + origin + ")"
	}
	lines := [][2]string{{"expected", expected}, {"found", e.Found}}
	if !e.Evidence.IsZero() {
		lines = append(lines, [2]string{"in", evidenceName(v, e.Evidence)})
	}
	lines = append(lines, [2]string{"fix", Fix(e.Finding)}, [2]string{"owner", e.Owner}, [2]string{"effect", e.effect()})
	for _, line := range lines {
		if line[1] != "" {
			fmt.Fprintf(out, "    %-9s %s\n", line[0], Clean(line[1]))
		}
	}
}

// effect is what becomes of the entry, where it does not deny.
func (e entry) effect() string {
	switch {
	case e.level == levelNote:
		return "written down: the policy audits"
	case e.cell.Pending && e.cell.Mode == policy.ModeEnforce:
		return "warns until " + day(e.cell.EnforceFrom) + ", when it begins to deny"
	case e.level == levelWarning:
		return "warns"
	}
	return ""
}

func (s Style) sign(e entry) string {
	if e.level == levelError {
		return s.paint("31", "✗")
	}
	return s.paint("33", "!")
}
