package document_test

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/carnet-project/carnet/verify/policy"
	"github.com/carnet-project/carnet/verify/policy/document"
)

// compile takes any expression for a good one.
func compile(string) error { return nil }

func example(t testing.TB, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "policies", name+".yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// The examples of the documentation are policies, and say what their comments say.
func TestExamples(t *testing.T) {
	type counts struct{ identities, builders, scopes, rules, checks, approvals, exceptions int }
	for name, want := range map[string]counts{
		"starter":                {1, 1, 1, 0, 0, 0, 0},
		"slsa-l3-github":         {3, 1, 1, 0, 0, 0, 0},
		"cardholder-environment": {5, 1, 1, 2, 3, 1, 1},
	} {
		d, err := document.Parse(name+".yaml", example(t, name), compile)
		if err != nil {
			t.Error(err)
			continue
		}
		r := d.Scopes[0].Require
		got := counts{len(d.Identities), len(d.Builders), len(d.Scopes), len(r.Rules), len(r.Checks), len(r.Approvals), len(d.Exceptions)}
		if got != want || d.Name != name || d.URI != name+".yaml" || d.Digest.IsZero() {
			t.Errorf("%s: %+v, want %+v; %q %q %q", name, got, want, d.Name, d.URI, d.Digest)
		}
		again, err := document.Parse(name+".yaml", document.Write(d, nil), compile)
		if err != nil {
			t.Errorf("%s is written as what can't be read: %v\n%s", name, err, document.Write(d, nil))
			continue
		}
		if same(d); !reflect.DeepEqual(same(again), same(d)) {
			t.Errorf("%s: reads\n%+v\nas it is written, and is\n%+v", name, again, d)
		}
	}
}

// same is the document without what belongs to its file.
func same(d *policy.Document) *policy.Document {
	clean := *d
	clean.Digest = policy.Document{}.Digest
	clearLines(reflect.ValueOf(&clean).Elem())
	return &clean
}

func clearLines(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			clearLines(v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			clearLines(v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.Name == "Line" {
				v.Field(i).SetInt(0)
			} else if f.IsExported() {
				clearLines(v.Field(i))
			}
		}
	}
}

func BenchmarkParse(b *testing.B) {
	raw := example(b, "cardholder-environment")
	for b.Loop() {
		if _, err := document.Parse("policy.yaml", raw, compile); err != nil {
			b.Fatal(err)
		}
	}
}
