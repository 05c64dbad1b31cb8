package produce

import (
	"errors"
	"strings"
	"time"

	urfave "github.com/urfave/cli/v2"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/attest/checkout"
	"github.com/carnet-project/carnet/attest/ci"
	"github.com/carnet-project/carnet/attest/predicate/resource"
	"github.com/carnet-project/carnet/attest/predicate/slsa"
	"github.com/carnet-project/carnet/cmd/internal/cli"
)

func attestProvenance() cli.Command {
	return cli.Command{
		Name: "provenance", Usage: "say where and from what an artifact was built", Args: "TARGET",
		About: `Makes SLSA v1 provenance. In a continuous integration system that is known no flag is
needed: the run's identity token, the system's API, the git checkout here and the environment say
what was built, and where two of them differ nothing is made. Elsewhere the flags say it and,
without --source, the checkout. An index's provenance covers all of its platforms.`,
		Arguments: [][2]string{{"TARGET", "REGISTRY/REPO[:TAG][@DIGEST], oci:DIR[:TAG][@DIGEST], file:PATH, a path, or sha256:HEX"}},
		Flags:     append(append(provenanceFlags(), statementFlags()...), cli.RegistryFlags()...),
		Exits:     cli.MakeExits,
		Examples: [][2]string{
			{"in a pipeline", "carnet attest provenance --key release.key ghcr.io/acme/app:1.4"},
			{"from the checkout", "carnet attest provenance --key release.key --builder-id https://ci.acme.example/builder ghcr.io/acme/app:1.4"},
			{"all by hand", "carnet attest provenance --key release.key --source git+https://github.com/acme/app@$COMMIT --parameter target=release ghcr.io/acme/app:1.4"},
		},
		Run: func(c *cli.Call) error {
			arg, err := c.One("TARGET")
			if err != nil {
				return err
			}
			predicate, err := provenance(c, arg)
			if err != nil {
				return err
			}
			return stateAbout(c, arg, func(n artifact.Artifact, name string) (*attest.Statement, error) {
				return attest.NewStatement(slsa.V1, predicate, attest.NewSubject(name, n.Digest))
			})
		},
	}
}

// provenanceFlags are the facts of a build that one can state.
func provenanceFlags() []urfave.Flag {
	return []urfave.Flag{
		&urfave.StringFlag{Name: "ci", Usage: "the system that the build runs in, `NAME`: " + systemNames() + ", or none; default: the one that the environment speaks for"},
		&urfave.StringFlag{Name: "builder-id", Usage: "the `URI` of who built it"},
		&urfave.StringFlag{Name: "build-type", Usage: "the `URI` that says what the parameters mean"},
		&urfave.StringFlag{Name: "source", Usage: "what was built, as `URI@COMMIT`; default: the run and the git checkout here"},
		&urfave.StringSliceFlag{Name: "parameter", Usage: "a parameter of the build, as `NAME=VALUE`; may be given several times"},
		&urfave.StringSliceFlag{Name: "material", Usage: "something that went into it, as `URI@ALGORITHM:HEX`; may be given several times"},
		&urfave.StringFlag{Name: "invocation-id", Usage: "the `URI` or id of the build run"},
		&urfave.StringFlag{Name: "started-on", Usage: "when the build started, as RFC 3339 `TIME`"},
		&urfave.StringFlag{Name: "finished-on", Usage: "when the build ended, as RFC 3339 `TIME`"},
	}
}

// provenance makes the predicate that the flags and the checkout describe. Where
// neither says anything, what is known of the build is the target that was named.
func provenance(c *cli.Call, target string) ([]byte, error) {
	b, err := statedBuild(c)
	if err != nil {
		return nil, err
	}
	if b.Source == nil && len(b.ExternalParameters) == 0 {
		c.Sayf("no source is stated: there is no git checkout here, and no --source; the provenance names only the target")
		b.ExternalParameters["target"] = target
	}
	raw, err := b.Predicate()
	if err != nil {
		return nil, cli.Usagef("the provenance: %v", err)
	}
	return raw, nil
}

