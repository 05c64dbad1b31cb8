package produce

import (
	"context"
	"fmt"
	"path/filepath"

	urfave "github.com/urfave/cli/v2"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/attest/oci"
	"github.com/carnet-project/carnet/attest/predicate"
	"github.com/carnet-project/carnet/cmd/internal/cli"
)

// maxPredicateBytes bounds a predicate: base64 in a bundle makes it a third larger.
const maxPredicateBytes = attest.MaxBundleBytes * 3 / 4

// Attest says something about an artifact and signs it.
func Attest() cli.Command {
	return cli.Command{
		Name: "attest", Usage: "say something about an artifact, sign it and store it", Args: "TARGET",
		About: `Wraps a predicate in an in-toto statement about TARGET, signs it and stores it beside
the image. A predicate of a known type is held to its specification first, and a fault
is told with its place. With --statement only the unsigned statement is written.

A predicate over --inline-limit is stored beside the image as a document of its own, packed,
and the statement that is signed refers to it with its digest and size. An SBOM may then be
of any size: it is read as it comes.`,
		Arguments: [][2]string{{"TARGET", "REGISTRY/REPO[:TAG][@DIGEST], oci:DIR[:TAG][@DIGEST], file:PATH, a path, or sha256:HEX"}},
		Flags: append(append([]urfave.Flag{
			&urfave.StringFlag{Name: "type", Usage: "the predicate's `TYPE`: spdxjson, spdx, cyclonedx, slsaprovenance1, slsaprovenance02 (also slsaprovenance), vuln, openvex, link, custom, or a URI"},
			&urfave.StringFlag{Name: "predicate", Usage: "the predicate in `FILE`, or - for stdin"},
		}, statementFlags()...), cli.RegistryFlags()...),
		Exits: cli.MakeExits,
		Examples: [][2]string{
			{"a vulnerability report", "carnet attest --key release.key --type vuln --predicate scan.json ghcr.io/acme/app:1.4"},
			{"one's own type, unsigned, to be signed elsewhere", "carnet attest --type https://acme.example/review/v1 --predicate review.json --statement - ghcr.io/acme/app:1.4"},
		},
		Run:      runAttest,
		Commands: []cli.Command{attestProvenance(), attestSBOM(), attestRun(), attestScan(), attestVEX(), attestApprove(), attestCommit(), attestLayout()},
	}
}

// statementFlags are the flags of the commands that sign a statement and store it.
func statementFlags() []urfave.Flag {
	return append(signerFlags(),
		&urfave.StringSliceFlag{Name: "platform", Usage: "speak about `OS/ARCH[/VARIANT]` of an index; may be given several times, and all means every one"},
		inlineFlag(),
		&urfave.StringFlag{Name: "statement", Usage: "write only the unsigned statement, to `FILE` (- is stdout)"},
		&urfave.StringFlag{Name: "bundle", Usage: "write the signed bundle to `OUT` (- is stdout) instead of storing it"},
		cli.OutputFlag("text", "json"),
	)
}

func runAttest(c *cli.Call) error {
	arg, err := c.One("TARGET")
	if err != nil {
		return err
	}
	if c.String("type") == "" {
		return c.Missing("--type TYPE")
	}
	if c.String("predicate") == "" {
		return c.Missing("--predicate FILE")
	}
	uri, err := predicate.Resolve(c.String("type"))
	if err != nil {
		return cli.Usagef("--type: %v", err)
	}
	if predicate.Streams(uri) && !delivered(c) {
		return attestFile(c, arg, uri)
	}
	raw, err := c.ReadInput(c.String("predicate"), maxPredicateBytes)
	if err != nil {
		return err
	}
	return attestRaw(c, arg, uri, raw)
}

// attestRaw attests a predicate that is in memory.
func attestRaw(c *cli.Call, arg, uri string, raw []byte) error {
	at, err := c.Moment()
	if err != nil {
		return err
	}
	if raw, err = predicate.FromFile(uri, raw, at); err != nil {
		return cli.Usagef("%s is not a predicate of type %s: %v", c.String("predicate"), uri, err)
	}
	return stateAbout(c, arg, func(n artifact.Artifact, name string) (*attest.Statement, error) {
		noteIndex(c, n, uri)
		st, err := attest.NewStatement(uri, raw, attest.NewSubject(name, n.Digest))
		if err != nil {
			return nil, cli.Usagef("%s: %v", c.String("predicate"), err)
		}
		return st, nil
	})
}

func noteIndex(c *cli.Call, n artifact.Artifact, uri string) {
	if n.Kind == artifact.KindIndex && predicate.ClassOf(uri) == predicate.SBOM {
		c.Sayf("note: an SBOM of an index lists the content of none of its platforms, and verify does not count it: choose one with --platform")
	}
}

// A stating makes the statement about one node of an artifact called name.
type stating func(n artifact.Artifact, name string) (*attest.Statement, error)

