package produce

import (
	"context"
	"fmt"
	"os"

	urfave "github.com/urfave/cli/v2"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/attest/oci"
	"github.com/carnet-project/carnet/cmd/internal/cli"
	"github.com/carnet-project/carnet/sign"
	"github.com/carnet-project/carnet/sign/key"
)

// Sign signs images, files, checksum files and statements.
func Sign() cli.Command {
	return cli.Command{
		Name: "sign", Usage: "sign images, files and statements", Args: "TARGET...",
		About: `An image is signed by its digest, and the signature is stored beside it, where cosign 3
and carnet verify find it. Where an equal valid signature stands already nothing is
added. A file gets FILE.sigstore.json beside it. stdout gets name@digest of what is
signed.`,
		Arguments: [][2]string{{"TARGET", "REGISTRY/REPO[:TAG][@DIGEST], oci:DIR[:TAG][@DIGEST], file:PATH, or a path that exists"}},
		Flags: append(append(signerFlags(),
			&urfave.BoolFlag{Name: "recursive", Aliases: []string{"r"}, Usage: "sign every platform of an index, too"},
			&urfave.StringFlag{Name: "bundle", Usage: "write the bundle of the one file, checksum file or statement to `OUT` (- is stdout)"},
			&urfave.StringFlag{Name: "checksums", Usage: "sign one statement over all files that `SHA256SUMS` lists"},
			&urfave.StringFlag{Name: "statement", Usage: "sign the in-toto statement in `FILE` (- is stdin), its bytes exactly; with a TARGET that it is about, store it there"},
		), cli.RegistryFlags()...),
		Exits: cli.MakeExits,
		Examples: [][2]string{
			{"an image and all its platforms", "carnet sign --key release.key --recursive ghcr.io/acme/app:1.4"},
			{"a file, beside it", "carnet sign --key release.key app.tar.gz"},
			{"a release's files at once", "sha256sum app-* > SHA256SUMS && carnet sign --key release.key --checksums SHA256SUMS"},
		},
		Run: runSign,
	}
}

func runSign(c *cli.Call) error {
	args := c.Arguments()
	statement, checksums := c.String("statement"), c.String("checksums")
	switch {
	case statement != "" && checksums != "":
		return cli.Usagef("--statement and --checksums are two different things to sign: give one")
	case checksums != "" && len(args) > 0:
		return cli.Usagef("--checksums lists what is signed; the arguments %q have no place beside it", args)
	case statement == "" && checksums == "" && len(args) == 0:
		return c.Missing("a TARGET, --checksums or --statement")
	case statement != "" && len(args) > 1:
		return cli.Usagef("a statement is stored with one TARGET, and %d are given", len(args))
	}
	signer, err := openSigner(c)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(c.Ctx(), c.Duration("timeout"))
	defer cancel()
	switch {
	case statement != "":
		return signStatement(ctx, c, signer, statement, args)
	case checksums != "":
		return signChecksums(ctx, c, signer, checksums)
	}
	return signTargets(ctx, c, signer, args)
}

