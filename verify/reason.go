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
	// ReasonDocumentMissing: signed by a trusted signer, and the document that it refers to is
	// not there.
	ReasonDocumentMissing Reason = "document-missing"

	// ReasonCertificateUntrusted: no trusted authority issued the signer's certificate.
	ReasonCertificateUntrusted Reason = "certificate-untrusted"
	// ReasonCertificateMalformed: the certificate or the chain above it can't be read, or
	// has what may not be in it.
	ReasonCertificateMalformed Reason = "certificate-malformed"
	// ReasonCertificateExpired: signed or logged outside of the certificate's validity.
	ReasonCertificateExpired Reason = "certificate-expired"
	// ReasonIdentityMismatch: the certificate is good, and its holder not accepted.
	ReasonIdentityMismatch Reason = "identity-mismatch"
	// ReasonInstanceMismatch: made in another Sigstore instance than the trusted one.
	ReasonInstanceMismatch Reason = "instance-mismatch"
	// ReasonSCTMissing: no certificate transparency log vouches for the certificate.
	ReasonSCTMissing Reason = "sct-missing"
	// ReasonSCTInvalid: what vouches for it is no trusted log's word about this certificate.
	ReasonSCTInvalid Reason = "sct-invalid"
	// ReasonLogMissing: not in a transparency log, where that is asked for.
	ReasonLogMissing Reason = "log-missing"
	// ReasonLogUnknown: in a log that is not trusted, or was not then.
	ReasonLogUnknown Reason = "log-unknown"
	// ReasonLogProof: the proof of inclusion or the checkpoint is missing or does not hold.
	ReasonLogProof Reason = "log-proof"
	// ReasonLogPromise: the log's promise of inclusion is missing or does not hold.
	ReasonLogPromise Reason = "log-promise"
	// ReasonLogMismatch: the entry is about something else than this signature.
	ReasonLogMismatch Reason = "log-mismatch"
	// ReasonLogDuplicate: one entry is there twice.
	ReasonLogDuplicate Reason = "log-duplicate"
	// ReasonTimeMissing: nobody trusted says when it was signed, where that is needed.
	ReasonTimeMissing Reason = "time-missing"
	// ReasonTimestampInvalid: a timestamp is broken or of another signature.
	ReasonTimestampInvalid Reason = "timestamp-invalid"
	// ReasonTimestampUnknown: a timestamp by an authority that is not trusted.
	ReasonTimestampUnknown Reason = "timestamp-unknown"
	// ReasonKeyValidity: signed with a key outside of its stated validity.
	ReasonKeyValidity Reason = "key-validity"
	// ReasonKeyRevoked: signed with a key after it was revoked, or nobody knows when.
	ReasonKeyRevoked Reason = "key-revoked"

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
		ReasonPredicateMalformed, ReasonUnsigned, ReasonUnreadable, ReasonDocumentMissing, ReasonContentMismatch,
		ReasonMalformed, ReasonTooLarge, ReasonDuplicateKey, ReasonKeyCase, ReasonTrailingData,
		ReasonDigestWeak, ReasonDigestMalformed, ReasonNoSubject, ReasonPayloadType,
		ReasonStatementType, ReasonNoSignature, ReasonSeveralSignatures, ReasonUnsupported,
		ReasonCertificateUntrusted, ReasonCertificateMalformed, ReasonCertificateExpired,
		ReasonIdentityMismatch, ReasonInstanceMismatch, ReasonSCTMissing, ReasonSCTInvalid,
		ReasonLogMissing, ReasonLogUnknown, ReasonLogProof, ReasonLogPromise, ReasonLogMismatch,
		ReasonLogDuplicate, ReasonTimeMissing, ReasonTimestampInvalid, ReasonTimestampUnknown,
		ReasonKeyValidity, ReasonKeyRevoked,
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
