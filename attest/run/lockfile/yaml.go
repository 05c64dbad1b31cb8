package lockfile

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxDocuments bounds the documents of a YAML file, and maxDepth how deeply mappings and
// lists are nested in one.
const (
	maxDocuments = 4
	maxDepth     = 32
)

// inYAML reads the documents of a file as nodes. What makes one part mean another, anchors,
// aliases and tags, is refused, for no package manager writes it.
func (c *collector) inYAML(raw []byte, read func(doc *yaml.Node) error) error {
	dec := yaml.NewDecoder(bytes.NewReader(raw))
	for n := 0; ; n++ {
		var doc yaml.Node
		err := dec.Decode(&doc)
		switch {
		case err == io.EOF && n > 0:
			return nil
		case err == io.EOF:
			return c.wrong("", "a YAML document", "nothing")
		case err != nil:
			return c.wrong("", "YAML", strings.TrimPrefix(err.Error(), "yaml: "))
		case n == maxDocuments:
			return c.wrong(place(doc.Line), fmt.Sprintf("at most %d documents", maxDocuments), "more")
		}
		if err := c.plain(&doc, 0); err != nil {
			return err
		}
		if len(doc.Content) != 1 {
			continue
		}
		if err := read(doc.Content[0]); err != nil {
			return err
		}
	}
}

func (c *collector) plain(n *yaml.Node, depth int) error {
	found := ""
	switch {
	case n.Kind == yaml.AliasNode:
		found = "an alias"
	case n.Anchor != "":
		found = "an anchor"
	case n.Style&yaml.TaggedStyle != 0:
		found = "a tag"
	case depth > maxDepth:
		found = "something nested deeper than any lock file"
	}
	if found != "" {
		return c.wrong(place(n.Line), "plain YAML", found)
	}
	names := map[string]bool{}
	for i, inner := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 0 {
			if inner.Kind != yaml.ScalarNode {
				return c.wrong(place(inner.Line), "a name", "a mapping or list")
			}
			if names[inner.Value] {
				return c.wrong(place(inner.Line), "each name once", quoted(inner.Value)+" twice")
			}
			names[inner.Value] = true
		}
		if err := c.plain(inner, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// pairs calls read with each member of a mapping; a node that is none has no members.
func pairs(n *yaml.Node, read func(name string, value *yaml.Node) error) error {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if err := read(n.Content[i].Value, n.Content[i+1]); err != nil {
			return err
		}
	}
	return nil
}

// member is a member of a mapping, or nil.
func member(n *yaml.Node, name string) *yaml.Node {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == name {
			return n.Content[i+1]
		}
	}
	return nil
}

// scalar is the text of a member as it is written, or nothing.
func scalar(n *yaml.Node, name string) string {
	if m := member(n, name); m != nil && m.Kind == yaml.ScalarNode && m.Tag != "!!null" {
		return m.Value
	}
	return ""
}
