// Package local is a private Sigstore in one process: a certificate authority with the
// API of Fulcio, a Rekor v2 transparency log, a certificate transparency log, a timestamp
// authority, an issuer of identity tokens, and a TUF repository of their trusted root.
package local
