package convert

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// A source is a place in what is converted. It remembers what was read, so that what was
// not is known in the end. The source of a place that is not there is empty.
type source struct {
	path     string
	node     *yaml.Node
	read     bool
	children map[string]*source
	order    []*source
}

func newSource(n *yaml.Node) *source { return wrap("", n) }

func wrap(path string, n *yaml.Node) *source {
	s := &source{path: path, node: n, children: map[string]*source{}}
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			key := n.Content[i].Value
			child := wrap(strings.TrimPrefix(path+"."+key, "."), n.Content[i+1])
			s.children[key] = child
			s.order = append(s.order, child)
		}
	case yaml.SequenceNode:
		for i, c := range n.Content {
			s.order = append(s.order, wrap(fmt.Sprintf("%s[%d]", path, i), c))
		}
	}
	return s
}

// at is the place of a dotted path below s.
func (s *source) at(path string) *source {
	for _, key := range strings.Split(path, ".") {
		child, ok := s.children[key]
		if !ok {
			return &source{path: strings.TrimPrefix(s.path+"."+path, ".")}
		}
		s = child
	}
	return s
}

func (s *source) exists() bool { return s.node != nil }

// text is the scalar there, or "".
func (s *source) text() string {
	if s.node == nil || s.node.Kind != yaml.ScalarNode || s.node.Tag == "!!null" {
		return ""
	}
	s.read = true
	return s.node.Value
}

// items are the elements of the list there.
func (s *source) items() []*source {
	if s.node == nil || s.node.Kind != yaml.SequenceNode {
		return nil
	}
	s.read = true
	return s.order
}

// names are the members of the mapping there, in order.
func (s *source) names() []string {
	if s.node == nil || s.node.Kind != yaml.MappingNode {
		return nil
	}
	var all []string
	for i := 0; i+1 < len(s.node.Content); i += 2 {
		all = append(all, s.node.Content[i].Value)
	}
	return all
}

// texts are the scalars of the list there.
func (s *source) texts() []string {
	var all []string
	for _, i := range s.items() {
		if t := i.text(); t != "" {
			all = append(all, t)
		}
	}
	return all
}

// member is a member of the mapping there by its exact name, which may have dots.
func (s *source) member(name string) *source {
	if child, ok := s.children[name]; ok {
		return child
	}
	return &source{path: s.path + "." + name}
}

// readAll marks everything from here on as read.
func (s *source) readAll() {
	s.read = true
	for _, c := range s.order {
		c.readAll()
	}
}

// unread lists the places whose values were never asked for.
func (s *source) unread() []Gap {
	if len(s.order) == 0 {
		if s.read || s.node == nil || s.node.Kind != yaml.ScalarNode || s.node.Tag == "!!null" {
			return nil
		}
		return []Gap{{Where: s.path, Why: "is not carried over"}}
	}
	var all []Gap
	untouched := true
	for _, c := range s.order {
		below := c.unread()
		untouched = untouched && !c.touched()
		all = append(all, below...)
	}
	if untouched && !s.read && len(all) > 1 && s.path != "" {
		return []Gap{{Where: s.path, Why: "is not carried over"}}
	}
	return all
}

func (s *source) touched() bool {
	if s.read {
		return true
	}
	for _, c := range s.order {
		if c.touched() {
			return true
		}
	}
	return false
}
