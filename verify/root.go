package verify

import (
	"errors"

	"github.com/carnet-project/carnet/attest"
)

// A Root is what the caller trusts beforehand: public keys, say.
//
// Open checks the bundle's signature and returns the payload that it covers and
// who made it. For a file's signature, which carries no payload, the payload is nil
// and what is authenticated is the bundle's MessageDigest. The payload returned is
// the only one that may be read on.
//
// An error that is [ErrUnknownSigner] means that the bundle is not this root's to
// judge; the next root is asked. Any other error means that the bundle is bad, and
// nobody is asked further; it should be an *[Error]. Open does no I/O and may be
// called from several goroutines at once.
type Root interface {
	Open(b *attest.Bundle) (payload []byte, by Identity, err error)
}

// ErrUnknownSigner says that a root does not know who signed a bundle.
var ErrUnknownSigner = errors.New("unknown signer")

// An Identity is who made a signature.
type Identity struct {
	// Name is what the verifying side calls the signer: the key's file, say.
	Name string
	// Key is the SHA-256 of the signer's public key in PKIX encoding.
	Key attest.Digest
}

func (i Identity) String() string {
	if i.Name == "" {
		return "key " + i.Key.String()
	}
	return "key " + i.Name + " (" + i.Key.String() + ")"
}
