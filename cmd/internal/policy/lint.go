package policy

import (
	"fmt"
	"time"

	urfave "github.com/urfave/cli/v2"

	"github.com/carnet-project/carnet/cmd/internal/cli"
	"github.com/carnet-project/carnet/verify/policy/cel"
	"github.com/carnet-project/carnet/verify/policy/lint"
)

func lintCommand() cli.Command {
	return cli.Command{
		Name: "lint", Usage: "find what is valid in a policy and probably not meant", Args: "POLICY...",
		About: `Reads policies as strictly as verify does, and warns of what lets in more than people
mean: identities that many hold, builders at a branch, scans without a database's age,
exceptions near their end, scopes that never apply, rules that hold for nothing.`,
		Arguments: [][2]string{{"POLICY", "a policy's file, or - for stdin"}},
		Flags: []urfave.Flag{
			&urfave.StringFlag{Name: "since", Usage: "since `DATE`, as 2026-01-31, the policy is in use: one that only reports for over 30 days is told"},
			cli.OutputFlag("text", "json"),
		},
		Exits:    checkExits,
		Examples: [][2]string{{"before it is pushed", "carnet policy lint policy.yaml"}},
		Run:      runLint,
	}
}

type warningJSON struct {
	Policy string `json:"policy"`
	Rule   string `json:"rule"`
	Line   int    `json:"line,omitempty"`
	Text   string `json:"text"`
	Fix    string `json:"fix"`
}

func runLint(c *cli.Call) error {
	format, err := c.Output("text", "json")
	if err != nil {
		return err
	}
	if len(c.Arguments()) == 0 {
		return c.Missing("a POLICY")
	}
	now, err := c.Moment()
	if err != nil {
		return err
	}
	var since time.Time
	if s := c.String("since"); s != "" {
		if since, err = time.Parse(time.DateOnly, s); err != nil {
			return cli.Usagef("--since %q is not a date, as 2026-01-31", s)
		}
	}
	warnings := []warningJSON{}
	for _, path := range c.Arguments() {
		d, err := readDocument(c, path)
		if err != nil {
			return err
		}
		for _, w := range lint.Lint(d, now, lint.Options{Since: since, Expressions: cel.Warnings}) {
			warnings = append(warnings, warningJSON{path, w.Rule, w.Line, w.Text, w.Fix})
		}
	}
	if format == "json" {
		if err := c.PrintJSON(map[string]any{"warnings": warnings}); err != nil {
			return err
		}
	} else {
		for _, w := range warnings {
			fmt.Fprintf(c.Env.Stdout, "%s:%d: %s: %s\n    fix  %s\n", w.Policy, w.Line, w.Rule, w.Text, w.Fix)
		}
	}
	if len(warnings) > 0 {
		return cli.Printed(fmt.Errorf("%d warnings", len(warnings)))
	}
	c.Sayf("nothing to warn of")
	return nil
}
