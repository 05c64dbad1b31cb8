package layout

import (
	"encoding/base64"
	"encoding/hex"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/in-toto/in-toto-golang/in_toto"
	"github.com/secure-systems-lab/go-securesystemslib/cjson"

	"github.com/carnet-project/carnet/attest"
)

// A Wrapping is how signatures go with what they cover.
type Wrapping string

// The two wrappings of layouts and links (in-toto specification 1.0, 4.2; ITE-5).
const (
	// Metablock is {"signed": …, "signatures": […]}; signatures are over the canonical
	// JSON of what is signed.
	Metablock Wrapping = "metablock"
	// DSSE is an envelope of the payload type application/vnd.in-toto+json; signatures
	// are over the exact bytes of the payload.
	DSSE Wrapping = "dsse"
)

const (
	// MaxLayoutBytes bounds a layout with its signatures, and MaxLinkBytes a link.
	MaxLayoutBytes = 4 << 20
	MaxLinkBytes   = 64 << 20
	// maxSignatures bounds the signatures of one file.
	maxSignatures = 100
)

// signed is a file of metadata, of which nothing is verified: what is signed and by whom,
// as it says.
type signed struct {
	wrapping Wrapping
	// payload is the JSON that is signed and read on, and kind its _type.
	payload    []byte
	kind       string
	signatures []signature
}

// A signature is one of those beside a payload.
type signature struct {
	keyID string
	bytes []byte
	// certified says that a certificate is beside it.
	certified bool
}

// open reads a file in either wrapping.
func open(raw []byte, limit int) (*signed, error) {
	if len(raw) > limit {
		return nil, fmt.Errorf("is over %d bytes", limit)
	}
	outer, err := members(raw)
	if err != nil {
		return nil, err
	}
	var s *signed
	if _, ok := outer["payloadType"]; ok {
		s, err = openEnvelope(raw)
	} else if _, ok := outer["signed"]; ok {
		s, err = openMetablock(raw)
	} else {
		return nil, errors.New(`is no in-toto metadata: it has neither "signed" nor "payloadType"`)
	}
	if err != nil {
		return nil, err
	}
	if len(s.signatures) > maxSignatures {
		return nil, fmt.Errorf("has over %d signatures", maxSignatures)
	}
	inner, err := members(s.payload)
	if err != nil {
		return nil, fmt.Errorf("what is signed: %w", err)
	}
	if err := json.Unmarshal(inner["_type"], &s.kind); err != nil {
		return nil, errors.New("what is signed has no _type")
	}
	return s, nil
}

func openMetablock(raw []byte) (*signed, error) {
	var block struct {
		Signed     jsontext.Value `json:"signed"`
		Signatures []struct {
			KeyID string `json:"keyid"`
			Sig   string `json:"sig"`
			Cert  string `json:"cert"`
		} `json:"signatures"`
	}
	if err := strict(raw, &block); err != nil {
		return nil, err
	}
	s := &signed{wrapping: Metablock, payload: block.Signed}
	for i, sig := range block.Signatures {
		b, err := hex.DecodeString(sig.Sig)
		if err != nil {
			return nil, fmt.Errorf("signature %d is not hexadecimal", i+1)
		}
		s.signatures = append(s.signatures, signature{sig.KeyID, b, sig.Cert != ""})
	}
	return s, nil
}

func openEnvelope(raw []byte) (*signed, error) {
	var envelope struct {
		Payload     string `json:"payload"`
		PayloadType string `json:"payloadType"`
		Signatures  []struct {
			KeyID string `json:"keyid"`
			Sig   string `json:"sig"`
		} `json:"signatures"`
	}
	if err := strict(raw, &envelope); err != nil {
		return nil, err
	}
	if envelope.PayloadType != in_toto.PayloadType {
		return nil, fmt.Errorf("has the payload type %.80q, want %s", envelope.PayloadType, in_toto.PayloadType)
	}
	payload, err := unbase64(envelope.Payload)
	if err != nil {
		return nil, errors.New("the payload is not base64")
	}
	s := &signed{wrapping: DSSE, payload: payload}
	for i, sig := range envelope.Signatures {
		b, err := unbase64(sig.Sig)
		if err != nil {
			return nil, fmt.Errorf("signature %d is not base64", i+1)
		}
		s.signatures = append(s.signatures, signature{keyID: sig.KeyID, bytes: b})
	}
	return s, nil
}

// unbase64 reads either alphabet, as DSSE asks (DSSE v1.0.2, envelope.md).
func unbase64(text string) ([]byte, error) {
	if strings.ContainsAny(text, "-_") {
		return base64.URLEncoding.Strict().DecodeString(text)
	}
	return base64.StdEncoding.Strict().DecodeString(text)
}

// message is what the signatures cover.
func (s *signed) message() ([]byte, error) {
	if s.wrapping == DSSE {
		return io.ReadAll(attest.PAE(in_toto.PayloadType, s.payload))
	}
	canonical, err := cjson.EncodeCanonical(stdjson.RawMessage(s.payload))
	if err != nil {
		return nil, fmt.Errorf("has no canonical JSON: %w", err)
	}
	return canonical, nil
}

// members are the members of a JSON object. A name that is there twice, at any depth, is
// refused, and so is invalid UTF-8: two readers could take it for two things.
func members(raw []byte) (map[string]jsontext.Value, error) {
	var all map[string]jsontext.Value
	if err := json.Unmarshal(raw, &all); err != nil {
		return nil, notJSON(err)
	}
	return all, nil
}

// strict reads raw into a struct, whose fields are all that may be there.
func strict(raw []byte, into any) error {
	return notJSON(json.Unmarshal(raw, into, json.RejectUnknownMembers(true)))
}

// require refuses an object that lacks one of names.
func require(raw []byte, names ...string) error {
	all, err := members(raw)
	if err != nil {
		return err
	}
	for _, name := range names {
		if _, ok := all[name]; !ok {
			return fmt.Errorf("has no %q", name)
		}
	}
	return nil
}

// notJSON takes the names of Go's types out of a parser's error.
func notJSON(err error) error {
	var semantic *json.SemanticError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &semantic) && errors.Is(err, json.ErrUnknownName):
		return fmt.Errorf("%s is not known: what is not known can't be kept to", place(semantic.JSONPointer))
	case errors.As(err, &semantic):
		return fmt.Errorf("%s is not of the kind that it has to be", place(semantic.JSONPointer))
	}
	var syntactic *jsontext.SyntacticError
	if errors.As(err, &syntactic) {
		return fmt.Errorf("is not strict JSON at %s: %w", place(syntactic.JSONPointer), syntactic.Err)
	}
	return fmt.Errorf("is not strict JSON: %w", err)
}

func place(at jsontext.Pointer) string {
	if at == "" {
		return "the document"
	}
	return fmt.Sprintf("%.120q", string(at))
}

// quoted lists names for people, the first few and how many more.
func quoted(names []string) string {
	const most = 5
	names = slices.Sorted(slices.Values(names))
	more := len(names) - most
	if more > 0 {
		names = names[:most]
	}
	var parts []string
	for _, n := range names {
		parts = append(parts, fmt.Sprintf("%.120q", n))
	}
	if more > 0 {
		parts = append(parts, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(parts, ", ")
}
