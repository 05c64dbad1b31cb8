package trust

import (
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	urfave "github.com/urfave/cli/v2"

	"github.com/carnet-project/carnet/cmd/internal/cli"
	"github.com/carnet-project/carnet/verify/sigstore/trustedroot"
)

func create() cli.Command {
	return cli.Command{
		Name: "create", Usage: "write the trusted root and signing configuration of one's own Sigstore",
		About: `Writes trusted_root.json, which verifiers need, and signing_config.json, which signers
need, from the certificates and public keys of one's own services. cosign and other
Sigstore clients read both. Each flag takes PART=VALUE pairs, separated by commas, and
may be given several times. All take url=, and may take start-time= and end-time= (RFC
3339) and operator=; a log needs its start-time.

A certificate chain is in PEM, the certificate that issues or signs timestamps first,
its root last. A log of version=2 is one of tiles (Rekor v2): its origin= is the name in
its checkpoints, the host name of its URL if it is not given.`,
		Flags: []urfave.Flag{
			&urfave.StringSliceFlag{Name: "fulcio", Usage: "the `PARTS` of a certificate authority: url=U,certificate-chain=FILE"},
			&urfave.StringSliceFlag{Name: "ctfe", Usage: "the `PARTS` of a certificate transparency log: url=U,public-key=FILE,start-time=T"},
			&urfave.StringSliceFlag{Name: "rekor", Usage: "the `PARTS` of a transparency log: url=U,public-key=FILE,start-time=T[,version=2][,origin=HOST]"},
			&urfave.StringSliceFlag{Name: "tsa", Usage: "the `PARTS` of a timestamp authority: url=U,certificate-chain=FILE"},
			&urfave.StringSliceFlag{Name: "oidc-provider", Usage: "the `PARTS` of an issuer of tokens, for signers: url=U"},
			&urfave.StringFlag{Name: "output-dir", Aliases: []string{"d"}, Usage: "write both files into `DIR`", Value: "."},
			&urfave.BoolFlag{Name: "force", Usage: "overwrite the files"},
		},
		Exits: exits[:3],
		Examples: [][2]string{
			{"a private Fulcio, Rekor v2 and timestamp authority", "carnet trust create --fulcio url=https://fulcio.acme.example,certificate-chain=ca.pem --ctfe url=https://ct.acme.example,public-key=ct.pub,start-time=2026-01-01T00:00:00Z --rekor url=https://rekor.acme.example,version=2,public-key=rekor.pub,start-time=2026-01-01T00:00:00Z --tsa url=https://tsa.acme.example/api/v1/timestamp,certificate-chain=tsa.pem --oidc-provider url=https://login.acme.example -d acme"},
		},
		Run: runCreate,
	}
}

func runCreate(c *cli.Call) error {
	if len(c.Arguments()) > 0 {
		return cli.Usagef("%s takes no arguments, and %q is given", c.Command.HelpName, c.Arguments())
	}
	own, err := infrastructure(c)
	if err != nil {
		return err
	}
	if len(own.Authorities)+len(own.Logs)+len(own.Timestamps) == 0 {
		return c.Missing("at least one of --fulcio, --rekor and --tsa")
	}
	root, config, err := trustedroot.Write(own)
	if err != nil {
		return cli.Usagef("%v", err)
	}
	dir := c.String("output-dir")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return cli.Usagef("--output-dir %v", err)
	}
	files := []struct {
		path    string
		content []byte
	}{{filepath.Join(dir, "trusted_root.json"), root}, {filepath.Join(dir, "signing_config.json"), config}}
	for _, f := range files {
		if _, err := os.Lstat(f.path); err == nil && !c.Bool("force") {
			return &cli.UsageError{Message: f.path + " exists", Hint: "choose another --output-dir, or give --force to overwrite"}
		}
	}
	for _, f := range files {
		if err := c.WriteFile(f.path, f.content); err != nil {
			return err
		}
	}
	c.Sayf("wrote %s and %s; %s trust import stores them", files[0].path, files[1].path, c.App.Name)
	return nil
}

// infrastructure reads the flags and the files that they name.
func infrastructure(c *cli.Call) (trustedroot.Infrastructure, error) {
	var own trustedroot.Infrastructure
	var errs []error
	each := func(flag string, allowed []string, read func(*parts) error) {
		for _, value := range c.StringSlice(flag) {
			p, err := parse(flag, value, append(allowed, "url", "start-time", "end-time", "operator"))
			if err == nil {
				err = read(p)
			}
			if err != nil {
				errs = append(errs, err)
			}
		}
	}
	authority := func(to *[]trustedroot.AuthoritySpec) func(*parts) error {
		return func(p *parts) error {
			a, err := p.authority()
			*to = append(*to, a)
			return err
		}
	}
	log := func(to *[]trustedroot.LogSpec) func(*parts) error {
		return func(p *parts) error {
			l, err := p.log()
			*to = append(*to, l)
			return err
		}
	}
	each("fulcio", []string{"certificate-chain"}, authority(&own.Authorities))
	each("tsa", []string{"certificate-chain"}, authority(&own.Timestamps))
	each("ctfe", []string{"public-key", "version", "origin"}, log(&own.CTLogs))
	each("rekor", []string{"public-key", "version", "origin"}, log(&own.Logs))
	each("oidc-provider", nil, func(p *parts) error {
		period, err := p.period()
		own.Issuers = append(own.Issuers, trustedroot.Service{URL: p.url(), Version: 1, Operator: p.operator(), Period: period})
		return err
	})
	return own, errors.Join(errs...)
}

