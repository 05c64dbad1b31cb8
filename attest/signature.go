package attest

// A Signature is what a signer made of a message.
type Signature struct {
	// Bytes is the signature as its algorithm encodes it.
	Bytes []byte
	// Message is the digest of the message by the hash that was signed.
	Message Digest
	// KeyHint tells a verifier which key to try: the base64 of the SHA-256 of the
	// public key's PKIX encoding, as cosign 3 writes it. It is not authenticated. A
	// bundle with certificates has none.
	KeyHint string
	// PublicKey is the signer's public key in PKIX DER. Bundles do not hold it;
	// transparency logs ask for it.
	PublicKey []byte
	// Certificates are the signer's certificate and the intermediates above it in DER,
	// without the root; there are none for a bare key.
	Certificates [][]byte
}
