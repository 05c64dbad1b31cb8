package produce

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/carnet-project/carnet/cmd/internal/cli"
	"github.com/carnet-project/carnet/sign"
	"github.com/carnet-project/carnet/sign/key"
	"github.com/carnet-project/carnet/sign/kms"
)

// A keySigner signs with a bare key: of a file, a service, a token.
type keySigner interface {
	sign.Signer
	PublicPEM() []byte
}

// openSigner opens the key that --key names, once for all that a command signs.
func openSigner(c *cli.Call) (keySigner, error) {
	ref := c.String("key")
	if ref == "" {
		return nil, c.Missing("--key KEY: what to sign with (carnet key generate makes one)")
	}
	return openKey(c, ref)
}

// openKey opens the private key that a reference names; its scheme says where it is.
func openKey(c *cli.Call, ref string) (keySigner, error) {
	scheme, _, _ := strings.Cut(ref, "://")
	switch {
	case scheme == "https" || scheme == "http":
		return nil, cli.Usagef("--key %s: a private key is a file, env://VARIABLE, k8s://NAMESPACE/SECRET or a key in a service", ref)
	case scheme == "k8s":
		return openKubeKey(c, ref)
	case kms.Is(ref):
		signer, err := kms.Open(c.Ctx(), ref)
		if err != nil {
			return nil, serviceError(err)
		}
		return signer, nil
	}
	return openKeyFile(c, ref)
}

// KeyService is the public key, in PEM, of a key in a service.
func KeyService(ctx context.Context, ref string) ([]byte, error) {
	pem, err := kms.PublicKey(ctx, ref)
	return pem, serviceError(err)
}

// serviceError tells a reference that can't be meant from a service that can't be asked.
func serviceError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, kms.ErrRefused):
		return fmt.Errorf("--key: %w", err)
	case errors.Is(err, kms.ErrUnavailable):
		return &cli.UnavailableError{Err: fmt.Errorf("--key: %w", err)}
	case errors.Is(err, kms.ErrNoProvider):
		return &cli.UsageError{
			Message: fmt.Sprintf("--key: %v", err),
			Hint:    "awskms://, gcpkms://, azurekms:// and hashivault:// are built in; NAME://KEY is served by the program sigstore-kms-NAME, pkcs11: by sigstore-kms-pkcs11",
		}
	}
	return cli.Usagef("--key: %v", err)
}

// openKubeKey opens a key of a Kubernetes secret, with the password beside it.
func openKubeKey(c *cli.Call, ref string) (keySigner, error) {
	secret, err := c.KubeSecret(ref)
	if err != nil {
		return nil, err
	}
	defer secret.Clear()
	if len(secret.Key) == 0 {
		return nil, cli.Usagef("--key %s: the secret has no cosign.key", ref)
	}
	signer, err := key.Load(secret.Key, func() ([]byte, error) { return bytes.Clone(secret.Password), nil })
	if err != nil {
		return nil, fmt.Errorf("--key %s: %w", ref, asUsage(err))
	}
	return signer, nil
}

// openKeyFile opens a key that lies in a file or a variable as PEM.
func openKeyFile(c *cli.Call, ref string) (keySigner, error) {
	file, err := c.ReadKey(ref)
	if err != nil {
		return nil, err
	}
	defer clear(file)
	signer, err := key.Load(file, func() ([]byte, error) { return password(c, "Password for "+ref+": ", false) })
	switch {
	case errors.Is(err, key.ErrWrongPassword):
		return nil, &cli.UsageError{Message: "--key " + ref + ": the password is wrong", Hint: "it is read from --password-file, CARNET_PASSWORD, COSIGN_PASSWORD, or a prompt on a terminal"}
	case err != nil:
		return nil, fmt.Errorf("--key %s: %w", ref, asUsage(err))
	}
	return signer, nil
}

func asUsage(err error) error {
	var usage *cli.UsageError
	if errors.As(err, &usage) {
		return err
	}
	return cli.Usagef("%v", err)
}

// password finds the password of a key: a file, the environment, a prompt. A
// variable that is set and empty is an empty password.
func password(c *cli.Call, prompt string, confirm bool) ([]byte, error) {
	if file := c.String("password-file"); file != "" {
		b, err := cli.ReadFile(file, 64<<10)
		if err != nil {
			return nil, err
		}
		line, _, _ := bytes.Cut(b, []byte("\n"))
		return bytes.TrimSuffix(line, []byte("\r")), nil
	}
	for _, name := range []string{"CARNET_PASSWORD", "COSIGN_PASSWORD"} {
		if value, set := c.Env.LookupEnv(name); set {
			return []byte(value), nil
		}
	}
	stdin, ok := c.Env.Stdin.(*os.File)
	if !ok || !cli.Terminal(stdin) {
		return nil, &cli.UsageError{Message: "the key needs a password, and there is no terminal to ask for it", Hint: "set CARNET_PASSWORD (it may be empty), or give --password-file FILE"}
	}
	return ask(c, stdin, prompt, confirm)
}

func ask(c *cli.Call, terminal *os.File, prompt string, confirm bool) ([]byte, error) {
	fmt.Fprint(c.Env.Stderr, prompt)
	first, err := term.ReadPassword(int(terminal.Fd()))
	c.Sayf("")
	if err != nil || !confirm {
		return first, err
	}
	fmt.Fprint(c.Env.Stderr, "Again: ")
	second, err := term.ReadPassword(int(terminal.Fd()))
	c.Sayf("")
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(first, second) {
		return nil, cli.Usagef("the two passwords differ")
	}
	return first, nil
}
