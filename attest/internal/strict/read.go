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
	// from is where the document comes from, or nil where raw is all of it.
	from *stream
}

// Read holds the document raw to check, which its only value must pass.
func Read(raw []byte, check Check) error {
	r := &Reader{raw: raw, dec: jsontext.NewDecoder(bytes.NewBuffer(raw))}
	return r.all(check)
}

// ReadFrom is [Read] of a document that is not in memory, up to the end of from. An error of
// from is given as it is, and comes before what is wrong with the document: a document that did
// not arrive whole is not malformed. Places are told by the byte, no name or value may be larger
// than 16 MiB, and [Raw] keeps nothing.
func ReadFrom(from io.Reader, check Check) error {
	s := &stream{from: from}
	r := &Reader{dec: jsontext.NewDecoder(s), from: s}
	s.dec = r.dec
	err := r.all(check)
	if s.err != nil {
		return s.err
	}
	return err
}

func (r *Reader) all(check Check) error {
	if _, err := check(r); err != nil {
		return err
	}
	if _, err := r.dec.ReadToken(); err != io.EOF {
		return Fault(attest.FaultTrailingData, "", "data follows the JSON document at %s", r.place(r.dec.InputOffset()))
	}
	return nil
}

const (
	// headBytes is how much of a stream is kept, to say what a document is that is no JSON.
	headBytes = 512
	// tokenBytes bounds one name or value of a stream, all of which the decoder holds.
	tokenBytes = 16 << 20
)

// A stream keeps the head of what it reads, and how reading failed.
type stream struct {
	from io.Reader
	dec  *jsontext.Decoder
	read int64
	head []byte
	err  error
}

func (s *stream) Read(p []byte) (int, error) {
	if s.read-s.dec.InputOffset() > tokenBytes {
		s.err = Fault(attest.FaultTooLarge, "", "has a name or value of more than %d bytes, at byte %d", tokenBytes, s.dec.InputOffset())
		return 0, s.err
	}
	n, err := s.from.Read(p)
	s.read += int64(n)
	if missing := headBytes - len(s.head); missing > 0 {
		s.head = append(s.head, p[:min(n, missing)]...)
	}
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}

// place says where in the document an offset is.
func (r *Reader) place(offset int64) string {
	if r.from != nil {
		return fmt.Sprintf("byte %d", offset)
	}
	return jsontell.Place(r.raw, offset)
}

func (r *Reader) head() []byte {
	if r.from != nil {
		return r.from.head
	}
	return r.raw[:min(len(r.raw), headBytes)]
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
		return Fault(attest.FaultMalformed, r.Where(), "JSON ends early, at %s", r.place(r.dec.InputOffset()))
	}
	where, at := string(s.JSONPointer), r.place(s.ByteOffset)
	switch {
	case errors.Is(err, jsontext.ErrDuplicateName):
		return Fault(attest.FaultDuplicateKey, where, "is named twice in one object, at %s", at)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return Fault(attest.FaultMalformed, where, "JSON ends early, at %s", at)
	}
	return Fault(attest.FaultMalformed, where, "is not JSON at %s: %v%s", at, s.Err, foreign(r.head()))
}

// foreign adds what a file seems to be that is not JSON at all.
func foreign(raw []byte) string {
	head := bytes.TrimSpace(raw)
	switch {
	case bytes.HasPrefix(head, []byte("<")):
		return " (it looks like XML; want JSON)"
	case bytes.HasPrefix(head, []byte("SPDXVersion:")):
		return " (it looks like SPDX tag-value; want JSON)"
	}
	return ""
}
