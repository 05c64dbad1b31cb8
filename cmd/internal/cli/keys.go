package cli

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	urfave "github.com/urfave/cli/v2"

	verifykey "github.com/carnet-project/carnet/verify/key"
)

// maxKeyBytes bounds a key file: a 4096-bit RSA key takes under 4 KiB.
const maxKeyBytes = 256 << 10

// VerifyKeyFlag is --key of the commands that verify.
func VerifyKeyFlag() *urfave.StringSliceFlag {
	return &urfave.StringSliceFlag{Name: "key", Aliases: []string{"k"}, Usage: "trust what the public key in `KEY` signed: a file, env://VARIABLE, https://URL, k8s://NAMESPACE/SECRET, or a key in a service, such as awskms://…; may be given several times"}
}

// A TrustedKey is what a --key or an entry of a trust file names: public keys in PEM, of
// which the root is made, and when they count.
type TrustedKey struct {
	Name     string
	PEM      []byte
	Validity verifykey.Validity
	Root     *verifykey.Root
}

// namedKeys reads the public keys that --key names.
func (c *Call) namedKeys() ([]TrustedKey, error) {
	var all []TrustedKey
	for _, ref := range c.StringSlice("key") {
		pem, err := c.ReadKey(ref)
		if err != nil {
			return nil, err
		}
		root, err := verifykey.Parse(ref, pem)
		if err != nil {
			return nil, &UsageError{Message: err.Error(), Hint: "carnet key public --key FILE.key prints the public key of a private one"}
		}
		all = append(all, TrustedKey{Name: ref, PEM: pem, Root: root})
	}
	return all, nil
}

// ReadKey reads the bytes that a key reference names: a path, env://VARIABLE or, for
// public keys, https://URL, k8s://NAMESPACE/SECRET or a key in a service.
func (c *Call) ReadKey(ref string) ([]byte, error) {
	scheme, rest, found := strings.Cut(ref, "://")
	if strings.HasPrefix(ref, "pkcs11:") {
		scheme, found = "pkcs11", true
		if strings.Contains(ref, "pin-value=") {
			// Not even to say what is wrong is it repeated.
			return nil, Usagef("--key pkcs11:…: a PIN has no place in it: give pin-source=file:PATH, or set COSIGN_PKCS11_PIN")
		}
	}
	if !found {
		return ReadFile(ref, maxKeyBytes)
	}
	if scheme == "env" {
		value := c.Env.Getenv(rest)
		if value == "" {
			return nil, Usagef("--key %s: the environment variable is empty or not set", ref)
		}
		return []byte(value), nil
	}
	if c.Bool("offline") {
		return nil, Usagef("--key %s: needs the network, and --offline is given", ref)
	}
	switch scheme {
	case "https":
		return fetchKey(c.Ctx(), ref)
	case "k8s":
		secret, err := c.KubeSecret(ref)
		secret.Clear()
		if err == nil && len(secret.Public) == 0 {
			err = Usagef("--key %s: the secret has no cosign.pub", ref)
		}
		return secret.Public, err
	}
	return c.askService(scheme, ref)
}

// askService reads the public key of a key in a service.
func (c *Call) askService(scheme, ref string) ([]byte, error) {
	if c.Env.KeyService == nil || scheme == "http" || scheme == "file" {
		return nil, &UsageError{
			Message: fmt.Sprintf("--key %s: the scheme %q is not known here", ref, scheme),
			Hint:    "a key is a path, env://VARIABLE, https://URL or k8s://NAMESPACE/SECRET; carnet key public --key REF prints that of a key in a service",
		}
	}
	ctx, cancel := context.WithTimeout(c.Ctx(), 30*time.Second)
	defer cancel()
	return c.Env.KeyService(ctx, ref)
}

func fetchKey(ctx context.Context, url string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, Usagef("--key %q is not a URL", url)
	}
	client := http.Client{CheckRedirect: func(r *http.Request, via []*http.Request) error {
		if r.URL.Scheme != "https" || len(via) > 5 {
			return fmt.Errorf("redirected to %s://%s", r.URL.Scheme, r.URL.Host)
		}
		return nil
	}}
	resp, err := client.Do(req)
	if err != nil {
		return nil, &UnavailableError{fmt.Errorf("fetching the public key: %w", err)}
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, &UnavailableError{fmt.Errorf("fetching the public key %s: the server answered %s", url, resp.Status)}
	}
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxKeyBytes+1))
	if err != nil {
		return nil, &UnavailableError{fmt.Errorf("fetching the public key %s: %w", url, err)}
	}
	if len(b) > maxKeyBytes {
		return nil, Usagef("the public key %s is over %d bytes", url, maxKeyBytes)
	}
	return b, nil
}
