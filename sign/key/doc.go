// Package key signs with key files.
//
// Keys are made, imported and opened here in the form that cosign 3 reads and
// writes: a PKCS#8 private key, sealed with NaCl secretbox under a scrypt of the
// password, in a PEM block of type "ENCRYPTED SIGSTORE PRIVATE KEY" (the older
// "ENCRYPTED COSIGN PRIVATE KEY" is read too), and the public key as PKIX PEM.
//
// Opening an encrypted key takes a scrypt of 2^16: some 0.15 s and 64 MiB. A
// process opens a key once and signs with the [Signer] as often as it likes.
//
// No error, and no formatting of a [Pair] or a [Signer], contains a secret.
package key
