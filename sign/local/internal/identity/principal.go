package identity

import (
	"errors"
	"fmt"
	"net/mail"
	"net/url"
	"strings"

	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/carnet-project/carnet/attest"
)

// A Principal is what a certificate says of its holder.
type Principal struct {
	// Proof is what the holder signs to show that the key is theirs.
	Proof  string
	Issuer string
	// Subject is the alternative name. A user name has its domain behind a "!".
	Subject     string
	SubjectType attest.SubjectType
	Claims      map[attest.Claim]string
}

func principal(i Issuer, subject string, claims map[string]string) (Principal, error) {
	if subject == "" {
		return Principal{}, errors.New("the identity token has no subject")
	}
	p := Principal{Proof: subject, Issuer: i.URL, Claims: map[attest.Claim]string{attest.ClaimTokenSubject: subject}}
	var err error
	switch i.Kind {
	case Email:
		err = p.email(claims)
	case SPIFFE:
		err = p.spiffe(i, subject)
	case URI:
		err = p.uri(i, subject)
	case Username:
		err = p.username(i, subject)
	case Kubernetes:
		err = p.kubernetes(claims)
	default:
		err = p.pipeline(i, claims)
	}
	if err != nil {
		return Principal{}, fmt.Errorf("the identity token of %q: %w", i.URL, err)
	}
	return p, nil
}

func (p *Principal) email(claims map[string]string) error {
	if claims["email_verified"] != "true" {
		return errors.New("its e-mail address is not verified")
	}
	address, err := mail.ParseAddress(claims["email"])
	if err != nil || address.Address != claims["email"] {
		return errors.New("it has no e-mail address")
	}
	p.SubjectType, p.Subject, p.Proof = attest.SubjectEmail, address.Address, address.Address
	return nil
}

func (p *Principal) spiffe(i Issuer, subject string) error {
	domain, err := spiffeid.TrustDomainFromString(i.Domain)
	if err != nil {
		return fmt.Errorf("the trust domain %q: %w", i.Domain, err)
	}
	id, err := spiffeid.FromString(subject)
	if err != nil {
		return fmt.Errorf("its subject is not a SPIFFE ID: %w", err)
	}
	if id.TrustDomain() != domain {
		return fmt.Errorf("its subject is of trust domain %q, and the issuer is for %q", id.TrustDomain().Name(), i.Domain)
	}
	p.SubjectType, p.Subject = attest.SubjectURI, id.String()
	return nil
}

func (p *Principal) uri(i Issuer, subject string) error {
	u, err := url.Parse(subject)
	if err != nil || u.Host == "" {
		return errors.New("its subject is not a URI with a host")
	}
	domain, err := url.Parse(i.Domain)
	if err != nil || u.Scheme != domain.Scheme || u.Hostname() != domain.Hostname() {
		return fmt.Errorf("its subject is a URI of %q, and the issuer is for %q", u.Scheme+"://"+u.Hostname(), i.Domain)
	}
	p.SubjectType, p.Subject = attest.SubjectURI, u.String()
	return nil
}

func (p *Principal) username(i Issuer, subject string) error {
	if strings.ContainsAny(subject, "!@") {
		return errors.New(`its subject is not a user name: it has "!" or "@"`)
	}
	p.SubjectType, p.Subject = attest.SubjectOther, subject+"!"+i.Domain
	return nil
}

func (p *Principal) kubernetes(claims map[string]string) error {
	namespace, account := claims["kubernetes.io/namespace"], claims["kubernetes.io/serviceaccount"]
	if namespace == "" || account == "" || strings.ContainsAny(namespace+account, "/?#") {
		return errors.New("it names no namespace and service account of Kubernetes")
	}
	p.SubjectType, p.Subject = attest.SubjectURI, "https://kubernetes.io/namespaces/"+namespace+"/serviceaccounts/"+account
	return nil
}

// builtDomain is the bound of a token of the built-in issuer, which vouches for anybody.
func builtDomain(kind Kind, subject string) string {
	switch u, err := url.Parse(subject); {
	case kind == Username:
		return "local"
	case err != nil:
		return ""
	case kind == SPIFFE:
		return u.Hostname()
	case kind == URI:
		return u.Scheme + "://" + u.Hostname()
	}
	return ""
}
