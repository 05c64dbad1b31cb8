// Package jsontell has the words in which a refusal tells a person where in a JSON
// document something is, and what.
package jsontell

import (
	"bytes"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"
)

// Place turns a byte offset into the line and column that an editor shows.
func Place(raw []byte, offset int64) string {
	at := min(max(int(offset), 0), len(raw))
	line := 1 + bytes.Count(raw[:at], []byte("\n"))
	column := at - bytes.LastIndexByte(raw[:at], '\n')
	return fmt.Sprintf("line %d, column %d", line, column)
}

// Kind is the JSON name of a value's kind.
func Kind(k jsontext.Kind) string {
	switch k {
	case 'n':
		return "null"
	case 't', 'f':
		return "boolean"
	case '"':
		return "string"
	case '0':
		return "number"
	case '[':
		return "array"
	case '{':
		return "object"
	}
	return "nothing"
}
