// Package kms signs with keys that never leave a key management service or a hardware
// module.
package kms
