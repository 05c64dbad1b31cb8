// Package sigstore is a root of trust made of a Sigstore trusted root: certificate
// authorities, transparency logs and timestamp authorities.
package sigstore
