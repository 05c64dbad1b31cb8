package report

import (
	"cmp"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/verify/policy"
)

// firstLine is how long the line may be that tells of a written policy's verdict: what
// Kubernetes shows of a warning.
const firstLine = 120

// head is the verdict. Where a person wrote the policy, the first line is one that can
// stand alone, and the lines below it have what it had to shorten.
func head(out *strings.Builder, r Result, s Style) {
	v := r.Verdict
	if written(v.Policy()) {
		fmt.Fprintln(out, s.headline(r))
		fmt.Fprintf(out, "  %-9s %s\n", "image", Clean(r.Reference()))
		for _, p := range policiesToJSON(v) {
			fmt.Fprintf(out, "  %-9s %s\n", "policy", Clean(p.describe()))
		}
		if !v.At().IsZero() {
			fmt.Fprintf(out, "  %-9s %s\n", "at", moment(v.At()))
		}
		return
	}
	fmt.Fprintf(out, "%s  %s\n", s.verdict(r), Clean(r.Reference()))
	required := 0
	for _, c := range v.Cells() {
		if c.Required {
			required++
		}
	}
	if unmet := len(v.Unmet()); unmet > 0 {
		fmt.Fprintf(out, "  %d of %d required are not met\n", unmet, required)
	}
}

// Headline is the verdict in a line of at most 120 characters: what was decided about
// what, by which policy, and how many of its rules are not met.
func Headline(r Result) string { return Style{}.headline(r) }

func (s Style) headline(r Result) string {
	v := r.Verdict
	tail := "  " + policyNames(v) + "  " + tally(v).String()
	digest := short(v.Artifact().Digest)
	if r.Name != "" {
		digest = "@" + digest
	}
	word := verdictWord(r)
	room := firstLine - utf8.RuneCountInString(word+"  "+digest+tail)
	name := elide(Clean(r.Name), max(room, 12))
	return cut(s.verdict(r)+"  "+name+digest+tail, firstLine+utf8.RuneCountInString(s.verdict(r))-utf8.RuneCountInString(word))
}

func policyNames(v policy.Verdict) string {
	all := policiesToJSON(v)
	if len(all) == 0 {
		return "no policy"
	}
	if len(all) > 1 {
		return fmt.Sprintf("%d policies", len(all))
	}
	p := all[0]
	name := "policy " + elide(Clean(p.Name), 30)
	if p.Version > 0 {
		name += fmt.Sprintf(" v%d", p.Version)
	}
	if p.Digest != "" {
		name += " (" + shorten(p.Digest) + ")"
	}
	return name
}

// describe names the policy in full, and what of it applied.
func (p policyJSON) describe() string {
	parts := []string{p.Name}
	if p.Version > 0 {
		parts[0] += fmt.Sprintf(" v%d", p.Version)
	}
	if p.Digest != "" {
		parts[0] += " " + p.Digest
	}
	if p.URI != "" {
		parts = append(parts, p.URI)
	}
	scope := "no scope names the image"
	if p.Scope != "" {
		scope = "scope " + p.Scope
	}
	return strings.Join(append(parts, scope, "mode "+string(p.Mode)), ", ")
}

// verdictWord is the outcome; or, where the policy lets in what it would deny, both.
func verdictWord(r Result) string {
	word := strings.ToUpper(string(r.Outcome()))
	switch effectOf(r) {
	case effectAudit:
		return "AUDIT: would be " + word
	case effectWarn:
		return "WARNING: would be " + word
	}
	return word
}

func (s Style) verdict(r Result) string {
	switch effectOf(r) {
	case effectAllow:
		return s.paint("1;32", verdictWord(r))
	case effectAudit, effectWarn:
		return s.paint("1;33", verdictWord(r))
	}
	return s.paint("1;31", verdictWord(r))
}

// notes are what decides nothing: what is worth knowing, and what nobody asked about.
func notes(out *strings.Builder, v policy.Verdict) {
	if all := v.Notes(); len(all) > 0 {
		fmt.Fprintln(out)
		for _, n := range all {
			fmt.Fprintf(out, "note %s  %s%s\n", Clean(n.Rule), Clean(n.Text), line(n))
		}
	}
	if missing := v.Policy().NotChecked(); written(v.Policy()) && len(missing) > 0 {
		fmt.Fprintf(out, "\nnot checked: %s\n", strings.Join(missing, ", "))
	}
}

func line(n policy.Note) string {
	if n.Line == 0 {
		return ""
	}
	return fmt.Sprintf(" (policy line %d)", n.Line)
}

// elide leaves out the middle of a text that is longer than so many characters.
func elide(s string, most int) string {
	runes := []rune(s)
	if len(runes) <= most {
		return s
	}
	left := most / 2
	return string(runes[:left]) + "…" + string(runes[len(runes)-(most-left-1):])
}

func cut(s string, most int) string {
	if runes := []rune(s); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return s
}

// evidenceName is what evidence is called beside what was found in it.
func evidenceName(v policy.Verdict, d attest.Digest) string {
	e := bundleOf(v, d)
	if e == nil {
		return d.String()
	}
	return cmp.Or(string(evidenceType(e)), string(e.Kind())) + " " + d.String() + ", signed by " + signer(e)
}
