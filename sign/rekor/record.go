package rekor

import (
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
)

// A record is what an entry says of a signature.
type record struct {
	kind      string
	signature []byte
	digest    []byte
	key       []byte // a certificate or a public key in DER
}

// readRecord reads the body of an entry of the three kinds that are written here. It
// looks for what it needs and leaves the rest to verifiers.
func readRecord(body []byte) (record, error) {
	var entry struct {
		Kind       string          `json:"kind"`
		APIVersion string          `json:"apiVersion"`
		Spec       json.RawMessage `json:"spec"`
	}
	if err := json.Unmarshal(body, &entry); err != nil {
		return record{}, err
	}
	read := map[string]func(json.RawMessage) (record, error){
		"hashedrekord 0.0.1": readHashedV1, "hashedrekord 0.0.2": readHashedV2, "dsse 0.0.1": readDSSE,
	}[entry.Kind+" "+entry.APIVersion]
	if read == nil {
		return record{}, fmt.Errorf("it is a %.40q of version %.40q, which was not sent", entry.Kind, entry.APIVersion)
	}
	r, err := read(entry.Spec)
	r.kind = entry.Kind
	return r, err
}

// readHashedV1 reads a hashedrekord 0.0.1 (rekor, hashedrekord_v0_0_1_schema.json).
func readHashedV1(raw json.RawMessage) (record, error) {
	var spec struct {
		Data struct {
			Hash struct {
				Value string `json:"value"`
			} `json:"hash"`
		} `json:"data"`
		Signature struct {
			Content   []byte `json:"content"`
			PublicKey struct {
				Content []byte `json:"content"`
			} `json:"publicKey"`
		} `json:"signature"`
	}
	if err := json.Unmarshal(raw, &spec); err != nil {
		return record{}, err
	}
	return newRecord(spec.Signature.Content, spec.Data.Hash.Value, spec.Signature.PublicKey.Content)
}

// readDSSE reads a dsse 0.0.1 (rekor, dsse_v0_0_1_schema.json).
func readDSSE(raw json.RawMessage) (record, error) {
	var spec struct {
		PayloadHash struct {
			Value string `json:"value"`
		} `json:"payloadHash"`
		Signatures []struct {
			Signature []byte `json:"signature"`
			Verifier  []byte `json:"verifier"`
		} `json:"signatures"`
	}
	if err := json.Unmarshal(raw, &spec); err != nil {
		return record{}, err
	}
	if n := len(spec.Signatures); n != 1 {
		return record{}, fmt.Errorf("it has %d signatures, want one", n)
	}
	return newRecord(spec.Signatures[0].Signature, spec.PayloadHash.Value, spec.Signatures[0].Verifier)
}

// newRecord is of version 1, which writes digests in hex and keys as PEM.
func newRecord(signature []byte, digest string, key []byte) (record, error) {
	sum, err := hex.DecodeString(digest)
	if err != nil {
		return record{}, err
	}
	block, _ := pem.Decode(key)
	if block == nil {
		return record{}, fmt.Errorf("the signer in it is not PEM")
	}
	return record{signature: signature, digest: sum, key: block.Bytes}, nil
}

// readHashedV2 reads a hashedrekord 0.0.2 (rekor-tiles, hashedrekord.proto).
func readHashedV2(raw json.RawMessage) (record, error) {
	var spec struct {
		V struct {
			Data struct {
				Digest []byte `json:"digest"`
			} `json:"data"`
			Signature struct {
				Content  []byte `json:"content"`
				Verifier struct {
					PublicKey       der `json:"publicKey"`
					X509Certificate der `json:"x509Certificate"`
				} `json:"verifier"`
			} `json:"signature"`
		} `json:"hashedRekordV002"`
	}
	if err := json.Unmarshal(raw, &spec); err != nil {
		return record{}, err
	}
	verifier := spec.V.Signature.Verifier
	key := verifier.X509Certificate.RawBytes
	if len(key) == 0 {
		key = verifier.PublicKey.RawBytes
	}
	return record{signature: spec.V.Signature.Content, digest: spec.V.Data.Digest, key: key}, nil
}

type der struct {
	RawBytes []byte `json:"rawBytes"`
}
