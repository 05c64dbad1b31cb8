// Package identity says whose certificates are accepted: patterns over what a certificate
// says of its holder, anchored at both ends.
package identity
