package produce

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"time"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/cmd/internal/cli"
	"github.com/carnet-project/carnet/sign"
)

// maxChain bounds a certificate chain; real ones have two to four.
const maxChain = 10

// certified signs with a key whose certificate goes into the bundle.
type certified struct {
	sign.Signer
	chain [][]byte
}

func (s certified) Sign(ctx context.Context, message io.Reader) (attest.Signature, error) {
	sig, err := s.Signer.Sign(ctx, message)
	sig.Certificates, sig.KeyHint = s.chain, ""
	return sig, err
}

// readChain reads --certificate and --certificate-chain: the key's certificate and those
// above it in DER, without the root, which verifiers have or do not believe.
func readChain(c *cli.Call, publicPEM []byte, now time.Time) ([][]byte, error) {
	if c.String("certificate") == "" {
		return nil, nil
	}
	var chain []*x509.Certificate
	for _, flag := range []string{"certificate", "certificate-chain"} {
		if c.String(flag) == "" {
			continue
		}
		more, err := readCertificates(c.String(flag))
		if err != nil {
			return nil, fmt.Errorf("--%s %w", flag, err)
		}
		chain = append(chain, more...)
	}
	if err := checkChain(chain, publicPEM, now); err != nil {
		return nil, cli.Usagef("--certificate %s: %v", c.String("certificate"), err)
	}
	var der [][]byte
	for i, cert := range chain {
		if i > 0 && selfSigned(cert) {
			break
		}
		der = append(der, cert.Raw)
	}
	return der, nil
}

func readCertificates(path string) ([]*x509.Certificate, error) {
	rest, err := cli.ReadFile(path, 256<<10)
	if err != nil {
		return nil, err
	}
	var all []*x509.Certificate
	for len(bytes.TrimSpace(rest)) > 0 {
		block, after := pem.Decode(rest)
		if block == nil || block.Type != "CERTIFICATE" {
			return nil, cli.Usagef("%s: not certificates in PEM: expected -----BEGIN CERTIFICATE-----", path)
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, cli.Usagef("%s: %v", path, err)
		}
		if all = append(all, cert); len(all) > maxChain {
			return nil, cli.Usagef("%s: more than %d certificates", path, maxChain)
		}
		rest = after
	}
	if len(all) == 0 {
		return nil, cli.Usagef("%s: is empty: expected a certificate in PEM", path)
	}
	return all, nil
}

// checkChain refuses a chain that no verifier would take: of another key, out of order,
// expired.
func checkChain(chain []*x509.Certificate, publicPEM []byte, now time.Time) error {
	block, _ := pem.Decode(publicPEM)
	if block == nil || !bytes.Equal(chain[0].RawSubjectPublicKeyInfo, block.Bytes) {
		return fmt.Errorf("it is the certificate of another key than --key (the key's own comes first)")
	}
	if selfSigned(chain[0]) {
		return fmt.Errorf("it is signed by itself, so that it vouches for nobody: use --key alone")
	}
	for i, cert := range chain {
		if now.Before(cert.NotBefore) || now.After(cert.NotAfter) {
			return fmt.Errorf("the certificate of %q is valid from %s to %s, and now is %s", cert.Subject, stamp(cert.NotBefore), stamp(cert.NotAfter), stamp(now))
		}
		if i == 0 {
			continue
		}
		if err := chain[i-1].CheckSignatureFrom(cert); err != nil {
			return fmt.Errorf("the certificate of %q is not issued by the next one, of %q: %v", chain[i-1].Subject, cert.Subject, err)
		}
	}
	return nil
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func selfSigned(c *x509.Certificate) bool {
	return bytes.Equal(c.RawSubject, c.RawIssuer) && c.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature) == nil
}
