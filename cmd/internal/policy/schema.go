package policy

import (
	urfave "github.com/urfave/cli/v2"

	"github.com/carnet-project/carnet/cmd/internal/cli"
	"github.com/carnet-project/carnet/verify/policy/document"
)

func schema() cli.Command {
	return cli.Command{
		Name: "schema", Usage: "print the JSON Schema of policies, for editors",
		About: `Prints the JSON Schema, of version 2020-12, of policy documents. Save it, and begin a
policy with a comment that names it:

   # yaml-language-server: $schema=policy.schema.json

What it accepts may still be refused by carnet policy lint, which also looks at how the
parts of a policy fit each other.`,
		Flags:    []urfave.Flag{&urfave.StringFlag{Name: "output-file", Usage: "write the schema to `FILE`", Value: "-"}},
		Exits:    showExits[:2],
		Examples: [][2]string{{"completion and checks while you write", "carnet policy schema > policy.schema.json"}},
		Run: func(c *cli.Call) error {
			if len(c.Arguments()) > 0 {
				return cli.Usagef("%s takes no arguments", c.Command.HelpName)
			}
			return c.WriteFile(c.String("output-file"), document.Schema())
		},
	}
}
