package report

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"unicode"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/verify"
	"github.com/carnet-project/carnet/verify/policy"
)

// A Style says how a report is written. The zero Style is plain.
type Style struct {
	// Colour sets text off with the terminal's colours.
	Colour bool
	// Tool is what made the report, for the formats that name it.
	Tool Tool
}

// A Tool is a program and its version.
type Tool struct{ Name, Version string }

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
	switch {
	case r.Err != nil:
		fmt.Fprintf(out, "%s  %s\n", s.outcome(r.Outcome()), Clean(r.Target))
		fmt.Fprintf(out, "  %s\n", Clean(r.Err.Error()))
	default:
		head(out, r, s)
		matrix(out, r.Verdict)
		signers(out, r.Verdict)
		findings(out, r.Verdict, s)
		notes(out, r.Verdict)
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// matrix prints the nodes down and the requirements across.
func matrix(out *strings.Builder, v policy.Verdict) {
	g := gridOf(v)
	out.WriteByte('\n')
	table := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	names := make([]string, 0, len(g.names))
	for _, name := range g.names {
		names = append(names, Clean(name))
	}
	fmt.Fprintf(table, "  \t%s\n", strings.Join(names, "\t"))
	for _, n := range g.nodes {
		fmt.Fprintf(table, "  %s", nodeName(n))
		for _, name := range g.names {
			fmt.Fprintf(table, "\t%s", g.mark(name, n))
		}
		fmt.Fprintln(table)
	}
	_ = table.Flush() // a strings.Builder takes everything
}

// signers says who signed what that counted, and when.
func signers(out *strings.Builder, v policy.Verdict) {
	var lines []string
	for _, c := range v.Cells() {
		for _, e := range c.Evidence {
			what := evidenceType(e)
			if s := selection(c); s != "" {
				what += " (" + s + ")"
			}
			line := fmt.Sprintf("  %s\t%s\tsigned by %s\t%s", Clean(c.Requirement.Name()), what, Clean(signer(e)), Clean(trustedTime(e)))
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
	if e.Document() != nil {
		return Clean(e.PredicateType()) + " by reference"
	}
	return Clean(e.PredicateType())
}

// Clean keeps foreign text from moving the cursor or forging lines.
func Clean(s string) string { return clean(s, false) }

// CleanLines is [Clean] for text that may have several lines.
func CleanLines(s string) string { return clean(s, true) }

func clean(s string, lines bool) string {
	return strings.Map(func(r rune) rune {
		if lines && r == '\n' {
			return r
		}
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029' {
			return '�'
		}
		return r
	}, s)
}
