package document

import (
	"maps"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/carnet-project/carnet/verify/internal/strictyaml"
)

// list is at least one value, and none where the field is absent.
func list[T any](limit int, item codec[T]) codec[[]T] {
	c := openList(limit, item)
	read := c.read
	c.read = func(n *yaml.Node, at place) ([]T, error) {
		all, err := read(n, at)
		if err == nil && len(all) == 0 {
			err = strictyaml.At(n, "%s is empty: leave it out, or say what is meant", at.what)
		}
		return all, err
	}
	write := c.write
	c.write = func(all []T) *yaml.Node {
		if len(all) == 0 {
			return nil
		}
		return write(all)
	}
	return c.described(schema{"minItems": 1})
}

// openList is a list that says something by being empty, too.
func openList[T any](limit int, item codec[T]) codec[[]T] {
	return codec[[]T]{
		read: func(n *yaml.Node, at place) ([]T, error) {
			all := []T{}
			return all, strictyaml.List(n, at.what, limit, func(n *yaml.Node) error {
				v, err := item.read(n, place{at.what, n.Line})
				all = append(all, v)
				return err
			})
		},
		write: func(all []T) *yaml.Node {
			if all == nil {
				return nil
			}
			n := &yaml.Node{Kind: yaml.SequenceNode}
			length := 0
			for _, v := range all {
				value := item.write(v)
				if value == nil {
					value = &yaml.Node{Kind: yaml.MappingNode, Style: yaml.FlowStyle}
				}
				length += len(value.Value) + 2
				n.Content = append(n.Content, value)
			}
			if length <= 60 && !slices.ContainsFunc(n.Content, func(n *yaml.Node) bool { return n.Kind != yaml.ScalarNode || n.Style == yaml.LiteralStyle }) {
				n.Style = yaml.FlowStyle
			}
			return n
		},
		schema: func() schema { return schema{"type": "array", "maxItems": limit, "items": item.schema()} },
	}
}

// texts is a list of distinct texts.
func texts(limit int, item codec[string]) codec[[]string] { return distinct(list(limit, item)) }

func distinct(c codec[[]string]) codec[[]string] {
	read := c.read
	c.read = func(n *yaml.Node, at place) ([]string, error) {
		all, err := read(n, at)
		for i, s := range all {
			if err == nil && slices.Contains(all[:i], s) {
				err = strictyaml.At(n.Content[i], "%s has %q twice", at.what, s)
			}
		}
		return all, err
	}
	return c.described(schema{"uniqueItems": true})
}

// named is a mapping from names to objects, which know their name.
func named[S any](limit int, of string, item codec[S], nameOf func(*S) *string) codec[[]S] {
	return codec[[]S]{
		read: func(n *yaml.Node, at place) ([]S, error) {
			var all []S
			return all, strictyaml.Entries(n, at.what, limit, func(_ string, key, value *yaml.Node) error {
				called, err := name().read(key, place{"a name in " + at.what, key.Line})
				if err != nil {
					return err
				}
				s, err := item.read(value, place{of + " " + called, key.Line})
				*nameOf(&s) = called
				all = append(all, s)
				return err
			})
		},
		write: func(all []S) *yaml.Node {
			if len(all) == 0 {
				return nil
			}
			n := &yaml.Node{Kind: yaml.MappingNode}
			for _, s := range all {
				n.Content = append(n.Content, scalar(*nameOf(&s)), item.write(s))
			}
			return n
		},
		schema: func() schema {
			return schema{"type": "object", "maxProperties": limit, "propertyNames": schema{"pattern": namePattern}, "additionalProperties": item.schema()}
		},
	}
}

// dictionary is a mapping from names, which may be anything on a line, to values.
func dictionary[K ~string, V any](limit int, key codec[K], item codec[V]) codec[map[K]V] {
	return codec[map[K]V]{
		read: func(n *yaml.Node, at place) (map[K]V, error) {
			all := map[K]V{}
			err := strictyaml.Entries(n, at.what, limit, func(called string, k, value *yaml.Node) error {
				to, err := key.read(k, place{"a name in " + at.what, k.Line})
				if err != nil {
					return err
				}
				all[to], err = item.read(value, place{called, k.Line})
				return err
			})
			if err == nil && len(all) == 0 {
				err = strictyaml.At(n, "%s is empty: leave it out, or say what is meant", at.what)
			}
			return all, err
		},
		write: func(all map[K]V) *yaml.Node {
			if len(all) == 0 {
				return nil
			}
			n := &yaml.Node{Kind: yaml.MappingNode}
			for _, k := range slices.Sorted(maps.Keys(all)) {
				n.Content = append(n.Content, scalar(string(k)), item.write(all[k]))
			}
			return n
		},
		schema: func() schema {
			return schema{"type": "object", "minProperties": 1, "maxProperties": limit, "propertyNames": key.schema(), "additionalProperties": item.schema()}
		},
	}
}
