// Package services reads a Sigstore signing configuration: which authorities and logs
// there are to sign with, and how many of each a signature needs (protobuf-specs,
// sigstore_trustroot.proto, SigningConfig).
package services
