package ingest

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"
)

// has says whether raw is a JSON object with members of all these names at its top. What
// follows the last of them is not looked at.
func has(raw []byte, names ...string) bool {
	missing := map[string]bool{}
	for _, name := range names {
		// Most reports are of another format, and have no such name anywhere.
		if !bytes.Contains(raw, []byte(`"`+name+`"`)) {
			return false
		}
		missing[name] = true
	}
	d := jsontext.NewDecoder(bytes.NewBuffer(raw))
	if d.PeekKind() != '{' {
		return false
	}
	if _, err := d.ReadToken(); err != nil {
		return false
	}
	for len(missing) > 0 && d.PeekKind() == '"' {
		name, err := d.ReadToken()
		if err != nil {
			return false
		}
		delete(missing, name.String())
		if len(missing) > 0 && d.SkipValue() != nil {
			return false
		}
	}
	return len(missing) == 0
}
