package consume

import (
	"bytes"
	"fmt"

	"github.com/carnet-project/carnet/cmd/internal/cli"
	"github.com/carnet-project/carnet/verify/report"
)

// print writes the results in each format that is asked for. People get the whole story on
// stderr; and scripts on stdout one document, or the names of what was allowed.
func print(c *cli.Call, outputs cli.Outputs, results []report.Result, strict bool) error {
	for _, o := range outputs.To {
		var b bytes.Buffer
		if err := report.Write(&b, o.Format, results, report.Style{}); err != nil {
			return err
		}
		if err := c.WriteFile(o.File, b.Bytes()); err != nil {
			return err
		}
	}
	if !outputs.Text {
		return nil
	}
	style := report.Style{Colour: c.Env.Colour(c.Env.Stderr)}
	for i, r := range results {
		if i > 0 {
			c.Sayf("")
		}
		if err := report.Text(c.Env.Stderr, r, style); err != nil {
			return err
		}
		if r.Err != nil {
			c.SayHint(r.Err)
		} else if allowed(r, strict) && !outputs.Stdout {
			if _, err := fmt.Fprintln(c.Env.Stdout, r.Reference()); err != nil {
				return err
			}
		}
	}
	return nil
}
