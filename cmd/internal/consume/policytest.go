package consume

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	urfave "github.com/urfave/cli/v2"

	"github.com/carnet-project/carnet/cmd/internal/cli"
	"github.com/carnet-project/carnet/verify/policy"
	"github.com/carnet-project/carnet/verify/policy/trial"
	"github.com/carnet-project/carnet/verify/report"
)

// PolicyTest is the command that tries policies on saved cases.
func PolicyTest() cli.Command {
	return cli.Command{
		Name: "test", Usage: "try a policy on saved cases, and look for what it does not notice", Args: "DIR...",
		About: `Judges each case in DIR, which carnet evidence save has written, offline and at its own
time, and compares the verdict with the case's expect.yaml:

   outcome: denied               # allowed, denied, undecided or invalid
   rules: [provenance.source]    # rules that must be among the findings

Then it changes one thing at a time in each case that is allowed: every piece of evidence
is taken away, signed by others, and about another commit; platforms lose their evidence,
years pass, the image gets another name. What is still allowed is a hole in the policy,
and is told with what would notice it.`,
		Arguments: [][2]string{{"DIR", "a case, or a folder of cases"}},
		Flags: []urfave.Flag{
			&urfave.StringSliceFlag{Name: "policy", Usage: "judge by the policy `FILE`; may be given several times (default: the policies that were saved with the case)"},
			&urfave.BoolFlag{Name: "record", Usage: "write the verdicts of now as what is expected"},
			&urfave.BoolFlag{Name: "fail-on-holes", Usage: "exit with 1 also where a hole is found"},
			&urfave.BoolFlag{Name: "no-mutations", Usage: "only compare verdicts"},
			cli.OutputFlag("text", "json"),
		},
		Exits: []cli.Exit{{Code: 0, Meaning: "every case ends as expected"}, {Code: 1, Meaning: "one does not, or there are holes and --fail-on-holes is given"}, {Code: 2, Meaning: "usage, or a case or a policy is not valid"}},
		Examples: [][2]string{
			{"capture a case, then try the policy on it in CI", "carnet evidence save -o cases/shop ghcr.io/acme/shop:1.4 && carnet policy test --policy policy.yaml cases"},
		},
		Run: runPolicyTest,
	}
}

// tried is what became of one case.
type tried struct {
	Case     string         `json:"case"`
	Outcome  policy.Outcome `json:"outcome"`
	Rules    []string       `json:"rules"`
	Expected *expectation   `json:"expected"`
	OK       bool           `json:"ok"`
	Tried    int            `json:"mutations"`
	Holes    []holeJSON     `json:"holes"`
	Spare    []string       `json:"notNeeded"`
}

// holeJSON is a change that nothing notices, and the pieces of evidence of which that holds.
type holeJSON struct {
	Kind   string   `json:"kind"`
	What   string   `json:"what"`
	Fix    string   `json:"fix"`
	Pieces []string `json:"pieces"`
}

func runPolicyTest(c *cli.Call) error {
	format, err := c.Output("text", "json")
	if err != nil {
		return err
	}
	if len(c.Arguments()) == 0 {
		return c.Missing("a DIR")
	}
	dirs, err := caseFolders(c.Arguments())
	if err != nil {
		return err
	}
	var all []tried
	for _, dir := range dirs {
		one, err := tryCase(c, dir)
		if err != nil {
			return fmt.Errorf("%s: %w", dir, err)
		}
		all = append(all, one)
	}
	if format == "json" {
		err = c.PrintJSON(map[string]any{"cases": all})
	} else {
		err = printTried(c.Env.Stdout, all)
	}
	if err != nil {
		return err
	}
	wrong := slices.ContainsFunc(all, func(x tried) bool { return !x.OK })
	holes := slices.ContainsFunc(all, func(x tried) bool { return len(x.Holes) > 0 })
	switch {
	case wrong:
		return cli.Printed(fmt.Errorf("a case does not end as expected"))
	case holes && c.Bool("fail-on-holes"):
		return cli.Printed(fmt.Errorf("there are holes"))
	}
	return nil
}

// tryCase judges one case and looks for holes.
func tryCase(c *cli.Call, dir string) (tried, error) {
	out := tried{Case: dir, Rules: []string{}, Holes: []holeJSON{}, Spare: []string{}}
	t, want, err := openTrial(c, dir)
	if err != nil {
		return out, err
	}
	v, err := t.Judge(c.Ctx())
	if err != nil {
		return out, err
	}
	out.Outcome, out.Expected = v.Outcome(), want
	for _, f := range v.Findings() {
		if !slices.Contains(out.Rules, f.Rule) {
			out.Rules = append(out.Rules, f.Rule)
		}
	}
	out.OK = want == nil || want.meets(out)
	if c.Bool("record") {
		out.OK = true
		if err := record(c, dir, out); err != nil {
			return out, err
		}
	}
	if out.Outcome != policy.Allowed || c.Bool("no-mutations") {
		return out, nil
	}
	return out, out.mutate(c.Ctx(), t)
}

func (out *tried) mutate(ctx context.Context, t trial.Trial) error {
	holes, err := t.Mutate(ctx)
	if err != nil {
		return err
	}
	out.Tried = holes.Tried
	for _, h := range holes.Holes {
		at := slices.IndexFunc(out.Holes, func(o holeJSON) bool { return o.Kind == h.Kind && o.What == h.What })
		if at < 0 {
			at = len(out.Holes)
			out.Holes = append(out.Holes, holeJSON{h.Kind, h.What, h.Fix, []string{}})
		}
		if h.Piece != "" {
			out.Holes[at].Pieces = append(out.Holes[at].Pieces, h.Piece)
		}
	}
	out.Spare = append(out.Spare, holes.Spare...)
	return nil
}

// meets says whether the verdict is the expected one.
func (e expectation) meets(out tried) bool {
	return e.Outcome == out.Outcome && !slices.ContainsFunc(e.Rules, func(r string) bool { return !slices.Contains(out.Rules, r) })
}

func printTried(w io.Writer, all []tried) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "case\toutcome\trules\texpected\tchanges\tholes")
	for _, x := range all {
		expected := "–"
		if x.Expected != nil {
			expected = map[bool]string{true: "✓", false: "✗ " + x.Expected.String()}[x.OK]
		}
		rules := strings.Join(x.Rules, " ")
		if rules == "" {
			rules = "–"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%d\t%d\n", report.Clean(x.Case), x.Outcome, rules, expected, x.Tried, len(x.Holes))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, x := range all {
		for _, h := range x.Holes {
			fmt.Fprintf(w, "\n%s: still allowed: %s (%s)\n    fix  %s\n", report.Clean(x.Case), report.Clean(h.What), h.Kind, h.Fix)
			for _, piece := range h.Pieces {
				fmt.Fprintf(w, "    of   %s\n", report.Clean(piece))
			}
		}
		for _, s := range x.Spare {
			fmt.Fprintf(w, "\n%s: not needed: %s\n", report.Clean(x.Case), report.Clean(s))
		}
	}
	return nil
}
