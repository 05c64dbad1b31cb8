package known

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/carnet-project/carnet/attest"
)

const (
	maxParameters = 10_000
	maxDepth      = 64
)

// flatten reads a JSON value as a tree and as its scalars by dotted names. Nothing is read
// of an empty text.
func flatten(raw []byte) (map[string]any, any, error) {
	if len(raw) == 0 {
		return map[string]any{}, nil, nil
	}
	if err := shallow(raw); err != nil {
		return nil, nil, err
	}
	var tree any
	if err := json.Unmarshal(raw, &tree); err != nil {
		return nil, nil, &attest.Error{Fault: attest.FaultMalformed, Detail: "the parameters are not JSON: " + err.Error()}
	}
	flat := map[string]any{}
	switch tree.(type) {
	case map[string]any, []any, nil:
	default:
		flat["parameters"] = tree // v0.2 lets them be any value
	}
	if !flattenInto(flat, "", tree) {
		return nil, nil, &attest.Error{Fault: attest.FaultTooLarge, Detail: "there are over " + strconv.Itoa(maxParameters) + " parameters"}
	}
	return flat, tree, nil
}

// shallow refuses what is nested too deep, before anything is made of it.
func shallow(raw []byte) error {
	dec := jsontext.NewDecoder(bytes.NewBuffer(raw))
	for {
		if _, err := dec.ReadToken(); err != nil {
			return nil // the end, or what the reading after this one reports
		}
		if dec.StackDepth() > maxDepth {
			return &attest.Error{Fault: attest.FaultTooLarge, Detail: "the parameters are nested over " + strconv.Itoa(maxDepth) + " deep"}
		}
	}
}

var escape = strings.NewReplacer(`\`, `\\`, `.`, `\.`)

// flattenInto says whether there was room for all of it.
func flattenInto(flat map[string]any, name string, value any) bool {
	put := func(v any) bool {
		if name != "" {
			flat[name] = v
		}
		return len(flat) <= maxParameters
	}
	below := func(part string) string {
		if name == "" {
			return part
		}
		return name + "." + part
	}
	switch v := value.(type) {
	case map[string]any:
		if len(v) == 0 {
			return put(nil)
		}
		for key, each := range v {
			if !flattenInto(flat, below(escape.Replace(key)), each) {
				return false
			}
		}
		return true
	case []any:
		if len(v) == 0 {
			return put(nil)
		}
		for i, each := range v {
			if !flattenInto(flat, below(strconv.Itoa(i)), each) {
				return false
			}
		}
		return true
	}
	return put(value)
}

// pick is the string at a path of names, or "", without making anything of what is beside
// it.
func pick(raw []byte, path ...string) string {
	dec := jsontext.NewDecoder(bytes.NewBuffer(raw))
	for _, name := range path {
		if !enter(dec, name) {
			return ""
		}
	}
	if dec.PeekKind() != '"' {
		return ""
	}
	token, err := dec.ReadToken()
	if err != nil {
		return ""
	}
	return token.String()
}

// enter goes to the value of a name in the object to come, and says whether it is there.
func enter(dec *jsontext.Decoder, name string) bool {
	if dec.PeekKind() != '{' {
		return false
	}
	if _, err := dec.ReadToken(); err != nil {
		return false
	}
	for dec.PeekKind() == '"' {
		token, err := dec.ReadToken()
		if err != nil {
			return false
		}
		if token.String() == name {
			return true
		}
		if dec.SkipValue() != nil {
			return false
		}
	}
	return false
}

// at is the string at a path of names in a tree, or "".
func at(tree any, path ...string) string {
	s, _ := under(tree, path...).(string)
	return s
}

func under(tree any, path ...string) any {
	for _, name := range path {
		object, ok := tree.(map[string]any)
		if !ok {
			return nil
		}
		tree = object[name]
	}
	return tree
}

// digests are the digest set at a path.
func digests(tree any, path ...string) map[string]string {
	object, _ := under(tree, path...).(map[string]any)
	set := map[string]string{}
	for algorithm, value := range object {
		if s, ok := value.(string); ok {
			set[algorithm] = s
		}
	}
	return set
}
