package main

import (
	"fmt"
	"strings"
)

// man is the manual page of a program with all its commands, in man(7). There is one
// page a program because "carnet verify" and "carnet-verify" are two things.
func (p program) man() string {
	var b strings.Builder
	fmt.Fprintf(&b, ".\\\" Written by go run ./cmd/internal/clidoc; change the command instead.\n")
	fmt.Fprintf(&b, ".TH %s 1\n.SH NAME\n%s \\- %s\n", strings.ToUpper(roff(p.name)), roff(p.name), roff(p.usage))
	fmt.Fprintf(&b, ".SH SYNOPSIS\n.B %s\nCOMMAND [flags] [arguments]\n", roff(p.name))
	b.WriteString(".SH COMMANDS\n")
	for _, c := range p.flat() {
		c.manSection(&b)
	}
	return b.String()
}

func (c command) manSection(b *strings.Builder) {
	fmt.Fprintf(b, ".SS %s\n%s.\n", roff(c.name()), roff(sentence(c.Usage)))
	for _, line := range c.synopsis() {
		fmt.Fprintf(b, ".PP\n.nf\n.B %s\n.fi\n", roff(line))
	}
	for _, p := range c.paragraphs() {
		fmt.Fprintf(b, ".PP\n%s\n", filled(p))
	}
	for _, a := range c.arguments() {
		fmt.Fprintf(b, ".TP\n.I %s\n%s\n", roff(a[0]), filled(a[1]))
	}
	for _, f := range c.flags() {
		fmt.Fprintf(b, ".TP\n\\fB%s\\fR", strings.Join(each(f.names, roff), "\\fR, \\fB"))
		if f.value != "" {
			fmt.Fprintf(b, " \\fI%s\\fR", roff(f.value))
		}
		fmt.Fprintf(b, "\n%s\n", filled(f.plain()))
	}
	if len(c.Exits) > 0 {
		b.WriteString(".PP\nExit codes:\n")
	}
	for _, e := range c.Exits {
		fmt.Fprintf(b, ".TP\n.B %d\n%s\n", e.Code, roff(e.Meaning))
	}
	for _, e := range c.Examples {
		fmt.Fprintf(b, ".PP\nExample, %s:\n.PP\n.nf\n.RS\n%s\n.RE\n.fi\n", roff(e[0]), roff(e[1]))
	}
}

// filled is text in lines of at most 80 columns, unless a word is longer.
func filled(s string) string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(s) {
		word = roff(word)
		if line != "" && len(line)+1+len(word) > 80 {
			lines, line = append(lines, line), ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return strings.Join(append(lines, line), "\n")
}

// roff writes text so that nothing in it is taken for a request or an escape.
func roff(s string) string {
	s = strings.NewReplacer(`\`, `\e`, "-", `\-`, "…", "...").Replace(s)
	if strings.HasPrefix(s, ".") || strings.HasPrefix(s, "'") {
		return `\&` + s
	}
	return s
}

func each(all []string, f func(string) string) []string {
	out := make([]string, len(all))
	for i, s := range all {
		out[i] = f(s)
	}
	return out
}
