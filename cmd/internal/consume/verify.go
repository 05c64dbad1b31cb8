package consume

import (
	"context"
	"slices"

	urfave "github.com/urfave/cli/v2"

	"github.com/carnet-project/carnet/cmd/internal/cli"
	"github.com/carnet-project/carnet/cmd/internal/policy/load"
	"github.com/carnet-project/carnet/verify"
	"github.com/carnet-project/carnet/verify/policy"
	"github.com/carnet-project/carnet/verify/report"
)

// Verify is the command that lets an artifact in or keeps it out.
func Verify(summaries *Summariser) cli.Command {
	return cli.Command{
		Name: "verify", Usage: "check the whole chain of an artifact and say whether it may enter", Args: "TARGET...",
		About: `Finds the evidence about each target, checks who signed it, and judges whether all
that is required is there: for an image a signature, provenance and an SBOM, for the
index and every platform in it. The tag is resolved once; stdout gets name@digest of
what was allowed and nothing else. The matrix, the signers and every failure with its
rule, what was expected, what was found and how to fix it go to stderr.

What is required, and of whom, is in the policy that --policy names: who may sign, who
may build, and what each image needs. Without a policy it is said by flags, which make
one: who may have signed is said with --key, or for certificates with --certificate-identity
and --certificate-oidc-issuer, --github or --gitlab; there is no default. Certificates
are held against the trusted roots of Sigstore instances that are stored (carnet trust),
else against the public one's as it was when carnet was built. Nothing is fetched for it.

For a file the bundle that --bundle names is what is required, of whatever type;
without --bundle it is FILE.sigstore.json. With --policy the bundles are the evidence,
and what is required is the policy's to say. A file may hold several, as JSON lines, which
gh attestation download writes, or as GitHub and npm answer; of those, what is by others or
about something else is left out, and one at least must prove the file.

A policy that trusts the public Sigstore, which is what it does if it says nothing of
trust, trusts what --trusted-root names in its place, if that is given. A policy from a
registry must be signed by whom --policy-key or --policy-certificate-identity name, or be
pinned by its digest. An older version than was accepted before is refused; and while the
registry is away, the last one that was accepted serves until it expires.

A policy in mode audit or warn denies nothing: the verdict is printed, and the exit code
is 0 unless --fail-on-audit is given or there is no verdict.

With --layout, files are judged by an in-toto layout instead: it must be signed by each
--layout-key, each of its steps must be done by its functionaries as the links in --links
say, and each file must be a product of the last one. A layout with inspections, which
are commands for this machine, is denied.`,
		Arguments: [][2]string{
			{"TARGET", "REGISTRY/REPO[:TAG][@DIGEST], oci:DIR_OR_TAR[:TAG][@DIGEST], file:PATH, a path,"},
			{"", "or sha256:HEX with --bundle"},
		},
		Flags: slices.Concat(signerFlags(), load.Flags(), judgeFlags(), layoutFlags(), summaries.flags(), []urfave.Flag{
			&urfave.StringSliceFlag{Name: "require", Usage: "require `KIND`s of evidence, separated by commas: signature, provenance, sbom, or a predicate type (default for images: signature,provenance,sbom)"},
			&urfave.StringSliceFlag{Name: "platform", Usage: "judge only `OS/ARCH[/VARIANT]` of an index; may be given several times"},
			&urfave.StringSliceFlag{Name: "bundle", Usage: "the bundle `FILE` that proves a file or a digest, or several as JSON lines; may be given several times"},
			&urfave.BoolFlag{Name: "offline", Usage: "open no socket: for files and OCI layouts"},
			&urfave.Int64Flag{Name: "max-document-size", Usage: "follow references to documents of at most `BYTES`, packed or not", Value: verify.MaxDocumentBytes},
			cli.OutputsFlag(report.Formats()...),
		}, cli.RegistryFlags()),
		Exits:    cli.JudgeExits,
		Examples: verifyExamples(),
		Run:      func(c *cli.Call) error { return runVerify(c, summaries) },
	}
}

