package key

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
)

// unsupportedKind names what a private key is that crypto/x509 does not read, so
// that "does not parse" is said only of broken bytes. It is empty for those.
func unsupportedKind(block *pem.Block) string {
	switch block.Type {
	case "RSA PRIVATE KEY":
		return weakRSA(block.Bytes)
	case "EC PRIVATE KEY":
		return foreignCurve(block.Bytes)
	}
	var k struct { // RFC 5208 section 5
		Version    int
		Algorithm  pkix.AlgorithmIdentifier
		PrivateKey []byte
	}
	if _, err := asn1.Unmarshal(block.Bytes, &k); err != nil {
		return ""
	}
	switch id := k.Algorithm.Algorithm.String(); id {
	case "1.2.840.113549.1.1.1":
		return weakRSA(k.PrivateKey)
	case "1.2.840.10045.2.1":
		var curve asn1.ObjectIdentifier
		if _, err := asn1.Unmarshal(k.Algorithm.Parameters.FullBytes, &curve); err != nil {
			return ""
		}
		return curveName(curve)
	default:
		return algorithmName(id)
	}
}

// weakRSA names a PKCS#1 key whose size alone makes crypto/x509 refuse it.
func weakRSA(der []byte) string {
	var k struct { // RFC 8017 appendix A.1.2
		Version int
		N       asn1.RawValue
	}
	const bits1024 = 1024 / 8
	if _, err := asn1.Unmarshal(der, &k); err != nil || len(k.N.Bytes) == 0 || len(k.N.Bytes) >= bits1024 {
		return ""
	}
	return "RSA of less than 1024 bits, which can be factored"
}

func foreignCurve(der []byte) string {
	var k struct { // RFC 5915 section 3
		Version    int
		PrivateKey []byte
		Curve      asn1.ObjectIdentifier `asn1:"optional,explicit,tag:0"`
		PublicKey  asn1.BitString        `asn1:"optional,explicit,tag:1"`
	}
	if _, err := asn1.Unmarshal(der, &k); err != nil || k.Curve == nil {
		return ""
	}
	return curveName(k.Curve)
}

// curveName is empty for the curves that crypto/x509 reads: a key on one of these
// that does not parse is broken.
func curveName(id asn1.ObjectIdentifier) string {
	switch id.String() {
	case "1.2.840.10045.3.1.7", "1.3.132.0.34", "1.3.132.0.35", "1.3.132.0.33":
		return ""
	case "1.3.132.0.10":
		return "elliptic curve secp256k1"
	case "1.3.36.3.3.2.8.1.1.7":
		return "elliptic curve brainpoolP256r1"
	}
	return "elliptic curve " + id.String()
}

func algorithmName(id string) string {
	switch id {
	case "1.3.101.112":
		return "" // Ed25519, which crypto/x509 reads
	case "1.3.101.113":
		return "Ed448"
	case "1.2.840.10040.4.1":
		return "DSA"
	case "1.2.840.113549.1.1.10":
		return "a key for RSA-PSS alone"
	}
	return "a key of algorithm " + id
}
