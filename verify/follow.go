package verify

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/predicate"
	"github.com/carnet-project/carnet/attest/predicate/reference"
	"github.com/carnet-project/carnet/sbom"
)

const (
	// MaxDocumentBytes is the default bound on one document that is referred to, packed or
	// not: 512 MiB.
	MaxDocumentBytes = 512 << 20
	// heldBytes is up to which size a document is kept as it is. A larger SBOM is read as it
	// comes, and only what policies ask of it is kept.
	heldBytes = 16 << 20
	// memoryBytes bounds what can only be read in memory: what fits into a bundle, where
	// base64 makes it a third larger.
	memoryBytes = attest.MaxBundleBytes * 3 / 4
)

// A Following is how a document is read that evidence refers to.
type Following struct {
	// MaxBytes bounds the document, and what it is stored as; 0 is [MaxDocumentBytes].
	MaxBytes int64
	// Contents asks for what an SBOM lists, also where it is too large to be kept whole:
	// [Evidence.SBOM] gives it.
	Contents bool
}

func (f Following) most() int64 {
	if f.MaxBytes <= 0 {
		return MaxDocumentBytes
	}
	return f.MaxBytes
}

// References are the documents that the evidence refers to; none, unless its predicate is a
// reference.
func (e *Evidence) References() []reference.Document {
	if e.PredicateType() != reference.V01 {
		return nil
	}
	r, err := reference.Parse(e.PredicateType(), e.Predicate())
	if err != nil {
		return nil // it was validated
	}
	return r.Documents
}

// Document is by which reference the evidence came, or nil where its bundle holds it.
func (e *Evidence) Document() *reference.Document { return e.document }

// Size is how large the predicate is in bytes, in the bundle or in the document.
func (e *Evidence) Size() int64 {
	if e.document != nil {
		return e.document.Size
	}
	return int64(len(e.Predicate()))
}

// SBOM is what the evidence lists, where its predicate is an SBOM.
func (e *Evidence) SBOM() (*sbom.Document, error) {
	switch {
	case e.document == nil || e.predicate != nil:
		return sbom.Parse(e.Predicate())
	case e.listed == nil && e.unlisted == nil:
		return nil, errors.New("the document was checked, and what it lists was not read")
	}
	return e.listed, e.unlisted
}

// Follow reads the document that d, one of the evidence's [Evidence.References], names from the
// blob that is stored, and gives the evidence that the document is: of d's predicate type, by
// whoever signed the reference, and as old as that. It is the same as if the document had been
// in the bundle. Nothing of it is believed before its last byte has come and it has the digest
// and the size that were signed. The error is an *[Error].
func (e *Evidence) Follow(d reference.Document, stored io.Reader, f Following) (*Evidence, error) {
	if err := e.Followable(d, f); err != nil {
		return nil, err
	}
	opened, err := d.Open(stored, f.most())
	if err != nil {
		return nil, documentRefusal(err)
	}
	next := *e
	next.statement, next.document = nil, &d
	from := &tracked{from: opened}
	if predicate.Streams(d.PredicateType) && d.Size > heldBytes {
		err = next.stream(from, f.Contents)
	} else {
		err = next.hold(from)
	}
	// What is wrong with bytes that are not the document's says nothing about the document.
	if _, rest := io.Copy(io.Discard, from); rest != nil {
		return nil, documentRefusal(rest)
	}
	if err != nil {
		return nil, malformedPredicate(d.PredicateType, err)
	}
	return &next, nil
}

// Followable is the error, an *[Error], of a document that [Evidence.Follow] refuses before it
// reads a byte, and nil for others: nobody needs to fetch it.
func (e *Evidence) Followable(d reference.Document, f Following) error {
	refused := func(reason Reason, found string) error {
		return &Error{reason, "a reference that can be followed", found}
	}
	class := predicate.ClassOf(d.PredicateType)
	switch {
	case e.kind != KindAttestation || e.PredicateType() != reference.V01:
		return refused(ReasonUnsupported, "a statement of type "+e.PredicateType())
	case d.Problem() != "":
		return refused(ReasonUnsupported, d.Problem())
	case class == predicate.Signature:
		return refused(ReasonUnsupported, "a reference to a signature, which has to be in a bundle")
	case d.Size > f.most() || d.Stored.Size > f.most():
		return &Error{ReasonTooLarge, fmt.Sprintf("a document of at most %d bytes", f.most()), fmt.Sprintf("one of %d bytes, stored in %d", d.Size, d.Stored.Size)}
	case d.Size > memoryBytes && !predicate.Streams(d.PredicateType):
		return &Error{ReasonTooLarge, fmt.Sprintf("a document of type %s of at most %d bytes", d.PredicateType, memoryBytes), fmt.Sprintf("one of %d bytes", d.Size)}
	}
	return nil
}

// hold keeps the document as it is.
func (e *Evidence) hold(from io.Reader) error {
	raw := bytes.NewBuffer(make([]byte, 0, e.document.Size+bytes.MinRead)) // which is bounded
	if _, err := raw.ReadFrom(from); err != nil {
		return err
	}
	e.predicate = raw.Bytes()
	return predicate.Validate(e.document.PredicateType, e.predicate)
}

// stream validates the document as it comes and, where that is asked for, reads at the same
// time what it lists. That it can't be read is for the rules about it to say, as with a
// document that is in a bundle.
func (e *Evidence) stream(from io.Reader, contents bool) error {
	if !contents {
		return predicate.ValidateFrom(e.document.PredicateType, from)
	}
	read, write := io.Pipe()
	valid := make(chan error, 1)
	go func() {
		err := predicate.ValidateFrom(e.document.PredicateType, read)
		read.CloseWithError(errInvalid) // whoever writes on need not wait
		valid <- err
	}()
	both := io.TeeReader(from, write)
	e.listed, e.unlisted = sbom.ParseFrom(both)
	if e.unlisted != nil {
		_, _ = io.Copy(write, from) // the rest is validated all the same; from remembers its error
	}
	write.Close()
	return <-valid
}

// errInvalid ends the reading of a document that is known not to be valid.
var errInvalid = errors.New("the document is not valid")

// A tracked reader gives its error again, whoever reads on.
type tracked struct {
	from io.Reader
	err  error
}

func (t *tracked) Read(p []byte) (int, error) {
	if t.err != nil {
		return 0, t.err
	}
	n, err := t.from.Read(p)
	t.err = err
	return n, err
}

// documentRefusal is why a document could not be read, or is not the one that was meant.
func documentRefusal(err error) *Error {
	refused := *Refusal(err)
	switch refused.Reason {
	case ReasonContentMismatch, ReasonMalformed:
		refused.Expected = "the document that the reference names"
	case ReasonUnreadable, ReasonTooLarge:
		refused.Expected = "a readable document"
	}
	return &refused
}
