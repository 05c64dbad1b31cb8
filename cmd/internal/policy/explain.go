package policy

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	urfave "github.com/urfave/cli/v2"

	"github.com/carnet-project/carnet/attest/oci"
	"github.com/carnet-project/carnet/cmd/internal/cli"
	"github.com/carnet-project/carnet/verify/policy"
	"github.com/carnet-project/carnet/verify/policy/cel"
	"github.com/carnet-project/carnet/verify/policy/prose"
	"github.com/carnet-project/carnet/verify/report"
)

func explain() cli.Command {
	return cli.Command{
		Name: "explain", Usage: "say in sentences what a policy asks, and what it does not check", Args: "POLICY [IMAGE...]",
		About: `Says for each image which scope applies and what it needs, or, without images, what every
scope asks. Nothing is fetched: an image is its name.`,
		Arguments: [][2]string{{"POLICY", "a policy's file, or - for stdin"}, {"IMAGE", "the name of an image, with or without tag and digest"}},
		Flags: []urfave.Flag{
			&urfave.StringFlag{Name: "scope", Usage: "only the scope `NAME`"},
			cli.OutputFlag("text", "json"),
		},
		Exits:    showExits,
		Examples: [][2]string{{"what an image needs", "carnet policy explain policy.yaml ghcr.io/acme/shop/api:1.4"}, {"what one scope asks", "carnet policy explain policy.yaml --scope first-party"}},
		Run:      runExplain,
	}
}

// An explanation is what one scope asks, of an image or of all.
type explanation struct {
	Image      string            `json:"image,omitempty"`
	Scope      string            `json:"scope"`
	Captured   map[string]string `json:"captured,omitempty"`
	Paragraphs []prose.Paragraph `json:"paragraphs"`
}

func runExplain(c *cli.Call) error {
	format, err := c.Output("text", "json")
	if err != nil {
		return err
	}
	args := c.Arguments()
	if len(args) == 0 {
		return c.Missing("a POLICY")
	}
	d, err := readDocument(c, args[0])
	if err != nil {
		return err
	}
	all, err := explanations(d, args[1:], c.String("scope"))
	if err != nil {
		return err
	}
	if format == "json" {
		return c.PrintJSON(map[string]any{"policy": d.Name, "version": d.Version, "digest": d.Digest, "explanations": all})
	}
	fmt.Fprintf(c.Env.Stdout, "policy %s, version %d, of %s\n", report.Clean(d.Name), d.Version, report.Clean(d.Owner))
	for _, e := range all {
		printExplanation(c.Env.Stdout, e)
	}
	return nil
}

func explanations(d *policy.Document, images []string, scope string) ([]explanation, error) {
	var all []explanation
	for _, image := range images {
		e, err := explainImage(d, image)
		if err != nil {
			return nil, err
		}
		all = append(all, e)
	}
	if len(images) > 0 {
		return all, nil
	}
	for i := range d.Scopes {
		if s := &d.Scopes[i]; scope == "" || s.Name == scope {
			all = append(all, explanation{Scope: s.Name, Paragraphs: prose.Scope(d, s)})
		}
	}
	if len(all) == 0 {
		return nil, cli.Usagef("--scope %q: the policy has no such scope", scope)
	}
	return all, nil
}

// explainImage finds the scope of an image. One that none names is denied.
func explainImage(d *policy.Document, image string) (explanation, error) {
	t, err := oci.ParseTarget(image)
	if err != nil {
		return explanation{}, cli.Usagef("%v", err)
	}
	p, err := policy.Bind(t.Name(), cel.New(), unread(d))
	if err != nil {
		return explanation{}, cli.Usagef("%v", err)
	}
	name := p.Scopes()[0]
	at := slices.IndexFunc(d.Scopes, func(s policy.Scope) bool { return s.Name == name })
	if at < 0 {
		sentence := "No scope names " + t.Name() + ": it is denied, whatever evidence it has."
		return explanation{Image: t.Name(), Paragraphs: []prose.Paragraph{{Title: "no scope", Sentences: []string{sentence}}}}, nil
	}
	return explanation{t.Name(), name, p.Captured(0), prose.Scope(d, &d.Scopes[at])}, nil
}

// unread is the document without its identities, whose keys have not been read: which scope
// applies does not hang on them.
func unread(d *policy.Document) *policy.Document {
	without := *d
	without.Identities = nil
	return &without
}

func printExplanation(w io.Writer, e explanation) {
	if e.Image != "" {
		fmt.Fprintf(w, "\n%s\n", report.Clean(e.Image))
		for _, name := range slices.Sorted(maps.Keys(e.Captured)) {
			fmt.Fprintf(w, "  {%s} is %s\n", name, report.Clean(e.Captured[name]))
		}
	}
	for _, p := range e.Paragraphs {
		fmt.Fprintf(w, "\n  %s\n", report.Clean(p.Title))
		for _, s := range p.Sentences {
			fmt.Fprintf(w, "    - %s\n", report.Clean(strings.TrimSpace(s)))
		}
	}
}
