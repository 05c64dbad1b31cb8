//go:build unix

package local

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"path/filepath"
	"time"

	"github.com/sigstore/sigstore/pkg/cryptoutils"

	"github.com/carnet-project/carnet/sign/local/internal/disk"
)

// certified is how long certificates of authorities are good.
const certified = 10 * 365 * 24 * time.Hour

// maxKey is the largest key or chain file in bytes.
const maxKey = 64 << 10

// keys are what a Sigstore signs with, and the chains of its authorities, the root last.
type keys struct {
	authority, ct, tsa       *ecdsa.PrivateKey
	rekor, tufRoot, tuf      ed25519.PrivateKey
	authorityChain, tsaChain []*x509.Certificate
}

// makeKeys writes new keys and chains to the folder.
func makeKeys(dir, name string, now time.Time) error {
	for _, k := range []string{"authority-root", "authority", "ct", "tsa-root", "tsa"} {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return err
		}
		if err := saveKey(dir, k, key); err != nil {
			return err
		}
	}
	for _, k := range []string{"rekor", "tuf-root", "tuf"} {
		_, key, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			return err
		}
		if err := saveKey(dir, k, key); err != nil {
			return err
		}
	}
	if err := makeChain(dir, "authority", "carnet local "+name, authorityTemplate(), now); err != nil {
		return err
	}
	return makeChain(dir, "tsa", "carnet local "+name+" timestamps", stampTemplate(), now)
}

// authorityTemplate is of the intermediate authority, which issues to people and jobs.
func authorityTemplate() *x509.Certificate {
	return &x509.Certificate{
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning},
		BasicConstraintsValid: true, IsCA: true, MaxPathLenZero: true,
	}
}

// stampTemplate is of the timestamp authority, whose one purpose is critical (RFC 3161,
// section 2.3).
func stampTemplate() *x509.Certificate {
	purpose, _ := asn1.Marshal([]asn1.ObjectIdentifier{{1, 3, 6, 1, 5, 5, 7, 3, 8}}) // a constant
	return &x509.Certificate{
		KeyUsage:        x509.KeyUsageDigitalSignature,
		ExtraExtensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Critical: true, Value: purpose}},
	}
}

// makeChain certifies the key of the name by its root.
func makeChain(dir, key, name string, template *x509.Certificate, now time.Time) error {
	rootKey, err := loadKey[*ecdsa.PrivateKey](dir, key+"-root")
	if err != nil {
		return err
	}
	own, err := loadKey[*ecdsa.PrivateKey](dir, key)
	if err != nil {
		return err
	}
	root := &x509.Certificate{KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign, BasicConstraintsValid: true, IsCA: true, MaxPathLen: 1}
	if err := complete(root, &rootKey.PublicKey, name+" root", now); err != nil {
		return err
	}
	if err := complete(template, &own.PublicKey, name, now); err != nil {
		return err
	}
	top, err := x509.CreateCertificate(rand.Reader, root, root, &rootKey.PublicKey, rootKey)
	if err != nil {
		return err
	}
	leaf, err := x509.CreateCertificate(rand.Reader, template, root, &own.PublicKey, rootKey)
	if err != nil {
		return err
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leaf})
	text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: top})...)
	return disk.Write(filepath.Join(dir, key+"-chain.pem"), text)
}

func complete(c *x509.Certificate, key *ecdsa.PublicKey, name string, now time.Time) error {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return err
	}
	if c.SubjectKeyId, err = cryptoutils.SKID(key); err != nil {
		return err
	}
	c.SerialNumber = serial.Add(serial, big.NewInt(1))
	c.Subject = pkix.Name{Organization: []string{"carnet local"}, CommonName: name}
	c.NotBefore = now.UTC().Truncate(time.Second)
	c.NotAfter = c.NotBefore.Add(certified)
	return nil
}

// issuerKey is the key of the built-in issuer, which is made when it is first wanted, by
// whoever wants it: it is of RSA, for some clients know tokens of no other kind, and
// takes longer to make than all else. Of two that make it at once, the first to write
// it wins.
func issuerKey(dir string) (*rsa.PrivateKey, error) {
	dir = filepath.Join(dir, keysFolder)
	key, err := loadKey[*rsa.PrivateKey](dir, "issuer")
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	if key, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
		return nil, err
	}
	text, err := encodeKey(key)
	if err != nil {
		return nil, err
	}
	if err := disk.Create(filepath.Join(dir, "issuer.pem"), text); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	return loadKey[*rsa.PrivateKey](dir, "issuer")
}

func saveKey(dir, name string, key crypto.PrivateKey) error {
	text, err := encodeKey(key)
	if err != nil {
		return err
	}
	return disk.Write(filepath.Join(dir, name+".pem"), text)
}

func encodeKey(key crypto.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), err
}

// loadKey reads a key. Errors hold nothing of its file.
func loadKey[K crypto.PrivateKey](dir, name string) (key K, err error) {
	raw, err := disk.Read(filepath.Join(dir, name+".pem"), maxKey)
	if err != nil {
		return key, fmt.Errorf("reading the key %q: %w", name, err)
	}
	if block, _ := pem.Decode(raw); block != nil && block.Type == "PRIVATE KEY" {
		parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		if found, ok := parsed.(K); err == nil && ok {
			return found, nil
		}
	}
	return key, fmt.Errorf("the key %q is not of the kind that was written: %w", name, fs.ErrInvalid)
}

func loadChain(dir, name string) (chain []*x509.Certificate, err error) {
	raw, err := disk.Read(filepath.Join(dir, name+"-chain.pem"), maxKey)
	if err != nil {
		return nil, err
	}
	for {
		var block *pem.Block
		if block, raw = pem.Decode(raw); block == nil {
			break
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("the chain %q: %w", name, err)
		}
		chain = append(chain, c)
	}
	if len(chain) != 2 {
		return nil, fmt.Errorf("the chain %q has %d certificates, and 2 were written", name, len(chain))
	}
	return chain, nil
}

func loadKeys(dir string) (k keys, err error) {
	var errs [8]error
	k.authority, errs[0] = loadKey[*ecdsa.PrivateKey](dir, "authority")
	k.ct, errs[1] = loadKey[*ecdsa.PrivateKey](dir, "ct")
	k.tsa, errs[2] = loadKey[*ecdsa.PrivateKey](dir, "tsa")
	k.rekor, errs[3] = loadKey[ed25519.PrivateKey](dir, "rekor")
	k.tufRoot, errs[4] = loadKey[ed25519.PrivateKey](dir, "tuf-root")
	k.tuf, errs[5] = loadKey[ed25519.PrivateKey](dir, "tuf")
	k.authorityChain, errs[6] = loadChain(dir, "authority")
	k.tsaChain, errs[7] = loadChain(dir, "tsa")
	return k, errors.Join(errs[:]...)
}
