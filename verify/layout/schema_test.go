package layout_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/carnet-project/carnet/verify/layout"
	"github.com/carnet-project/carnet/verify/policy"
)

// What is printed is what the published schema says, for every outcome.
func TestJSONIsAsPublished(t *testing.T) {
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	schema, err := compiler.Compile("../../docs/schema/layout-v1.json")
	must(t, err)
	s := newScene(t)
	verdicts := []layout.Verdict{s.judge(t), s.verification(nil).Judge(), s.verification(s.signed(t)).Judge()}
	for _, c := range linkCases() {
		broken := s.clone()
		broken.layout.Steps = append(broken.layout.Steps[:0:0], s.layout.Steps...)
		c.change(t, broken)
		verdicts = append(verdicts, broken.judge(t))
	}
	seen := map[policy.Outcome]bool{}
	for _, v := range verdicts {
		raw, err := v.JSON()
		must(t, err)
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
		must(t, err)
		if err := schema.Validate(doc); err != nil {
			t.Errorf("%v\n%s", err, raw)
		}
		seen[v.Outcome()] = true
	}
	if !seen[policy.Allowed] || !seen[policy.Denied] || !seen[policy.Invalid] {
		t.Errorf("only %v", seen)
	}
}

// Every rule is in the page's table, with the exit code that it has, and no other is.
func TestRulesAreDocumented(t *testing.T) {
	page := string(read(t, "../../docs/layouts.md"))
	code := map[policy.Outcome]int{policy.Denied: 1, policy.Undecided: 3, policy.Invalid: 4}
	for _, r := range layout.Rules() {
		if row := fmt.Sprintf("\n| `%s` | %d | ", r, code[r.Outcome()]); strings.Count(page, row) != 1 {
			t.Errorf("docs/layouts.md has no row %q", row)
		}
	}
	if rows := strings.Count(page, "\n| `layout."); rows != len(layout.Rules()) {
		t.Errorf("%d rows for %d rules", rows, len(layout.Rules()))
	}
}

// The page's example of a description makes a layout that can be followed.
func TestDocumentedDescription(t *testing.T) {
	_, rest, found := strings.Cut(string(read(t, "../../docs/layouts.md")), "```yaml\n")
	text, _, ended := strings.Cut(rest, "```")
	if !found || !ended {
		t.Fatal("the page has no example")
	}
	keys := map[string]person{"ann.pub": newPerson(t, "p256"), "bob.pub": newPerson(t, "p256"), "ci.pub": newPerson(t, "ed25519")}
	l, err := layout.Describe([]byte(text), func(file string) ([]byte, error) { return keys[file].pem, nil })
	must(t, err)
	raw, err := layout.New(l, layout.DSSE)
	must(t, err)
	d, err := layout.Parse(raw)
	must(t, err)
	if found := d.Check(); len(found) > 0 || len(d.Notes()) != 2 {
		t.Errorf("%+v %q", found, d.Notes())
	}
}
