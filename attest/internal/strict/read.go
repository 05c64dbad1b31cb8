// Package strict reads JSON by a table of what each member must be. A predicate's
// specification becomes such a table, and reading is one pass over the bytes: what
// the table does not name is skipped.
//
// What two parsers could read differently is refused: a name given twice at any
// depth, a member that differs from a specified one only by case, invalid UTF-8,
// and anything after the document. Members that the table does not name are
// allowed, as the in-toto parsing rules ask ("consumers MUST ignore unrecognized
// fields"), and as they also say, a member that is null or empty counts as absent.
package strict

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/internal/jsontell"
)

// A Check reads exactly one value and says whether it holds anything: null, "",
// {} and [] do not. The error is an *attest.Error.
type Check func(r *Reader) (filled bool, err error)

// A Reader is at some value of a document.
type Reader struct {
	raw []byte
	dec *jsontext.Decoder
}

// Read holds the document raw to check, which its only value must pass.
func Read(raw []byte, check Check) error {
	r := &Reader{raw, jsontext.NewDecoder(bytes.NewBuffer(raw))}
	if _, err := check(r); err != nil {
		return err
	}
	if _, err := r.dec.ReadToken(); err != io.EOF {
		return Fault(attest.FaultTrailingData, "", "data follows the JSON document at %s", jsontell.Place(r.raw, r.dec.InputOffset()))
	}
	return nil
}

// Fault makes the error of one place.
func Fault(f attest.Fault, where, format string, args ...any) *attest.Error {
	return &attest.Error{Fault: f, Where: where, Detail: fmt.Sprintf(format, args...)}
}

// Clip bounds how much of somebody else's text goes into a message.
func Clip(s string) string {
	const most = 96
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}

// Where is the JSON pointer of the value that was read last.
func (r *Reader) Where() string { return string(r.dec.StackPointer()) }

// Kind looks at the value to come.
func (r *Reader) Kind() jsontext.Kind { return r.dec.PeekKind() }

func (r *Reader) skip() error {
	if err := r.dec.SkipValue(); err != nil {
		return r.syntax(err)
	}
	return nil
}

// unlike refuses the value to come for not being a want.
func (r *Reader) unlike(want string) error {
	kind := r.Kind()
	if err := r.skip(); err != nil {
		return err
	}
	return Fault(attest.FaultMalformed, r.Where(), "is a JSON %s, want %s", jsontell.Kind(kind), want)
}

func (r *Reader) token() (jsontext.Token, error) {
	t, err := r.dec.ReadToken()
	if err != nil {
		return t, r.syntax(err)
	}
	return t, nil
}

func (r *Reader) syntax(err error) *attest.Error {
	var s *jsontext.SyntacticError
	if !errors.As(err, &s) {
		return Fault(attest.FaultMalformed, r.Where(), "JSON ends early, at %s", jsontell.Place(r.raw, r.dec.InputOffset()))
	}
	where, at := string(s.JSONPointer), jsontell.Place(r.raw, s.ByteOffset)
	switch {
	case errors.Is(err, jsontext.ErrDuplicateName):
		return Fault(attest.FaultDuplicateKey, where, "is named twice in one object, at %s", at)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return Fault(attest.FaultMalformed, where, "JSON ends early, at %s", at)
	}
	return Fault(attest.FaultMalformed, where, "is not JSON at %s: %v%s", at, s.Err, foreign(r.raw))
}

// foreign adds what a file seems to be that is not JSON at all.
func foreign(raw []byte) string {
	head := bytes.TrimSpace(raw[:min(len(raw), 512)])
	switch {
	case bytes.HasPrefix(head, []byte("<")):
		return " (it looks like XML; want JSON)"
	case bytes.HasPrefix(head, []byte("SPDXVersion:")):
		return " (it looks like SPDX tag-value; want JSON)"
	}
	return ""
}
