package sarif_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/predicate/custom"
	"github.com/carnet-project/carnet/attest/predicate/sarif"
)

// parse reads a log of one run, of which members are given.
func parse(t testing.TB, members string) sarif.Run {
	t.Helper()
	p, err := sarif.Parse(sarif.V1, []byte(`{"log":{"version":"2.1.0","runs":[{`+members+`}]}}`))
	if err != nil {
		t.Fatalf("%s: %v", members, err)
	}
	return p.Runs[0]
}

const tool = `"tool":{"driver":{"name":"t","rules":[{"id":"W"},{"id":"E","defaultConfiguration":{"level":"error"}},{"id":"N","defaultConfiguration":{"level":"note"}}]},` +
	`"extensions":[{"name":"x","rules":[{"id":"W","defaultConfiguration":{"level":"error"}}]}]}`

// A result's level is SARIF's: its own, none if it is no failure, the rule's, or warning;
// and what is suppressed, passed or gone does not count.
func TestLevels(t *testing.T) {
	const m = `"message":{"text":"m"}`
	for _, c := range []struct {
		result string
		want   sarif.Counts
	}{
		{`{` + m + `}`, sarif.Counts{Warnings: 1}},
		{`{"ruleId":"W",` + m + `}`, sarif.Counts{Warnings: 1}},
		{`{"ruleId":"unheard-of",` + m + `}`, sarif.Counts{Warnings: 1}},
		{`{"ruleId":"E",` + m + `}`, sarif.Counts{Errors: 1}},
		{`{"ruleId":"E/sub/1",` + m + `}`, sarif.Counts{Errors: 1}},
		{`{"ruleIndex":1,` + m + `}`, sarif.Counts{Errors: 1}},
		{`{"rule":{"index":2},` + m + `}`, sarif.Counts{Notes: 1}},
		{`{"rule":{"id":"E"},` + m + `}`, sarif.Counts{Errors: 1}},
		{`{"rule":{"id":"W","toolComponent":{"index":0}},` + m + `}`, sarif.Counts{Errors: 1}},
		{`{"ruleId":"E","level":"note",` + m + `}`, sarif.Counts{Notes: 1}},
		{`{"ruleId":"N","level":"error",` + m + `}`, sarif.Counts{Errors: 1}},
		{`{"ruleId":"E","level":"none",` + m + `}`, sarif.Counts{}},
		{`{"ruleId":"E","kind":"pass",` + m + `}`, sarif.Counts{}},
		{`{"ruleId":"E","kind":"pass","level":"error",` + m + `}`, sarif.Counts{}},
		{`{"ruleId":"E","kind":"notApplicable","level":"error",` + m + `}`, sarif.Counts{}},
		{`{"ruleId":"E","kind":"review",` + m + `}`, sarif.Counts{}},
		{`{"ruleId":"E","kind":"open","level":"error",` + m + `}`, sarif.Counts{Errors: 1}},
		{`{"ruleId":"E","kind":"fail",` + m + `}`, sarif.Counts{Errors: 1}},
		{`{"ruleId":"E","baselineState":"absent",` + m + `}`, sarif.Counts{}},
		{`{"ruleId":"E","baselineState":"unchanged",` + m + `}`, sarif.Counts{Errors: 1}},
		{`{"ruleId":"E","suppressions":[],` + m + `}`, sarif.Counts{Errors: 1}},
		{`{"ruleId":"E","suppressions":[{"kind":"inSource"}],` + m + `}`, sarif.Counts{}},
		{`{"ruleId":"E","suppressions":[{"kind":"external","status":"underReview"}],` + m + `}`, sarif.Counts{Errors: 1}},
		{`{"ruleId":"E","suppressions":[{"kind":"inSource"},{"kind":"external","status":"rejected"}],` + m + `}`, sarif.Counts{Errors: 1}},
	} {
		for _, order := range []string{tool + `,"results":[` + c.result + `]`, `"results":[` + c.result + `],` + tool} {
			if r := parse(t, order); r.Counts != c.want {
				t.Errorf("%s counts %+v, want %+v", c.result, r.Counts, c.want)
			}
		}
	}
}

// An invocation may set other levels for rules.
func TestOverrides(t *testing.T) {
	run := tool + `,"results":[{"ruleId":"W","message":{"text":"m"}},{"ruleIndex":2,"message":{"text":"m"}},{"ruleId":"E","message":{"text":"m"}}],"invocations":[{"executionSuccessful":true,` +
		`"ruleConfigurationOverrides":[{"descriptor":{"id":"W"},"configuration":{"level":"error"}},{"descriptor":{"index":2},"configuration":{"level":"error"}},{"descriptor":{"id":"E"},"configuration":{"level":"note"}}]}]`
	if r := parse(t, run); r.Counts != (sarif.Counts{Errors: 2, Notes: 1}) {
		t.Errorf("%+v", r.Counts)
	}
}

