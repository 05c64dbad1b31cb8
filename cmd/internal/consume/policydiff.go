package consume

import (
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	urfave "github.com/urfave/cli/v2"

	"github.com/carnet-project/carnet/cmd/internal/cli"
	"github.com/carnet-project/carnet/cmd/internal/policy/load"
	"github.com/carnet-project/carnet/verify/policy"
	"github.com/carnet-project/carnet/verify/policy/cel"
	"github.com/carnet-project/carnet/verify/policy/compare"
	"github.com/carnet-project/carnet/verify/report"
)

// PolicyDiff is the command that compares two versions of a policy.
func PolicyDiff() cli.Command {
	return cli.Command{
		Name: "diff", Usage: "tell what two versions of a policy differ in, and which images would be judged otherwise", Args: "OLD NEW",
		About: `Lists every difference by its place, and whether it lets in more (looser), less (tighter),
or depends on the rest (unclear). With --images each image in a file is judged by both, and
those whose verdict changes are told.`,
		Arguments: [][2]string{{"OLD", "the policy's file as it was"}, {"NEW", "and as it is to be"}},
		Flags: append([]urfave.Flag{
			&urfave.StringFlag{Name: "images", Usage: "judge the images in `FILE`, one in each line, by both; - is stdin"},
			&urfave.StringFlag{Name: "at", Usage: "judge as of `TIME`, such as 2026-03-01T12:00:00Z or 2026-03-01"},
			&urfave.BoolFlag{Name: "offline", Usage: "open no socket: for OCI layouts"},
			&urfave.StringFlag{Name: "image-name", Usage: "what an image in a layout is called in the registry: `REGISTRY/REPO`"},
			cli.OutputFlag("text", "json"),
		}, append(cli.TrustFlags(), cli.RegistryFlags()...)...),
		Exits: []cli.Exit{{Code: 0, Meaning: "no image is judged otherwise"}, {Code: 1, Meaning: "one is"}, {Code: 2, Meaning: "usage, or a policy is not valid"}, {Code: 3, Meaning: "an image could not be looked at; trying again may help"}},
		Examples: [][2]string{
			{"before a policy is rolled out", "kubectl get pods -A -o jsonpath='{.items[*].spec.containers[*].image}' | tr ' ' '\\n' | sort -u | carnet policy diff old.yaml new.yaml --images -"},
		},
		Run: runPolicyDiff,
	}
}

type diffJSON struct {
	Changes []changeJSON `json:"changes"`
	Images  []imageDiff  `json:"images"`
}

type changeJSON struct {
	Path      string            `json:"path"`
	Old       string            `json:"old,omitempty"`
	New       string            `json:"new,omitempty"`
	Direction compare.Direction `json:"direction"`
}

// imageDiff is how an image ends under both.
type imageDiff struct {
	Image string         `json:"image"`
	Old   policy.Outcome `json:"old"`
	New   policy.Outcome `json:"new"`
	// Rules are the findings under the new policy that the old one does not have.
	Rules []string `json:"rules"`
	Error string   `json:"error,omitempty"`
}

func runPolicyDiff(c *cli.Call) error {
	format, err := c.Output("text", "json")
	if err != nil {
		return err
	}
	if len(c.Arguments()) != 2 {
		return c.Missing("an OLD and a NEW policy")
	}
	var sides [2]*verification
	for i, path := range c.Arguments() {
		if sides[i], err = sideOf(c, path); err != nil {
			return err
		}
	}
	out := diffJSON{Changes: []changeJSON{}, Images: []imageDiff{}}
	for _, x := range compare.Documents(sides[0].documents[0], sides[1].documents[0]) {
		out.Changes = append(out.Changes, changeJSON(x))
	}
	if out.Images, err = diffImages(c, sides); err != nil {
		return err
	}
	if format == "json" {
		err = c.PrintJSON(out)
	} else {
		err = printDiff(c.Env.Stdout, out)
	}
	if err != nil {
		return err
	}
	return differs(out.Images)
}

// sideOf is a verification by one of the two policies.
func sideOf(c *cli.Call, path string) (*verification, error) {
	v := &verification{call: c, engine: cel.New()}
	p, err := load.File(c, path, v.engine)
	if err != nil {
		return nil, err
	}
	v.documents = []*policy.Document{p.Document}
	if v.trust, err = load.TrustOf(p); err != nil {
		return nil, err
	}
	if v.at, err = timeOf(c); err != nil {
		return nil, err
	}
	if v.imageName, err = imageName(c.String("image-name")); err != nil {
		return nil, err
	}
	v.client, err = c.Registry()
	return v, err
}

func diffImages(c *cli.Call, sides [2]*verification) ([]imageDiff, error) {
	all := []imageDiff{}
	if c.String("images") == "" {
		return all, nil
	}
	raw, err := c.ReadInput(c.String("images"), 8<<20)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(c.Ctx(), c.Duration("timeout"))
	defer cancel()
	images := strings.Fields(string(raw))
	before, after := sides[0].all(ctx, images), sides[1].all(ctx, images)
	for i := range min(len(before), len(after)) {
		d := imageDiff{Image: before[i].Target, Old: before[i].Outcome(), New: after[i].Outcome(), Rules: newRules(before[i], after[i])}
		for _, r := range []report.Result{before[i], after[i]} {
			if r.Err != nil {
				d.Error = r.Err.Error()
			}
		}
		all = append(all, d)
	}
	return all, nil
}

// newRules are the findings of after that before does not have.
func newRules(before, after report.Result) []string {
	had := map[string]bool{}
	for _, f := range before.Verdict.Findings() {
		had[f.Rule] = true
	}
	rules := []string{}
	for _, f := range after.Verdict.Findings() {
		if !had[f.Rule] {
			had[f.Rule] = true
			rules = append(rules, f.Rule)
		}
	}
	return rules
}

func printDiff(w io.Writer, d diffJSON) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, x := range d.Changes {
		fmt.Fprintf(table, "%s\t%s\t%s\t→ %s\n", x.Direction, report.Clean(x.Path), orNothing(x.Old), orNothing(x.New))
	}
	if len(d.Changes) == 0 {
		fmt.Fprintln(table, "nothing differs")
	}
	if len(d.Images) > 0 {
		fmt.Fprintln(table)
	}
	for _, i := range d.Images {
		mark := " "
		if i.Old != i.New {
			mark = "!"
		}
		fmt.Fprintf(table, "%s %s\t%s\t→ %s\t%s%s\n", mark, report.Clean(i.Image), i.Old, i.New, strings.Join(i.Rules, " "), report.Clean(i.Error))
	}
	return table.Flush()
}

func orNothing(s string) string {
	if s == "" {
		return "–"
	}
	return report.Clean(s)
}

func differs(images []imageDiff) error {
	changed, failed := 0, 0
	for _, i := range images {
		switch {
		case i.Error != "":
			failed++
		case i.Old != i.New:
			changed++
		}
	}
	switch {
	case changed > 0:
		return cli.Printed(fmt.Errorf("%d of %d images are judged otherwise", changed, len(images)))
	case failed > 0:
		return cli.Printed(&cli.UnavailableError{Err: fmt.Errorf("%d of %d images could not be looked at", failed, len(images))})
	}
	return nil
}
