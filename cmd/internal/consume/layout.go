package consume

import (
	"context"
	"strings"

	urfave "github.com/urfave/cli/v2"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/oci"
	"github.com/carnet-project/carnet/cmd/internal/cli"
	"github.com/carnet-project/carnet/verify/layout"
)

// layoutFlags are the flags with which files are judged by an in-toto layout.
func layoutFlags() []urfave.Flag {
	const group = "an in-toto layout"
	return []urfave.Flag{
		&urfave.StringFlag{Name: "layout", Usage: "judge files by the in-toto layout in `FILE`, and by nothing else", Category: group},
		&urfave.StringSliceFlag{Name: "layout-key", Usage: "the layout must be signed by the public `KEY`, given as for --key; may be given several times, and all must have signed", Category: group},
		&urfave.IntFlag{Name: "layout-threshold", Usage: "`N` of the --layout-key are enough", Category: group},
		&urfave.StringSliceFlag{Name: "links", Usage: "the links are in `DIR`, in files called *.link, *.json and *.jsonl, or are in that file; may be given several times", Category: group},
		&urfave.StringSliceFlag{Name: "layout-param", Usage: "`NAME=VALUE` stands for {NAME} in the layout; may be given several times", Category: group},
		&urfave.StringFlag{Name: "product-of", Usage: "what is judged is a product of `STEP` (default: the layout's last)", Category: group},
	}
}

// verifyLayout judges files by an in-toto layout.
func verifyLayout(c *cli.Call) error {
	outputs, err := c.Outputs("text", "json")
	if err != nil {
		return err
	}
	if err := besideLayout(c); err != nil {
		return err
	}
	v, err := layoutVerification(c)
	if err != nil {
		return err
	}
	products, err := layoutProducts(c.Ctx(), c.Arguments())
	if err != nil {
		return err
	}
	verdict := v.Judge(products...)
	if err := printLayout(c, outputs, verdict); err != nil {
		return err
	}
	if !verdict.Allowed() {
		return &cli.NotAllowedError{Outcome: verdict.Outcome()}
	}
	return nil
}

// besideLayout refuses flags that would be passed over in silence, and a command line that
// lacks what is needed.
func besideLayout(c *cli.Call) error {
	known := map[string]bool{"at": true, "output": true, "offline": true}
	for _, f := range layoutFlags() {
		known[f.Names()[0]] = true
	}
	for _, name := range c.LocalFlagNames() {
		if f := longName(c, name); !known[f] {
			return &cli.UsageError{Message: "--" + f + " has no place beside --layout, which says who may do what", Hint: "what a policy asks is asked by a second run, without --layout"}
		}
	}
	switch {
	case len(c.Arguments()) == 0:
		return c.Missing("a FILE that was delivered")
	case len(c.StringSlice("layout-key")) == 0:
		return c.Missing("--layout-key KEY: whose signature makes the layout count")
	case len(c.StringSlice("links")) == 0:
		return c.Missing("--links DIR: what says what was done")
	case c.IsSet("layout-threshold") && c.Int("layout-threshold") < 1:
		return cli.Usagef("--layout-threshold %d: at least one owner is wanted", c.Int("layout-threshold"))
	}
	return nil
}

// longName is the first name of the flag that a name is of.
func longName(c *cli.Call, name string) string {
	for _, f := range c.Command.Flags {
		for _, n := range f.Names() {
			if n == name {
				return f.Names()[0]
			}
		}
	}
	return name
}

// withoutLayout refuses the flags that are about a layout where there is none.
func withoutLayout(c *cli.Call) error {
	for _, f := range layoutFlags() {
		if name := f.Names()[0]; c.IsSet(name) {
			return cli.Usagef("--%s is about an in-toto layout, and --layout is missing", name)
		}
	}
	return nil
}

func layoutVerification(c *cli.Call) (layout.Verification, error) {
	v := layout.Verification{Threshold: c.Int("layout-threshold"), ProductOf: c.String("product-of"), Parameters: map[string]string{}}
	var err error
	if v.At, err = timeOf(c); err != nil {
		return v, err
	}
	if v.Layout, err = c.ReadInput(c.String("layout"), layout.MaxLayoutBytes); err != nil {
		return v, err
	}
	distinct := map[attest.Digest]bool{}
	for _, ref := range c.StringSlice("layout-key") {
		pem, err := c.ReadKey(ref)
		if err != nil {
			return v, err
		}
		owners, err := layout.Owners(ref, pem)
		if err != nil {
			return v, &cli.UsageError{Message: err.Error(), Hint: "carnet key public --key FILE.key prints the public key of a private one"}
		}
		for _, o := range owners {
			distinct[o.Signer().Key] = true
		}
		v.Owners = append(v.Owners, owners...)
	}
	if v.Threshold > len(distinct) {
		return v, cli.Usagef("--layout-threshold %d can't be met: %s named", v.Threshold, count(len(distinct), "owner is", "owners are"))
	}
	for _, pair := range c.StringSlice("layout-param") {
		name, value, found := strings.Cut(pair, "=")
		if _, twice := v.Parameters[name]; twice || !found || name == "" {
			return v, cli.Usagef("--layout-param %q is not NAME=VALUE, or is given twice", pair)
		}
		v.Parameters[name] = value
	}
	v.Links, err = readLinks(c, c.StringSlice("links"))
	return v, err
}

// layoutProducts are the files that are judged, by all digests that links may have.
func layoutProducts(ctx context.Context, targets []string) ([]layout.Product, error) {
	var products []layout.Product
	for _, target := range targets {
		if d, err := attest.ParseDigest(target); err == nil {
			products = append(products, layout.Product{Name: target, Digests: []attest.Digest{d}})
			continue
		}
		t, err := cli.Target(target)
		if err != nil {
			return nil, err
		}
		if t.Scheme != oci.SchemeFile {
			return nil, &cli.UsageError{Message: target + ": a layout is about files", Hint: "for an image, name its digest, if that is a product of a step: sha256:HEX"}
		}
		digests, _, err := hashFile(ctx, t.Path, []group{{algorithm: "sha256"}, {algorithm: "sha384"}, {algorithm: "sha512"}})
		if err != nil {
			return nil, err
		}
		products = append(products, layout.Product{Name: t.Path, Digests: digests})
	}
	return products, nil
}
