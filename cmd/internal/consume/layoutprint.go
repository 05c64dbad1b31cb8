package consume

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/carnet-project/carnet/cmd/internal/cli"
	"github.com/carnet-project/carnet/verify/layout"
	"github.com/carnet-project/carnet/verify/report"
)

// maxAsideTold bounds the files that are not counted and told; JSON has all.
const maxAsideTold = 20

// printLayout writes the verdict in each format that is asked for: for people to stderr,
// and for scripts the names of what was allowed, or one document, to stdout.
func printLayout(c *cli.Call, outputs cli.Outputs, v layout.Verdict) error {
	for _, o := range outputs.To {
		raw, err := v.JSON()
		if err != nil {
			return err
		}
		if err := c.WriteFile(o.File, raw); err != nil {
			return err
		}
	}
	if !outputs.Text {
		return nil
	}
	if _, err := fmt.Fprint(c.Env.Stderr, layoutText(v)); err != nil {
		return err
	}
	if !v.Allowed() || outputs.Stdout {
		return nil
	}
	for _, p := range v.Products {
		if _, err := fmt.Fprintln(c.Env.Stdout, productReference(p.Product)); err != nil {
			return err
		}
	}
	return nil
}

// productReference is name@digest, or the digest alone where that is the name.
func productReference(p layout.Product) string {
	if len(p.Digests) == 0 {
		return p.Name
	}
	if d := p.Digests[0].String(); p.Name != d {
		return p.Name + "@" + d
	}
	return p.Name
}

func layoutText(v layout.Verdict) string {
	out := &strings.Builder{}
	word := strings.ToUpper(string(v.Outcome()))
	for _, p := range v.Products {
		fmt.Fprintf(out, "%s  %s\n", word, report.Clean(productReference(p.Product)))
		for _, as := range p.As {
			fmt.Fprintf(out, "  product %s of step %s\n", report.Clean(as), report.Clean(v.ProductOf))
		}
	}
	if len(v.Products) == 0 {
		fmt.Fprintf(out, "%s\n", word)
	}
	fmt.Fprintf(out, "  layout %s", v.Layout)
	if !v.Expires.IsZero() {
		fmt.Fprintf(out, ", until %s", v.Expires.Format(time.RFC3339))
	}
	fmt.Fprintln(out)
	for _, o := range v.Owners {
		fmt.Fprintf(out, "  signed by %s\n", report.Clean(o.String()))
	}
	layoutSteps(out, v.Steps)
	for _, f := range v.Findings {
		fmt.Fprintf(out, "\n  ✗ %s", f.Rule)
		if f.Step != "" {
			fmt.Fprintf(out, "  step %s", report.Clean(f.Step))
		}
		fmt.Fprintf(out, "\n      expected  %s\n      found     %s\n      fix       %s\n", report.Clean(f.Expected), report.Clean(f.Found), report.Clean(f.Fix))
	}
	layoutNotes(out, v)
	return out.String()
}

func layoutSteps(out *strings.Builder, steps []layout.Step) {
	if len(steps) == 0 {
		return
	}
	fmt.Fprintln(out)
	table := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	fmt.Fprintln(table, "  STEP\tSIGNERS\tMATERIALS\tPRODUCTS\tLINKS")
	for _, s := range steps {
		signers := map[string]bool{}
		var files []string
		for _, l := range s.Links {
			signers[l.By.Key.String()] = true
			files = append(files, report.Clean(l.File))
		}
		fmt.Fprintf(table, "  %s\t%d of %d\t%d\t%d\t%s\n", report.Clean(s.Name), len(signers), s.Threshold, s.Materials, s.Products, strings.Join(files, " "))
	}
	_ = table.Flush() // a strings.Builder takes everything
}

func layoutNotes(out *strings.Builder, v layout.Verdict) {
	if len(v.Aside)+len(v.Notes) > 0 {
		fmt.Fprintln(out)
	}
	for i, a := range v.Aside {
		if i == maxAsideTold {
			fmt.Fprintf(out, "  not counted: %d more; -o json has all\n", len(v.Aside)-maxAsideTold)
			break
		}
		fmt.Fprintf(out, "  not counted: %s: %s: %s\n", report.Clean(a.File), a.Reason, report.Clean(a.Why))
	}
	for _, n := range v.Notes {
		fmt.Fprintf(out, "  note: %s\n", report.Clean(n))
	}
}
