package document

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v3"

	"github.com/carnet-project/carnet/verify/internal/strictyaml"
	"github.com/carnet-project/carnet/verify/policy"
)

// Write is the document in YAML, such that [Parse] reads the same document from it, but
// for its lines, digest and URI. What has no words in a file is left out: patterns and
// bundles from a command line, and the content of files that the document names.
//
// Comments are lines to put above parts, by the path of these: "" is the document,
// "identities/release-ci" an identity, "scopes/shop/require/sbom" a section; items of a
// list are named by their name or id, or by their number from 0. A path that leads
// nowhere is left out.
func Write(d *policy.Document, comments map[string]string) []byte {
	root := documentShape().write(*d)
	for to, text := range comments {
		if n := lead(root, to); n != nil {
			n.HeadComment = comment(text)
		}
	}
	var b bytes.Buffer
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	// Writing nodes of our own into memory has no way to fail.
	_ = enc.Encode(root)
	_ = enc.Close()
	return spaced(b.Bytes())
}

// spaced puts an empty line before each part of the document. What begins a line is a
// part's name, or a comment of it: all else is indented.
func spaced(raw []byte) []byte {
	var b bytes.Buffer
	var held []byte
	for line := range bytes.Lines(raw) {
		switch {
		case line[0] == '#':
			held = append(held, line...)
			continue
		case line[0] != ' ' && bytes.HasSuffix(line, []byte(":\n")) && b.Len() > 0 && string(line) != "metadata:\n":
			b.WriteByte('\n')
		}
		b.Write(held)
		b.Write(line)
		held = nil
	}
	return b.Bytes()
}

// lead follows a path to the node above which a comment belongs.
func lead(root *yaml.Node, to string) *yaml.Node {
	if to == "" {
		return root.Content[0]
	}
	n, above := root, root
	for _, step := range strings.Split(to, "/") {
		var next *yaml.Node
		if n.Kind == yaml.SequenceNode {
			next = item(n, step)
			above = next
		} else if value, _ := follow(n, step); value != nil {
			next, above = value, keyOf(n, value)
		}
		if next == nil {
			return nil
		}
		n = next
	}
	return above
}

// item is the item of a list that has this name, id or number.
func item(list *yaml.Node, called string) *yaml.Node {
	for _, n := range list.Content {
		for _, field := range []string{"name", "id"} {
			if value, _ := follow(n, field); value != nil && value.Value == called {
				return n
			}
		}
	}
	if i, err := strconv.Atoi(called); err == nil && i >= 0 && i < len(list.Content) {
		return list.Content[i]
	}
	return nil
}

// comment makes lines of a comment, of what a person can see: other characters could end
// the line for some readers, and begin a field.
func comment(text string) string {
	var lines []string
	for line := range strings.SplitSeq(strings.TrimRight(text, "\n"), "\n") {
		line = strings.Map(func(r rune) rune {
			if !unicode.IsPrint(r) || r == unicode.ReplacementChar || r == '\ufeff' {
				return ' '
			}
			return r
		}, line)
		lines = append(lines, strings.TrimRight("# "+line, " "))
	}
	return strings.Join(lines, "\n")
}

var plainText = lazy(`^[A-Za-z./][A-Za-z0-9 ./@_+:>=-]*$`)

// scalar is text, in quotes unless everybody reads it as text without them.
func scalar(s string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s}
	switch {
	case plainText().MatchString(s) && !special(s):
	case strings.HasSuffix(s, "\n") && !strings.ContainsFunc(s, func(r rune) bool { return r != '\n' && (!unicode.IsPrint(r) || r == '\ufeff') }) && !blockHazard(s):
		n.Style = yaml.LiteralStyle
	case !strings.ContainsAny(s, "'\n\ufeff") && strings.ContainsAny(s, `"\`) && strings.TrimSpace(s) == s && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }):
		n.Style = yaml.SingleQuotedStyle
	default:
		n.Style = yaml.DoubleQuotedStyle
	}
	return n
}

// special says whether plain text would be something else than text to some reader.
func special(s string) bool {
	return slices.Contains([]string{"null", "true", "false", ".inf", ".nan"}, strings.ToLower(s)) || strictyaml.Ambiguous(s) ||
		strings.Contains(s, ": ") || strings.HasSuffix(s, ":") || strings.HasSuffix(s, " ") || strings.HasPrefix(s, "...")
}

// blockHazard says whether a block of lines would lose or gain something: it keeps one
// line break at its end, and takes the indentation of its first line for its own.
func blockHazard(s string) bool {
	return strings.HasSuffix(s, "\n\n") || strings.HasPrefix(s, " ") || strings.HasPrefix(s, "\n") || strings.Contains(s, " \n")
}
