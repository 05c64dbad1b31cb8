package key

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"strings"
)

// An Algorithm is a kind of key that carnet makes.
type Algorithm string

// The algorithms of new keys, and the hash each one signs: SHA-256 for P-256 and
// RSA (PKCS#1 v1.5), SHA-384 for P-384, SHA-512 for P-521 and for Ed25519ph, in
// which Ed25519 keys sign files. They are what cosign 3 signs with for each kind of
// key; to verify P-384 and P-521, cosign 3.1 must be told --signature-digest-algorithm.
const (
	ECDSAP256 Algorithm = "ecdsa-p256"
	ECDSAP384 Algorithm = "ecdsa-p384"
	ECDSAP521 Algorithm = "ecdsa-p521"
	Ed25519   Algorithm = "ed25519"
	RSA3072   Algorithm = "rsa-3072"
	RSA4096   Algorithm = "rsa-4096"
)

// rsa2048 keys are read, for they are in use; they are not made.
const rsa2048 Algorithm = "rsa-2048"

// DefaultAlgorithm is the one that every reader of Sigstore bundles knows.
const DefaultAlgorithm = ECDSAP256

// ErrUnsupported says that a key is well formed and carnet will not sign with it:
// it is too weak, or of a kind that no verifier here accepts. The error that wraps
// it says which.
var ErrUnsupported = errors.New("unsupported key")

// Algorithms are all that [Generate] makes, the default first.
func Algorithms() []Algorithm {
	return []Algorithm{ECDSAP256, ECDSAP384, ECDSAP521, Ed25519, RSA3072, RSA4096}
}

// ParseAlgorithm reads the name of an algorithm that [Generate] makes.
func ParseAlgorithm(name string) (Algorithm, error) {
	var names []string
	for _, a := range Algorithms() {
		if name == string(a) {
			return a, nil
		}
		names = append(names, string(a))
	}
	return "", fmt.Errorf("%w algorithm %q: want one of %s", ErrUnsupported, name, strings.Join(names, ", "))
}

func generate(a Algorithm) (crypto.Signer, error) {
	switch a {
	case ECDSAP256:
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case ECDSAP384:
		return ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case ECDSAP521:
		return ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	case Ed25519:
		_, private, err := ed25519.GenerateKey(rand.Reader)
		return private, err
	case RSA3072:
		return rsa.GenerateKey(rand.Reader, 3072)
	case RSA4096:
		return rsa.GenerateKey(rand.Reader, 4096)
	}
	_, err := ParseAlgorithm(string(a))
	return nil, err
}

// algorithmOf names a key's algorithm, or refuses the key and says why.
func algorithmOf(public crypto.PublicKey) (Algorithm, error) {
	switch k := public.(type) {
	case ed25519.PublicKey:
		return Ed25519, nil
	case *ecdsa.PublicKey:
		return algorithmOfCurve(k.Curve)
	case *rsa.PublicKey:
		return algorithmOfModulus(k)
	}
	return "", fmt.Errorf("%w: a %T is none of ECDSA, Ed25519 and RSA", ErrUnsupported, public)
}

func algorithmOfCurve(c elliptic.Curve) (Algorithm, error) {
	switch c {
	case elliptic.P256():
		return ECDSAP256, nil
	case elliptic.P384():
		return ECDSAP384, nil
	case elliptic.P521():
		return ECDSAP521, nil
	}
	return "", fmt.Errorf("%w: elliptic curve %s: want P-256, P-384 or P-521", ErrUnsupported, c.Params().Name)
}

// algorithmOfModulus accepts the sizes that Sigstore's algorithm registry has.
func algorithmOfModulus(k *rsa.PublicKey) (Algorithm, error) {
	switch bits := k.N.BitLen(); bits {
	case 2048:
		return rsa2048, nil
	case 3072:
		return RSA3072, nil
	case 4096:
		return RSA4096, nil
	default:
		reason := "Sigstore's verifiers do not know this size"
		if bits < 2048 {
			reason = "it can be factored"
		}
		return "", fmt.Errorf("%w: RSA of %d bits: %s; want 2048, 3072 or 4096", ErrUnsupported, bits, reason)
	}
}

// hashOf gives the hash that keys of algorithm a sign.
func hashOf(a Algorithm) crypto.Hash {
	switch a {
	case ECDSAP384:
		return crypto.SHA384
	case ECDSAP521, Ed25519:
		return crypto.SHA512
	}
	return crypto.SHA256
}