// parts are the pairs in the value of a flag.
type parts struct {
	flag  string
	pairs map[string]string
}

func parse(flag, value string, allowed []string) (*parts, error) {
	p := &parts{flag, map[string]string{}}
	for _, pair := range strings.Split(value, ",") {
		name, v, found := strings.Cut(pair, "=")
		if !found || v == "" {
			return nil, cli.Usagef("--%s %q: %q is not PART=VALUE", flag, value, pair)
		}
		if !slices.Contains(allowed, name) {
			return nil, cli.Usagef("--%s %q: it has no %s: it takes %s", flag, value, name, strings.Join(allowed, ", "))
		}
		if _, twice := p.pairs[name]; twice {
			return nil, cli.Usagef("--%s %q: %s is there twice", flag, value, name)
		}
		p.pairs[name] = v
	}
	u, err := url.Parse(p.url())
	if err != nil || u.Hostname() == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, cli.Usagef("--%s %q: url= must be an http or https URL", flag, value)
	}
	return p, nil
}

func (p *parts) url() string { return p.pairs["url"] }

// operator is whose service it is, by which clients tell services of one from those of
// another; without a name it is the service's host.
func (p *parts) operator() string {
	if o := p.pairs["operator"]; o != "" {
		return o
	}
	u, err := url.Parse(p.url())
	if err != nil {
		return ""
	}
	return u.Hostname()
}

func (p *parts) period() (trustedroot.Period, error) {
	var period trustedroot.Period
	for name, to := range map[string]*time.Time{"start-time": &period.From, "end-time": &period.Until} {
		text, there := p.pairs[name]
		if !there {
			continue
		}
		t, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return period, cli.Usagef("--%s %s: %s=%s is not a time as in 2026-01-01T00:00:00Z (RFC 3339)", p.flag, p.url(), name, text)
		}
		*to = t.UTC()
	}
	if !period.Until.IsZero() && !period.Until.After(period.From) {
		return period, cli.Usagef("--%s %s: end-time is not after start-time", p.flag, p.url())
	}
	return period, nil
}

// file reads the file of a part that must be there.
func (p *parts) file(name string) ([]byte, string, error) {
	path := p.pairs[name]
	if path == "" {
		return nil, "", cli.Usagef("--%s %s: %s=FILE is missing", p.flag, p.url(), name)
	}
	raw, err := cli.ReadFile(path, trustedroot.MaxBytes)
	return raw, path, err
}

func (p *parts) authority() (a trustedroot.AuthoritySpec, err error) {
	a = trustedroot.AuthoritySpec{URL: p.url(), Operator: p.operator()}
	if a.Period, err = p.period(); err != nil {
		return a, err
	}
	raw, path, err := p.file("certificate-chain")
	if err != nil {
		return a, err
	}
	if a.Chain, err = trustedroot.ParseChain(raw); err != nil {
		return a, cli.Usagef("--%s %s: %s: %v", p.flag, p.url(), path, err)
	}
	return a, nil
}

func (p *parts) log() (l trustedroot.LogSpec, err error) {
	l = trustedroot.LogSpec{URL: p.url(), Operator: p.operator(), Version: 1, Origin: p.pairs["origin"]}
	if l.Period, err = p.period(); err != nil {
		return l, err
	}
	if l.From.IsZero() {
		return l, cli.Usagef("--%s %s: start-time=TIME is missing: what the log signed before is not believed", p.flag, p.url())
	}
	if l.Origin != "" {
		l.Version = 2
	}
	if text, there := p.pairs["version"]; there {
		n, err := strconv.ParseUint(text, 10, 32)
		if err != nil || n != 1 && n != 2 {
			return l, cli.Usagef("--%s %s: version=%s is neither 1 nor 2", p.flag, p.url(), text)
		}
		l.Version = uint32(n)
	}
	raw, path, err := p.file("public-key")
	if err != nil {
		return l, err
	}
	if l.Key, err = trustedroot.ParseKey(raw); err != nil {
		return l, cli.Usagef("--%s %s: %s: %v", p.flag, p.url(), path, err)
	}
	return l, nil
}
