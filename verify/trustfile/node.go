package trustfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// MaxBytes bounds a trust file.
const MaxBytes = 256 << 10

// An Error is what is wrong with a trust file, and where. Line and Column count from 1;
// they are 0 if it is the whole file.
type Error struct {
	Line, Column int
	Message      string
}

func (e *Error) Error() string {
	if e.Line == 0 {
		return e.Message
	}
	return fmt.Sprintf("%d:%d: %s", e.Line, e.Column, e.Message)
}

func at(n *yaml.Node, format string, args ...any) error {
	return &Error{n.Line, n.Column, fmt.Sprintf(format, args...)}
}

// document is the one document of a file.
func document(raw []byte) (*yaml.Node, error) {
	if len(raw) > MaxBytes {
		return nil, &Error{Message: fmt.Sprintf("is over %d bytes", MaxBytes)}
	}
	if !utf8.Valid(raw) || bytes.ContainsRune(raw, '\ufeff') || bytes.IndexByte(raw, 0) >= 0 {
		// YAML knows UTF-16, too; two programs must not read two files in one.
		return nil, &Error{Message: "is not plain text in UTF-8"}
	}
	dec := yaml.NewDecoder(bytes.NewReader(raw))
	var doc yaml.Node
	if err := decode(dec, &doc); errors.Is(err, io.EOF) {
		return nil, &Error{Message: "is empty"}
	} else if err != nil {
		return nil, syntax(err)
	}
	var second yaml.Node
	if err := decode(dec, &second); err == nil {
		return nil, at(&second, "a second document begins: a trust file is one")
	} else if !errors.Is(err, io.EOF) {
		return nil, syntax(err)
	}
	if len(doc.Content) != 1 {
		return nil, &Error{Message: "is empty"}
	}
	return doc.Content[0], nil
}

// decode reads a document. The parser is meant to return errors; whatever it does with
// bytes that nobody thought of must not end the program.
func decode(dec *yaml.Decoder, into *yaml.Node) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("unreadable: %v", r)
		}
	}()
	return dec.Decode(into)
}

// syntax is an error of the parser, which has the line in its text.
func syntax(err error) error {
	return &Error{Message: "is not YAML: " + strings.TrimPrefix(err.Error(), "yaml: ")}
}

// plainNode refuses what makes one part of a file mean another, or something else than it
// looks like: anchors, aliases and tags.
func plainNode(n *yaml.Node) error {
	switch {
	case n.Kind == yaml.AliasNode:
		return at(n, "an alias: write out what it stands for")
	case n.Anchor != "":
		return at(n, "an anchor, &%s: a trust file has none", n.Anchor)
	case n.Style&yaml.TaggedStyle != 0:
		return at(n, "a tag, %s: a trust file has none", n.Tag)
	}
	return nil
}

// A field is a member that a mapping may have.
type field struct {
	name     string
	required bool
	read     func(*yaml.Node) error
}

// mapping reads a mapping of fields. What it does not know, and what is there twice, is
// refused.
func mapping(n *yaml.Node, what string, fields ...field) error {
	if err := plainNode(n); err != nil {
		return err
	}
	if n.Kind != yaml.MappingNode {
		return at(n, "%s must be a mapping of %s, and is %s", what, names(fields), kind(n))
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if err := plainNode(key); err != nil {
			return err
		}
		k := slices.IndexFunc(fields, func(f field) bool { return key.Kind == yaml.ScalarNode && f.name == key.Value })
		if k < 0 {
			return at(key, "%s has no field %q: it has %s", what, key.Value, names(fields))
		}
		if seen[key.Value] {
			return at(key, "%s is there twice", key.Value)
		}
		seen[key.Value] = true
		if err := fields[k].read(value); err != nil {
			return err
		}
	}
	for _, f := range fields {
		if f.required && !seen[f.name] {
			return at(n, "%s has no %s", what, f.name)
		}
	}
	return nil
}

func names(fields []field) string {
	var all []string
	for _, f := range fields {
		all = append(all, f.name)
	}
	return strings.Join(all, ", ")
}

// list reads the items of a list of at most limit.
func list(n *yaml.Node, what string, limit int, read func(*yaml.Node) error) error {
	if err := plainNode(n); err != nil {
		return err
	}
	if n.Kind != yaml.SequenceNode {
		return at(n, "%s must be a list, and is %s", what, kind(n))
	}
	if len(n.Content) > limit {
		return at(n.Content[limit], "%s has over %d items", what, limit)
	}
	for _, item := range n.Content {
		if err := read(item); err != nil {
			return err
		}
	}
	return nil
}

// text reads a string that looks like one: 010, yes, null and dates are other things to
// some readers.
func text(n *yaml.Node, what string) (string, error) {
	if err := plainNode(n); err != nil {
		return "", err
	}
	if n.Kind != yaml.ScalarNode || n.Tag != "!!str" {
		return "", at(n, "%s must be text, and is %s: put it in quotes if it is meant", what, kind(n))
	}
	if n.Value == "" {
		return "", at(n, "%s is empty", what)
	}
	return n.Value, nil
}

// moment reads a time with its zone.
func moment(n *yaml.Node, what string) (time.Time, error) {
	if err := plainNode(n); err != nil {
		return time.Time{}, err
	}
	t, err := time.Parse(time.RFC3339, n.Value)
	if n.Kind != yaml.ScalarNode || err != nil || t.IsZero() {
		return time.Time{}, at(n, "%s must be a time with its zone, as in 2026-01-31T12:00:00Z (RFC 3339), and is %s", what, kind(n))
	}
	return t.UTC(), nil
}

// kind is what a node is, for people.
func kind(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	case yaml.ScalarNode:
		if n.Tag == "!!null" {
			return "nothing"
		}
		value := n.Value
		if len(value) > 40 {
			value = value[:40] + "…"
		}
		return fmt.Sprintf("%q", value)
	}
	return "something else"
}