// statedBuild is the build as the flags of [provenanceFlags], the continuous integration
// system and the checkout describe it.
func statedBuild(c *cli.Call) (*slsa.Build, error) {
	env := ambient(c, c.String("oidc-client-id"))
	system, err := ciSystem(c, env)
	if err != nil {
		return nil, err
	}
	var b *slsa.Build
	if system != "" {
		b, err = ciBuild(c, env, system)
	} else {
		b, err = flagBuild(c)
	}
	if err != nil {
		return nil, err
	}
	for _, m := range c.StringSlice("material") {
		d, err := slsa.ParseMaterial(m)
		if err != nil {
			return nil, cli.Usagef("--material: %v", err)
		}
		b.Materials = append(b.Materials, d)
	}
	if b.StartedOn, err = moment(c, "started-on"); err != nil {
		return nil, err
	}
	b.FinishedOn, err = moment(c, "finished-on")
	return b, err
}

// flagBuild is the build where no system is known to run it.
func flagBuild(c *cli.Call) (*slsa.Build, error) {
	own, err := parameters(c)
	if err != nil {
		return nil, err
	}
	b := &slsa.Build{
		BuildType: c.String("build-type"), BuilderID: c.String("builder-id"), InvocationID: c.String("invocation-id"),
		ExternalParameters: own,
	}
	return b, source(c, b)
}

// parameters are what --parameter gives.
func parameters(c *cli.Call) (map[string]any, error) {
	all := map[string]any{}
	for _, p := range c.StringSlice("parameter") {
		name, value, found := strings.Cut(p, "=")
		if !found || name == "" {
			return nil, cli.Usagef("--parameter %q is not NAME=VALUE", p)
		}
		if _, twice := all[name]; twice {
			return nil, cli.Usagef("--parameter %s is given twice", name)
		}
		all[name] = value
	}
	return all, nil
}

// systemNames are the values of --ci, for its help.
func systemNames() string {
	var names []string
	for _, s := range ci.Systems() {
		names = append(names, string(s))
	}
	return strings.Join(names, ", ")
}

func moment(c *cli.Call, flag string) (time.Time, error) {
	text := c.String(flag)
	if text == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, cli.Usagef("--%s %q is not a time as RFC 3339 writes it, such as 2006-01-02T15:04:05Z", flag, text)
	}
	return t, nil
}

// source is what --source says, or the checkout that the command stands in.
func source(c *cli.Call, b *slsa.Build) error {
	if s := c.String("source"); s != "" {
		d, err := slsa.ParseSource(s)
		if err != nil {
			return cli.Usagef("--source: %v", err)
		}
		b.Source = &d
		return nil
	}
	facts, err := readCheckout(c, ".")
	if err != nil || facts == nil {
		return err
	}
	b.Source = &resource.Descriptor{URI: facts.Remote, Digest: map[string]string{"gitCommit": facts.Commit}}
	if ref := facts.Ref(); ref != "" && b.ExternalParameters["ref"] == nil {
		b.ExternalParameters["ref"] = ref
	}
	if facts.Dirty {
		b.ExternalParameters["dirty"] = "true"
		c.Sayf("the checkout has changes that are not committed: the provenance says dirty=true")
	}
	return nil
}

// readCheckout is the checkout that a folder is in, nil where it is in none.
func readCheckout(c *cli.Call, dir string) (*checkout.Checkout, error) {
	facts, err := checkout.Read(c.Ctx(), dir, c.Env.Environ())
	switch {
	case errors.Is(err, checkout.ErrNotCheckout), errors.Is(err, checkout.ErrNoCommit), errors.Is(err, checkout.ErrNoGit):
		return nil, nil
	case err != nil:
		return nil, cli.WithHint(err, "name the source with --source URI@COMMIT")
	}
	return facts, nil
}
