package layout

import (
	"encoding/base64"
	"encoding/hex"
	stdjson "encoding/json"
	"fmt"

	"github.com/in-toto/in-toto-golang/in_toto"

	"github.com/carnet-project/carnet/attest"
)

// New writes an unsigned layout in a wrapping. What is nil is written as empty, as all
// implementations want it.
func New(l in_toto.Layout, w Wrapping) ([]byte, error) {
	if l.Steps == nil {
		l.Steps = []in_toto.Step{}
	}
	if l.Inspect == nil {
		l.Inspect = []in_toto.Inspection{}
	}
	payload, err := stdjson.Marshal(l)
	if err != nil {
		return nil, fmt.Errorf("writing the layout: %w", err)
	}
	return encode(&signed{wrapping: w, payload: payload})
}

// Signed is the layout with the owner's signature, whose bytes sig are made over
// [Document.Message]; one by the same owner that is there already is replaced. A signature
// that does not hold is refused.
func (d *Document) Signed(o Owner, sig []byte) ([]byte, error) {
	message, err := d.file.message()
	if err != nil {
		return nil, err
	}
	if !o.signer.signed(message, signature{bytes: sig}) {
		return nil, fmt.Errorf("the signature is not one by %s that in-toto verifies: it wants Ed25519 without a prehash, ECDSA over the curve's hash, or RSA-PSS with SHA-256", o.Signer())
	}
	file := *d.file
	file.signatures = nil
	for _, other := range d.file.signatures {
		if other.keyID == "" || !o.signer.named(other.keyID) {
			file.signatures = append(file.signatures, other)
		}
	}
	file.signatures = append(file.signatures, signature{keyID: o.signer.KeyID, bytes: sig})
	return encode(&file)
}

type signatureJSON struct {
	KeyID string `json:"keyid"`
	Sig   string `json:"sig"`
}

func encode(s *signed) ([]byte, error) {
	encoding := base64.StdEncoding.EncodeToString
	if s.wrapping == Metablock {
		encoding = hex.EncodeToString
	}
	signatures := []signatureJSON{}
	for _, sig := range s.signatures {
		signatures = append(signatures, signatureJSON{sig.keyID, encoding(sig.bytes)})
	}
	var file any = struct {
		Signed     stdjson.RawMessage `json:"signed"`
		Signatures []signatureJSON    `json:"signatures"`
	}{s.payload, signatures}
	if s.wrapping == DSSE {
		file = struct {
			Payload     string          `json:"payload"`
			PayloadType string          `json:"payloadType"`
			Signatures  []signatureJSON `json:"signatures"`
		}{encoding(s.payload), attest.PayloadType, signatures}
	}
	raw, err := stdjson.MarshalIndent(file, "", "  ")
	return append(raw, '\n'), err
}
