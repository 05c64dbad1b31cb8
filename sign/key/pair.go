package key

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"fmt"

	"github.com/secure-systems-lab/go-securesystemslib/encrypted"
	"github.com/sigstore/sigstore/pkg/cryptoutils"
)

// A Pair is a private key in memory, with its public key, before it is written.
// Formatting one prints its algorithm only.
type Pair struct {
	private   crypto.Signer
	algorithm Algorithm
	publicPEM []byte
}

// Generate makes a new key from the system's randomness.
func Generate(a Algorithm) (*Pair, error) {
	private, err := generate(a)
	if err != nil {
		return nil, err
	}
	return newPair(private)
}

// Import reads a plain private key: one PEM block of PKCS#1 ("RSA PRIVATE KEY"),
// SEC 1 ("EC PRIVATE KEY") or PKCS#8 ("PRIVATE KEY"). A key that openssl encrypted
// is refused with the command that decrypts it. The errors are [ErrMalformed] and
// [ErrUnsupported], wrapped.
func Import(file []byte) (*Pair, error) {
	block, err := onlyBlock(file)
	if err != nil {
		return nil, err
	}
	if sealed(block) {
		return nil, fmt.Errorf("%w: the key is a Sigstore key already: use it as it is", ErrUnsupported)
	}
	private, err := parsePlain(block)
	if err != nil {
		return nil, err
	}
	return newPair(private)
}

func newPair(private crypto.Signer) (*Pair, error) {
	algorithm, err := algorithmOf(private.Public())
	if err != nil {
		return nil, err
	}
	publicPEM, err := cryptoutils.MarshalPublicKeyToPEM(private.Public())
	if err != nil {
		return nil, fmt.Errorf("encoding the public key: %w", err)
	}
	return &Pair{private, algorithm, publicPEM}, nil
}

// Algorithm is the key's algorithm; an imported key's may also be "rsa-2048".
func (p *Pair) Algorithm() Algorithm { return p.algorithm }

// PublicPEM is the public key as a PKIX PEM block, the content of a .pub file.
func (p *Pair) PublicPEM() []byte { return append([]byte(nil), p.publicPEM...) }

// Encrypt seals the private key under password, as cosign 3 does, and gives the
// PEM that [Load] and cosign read. An empty password is allowed, as it is there.
func (p *Pair) Encrypt(password []byte) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(p.private)
	if err != nil {
		return nil, fmt.Errorf("encoding the private key: %w", err)
	}
	defer clear(der)
	box, err := encrypted.Encrypt(der, password)
	if err != nil {
		return nil, fmt.Errorf("encrypting the private key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: sigstoreKey, Bytes: box}), nil
}

// Signer signs with the pair without a file.
func (p *Pair) Signer() (*Signer, error) { return newSigner(p) }

// Format prints the algorithm and never the key, whatever the verb.
func (p *Pair) Format(s fmt.State, _ rune) { fmt.Fprintf(s, "%s key pair", p.algorithm) }
