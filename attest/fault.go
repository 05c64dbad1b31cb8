package attest

import "fmt"

// A Fault names, in one stable kebab-case word, why foreign bytes were refused.
// The verify package uses the same words as reasons.
type Fault string

// The faults that fetching or reading a digest, a statement or a bundle can have.
const (
	// FaultMalformed: not the format it claims to be.
	FaultMalformed Fault = "malformed"
	// FaultTooLarge: over a bound; nothing was decided.
	FaultTooLarge Fault = "too-large"
	// FaultDuplicateKey: a JSON object names a member twice.
	FaultDuplicateKey Fault = "duplicate-key"
	// FaultKeyCase: a JSON member differs from a specified one only by case.
	FaultKeyCase Fault = "key-case"
	// FaultTrailingData: bytes follow the document.
	FaultTrailingData Fault = "trailing-data"
	// FaultDigestWeak: no digest of an accepted algorithm.
	FaultDigestWeak Fault = "digest-weak"
	// FaultDigestMalformed: a digest of the wrong length or in upper case.
	FaultDigestMalformed Fault = "digest-malformed"
	// FaultNoSubject: a statement that is about nothing.
	FaultNoSubject Fault = "no-subject"
	// FaultPayloadType: the envelope's payload is not declared an in-toto statement.
	FaultPayloadType Fault = "payload-type"
	// FaultStatementType: the payload is not an in-toto statement of a known version.
	FaultStatementType Fault = "statement-type"
	// FaultNoSignature: nothing is signed.
	FaultNoSignature Fault = "no-signature"
	// FaultSeveralSignatures: more than one signature where one is specified.
	FaultSeveralSignatures Fault = "several-signatures"
	// FaultUnsupported: a version or kind that is newer than this code.
	FaultUnsupported Fault = "unsupported"
	// FaultContentMismatch: a store gave other bytes than the digest names. Bytes
	// that merely end early are not that: the next attempt may give the rest.
	FaultContentMismatch Fault = "content-mismatch"
)

// An Error is a fact about bytes that were refused: what is wrong and where.
type Error struct {
	Fault Fault
	// Where is the place: a JSON pointer, a field, a line and column.
	Where string
	// Detail says what was found there.
	Detail string
}

func (e *Error) Error() string {
	if e.Where == "" {
		return e.Detail
	}
	return e.Where + ": " + e.Detail
}

func fault(f Fault, where, format string, args ...any) *Error {
	return &Error{Fault: f, Where: where, Detail: fmt.Sprintf(format, args...)}
}
