package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"

	urfave "github.com/urfave/cli/v2"

	"github.com/carnet-project/carnet/cmd/internal/trust/store"
	"github.com/carnet-project/carnet/verify/sigstore/public"
)

const (
	// PublicInstance is the name of the public-good Sigstore instance.
	PublicInstance = "public"
	// MaxTrustBytes bounds a trusted root and a signing configuration; the public ones
	// take 7 KiB and 1 KiB.
	MaxTrustBytes = 1 << 20
	// staleAfter is how old a snapshot may be before people are told.
	staleAfter = 30 * 24 * time.Hour
)

// A TrustedRoot is what is trusted of one Sigstore instance: a trusted_root.json.
type TrustedRoot struct {
	// Name is the instance's name, or the path of a file.
	Name string
	JSON []byte
	// Taken is when the snapshot was taken; zero for a file.
	Taken time.Time
}

// TrustFlags are the flags of commands that verify by the trusted roots of Sigstore
// instances; see [Call.TrustedRoots].
func TrustFlags() []urfave.Flag {
	return []urfave.Flag{
		&urfave.StringSliceFlag{Name: "trusted-root", Usage: "trust the Sigstore instance of `FILE`, a trusted_root.json, and no other; or public, or the name of one in the trust store; may be given several times"},
	}
}

// SigningConfigFlag is --signing-config of commands that sign; see
// [Call.SigningConfig].
func SigningConfigFlag() urfave.Flag {
	return &urfave.StringFlag{Name: "signing-config", Usage: "use the services in `FILE`, a signing_config.json; or public, or the name of an instance in the trust store"}
}

// TrustStore is where the instances lie that carnet trust init, import and update
// store.
func (c *Call) TrustStore() (store.Store, error) {
	home, err := c.Home()
	if err != nil || home == "" {
		return store.Store{}, err
	}
	return store.Store{Dir: filepath.Join(home, "trust")}, nil
}

// TrustedRoots are the Sigstore instances to trust: those that --trusted-root and the
// files of --trust name, else all in the trust store, else the public one as it was when carnet was built.
// Nothing is fetched; a snapshot over 30 days old is told on stderr.
func (c *Call) TrustedRoots() ([]TrustedRoot, error) {
	listed, err := c.trustFileRoots()
	if err != nil {
		return nil, err
	}
	return c.TrustedRootsOf(slices.Concat(c.StringSlice("trusted-root"), listed))
}

// TrustedRootsOf are the Sigstore instances that refs name, each as --trusted-root
// does; see [Call.TrustedRoots].
func (c *Call) TrustedRootsOf(refs []string) ([]TrustedRoot, error) {
	stored, err := c.storedInstances()
	if err != nil {
		return nil, err
	}
	var roots []TrustedRoot
	for _, ref := range refs {
		root, err := c.trustedRoot(ref, stored)
		if err != nil {
			return nil, err
		}
		roots = append(roots, root)
	}
	if len(roots) == 0 {
		for _, i := range stored {
			roots = append(roots, TrustedRoot{i.Name, i.TrustedRoot, i.Taken})
		}
	}
	if len(roots) == 0 {
		roots = append(roots, builtIn())
	}
	return unique(roots), c.warnStale(roots)
}

// trustedRoot reads what one --trusted-root names. The name of an instance wins over
// that of a file; since it has no slash and no .json, ./NAME is always the file.
func (c *Call) trustedRoot(ref string, stored []store.Instance) (TrustedRoot, error) {
	for _, i := range stored {
		if i.Name == ref {
			return TrustedRoot{i.Name, i.TrustedRoot, i.Taken}, nil
		}
	}
	if ref == PublicInstance {
		return builtIn(), nil
	}
	raw, err := c.ReadInput(ref, MaxTrustBytes)
	if err != nil {
		return TrustedRoot{}, trustFileError("--trusted-root", err)
	}
	return TrustedRoot{Name: ref, JSON: raw}, nil
}

func builtIn() TrustedRoot {
	return TrustedRoot{PublicInstance, public.TrustedRoot(), public.Taken()}
}

// unique drops a root that is there already: trusting it twice is trusting it once.
func unique(roots []TrustedRoot) []TrustedRoot {
	var kept []TrustedRoot
	for _, r := range roots {
		if !slices.ContainsFunc(kept, func(k TrustedRoot) bool { return bytes.Equal(k.JSON, r.JSON) }) {
			kept = append(kept, r)
		}
	}
	return kept
}