// signTargets reads every target before it signs any.
func signTargets(ctx context.Context, c *cli.Call, signer *key.Signer, args []string) error {
	var targets []oci.Target
	for _, arg := range args {
		t, err := cli.Target(arg)
		if err != nil {
			return err
		}
		if t.Scheme == oci.SchemeDir || t.Scheme == oci.SchemeDockerArchive {
			return &cli.UsageError{Message: arg + ": a " + string(t.Scheme) + " can't be signed", Hint: "sign a file, or an image in a registry or an OCI layout"}
		}
		if c.String("bundle") != "" && (t.Scheme != oci.SchemeFile || len(args) > 1) {
			return cli.Usagef("--bundle names the bundle of one file; an image's signature is stored beside the image")
		}
		targets = append(targets, t)
	}
	client, err := c.Registry()
	if err != nil {
		return err
	}
	for i, t := range targets {
		if t.Scheme == oci.SchemeFile {
			err = signFile(ctx, c, signer, t.Path)
		} else {
			err = signImage(ctx, c, signer, client, args[i])
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func signImage(ctx context.Context, c *cli.Call, signer *key.Signer, client *oci.Client, arg string) error {
	s, err := openImage(ctx, client, arg)
	if err != nil {
		return err
	}
	defer s.store.Close()
	nodes := []artifact.Artifact{s.artifact}
	if c.Bool("recursive") && s.artifact.Kind == artifact.KindIndex {
		nodes = append(nodes, s.artifact.Runnable()...)
	}
	var claims []claim
	for _, n := range nodes {
		cl, err := signatureClaim(n)
		if err != nil {
			return err
		}
		claims = append(claims, cl)
	}
	p, err := newPress(s.store, signer)
	if err != nil {
		return err
	}
	return p.report(ctx, c, s, claims)
}

// signFile signs a file of any size in constant memory.
func signFile(ctx context.Context, c *cli.Call, signer *key.Signer, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return cli.Usagef("%v", err)
	}
	defer f.Close()
	b, err := sign.File(ctx, f, signer)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	out := c.String("bundle")
	if out == "" {
		out = path + bundleSuffix
	}
	if err := c.WriteFile(out, b.Bytes()); err != nil {
		return err
	}
	c.Sayf("signed %s: %s", path, outName(out))
	if out == "-" {
		return nil
	}
	_, err = fmt.Fprintf(c.Env.Stdout, "%s@%s\n", path, b.MessageDigest())
	return err
}

// signStatement signs a statement that was made elsewhere.
func signStatement(ctx context.Context, c *cli.Call, signer *key.Signer, path string, targets []string) error {
	raw, err := c.ReadInput(path, c.Int64("max-bundle-size"))
	if err != nil {
		return err
	}
	st, err := attest.ParseStatement(raw)
	if err != nil {
		return cli.Usagef("%s: %v", path, err)
	}
	if len(targets) == 1 {
		return attachStatement(ctx, c, signer, st, targets[0])
	}
	b, err := sign.Statement(ctx, st, signer)
	if err != nil {
		return err
	}
	out := c.String("bundle")
	if out == "" {
		out = "-"
	}
	return c.WriteFile(out, b.Bytes())
}

// attachStatement stores a statement with the node of target that it is about.
func attachStatement(ctx context.Context, c *cli.Call, signer *key.Signer, st *attest.Statement, target string) error {
	client, err := c.Registry()
	if err != nil {
		return err
	}
	s, err := openImage(ctx, client, target)
	if err != nil {
		return err
	}
	defer s.store.Close()
	node, err := nodeAbout(s.artifact, st)
	if err != nil {
		return fmt.Errorf("%s: %w", s.reference(), err)
	}
	p, err := newPress(s.store, signer)
	if err != nil {
		return err
	}
	return p.report(ctx, c, s, []claim{{node, st}})
}

// nodeAbout is the node of a that st is about.
func nodeAbout(a artifact.Artifact, st *attest.Statement) (artifact.Artifact, error) {
	for _, s := range st.Subjects() {
		if path := a.Path(s.Digest()); path != nil {
			return path[len(path)-1], nil
		}
	}
	return artifact.Artifact{}, &cli.UsageError{Message: "the statement is about something else", Hint: "its subjects must have the digest of the image, or of a platform in it"}
}

// report signs and stores claims and says what was done.
func (p *press) report(ctx context.Context, c *cli.Call, s *subject, claims []claim) error {
	results, err := p.run(ctx, claims)
	if err != nil {
		return err
	}
	for _, r := range results {
		sayMade(c, r)
	}
	_, err = fmt.Fprintln(c.Env.Stdout, s.reference())
	return err
}

func sayMade(c *cli.Call, m made) {
	verb := "signed and stored"
	if m.existed {
		verb = "already there"
	}
	where := string(m.node.Kind)
	if m.node.Platform != "" {
		where = m.node.Platform
	}
	c.Sayf("%s: %s of %s %s", verb, m.statement.PredicateType(), where, m.node.Digest)
}

const bundleSuffix = ".sigstore.json"

func outName(out string) string {
	if out == "-" {
		return "to stdout"
	}
	return out
}
