package sigstore

import (
	"bytes"
	"crypto/x509"
	"errors"
	"time"

	"github.com/sigstore/sigstore-go/pkg/root"
)

// quickened is a trusted root whose authorities were checked beforehand.
type quickened struct {
	root.TrustedMaterial
	authorities []root.CertificateAuthority
}

func (q quickened) FulcioCertificateAuthorities() []root.CertificateAuthority { return q.authorities }

// quicken checks once what is the same for every signature: that the root of each
// authority signed its intermediate. Half the time of a verification goes there, since
// the public instance's authorities have P-384 keys.
func quicken(trusted root.TrustedMaterial) root.TrustedMaterial {
	q := quickened{TrustedMaterial: trusted}
	for _, a := range trusted.FulcioCertificateAuthorities() {
		if ca, ok := a.(*root.FulcioCertificateAuthority); ok && simple(ca) {
			a = newChecked(ca)
		}
		q.authorities = append(q.authorities, a)
	}
	return q
}

// simple says whether path validation below the intermediate depends on nothing in the
// root but its key and its validity: one intermediate, signed by the root, and in the
// root no constraint that reaches down to leaves (RFC 5280, section 6.1).
func simple(ca *root.FulcioCertificateAuthority) bool {
	if len(ca.Intermediates) != 1 || ca.Root == nil {
		return false
	}
	top, below := ca.Root, ca.Intermediates[0]
	unconstrained := len(top.ExtKeyUsage) == 0 && len(top.UnknownExtKeyUsage) == 0 && len(top.UnhandledCriticalExtensions) == 0 &&
		len(below.UnhandledCriticalExtensions) == 0 && !constrained(top) && !constrained(below) &&
		!(top.MaxPathLen == 0 && top.MaxPathLenZero)
	return unconstrained && top.IsCA && below.IsCA && bytes.Equal(below.RawIssuer, top.RawSubject) && below.CheckSignatureFrom(top) == nil
}

func constrained(c *x509.Certificate) bool {
	const nameConstraints = "2.5.29.30"
	for _, e := range c.Extensions {
		if e.Id.String() == nameConstraints {
			return true
		}
	}
	return false
}

// checked is an authority whose intermediate is known to be its root's.
type checked struct {
	ca *root.FulcioCertificateAuthority
	// pool holds the intermediate, which ends the search for a chain.
	pool *x509.CertPool
}

func newChecked(ca *root.FulcioCertificateAuthority) *checked {
	pool := x509.NewCertPool()
	pool.AddCert(ca.Intermediates[0])
	return &checked{ca, pool}
}

// Verify implements [root.CertificateAuthority] as sigstore-go does, with the signature
// on the intermediate left out. All validities are checked at t.
func (c *checked) Verify(leaf *x509.Certificate, t time.Time) ([][]*x509.Certificate, error) {
	if t.IsZero() {
		return nil, errors.New("no time to check the certificate at") // crypto/x509 would take the clock's
	}
	for _, window := range [][2]time.Time{{c.ca.ValidityPeriodStart, c.ca.ValidityPeriodEnd}, {c.ca.Root.NotBefore, c.ca.Root.NotAfter}} {
		if !during(t, window[0], window[1]) {
			return nil, errors.New("the authority was not in use then")
		}
	}
	chains, err := leaf.Verify(x509.VerifyOptions{
		CurrentTime: t, Roots: c.pool, Intermediates: x509.NewCertPool(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning},
	})
	for i := range chains {
		chains[i] = append(chains[i], c.ca.Root)
	}
	return chains, err
}

// during says whether t is from start to end inclusive; a zero end is open.
func during(t, start, end time.Time) bool {
	return (start.IsZero() || !t.Before(start)) && (end.IsZero() || !t.After(end))
}