func (c *Call) storedInstances() ([]store.Instance, error) {
	s, err := c.TrustStore()
	if err != nil || s.Dir == "" {
		return nil, err
	}
	stored, err := s.List()
	if err != nil {
		return nil, &UsageError{Message: "the trust store: " + err.Error(), Hint: "put the file right or remove it; it says what is trusted, so it can't be skipped"}
	}
	return stored, nil
}

// warnStale tells of snapshots that are old: what an instance has added since, such as
// a new log, is not trusted yet, and what it has taken back still is.
func (c *Call) warnStale(roots []TrustedRoot) error {
	now, err := c.Moment()
	if err != nil {
		return err
	}
	for _, r := range roots {
		if r.Taken.IsZero() || now.Sub(r.Taken) <= staleAfter {
			continue
		}
		c.Sayf("warning: what is known of the Sigstore instance %s is of %s, %d days old", r.Name, r.Taken.UTC().Format(time.DateOnly), int(now.Sub(r.Taken).Hours()/24))
		c.Sayf("  hint: %s trust update", c.App.Name)
	}
	return nil
}

// SigningConfig is the signing_config.json that says which services sign: the one that
// --signing-config names, else that of the instance in the trust store, else the public
// one as it was when carnet was built. public says whether any of the services is one
// of the public instance, or of its staging: what they are sent, all the world can read.
func (c *Call) SigningConfig() (raw []byte, public bool, err error) {
	if raw, err = c.signingConfig(); err != nil {
		return nil, false, err
	}
	return raw, namesPublic(raw), nil
}

func (c *Call) signingConfig() ([]byte, error) {
	stored, err := c.storedInstances()
	if err != nil {
		return nil, err
	}
	stored = slices.DeleteFunc(stored, func(i store.Instance) bool { return len(i.SigningConfig) == 0 })
	ref := c.String("signing-config")
	if ref == "" {
		return chooseConfig(stored)
	}
	for _, i := range stored {
		if i.Name == ref {
			return i.SigningConfig, nil
		}
	}
	if ref == PublicInstance {
		return public.SigningConfig(), nil
	}
	raw, err := c.ReadInput(ref, MaxTrustBytes)
	return raw, trustFileError("--signing-config", err)
}

// chooseConfig takes the instance that was set up on purpose rather than the public
// one. Of several it takes none: a guess would send names to somebody else's log.
func chooseConfig(stored []store.Instance) ([]byte, error) {
	var own []string
	var raw []byte
	for _, i := range stored {
		if i.Name != PublicInstance {
			own, raw = append(own, i.Name), i.SigningConfig
		}
	}
	switch {
	case len(own) > 1:
		return nil, &UsageError{Message: fmt.Sprintf("the trust store has %d instances that sign: %s", len(own), strings.Join(own, ", ")), Hint: "say which is meant: --signing-config " + own[0]}
	case len(own) == 1:
		return raw, nil
	case len(stored) == 1:
		return stored[0].SigningConfig, nil
	}
	return public.SigningConfig(), nil
}

// namesPublic says whether a signing configuration has the URL of a service of the
// public instance anywhere but among the issuers of tokens, which learn nothing of
// what is signed. What can't be read has none; who reads it in earnest will say so.
func namesPublic(raw []byte) bool {
	var config map[string]any
	if json.Unmarshal(raw, &config) != nil {
		return false
	}
	delete(config, "oidcUrls")
	delete(config, "oidc_urls")
	return hasPublic(config)
}

func hasPublic(v any) bool {
	switch v := v.(type) {
	case string:
		return PublicService(v)
	case []any:
		return slices.ContainsFunc(v, hasPublic)
	case map[string]any:
		return slices.ContainsFunc(slices.Collect(maps.Values(v)), hasPublic)
	}
	return false
}

// PublicService says whether a URL is that of a service of the public-good instance or
// of its staging.
func PublicService(service string) bool {
	u, err := url.Parse(service)
	if err != nil {
		return false
	}
	host := "." + strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	return strings.HasSuffix(host, ".sigstore.dev") || strings.HasSuffix(host, ".sigstage.dev")
}

// trustFileError says which flag named a file that can't be read.
func trustFileError(flag string, err error) error {
	if err == nil {
		return nil
	}
	return &UsageError{Message: fmt.Sprintf("%s %v", flag, err), Hint: "it takes a file, public, or the name of an instance that carnet trust show lists"}
}
