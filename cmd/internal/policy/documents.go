package policy

import (
	"github.com/carnet-project/carnet/cmd/internal/cli"
	"github.com/carnet-project/carnet/verify/policy"
	"github.com/carnet-project/carnet/verify/policy/cel"
	"github.com/carnet-project/carnet/verify/policy/document"
)

var (
	// checkExits are those of commands that look at a policy.
	checkExits = []cli.Exit{{Code: 0, Meaning: "nothing to tell"}, {Code: 1, Meaning: "there is something to look at"}, {Code: 2, Meaning: "usage, or the policy is not valid"}}
	showExits  = []cli.Exit{{Code: 0, Meaning: "done"}, {Code: 1, Meaning: "failed"}, {Code: 2, Meaning: "usage, or the policy is not valid"}}
)

// readDocument reads a policy from a file, or stdin for "-". What it names is not read.
func readDocument(c *cli.Call, path string) (*policy.Document, error) {
	raw, err := c.ReadInput(path, document.MaxBytes)
	if err != nil {
		return nil, err
	}
	engine := cel.New()
	d, err := document.Parse(path, raw, func(expression string) error {
		_, err := engine(expression)
		return err
	})
	if err != nil {
		return nil, &cli.UsageError{Message: err.Error(), Hint: "the fields of a policy are in docs/policy.md; carnet policy schema is for editors"}
	}
	return d, nil
}
