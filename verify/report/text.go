package report

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"unicode"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/verify"
	"github.com/carnet-project/carnet/verify/policy"
)

// A Style says how text is set off. The zero Style is plain.
type Style struct{ Colour bool }

func (s Style) paint(code, text string) string {
	if !s.Colour {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (s Style) outcome(o policy.Outcome) string {
	word := strings.ToUpper(string(o))
	if o == policy.Allowed {
		return s.paint("1;32", word)
	}
	return s.paint("1;31", word)
}

// Text writes one result for a person: the verdict, the matrix, who signed, and for
// each failure what was expected, what was found and what to do.
func Text(w io.Writer, r Result, s Style) error {
	out := &strings.Builder{}
	if r.Err != nil {
		fmt.Fprintf(out, "%s  %s\n", s.outcome(r.Outcome()), Clean(r.Target))
		fmt.Fprintf(out, "  %s\n", Clean(r.Err.Error()))
	} else {
		head(out, r, s)
		matrix(out, r.Verdict, s)
		signers(out, r.Verdict)
		findings(out, r.Verdict, s)
	}
	_, err := io.WriteString(w, out.String())
	return err
}

func head(out *strings.Builder, r Result, s Style) {
	cells := r.Verdict.Cells()
	required := 0
	for _, c := range cells {
		if c.Required {
			required++
		}
	}
	fmt.Fprintf(out, "%s  %s\n", s.outcome(r.Verdict.Outcome()), Clean(r.Reference()))
	if unmet := len(r.Verdict.Unmet()); unmet > 0 {
		fmt.Fprintf(out, "  %d of %d required are not met\n", unmet, required)
	}
}

// matrix prints the nodes down and the requirements across.
func matrix(out *strings.Builder, v policy.Verdict, s Style) {
	var names []string
	var nodes []artifact.Artifact
	at := map[string]policy.Cell{}
	for _, c := range v.Cells() {
		if !slices.Contains(names, c.Requirement.Name()) {
			names = append(names, c.Requirement.Name())
		}
		if !slices.ContainsFunc(nodes, func(n artifact.Artifact) bool { return n.Digest == c.Node.Digest }) {
			nodes = append(nodes, c.Node)
		}
		at[c.Requirement.Name()+c.Node.Digest.String()] = c
	}
	out.WriteByte('\n')
	table := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	fmt.Fprintf(table, "  \t%s\n", strings.Join(names, "\t"))
	for _, n := range nodes {
		fmt.Fprintf(table, "  %s", nodeName(n))
		for _, name := range names {
			fmt.Fprintf(table, "\t%s", mark(at[name+n.Digest.String()], n))
		}
		fmt.Fprintln(table)
	}
	_ = table.Flush() // a strings.Builder takes everything
}

func nodeName(n artifact.Artifact) string {
	if n.Platform != "" {
		return Clean(n.Platform)
	}
	return string(n.Kind)
}

func mark(c policy.Cell, n artifact.Artifact) string {
	switch {
	case c.Status == "" || c.Status == policy.StatusNotApplicable:
		return "–"
	case len(c.Evidence) > 0 && c.Evidence[0].Subject() != n.Digest:
		return "✓ by its index"
	case c.Status.Allows():
		return "✓"
	}
	return "✗ " + string(c.Status)
}

// signers says who signed what that counted, and when.
func signers(out *strings.Builder, v policy.Verdict) {
	var lines []string
	for _, c := range v.Cells() {
		for _, e := range c.Evidence {
			line := fmt.Sprintf("  %s\t%s\tsigned by %s\t%s", c.Requirement.Name(), evidenceType(e), Clean(signer(e)), Clean(trustedTime(e)))
			if !slices.Contains(lines, line) {
				lines = append(lines, line)
			}
		}
	}
	if len(lines) == 0 {
		return
	}
	out.WriteByte('\n')
	table := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	fmt.Fprintln(table, strings.Join(lines, "\n"))
	_ = table.Flush()
}

// signer is who signed, and for a build what was built, which the name of a workflow
// that many repositories share does not tell.
func signer(e *verify.Evidence) string {
	who := e.By().String()
	c := e.By().Certificate
	if c == nil || c.Claims[attest.ClaimSourceRepositoryURI] == "" {
		return who
	}
	who += " for " + c.Claims[attest.ClaimSourceRepositoryURI]
	if ref := c.Claims[attest.ClaimSourceRepositoryRef]; ref != "" {
		who += " at " + ref
	}
	if trigger := c.Claims[attest.ClaimBuildTrigger]; trigger != "" {
		who += " on " + trigger
	}
	return who
}

// trustedTime is the earliest time that somebody trusted says, and who.
func trustedTime(e *verify.Evidence) string {
	for _, t := range e.Times() {
		if t.At.Equal(e.SignedAt()) {
			return strings.TrimSpace(fmt.Sprintf("%s by %s %s", moment(t.At), t.Source, t.URI))
		}
	}
	return "no trusted time"
}

func evidenceType(e *verify.Evidence) string {
	if e.PredicateType() == "" {
		return string(e.Form())
	}
	return Clean(e.PredicateType())
}

func findings(out *strings.Builder, v policy.Verdict, s Style) {
	for _, f := range v.Findings() {
		where := f.Platform
		if path := v.Artifact().Path(f.Subject); where == "" && path != nil {
			where = nodeName(path[len(path)-1])
		}
		fmt.Fprintf(out, "\n%s %s  %s\n", s.paint("31", "✗"), s.paint("1", f.Rule), Clean(where))
		for _, line := range [][2]string{{"expected", f.Expected}, {"found", f.Found}, {"fix", Fix(f)}} {
			fmt.Fprintf(out, "    %-9s %s\n", line[0], Clean(line[1]))
		}
	}
}

// Clean keeps foreign text from moving the cursor or forging lines.
func Clean(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029' {
			return '�'
		}
		return r
	}, s)
}
