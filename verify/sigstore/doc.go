// Package sigstore is a root of trust made of a Sigstore trusted root: certificate
// authorities, transparency logs and timestamp authorities.
//
// # Certificates
//
// [NewRoot] opens what was signed under a certificate of a [Material]'s authorities, if
// its holder is accepted:
//
//	m, err := sigstore.ParseMaterial("production", trustedRootJSON)
//	root := sigstore.NewRoot(m, m.Need(), accept)
//	evidence, err := verify.Bundle(b, subject, root)
//
// # Keys
//
// A key's signature has no time of its own. [Clock] finds trusted times in the log
// entries and timestamps of its bundle, and package verify/key judges the key's validity
// and revocation by them:
//
//	keys, err := key.Parse("release.pub", pem)
//	keys = keys.Within(key.Validity{Until: end})
//	root := keys.Timed(sigstore.Clock(sigstore.Need{}, materials...))
//
// Keys without a clock open as before, without times; those with a validity then open
// nothing.
//
// # Who decides
//
// What is accepted, sigstore-go has accepted; this package adds refusals, never
// acceptance. It is stricter in these: an entry of a known log or a timestamp of a known
// authority that is not good refuses the bundle even where others suffice; a log's key
// must have been in use at the trusted times, for logs of version 2 too; the kind and the
// body that an entry has are those that the log took in; certificates
// name exactly one signer; chains and proofs are bounded. It is wider in these: a bundle
// 0.1 or 0.2 and the older layout may bring intermediate authorities, as 0.3 may; an
// Ed25519 key may have signed an envelope by its digest; and an image signature of the
// older layout is a message as any other.
//
// When sigstore-go refuses, its exported single steps are run one by one to find the link
// that failed. They can change the reason and never the verdict.
//
// No clock is read: a certificate is judged at the trusted times of its signature.
package sigstore
