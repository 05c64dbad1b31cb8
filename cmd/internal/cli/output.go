package cli

import (
	"encoding/json"
	"slices"
	"strings"

	urfave "github.com/urfave/cli/v2"
)

// OutputFlag is -o of commands that print in one of formats; the first is the default.
func OutputFlag(formats ...string) urfave.Flag {
	return &urfave.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "print `FORMAT`: " + strings.Join(formats, " or "), Value: formats[0]}
}

// Output is the format that -o names.
func (c *Call) Output(formats ...string) (string, error) {
	if o := c.String("output"); slices.Contains(formats, o) {
		return o, nil
	}
	return "", Usagef("--output %q is not one of %s", c.String("output"), strings.Join(formats, ", "))
}

// PrintJSON writes v to stdout, indented.
func (c *Call) PrintJSON(v any) error {
	enc := json.NewEncoder(c.Env.Stdout)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}
