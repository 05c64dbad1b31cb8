package document

import (
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/carnet-project/carnet/verify/internal/strictyaml"
)

// A member is a field that the mapping of an S may have.
type member[S any] struct {
	name, about string
	must        bool
	read        func(s *S, n *yaml.Node, line int) error
	// write is nil where the field need not be said.
	write  func(s *S) *yaml.Node
	schema func() schema
}

// field is a member that is read into what to points at.
func field[S, T any](name, about string, c codec[T], to func(*S) *T) member[S] {
	return member[S]{
		name: name, about: about,
		read: func(s *S, n *yaml.Node, line int) (err error) {
			*to(s), err = c.read(n, place{name, line})
			return err
		},
		write:  func(s *S) *yaml.Node { return c.write(*to(s)) },
		schema: c.schema,
	}
}

// needed is the member as one that must be there.
func (m member[S]) needed() member[S] {
	m.must = true
	return m
}

// group is a mapping within the mapping of an S, whose fields are S's, too.
func group[S any](name, about string, members ...member[S]) member[S] {
	return member[S]{
		name: name, about: about,
		read:   func(s *S, n *yaml.Node, line int) error { return readMembers(s, n, name, members) },
		write:  func(s *S) *yaml.Node { return writeMembers(s, members) },
		schema: func() schema { return describeMembers(members) },
	}
}

// object is a mapping with a place to put its line, which may be nil. One that says
// nothing is nil.
func object[S any](line func(*S) *int, members ...member[S]) codec[S] {
	return codec[S]{
		read: func(n *yaml.Node, at place) (s S, err error) {
			if line != nil {
				*line(&s) = at.line
			}
			return s, readMembers(&s, n, at.what, members)
		},
		write:  func(s S) *yaml.Node { return writeMembers(&s, members) },
		schema: func() schema { return describeMembers(members) },
	}
}

// section is an object that may be absent, which is different from one that says nothing.
func section[S any](line func(*S) *int, members ...member[S]) codec[*S] {
	inner := object(line, members...)
	return codec[*S]{
		read: func(n *yaml.Node, at place) (*S, error) {
			s, err := inner.read(n, at)
			return &s, err
		},
		write: func(s *S) *yaml.Node {
			if s == nil {
				return nil
			}
			if n := inner.write(*s); n != nil {
				return n
			}
			return &yaml.Node{Kind: yaml.MappingNode, Style: yaml.FlowStyle}
		},
		schema: inner.schema,
	}
}

func readMembers[S any](s *S, n *yaml.Node, what string, members []member[S]) error {
	if n.Kind == yaml.MappingNode && len(n.Content) == 0 && !slices.ContainsFunc(members, func(m member[S]) bool { return m.must }) {
		return strictyaml.At(n, "%s is empty: leave it out, or say what is meant", what)
	}
	var fields []strictyaml.Field
	for _, m := range members {
		fields = append(fields, strictyaml.Field{Name: m.name, Required: m.must, Read: func(value *yaml.Node) error {
			return m.read(s, value, keyOf(n, value).Line)
		}})
	}
	return strictyaml.Mapping(n, what, fields...)
}

// keyOf is the key of a mapping's value.
func keyOf(mapping, value *yaml.Node) *yaml.Node {
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i+1] == value {
			return mapping.Content[i]
		}
	}
	return value
}

func writeMembers[S any](s *S, members []member[S]) *yaml.Node {
	n := &yaml.Node{Kind: yaml.MappingNode}
	for _, m := range members {
		if value := m.write(s); value != nil {
			n.Content = append(n.Content, scalar(m.name), value)
		}
	}
	if len(n.Content) == 0 {
		return nil
	}
	return n
}

func describeMembers[S any](members []member[S]) schema {
	properties, required := schema{}, []string{}
	for _, m := range members {
		s := m.schema()
		s["description"] = m.about
		properties[m.name] = s
		if m.must {
			required = append(required, m.name)
		}
	}
	s := schema{"type": "object", "additionalProperties": false, "properties": properties}
	if len(required) > 0 {
		s["required"] = required
	} else {
		s["minProperties"] = 1
	}
	return s
}
