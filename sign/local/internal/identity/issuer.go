// Package identity turns OIDC tokens into what a certificate says of its holder, by the
// rules of Fulcio (sigstore/fulcio, docs/oid-info.md, config/identity/config.yaml).
package identity

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// A Kind is how an issuer's tokens become certificates.
type Kind string

// The kinds of issuers, named as in Fulcio's configuration, without its suffixes.
const (
	Email      Kind = "email"
	GitHub     Kind = "github"
	GitLab     Kind = "gitlab"
	Buildkite  Kind = "buildkite"
	CircleCI   Kind = "circleci"
	SPIFFE     Kind = "spiffe"
	Kubernetes Kind = "kubernetes"
	URI        Kind = "uri"
	Username   Kind = "username"
)

// Kinds are all kinds.
func Kinds() []Kind {
	return []Kind{Email, GitHub, GitLab, Buildkite, CircleCI, SPIFFE, Kubernetes, URI, Username}
}

// An Issuer is an OIDC issuer whose tokens are believed.
type Issuer struct {
	// URL is the issuer as its tokens spell it.
	URL string `json:"url"`
	// Kind is how its tokens are read.
	Kind Kind `json:"kind"`
	// Base is where the repositories of a GitHub or GitLab of one's own are; the
	// default is the public one's.
	Base string `json:"base,omitempty"`
	// Domain bounds what the issuer may vouch for: the trust domain of SPIFFE, the
	// scheme and host of URIs, and what follows the "!" in user names. These kinds
	// need it.
	Domain string `json:"domain,omitempty"`
}

// ParseIssuer reads an issuer as the command line has it: URL[,type=KIND][,url=BASE]
// [,domain=DOMAIN]. The kind is e-mail if none is given.
func ParseIssuer(text string) (Issuer, error) {
	parts := strings.Split(text, ",")
	i := Issuer{URL: parts[0], Kind: Email}
	for _, part := range parts[1:] {
		name, value, ok := strings.Cut(part, "=")
		switch {
		case ok && name == "type":
			i.Kind = Kind(value)
		case ok && name == "url":
			i.Base = value
		case ok && name == "domain":
			i.Domain = value
		default:
			return Issuer{}, fmt.Errorf("issuer %q: expected type=, url= or domain= after the URL, and found %q", text, part)
		}
	}
	return i, i.valid()
}

func (i Issuer) valid() error {
	u, err := url.Parse(i.URL)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return fmt.Errorf("issuer %q is not an http or https URL", i.URL)
	}
	if !slices.Contains(Kinds(), i.Kind) {
		return fmt.Errorf("issuer %q: expected a type of %v, and found %q", i.URL, Kinds(), i.Kind)
	}
	bounded := i.Kind == SPIFFE || i.Kind == URI || i.Kind == Username
	if bounded != (i.Domain != "") {
		return fmt.Errorf("issuer %q: type %s, and domain %q: spiffe, uri and username need a domain, and nothing else takes one", i.URL, i.Kind, i.Domain)
	}
	if i.Base != "" && i.Kind != GitHub && i.Kind != GitLab {
		return fmt.Errorf("issuer %q: type %s takes no url", i.URL, i.Kind)
	}
	if i.Base != "" {
		if b, err := url.Parse(i.Base); err != nil || b.Host == "" {
			return errors.New("the url of the issuer's repositories is not a URL")
		}
	}
	return nil
}
