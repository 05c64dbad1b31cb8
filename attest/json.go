package attest

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/carnet-project/carnet/attest/internal/jsontell"
)

// object reads raw as one JSON object and hands each member's name and exact
// value to visit. It refuses what two parsers could read differently: a name given
// twice at any depth, a member that differs from a name in known only by case,
// invalid UTF-8, nesting over jsontext's bound of 10,000, and anything after the
// object. The values are windows onto raw. The error is an *Error.
func object(raw []byte, where string, known []string, visit func(name string, value jsontext.Value) error) error {
	dec := jsontext.NewDecoder(bytes.NewBuffer(raw))
	if kind := dec.PeekKind(); kind != '{' {
		if _, err := dec.ReadToken(); err != nil {
			return jsonFault(raw, where, dec, err)
		}
		return fault(FaultMalformed, where, "is a JSON %s, want an object", jsontell.Kind(kind))
	}
	if _, err := dec.ReadToken(); err != nil {
		return jsonFault(raw, where, dec, err)
	}
	for dec.PeekKind() != '}' {
		token, err := dec.ReadToken()
		if err != nil {
			return jsonFault(raw, where, dec, err)
		}
		name := token.String()
		if err := checkCase(name, where, known); err != nil {
			return err
		}
		value, err := dec.ReadValue()
		if err != nil {
			return jsonFault(raw, where, dec, err)
		}
		if err := visit(name, value); err != nil {
			return err
		}
	}
	if _, err := dec.ReadToken(); err != nil {
		return jsonFault(raw, where, dec, err)
	}
	if _, err := dec.ReadToken(); err != io.EOF {
		return fault(FaultTrailingData, where, "data follows the JSON document at %s", jsontell.Place(raw, dec.InputOffset()))
	}
	return nil
}

func checkCase(name, where string, known []string) error {
	for _, k := range known {
		if name != k && strings.EqualFold(name, k) {
			return fault(FaultKeyCase, where+"/"+name, "differs from %q only by case", k)
		}
	}
	return nil
}

// text is the string that value holds.
func text(value jsontext.Value, where string) (string, error) {
	if value.Kind() != '"' {
		return "", fault(FaultMalformed, where, "is a JSON %s, want a string", jsontell.Kind(value.Kind()))
	}
	s, err := jsontext.AppendUnquote(nil, value)
	if err != nil {
		return "", fault(FaultMalformed, where, "is not a JSON string: %v", err)
	}
	return string(s), nil
}

// elements hands each value of the JSON array in raw to visit.
func elements(raw jsontext.Value, where string, visit func(i int, value jsontext.Value) error) error {
	if raw.Kind() != '[' {
		return fault(FaultMalformed, where, "is a JSON %s, want an array", jsontell.Kind(raw.Kind()))
	}
	dec := jsontext.NewDecoder(bytes.NewBuffer(raw))
	if _, err := dec.ReadToken(); err != nil {
		return jsonFault(raw, where, dec, err)
	}
	for i := 0; dec.PeekKind() != ']'; i++ {
		value, err := dec.ReadValue()
		if err != nil {
			return jsonFault(raw, where, dec, err)
		}
		if err := visit(i, value); err != nil {
			return err
		}
	}
	return nil
}

func jsonFault(raw []byte, where string, dec *jsontext.Decoder, err error) *Error {
	at := jsontell.Place(raw, dec.InputOffset())
	var syntactic *jsontext.SyntacticError
	if errors.As(err, &syntactic) {
		at = jsontell.Place(raw, syntactic.ByteOffset)
		where += string(syntactic.JSONPointer)
	}
	if errors.Is(err, jsontext.ErrDuplicateName) {
		return fault(FaultDuplicateKey, where, "is named twice in one object, at %s", at)
	}
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return fault(FaultMalformed, where, "JSON ends early, at %s", at)
	}
	if syntactic != nil {
		return fault(FaultMalformed, where, "is not JSON at %s: %v", at, syntactic.Err)
	}
	return fault(FaultMalformed, where, "is not JSON at %s: %v", at, err)
}
