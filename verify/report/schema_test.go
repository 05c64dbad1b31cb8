package report_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/carnet-project/carnet/verify/report"
)

const published = "../../docs/schema/verify-v1.json"

func schema(t testing.TB, path string) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	s, err := c.Compile(path)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func valid(t testing.TB, s *jsonschema.Schema, name string, raw []byte) {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if err := s.Validate(doc); err != nil {
		t.Errorf("%s: %v", name, err)
	}
}

// Every JSON that is kept, of every vector, and of foreign text is what the published
// schema says.
func TestJSONIsAsPublished(t *testing.T) {
	s := schema(t, published)
	kept, err := filepath.Glob("testdata/*.json")
	if err != nil || len(kept) < 10 {
		t.Fatalf("%d goldens, %v", len(kept), err)
	}
	for _, path := range kept {
		if strings.HasPrefix(filepath.Base(path), "sarif-schema") {
			continue
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		valid(t, s, path, raw)
	}
	all, err := load()
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range all {
		valid(t, s, v.Name, encoded(t, report.FormatJSON, []report.Result{resultOf(t, v)}))
	}
	for name, results := range map[string][]report.Result{
		"foreign": {foreign(t)}, "chain": {chain(t, 3, 3, 1)}, "none": nil, "zero": {{Target: "x"}},
	} {
		valid(t, s, name, encoded(t, report.FormatJSON, results))
	}
}

// The published schema refuses what is not in it, at every level: a field that is added to
// the code and not to the schema fails here.
func TestTheSchemaIsClosed(t *testing.T) {
	raw, err := os.ReadFile(published)
	if err != nil {
		t.Fatal(err)
	}
	var doc any
	if err := json.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	objects := 0
	walk(doc, "", func(at string, object map[string]any) {
		if _, ok := object["properties"].(map[string]any); !ok || strings.HasSuffix(at, "/properties") {
			return
		}
		objects++
		if object["additionalProperties"] != false {
			t.Errorf("%s allows what it does not name", at)
		}
		for name, p := range object["properties"].(map[string]any) {
			if _, ref := p.(map[string]any)["$ref"]; !ref && p.(map[string]any)["description"] == nil {
				t.Errorf("%s/%s has no description", at, name)
			}
		}
	})
	if objects < 12 {
		t.Errorf("only %d objects", objects)
	}
}

func walk(v any, at string, visit func(string, map[string]any)) {
	switch v := v.(type) {
	case map[string]any:
		visit(at, v)
		for name, x := range v {
			walk(x, at+"/"+name, visit)
		}
	case []any:
		for _, x := range v {
			walk(x, at, visit)
		}
	}
}

// SARIF is what OASIS says it is, each result names a rule that is listed, and what is not
// met is no pass.
func TestSARIF(t *testing.T) {
	s := schema(t, "testdata/sarif-schema-2.1.0.json")
	for name, results := range everything(t) {
		raw := encoded(t, report.FormatSARIF, results)
		valid(t, s, name, raw)
		var log struct {
			Runs []struct {
				Tool struct {
					Driver struct {
						Version string
						Rules   []struct {
							ID   string
							Help struct{ Text string }
						}
					}
				}
				Results []struct {
					RuleID, Kind, Level string
					RuleIndex           int
				}
			}
		}
		if err := json.Unmarshal(raw, &log); err != nil {
			t.Fatal(err)
		}
		run, fails := log.Runs[0], 0
		for _, r := range run.Results {
			if run.Tool.Driver.Rules[r.RuleIndex].ID != r.RuleID {
				t.Errorf("%s: the rule at %d is not %s", name, r.RuleIndex, r.RuleID)
			}
			if r.Kind == "fail" {
				fails++
			}
			if (r.Kind == "fail") == (r.Level == "none") {
				t.Errorf("%s: %s is of kind %s and level %s", name, r.RuleID, r.Kind, r.Level)
			}
		}
		for _, r := range run.Tool.Driver.Rules {
			if r.ID == "" || r.Help.Text == "" {
				t.Errorf("%s: the rule %q has no help", name, r.ID)
			}
		}
		if want := len(findings(results)); fails != want || run.Tool.Driver.Version != tool.Version {
			t.Errorf("%s: %d results that fail, want %d; version %q", name, fails, want, run.Tool.Driver.Version)
		}
	}
}

// In audit mode nothing is an error.
func TestLevels(t *testing.T) {
	all := scenes(t)
	for name, want := range map[string][]string{"audit": {"note"}, "denied": {"error", "warning"}} {
		var log struct {
			Runs []struct {
				Results []struct{ Kind, Level string }
			}
		}
		if err := json.Unmarshal(encoded(t, report.FormatSARIF, all[name]), &log); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, r := range log.Runs[0].Results {
			if r.Kind == "fail" && !slices.Contains(got, r.Level) {
				got = append(got, r.Level)
			}
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s: levels %q, want %q", name, got, want)
		}
	}
}

// everything are the scenes and what is hard to write.
func everything(t testing.TB) map[string][]report.Result {
	all := scenes(t)
	all["foreign"] = []report.Result{foreign(t)}
	all["chain"] = []report.Result{chain(t, 50, 10, 10)}
	all["scan"] = []report.Result{scan(t, 60)}
	all["none"] = nil
	all["zero"] = []report.Result{{Target: "x"}}
	return all
}

func findings(results []report.Result) (rules []string) {
	for _, r := range results {
		for _, f := range r.Verdict.Findings() {
			rules = append(rules, f.Rule)
		}
	}
	return rules
}
