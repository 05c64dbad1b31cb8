package document

import (
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/verify/internal/strictyaml"
	"github.com/carnet-project/carnet/verify/policy"
)

// MaxBytes bounds a document.
const MaxBytes = strictyaml.MaxBytes

// APIVersion and Kind are what a document must call itself.
const (
	APIVersion = "carnet/v1"
	Kind       = "Policy"
)

// An Error is what is wrong with a document, and where. Line and Column count from 1; they
// are 0 if it is the whole document.
type Error struct {
	// File is the name that [Parse] was given.
	File         string
	Line, Column int
	Message      string
}

func (e *Error) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("%s: %s", e.File, e.Message)
	}
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Message)
}

// Parse reads a document of at most [MaxBytes], and checks that it is consistent. The name
// is a path or an OCI reference: it becomes the document's URI and stands in errors, which
// are of type *[Error]. The digest is the SHA-256 of raw as it is.
//
// Compile is asked whether each requirement in CEL can be compiled; its error should say
// where it can't. It may be nil for documents that have none: others are then refused.
func Parse(name string, raw []byte, compile func(expression string) error) (*policy.Document, error) {
	d, err := parse(raw, compile)
	if err != nil {
		var wrong *strictyaml.Error
		if !errors.As(err, &wrong) {
			return nil, &Error{File: name, Message: err.Error()}
		}
		return nil, &Error{File: name, Line: wrong.Line, Column: wrong.Column, Message: wrong.Message}
	}
	sum := sha256.Sum256(raw)
	if d.Digest, err = attest.DigestOf("sha256", sum[:]); err != nil {
		return nil, &Error{File: name, Message: err.Error()}
	}
	d.URI = name
	return d, nil
}

func parse(raw []byte, compile func(expression string) error) (*policy.Document, error) {
	root, err := strictyaml.Document(raw, "a policy")
	if err != nil {
		return nil, err
	}
	d, err := documentShape().read(root, place{what: "a policy", line: root.Line})
	if err != nil {
		return nil, err
	}
	return &d, (&checker{doc: &d, root: root, compile: compile}).run()
}
