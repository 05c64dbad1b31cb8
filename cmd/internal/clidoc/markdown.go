package main

import (
	"fmt"
	"strings"
)

const generated = "<!-- Written by go run ./cmd/internal/clidoc; change the command instead. -->\n"

// indexPage lists all commands.
func indexPage(all []program) string {
	var b strings.Builder
	b.WriteString("# Commands\n\n" + generated)
	for _, p := range all {
		fmt.Fprintf(&b, "\n## %s\n\n%s.\n\n| command | |\n|---|---|\n", p.name, sentence(p.usage))
		for _, c := range p.flat() {
			fmt.Fprintf(&b, "| [%s](%s) | %s |\n", c.name(), c.file(), cell(c.Usage))
		}
	}
	b.WriteString("\nFlags may stand before, between and after arguments; `--` ends them. A flag that is\n" +
		"given twice is refused, but for those that may be given several times.\n\n" +
		"The same as manual pages: [carnet.1](../man/carnet.1), [carnet-verify.1](../man/carnet-verify.1).\n" +
		"Completions for bash, zsh and fish are in [completions](../completions); the first line\n" +
		"of each says how to load it.\n")
	return b.String()
}

// markdown is the page about a command.
func (c command) markdown(all []program) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n%s\n%s.\n\n```text\n%s\n```\n", c.name(), generated, sentence(c.Usage), strings.Join(c.synopsis(), "\n"))
	for _, p := range c.paragraphs() {
		fmt.Fprintf(&b, "\n%s\n", p)
	}
	table(&b, "Commands", "command", c.commandRows())
	table(&b, "Arguments", "argument", c.argumentRows())
	table(&b, "Flags", "flag", c.flagRows())
	table(&b, "Exit codes", "code", c.exitRows())
	if len(c.Examples) > 0 {
		b.WriteString("\n## Examples\n\n```sh\n")
		for _, e := range c.Examples {
			fmt.Fprintf(&b, "# %s\n%s\n", e[0], e[1])
		}
		b.WriteString("```\n")
	}
	if others := c.othersWith(all); len(others) > 0 {
		fmt.Fprintf(&b, "\nThe same command is in `%s`.\n", strings.Join(others, "`, `"))
	}
	b.WriteString("\n[All commands](README.md)\n")
	return b.String()
}

// othersWith names the other programs that have the command.
func (c command) othersWith(all []program) []string {
	var names []string
	for _, p := range all {
		for _, other := range p.flat() {
			if p.name != c.words[0] && other.path() == c.path() {
				names = append(names, p.name)
			}
		}
	}
	return names
}

func (c command) commandRows() [][2]string {
	var rows [][2]string
	for _, sub := range below(c.words, c.Commands) {
		rows = append(rows, [2]string{fmt.Sprintf("[%s](%s)", sub.name(), sub.file()), cell(sub.Usage)})
	}
	return rows
}

func (c command) argumentRows() [][2]string {
	var rows [][2]string
	for _, a := range c.arguments() {
		rows = append(rows, [2]string{"`" + cell(a[0]) + "`", cell(a[1])})
	}
	return rows
}

func (c command) flagRows() [][2]string {
	var rows [][2]string
	for _, f := range c.flags() {
		name := "`" + strings.Join(f.names, "`, `") + "`"
		if f.value != "" {
			name += " `" + cell(f.value) + "`"
		}
		usage := cell(f.usage)
		if f.initial != "" {
			usage += " (default: `" + cell(f.initial) + "`)"
		}
		rows = append(rows, [2]string{name, usage})
	}
	return rows
}

func (c command) exitRows() [][2]string {
	var rows [][2]string
	for _, e := range c.Exits {
		rows = append(rows, [2]string{fmt.Sprint(e.Code), cell(e.Meaning)})
	}
	return rows
}

func table(b *strings.Builder, title, first string, rows [][2]string) {
	if len(rows) == 0 {
		return
	}
	fmt.Fprintf(b, "\n## %s\n\n| %s | |\n|---|---|\n", title, first)
	for _, r := range rows {
		fmt.Fprintf(b, "| %s | %s |\n", r[0], r[1])
	}
}

// cell is text that ends no cell of a table.
func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }

func sentence(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
