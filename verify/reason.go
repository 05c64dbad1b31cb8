package verify

import "github.com/carnet-project/carnet/attest"

// A Reason names in one stable kebab-case word why evidence was refused. It is the
// same in errors, findings, JSON, documentation and test vectors.
type Reason string

// The reasons. Those of attest's faults have the fault's word.
const (
	// ReasonUnknownSigner: signed, but not by a key that is trusted here.
	ReasonUnknownSigner Reason = "unknown-signer"
	// ReasonKeyAlgorithm: no trusted key has the algorithm that made the signature.
	ReasonKeyAlgorithm Reason = "key-algorithm"
	// ReasonSignatureInvalid: names a trusted key, but is not its signature over
	// this content.
	ReasonSignatureInvalid Reason = "signature-invalid"
	// ReasonSubjectMismatch: signed by a trusted key, about something else.
	ReasonSubjectMismatch Reason = "subject-mismatch"
	// ReasonPredicateMalformed: signed by a trusted key, but the predicate is not of
	// the type that the statement says.
	ReasonPredicateMalformed Reason = "predicate-malformed"
	// ReasonUnsigned: a statement that nobody signed.
	ReasonUnsigned Reason = "unsigned"
	// ReasonUnreadable: it could not be fetched.
	ReasonUnreadable Reason = "unreadable"

	ReasonMalformed         = Reason(attest.FaultMalformed)
	ReasonTooLarge          = Reason(attest.FaultTooLarge)
	ReasonDuplicateKey      = Reason(attest.FaultDuplicateKey)
	ReasonKeyCase           = Reason(attest.FaultKeyCase)
	ReasonTrailingData      = Reason(attest.FaultTrailingData)
	ReasonDigestWeak        = Reason(attest.FaultDigestWeak)
	ReasonDigestMalformed   = Reason(attest.FaultDigestMalformed)
	ReasonNoSubject         = Reason(attest.FaultNoSubject)
	ReasonPayloadType       = Reason(attest.FaultPayloadType)
	ReasonStatementType     = Reason(attest.FaultStatementType)
	ReasonNoSignature       = Reason(attest.FaultNoSignature)
	ReasonSeveralSignatures = Reason(attest.FaultSeveralSignatures)
	ReasonUnsupported       = Reason(attest.FaultUnsupported)
	ReasonContentMismatch   = Reason(attest.FaultContentMismatch)
)

// Reasons lists every reason, so that documentation and vectors can be held to it.
func Reasons() []Reason {
	return []Reason{
		ReasonUnknownSigner, ReasonKeyAlgorithm, ReasonSignatureInvalid, ReasonSubjectMismatch,
		ReasonPredicateMalformed, ReasonUnsigned, ReasonUnreadable, ReasonContentMismatch,
		ReasonMalformed, ReasonTooLarge, ReasonDuplicateKey, ReasonKeyCase, ReasonTrailingData,
		ReasonDigestWeak, ReasonDigestMalformed, ReasonNoSubject, ReasonPayloadType,
		ReasonStatementType, ReasonNoSignature, ReasonSeveralSignatures, ReasonUnsupported,
	}
}

// An Error is the refusal of one piece of evidence.
type Error struct {
	Reason   Reason
	Expected string
	Found    string
}

func (e *Error) Error() string {
	return string(e.Reason) + ": expected " + e.Expected + ", found " + e.Found
}
