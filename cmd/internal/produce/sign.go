package produce

import (
	urfave "github.com/urfave/cli/v2"

	"github.com/carnet-project/carnet/cmd/internal/cli"
)

// Sign signs images, files, checksum files and statements.
func Sign() cli.Command {
	return cli.Command{
		Name: "sign", Usage: "sign images, files and statements", Args: "TARGET...",
		About: `An image is signed by its digest, and the signature is stored beside it, where cosign 3
and carnet verify find it. Where an equal valid signature stands already nothing is
added. A file gets FILE.sigstore.json beside it. stdout gets name@digest of what is
signed. Without --key it is keyless: one identity token and one certificate for it
serve all TARGETs.`,
		Arguments: [][2]string{{"TARGET", "REGISTRY/REPO[:TAG][@DIGEST], oci:DIR[:TAG][@DIGEST], file:PATH, or a path that exists"}},
		Flags: append(append(signerFlags(),
			&urfave.BoolFlag{Name: "recursive", Aliases: []string{"r"}, Usage: "sign every platform of an index, too"},
			&urfave.StringFlag{Name: "bundle", Usage: "write the bundle of the one file, checksum file or statement to `OUT` (- is stdout)"},
			&urfave.StringFlag{Name: "checksums", Usage: "sign one statement over all files that `SHA256SUMS` lists"},
			&urfave.StringFlag{Name: "statement", Usage: "sign the in-toto statement in `FILE` (- is stdin), its bytes exactly; with a TARGET that it is about, store it there"},
			cli.OutputFlag("text", "json"),
		), cli.RegistryFlags()...),
		Exits: cli.MakeExits,
		Examples: [][2]string{
			{"in CI, as the job's own identity", "carnet sign ghcr.io/acme/app:1.4"},
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
	r, err := newReceipt(c)
	if err != nil {
		return err
	}
	ctx, cancel := withTimeout(c)
	defer cancel()
	s, err := openSigning(ctx, c)
	if err != nil {
		return err
	}
	switch {
	case statement != "" && len(args) == 0:
		return s.close(signStatement(ctx, c, s, statement))
	case statement != "":
		err = attachStatement(ctx, r, s, statement, args[0])
	case checksums != "":
		return s.close(signChecksums(ctx, c, s, checksums))
	default:
		err = signTargets(ctx, r, s, args)
	}
	if err := s.close(err); err != nil {
		return err
	}
	return r.print()
}
