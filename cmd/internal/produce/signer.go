package produce

import (
	"context"
	"time"

	urfave "github.com/urfave/cli/v2"

	"github.com/carnet-project/carnet/attest/ci"
	"github.com/carnet-project/carnet/cmd/internal/cli"
)

// signerFlags are the flags of every command that signs.
func signerFlags() []urfave.Flag {
	flags := []urfave.Flag{
		&urfave.StringFlag{Name: "key", Aliases: []string{"k"}, Usage: "sign with the private key `KEY`: a file, env://VARIABLE, k8s://NAMESPACE/SECRET, or a key in a service: awskms://, gcpkms://, azurekms://, hashivault://, pkcs11:, or NAME:// of a plugin; default: keyless, with an identity token and a certificate for it"},
		&urfave.StringFlag{Name: "certificate", Usage: "with --key: put the key's X.509 certificate in `FILE` (PEM) into the bundle"},
		&urfave.StringFlag{Name: "certificate-chain", Usage: "with --certificate: the authorities' certificates in `FILE` (PEM), from the one that issued it up"},
		&urfave.StringFlag{Name: "log", Usage: "record the signature in the transparency log of `LOG`: config (those of the signing configuration; the default without --key), none (the default with it), the URL of a Rekor v2 log, or v1:URL"},
		&urfave.StringFlag{Name: "timestamp", Usage: "have the signature timestamped by `TSA`: config, none, or a URL; the defaults are those of --log"},
		cli.SigningConfigFlag(),
		&urfave.StringFlag{Name: "spool", Usage: "where services can't be reached, keep what is done in `FILE` for carnet resume; default: carnet-spool-DIGEST.json here"},
	}
	return append(append(flags, identityFlags()...), cli.TrustFlags()...)
}

// identityFlags are the flags of every command that may ask for a certificate.
func identityFlags() []urfave.Flag {
	return []urfave.Flag{
		&urfave.StringFlag{Name: "identity-token", Usage: "sign as whom the OIDC token in `FILE` names (a token itself is taken, too, but others may read command lines); default: SIGSTORE_ID_TOKEN, the CI system, or a login"},
		&urfave.StringFlag{Name: "fulcio-auth-flow", Usage: "get the token by `FLOW`: normal (a browser), device (a code for another device), or token (no login)"},
		&urfave.StringFlag{Name: "oidc-client-id", Usage: "the `AUDIENCE` that tokens are for", Value: ci.DefaultAudience},
		&urfave.BoolFlag{Name: "oidc-disable-ambient-providers", Usage: "take no token from the CI system, the cloud, SPIFFE or a token file"},
		&urfave.BoolFlag{Name: "allow-public", Usage: "let the name of a private repository go to a public log"},
		&urfave.BoolFlag{Name: "yes", Aliases: []string{"y"}, Usage: "do not ask before something goes to a public log"},
		&urfave.DurationFlag{Name: "retry-for", Usage: "ask services that can't be reached again for `DURATION`; --timeout counts, too, where it is given", Value: 5 * time.Minute},
		passwordFlag(),
	}
}

func passwordFlag() urfave.Flag {
	return &urfave.StringFlag{Name: "password-file", Usage: "read the key's password from the first line of `FILE`; default: CARNET_PASSWORD, COSIGN_PASSWORD, or a prompt"}
}

// withTimeout bounds a command that signs. Where nobody says how long it may take, what
// services are retried for comes on top.
func withTimeout(c *cli.Call) (context.Context, context.CancelFunc) {
	limit := c.Duration("timeout")
	if !c.IsSet("timeout") {
		limit += c.Duration("retry-for")
	}
	return context.WithTimeout(c.Ctx(), limit)
}
