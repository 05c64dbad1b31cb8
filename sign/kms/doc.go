// Package kms signs with keys that never leave a key management service or a hardware
// module: those of sigstore/sigstore's providers (package cloud links the four of the
// clouds), and those behind a plugin, a program on the PATH that is called
// sigstore-kms-NAME and serves references of the form NAME://KEY
// (sigstore/sigstore, pkg/signature/kms/cliplugin). A PKCS#11 URI (RFC 7512) is served by
// the plugin sigstore-kms-pkcs11, for PKCS#11 needs cgo.
//
// A service signs digests. It gets no message, so that a message of any size costs one
// small request; and every signature is checked with the public key before it is used,
// for a service that signs with another algorithm than the key's usual one would make
// bundles that nobody can verify.
package kms
