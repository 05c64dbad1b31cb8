package cli

import (
	"fmt"
	"strings"

	urfave "github.com/urfave/cli/v2"
)

// The help of the program, of a command, and of a command with commands below it.
// urfave's own templates wrap the description, which would break the examples.
const (
	appHelp = `{{.HelpName}} - {{.Usage}}

USAGE:
   {{.HelpName}} COMMAND [flags] [arguments]

COMMANDS:{{range .VisibleCommands}}
   {{.Name}}{{"\t"}}{{.Usage}}{{end}}

   {{.HelpName}} COMMAND --help explains each.
`
	commandHelp = `{{.HelpName}} - {{.Usage}}

USAGE:
   {{.HelpName}}{{if .VisibleFlags}} [flags]{{end}}{{if .ArgsUsage}} {{.ArgsUsage}}{{end}}

{{.Description}}
`
	groupHelp = `{{.HelpName}} - {{.Usage}}

USAGE:
   {{.HelpName}}{{if .ArgsUsage}} [flags] {{.ArgsUsage}}
   {{.HelpName}}{{end}} COMMAND [flags] [arguments]

{{.Description}}

COMMANDS:{{range .VisibleCommands}}
   {{.Name}}{{"\t"}}{{.Usage}}{{end}}
`
)

// flagHelp is the help's section about flags: each with what it is for below it, so
// that it reads well at 80 columns, and the groups that follow each other with a title.
func flagHelp(flags []urfave.Flag) string {
	var b strings.Builder
	group := "-"
	for _, f := range flags {
		documented, ok := f.(urfave.DocGenerationFlag)
		if !ok {
			continue
		}
		if is := groupOf(f); is != group {
			group = is
			b.WriteString("\n\n" + strings.TrimSuffix("FLAGS, "+group, ", ") + ":")
		}
		usage, value := unquoted(documented.GetUsage())
		names := ""
		for _, n := range f.Names() {
			dashes := "--"
			if len(n) == 1 {
				dashes = "-"
			}
			if names != "" {
				names += ", "
			}
			names += dashes + n
		}
		if documented.TakesValue() {
			names += " " + value
		}
		if text := documented.GetDefaultText(); documented.TakesValue() && text != "" && text != `""` {
			usage += " (default: " + strings.Trim(text, `"`) + ")"
		}
		fmt.Fprintf(&b, "\n   %s\n%s", names, wrap(usage, "         ", 84))
	}
	return b.String()
}

// groupOf is the title of the group that a flag is in, or "".
func groupOf(f urfave.Flag) string {
	if grouped, ok := f.(urfave.CategorizableFlag); ok {
		return grouped.GetCategory()
	}
	return ""
}

// unquoted takes the name of a flag's value, which stands in backquotes, from its usage.
func unquoted(usage string) (text, value string) {
	before, rest, found := strings.Cut(usage, "`")
	if !found {
		return usage, "VALUE"
	}
	value, after, _ := strings.Cut(rest, "`")
	return before + value + after, value
}

// wrap breaks text into lines of at most width columns.
func wrap(text, indent string, width int) string {
	var b strings.Builder
	column := 0
	for _, word := range strings.Fields(text) {
		if column > 0 && column+1+len(word) > width {
			b.WriteByte('\n')
			column = 0
		}
		if column == 0 {
			b.WriteString(indent)
			column = len(indent)
		} else {
			b.WriteByte(' ')
			column++
		}
		b.WriteString(word)
		column += len(word)
	}
	return b.String()
}
