package report

import (
	"encoding/json"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// The published schema has the fields that are written and no others, and requires those
// that are always there.
func TestTheSchemaHasTheFieldsOfTheCode(t *testing.T) {
	raw, err := os.ReadFile("../../docs/schema/verify-v1.json")
	if err != nil {
		t.Fatal(err)
	}
	type object struct {
		Properties map[string]json.RawMessage
		Required   []string
		Defs       map[string]json.RawMessage `json:"$defs"`
	}
	read := func(raw json.RawMessage) (o object) {
		if err := json.Unmarshal(raw, &o); err != nil {
			t.Fatal(err)
		}
		return o
	}
	top := read(raw)
	types := map[string]any{
		"result": resultJSON{}, "policy": policyJSON{}, "cell": cellJSON{}, "evidence": evidenceJSON{}, "signer": signerJSON{}, "time": timeJSON{},
		"rule": ruleJSON{}, "finding": findingJSON{}, "note": noteJSON{}, "rejected": rejectedJSON{}, "unknown": unknownJSON{}, "tool": toolJSON{},
	}
	compare := func(name string, o object, v any) {
		all, always := fields(reflect.TypeOf(v))
		var written []string
		for p := range o.Properties {
			written = append(written, p)
		}
		slices.Sort(written)
		slices.Sort(o.Required)
		if !slices.Equal(all, written) || !slices.Equal(always, o.Required) {
			t.Errorf("%s: the code has %q, of which always %q; the schema %q and %q", name, all, always, written, o.Required)
		}
	}
	compare("document", top, document{})
	for name, v := range types {
		compare(name, read(top.Defs[name]), v)
	}
}

// fields are the names of a type's fields, and of those that are never left out, sorted.
func fields(of reflect.Type) (all, always []string) {
	for i := range of.NumField() {
		f := of.Field(i)
		if f.Anonymous {
			a, b := fields(f.Type)
			all, always = append(all, a...), append(always, b...)
			continue
		}
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		all = append(all, name)
		if !strings.Contains(options, "omitempty") {
			always = append(always, name)
		}
	}
	slices.Sort(all)
	slices.Sort(always)
	return all, always
}