// stateAbout makes statements about a target and does with them what the flags say:
// write them, sign and write them, or sign and store them.
func stateAbout(c *cli.Call, arg string, say stating) error {
	ctx, cancel := withTimeout(c)
	defer cancel()
	if err := unsignedAlone(c); err != nil {
		return err
	}
	if d, err := attest.ParseDigest(arg); err == nil {
		return stateAboutFile(ctx, c, artifact.Artifact{Kind: artifact.KindFile, Digest: d}, "", say)
	}
	t, err := cli.Target(arg)
	if err != nil {
		return err
	}
	if t.Scheme == oci.SchemeFile {
		a, err := resolveFile(ctx, c, t)
		if err != nil {
			return err
		}
		return stateAboutFile(ctx, c, a, filepath.Base(t.Path), say)
	}
	return stateAboutImage(ctx, c, arg, say)
}

func stateAboutFile(ctx context.Context, c *cli.Call, a artifact.Artifact, name string, say stating) error {
	if c.String("statement") == "" && c.String("bundle") == "" {
		return &cli.UsageError{Message: "a file has no place for evidence beside it but another file", Hint: "name one with --bundle OUT, or --statement FILE for the unsigned statement"}
	}
	st, err := say(a, name)
	if err != nil {
		return err
	}
	signing, err := openSigningUnless(ctx, c)
	if err != nil {
		return err
	}
	return deliver(ctx, c, signing, []claim{{a, st}})
}

func stateAboutImage(ctx context.Context, c *cli.Call, arg string, say stating) error {
	return aboutImage(ctx, c, arg, func(s *subject, nodes []artifact.Artifact) ([]claim, error) {
		var claims []claim
		for _, n := range nodes {
			st, err := say(n, s.name())
			if err != nil {
				return nil, err
			}
			claims = append(claims, claim{n, st})
		}
		return claims, nil
	}, nil)
}

// aboutImage makes claims about the nodes of an image that --platform selects, and does with
// them what the flags say. Before they are signed, store may put beside the image what they
// refer to.
func aboutImage(ctx context.Context, c *cli.Call, arg string, claim func(*subject, []artifact.Artifact) ([]claim, error), store func(*subject, []artifact.Artifact) error) error {
	client, err := c.Registry()
	if err != nil {
		return err
	}
	s, err := openImage(ctx, client, arg)
	if err != nil {
		return err
	}
	defer s.store.Close()
	nodes := []artifact.Artifact{s.artifact}
	if want := c.StringSlice("platform"); len(want) > 0 {
		if nodes, err = s.platforms(want); err != nil {
			return err
		}
	}
	claims, err := claim(s, nodes)
	if err != nil {
		return err
	}
	signing, err := openSigningUnless(ctx, c)
	if err != nil {
		return err
	}
	if store != nil && !delivered(c) {
		if err := store(s, nodes); err != nil {
			return err
		}
	}
	return conclude(ctx, c, s, signing, claims)
}

// conclude does with claims about an image what the flags say: write them, sign and write
// them, or sign and store them.
func conclude(ctx context.Context, c *cli.Call, s *subject, signing *signing, claims []claim) error {
	if delivered(c) {
		return deliver(ctx, c, signing, claims)
	}
	claims, err := byReference(ctx, c, s, signing, claims)
	if err != nil {
		return err
	}
	return signAndStore(ctx, c, s, signing, claims)
}

// unsignedAlone refuses what has no place beside --statement.
func unsignedAlone(c *cli.Call) error {
	if c.String("statement") != "" && (c.String("bundle") != "" || c.String("key") != "" || c.String("identity-token") != "") {
		return cli.Usagef("--statement writes the unsigned statement: --key, --identity-token and --bundle have no place beside it")
	}
	return nil
}

// openSigningUnless opens what to sign with, unless only the unsigned statement is
// wanted.
func openSigningUnless(ctx context.Context, c *cli.Call) (*signing, error) {
	if c.String("statement") != "" {
		return nil, nil
	}
	return openSigning(ctx, c)
}

func signAndStore(ctx context.Context, c *cli.Call, s *subject, signing *signing, claims []claim) error {
	r, err := newReceipt(c)
	if err != nil {
		return err
	}
	if err := signing.close(signClaims(ctx, r, s, signing, claims)); err != nil {
		return err
	}
	return r.print()
}

// deliver writes the one statement, or its signed bundle, where the flags say.
func deliver(ctx context.Context, c *cli.Call, s *signing, claims []claim) error {
	if len(claims) != 1 {
		return &cli.UsageError{Message: fmt.Sprintf("%d statements do not fit into one file", len(claims)), Hint: "choose one --platform"}
	}
	if c.IsSet("inline-limit") {
		return &cli.UsageError{Message: "--inline-limit: there is no place for a document beside --statement and --bundle", Hint: "leave one of them away"}
	}
	st := claims[0].statement
	if out := c.String("statement"); out != "" {
		return c.WriteFile(out, st.Bytes())
	}
	b, err := s.statement(ctx, st, fileDestination(c.String("bundle")))
	if err := s.close(err); err != nil {
		return err
	}
	return c.WriteFile(c.String("bundle"), b.Bytes())
}
