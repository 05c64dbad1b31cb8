package strictyaml

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// A Field is a member that a mapping may have.
type Field struct {
	Name     string
	Required bool
	Read     func(*yaml.Node) error
}

// Required is a field that must be there.
func Required(name string, read func(*yaml.Node) error) Field { return Field{name, true, read} }

// Optional is a field that may be there.
func Optional(name string, read func(*yaml.Node) error) Field { return Field{name, false, read} }

// Mapping reads a mapping of fields. What it does not know, and what is there twice, is
// refused.
func Mapping(n *yaml.Node, what string, fields ...Field) error {
	if n.Kind != yaml.MappingNode {
		return At(n, "%s must be a mapping of %s, and is %s", what, names(fields), Kind(n))
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		k := slices.IndexFunc(fields, func(f Field) bool { return key.Kind == yaml.ScalarNode && f.Name == key.Value })
		if k < 0 {
			return unknown(key, what, fields)
		}
		if seen[key.Value] {
			return At(key, "%s is there twice", key.Value)
		}
		seen[key.Value] = true
		if err := fields[k].Read(value); err != nil {
			return err
		}
	}
	for _, f := range fields {
		if f.Required && !seen[f.Name] {
			return At(n, "%s has no %s", what, f.Name)
		}
	}
	return nil
}

func unknown(key *yaml.Node, what string, fields []Field) error {
	if key.Kind != yaml.ScalarNode {
		return At(key, "%s has no field that is %s: it has %s", what, Kind(key), names(fields))
	}
	var all []string
	for _, f := range fields {
		all = append(all, f.Name)
	}
	meant := ""
	if near := Nearest(key.Value, all); near != "" {
		meant = "did you mean " + near + "? "
	}
	return At(key, "%s has no field %.40q: %sit has %s", what, key.Value, meant, names(fields))
}

func names(fields []Field) string {
	var all []string
	for _, f := range fields {
		all = append(all, f.Name)
	}
	return strings.Join(all, ", ")
}

// Entries reads a mapping from names that the file chooses, of at most limit. A name is
// read as [Label] reads text, and is there once.
func Entries(n *yaml.Node, what string, limit int, read func(name string, key, value *yaml.Node) error) error {
	if n.Kind != yaml.MappingNode {
		return At(n, "%s must be a mapping from names, and is %s", what, Kind(n))
	}
	if len(n.Content)/2 > limit {
		return At(n.Content[2*limit], "%s has over %d entries", what, limit)
	}
	first := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		name, err := Label(key, "a name in "+what)
		if err != nil {
			return err
		}
		if line, twice := first[name]; twice {
			return At(key, "%s is there twice: it is in line %d already", name, line)
		}
		first[name] = key.Line
		if err := read(name, key, value); err != nil {
			return err
		}
	}
	return nil
}

// List reads the items of a list of at most limit.
func List(n *yaml.Node, what string, limit int, read func(*yaml.Node) error) error {
	if n.Kind != yaml.SequenceNode {
		return At(n, "%s must be a list, and is %s", what, Kind(n))
	}
	if len(n.Content) > limit {
		return At(n.Content[limit], "%s has over %d items", what, limit)
	}
	for _, item := range n.Content {
		if err := read(item); err != nil {
			return err
		}
	}
	return nil
}

// Nearest is the name that was most likely meant, or "" if none is near: one that differs
// in case or in punctuation alone, or in up to a third of its letters.
func Nearest(got string, names []string) string {
	if len(got) > 64 {
		return ""
	}
	best, least := "", 1+len(got)/3
	for _, name := range names {
		d := distance(folded(got), folded(name))
		if d < least || d == 0 {
			best, least = name, d
		}
	}
	return best
}

func folded(s string) string {
	return strings.NewReplacer("-", "", "_", "", ".", "").Replace(strings.ToLower(s))
}

// distance is how many letters must be put in, left out or changed (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		corner := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := corner
			if a[i] != b[j] {
				cost++
			}
			corner = row[j+1]
			row[j+1] = min(cost, row[j]+1, corner+1)
		}
	}
	return row[len(b)]
}
