// Package public is what is known of the public-good Sigstore instance when carnet is
// built: its trusted root, its signing configuration, and the TUF root from which newer
// ones are fetched.
//
// The files are the targets trusted_root.json and signing_config.v0.2.json of version 14
// of the instance's TUF repository, and version 16 of its root. They were taken from the
// repository's own store (github.com/sigstore/root-signing) and the seed in
// @sigstore/tuf 5.0.1 of the npm registry, which was published on the date that [Taken]
// gives. Their digests are those that the repository's signed targets list; a test holds
// them to that.
//
// The signing configuration names Rekor v1, as the instance does by default. It has a
// second one, signing_config_rekor_v2.v0.2.json, for signers whose readers all know
// entries of Rekor v2; a log of either version is trusted.
package public

import (
	_ "embed"
	"time"
)

const (
	// Mirror is where the instance publishes its TUF repository.
	Mirror = "https://tuf-repo-cdn.sigstore.dev"
	// TargetsVersion and RootVersion are the versions of the TUF metadata that list the
	// files here.
	TargetsVersion, RootVersion = 14, 16

	taken = "2026-11-05"
)

//go:embed trusted_root.json
var trustedRoot string

//go:embed signing_config.json
var signingConfig string

//go:embed root.json
var root string

// Taken is the day, in UTC, on which the snapshot was the newest.
func Taken() time.Time {
	day, err := time.Parse(time.DateOnly, taken)
	if err != nil {
		panic(err) // a constant, which a test reads
	}
	return day
}

// TrustedRoot is the trusted_root.json of the instance.
func TrustedRoot() []byte { return []byte(trustedRoot) }

// SigningConfig is the signing_config.v0.2.json of the instance.
func SigningConfig() []byte { return []byte(signingConfig) }

// TUFRoot is the TUF root.json from which newer ones are verified.
func TUFRoot() []byte { return []byte(root) }
