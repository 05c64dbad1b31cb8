package policy

import (
	"fmt"
	"strings"

	urfave "github.com/urfave/cli/v2"

	"github.com/carnet-project/carnet/cmd/internal/cli"
	"github.com/carnet-project/carnet/verify/policy/convert"
	"github.com/carnet-project/carnet/verify/policy/document"
)

func importCommand() cli.Command {
	return cli.Command{
		Name: "import", Usage: "make a policy of another program's configuration", Args: "[FILE | -- cosign verify ARGUMENT...]",
		About: `Reads sigstore's ClusterImagePolicy, Kyverno's verifyImages and ImageValidatingPolicy, a
Notation trust policy, containers-policy.json, or the arguments of cosign verify, and
writes a policy that asks for the same as far as that goes. Whatever is not carried over
is told on stderr; what therefore asks for less is marked, and comes first.`,
		Arguments: [][2]string{{"FILE", "the configuration, YAML or JSON, or - for stdin"}},
		Flags: []urfave.Flag{
			&urfave.StringFlag{Name: "output-file", Usage: "write the policy to `FILE`", Value: "-"},
			&urfave.StringFlag{Name: "name", Usage: "call the policy `NAME`"},
			&urfave.StringFlag{Name: "owner", Usage: "whose it is: a `TEAM`"},
			&urfave.BoolFlag{Name: "strict", Usage: "fail if the policy would ask for less than its source"},
		},
		Exits: []cli.Exit{{Code: 0, Meaning: "done"}, {Code: 1, Meaning: "it would ask for less, and --strict is given"}, {Code: 2, Meaning: "usage, or nothing can be carried over"}},
		Examples: [][2]string{
			{"from the policy-controller", "carnet policy import cluster-image-policy.yaml --owner platform-team > policy.yaml"},
			{"from a command line", "carnet policy import -- cosign verify --key release.pub ghcr.io/acme/app"},
		},
		Run: runImport,
	}
}

func runImport(c *cli.Call) error {
	options := convert.Options{Name: c.String("name"), Owner: c.String("owner")}
	results, err := imported(c, options)
	if err != nil {
		return err
	}
	if len(results) > 1 && c.String("output-file") != "-" {
		return &cli.UsageError{Message: fmt.Sprintf("the file has %d policies, and --output-file names one", len(results)), Hint: "split the file, or give - and split what is printed"}
	}
	looser := 0
	var out []string
	for _, r := range results {
		out = append(out, string(document.Write(r.Document, nil)))
		looser += tellGaps(c, r)
	}
	if looser > 0 && c.Bool("strict") {
		return cli.Printed(fmt.Errorf("the policy would ask for less than its source in %d places", looser))
	}
	return c.WriteFile(c.String("output-file"), []byte(strings.Join(out, "---\n")))
}

func imported(c *cli.Call, o convert.Options) ([]convert.Result, error) {
	args := c.Arguments()
	switch {
	case len(args) == 0:
		return nil, c.Missing("a FILE")
	case len(args) == 1:
		raw, err := c.ReadInput(args[0], convert.MaxBytes)
		if err != nil {
			return nil, err
		}
		results, err := convert.From(raw, o)
		if err != nil {
			return nil, cli.Usagef("%s: %v", args[0], err)
		}
		return results, nil
	}
	r, err := convert.Flags(args, o)
	if err != nil {
		return nil, cli.Usagef("%v", err)
	}
	return []convert.Result{r}, nil
}

// tellGaps says what is not carried over, and returns in how many places the policy asks
// for less.
func tellGaps(c *cli.Call, r convert.Result) int {
	looser := 0
	c.Sayf("%s becomes the policy %s", r.Kind, r.Document.Name)
	for _, want := range []bool{true, false} {
		for _, g := range r.Gaps {
			if g.Looser != want {
				continue
			}
			mark := "  "
			if g.Looser {
				mark = "! "
				looser++
			}
			c.Sayf("  %s%s: %s", mark, g.Where, g.Why)
		}
	}
	if looser > 0 {
		c.Sayf("  (! asks for less than its source)")
	}
	return looser
}
