package document_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"github.com/carnet-project/carnet/verify/policy/document"
)

func compiled(t testing.TB) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(document.Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource(document.SchemaID, doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile(document.SchemaID)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// value is a document as an editor sees it, for which dates are text.
func value(t testing.TB, n *yaml.Node) any {
	t.Helper()
	switch n.Kind {
	case yaml.DocumentNode:
		return value(t, n.Content[0])
	case yaml.MappingNode:
		m := map[string]any{}
		for i := 0; i < len(n.Content); i += 2 {
			m[n.Content[i].Value] = value(t, n.Content[i+1])
		}
		return m
	case yaml.SequenceNode:
		all := []any{}
		for _, item := range n.Content {
			all = append(all, value(t, item))
		}
		return all
	}
	switch n.Tag {
	case "!!int", "!!float":
		return json.Number(n.Value)
	case "!!bool":
		return n.Value == "true"
	case "!!null":
		return nil
	}
	return n.Value
}

func parsed(t testing.TB, raw []byte) any {
	t.Helper()
	var n yaml.Node
	if err := yaml.Unmarshal(raw, &n); err != nil {
		t.Fatal(err)
	}
	return value(t, &n)
}

func TestSchemaAccepts(t *testing.T) {
	s := compiled(t)
	for name, raw := range map[string][]byte{
		"starter": example(t, "starter"), "slsa-l3-github": example(t, "slsa-l3-github"), "cardholder-environment": example(t, "cardholder-environment"),
		"whole": []byte(whole), "small": []byte(small), "written": document.Write(wholeDocument(t), nil),
	} {
		if err := s.Validate(parsed(t, raw)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What is wrong with one field alone is refused by the schema, too.
func TestSchemaRefuses(t *testing.T) {
	s := compiled(t)
	all := refusals()
	for _, name := range []string{
		"unknown field", "misspelt field", "another case", "another dialect", "merge", "other version", "trust file's version", "other kind", "no kind", "no owner",
		"a list for a mapping", "text for a list", "empty list", "text twice", "empty section", "no scopes", "number for text", "nothing for text",
		"version of nothing", "version of text", "date of text", "time without zone", "mode", "duration", "platform word", "level", "source level", "severity",
		"probability", "no scan age", "log", "log word", "agreement", "a rule's message", "a long rule", "instance", "instance of nothing", "clock",
		"name with a space", "no kind of identity", "two kinds of identity", "whose workflow", "repository and owner", "refs of no builder", "number as a name",
		"letters as a number", "runner", "no key", "two keys", "file and pem", "name of a claim", "git without a file", "builder without signer",
		"builder of two ids", "level of the builder", "threshold of none", "exception without owner", "exception without reason", "exception without ticket", "exception without end",
	} {
		test, ok := all[name]
		if !ok {
			t.Errorf("there is no refusal %q", name)
			continue
		}
		if err := s.Validate(parsed(t, []byte(strings.Replace(small, test.old, test.new, 1)))); err == nil {
			t.Errorf("%s is accepted: %s", name, test.new)
		}
	}
}

// The schema and the reader know the same fields in the same places: the reader lists
// those that it knows when it is given another one.
func TestSchemaAndReaderAgree(t *testing.T) {
	var root map[string]any
	if err := json.Unmarshal(document.Schema(), &root); err != nil {
		t.Fatal(err)
	}
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(whole), &doc); err != nil {
		t.Fatal(err)
	}
	checked := 0
	inline(root, root["$defs"].(map[string]any)["require"])
	agree(t, root, doc.Content[0], func() string {
		checked++
		var b bytes.Buffer
		if err := yaml.NewEncoder(&b).Encode(&doc); err != nil {
			t.Fatal(err)
		}
		_, err := document.Parse("policy.yaml", b.Bytes(), compile)
		if err == nil {
			return ""
		}
		return err.Error()
	})
	if checked < 60 {
		t.Errorf("%d mappings were looked at", checked)
	}
}

var known = regexp.MustCompile(`has no field "zzzzzzzzzzzzzzzzzzzz": it has (.*)$`)

// agree puts a field that nobody knows into each mapping of the document and compares what
// the reader then lists with the schema's properties.
func agree(t *testing.T, s map[string]any, n *yaml.Node, read func() string) {
	t.Helper()
	for _, choice := range choices(s) {
		switch {
		case n.Kind == yaml.SequenceNode && choice["items"] != nil:
			for _, item := range n.Content {
				agree(t, choice["items"].(map[string]any), item, read)
			}
		case n.Kind == yaml.MappingNode && choice["properties"] != nil:
			properties := choice["properties"].(map[string]any)
			content := n.Content
			n.Content = append(slices.Clone(content), &yaml.Node{Kind: yaml.ScalarNode, Value: "zzzzzzzzzzzzzzzzzzzz"}, &yaml.Node{Kind: yaml.ScalarNode, Value: "1"})
			says := read()
			n.Content = content
			listed := known.FindStringSubmatch(says)
			if listed == nil {
				t.Fatalf("line %d: the reader says %q", n.Line, says)
			}
			names := strings.Split(listed[1], ", ")
			slices.Sort(names)
			var want []string
			for name, property := range properties {
				want = append(want, name)
				if property.(map[string]any)["description"] == "" || property.(map[string]any)["description"] == nil {
					t.Errorf("%s has no description", name)
				}
			}
			slices.Sort(want)
			if !slices.Equal(names, want) {
				t.Errorf("line %d: the reader knows %q, the schema %q", n.Line, names, want)
			}
			if choice["additionalProperties"] != false {
				t.Errorf("line %d: the schema lets other fields in", n.Line)
			}
			for i := 0; i < len(content); i += 2 {
				agree(t, properties[content[i].Value].(map[string]any), content[i+1], read)
			}
		case n.Kind == yaml.MappingNode:
			if more, ok := choice["additionalProperties"].(map[string]any); ok {
				for i := 1; i < len(n.Content); i += 2 {
					agree(t, more, n.Content[i], read)
				}
			}
		}
	}
}

// inline puts the requirements in the place of references to them.
func inline(v, require any) {
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			inline(item, require)
		}
	case map[string]any:
		if v["$ref"] == "#/$defs/require" {
			delete(v, "$ref")
			maps.Copy(v, require.(map[string]any))
			return
		}
		for _, inner := range v {
			inline(inner, require)
		}
	}
}

// choices are the schemas of which one is meant.
func choices(s map[string]any) []map[string]any {
	all := []map[string]any{s}
	if s["properties"] == nil {
		for _, one := range anys(s["oneOf"]) {
			all = append(all, choices(one.(map[string]any))...)
		}
	}
	return all
}

func anys(v any) []any {
	all, _ := v.([]any)
	return all
}

// The schema that is published is the one of the code: carnet policy schema prints it.
func TestSchemaIsPublished(t *testing.T) {
	published, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "schema", "policy-v1.json"))
	if err != nil || !bytes.Equal(published, document.Schema()) {
		t.Errorf("docs/schema/policy-v1.json is not what document.Schema gives (%v): write it again with carnet policy schema", err)
	}
}

// The reference names every field.
func TestReferenceIsComplete(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "policy.md"))
	if err != nil {
		t.Fatal(err)
	}
	var root map[string]any
	if err := json.Unmarshal(document.Schema(), &root); err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	fields(root, names)
	if len(names) < 90 {
		t.Errorf("the schema has %d names of fields", len(names))
	}
	for name := range names {
		if !regexp.MustCompile("`[^`\n]*\\b" + name + "\\b[^`\n]*`").Match(raw) {
			t.Errorf("docs/policy.md does not name %s", name)
		}
	}
}

func fields(v any, names map[string]bool) {
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			fields(item, names)
		}
	case map[string]any:
		if properties, ok := v["properties"].(map[string]any); ok {
			for name, inner := range properties {
				names[name] = true
				fields(inner, names)
			}
		}
		for keyword, inner := range v {
			if keyword != "properties" {
				fields(inner, names)
			}
		}
	}
}
