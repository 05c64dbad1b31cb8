// Package identity says whose certificates are accepted.
//
// A [Pattern] is held against what a certificate says of its holder: the subject and the
// OIDC issuer that vouched for it, or what a CI system had certified about the build.
// Patterns are anchored globs: "*" stands for any part of one segment between slashes,
// "**" for anything, every other character for itself, and a pattern matches a whole value
// or not at all. The zero Pattern matches nothing.
//
// Whether the certificate is true is not asked here; a root of trust has checked that.
package identity
