// Package trust has the commands that say which Sigstore instances are trusted, and the
// only ones that fetch trust.
package trust
