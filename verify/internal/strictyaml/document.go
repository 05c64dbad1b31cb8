package strictyaml

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// MaxBytes bounds a document, and maxDepth how deeply mappings and lists are nested in it.
const (
	MaxBytes = 256 << 10
	maxDepth = 32
)

// An Error is what is wrong with a document, and where. Line and Column count from 1;
// they are 0 if it is the whole document.
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

// At is an error at the place of a node.
func At(n *yaml.Node, format string, args ...any) error {
	return &Error{n.Line, n.Column, fmt.Sprintf(format, args...)}
}

// Document is the one document in raw, of at most [MaxBytes]; what names it, as in "a trust
// file". It has no anchor, alias or tag anywhere. Errors, here and of all other functions,
// are of type *[Error].
func Document(raw []byte, what string) (*yaml.Node, error) {
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
		return nil, At(&second, "a second document begins: %s is one", what)
	} else if !errors.Is(err, io.EOF) {
		return nil, syntax(err)
	}
	if len(doc.Content) != 1 {
		return nil, &Error{Message: "is empty"}
	}
	return doc.Content[0], plain(doc.Content[0], what, 1)
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

// syntax is an error of the parser. It has a line, and at times a column, in its text, of
// which the line is taken over.
func syntax(err error) error {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	wrong := &Error{Message: "is not YAML: " + text}
	var line int
	if n, _ := fmt.Sscanf(text, "line %d:", &line); n == 1 && line > 0 {
		_, after, _ := strings.Cut(text, ": ")
		wrong.Line, wrong.Column, wrong.Message = line, 1, "is not YAML: "+after
	}
	return wrong
}

// plain refuses what makes one part of a document mean another, or something else than it
// looks like, wherever it is: anchors, aliases and tags.
func plain(n *yaml.Node, what string, depth int) error {
	switch {
	case n.Kind == yaml.AliasNode:
		return At(n, "an alias: write out what it stands for")
	case n.Anchor != "":
		return At(n, "an anchor, &%s: %s has none", n.Anchor, what)
	case n.Style&yaml.TaggedStyle != 0:
		return At(n, "a tag, %s: %s has none", n.Tag, what)
	case depth > maxDepth:
		return At(n, "is nested over %d deep", maxDepth)
	}
	for _, inner := range n.Content {
		if err := plain(inner, what, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// Kind is what a node is, for people.
func Kind(n *yaml.Node) string {
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
