package produce

import (
	"errors"
	"io/fs"
	"strings"

	urfave "github.com/urfave/cli/v2"

	"github.com/carnet-project/carnet/cmd/internal/cli"
	"github.com/carnet-project/carnet/sign/key"
)

// Key is the group of commands about key files.
func Key() cli.Command {
	return cli.Command{
		Name: "key", Usage: "make, import and show signing keys",
		About:    "Key files are encrypted PEM files, which cosign reads too.",
		Commands: []cli.Command{keyGenerate(), keyImport(), keyPublic()},
	}
}

func pairFlags() []urfave.Flag {
	return []urfave.Flag{
		&urfave.StringFlag{Name: "output-key-prefix", Aliases: []string{"o"}, Usage: "write `PREFIX`.key and PREFIX.pub", Value: "carnet"},
		&urfave.BoolFlag{Name: "force", Usage: "overwrite the files"},
		passwordFlag(),
	}
}

func keyGenerate() cli.Command {
	var names []string
	for _, a := range key.Algorithms() {
		names = append(names, string(a))
	}
	algorithms := strings.Join(names, ", ")
	return cli.Command{
		Name: "generate", Usage: "make a new key pair",
		About: "Writes PREFIX.key, encrypted and for its owner's eyes only, and PREFIX.pub. Files that\nexist are kept unless --force is given.",
		Flags: append([]urfave.Flag{
			&urfave.StringFlag{Name: "algorithm", Aliases: []string{"a"}, Usage: "the key's `ALGORITHM`: " + algorithms, Value: names[0]},
		}, pairFlags()...),
		Exits:    cli.MakeExits,
		Examples: [][2]string{{"release.key and release.pub", "carnet key generate -o release"}},
		Run: func(c *cli.Call) error {
			if len(c.Arguments()) > 0 {
				return cli.Usagef("carnet key generate takes no arguments, and %q is given", c.Arguments())
			}
			algorithm, err := key.ParseAlgorithm(c.String("algorithm"))
			if err != nil {
				return cli.Usagef("--algorithm: %v", err)
			}
			pair, err := key.Generate(algorithm)
			if err != nil {
				return err
			}
			return writePair(c, pair)
		},
	}
}

func keyImport() cli.Command {
	return cli.Command{
		Name: "import", Usage: "turn a private key from elsewhere into a key pair", Args: "FILE",
		About:     "Reads a private key in PKCS#1, PKCS#8 or SEC1 PEM and writes PREFIX.key, encrypted, and\nPREFIX.pub. FILE is left as it is.",
		Arguments: [][2]string{{"FILE", "the private key in PEM, or - for stdin"}},
		Flags:     pairFlags(),
		Exits:     cli.MakeExits,
		Examples:  [][2]string{{"a key that openssl made", "carnet key import -o release private.pem"}},
		Run: func(c *cli.Call) error {
			path, err := c.One("FILE")
			if err != nil {
				return err
			}
			pem, err := c.ReadInput(path, 256<<10)
			if err != nil {
				return err
			}
			defer clear(pem)
			pair, err := key.Import(pem)
			if err != nil {
				return cli.Usagef("%s: %v", path, err)
			}
			return writePair(c, pair)
		},
	}
}

func keyPublic() cli.Command {
	return cli.Command{
		Name: "public", Usage: "print the public key of a private key",
		About: "Prints the public key in PEM.",
		Flags: append([]urfave.Flag{
			&urfave.StringFlag{Name: "key", Aliases: []string{"k"}, Usage: "the private key `KEY`, as carnet sign takes it: a file, env://VARIABLE, k8s://…, awskms://…, pkcs11:…"}, passwordFlag(),
		}, &urfave.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "write to `FILE` instead", Value: "-"}),
		Exits:    cli.MakeExits,
		Examples: [][2]string{{"for those who verify", "carnet key public --key release.key -o release.pub"}},
		Run: func(c *cli.Call) error {
			signer, err := openSigner(c)
			if err != nil {
				return err
			}
			return c.WriteFile(c.String("output"), signer.PublicPEM())
		},
	}
}

func writePair(c *cli.Call, pair *key.Pair) error {
	secret, err := password(c, "Password for the new key: ", true)
	if err != nil {
		return err
	}
	defer clear(secret)
	prefix := c.String("output-key-prefix")
	err = key.WritePair(prefix, pair, secret, c.Bool("force"))
	if errors.Is(err, fs.ErrExist) {
		return &cli.UsageError{Message: err.Error(), Hint: "choose another --output-key-prefix, or give --force to overwrite"}
	}
	if err != nil {
		return err
	}
	c.Sayf("wrote %s.key (%s, keep it secret) and %s.pub", prefix, pair.Algorithm(), prefix)
	return nil
}
