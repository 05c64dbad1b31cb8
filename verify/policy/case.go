package policy

import (
	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/verify"
)

// A Case is all that is known of an artifact when it is judged.
type Case struct {
	Artifact artifact.Artifact
	// Evidence is what roots believe.
	Evidence []*verify.Evidence
	// Beside is evidence about the same content under a digest of another algorithm: the
	// caller has hashed it for both. Its signers count where several are wanted.
	Beside []*verify.Evidence
	// Rejected is what was looked at and refused.
	Rejected []Rejected
	// Unknown is what could not be looked at.
	Unknown []Unknown
}

// A Rejected is a piece of stored evidence that was refused.
type Rejected struct {
	// Subject is the digest it was stored for.
	Subject attest.Digest
	Place   attest.Place
	// Manifest names the stored manifest; Bundle the bundle in it, if there is one.
	Manifest, Bundle attest.Digest
	// PredicateType is what it claims to be; nobody vouches for it.
	PredicateType string
	Form          attest.Form
	Refusal       *verify.Error
}

// An Unknown is a gap: evidence about Subject may exist, and nobody could look.
type Unknown struct {
	Subject attest.Digest
	Place   attest.Place
	// Reason tells what could not be read from what is over a bound.
	Reason verify.Reason
	Detail string
}
