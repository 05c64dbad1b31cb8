package verify

import (
	"errors"
	"time"

	"github.com/carnet-project/carnet/attest"
)

// A Root is what the caller trusts beforehand: public keys, a Sigstore instance.
//
// Open checks the bundle's signature and returns the payload that it covers, who made
// it, and when, as far as anybody trusted says so. For a file's signature, which carries
// no payload, the payload is nil and what is authenticated is the bundle's
// MessageDigest. The payload returned is the only one that may be read on.
//
// An error that is [ErrUnknownSigner] means that the bundle is not this root's to
// judge; the next root is asked. Any other error means that the bundle is bad, and
// nobody is asked further; it should be an *[Error]. Open does no I/O and may be
// called from several goroutines at once.
type Root interface {
	Open(b *attest.Bundle) (Opening, error)
}

// An Opening is what a root found in a bundle that is good. The zero Opening is what
// goes with an error.
type Opening struct {
	Payload []byte
	By      Identity
	// Times are when the signature existed, by those who are trusted to say so; none
	// where nobody was asked.
	Times []Time
	// Logs name the transparency logs, as the root of trust does, that took the signature
	// in, by a proof of inclusion or a promise of it that holds.
	Logs []string
}

// A Time is a moment at which a signature existed.
type Time struct {
	At time.Time
	// Source is who says so.
	Source TimeSource
	// URI names the log or the authority, as the root of trust does.
	URI string
}

// A TimeSource is a kind of trusted clock.
type TimeSource string

// The kinds of trusted clocks.
const (
	// TimeLog is the time at which a transparency log (Rekor v1) took the entry in.
	TimeLog TimeSource = "transparency-log"
	// TimeTimestamp is an RFC 3161 timestamp.
	TimeTimestamp TimeSource = "timestamp"
)

// ErrUnknownSigner says that a root does not know who signed a bundle.
var ErrUnknownSigner = errors.New("unknown signer")

// An Identity is who made a signature.
type Identity struct {
	// Name is what the verifying side calls the signer: the key's file, say.
	Name string
	// Key is the SHA-256 of the signer's public key in PKIX encoding.
	Key attest.Digest
	// Certificate is what the signer's certificate says, or nil for a bare key.
	Certificate *attest.Certificate
}

// Same says whether two signatures are one signer's: made with one key, whatever it is
// called, or under certificates of one authority for one subject of one issuer.
func (i Identity) Same(o Identity) bool {
	if i.Key == o.Key && !i.Key.IsZero() {
		return true
	}
	a, b := i.Certificate, o.Certificate
	return a != nil && b != nil && a.Subject == b.Subject && a.Issuer == b.Issuer &&
		(a.Issuer != "" || a.Authority == b.Authority)
}

func (i Identity) String() string {
	switch {
	case i.Certificate != nil && i.Certificate.Issuer != "":
		return i.Certificate.Subject + " (" + i.Certificate.Issuer + ")"
	case i.Certificate != nil:
		return i.Certificate.Subject + " (certified by " + i.Certificate.Authority + ")"
	case i.Name == "":
		return "key " + i.Key.String()
	}
	return "key " + i.Name + " (" + i.Key.String() + ")"
}
