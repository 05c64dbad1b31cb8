// Package attest holds the nouns of carnet: what is said about software, and
// what is signed.
//
// A claim is born as a [Statement]: subjects, a predicate type and a predicate,
// unsigned. Signed, it is a [Bundle]. What a bundle says becomes believable only
// by way of the verify package; looking into one without that needs the method
// that says so, [Bundle.UnverifiedStatement].
//
// All types here are immutable and keep the exact bytes they came from. Nothing
// is encoded again after signing, and a digest is always over what was read.
//
// The package does no I/O: no network, no files, no environment, no clock.
package attest
