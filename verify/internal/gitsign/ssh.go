package gitsign

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/binary"
	"strings"
)

const (
	beginSSH = "-----BEGIN SSH SIGNATURE-----"
	endSSH   = "-----END SSH SIGNATURE-----"
)

// namespace is what signatures of git are for; one that was made for something else, a file
// or a login, is none of a commit.
const namespace = "git"

// A sshSignature is a signature by an SSH key over any content (OpenSSH, PROTOCOL.sshsig).
type sshSignature struct {
	blob      []byte // the public key as it is encoded
	key       publicKey
	reserved  []byte
	hash      string
	signature []byte
}

func parseSSHSignature(armored string) (sshSignature, error) {
	var s sshSignature
	body, ok := strings.CutPrefix(strings.TrimSpace(armored), beginSSH+"\n")
	if ok {
		body, ok = strings.CutSuffix(body, "\n"+endSSH)
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(strings.ReplaceAll(body, "\n", ""))
	if !ok || err != nil {
		return s, fault(Malformed, "the SSH signature is not armored as it should be")
	}
	w := wire{rest: raw}
	magic, version := w.take(6), w.uint32()
	s.blob = w.bytes()
	forWhat := w.text()
	s.reserved, s.hash, s.signature = w.bytes(), w.text(), w.bytes()
	switch {
	case !w.end() || string(magic) != "SSHSIG":
		return s, fault(Malformed, "the SSH signature can't be read")
	case version != 1:
		return s, fault(Unsupported, "the SSH signature is of version %d, want 1", version)
	case forWhat != namespace:
		return s, fault(Invalid, "the SSH signature is for %.64q and not for %q", forWhat, namespace)
	case s.hash != "sha256" && s.hash != "sha512":
		return s, fault(Unsupported, "the SSH signature hashes with %.64q, want sha256 or sha512", s.hash)
	}
	if s.key, ok = parsePublicKey(s.blob); !ok {
		return s, fault(Unsupported, "the SSH signature is by a key of type %.64q that is not accepted", s.key.kind)
	}
	return s, nil
}

// over says whether the signature is over the message.
func (s sshSignature) over(message []byte) bool {
	var sum []byte
	if s.hash == "sha256" {
		h := sha256.Sum256(message)
		sum = h[:]
	} else {
		h := sha512.Sum512(message)
		sum = h[:]
	}
	var signed bytes.Buffer
	signed.WriteString("SSHSIG")
	for _, field := range [][]byte{[]byte(namespace), s.reserved, []byte(s.hash), sum} {
		_ = binary.Write(&signed, binary.BigEndian, uint32(len(field))) // a buffer takes all
		signed.Write(field)
	}
	return s.key.verify(signed.Bytes(), s.signature)
}

// fingerprint names a key as OpenSSH does.
func fingerprint(blob []byte) string {
	sum := sha256.Sum256(blob)
	return "SHA256:" + base64.RawStdEncoding.EncodeToString(sum[:])
}
