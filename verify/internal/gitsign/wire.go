package gitsign

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"math/big"
)

// A wire reads the encoding of SSH (RFC 4251, section 5). It never fails twice: after the
// first fault all it gives is empty, and bad says so.
type wire struct {
	rest []byte
	bad  bool
}

func (w *wire) take(n int) []byte {
	if w.bad || n < 0 || n > len(w.rest) {
		w.bad = true
		return nil
	}
	b := w.rest[:n]
	w.rest = w.rest[n:]
	return b
}

func (w *wire) uint32() uint32 {
	if b := w.take(4); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

func (w *wire) bytes() []byte {
	n := w.uint32()
	if n > maxCommit {
		w.bad = true
		return nil
	}
	return w.take(int(n))
}

func (w *wire) text() string { return string(w.bytes()) }

// mpint reads a number that is not negative.
func (w *wire) mpint() *big.Int {
	b := w.bytes()
	if len(b) > 0 && b[0]&0x80 != 0 {
		w.bad = true
	}
	return new(big.Int).SetBytes(b)
}

// end says whether all was read and was good.
func (w *wire) end() bool { return !w.bad && len(w.rest) == 0 }

// A publicKey is an SSH public key (RFC 4253, 5656, 8709; OpenSSH, PROTOCOL.u2f).
type publicKey struct {
	kind string
	key  crypto.PublicKey
	// application is of a security key, which signs more than the message.
	application string
}

// minRSA is the smallest RSA key whose signatures count, in bits.
const minRSA = 2048

// parsePublicKey reads a key; false if it is none that is read here. Certificates are none.
func parsePublicKey(blob []byte) (publicKey, bool) {
	w := wire{rest: blob}
	k := publicKey{kind: w.text()}
	ok := true
	switch k.kind {
	case "ssh-ed25519", "sk-ssh-ed25519@openssh.com":
		point := w.bytes()
		k.key, ok = ed25519.PublicKey(point), len(point) == ed25519.PublicKeySize
	case "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "sk-ecdsa-sha2-nistp256@openssh.com":
		k.key, ok = ecdsaKey(k.kind, w.text(), w.bytes())
	case "ssh-rsa":
		e, n := w.mpint(), w.mpint()
		ok = e.IsInt64() && e.Int64() >= 3 && e.Int64() < 1<<31 && e.Bit(0) == 1 && n.BitLen() >= minRSA && n.BitLen() <= 16384
		if ok {
			k.key = &rsa.PublicKey{N: n, E: int(e.Int64())}
		}
	default:
		return k, false
	}
	if k.security() {
		k.application = w.text()
	}
	return k, ok && w.end()
}

func (k publicKey) security() bool { return len(k.kind) > 3 && k.kind[:3] == "sk-" }

func ecdsaKey(kind, name string, point []byte) (crypto.PublicKey, bool) {
	var curve elliptic.Curve
	switch name {
	case "nistp256":
		curve = elliptic.P256()
	case "nistp384":
		curve = elliptic.P384()
	case "nistp521":
		curve = elliptic.P521()
	default:
		return nil, false
	}
	if kind != "ecdsa-sha2-"+name && kind != "sk-ecdsa-sha2-"+name+"@openssh.com" {
		return nil, false
	}
	key, err := ecdsa.ParseUncompressedPublicKey(curve, point)
	return key, err == nil
}

// verify says whether the signature, in SSH's encoding, is the key's over the message.
func (k publicKey) verify(message, signature []byte) bool {
	w := wire{rest: signature}
	format, value := w.text(), w.bytes()
	if k.security() {
		flags, counter := w.take(1), w.take(4)
		const present = 1 // somebody touched the key
		if w.bad || flags[0]&present == 0 {
			return false
		}
		application, sum := sha256.Sum256([]byte(k.application)), sha256.Sum256(message)
		message = append(append(append(application[:], flags...), counter...), sum[:]...)
	}
	if !w.end() {
		return false
	}
	switch key := k.key.(type) {
	case ed25519.PublicKey:
		return format == k.kind && len(value) == ed25519.SignatureSize && ed25519.Verify(key, message, value)
	case *ecdsa.PublicKey:
		v := wire{rest: value}
		r, s := v.mpint(), v.mpint()
		return format == k.kind && v.end() && ecdsa.Verify(key, curveHash(key.Curve, message), r, s)
	case *rsa.PublicKey:
		switch format {
		case "rsa-sha2-256":
			sum := sha256.Sum256(message)
			return rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], value) == nil
		case "rsa-sha2-512":
			sum := sha512.Sum512(message)
			return rsa.VerifyPKCS1v15(key, crypto.SHA512, sum[:], value) == nil
		}
	}
	return false
}

func curveHash(curve elliptic.Curve, message []byte) []byte {
	switch curve {
	case elliptic.P384():
		sum := sha512.Sum384(message)
		return sum[:]
	case elliptic.P521():
		sum := sha512.Sum512(message)
		return sum[:]
	}
	sum := sha256.Sum256(message)
	return sum[:]
}
