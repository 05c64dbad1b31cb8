package ingest

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"
)

// has says whether raw is a JSON object with members of all these names at its top.
func has(raw []byte, names ...string) bool {
	for _, name := range names {
		if !mentions(raw, name) {
			return false
		}
	}
	for _, name := range names {
		if _, found := memberOf(raw, name); !found {
			return false
		}
	}
	return true
}

// mentions says whether a name is anywhere. Most reports are of another format and have it nowhere, which is soon
// seen.
func mentions(raw []byte, name string) bool { return bytes.Contains(raw, []byte(`"`+name+`"`)) }

// memberOf gives the value of a member of the JSON object raw, as far as raw goes: what follows the value is not
// looked at, and of a document that ends within it there is the beginning. A name that is written with escapes
// is not found.
func memberOf(raw []byte, name string) ([]byte, bool) {
	if !mentions(raw, name) {
		return nil, false
	}
	in := jsontext.NewDecoder(bytes.NewBuffer(raw), jsontext.AllowDuplicateNames(true))
	if in.PeekKind() != '{' {
		return nil, false
	}
	if _, err := in.ReadToken(); err != nil {
		return nil, false
	}
	for in.PeekKind() == '"' {
		token, err := in.ReadToken()
		if err != nil {
			return nil, false
		}
		if token.String() == name {
			start := in.InputOffset()
			if err := in.SkipValue(); err != nil {
				return raw[start:], true
			}
			return raw[start:in.InputOffset()], true
		}
		if err := in.SkipValue(); err != nil {
			return nil, false
		}
	}
	return nil, false
}
