package produce

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/carnet-project/carnet/cmd/internal/cli"
	"github.com/carnet-project/carnet/sign"
	"github.com/carnet-project/carnet/sign/key"
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
	switch scheme, _, _ := strings.Cut(ref, "://"); scheme {
	case "https", "http":
		return nil, cli.Usagef("--key %s: a private key is a file or env://VARIABLE", ref)
	default:
		return openKeyFile(c, ref)
	}
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