func TestRun(t *testing.T) {
	r := parse(t, `"tool":{"driver":{"name":"semgrep","semanticVersion":"1.2.0"}},"automationDetails":{"id":"sast/api/2026-11-22"},"results":[],`+
		`"invocations":[{"executionSuccessful":true,"endTimeUtc":"2026-11-22T10:00:00Z"},{"executionSuccessful":false,"endTimeUtc":"2026-11-22T09:00:00Z"}]`)
	if r.Tool != "semgrep" || r.Version != "1.2.0" || !r.Scanned || r.Succeeded || !r.Ended.Equal(time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)) {
		t.Errorf("%+v", r)
	}
	if names := r.Names(); !slices.Equal(names, []string{"semgrep", "sast/api/2026-11-22", "sast/api"}) {
		t.Errorf("names %q", names)
	}
	// Null and absent say that the tool did not come to look.
	for _, results := range []string{``, `,"results":null`} {
		if r := parse(t, tool+results); r.Scanned || !r.Succeeded {
			t.Errorf("%q: %+v", results, r)
		}
	}
}

func TestCounts(t *testing.T) {
	c := sarif.Counts{Errors: 3, Warnings: 1, Notes: 2}
	if c.AtLeast("error") != 3 || c.AtLeast("warning") != 4 || c.AtLeast("note") != 6 || c.String() != "3 errors, 1 warning, 2 notes" || (sarif.Counts{}).String() != "no results" {
		t.Errorf("%v", c)
	}
}

// The same log, as carnet, witness and cosign hold it.
func TestThreeTypes(t *testing.T) {
	log := `{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"t"}},"results":[{"level":"error","message":{"text":"\u00e9"}}]}]}`
	for predicateType, raw := range map[string]string{
		sarif.V1: `{"name":"sast","log":` + log + `}`, sarif.Witness: `{"report":` + log + `}`,
		custom.Type: `{"Data":` + log + `,"Timestamp":"2026-11-22T10:00:00Z"}`,
	} {
		p, err := sarif.Parse(predicateType, []byte(raw))
		if err != nil || len(p.Runs) != 1 || p.Runs[0].Counts.Errors != 1 {
			t.Errorf("%s: %+v, %v", predicateType, p, err)
		}
	}
	wrapped, err := custom.Wrap([]byte(log), time.Unix(0, 0))
	if err != nil {
		t.Fatal(err)
	}
	if p, err := sarif.Parse(custom.Type, wrapped); err != nil || p.Runs[0].Counts.Errors != 1 {
		t.Errorf("%+v, %v", p, err)
	}
	for _, raw := range []string{`{"Data":"text","Timestamp":"2026-11-22T10:00:00Z"}`, `{"Data":{"a":1},"Timestamp":"2026-11-22T10:00:00Z"}`, `{"Data":null,"Timestamp":"2026-11-22T10:00:00Z"}`} {
		if p, err := sarif.Parse(custom.Type, []byte(raw)); err == nil || p != nil {
			t.Errorf("%s is read as SARIF", raw)
		}
	}
}

func TestBounds(t *testing.T) {
	run := `{"tool":{"driver":{"name":"t"}}}`
	many := `{"log":{"version":"2.1.0","runs":[` + strings.Repeat(run+",", 1000) + run + `]}}`
	_, err := sarif.Parse(sarif.V1, []byte(many))
	var e *attest.Error
	if !errors.As(err, &e) || e.Fault != attest.FaultTooLarge {
		t.Errorf("1001 runs: %v", err)
	}
	_, err = sarif.Parse(sarif.V1, []byte(`{"log":{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"t"}},"results":[{"rule":{"toolComponent":{"index":0}},"message":{"text":"m"}}]}]}}`))
	if err == nil {
		t.Error("a result of an extension that is not there")
	}
}

func FuzzParse(f *testing.F) {
	f.Add(fmt.Sprintf(`{"log":{"version":"2.1.0","runs":[{%s,"results":[{"ruleId":"E/1","message":{"text":"m"}},{"rule":{"index":0,"toolComponent":{"index":0}},"message":{"text":"m"}}]}]}}`, tool))
	f.Add(`{"Data":"{\"version\":\"2.1.0\",\"runs\":[]}","Timestamp":"2026-11-22T10:00:00Z"}`)
	f.Add(`{"report":{"version":"2.1.0","runs":[]}}`)
	f.Fuzz(func(t *testing.T, raw string) {
		for _, predicateType := range []string{sarif.V1, sarif.Witness, custom.Type} {
			p, err := sarif.Parse(predicateType, []byte(raw))
			var e *attest.Error
			if err != nil && !errors.As(err, &e) {
				t.Fatalf("%T: %v", err, err)
			}
			if err != nil {
				continue
			}
			for _, r := range p.Runs {
				if r.Tool == "" || r.Counts.AtLeast("error") > r.Counts.AtLeast("note") || !r.Scanned && r.Counts != (sarif.Counts{}) {
					t.Fatalf("%+v", r)
				}
			}
		}
	})
}
