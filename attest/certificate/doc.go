// Package certificate reads what signing certificates say of their holders, and writes
// it as Fulcio does (sigstore/fulcio, docs/certificate-specification.md, docs/oid-info.md).
package certificate
