package document

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v3"

	"github.com/carnet-project/carnet/verify/internal/strictyaml"
)

// A schema is a part of a JSON Schema.
type schema = map[string]any

// A place is what a value is called, and the line at which it is introduced.
type place struct {
	what string
	line int
}

// A codec reads, writes and describes the values of one type.
type codec[T any] struct {
	read func(*yaml.Node, place) (T, error)
	// write is nil for a value that need not be said.
	write  func(T) *yaml.Node
	schema func() schema
}

// that refuses values for which check gives an error, which follows the field's name.
func (c codec[T]) that(check func(T) error) codec[T] {
	read := c.read
	c.read = func(n *yaml.Node, at place) (T, error) {
		v, err := read(n, at)
		if err != nil {
			return v, err
		}
		if err := check(v); err != nil {
			return v, strictyaml.At(n, "%s %v", at.what, err)
		}
		return v, nil
	}
	return c
}

// called gives the values a name of their own, in place of the field's.
func (c codec[T]) called(what string) codec[T] {
	read := c.read
	c.read = func(n *yaml.Node, at place) (T, error) { return read(n, place{what, at.line}) }
	return c
}

// described adds to the schema.
func (c codec[T]) described(more schema) codec[T] {
	inner := c.schema
	c.schema = func() schema {
		s := inner()
		maps.Copy(s, more)
		return s
	}
	return c
}

// text is a string of at most limit bytes.
func text(limit int) codec[string] {
	return codec[string]{
		read: func(n *yaml.Node, at place) (string, error) {
			s, err := strictyaml.Text(n, at.what)
			if err == nil && len(s) > limit {
				err = strictyaml.At(n, "%s is over %d bytes", at.what, limit)
			}
			return s, err
		},
		write: func(s string) *yaml.Node {
			if s == "" {
				return nil
			}
			return scalar(s)
		},
		schema: func() schema { return schema{"type": "string", "minLength": 1, "maxLength": limit} },
	}
}

// sentence is a line of text that people read.
func sentence() codec[string] {
	return text(500).that(func(s string) error {
		if strings.TrimSpace(s) != s || strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
			return fmt.Errorf("must be one line of text, without space around it")
		}
		return nil
	})
}

// namePattern is what may be the name of a policy and of its parts.
const namePattern = `^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$`

// name is a name of something in a document.
func name() codec[string] {
	return text(100).that(func(s string) error {
		if strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") != "" || strings.HasPrefix(s, ".") || strings.HasPrefix(s, "_") || strings.HasPrefix(s, "-") {
			return fmt.Errorf("is %q, and must be letters, digits, dots, hyphens and underscores, and begin with a letter or a digit", s)
		}
		return nil
	}).described(schema{"pattern": namePattern})
}

// word is one of a few words.
func word[T ~string](words ...T) codec[T] {
	return codec[T]{
		read: func(n *yaml.Node, at place) (T, error) {
			s, err := strictyaml.Text(n, at.what)
			if err != nil {
				return "", err
			}
			if !slices.Contains(words, T(s)) {
				return "", strictyaml.At(n, "%s must be %s, and is %.40q", at.what, choice(words), s)
			}
			return T(s), nil
		},
		write:  func(v T) *yaml.Node { return text(100).write(string(v)) },
		schema: func() schema { return schema{"enum": words} },
	}
}

func choice[T ~string](words []T) string {
	var all []string
	for _, w := range words {
		all = append(all, string(w))
	}
	if len(all) == 1 {
		return all[0]
	}
	return strings.Join(all[:len(all)-1], ", ") + " or " + all[len(all)-1]
}
