package produce

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/carnet-project/carnet/cmd/internal/cli"
	"github.com/carnet-project/carnet/sign"
	"github.com/carnet-project/carnet/sign/rekor"
	"github.com/carnet-project/carnet/sign/services"
	"github.com/carnet-project/carnet/sign/tsa"
)

// A plan says with what a run signs. Spools have it, too, so that resuming signs in the
// same way.
type plan struct {
	// Key is the reference of the private key; "" is keyless.
	Key string `json:"key,omitempty"`
	// Certificates are the key's own and those above it, in DER.
	Certificates [][]byte `json:"certificates,omitempty"`
	// Authority issues certificates for identity tokens, Issuer is where people log in to
	// get one, and Audience is whom tokens are for.
	Authority string `json:"authority,omitempty"`
	Issuer    string `json:"issuer,omitempty"`
	Audience  string `json:"audience,omitempty"`
	// Witnesses record each signature.
	Witnesses []place `json:"witnesses,omitempty"`
}

// A place is a service that witnesses signatures.
type place struct {
	Kind    placeKind `json:"kind"`
	URL     string    `json:"url"`
	Version int       `json:"version,omitempty"`
}

type placeKind string

const (
	placeLog       placeKind = "rekor"
	placeTimestamp placeKind = "tsa"
)

func (p place) String() string { return string(p.Kind) + " " + p.URL }

// witness is the service at a place, which is asked as long as its outage lets.
func (p place) witness(o *outages) sign.Witness {
	at := o.at(p.URL)
	if p.Kind == placeTimestamp {
		return tsa.New(tsa.Options{URL: p.URL, Client: at.client(), RetryFor: o.retryFor, Wait: at.wait})
	}
	return rekor.New(rekor.Options{URL: p.URL, Version: p.Version, Client: at.client(), RetryFor: o.retryFor, Wait: at.wait})
}

// placeOf is where a witness is, as [place.witness] made it.
func placeOf(w sign.Witness) place {
	switch w := w.(type) {
	case *rekor.Log:
		return place{placeLog, w.URL(), w.Version()}
	case *tsa.Authority:
		return place{Kind: placeTimestamp, URL: w.URL()}
	}
	return place{}
}

// planOf reads from the flags what to sign with.
func planOf(c *cli.Call) (plan, error) {
	p := plan{Key: c.String("key"), Audience: c.String("oidc-client-id")}
	keyless := p.Key == ""
	if err := refuseTogether(c, keyless); err != nil {
		return plan{}, err
	}
	var config services.Services
	if keyless || c.String("log") == "config" || c.String("timestamp") == "config" {
		raw, _, err := c.SigningConfig()
		if err != nil {
			return plan{}, err
		}
		if config, err = services.Parse(raw, time.Now()); err != nil {
			return plan{}, cli.Usagef("%v", err)
		}
	}
	if keyless {
		if len(config.Authorities) == 0 {
			return plan{}, &cli.UsageError{Message: "the signing configuration names no certificate authority", Hint: "sign with --key, or give another --signing-config"}
		}
		p.Authority = config.Authorities[0].URL
		if len(config.Issuers) > 0 {
			p.Issuer = config.Issuers[0].URL
		}
	}
	logs, err := places(c, "log", placeLog, keyless, config.Logs)
	if err != nil {
		return plan{}, err
	}
	timestamps, err := places(c, "timestamp", placeTimestamp, keyless, config.Timestamps)
	if err != nil {
		return plan{}, err
	}
	p.Witnesses = append(logs, timestamps...)
	if keyless && !p.tellsTime() {
		return plan{}, &cli.UsageError{
			Message: "nothing would say when it was signed, and a keyless signature without that is worthless once its certificate ends, in minutes",
			Hint:    "leave --timestamp away, or name an authority with it; a Rekor v2 log gives no time",
		}
	}
	return p, nil
}

// refuseTogether refuses flags that exclude each other.
func refuseTogether(c *cli.Call, keyless bool) error {
	if !keyless {
		for _, flag := range []string{"identity-token", "fulcio-auth-flow"} {
			if c.String(flag) != "" {
				return cli.Usagef("--key and --%s are two ways to sign: give one", flag)
			}
		}
	}
	if keyless && (c.String("certificate") != "" || c.String("certificate-chain") != "") {
		return cli.Usagef("--certificate is the certificate of a key: --key is missing")
	}
	if c.String("certificate-chain") != "" && c.String("certificate") == "" {
		return cli.Usagef("--certificate-chain continues --certificate, which is missing")
	}
	if spool := c.String("spool"); spool != "" {
		if _, err := os.Lstat(spool); err == nil {
			return &cli.UsageError{Message: "--spool " + spool + ": the file exists", Hint: "carnet resume " + spool + " finishes what is in it"}
		}
	}
	return nil
}

// places reads --log and --timestamp.
func places(c *cli.Call, flag string, kind placeKind, keyless bool, configured []services.Service) ([]place, error) {
	value := c.String(flag)
	switch {
	case value == "none", value == "" && !keyless:
		return nil, nil
	case value == "", value == "config":
		var all []place
		for _, s := range configured {
			all = append(all, place{kind, s.URL, s.Version}.plain())
		}
		if len(all) == 0 && value != "" {
			return nil, cli.Usagef("--%s config: the signing configuration names none", flag)
		}
		return all, nil
	}
	version, address := rekor.V2, value
	if rest, ok := strings.CutPrefix(value, "v1:"); ok && kind == placeLog {
		version, address = rekor.V1, rest
	}
	if err := checkService(address); err != nil {
		return nil, cli.Usagef("--%s %v", flag, err)
	}
	return []place{place{kind, address, version}.plain()}, nil
}

// plain leaves the version out where it says nothing.
func (p place) plain() place {
	if p.Kind == placeTimestamp {
		p.Version = 0
	}
	return p
}

// checkService refuses an address that is not https, but for http on loopback.
func checkService(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil {
		return fmt.Errorf("is not config, none or the URL of a service")
	}
	ip := net.ParseIP(u.Hostname())
	loopback := u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
	if u.Scheme != "https" && (u.Scheme != "http" || !loopback) {
		return fmt.Errorf("%s is not https", u.Redacted())
	}
	return nil
}

// tellsTime says whether a witness says when it saw a signature: a timestamp authority,
// or a log of version 1 (sigstore/rekor-tiles, docs/: version 2 has no time of its own).
func (p plan) tellsTime() bool {
	for _, w := range p.Witnesses {
		if w.Kind == placeTimestamp || w.Version == rekor.V1 {
			return true
		}
	}
	return false
}

// published are the services of the plan whose records everybody can read: the
// certificate authority, for it logs its certificates, and the logs.
func (p plan) published() []string {
	var all []string
	if cli.PublicService(p.Authority) {
		all = append(all, p.Authority)
	}
	for _, w := range p.Witnesses {
		if w.Kind == placeLog && cli.PublicService(w.URL) {
			all = append(all, w.URL)
		}
	}
	return all
}
