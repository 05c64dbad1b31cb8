// Package pkcs11 signs with keys in PKCS#11 tokens: hardware modules, smart cards. It
// needs cgo, since a token's library is one of C; what signs without cgo runs the program
// sigstore-kms-pkcs11, which is made of this package.
package pkcs11
