package policy

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/carnet-project/carnet/verify"
)

// foundBytes bounds what a finding of a rule tells of what the rule read.
const foundBytes = 300

// told is what a rule read, as path = value, bounded. Maps, and lists of more than a few,
// are told by their size: what is in them may be anything.
func told(paths []string, variables map[string]any) string {
	var parts []string
	for _, path := range paths {
		values := follow(variables, strings.Split(path, "."))
		switch {
		case values == nil:
			parts = append(parts, path+" is not there")
		case len(values) > 3:
			parts = append(parts, fmt.Sprintf("%s has %d values", path, len(values)))
		default:
			var shown []string
			for _, v := range values {
				shown = append(shown, show(path, v))
			}
			parts = append(parts, path+" = "+strings.Join(shown, ", "))
		}
	}
	if len(parts) == 0 {
		return "nothing that it reads"
	}
	return brief(strings.Join(parts, "; "))
}

// follow finds what lies at a path, in each element of the lists on the way; nil is nothing.
func follow(of any, path []string) []any {
	if len(path) == 0 {
		return []any{of}
	}
	name, each := strings.CutSuffix(path[0], "[]")
	deeper := 0
	for strings.HasSuffix(name, "[]") {
		name, deeper = strings.TrimSuffix(name, "[]"), deeper+1
	}
	next, ok := field(of, name)
	if !ok {
		return nil
	}
	all := []any{next}
	if each {
		for range deeper + 1 {
			all = elements(all)
		}
	}
	var found []any
	for _, x := range all {
		found = append(found, follow(x, path[1:])...)
	}
	return found
}

func field(of any, name string) (any, bool) {
	switch m := of.(type) {
	case map[string]any:
		v, ok := m[name]
		return v, ok
	case map[string]string:
		v, ok := m[name]
		return v, ok
	}
	return nil, false
}

func elements(lists []any) []any {
	var all []any
	for _, l := range lists {
		switch l := l.(type) {
		case []any:
			all = append(all, l...)
		case []string:
			for _, s := range l {
				all = append(all, s)
			}
		case map[string]string:
			for _, name := range sortedKeys(l) {
				all = append(all, name)
			}
		case map[string]any:
			for _, name := range sortedKeys(l) {
				all = append(all, name)
			}
		}
	}
	return all
}

// show writes a value; what is called a secret is not shown.
func show(path string, v any) string {
	if secretive(path) {
		return "(hidden)"
	}
	switch v := v.(type) {
	case string:
		return fmt.Sprintf("%q", withoutPassword(v))
	case time.Time:
		return v.UTC().Format(time.RFC3339)
	case bool, int64, float64, nil:
		return fmt.Sprint(v)
	case []string:
		if len(v) <= 5 {
			return fmt.Sprintf("%q", v)
		}
		return plural(len(v), "element")
	case []any:
		return plural(len(v), "element")
	case map[string]any:
		return plural(len(v), "member")
	case map[string]string:
		return plural(len(v), "member")
	}
	return fmt.Sprintf("a %T", v)
}

// secretive says whether something is called like a secret.
func secretive(path string) bool {
	path = strings.ToLower(path)
	return slices.ContainsFunc([]string{"password", "passwd", "secret", "token", "credential", "apikey", "api_key", "private"}, func(word string) bool { return strings.Contains(path, word) })
}

// withoutPassword leaves user information out of a URL.
func withoutPassword(s string) string {
	scheme, rest, found := strings.Cut(s, "://")
	if !found {
		return s
	}
	authority, path, _ := strings.Cut(rest, "/")
	at := strings.LastIndexByte(authority, '@')
	if at < 0 {
		return s
	}
	return scheme + "://" + authority[at+1:] + "/" + path
}

// brief cuts a text to foundBytes, and puts it on one line.
func brief(s string) string {
	s = strings.Join(strings.Fields(strings.ToValidUTF8(s, "?")), " ")
	if len(s) <= foundBytes {
		return s
	}
	end := foundBytes - len("…")
	for !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + "…"
}

func containsEvidence(all []*verify.Evidence, e *verify.Evidence) bool {
	return slices.Contains(all, e)
}

func sortedKeys[T any](m map[string]T) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// sortObjects orders a list of objects by a text that each has.
func sortObjects(list []any, by string) {
	slices.SortFunc(list, func(a, b any) int {
		return strings.Compare(fmt.Sprint(a.(object)[by]), fmt.Sprint(b.(object)[by]))
	})
}