func verifyExamples() [][2]string {
	return [][2]string{
		{"let an image in only with its whole chain", "carnet verify --key release.pub ghcr.io/acme/app:1.4"},
		{"what the policy of the organisation and that of the team ask", "carnet verify --policy org.yaml --policy team.yaml ghcr.io/acme/app:1.4"},
		{"a policy that its owners publish and sign", "carnet verify --policy ghcr.io/acme/policies/images:v4 --policy-key policy.pub ghcr.io/acme/app:1.4"},
		{"reports for people, a dashboard and code scanning", "carnet verify --policy org.yaml -o text -o html=verdict.html -o sarif=verdict.sarif ghcr.io/acme/app:1.4"},
		{"what will have expired by the new year", "carnet verify --policy org.yaml --at 2027-01-01 ghcr.io/acme/app:1.4"},
		{"what a repository's workflow built and signed without a key", "carnet verify --github acme/app --workflow release.yml --ref 'refs/tags/v*' ghcr.io/acme/app:1.4"},
		{"what two people signed", "carnet verify --certificate-identity '*@acme.example' --certificate-oidc-issuer https://accounts.google.com --threshold 2 ghcr.io/acme/app:1.4"},
		{"only the signature, in a script", "image=$(carnet verify --key release.pub --require signature ghcr.io/acme/app:1.4) && deploy \"$image\""},
		{"a file and its bundle, without a network", "carnet verify --key release.pub --offline app.tar.gz --bundle app.tar.gz.sigstore.json"},
		{"a file that was made as an in-toto layout says", "carnet verify --layout root.layout --layout-key alice.pub --links links app.tar.gz"},
	}
}

// judgeFlags are the flags that say how a policy is judged.
func judgeFlags() []urfave.Flag {
	const group = "the policy"
	return []urfave.Flag{
		&urfave.StringFlag{Name: "at", Usage: "judge for `TIME`, such as 2027-01-01 or 2027-01-01T12:00:00Z, and not for now", Category: group},
		&urfave.BoolFlag{Name: "fail-on-audit", Usage: "end as if the policy enforced what it only audits or warns of", Category: group},
		&urfave.StringFlag{Name: "image-name", Usage: "a layout or a file is called `NAME` in the policy's scopes: the full name of a repository, without a tag", Category: group},
		&urfave.StringSliceFlag{Name: "deploy", Usage: "it is to run where `KEY=VALUE` says, of which the policy's rules may ask: cluster, namespace, service-account, environment; may be given several times", Category: group},
	}
}

func runVerify(c *cli.Call, summaries *Summariser) error {
	if c.IsSet("layout") {
		return verifyLayout(c)
	}
	if err := withoutLayout(c); err != nil {
		return err
	}
	outputs, err := c.Outputs(report.Formats()...)
	if err != nil {
		return err
	}
	if err := summaries.check(c, outputs); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(c.Ctx(), c.Duration("timeout"))
	defer cancel()
	if c.IsSet("max-document-size") && c.Int64("max-document-size") < 1 {
		return cli.Usagef("--max-document-size must be positive")
	}
	v, err := newVerification(ctx, c)
	if err != nil {
		return err
	}
	results := v.all(ctx, c.Arguments())
	if len(results) == 1 && cli.IsUsage(results[0].Err) && len(outputs.To) == 0 {
		return results[0].Err
	}
	if err := print(c, outputs, results, c.Bool("fail-on-audit")); err != nil {
		return err
	}
	err = summaries.run(c, v, results)
	if denied := verdict(results, c.Bool("fail-on-audit")); denied != nil {
		if err != nil {
			c.Sayf("%v", err)
			c.SayHint(err)
		}
		return denied
	}
	return err
}

// allowed says whether the artifact may enter; where strict, also under a policy that only
// warns or audits.
func allowed(r report.Result, strict bool) bool {
	return r.Err == nil && r.Verdict.Allowed() && (!strict || r.Outcome() == policy.Allowed)
}

// verdict is nil only if there are results and every one is allowed. A policy that only
// warns or audits allows everything that could be judged, unless strict says otherwise.
func verdict(results []report.Result, strict bool) error {
	found := map[policy.Outcome]bool{}
	var failed error
	for _, r := range results {
		if r.Err != nil && !r.Tampered {
			if failed == nil || cli.IsUsage(r.Err) {
				failed = r.Err
			}
			continue
		}
		outcome := r.Outcome()
		if allowed(r, strict) {
			outcome = policy.Allowed
		}
		found[outcome] = true
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
