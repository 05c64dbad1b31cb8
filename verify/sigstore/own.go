package sigstore

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"

	"github.com/sigstore/sigstore-go/pkg/root"
)

// maxAuthorities bounds one's own certificate authorities.
const maxAuthorities = 100

// OwnAuthorities is the material of certificate authorities of one's own, in PEM, which
// issue long-lived certificates and are in no transparency log. Intermediate ones may be
// in the bundle. The times of their holders' signatures are those of the witnesses' logs
// and timestamp authorities, of which one must say a time.
//
// Whom such an authority calls what is its own affair: it could also write an issuer's name
// into a certificate, as Fulcio does. Who takes its holders must take none with an issuer.
func OwnAuthorities(name string, authoritiesPEM []byte, witnesses ...*Material) (*Material, error) {
	certificates, err := parseAuthorities(authoritiesPEM)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	own := &ownMaterial{restricted: restricted{TrustedMaterial: &root.BaseTrustedMaterial{}, logs: map[string]*root.TransparencyLog{}}}
	for _, c := range certificates {
		own.holders = append(own.holders, &root.FulcioCertificateAuthority{Root: c, ValidityPeriodStart: c.NotBefore, ValidityPeriodEnd: c.NotAfter})
	}
	for _, w := range witnesses {
		maps.Copy(own.logs, w.trusted.RekorLogs())
		own.authorities = append(own.authorities, w.trusted.TimestampingAuthorities()...)
	}
	return &Material{name: name, trusted: own, quick: own}, nil
}

func parseAuthorities(text []byte) ([]*x509.Certificate, error) {
	var all []*x509.Certificate
	for rest := bytes.TrimSpace(text); len(rest) > 0; rest = bytes.TrimSpace(rest) {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil || block.Type != "CERTIFICATE" {
			return nil, errors.New("not a certificate in PEM: expected -----BEGIN CERTIFICATE-----")
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("an unreadable certificate: %w", err)
		}
		if !c.IsCA || !c.BasicConstraintsValid {
			return nil, fmt.Errorf("the certificate of %q is not an authority's", c.Subject)
		}
		if len(all) == maxAuthorities {
			return nil, fmt.Errorf("more than %d certificates", maxAuthorities)
		}
		all = append(all, c)
	}
	if len(all) == 0 {
		return nil, errors.New("is empty: expected a certificate in PEM")
	}
	return all, nil
}

// ownMaterial is one's own authorities beside the logs and clocks of others.
type ownMaterial struct {
	restricted
	holders []root.CertificateAuthority
}

// FulcioCertificateAuthorities implements sigstore-go's TrustedMaterial.
func (o *ownMaterial) FulcioCertificateAuthorities() []root.CertificateAuthority { return o.holders }
