package ci

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/carnet-project/carnet/attest/internal/jsontell"
)

// meant are the names whose meaning matters here: a name that differs from one of them
// by case alone is refused, for some readers would take it for the same.
func meant() []string {
	return []string{"iss", "sub", "aud", "exp", "nbf", "email", "email_verified", "federated_claims", "repository_visibility", "project_visibility"}
}

// checkHeader refuses a JWT that is not signed (RFC 7515, section 4.1.1). By whom and
// whether rightly is for the certificate authority to say.
func checkHeader(raw []byte) error {
	algorithm := ""
	err := members(raw, "header", []string{"alg"}, func(name string, value jsontext.Value) (err error) {
		if name == "alg" {
			algorithm, err = text(name, value)
		}
		return err
	})
	if err != nil {
		return err
	}
	if algorithm == "" || strings.EqualFold(algorithm, "none") {
		return &TokenError{Found: fmt.Sprintf("is not signed: its algorithm (alg) is %q", clip(algorithm))}
	}
	return nil
}

// read takes the claims from a JWT's payload.
func (t *Token) read(raw []byte) error {
	return members(raw, "payload", meant(), func(name string, value jsontext.Value) (err error) {
		switch name {
		case "iss":
			t.Issuer, err = text(name, value)
		case "sub":
			t.Subject, err = text(name, value)
		case "aud":
			t.Audience, err = texts(name, value)
		case "email":
			t.Email, err = text(name, value)
		case "email_verified":
			t.EmailVerified, err = boolean(name, value)
		case "exp":
			t.Expires, err = date(name, value)
		case "nbf":
			t.NotBefore, err = date(name, value)
		case "federated_claims":
			t.connector = connector(value)
		}
		if err != nil {
			return err
		}
		switch value.Kind() {
		case '"':
			t.Claims[name], err = text(name, value)
		case '0', 't', 'f':
			t.Claims[name] = string(value)
		}
		return err
	})
}

// members hands each member of the one JSON object in raw to visit.
func members(raw []byte, where string, known []string, visit func(name string, value jsontext.Value) error) error {
	dec := jsontext.NewDecoder(bytes.NewBuffer(raw))
	if dec.PeekKind() != '{' {
		return &TokenError{Found: "can't be read: its " + where + " is not a JSON object"}
	}
	if _, err := dec.ReadToken(); err != nil {
		return unreadable(where, err)
	}
	for dec.PeekKind() != '}' {
		token, err := dec.ReadToken()
		if err != nil {
			return unreadable(where, err)
		}
		name := token.String()
		for _, k := range known {
			if name != k && strings.EqualFold(name, k) {
				return &TokenError{Found: fmt.Sprintf("can't be read: %q in its %s differs from %q only by case", name, where, k)}
			}
		}
		value, err := dec.ReadValue()
		if err != nil {
			return unreadable(where, err)
		}
		if err := visit(name, value); err != nil {
			return err
		}
	}
	if _, err := dec.ReadToken(); err != nil {
		return unreadable(where, err)
	}
	if _, err := dec.ReadToken(); err != io.EOF {
		return &TokenError{Found: "can't be read: data follows the JSON of its " + where}
	}
	return nil
}

// unreadable says that a part of the token is not JSON, without repeating any of it.
func unreadable(where string, err error) error {
	if errors.Is(err, jsontext.ErrDuplicateName) {
		return &TokenError{Found: "can't be read: a name stands twice in one object of its " + where}
	}
	return &TokenError{Found: "can't be read: its " + where + " is not JSON"}
}

func wrongKind(name, want string, value jsontext.Value) error {
	return &TokenError{Claim: "claim " + name, Expected: "a " + want, Found: "as a JSON " + jsontell.Kind(value.Kind())}
}

func text(name string, value jsontext.Value) (string, error) {
	if value.Kind() != '"' {
		return "", wrongKind(name, "string", value)
	}
	s, err := jsontext.AppendUnquote(nil, value)
	if err != nil {
		return "", wrongKind(name, "string", value)
	}
	return string(s), nil
}

// texts reads one string or a list of them, as aud may be (RFC 7519, section 4.1.3).
func texts(name string, value jsontext.Value) ([]string, error) {
	if value.Kind() != '[' {
		s, err := text(name, value)
		return []string{s}, err
	}
	dec := jsontext.NewDecoder(bytes.NewBuffer(value))
	if _, err := dec.ReadToken(); err != nil {
		return nil, wrongKind(name, "string or a list of strings", value)
	}
	var all []string
	for dec.PeekKind() != ']' {
		v, err := dec.ReadValue()
		if err != nil {
			return nil, wrongKind(name, "string or a list of strings", value)
		}
		s, err := text(name, v)
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}

// boolean reads a boolean, which some issuers write as a string.
func boolean(name string, value jsontext.Value) (bool, error) {
	switch string(value) {
	case "true", `"true"`:
		return true, nil
	case "false", `"false"`:
		return false, nil
	}
	return false, wrongKind(name, "boolean", value)
}

// date reads a number of seconds since 1970 (RFC 7519, section 2, NumericDate).
func date(name string, value jsontext.Value) (time.Time, error) {
	if value.Kind() != '0' {
		return time.Time{}, wrongKind(name, "number of seconds", value)
	}
	seconds, err := strconv.ParseFloat(string(value), 64)
	const year9999 = 253402300799
	if err != nil || seconds < 0 || seconds > year9999 {
		return time.Time{}, wrongKind(name, "number of seconds since 1970", value)
	}
	return time.Unix(int64(math.Floor(seconds)), 0).UTC(), nil
}

// connector is the identity provider that Dex names in its tokens (dexidp/dex,
// federated_claims.connector_id), or "".
func connector(value jsontext.Value) string {
	id := ""
	_ = members(value, "payload", nil, func(name string, v jsontext.Value) (err error) {
		if name == "connector_id" {
			id, err = text(name, v)
		}
		return err
	}) // Other issuers may mean something else by the name.
	return id
}
