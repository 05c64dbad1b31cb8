package produce

import (
	"context"
	"fmt"
	"text/tabwriter"

	"golang.org/x/sync/errgroup"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/attest/predicate/slsa"
	"github.com/carnet-project/carnet/cmd/internal/cli"
	"github.com/carnet-project/carnet/sbom/scan"
	"github.com/carnet-project/carnet/verify/report"
)

// Seal is the release step: everything that verify asks for, in one command.
func Seal() cli.Command {
	return cli.Command{
		Name: "seal", Usage: "make, sign and store all evidence of a release", Args: "TARGET",
		About: `Resolves TARGET once and makes what carnet verify requires: an SBOM of every platform,
provenance from the flags or the git checkout here, and signatures on the index and on
every platform. All is signed with one key, or without one
under one certificate, and stored beside the image; an SBOM over --inline-limit as a
document of its own, to which what is signed refers. Run again after
a failure, it does only what is missing. stdout gets name@digest.`,
		Arguments: [][2]string{{"TARGET", "REGISTRY/REPO[:TAG][@DIGEST] or oci:DIR[:TAG][@DIGEST]"}},
		Flags: append(append(append(signerFlags(), formatFlag(), inlineFlag(), cli.OutputFlag("text", "json")),
			provenanceFlags()...), cli.RegistryFlags()...),
		Exits:    cli.MakeExits,
		Examples: [][2]string{{"a release", "carnet seal --key release.key --builder-id https://ci.acme.example/builder ghcr.io/acme/app:1.4"}},
		Run:      runSeal,
	}
}

func runSeal(c *cli.Call) error {
	arg, err := c.One("TARGET")
	if err != nil {
		return err
	}
	r, err := newReceipt(c)
	if err != nil {
		return err
	}
	format, err := sbomFormat(c)
	if err != nil {
		return err
	}
	built, err := provenance(c, arg)
	if err != nil {
		return err
	}
	ctx, cancel := withTimeout(c)
	defer cancel()
	s, signing, err := openBoth(ctx, c, arg)
	if err != nil {
		return err
	}
	defer s.store.Close()
	if err := s.store.Writable(); err != nil {
		return cli.StoreError(err)
	}
	claims, err := sealClaims(ctx, c, s, format, built)
	if err != nil {
		return err
	}
	if claims, err = byReference(ctx, c, s, signing, claims); err != nil {
		return err
	}
	p, err := newPress(ctx, s, signing)
	if err != nil {
		return err
	}
	results, err := p.run(ctx, claims)
	if err := signing.close(err); err != nil {
		return err
	}
	if !r.json {
		if err := printSealed(c, results); err != nil {
			return err
		}
	}
	r.note(s, results)
	return r.print()
}

// openBoth opens the key, which takes a while on purpose, or gets the identity token,
// while the image is resolved.
func openBoth(ctx context.Context, c *cli.Call, arg string) (s *subject, signing *signing, err error) {
	client, err := c.Registry()
	if err != nil {
		return nil, nil, err
	}
	var group errgroup.Group
	group.Go(func() (err error) {
		signing, err = openSigning(ctx, c)
		return err
	})
	s, resolveErr := openImage(ctx, client, arg)
	err = group.Wait()
	if err == nil {
		err = resolveErr
	}
	if err != nil && s != nil {
		_ = s.store.Close() // nothing was written
	}
	return s, signing, err
}

// sealClaims is all that is said of a release: signatures on every node, provenance
// of the whole, and an SBOM of each platform.
func sealClaims(ctx context.Context, c *cli.Call, s *subject, format scan.Format, built []byte) ([]claim, error) {
	platforms, err := s.platforms(nil)
	if err != nil {
		return nil, err
	}
	nodes := platforms
	if s.artifact.Kind == artifact.KindIndex {
		nodes = append([]artifact.Artifact{s.artifact}, platforms...)
	}
	var claims []claim
	for _, n := range nodes {
		signed, err := signatureClaim(n)
		if err != nil {
			return nil, err
		}
		claims = append(claims, signed)
	}
	st, err := attest.NewStatement(slsa.V1, built, attest.NewSubject(s.name(), s.artifact.Digest))
	if err != nil {
		return nil, err
	}
	claims = append(claims, claim{s.artifact, st})
	scanner, err := newScanner(c)
	if err != nil {
		return nil, err
	}
	sboms, err := sbomClaims(ctx, c, scanner, s, platforms, format)
	return append(claims, sboms...), err
}

// printSealed is the table of what was made.
func printSealed(c *cli.Call, results []made) error {
	table := tabwriter.NewWriter(c.Env.Stderr, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "OF\tDIGEST\tWHAT\tSIZE\t")
	for _, r := range results {
		of, state := string(r.node.Kind), "made"
		if r.node.Platform != "" {
			of = r.node.Platform
		}
		if r.existed {
			state = "was there"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%d\t%s\n", report.Clean(of), r.node.Digest, report.Clean(said(r.statement)), size(r.statement), state)
	}
	return table.Flush()
}
