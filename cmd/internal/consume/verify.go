package consume

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	urfave "github.com/urfave/cli/v2"
	"golang.org/x/sync/errgroup"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/oci"
	"github.com/carnet-project/carnet/cmd/internal/cli"
	"github.com/carnet-project/carnet/verify/policy"
	"github.com/carnet-project/carnet/verify/report"
)

// Verify is the command that lets an artifact in or keeps it out.
func Verify() cli.Command {
	return cli.Command{
		Name: "verify", Usage: "check the whole chain of an artifact and say whether it may enter", Args: "TARGET...",
		About: `Finds the evidence about each target, checks who signed it, and judges whether all
that is required is there: for an image a signature, provenance and an SBOM, for the
index and every platform in it. The tag is resolved once; stdout gets name@digest of
what was allowed and nothing else. The matrix, the signers and every failure with its
rule, what was expected, what was found and how to fix it go to stderr.

Who may have signed is said with --key, or for certificates with --certificate-identity
and --certificate-oidc-issuer, --github or --gitlab; there is no default. Certificates
are held against the trusted roots of Sigstore instances that are stored (carnet trust),
else against the public one's as it was when carnet was built. Nothing is fetched for it.

For a file the bundle that --bundle names is what is required, of whatever type;
without --bundle it is FILE.sigstore.json.`,
		Arguments: [][2]string{
			{"TARGET", "REGISTRY/REPO[:TAG][@DIGEST], oci:DIR_OR_TAR[:TAG][@DIGEST], file:PATH, a path,"},
			{"", "or sha256:HEX with --bundle"},
		},
		Flags: slices.Concat(signerFlags(), []urfave.Flag{
			&urfave.StringSliceFlag{Name: "require", Usage: "require `KIND`s of evidence, separated by commas: signature, provenance, sbom, or a predicate type (default for images: signature,provenance,sbom)"},
			&urfave.StringSliceFlag{Name: "platform", Usage: "judge only `OS/ARCH[/VARIANT]` of an index; may be given several times"},
			&urfave.StringSliceFlag{Name: "bundle", Usage: "the bundle `FILE` that proves a file or a digest; may be given several times"},
			&urfave.BoolFlag{Name: "offline", Usage: "open no socket: for files and OCI layouts"},
			cli.OutputFlag("text", "json"),
		}, cli.RegistryFlags()),
		Exits: cli.JudgeExits,
		Examples: [][2]string{
			{"let an image in only with its whole chain", "carnet verify --key release.pub ghcr.io/acme/app:1.4"},
			{"what a repository's workflow built and signed without a key", "carnet verify --github acme/app --workflow release.yml --ref 'refs/tags/v*' ghcr.io/acme/app:1.4"},
			{"what two people signed", "carnet verify --certificate-identity '*@acme.example' --certificate-oidc-issuer https://accounts.google.com --threshold 2 ghcr.io/acme/app:1.4"},
			{"only the signature, in a script", "image=$(carnet verify --key release.pub --require signature ghcr.io/acme/app:1.4) && deploy \"$image\""},
			{"a file and its bundle, without a network", "carnet verify --key release.pub --offline app.tar.gz --bundle app.tar.gz.sigstore.json"},
		},
		Run: runVerify,
	}
}

func runVerify(c *cli.Call) error {
	format, err := c.Output("text", "json")
	if err != nil {
		return err
	}
	v, err := newVerification(c)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(c.Ctx(), c.Duration("timeout"))
	defer cancel()
	results := v.all(ctx, c.Arguments())
	if len(results) == 1 && format == "text" && cli.IsUsage(results[0].Err) {
		return results[0].Err
	}
	if format == "json" {
		err = report.JSON(c.Env.Stdout, results)
	} else {
		err = printText(c, results)
	}
	if err != nil {
		return err
	}
	return verdict(results)
}

// verification is what the flags ask of every target.
type verification struct {
	call      *cli.Call
	trusted   trusted
	client    *oci.Client
	require   []policy.Requirement
	platforms []string
	bundles   []*attest.Bundle
}

