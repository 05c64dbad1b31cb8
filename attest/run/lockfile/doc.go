// Package lockfile reads the lock files of package managers as lists of what a build may
// take in: each package by its package URL, with the digests that the lock file holds it to.
// They are what SLSA provenance calls resolved dependencies.
//
// A lock file says what was allowed, not what was used: it may hold packages for other
// platforms and for tests. A digest is taken only if it is of the file that a reader of the
// provenance would download for the package URL; other checksums become annotations. A lock
// file that contradicts itself is refused.
//
// docs/lockfiles.md has a table of the formats.
package lockfile
