package policy

import (
	"time"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/verify"
)

// A Case is all that is known of an artifact when it is judged.
type Case struct {
	Artifact artifact.Artifact
	// Tag is the tag by which the artifact was asked for, if it was.
	Tag string
	// Evidence is what roots believe.
	Evidence []*verify.Evidence
	// Beside is evidence about the same content under a digest of another algorithm: the
	// caller has hashed it for both. Its signers count where several are wanted.
	Beside []*verify.Evidence
	// Covered are statements that nobody signed, in an index whose digest covers them.
	Covered []Covered
	// Rejected is what was looked at and refused.
	Rejected []Rejected
	// Unknown is what could not be looked at.
	Unknown []Unknown
	// Images is what the configurations of images say, by the manifest's digest. One that
	// is needed and not there could not be looked at.
	Images map[attest.Digest]Image
	// Unread says of configurations that are not in Images, and of base images that are not
	// in Bases, why they could not be read.
	Unread map[attest.Digest]string
	// Bases are the base images that were found, by digest, each a case of its own.
	Bases map[attest.Digest]Base
	// At is the time for which the case is judged. Without it nothing has an age.
	At time.Time
	// Deploy is where the artifact is meant to run, as far as the caller knows.
	Deploy Deploy
	// Facts remembers what predicates say over several judgements; it may be nil.
	Facts *Facts
}

// A Deploy is where an artifact is meant to run.
type Deploy struct{ Cluster, Namespace, ServiceAccount, Environment string }

// An Image is what an image's configuration and manifest say.
type Image struct {
	// Created is zero where the configuration does not say.
	Created time.Time
	// DiffIDs are the digests of the uncompressed layers, lowest first.
	DiffIDs []string
	Labels  map[string]string
	// Annotations are the manifest's.
	Annotations map[string]string
	Platform    string
}

// A Base is a base image: what it is called, and a case about it.
type Base struct {
	// Name is its full repository name, and Case what is known of it, for its own digest.
	Name string
	Case Case
	// Shallow says that only its layers were looked at, and not its evidence.
	Shallow bool
}

// A Covered is an unsigned statement that lies in an index.
type Covered struct {
	// Subject is the node that it is about.
	Subject attest.Digest
	// Manifest is the attestation manifest's digest, which the index has.
	Manifest  attest.Digest
	Statement *attest.Statement
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
	// PredicateType is what the store says it is, or "".
	PredicateType string
	// Reason tells what could not be read from what is over a bound.
	Reason verify.Reason
	Detail string
}
