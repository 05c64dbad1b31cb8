package trustedroot

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
)

// maxChain bounds the certificates of one authority.
const maxChain = 10

// ParseChain reads the certificates of an authority in PEM: the one that issues first,
// its root last, each issued by the next.
func ParseChain(raw []byte) ([]*x509.Certificate, error) {
	var chain []*x509.Certificate
	for rest := bytes.TrimSpace(raw); len(rest) > 0; rest = bytes.TrimSpace(rest) {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil || block.Type != "CERTIFICATE" {
			return nil, errors.New("has something else than certificates in PEM")
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("certificate %d can't be read: %w", len(chain)+1, err)
		}
		if chain = append(chain, cert); len(chain) > maxChain {
			return nil, fmt.Errorf("has over %d certificates", maxChain)
		}
	}
	if len(chain) == 0 {
		return nil, errors.New("has no certificate in PEM")
	}
	for i, cert := range chain[:len(chain)-1] {
		if err := cert.CheckSignatureFrom(chain[i+1]); err != nil {
			return nil, fmt.Errorf("certificate %d, %q, is not issued by the next, %q: the one that issues comes first, its root last", i+1, cert.Subject, chain[i+1].Subject)
		}
	}
	if last := chain[len(chain)-1]; !last.IsCA || last.CheckSignatureFrom(last) != nil {
		return nil, fmt.Errorf("the last certificate, %q, is not a root that issued itself", last.Subject)
	}
	return chain, nil
}

// checkIssuer holds the chain of a certificate authority to what it is for.
func checkIssuer(chain []*x509.Certificate) error {
	if !chain[0].IsCA {
		return fmt.Errorf("the first certificate, %q, is not an authority's", chain[0].Subject)
	}
	return nil
}

// checkTimestamps holds the chain of a timestamp authority to what it is for: verifiers
// need the certificate that signs timestamps, and one that issued it.
func checkTimestamps(chain []*x509.Certificate) error {
	if len(chain) < 2 || chain[0].IsCA {
		return errors.New("the certificate that signs timestamps must come first, and its root last")
	}
	if !slices.Contains(chain[0].ExtKeyUsage, x509.ExtKeyUsageTimeStamping) {
		return fmt.Errorf("the first certificate, %q, is not for timestamps", chain[0].Subject)
	}
	return nil
}

// ParseKey reads the public key of a log in PEM.
func ParseKey(raw []byte) (crypto.PublicKey, error) {
	block, rest := pem.Decode(bytes.TrimSpace(raw))
	if block == nil || block.Type != "PUBLIC KEY" || len(bytes.TrimSpace(rest)) > 0 {
		return nil, errors.New("is not one public key in PEM")
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("is not a public key: %w", err)
	}
	return key, nil
}
