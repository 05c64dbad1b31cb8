package verify

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/predicate"
	"github.com/carnet-project/carnet/attest/predicate/reference"
	"github.com/carnet-project/carnet/sbom"
)

// A Kind tells a signature from an attestation. Neither ever stands in for the
// other: a signed scan that says FAILED is no signature of the image.
type Kind string

// The two kinds of evidence.
const (
	KindSignature   Kind = "signature"
	KindAttestation Kind = "attestation"
)

// Evidence is a claim that a root believes. It has no other source than [Bundle] and
// [Commits], and [Evidence.Follow] for a document that such evidence refers to; and the zero
// Evidence is of no kind and about nothing.
type Evidence struct {
	kind      Kind
	subject   attest.Digest
	by        Identity
	times     []Time
	logs      []string
	commits   []string
	statement *attest.Statement
	bundle    attest.Digest
	form      attest.Form
	// document is what was followed to the predicate, where that is not in the bundle; then
	// predicate is the document, or listed and unlisted what reading a large SBOM gave.
	document  *reference.Document
	predicate []byte
	listed    *sbom.Document
	unlisted  error
}

// Kind says whether this is a signature or an attestation.
func (e *Evidence) Kind() Kind { return e.kind }

// Subject is the digest that was asked about, and that the evidence names. It is the zero
// Digest for evidence about commits alone.
func (e *Evidence) Subject() attest.Digest { return e.subject }

// By is who signed.
func (e *Evidence) By() Identity { return e.by }

// Times are when the signature existed, by those who are trusted to say so.
func (e *Evidence) Times() []Time { return slices.Clone(e.times) }

// SignedAt is the earliest of its trusted times, from which its age counts. It is the
// zero time if there is none.
func (e *Evidence) SignedAt() time.Time {
	var earliest time.Time
	for _, t := range e.times {
		if earliest.IsZero() || t.At.Before(earliest) {
			earliest = t.At
		}
	}
	return earliest
}

// Logs name the transparency logs, as the root of trust does, whose proof or promise that
// they have the signature holds.
func (e *Evidence) Logs() []string { return slices.Clone(e.logs) }

// Commits are the git commits that the evidence is about, where it was made by [Commits].
func (e *Evidence) Commits() []string { return slices.Clone(e.commits) }

// Bundle is the digest of the bundle it came in.
func (e *Evidence) Bundle() attest.Digest { return e.bundle }

// Form says what the bundle's signature covers.
func (e *Evidence) Form() attest.Form { return e.form }

// PredicateType is the statement's predicate type, or "" for a signature that is
// not a statement.
func (e *Evidence) PredicateType() string {
	if e.document != nil {
		return e.document.PredicateType
	}
	if e.statement == nil {
		return ""
	}
	return e.statement.PredicateType()
}

// Predicate is the exact bytes of the predicate, or nil; also where it is a document that is
// too large to be kept, for which see [Evidence.SBOM]. They must not be changed.
func (e *Evidence) Predicate() []byte {
	if e.document != nil {
		return e.predicate
	}
	if e.statement == nil {
		return nil
	}
	return e.statement.Predicate()
}

// Bundle checks b under roots and says what it proves about subject. The error is
// an *[Error].
func Bundle(b *attest.Bundle, subject attest.Digest, roots ...Root) (*Evidence, error) {
	opened, err := open(b, roots)
	if err != nil {
		return nil, err
	}
	e := &Evidence{kind: KindSignature, subject: subject, by: opened.By, times: opened.Times, logs: opened.Logs, bundle: b.Digest(), form: b.Form()}
	switch b.Form() {
	case attest.FormMessage:
		if err := wantSubject(subject, b.MessageDigest()); err != nil {
			return nil, err
		}
		return e, nil
	case attest.FormSimpleSigning:
		d, err := attest.SimpleSigningDigest(opened.Payload)
		if err != nil {
			return nil, Refusal(err)
		}
		if err := wantSubject(subject, d); err != nil {
			return nil, err
		}
		return e, nil
	}
	if err := e.read(opened.Payload); err != nil {
		return nil, err
	}
	return e, nil
}

