// Package compare tells what two versions of a policy differ in, and whether the new one
// asks for more or for less where that can be told.
package compare

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/verify/policy"
)

// A Change is one thing that is not as it was.
type Change struct {
	// Path is where it is, by names: "scopes.shop.require.signatures.threshold".
	Path string
	// Old and New are the values; an empty one is a thing that is not there.
	Old, New string
	// Direction says what it does to what gets in.
	Direction Direction
}

// A Direction is what a change does.
type Direction string

// The directions. Unclear is what depends on the rest.
const (
	Tighter Direction = "tighter"
	Looser  Direction = "looser"
	Unclear Direction = "unclear"
	// Neutral changes nothing of what is asked: an owner, a version.
	Neutral Direction = "neutral"
)

// Documents lists the changes from old to new by their paths. The order of scopes, which
// decides which applies, is a change of its own.
func Documents(old, new *policy.Document) []Change {
	before, after := flatten(old), flatten(new)
	var all []Change
	for _, path := range slices.Sorted(maps.Keys(union(before, after))) {
		o, had := before[path]
		n, has := after[path]
		if had == has && o == n {
			continue
		}
		direction := direct(path, o, n, had, has)
		if prefix, item := listOf(path); item && (!holds(before, prefix) || !holds(after, prefix)) {
			direction = first(direction, has)
		}
		all = append(all, Change{path, o, n, direction})
	}
	if o, n := order(old), order(new); o != n && !slices.ContainsFunc(all, func(c Change) bool { return strings.HasPrefix(c.Path, "scopes.") && strings.Count(c.Path, ".") == 1 }) {
		all = append(all, Change{"scopes", o, n, Unclear})
	}
	return all
}

// listOf is the path of the list whose item the path is.
func listOf(path string) (string, bool) {
	prefix, _, item := strings.Cut(path, "[")
	return prefix + "[", item
}

// holds says whether a list has an item.
func holds(values map[string]string, prefix string) bool {
	for path := range values {
		if strings.HasPrefix(path, prefix) {
			return true
		}
	}
	return false
}

// first is what the first item of a list does, or taking the last one away: a list that
// names nobody accepts anybody, so that it is the other way round than for the others.
func first(direction Direction, has bool) Direction {
	if direction != Tighter && direction != Looser {
		return direction
	}
	return added(!has, has)
}

func order(d *policy.Document) string {
	var names []string
	for _, s := range d.Scopes {
		names = append(names, s.Name)
	}
	return strings.Join(names, ", ")
}

func union(a, b map[string]string) map[string]bool {
	all := map[string]bool{}
	for k := range a {
		all[k] = true
	}
	for k := range b {
		all[k] = true
	}
	return all
}

// flatten gives every value of a document its path.
func flatten(d *policy.Document) map[string]string {
	values := map[string]string{}
	walk(values, "", reflect.ValueOf(*d))
	return values
}

// ignored are fields that say where a document is and not what it says.
func ignored(name string) bool {
	return slices.Contains([]string{"Line", "Digest", "URI"}, name)
}

func walk(values map[string]string, path string, v reflect.Value) {
	switch x := v.Interface().(type) {
	case time.Time:
		if !x.IsZero() {
			values[path] = x.UTC().Format(time.RFC3339)
		}
		return
	case time.Duration:
		if x != 0 {
			values[path] = x.String()
		}
		return
	case attest.Digest:
		if !x.IsZero() {
			values[path] = x.String()
		}
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		walkStruct(values, path, v)
	case reflect.Pointer:
		if !v.IsNil() {
			if v.Elem().Kind() == reflect.Struct {
				values[path] = "present"
			} else {
				values[path] = fmt.Sprint(v.Elem().Interface())
			}
			walk(values, path, v.Elem())
		}
	case reflect.Slice:
		walkSlice(values, path, v)
	case reflect.Map:
		for _, key := range v.MapKeys() {
			values[join(path, key.String())] = fmt.Sprint(v.MapIndex(key).Interface())
		}
	default:
		if !v.IsZero() {
			values[path] = fmt.Sprint(v.Interface())
		}
	}
}

func walkStruct(values map[string]string, path string, v reflect.Value) {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		switch {
		case !f.IsExported() || ignored(f.Name):
		case f.Anonymous:
			walk(values, path, v.Field(i))
		default:
			walk(values, join(path, lower(f.Name)), v.Field(i))
		}
	}
}

// walkSlice names the items of a list by what they are called, or by what they are.
func walkSlice(values map[string]string, path string, v reflect.Value) {
	if !v.IsNil() && v.Len() == 0 {
		values[path] = "none"
	}
	for i := range v.Len() {
		item := v.Index(i)
		if item.Kind() != reflect.Struct {
			values[path+"["+fmt.Sprint(item.Interface())+"]"] = "present"
			continue
		}
		name := called(item)
		if name == "" {
			name = "#" + strconv.Itoa(i+1)
		}
		values[join(path, name)] = "present"
		walk(values, join(path, name), item)
	}
}

func called(item reflect.Value) string {
	for _, field := range []string{"Name", "ID"} {
		if f := item.FieldByName(field); f.IsValid() && f.Kind() == reflect.String {
			return f.String()
		}
	}
	return ""
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// lower is a field's name as people write it.
func lower(name string) string {
	runes := []rune(name)
	for i := range runes {
		if i > 0 && i+1 < len(runes) && strings.ToUpper(string(runes[i+1])) != string(runes[i+1]) {
			break
		}
		runes[i] = []rune(strings.ToLower(string(runes[i])))[0]
	}
	return string(runes)
}
