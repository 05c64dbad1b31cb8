package cli

import (
	"slices"
	"strings"

	urfave "github.com/urfave/cli/v2"
)

// Outputs are where a command that judges prints, and how.
type Outputs struct {
	// Text says that people read along on stderr.
	Text bool
	// Stdout says that stdout gets a document.
	Stdout bool
	To     []Output
}

// An Output is one document in a format, for a file, or for stdout if that is "-".
type Output struct{ Format, File string }

// OutputsFlag is -o of a command that prints in several formats at once; see
// [Call.Outputs]. The first format is text, which goes to stderr.
func OutputsFlag(formats ...string) urfave.Flag {
	return &urfave.StringSliceFlag{
		Name: "output", Aliases: []string{"o"},
		Usage: "print `FORMAT[=FILE]`: " + strings.Join(formats, ", ") + "; may be given several times, once without a file, which is stdout, or stderr for text (default: text)",
	}
}

// Outputs are what -o names: each with a file of its own, and at most one beside text
// without. Where all go to files, people still read along.
func (c *Call) Outputs(formats ...string) (Outputs, error) {
	var out Outputs
	given := c.StringSlice("output")
	for _, o := range given {
		format, file, to := strings.Cut(o, "=")
		switch {
		case !slices.Contains(formats, format):
			return out, Usagef("--output %q is not one of %s", o, strings.Join(formats, ", "))
		case to && file == "":
			return out, Usagef("--output %s: names no file after \"=\"", o)
		case !to && format == formats[0]:
			out.Text = true
			continue
		case !to:
			file = "-"
		}
		if slices.ContainsFunc(out.To, func(other Output) bool { return other.File == file }) {
			if file == "-" {
				return out, &UsageError{Message: "--output: two formats can't both go to stdout", Hint: "give all but one a file: -o " + format + "=FILE"}
			}
			return out, Usagef("--output: two formats can't both go to %s", file)
		}
		out.To = append(out.To, Output{format, file})
		out.Stdout = out.Stdout || file == "-"
	}
	out.Text = out.Text || !out.Stdout
	return out, nil
}
