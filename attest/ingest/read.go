package ingest

import (
	"bytes"
	"fmt"
	"strings"
)

// A format is how one kind of report is told from others and read.
type format struct {
	name Format
	// looks says whether raw is of this format, by members that no other has. It need not be
	// well-formed.
	looks func(raw []byte) bool
	read  func(raw []byte) (*Report, error)
}

// formats are those that are read, in no order that matters: of each report just one looks.
func formats() []format {
	return []format{
		trivy(), grype(), clair(), osv(), cycloneDX(), openVEX(), csaf(),
		analysis(), junit(), goTest(), tap(),
	}
}

// Read recognises a report's format and reads it. The error is an *[Error].
func Read(raw []byte) (*Report, error) {
	if len(raw) > MaxBytes {
		return nil, &Error{Expected: fmt.Sprintf("at most %d bytes", MaxBytes), Found: fmt.Sprintf("%d", len(raw))}
	}
	raw = unmarked(raw)
	var found []format
	for _, f := range formats() {
		if f.looks(raw) {
			found = append(found, f)
		}
	}
	switch len(found) {
	case 0:
		return nil, &Error{Expected: "a report in one of the formats " + names(formats()), Found: "none of them"}
	case 1:
		return found[0].read(raw)
	}
	return nil, &Error{Expected: "a report in one format", Found: "one that could be any of " + names(found)}
}

// ReadAs reads a report whose format the caller knows.
func ReadAs(name Format, raw []byte) (*Report, error) {
	if len(raw) > MaxBytes {
		return nil, &Error{Format: name, Expected: fmt.Sprintf("at most %d bytes", MaxBytes), Found: fmt.Sprintf("%d", len(raw))}
	}
	for _, f := range formats() {
		if f.name == name {
			return f.read(unmarked(raw))
		}
	}
	return nil, &Error{Expected: "one of the formats " + names(formats()), Found: fmt.Sprintf("%q", name)}
}

// unmarked is raw without the byte order mark that some tools put before UTF-8.
func unmarked(raw []byte) []byte { return bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf")) }

// Formats are the names of those that are read.
func Formats() []string { return strings.Split(names(formats()), ", ") }

func names(all []format) string {
	words := make([]string, len(all))
	for i, f := range all {
		words[i] = string(f.name)
	}
	return strings.Join(words, ", ")
}