// Commits checks b under roots and says what it proves about the git commits that it names.
// What it proves says nothing about any artifact: its subject is the zero Digest. The error
// is an *[Error].
func Commits(b *attest.Bundle, roots ...Root) (*Evidence, error) {
	opened, err := open(b, roots)
	if err != nil {
		return nil, err
	}
	if b.Form() != attest.FormEnvelope {
		return nil, &Error{ReasonSubjectMismatch, "a statement about a git commit", "a signature that is no statement"}
	}
	st, err := attest.ParseStatement(opened.Payload)
	if err != nil {
		return nil, Refusal(err)
	}
	e := &Evidence{kind: KindAttestation, by: opened.By, times: opened.Times, logs: opened.Logs, bundle: b.Digest(), form: b.Form(), statement: st, commits: st.Commits()}
	if len(e.commits) == 0 || st.PredicateType() == predicate.SignV1 {
		return nil, &Error{ReasonSubjectMismatch, "an attestation of a git commit", "a statement about " + subjects(st)}
	}
	return e, wellFormed(st)
}

func open(b *attest.Bundle, roots []Root) (Opening, error) {
	unknown := &Error{ReasonUnknownSigner, "a signature by a trusted signer", "nothing is trusted: no root was given"}
	for _, root := range roots {
		opened, err := root.Open(b)
		if err == nil {
			return opened, nil
		}
		refused := Refusal(err)
		if !errors.Is(err, ErrUnknownSigner) {
			return Opening{}, refused
		}
		if telling(refused.Reason) >= telling(unknown.Reason) {
			unknown = refused
		}
	}
	return Opening{}, unknown
}

// telling ranks what roots say of a bundle that is not theirs: who the signer is helps
// more than where the signature was made, and that more than who it is not.
func telling(r Reason) int {
	return slices.Index([]Reason{ReasonCertificateUntrusted, ReasonInstanceMismatch, ReasonIdentityMismatch}, r)
}

// read takes the statement from the payload that the root returned.
func (e *Evidence) read(payload []byte) error {
	st, err := attest.ParseStatement(payload)
	if err != nil {
		return Refusal(err)
	}
	if !st.Binds() {
		return &Error{ReasonDigestWeak, "a subject with a sha256, sha384 or sha512 digest", subjects(st)}
	}
	if !st.About(e.subject) {
		return &Error{ReasonSubjectMismatch, "a statement about " + e.subject.String(), "a statement about " + subjects(st)}
	}
	e.statement = st
	if st.PredicateType() == predicate.SignV1 {
		return nil
	}
	e.kind = KindAttestation
	return wellFormed(st)
}

// wellFormed holds the predicate to its type: what is signed may still be no SBOM.
func wellFormed(st *attest.Statement) error {
	if err := predicate.Validate(st.PredicateType(), st.Predicate()); err != nil {
		return malformedPredicate(st.PredicateType(), err)
	}
	return nil
}

func malformedPredicate(predicateType string, err error) *Error {
	reason := ReasonPredicateMalformed
	var fault *attest.Error
	if errors.As(err, &fault) && fault.Fault == attest.FaultUnsupported {
		reason = ReasonUnsupported
	}
	return &Error{reason, "a predicate of type " + predicateType, err.Error()}
}

func wantSubject(subject, found attest.Digest) error {
	if subject.IsZero() || subject != found {
		return &Error{ReasonSubjectMismatch, "a signature over " + subject.String(), "a signature over " + found.String()}
	}
	return nil
}

// subjects names a statement's subjects in a line: the first few and how many more.
func subjects(st *attest.Statement) string {
	const most = 3
	var names []string
	for i, s := range st.Subjects() {
		if i == most {
			names = append(names, fmt.Sprintf("%d more", len(st.Subjects())-most))
			break
		}
		for algorithm, value := range s.Digests() {
			names = append(names, algorithm+":"+value)
		}
	}
	return strings.Join(names, ", ")
}

// Refusal gives any error of reading or opening a bundle its reason.
func Refusal(err error) *Error {
	var refused *Error
	if errors.As(err, &refused) {
		return refused
	}
	var fault *attest.Error
	if errors.As(err, &fault) {
		expected := "a well-formed bundle"
		if fault.Fault == attest.FaultContentMismatch {
			expected = "the bytes that their digest names"
		}
		return &Error{Reason(fault.Fault), expected, fault.Error()}
	}
	if errors.Is(err, ErrUnknownSigner) {
		return &Error{ReasonUnknownSigner, "a signature by a trusted key", err.Error()}
	}
	return &Error{ReasonUnreadable, "a readable bundle", err.Error()}
}
