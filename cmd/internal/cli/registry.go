package cli

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	urfave "github.com/urfave/cli/v2"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/oci"
)

// RegistryFlags are the flags of every command that reads or stores evidence.
func RegistryFlags() []urfave.Flag {
	return append(ConnectionFlags(),
		&urfave.IntFlag{Name: "max-referrers", Usage: "list at most `N` pieces of evidence for one digest", Value: 1000},
		&urfave.Int64Flag{Name: "max-bundle-size", Usage: "fetch bundles of at most `BYTES`", Value: attest.MaxBundleBytes},
	)
}

// ConnectionFlags are the flags of every command that reaches a registry.
func ConnectionFlags() []urfave.Flag {
	return []urfave.Flag{
		&urfave.StringFlag{Name: "registry-username", Usage: "log in to the registry as `NAME`, with the password from stdin; default: the Docker config and its helpers"},
		&urfave.StringFlag{Name: "registry-cacert", Usage: "trust the certificate authorities in `FILE` (PEM) for registries, too"},
		&urfave.BoolFlag{Name: "allow-http-registry", Usage: "reach registries by plain http; loopback addresses may be without it"},
		&urfave.DurationFlag{Name: "timeout", Aliases: []string{"t"}, Usage: "give up after `DURATION`", Value: 3 * time.Minute},
	}
}

// Registry makes the client that the registry flags describe.
func (c *Call) Registry() (*oci.Client, error) {
	if c.IsSet("max-referrers") && c.Int("max-referrers") < 1 || c.IsSet("max-bundle-size") && c.Int64("max-bundle-size") < 1 {
		return nil, Usagef("--max-referrers and --max-bundle-size must be positive")
	}
	o := oci.Options{
		Keychain:  authn.DefaultKeychain,
		AllowHTTP: c.Bool("allow-http-registry"),
		Proxy:     http.ProxyFromEnvironment,
		UserAgent: "carnet/" + Version(),
		LockDir:   filepath.Join(os.TempDir(), fmt.Sprintf("carnet-locks-%d", os.Getuid())),
		Offline:   c.Bool("offline"),
		Limits:    oci.Limits{Referrers: c.Int("max-referrers"), BundleBytes: c.Int64("max-bundle-size")},
	}
	if user := c.String("registry-username"); user != "" {
		password, err := readPassword(c.Env.Stdin)
		if err != nil {
			return nil, err
		}
		o.Username, o.Password = user, password
	}
	if file := c.String("registry-cacert"); file != "" {
		pem, err := ReadFile(file, 1<<20)
		if err != nil {
			return nil, err
		}
		o.CACert = pem
	}
	var err error
	if o.Created, err = c.Moment(); err != nil {
		return nil, err
	}
	return oci.NewClient(o), nil
}

// readPassword is the first line of stdin.
func readPassword(stdin io.Reader) (string, error) {
	text, err := bufio.NewReader(io.LimitReader(stdin, 64<<10)).ReadString('\n')
	if err != nil && err != io.EOF {
		return "", fmt.Errorf("reading the registry password from stdin: %w", err)
	}
	text = strings.TrimRight(text, "\r\n")
	if text == "" {
		return "", &UsageError{Message: "no registry password on stdin", Hint: "with --registry-username, pipe the password: printf %s \"$PASSWORD\" | carnet …"}
	}
	return text, nil
}

// Target reads a target as every command does.
func Target(s string) (oci.Target, error) {
	t, err := oci.ParseTarget(s)
	if err != nil {
		return oci.Target{}, &UsageError{
			Message: err.Error(),
			Hint:    "a target is REGISTRY/REPO[:TAG][@DIGEST], oci:DIR_OR_TAR[:TAG][@DIGEST], docker-archive:FILE, file:PATH, dir:PATH, or a path that exists",
		}
	}
	return t, nil
}

// StoreError gives the error of a store its exit code and its hint.
func StoreError(err error) error {
	var e *oci.Error
	if !errors.As(err, &e) {
		return err
	}
	switch e.Kind {
	case oci.KindUsage, oci.KindUnsupported:
		return &UsageError{Message: err.Error(), Hint: storeHint(e)}
	case oci.KindTampered:
		return WithHint(err, storeHint(e))
	}
	return &UnavailableError{WithHint(err, storeHint(e))}
}

func storeHint(e *oci.Error) string {
	switch e.Kind {
	case oci.KindUnauthorized:
		return "log in: docker login " + e.Host + ", or --registry-username with the password on stdin"
	case oci.KindDenied:
		return "the account may not do this here: check its rights on the repository"
	case oci.KindNotFound:
		return "check the name, the tag and the digest; a registry also answers so for what may not be seen"
	case oci.KindRateLimited:
		return "wait and try again, or log in for a higher limit"
	case oci.KindTampered:
		return "the store returned other bytes than it was asked for: do not trust it"
	case oci.KindOffline:
		return "without --offline the registry is reached; or copy the image and its evidence to an OCI layout"
	case oci.KindOverBound:
		return "remove what does not belong there, or raise the bound with --max-referrers or --max-bundle-size"
	case oci.KindRefused:
		return "for plain http give --allow-http-registry; a redirect to another place is not followed"
	}
	return ""
}
