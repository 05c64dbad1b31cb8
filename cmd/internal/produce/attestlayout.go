package produce

import (
	"fmt"
	"path/filepath"

	urfave "github.com/urfave/cli/v2"

	"github.com/carnet-project/carnet/cmd/internal/cli"
	"github.com/carnet-project/carnet/verify/layout"
)

// attestLayout makes and signs in-toto layouts.
func attestLayout() cli.Command {
	return cli.Command{
		Name: "layout", Usage: "make and sign in-toto layouts",
		About: `A layout says which steps a supply chain has, who may do each, and how what one step
gives out becomes what the next one takes in. What was done is said by links, which
carnet attest run --format link and the tools of in-toto make; carnet verify --layout
holds files against both.`,
		Commands: []cli.Command{layoutCreate(), layoutSign()},
	}
}

func layoutCreate() cli.Command {
	return cli.Command{
		Name: "create", Usage: "make a layout of a description in YAML", Args: "DESCRIPTION",
		About: `Reads a description of the steps, in which keys have names and artifact rules are lines,
and writes an unsigned layout with the keys in it, each under its own id. Key files are
looked for beside the description. What can't be followed is refused, and what the layout
leaves open is noted. docs/layouts.md says what a description has.`,
		Arguments: [][2]string{{"DESCRIPTION", "the description's file"}},
		Flags: []urfave.Flag{
			&urfave.StringFlag{Name: "format", Usage: "the layout's `WRAPPING`: dsse (an envelope) or metablock (the classic one, for tools that know no envelopes)", Value: string(layout.DSSE)},
			&urfave.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "write to `FILE` instead", Value: "-"},
		},
		Exits:    cli.MakeExits,
		Examples: [][2]string{{"the layout of a release, to be signed", "carnet attest layout create -o root.layout release.yaml"}},
		Run: func(c *cli.Call) error {
			path, err := c.One("DESCRIPTION")
			if err != nil {
				return err
			}
			w, err := wrapping(c.String("format"))
			if err != nil {
				return err
			}
			raw, err := describedLayout(c, path, w)
			if err != nil {
				return err
			}
			return c.WriteFile(c.String("output"), raw)
		},
	}
}

func wrapping(format string) (layout.Wrapping, error) {
	for _, w := range []layout.Wrapping{layout.DSSE, layout.Metablock} {
		if format == string(w) {
			return w, nil
		}
	}
	return "", cli.Usagef("--format %q is not dsse or metablock", format)
}

// maxDescriptionBytes bounds a description, and maxPublicKeyBytes a key's file.
const (
	maxDescriptionBytes = 256 << 10
	maxPublicKeyBytes   = 64 << 10
)

// describedLayout is the unsigned layout of a description that can be followed.
func describedLayout(c *cli.Call, path string, w layout.Wrapping) ([]byte, error) {
	text, err := c.ReadInput(path, maxDescriptionBytes)
	if err != nil {
		return nil, err
	}
	l, err := layout.Describe(text, func(file string) ([]byte, error) {
		if !filepath.IsAbs(file) && path != "-" {
			file = filepath.Join(filepath.Dir(path), file)
		}
		return cli.ReadFile(file, maxPublicKeyBytes)
	})
	if err != nil {
		return nil, &cli.UsageError{Message: fmt.Sprintf("%s:%v", path, err), Hint: "docs/layouts.md says what a description of a layout may have"}
	}
	raw, err := layout.New(l, w)
	if err != nil {
		return nil, err
	}
	d, err := layout.Parse(raw)
	if err != nil {
		return nil, err
	}
	return raw, followable(c, path, d)
}

// followable refuses a layout that carnet verify would deny whatever the links are, and
// notes what it leaves open.
func followable(c *cli.Call, path string, d *layout.Document) error {
	if found := d.Check(); len(found) > 0 {
		f := found[0]
		where := path
		if f.Step != "" {
			where += ": step " + f.Step
		}
		return &cli.UsageError{Message: fmt.Sprintf("%s: %s: expected %s, found %s", where, f.Rule, f.Expected, f.Found), Hint: f.Fix}
	}
	for _, n := range d.Notes() {
		c.Sayf("note: %s", n)
	}
	return nil
}
