// Package trustedroot reads what a trusted_root.json and a signing_config.json say, for
// people, and writes both for an infrastructure of one's own (protobuf-specs,
// sigstore_trustroot.proto). What they mean for a signature is judged in the package
// above.
package trustedroot