func newVerification(c *cli.Call) (*verification, error) {
	if len(c.Arguments()) == 0 {
		return nil, c.Missing("a TARGET")
	}
	trusted, err := newTrusted(c)
	if err != nil {
		return nil, err
	}
	v := &verification{call: c, trusted: trusted, platforms: c.StringSlice("platform")}
	if v.require, err = requirements(c.StringSlice("require")); err != nil {
		return nil, err
	}
	if v.bundles, err = readBundles(c, c.StringSlice("bundle")); err != nil {
		return nil, err
	}
	if _, err := v.policy(v.bundles); err != nil {
		return nil, err
	}
	v.client, err = c.Registry()
	return v, err
}

// requirements reads --require; nil means that the default holds.
func requirements(flags []string) ([]policy.Requirement, error) {
	var all []policy.Requirement
	for _, f := range flags {
		for _, name := range strings.Split(f, ",") {
			r, err := policy.ParseRequirement(strings.TrimSpace(name))
			if err != nil {
				return nil, cli.Usagef("--require: %v", err)
			}
			all = append(all, r)
		}
	}
	return all, nil
}

// policy is what the flags ask of an image, or with bundles of what they prove.
func (v *verification) policy(bundles []*attest.Bundle) (*policy.Policy, error) {
	require := v.require
	for _, b := range bundles {
		require = append(require[:len(require):len(require)], policy.RequireBundle(b.Digest()))
	}
	if require == nil {
		require = policy.Default()
	}
	for _, p := range v.platforms {
		if strings.Contains(p, ",") {
			return nil, &cli.UsageError{Message: fmt.Sprintf("--platform %q is not one platform", p), Hint: "give the flag once for each"}
		}
	}
	p, err := policy.New(require, v.platforms...)
	if err == nil && v.trusted.threshold > 1 {
		p, err = p.WithThreshold(v.trusted.threshold)
	}
	if err != nil {
		return nil, cli.Usagef("%v", err)
	}
	return p, nil
}

// all judges the targets, several at once.
func (v *verification) all(ctx context.Context, targets []string) []report.Result {
	results := make([][]report.Result, len(targets))
	var group errgroup.Group
	group.SetLimit(8)
	for i, t := range targets {
		group.Go(func() error {
			judged, err := v.one(ctx, t)
			if err != nil {
				judged = []report.Result{{Target: t, Err: err, Tampered: tampered(err)}}
			}
			results[i] = judged
			return nil
		})
	}
	_ = group.Wait() // the goroutines report through results
	var flat []report.Result
	for _, r := range results {
		flat = append(flat, r...)
	}
	return flat
}

func (v *verification) one(ctx context.Context, target string) ([]report.Result, error) {
	if d, err := attest.ParseDigest(target); err == nil {
		return v.digest(ctx, target, d)
	}
	t, err := cli.Target(target)
	if err != nil {
		return nil, err
	}
	switch t.Scheme {
	case oci.SchemeFile:
		return v.file(ctx, target, t.Path)
	case oci.SchemeDir, oci.SchemeDockerArchive:
		return nil, &cli.UsageError{Message: target + ": a " + string(t.Scheme) + " has no evidence beside it", Hint: "verify the image in its registry or OCI layout, or a file with its bundle"}
	}
	return v.image(ctx, target, t)
}

// tampered says whether err is content that is not what its digest says.
func tampered(err error) bool {
	var e *oci.Error
	return errors.As(err, &e) && e.Kind == oci.KindTampered
}

// printText gives people the whole story on stderr, and scripts what was allowed.
func printText(c *cli.Call, results []report.Result) error {
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
		} else if r.Verdict.Allowed() {
			if _, err := fmt.Fprintln(c.Env.Stdout, r.Reference()); err != nil {
				return err
			}
		}
	}
	return nil
}

// verdict is nil only if there are results and every one is allowed.
func verdict(results []report.Result) error {
	found := map[policy.Outcome]bool{}
	var failed error
	for _, r := range results {
		if r.Err != nil && !r.Tampered {
			if failed == nil || cli.IsUsage(r.Err) {
				failed = r.Err
			}
			continue
		}
		found[r.Outcome()] = true
	}
	switch {
	case found[policy.Invalid]:
		return &cli.NotAllowedError{Outcome: policy.Invalid}
	case found[policy.Denied]:
		return &cli.NotAllowedError{Outcome: policy.Denied}
	case failed != nil:
		return cli.Printed(failed)
	case found[policy.Undecided] || !found[policy.Allowed]:
		return &cli.NotAllowedError{Outcome: policy.Undecided}
	}
	return nil
}
