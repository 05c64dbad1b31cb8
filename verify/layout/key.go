package layout

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/in-toto/in-toto-golang/in_toto"
	"github.com/secure-systems-lab/go-securesystemslib/cjson"
	"github.com/secure-systems-lab/go-securesystemslib/dsse"
	"github.com/secure-systems-lab/go-securesystemslib/signerverifier"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/verify/key"
)

// A Signer is who signs a layout or a link, as the one who verifies knows it.
type Signer struct {
	// Name is what it is called: the key's file or, of a functionary, nothing.
	Name string
	// KeyID names the key in the layout.
	KeyID string
	// Key is the SHA-256 of the public key in PKIX encoding: the one name that a key
	// can't have two of.
	Key attest.Digest
}

func (s Signer) String() string {
	if s.Name != "" {
		return "key " + s.Name + " (" + s.Key.String() + ")"
	}
	return fmt.Sprintf("key %.12s… (%s)", s.KeyID, s.Key)
}

// An Owner is a public key whose signature makes a layout count.
type Owner struct {
	signer *signer
}

// Owners reads one or more public keys in PEM, ed25519, ECDSA or RSA, one after the other.
// The name is what the file is called in findings.
func Owners(name string, publicPEM []byte) ([]Owner, error) {
	// What key refuses, such as a private or a weak key, is refused here.
	if _, err := key.Parse(name, publicPEM); err != nil {
		return nil, err
	}
	var all []Owner
	for rest := bytes.TrimSpace(publicPEM); len(rest) > 0; {
		block, after := pem.Decode(rest)
		if block == nil {
			break
		}
		k, err := NewKey(pem.EncodeToMemory(block))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		s, err := newSigner(k.KeyID, k)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		s.Name = name
		all = append(all, Owner{s})
		rest = bytes.TrimSpace(after)
	}
	return all, nil
}

// Signer says who the owner is.
func (o Owner) Signer() Signer { return o.signer.Signer }

// NewKey is a public key in PEM as layouts have it, with the id by which in-toto-golang
// knows it.
func NewKey(publicPEM []byte) (in_toto.Key, error) {
	if _, err := key.Parse("the key", publicPEM); err != nil {
		return in_toto.Key{}, err
	}
	var k in_toto.Key
	if err := k.LoadKeyReaderDefaults(bytes.NewReader(publicPEM)); err != nil {
		return in_toto.Key{}, fmt.Errorf("in-toto has no such key: %w", err)
	}
	return k, nil
}

// A signer is a key that can be held against signatures.
type signer struct {
	Signer
	// ids are all names by which programs of in-toto call the key.
	ids      []string
	root     *key.Root
	verifier dsse.Verifier
}

// newSigner reads a key of a layout that is listed under id. Its id is computed again
// from what the key is: nobody can be listed under the name of another.
func newSigner(id string, k in_toto.Key) (*signer, error) {
	if k.KeyID != "" && k.KeyID != id {
		return nil, fmt.Errorf("is listed as %.80q and calls itself %.80q", id, k.KeyID)
	}
	if k.KeyVal.Private != "" {
		return nil, errors.New("has a private part: it is known to all who have the layout")
	}
	if k.KeyVal.Certificate != "" {
		return nil, errors.New("is a certificate, which is not supported")
	}
	ids, err := idsOf(k)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(ids, id) {
		return nil, fmt.Errorf("is listed as %.80q, and its id is %s", id, ids[0])
	}
	publicPEM, err := pemOf(k)
	if err != nil {
		return nil, err
	}
	root, err := key.Parse("the key", publicPEM)
	if err != nil {
		return nil, err
	}
	identities := root.Identities()
	if len(identities) != 1 {
		return nil, errors.New("is several keys in one")
	}
	s := &signer{Signer: Signer{KeyID: id, Key: identities[0].Key}, ids: ids, root: root}
	// The id that in-toto-golang would give it, where the layout's author used another.
	if usual, err := NewKey(publicPEM); err == nil {
		s.ids = append(s.ids, usual.KeyID)
	}
	s.verifier, err = verifierOf(k)
	return s, err
}

