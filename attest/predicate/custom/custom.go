// Package custom has cosign's predicate for data of no particular type
// (sigstore/cosign, specs/COSIGN_PREDICATE_SPEC.md).
package custom

import (
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/internal/strict"
)

// Type is the predicate type.
const Type = "https://cosign.sigstore.dev/attestation/v1"

// Wrap makes the predicate that cosign makes of a file: its content as one string,
// whether or not it is JSON, and the time, in UTC to the second. Content that is not
// UTF-8 has no such string, and is refused with an *[attest.Error].
func Wrap(content []byte, at time.Time) ([]byte, error) {
	if !utf8.Valid(content) {
		return nil, strict.Fault(attest.FaultMalformed, "/Data", "is not UTF-8: encode it, as base64 for example")
	}
	raw := make([]byte, 0, len(content)+len(content)/8+64)
	raw = append(raw, `{"Data":`...)
	raw, _ = jsontext.AppendQuote(raw, content) // fails only for what is not UTF-8
	raw = append(raw, `,"Timestamp":"`...)
	raw = at.UTC().Truncate(time.Second).AppendFormat(raw, time.RFC3339)
	return append(raw, `"}`...), nil
}

// Validate holds raw to the specification. The error is an *[attest.Error] whose
// Where is a JSON pointer.
func Validate(predicateType string, raw []byte) error {
	if predicateType != Type {
		return strict.Fault(attest.FaultUnsupported, "", "%q is not cosign's type for custom data", strict.Clip(predicateType))
	}
	return strict.Read(raw, strict.Object(
		strict.Present("Data", strict.Any()),
		strict.Required("Timestamp", strict.Time(nil)),
	))
}
