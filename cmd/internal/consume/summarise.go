package consume

import (
	"context"

	urfave "github.com/urfave/cli/v2"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/cmd/internal/cli"
	"github.com/carnet-project/carnet/verify/policy"
	"github.com/carnet-project/carnet/verify/report"
	"github.com/carnet-project/carnet/verify/summary"
)

// A Summariser signs verification summaries. Programs that can't sign have none.
type Summariser struct {
	// Flags say with what summaries are signed.
	Flags []urfave.Flag
	// Sign signs a summary of each target, which is named by name@digest, and stores it
	// beside it; or writes the only one to the file, if that is not "".
	Sign func(ctx context.Context, c *cli.Call, references []string, summaries []*attest.Statement, file string) error
}

// flags are those of carnet verify that ask for summaries.
func (s *Summariser) flags() []urfave.Flag {
	if s == nil {
		return nil
	}
	const group = "how the verdict is summarised"
	flags := []urfave.Flag{
		&urfave.BoolFlag{Name: "summary", Usage: "sign a SLSA verification summary (VSA) of each verdict, PASSED or FAILED, and store it beside the image", Category: group},
		&urfave.StringFlag{Name: "summary-file", Usage: "write the signed summary of the one target to `FILE` instead (- is stdout)", Category: group},
		&urfave.StringFlag{Name: "summary-verifier", Usage: "the summary says that `URI` verified: what its readers trust together with its signer", Value: "https://github.com/carnet-project/carnet", Category: group},
	}
	for _, f := range s.Flags {
		switch f := f.(type) {
		case *urfave.StringFlag:
			f.Category = group
		case *urfave.BoolFlag:
			f.Category = group
		case *urfave.DurationFlag:
			f.Category = group
		}
		flags = append(flags, f)
	}
	return flags
}

// check refuses flags about summaries that can't be meant.
func (s *Summariser) check(c *cli.Call, outputs cli.Outputs) error {
	if s == nil {
		return nil
	}
	asked := c.Bool("summary") || c.IsSet("summary-file")
	for _, f := range s.flags() {
		if name := f.Names()[0]; !asked && c.IsSet(name) {
			return cli.Usagef("--%s is about a summary, and --summary is missing", name)
		}
	}
	switch file := c.String("summary-file"); {
	case !asked:
		return nil
	case len(c.StringSlice("policy")) == 0:
		return &cli.UsageError{Message: "a summary names the policy that was met, and --policy is missing", Hint: "write down what is required: carnet policy --help"}
	case c.IsSet("at"):
		return cli.Usagef("a summary says what is true now: --at has no place beside it")
	case c.IsSet("summary-file") && (file == "" || len(c.Arguments()) > 1):
		return cli.Usagef("--summary-file names the file of one summary")
	case file == "-" && outputs.Stdout:
		return cli.Usagef("--summary-file - and --output can't both go to stdout")
	}
	return nil
}

// run signs the summaries of what was decided.
func (s *Summariser) run(c *cli.Call, v *verification, results []report.Result) error {
	if s == nil || !c.Bool("summary") && !c.IsSet("summary-file") {
		return nil
	}
	var references []string
	var statements []*attest.Statement
	for _, r := range results {
		if r.Err != nil || r.Outcome() == policy.Undecided {
			c.Sayf("no summary of %s: nothing was decided", report.Clean(r.Target))
			continue
		}
		st, err := summary.Statement(r.Verdict, summary.Options{VerifierID: c.String("summary-verifier"), Version: cli.Version(), PolicyURI: v.policyURI})
		if err != nil {
			c.Sayf("no summary of %s: %v", report.Clean(r.Target), err)
			continue
		}
		references, statements = append(references, r.Reference()), append(statements, st)
	}
	if len(references) == 0 {
		return nil
	}
	if len(references) > 1 && c.IsSet("summary-file") {
		return cli.Usagef("--summary-file names the file of one summary, and there are %d", len(references))
	}
	return s.Sign(c.Ctx(), c, references, statements, c.String("summary-file"))
}