// idsOf are the ids that a key may have: that of in-toto-golang and older versions of
// python-securesystemslib, which hashes keyid_hash_algorithms too, and that of newer ones.
func idsOf(k in_toto.Key) ([]string, error) {
	described := map[string]any{"keytype": k.KeyType, "scheme": k.Scheme, "keyval": map[string]string{"public": k.KeyVal.Public}}
	var ids []string
	for _, withAlgorithms := range []bool{true, false} {
		delete(described, "keyid_hash_algorithms")
		if withAlgorithms {
			described["keyid_hash_algorithms"] = k.KeyIDHashAlgorithms
		}
		canonical, err := cjson.EncodeCanonical(described)
		if err != nil {
			return nil, fmt.Errorf("has no canonical JSON: %w", err)
		}
		sum := sha256.Sum256(canonical)
		ids = append(ids, hex.EncodeToString(sum[:]))
	}
	return ids, nil
}

// pemOf is the public key of a key of a layout, which must be of the type that it says.
func pemOf(k in_toto.Key) ([]byte, error) {
	if k.KeyType == signerverifier.ED25519KeyType {
		raw, err := hex.DecodeString(k.KeyVal.Public)
		if err != nil || len(raw) != ed25519.PublicKeySize || k.Scheme != "ed25519" {
			return nil, fmt.Errorf("is no ed25519 key: want %d bytes in hexadecimal, and the scheme ed25519", ed25519.PublicKeySize)
		}
		der, err := x509.MarshalPKIXPublicKey(ed25519.PublicKey(raw))
		if err != nil {
			return nil, err
		}
		return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), nil
	}
	block, rest := pem.Decode([]byte(k.KeyVal.Public))
	if block == nil || block.Type != "PUBLIC KEY" || len(bytes.TrimSpace(rest)) > 0 {
		return nil, fmt.Errorf("is of type %.40q and not one public key in PEM", k.KeyType)
	}
	public, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("is no public key: %w", err)
	}
	if !fits(k, public) {
		return nil, fmt.Errorf("says that it is of type %.40q and scheme %.40q, and holds a %T: want ed25519, ecdsa with ecdsa-sha2-…, or rsa with rsassa-pss-sha256", k.KeyType, k.Scheme, public)
	}
	return pem.EncodeToMemory(block), nil
}

func fits(k in_toto.Key, public crypto.PublicKey) bool {
	switch public.(type) {
	case *rsa.PublicKey:
		return k.KeyType == signerverifier.RSAKeyType && k.Scheme == signerverifier.RSAKeyScheme
	case *ecdsa.PublicKey:
		// in-toto-golang calls the scheme nistp256 whatever the curve is; the curve counts.
		return k.KeyType == signerverifier.ECDSAKeyType && strings.HasPrefix(k.Scheme, "ecdsa-sha2-nistp")
	}
	return false
}

// verifierOf checks signatures as in-toto makes them: Ed25519 without a prehash, ECDSA in
// ASN.1 over the curve's hash, RSA-PSS over SHA-256 with a salt of 32 bytes.
func verifierOf(k in_toto.Key) (dsse.Verifier, error) {
	plain := &signerverifier.SSLibKey{KeyID: k.KeyID, KeyType: k.KeyType, Scheme: k.Scheme, KeyVal: signerverifier.KeyVal{Public: k.KeyVal.Public}}
	switch k.KeyType {
	case signerverifier.ED25519KeyType:
		return signerverifier.NewED25519SignerVerifierFromSSLibKey(plain)
	case signerverifier.ECDSAKeyType:
		return signerverifier.NewECDSASignerVerifierFromSSLibKey(plain)
	case signerverifier.RSAKeyType:
		return signerverifier.NewRSAPSSSignerVerifierFromSSLibKey(plain)
	}
	return nil, fmt.Errorf("is of type %.40q: want ed25519, ecdsa or rsa", k.KeyType)
}

// named says whether a signature's hint is one of the key's names, or there is no hint.
func (s *signer) named(keyID string) bool { return keyID == "" || slices.Contains(s.ids, keyID) }

// signed says whether the signature over message is the key's.
func (s *signer) signed(message []byte, sig signature) bool {
	return s.verifier.Verify(context.Background(), message, sig.bytes) == nil
}
