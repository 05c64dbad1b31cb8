package attest

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/carnet-project/carnet/attest/internal/jsontell"
)

// The statement types that are read; StatementV1 is the one that is written
// (in-toto attestation framework, spec/v1/statement.md).
const (
	StatementV1  = "https://in-toto.io/Statement/v1"
	StatementV01 = "https://in-toto.io/Statement/v0.1"
)

// PayloadType is the DSSE payload type of an in-toto statement
// (in-toto attestation framework, spec/v1/envelope.md).
const PayloadType = "application/vnd.in-toto+json"

// A Statement is a claim that nobody has signed yet: a predicate of some type
// about subjects that digests name.
type Statement struct {
	raw           []byte
	version       string
	subjects      []Subject
	predicateType string
	predicate     []byte
}

// NewStatement makes the statement that says predicate, a JSON value of the type
// that predicateType names, about subjects. The predicate's bytes go into the
// statement as they are. The error is an *[Error].
func NewStatement(predicateType string, predicate []byte, subjects ...Subject) (*Statement, error) {
	e := make([]byte, 0, len(predicate)+1024)
	e = append(e, `{"_type":"`+StatementV1+`","subject":[`...)
	for i, s := range subjects {
		if i > 0 {
			e = append(e, ',')
		}
		e = appendSubject(e, s)
	}
	e = append(e, `],"predicateType":`...)
	e = appendString(e, predicateType)
	e = append(e, `,"predicate":`...)
	e = append(e, predicate...)
	e = append(e, '}')
	s, err := ParseStatement(e)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(s.predicate, bytes.TrimSpace(predicate)) {
		return nil, fault(FaultMalformed, "/predicate", "is not one JSON object and no more")
	}
	return s, nil
}

func appendSubject(e []byte, s Subject) []byte {
	e = append(e, '{')
	if s.name != "" {
		e = append(appendString(append(e, `"name":`...), s.name), ',')
	}
	e = append(e, `"digest":{`...)
	algorithms := make([]string, 0, len(s.digests))
	for a := range s.digests {
		algorithms = append(algorithms, a)
	}
	slices.Sort(algorithms)
	for i, a := range algorithms {
		if i > 0 {
			e = append(e, ',')
		}
		e = append(appendString(e, a), ':')
		e = appendString(e, s.digests[a])
	}
	return append(e, "}}"...)
}

func appendString(e []byte, s string) []byte {
	e, _ = jsontext.AppendQuote(e, s) // invalid UTF-8 is replaced; ParseStatement reads the result
	return e
}

// ParseStatement reads a statement and keeps its exact bytes, which must not be
// changed afterwards. It is strict where parsers could disagree (see the faults)
// and, as the specification asks, ignores members it does not know. The error is
// an *[Error] that says where.
func ParseStatement(raw []byte) (*Statement, error) {
	s := &Statement{raw: raw}
	known := []string{"_type", "subject", "predicateType", "predicate"}
	err := object(raw, "", known, func(name string, value jsontext.Value) (err error) {
		switch name {
		case "_type":
			s.version, err = text(value, "/_type")
		case "subject":
			s.subjects, err = parseSubjects(value)
		case "predicateType":
			s.predicateType, err = text(value, "/predicateType")
		case "predicate":
			// value is a window onto raw, valid as long as raw is.
			s.predicate = value
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if err := s.check(); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Statement) check() error {
	switch {
	case s.version == "":
		return fault(FaultStatementType, "/_type", "is missing: not an in-toto statement")
	case s.version != StatementV1 && s.version != StatementV01:
		return fault(FaultStatementType, "/_type", "is %q, want %q", clip(s.version), StatementV1)
	case s.subjects == nil:
		return fault(FaultNoSubject, "/subject", "is missing: the statement is about nothing")
	case s.predicateType == "":
		return fault(FaultMalformed, "/predicateType", "is missing")
	case s.predicate != nil && jsontext.Value(s.predicate).Kind() != '{':
		return fault(FaultMalformed, "/predicate", "is a JSON %s, want an object", jsontell.Kind(jsontext.Value(s.predicate).Kind()))
	}
	return nil
}

// Bytes are the statement's exact bytes. The caller must not change them.
func (s *Statement) Bytes() []byte { return s.raw }

// Subjects are what the statement is about.
func (s *Statement) Subjects() []Subject { return slices.Clone(s.subjects) }

// About says whether d is the digest of a subject.
func (s *Statement) About(d Digest) bool {
	return slices.ContainsFunc(s.subjects, func(sub Subject) bool { return sub.Is(d) })
}

// Binds says whether any subject has a digest of an accepted algorithm. A
// statement about git commits alone, or with nothing stronger than SHA-1, binds no
// artifact.
func (s *Statement) Binds() bool {
	return slices.ContainsFunc(s.subjects, func(sub Subject) bool { return !sub.Digest().IsZero() })
}

// Commits are the git commits among the subjects: the values of gitCommit digests that
// are object ids, each once (in-toto attestation framework, spec/v1/digest_set.md).
func (s *Statement) Commits() []string {
	var all []string
	for _, sub := range s.subjects {
		c := sub.digests["gitCommit"]
		if (len(c) == 40 || len(c) == 64) && strings.Trim(c, "0123456789abcdef") == "" && !slices.Contains(all, c) {
			all = append(all, c)
		}
	}
	return all
}

// PredicateType is the URI of the predicate's type.
func (s *Statement) PredicateType() string { return s.predicateType }

// Predicate is the predicate's exact bytes, a JSON object, or nil where the
// statement has none. The caller must not change them.
func (s *Statement) Predicate() []byte { return s.predicate }

func pointer(where string, i int) string { return where + "/" + strconv.Itoa(i) }
