// Package authority is a certificate authority with the API of Fulcio: it issues
// certificates of ten minutes to those who show an identity token and the possession of
// a key (sigstore/fulcio, docs/certificate-specification.md, fulcio.proto).
package authority

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"time"

	"github.com/sigstore/sigstore/pkg/cryptoutils"

	"github.com/carnet-project/carnet/sign/local/internal/identity"
)

// validity is how long certificates are good, as of the public instance.
const validity = 10 * time.Minute

// A Log takes a precertificate and returns the list of timestamps for the certificate.
type Log interface {
	Add(ctx context.Context, precertificate []byte) ([]byte, error)
}

// An Authority issues certificates. It may be used by several goroutines at once.
type Authority struct {
	// Key signs certificates, and Chain is its certificate and those above it, the
	// root last.
	Key   crypto.Signer
	Chain []*x509.Certificate
	// Tokens are checked by it, and Issuers are what it believes, for clients to see.
	Tokens  *identity.Verifier
	Issuers []identity.Issuer
	Log     Log
	Now     func() time.Time
}

// The poison of precertificates and the list of timestamps (RFC 6962, sections 3.1, 3.3).
var (
	oidPoison = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11129, 2, 4, 3}
	oidSCTs   = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11129, 2, 4, 2}
)

// issue makes a certificate that says so: first the precertificate, which the log takes, then the
// same with the log's timestamp in place of the poison.
func (a *Authority) issue(ctx context.Context, said []pkix.Extension, key crypto.PublicKey) ([]byte, error) {
	template, err := a.template(key)
	if err != nil {
		return nil, err
	}
	poison := pkix.Extension{Id: oidPoison, Critical: true, Value: asn1.NullBytes}
	template.ExtraExtensions = append(slices.Clip(said), poison)
	precertificate, err := x509.CreateCertificate(rand.Reader, template, a.Chain[0], key, a.Key)
	if err != nil {
		return nil, fmt.Errorf("making the precertificate: %w", err)
	}
	list, err := a.Log.Add(ctx, precertificate)
	if err != nil {
		return nil, err
	}
	value, err := asn1.Marshal(list)
	if err != nil {
		return nil, err
	}
	template.ExtraExtensions = append(slices.Clip(said), pkix.Extension{Id: oidSCTs, Value: value})
	made, err := x509.CreateCertificate(rand.Reader, template, a.Chain[0], key, a.Key)
	if err != nil {
		return nil, fmt.Errorf("making the certificate: %w", err)
	}
	return made, nil
}

func (a *Authority) template(key crypto.PublicKey) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 159))
	if err != nil {
		return nil, err
	}
	id, err := cryptoutils.SKID(key)
	if err != nil {
		return nil, errors.New("the public key has no identifier")
	}
	from := a.Now().UTC().Truncate(time.Second)
	return &x509.Certificate{
		SerialNumber: serial.Add(serial, big.NewInt(1)), NotBefore: from, NotAfter: from.Add(validity), SubjectKeyId: id,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning},
	}, nil
}
