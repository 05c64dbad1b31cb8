package produce

import (
	"errors"
	"strings"
	"time"

	urfave "github.com/urfave/cli/v2"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/attest/checkout"
	"github.com/carnet-project/carnet/attest/predicate/resource"
	"github.com/carnet-project/carnet/attest/predicate/slsa"
	"github.com/carnet-project/carnet/cmd/internal/cli"
)

func attestProvenance() cli.Command {
	return cli.Command{
		Name: "provenance", Usage: "say where and from what an artifact was built", Args: "TARGET",
		About: `Makes SLSA v1 provenance from the flags and, where --source is not given, from the git
checkout that the command stands in: its commit, its remote without credentials, and
whether files were changed. An index's provenance covers all of its platforms.`,
		Arguments: [][2]string{{"TARGET", "REGISTRY/REPO[:TAG][@DIGEST], oci:DIR[:TAG][@DIGEST], file:PATH, a path, or sha256:HEX"}},
		Flags:     append(append(provenanceFlags(), statementFlags()...), cli.RegistryFlags()...),
		Exits:     cli.MakeExits,
		Examples: [][2]string{
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
		&urfave.StringFlag{Name: "builder-id", Usage: "the `URI` of who built it"},
		&urfave.StringFlag{Name: "build-type", Usage: "the `URI` that says what the parameters mean"},
		&urfave.StringFlag{Name: "source", Usage: "what was built, as `URI@COMMIT`; default: the git checkout here"},
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

// statedBuild is the build as the flags of [provenanceFlags] and the checkout describe it.
func statedBuild(c *cli.Call) (*slsa.Build, error) {
	b := slsa.Build{
		BuildType: c.String("build-type"), BuilderID: c.String("builder-id"), InvocationID: c.String("invocation-id"),
		ExternalParameters: map[string]any{},
	}
	for _, p := range c.StringSlice("parameter") {
		name, value, found := strings.Cut(p, "=")
		if !found || name == "" {
			return nil, cli.Usagef("--parameter %q is not NAME=VALUE", p)
		}
		if _, twice := b.ExternalParameters[name]; twice {
			return nil, cli.Usagef("--parameter %s is given twice", name)
		}
		b.ExternalParameters[name] = value
	}
	for _, m := range c.StringSlice("material") {
		d, err := slsa.ParseMaterial(m)
		if err != nil {
			return nil, cli.Usagef("--material: %v", err)
		}
		b.Materials = append(b.Materials, d)
	}
	var err error
	if b.StartedOn, err = moment(c, "started-on"); err != nil {
		return nil, err
	}
	if b.FinishedOn, err = moment(c, "finished-on"); err != nil {
		return nil, err
	}
	if err := source(c, &b); err != nil {
		return nil, err
	}
	return &b, nil
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
	facts, err := checkout.Read(c.Ctx(), ".", c.Env.Environ())
	switch {
	case errors.Is(err, checkout.ErrNotCheckout), errors.Is(err, checkout.ErrNoCommit), errors.Is(err, checkout.ErrNoGit):
		return nil
	case err != nil:
		return cli.WithHint(err, "name the source with --source URI@COMMIT")
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
