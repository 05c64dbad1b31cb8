package produce

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	urfave "github.com/urfave/cli/v2"

	"github.com/carnet-project/carnet/cmd/internal/cli"
	"github.com/carnet-project/carnet/verify/layout"
)

func layoutSign() cli.Command {
	return cli.Command{
		Name: "sign", Usage: "add a signature to an in-toto layout", Args: "LAYOUT",
		About: `Adds the signature of --key to the layout in LAYOUT, in the layout's own wrapping, beside
those of others, and replaces an older one by the same key. The signature is of the kind
that all tools of in-toto verify. A layout that can't be followed is refused; where the
key's signature stands already nothing is changed.`,
		Arguments: [][2]string{{"LAYOUT", "the layout's file"}},
		Flags: []urfave.Flag{
			&urfave.StringFlag{Name: "key", Aliases: []string{"k"}, Usage: "sign with the private key `KEY`: a file, env://VARIABLE, k8s://NAMESPACE/SECRET, or an ECDSA key in a service"},
			passwordFlag(),
			&urfave.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "write to `FILE` (- is stdout) and leave LAYOUT as it is"},
		},
		Exits:    cli.MakeExits,
		Examples: [][2]string{{"two owners, one after the other", "carnet attest layout sign --key alice.key root.layout && carnet attest layout sign --key bob.key root.layout"}},
		Run:      runLayoutSign,
	}
}

func runLayoutSign(c *cli.Call) error {
	path, err := c.One("LAYOUT")
	if err != nil {
		return err
	}
	raw, err := c.ReadInput(path, layout.MaxLayoutBytes)
	if err != nil {
		return err
	}
	d, err := layout.Parse(raw)
	if err != nil {
		return &cli.UsageError{Message: fmt.Sprintf("%s: no layout that is read here: %v", path, err), Hint: "carnet attest layout create makes one"}
	}
	if err := followable(c, path, d); err != nil {
		return err
	}
	signer, err := openSigner(c)
	if err != nil {
		return err
	}
	to := c.String("output")
	if to == "" {
		to = path
	}
	owners, err := layout.Owners(c.String("key"), signer.PublicPEM())
	if err != nil || len(owners) != 1 {
		return cli.Usagef("--key %s: in-toto has no such key: %v", c.String("key"), err)
	}
	if good, _ := d.SignedBy(owners[0]); good {
		c.Sayf("already signed by %s", owners[0].Signer())
		if to == path {
			return nil
		}
		return c.WriteFile(to, raw)
	}
	signed, err := signLayout(c.Ctx(), d, signer, owners[0])
	if err != nil {
		return err
	}
	if err := c.WriteFile(to, signed); err != nil {
		return err
	}
	c.Sayf("signed by %s", owners[0].Signer())
	return nil
}

// signLayout is the layout with one signature more.
func signLayout(ctx context.Context, d *layout.Document, signer keySigner, owner layout.Owner) ([]byte, error) {
	message, err := d.Message()
	if err != nil {
		return nil, err
	}
	var sig []byte
	if classic, ok := signer.(interface {
		SignInToto(ctx context.Context, message []byte) ([]byte, error)
	}); ok {
		sig, err = classic.SignInToto(ctx, message)
	} else {
		// What a service signs with is its own; for ECDSA it is what in-toto has.
		sig, err = serviceSignature(ctx, signer, message)
	}
	if err != nil {
		return nil, err
	}
	signed, err := d.Signed(owner, sig)
	if err != nil {
		return nil, &cli.UsageError{Message: fmt.Sprintf("--key: %v", err), Hint: "a key in a service must be an ECDSA key; key files may be of any kind"}
	}
	return signed, nil
}

func serviceSignature(ctx context.Context, signer keySigner, message []byte) ([]byte, error) {
	sig, err := signer.Sign(ctx, bytes.NewReader(message))
	if err != nil {
		return nil, errors.Join(errors.New("the layout was not signed"), serviceError(err))
	}
	return sig.Bytes, nil
}
