package report

import (
	"cmp"
	"fmt"
	"html"
	"io"
	"strings"

	"github.com/carnet-project/carnet/verify/policy"
)

// writeMarkdown writes GitHub's Markdown, as for the summary of a job. What comes from
// outside stands in code spans, in which nothing is markup, a link or a mention.
func writeMarkdown(w io.Writer, results []Result, tool Tool) error {
	out := &strings.Builder{}
	for i, r := range results {
		if i > 0 {
			out.WriteString("\n---\n\n")
		}
		markdownOf(out, r)
	}
	if tool != (Tool{}) {
		fmt.Fprintf(out, "\n<sub>%s</sub>\n", code(strings.TrimSpace(tool.Name+" "+tool.Version)))
	}
	_, err := io.WriteString(w, out.String())
	return err
}

func markdownOf(out *strings.Builder, r Result) {
	fmt.Fprintf(out, "## %s %s\n\n%s\n\n", emblem(r), verdictWord(r), code(cmp.Or(reference(r), r.Target)))
	if r.Err != nil {
		fmt.Fprintf(out, "%s\n", code(r.Err.Error()))
		return
	}
	for _, p := range policiesToJSON(r.Verdict) {
		if written(r.Verdict.Policy()) {
			fmt.Fprintf(out, "- policy %s\n", code(p.describe()))
		}
	}
	fmt.Fprintf(out, "- %s\n", tally(r.Verdict))
	if at := stamp(r.Verdict.At()); at != "" {
		fmt.Fprintf(out, "- judged for %s\n", at)
	}
	markdownGrid(out, r.Verdict)
	markdownFindings(out, r.Verdict)
	markdownEvidence(out, r.Verdict)
	markdownNotes(out, r.Verdict)
}

func reference(r Result) string {
	if r.Verdict.Artifact().Digest.IsZero() {
		return ""
	}
	return r.Reference()
}

func emblem(r Result) string {
	switch effectOf(r) {
	case effectAllow:
		return "✅"
	case effectAudit, effectWarn:
		return "⚠️"
	}
	if r.Outcome() == policy.Undecided {
		return "❔"
	}
	return "❌"
}

func markdownGrid(out *strings.Builder, v policy.Verdict) {
	g := gridOf(v)
	if len(g.names) == 0 {
		return
	}
	out.WriteString("\n| |")
	for _, name := range g.names {
		fmt.Fprintf(out, " %s |", tableCode(name))
	}
	out.WriteString("\n|---|" + strings.Repeat("---|", len(g.names)) + "\n")
	for _, n := range g.nodes {
		fmt.Fprintf(out, "| %s |", tableCode(nodeName(n)))
		for _, name := range g.names {
			fmt.Fprintf(out, " %s |", g.mark(name, n))
		}
		out.WriteByte('\n')
	}
}

func markdownFindings(out *strings.Builder, v policy.Verdict) {
	own, sentences := causes(entries(v))
	for i, b := range batches(own) {
		open := ""
		if i == 0 {
			open = " open"
		}
		fmt.Fprintf(out, "\n<details%s><summary>%s %s: %s</summary>\n\n", open, markdownSign(b.entries[0]), htmlCode(b.rule), counted(len(b.entries), "finding"))
		shown, more := b.first()
		for _, e := range shown {
			markdownFinding(out, v, e)
		}
		if more > 0 {
			fmt.Fprintf(out, "- %d more\n", more)
		}
		out.WriteString("\n</details>\n")
	}
	for _, s := range sentences {
		fmt.Fprintf(out, "\n%s\n", code(s))
	}
}

func markdownSign(e entry) string {
	if e.level == levelError {
		return "❌"
	}
	return "⚠️"
}

func markdownFinding(out *strings.Builder, v policy.Verdict, e entry) {
	fmt.Fprintf(out, "- %s is %s\n", code(e.where()), e.Status)
	in := ""
	if !e.Evidence.IsZero() {
		in = evidenceName(v, e.Evidence)
	}
	for _, line := range [][2]string{
		{"expected", e.Expected}, {"found", e.Found}, {"in", in}, {"fix", Fix(e.Finding)}, {"rule", e.origin(v.Policy())}, {"owner", e.Owner}, {"effect", e.effect()},
	} {
		if line[1] != "" {
			fmt.Fprintf(out, "  - %s: %s\n", line[0], code(line[1]))
		}
	}
}

func markdownEvidence(out *strings.Builder, v policy.Verdict) {
	all := v.Evidence()
	if len(all) == 0 {
		return
	}
	fmt.Fprintf(out, "\n<details><summary>evidence: %d</summary>\n\n", len(all))
	for i, e := range all {
		if i == 100 {
			fmt.Fprintf(out, "- %d more\n", len(all)-i)
			break
		}
		fmt.Fprintf(out, "- %s\n  - signed by %s\n  - %s\n  - %s\n", code(strings.TrimSpace(evidenceType(e)+" "+selectionOf(v, e))), code(signer(e)), code(trustedTime(e)), code(e.Bundle().String()))
	}
	out.WriteString("\n</details>\n")
}

func markdownNotes(out *strings.Builder, v policy.Verdict) {
	for _, n := range v.Notes() {
		fmt.Fprintf(out, "\n> %s %s\n", code(n.Rule), code(n.Text+line(n)))
	}
	if missing := v.Policy().NotChecked(); written(v.Policy()) && len(missing) > 0 {
		fmt.Fprintf(out, "\nnot checked: %s\n", strings.Join(missing, ", "))
	}
}

// code is a code span, in which Markdown leaves everything as it is: its quotes are longer
// than any in it.
func code(s string) string {
	s = Clean(strings.ToValidUTF8(s, "�"))
	longest, run := 0, 0
	for _, c := range s {
		if run++; c != '`' {
			run = 0
		}
		longest = max(longest, run)
	}
	fence := strings.Repeat("`", longest+1)
	if longest > 0 || strings.TrimSpace(s) == "" {
		s = " " + s + " "
	}
	return fence + s + fence
}

// tableCode is a code span in a table, where a bar would end the field even there.
func tableCode(s string) string { return code(strings.ReplaceAll(s, "|", "¦")) }

// htmlCode is code in a block of HTML, in which Markdown is not read.
func htmlCode(s string) string {
	return "<code>" + html.EscapeString(Clean(strings.ToValidUTF8(s, "�"))) + "</code>"
}
