package produce

import (
	"context"
	"sync"

	urfave "github.com/urfave/cli/v2"
	"golang.org/x/sync/errgroup"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/attest/oci"
	"github.com/carnet-project/carnet/cmd/internal/cli"
	"github.com/carnet-project/carnet/sbom/scan"
)

func attestSBOM() cli.Command {
	return cli.Command{
		Name: "sbom", Usage: "scan every platform and attest what is in it", Args: "TARGET",
		About: `Scans TARGET, of an index every platform that --platform selects (default: all), and
attests each SBOM to the platform that it lists.`,
		Arguments: [][2]string{{"TARGET", "REGISTRY/REPO[:TAG][@DIGEST], oci:DIR[:TAG][@DIGEST], file:PATH or a path"}},
		Flags:     append(append([]urfave.Flag{formatFlag()}, statementFlags()...), cli.RegistryFlags()...),
		Exits:     cli.MakeExits,
		Examples:  [][2]string{{"every platform", "carnet attest sbom --key release.key ghcr.io/acme/app:1.4"}},
		Run:       runAttestSBOM,
	}
}

func formatFlag() urfave.Flag {
	return &urfave.StringFlag{Name: "format", Usage: "the SBOM's `FORMAT`: spdx-json or cyclonedx-json", Value: string(scan.SPDXJSON)}
}

func sbomFormat(c *cli.Call) (scan.Format, error) {
	f, err := scan.ParseFormat(c.String("format"))
	if err != nil || f.PredicateType() == "" {
		return "", cli.Usagef("--format %q can't be attested: give spdx-json or cyclonedx-json", c.String("format"))
	}
	return f, nil
}

func runAttestSBOM(c *cli.Call) error {
	arg, err := c.One("TARGET")
	if err != nil {
		return err
	}
	format, err := sbomFormat(c)
	if err != nil {
		return err
	}
	t, err := cli.Target(arg)
	if err != nil {
		return err
	}
	scanner, err := newScanner(c)
	if err != nil {
		return err
	}
	if t.Scheme == oci.SchemeFile {
		return stateAbout(c, arg, func(n artifact.Artifact, name string) (*attest.Statement, error) {
			r, err := scanner.File(c.Ctx(), t.Path)
			if err != nil {
				return nil, err
			}
			return sbomStatement(r, format, name, n)
		})
	}
	return attestImageSBOMs(c, scanner, format, arg)
}

func attestImageSBOMs(c *cli.Call, scanner *scan.Scanner, format scan.Format, arg string) error {
	ctx, cancel := withTimeout(c)
	defer cancel()
	client, err := c.Registry()
	if err != nil {
		return err
	}
	s, err := openImage(ctx, client, arg)
	if err != nil {
		return err
	}
	defer s.store.Close()
	nodes, err := s.platforms(c.StringSlice("platform"))
	if err != nil {
		return err
	}
	if err := s.store.Writable(); err != nil && !delivered(c) {
		return cli.StoreError(err)
	}
	signing, err := openSigningUnless(ctx, c)
	if err != nil {
		return err
	}
	claims, err := sbomClaims(ctx, c, scanner, s, nodes, format)
	if err != nil {
		return err
	}
	return conclude(ctx, c, s, signing, claims)
}

// sbomClaims scans nodes one after the other, for each scan uses every core and most
// of the memory, and states each while the next is being scanned.
func sbomClaims(ctx context.Context, c *cli.Call, scanner *scan.Scanner, s *subject, nodes []artifact.Artifact, format scan.Format) ([]claim, error) {
	claims := make([]claim, len(nodes))
	group, ctx := errgroup.WithContext(ctx)
	var scanning sync.Mutex
	for i, n := range nodes {
		group.Go(func() error {
			scanning.Lock()
			r, err := scanNode(ctx, c, scanner, s, n)
			scanning.Unlock()
			if err != nil {
				return err
			}
			st, err := sbomStatement(r, format, s.name(), n)
			claims[i] = claim{n, st}
			return err
		})
	}
	return claims, group.Wait()
}

func sbomStatement(r *scan.Result, format scan.Format, name string, n artifact.Artifact) (*attest.Statement, error) {
	document, err := r.Encode(format)
	if err != nil {
		return nil, err
	}
	return attest.NewStatement(format.PredicateType(), document, attest.NewSubject(name, n.Digest))
}
