package docs_test

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/carnet-project/carnet/fixtures/cases"
	"github.com/carnet-project/carnet/verify/policy"
)

var update = flag.Bool("update", false, "write rule-ids.md")

// rulesPage is rule-ids.md, made of the list of rules.
func rulesPage() string {
	var b strings.Builder
	b.WriteString(`# Rules of policies

Every finding of ` + "`carnet verify`" + ` names a rule. The ids are stable: reports, exceptions and
saved cases use them. What a policy says to make a rule apply is in [policy.md](policy.md); a
rule in CEL has the id ` + "`rule.`" + ` and its own id ([rules.md](rules.md)). Why a piece of evidence was
refused is a *reason* ([reasons.md](reasons.md)).

This page is written by ` + "`go test ./docs -update`" + `.
`)
	section := ""
	for _, r := range policy.Rules() {
		name, _, _ := strings.Cut(r.ID, ".")
		if name != section {
			section = name
			fmt.Fprintf(&b, "\n## %s\n\n| rule | can end as | asks | if it is not met |\n|---|---|---|---|\n", section)
		}
		var statuses []string
		for _, s := range r.Statuses {
			statuses = append(statuses, string(s))
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", r.ID, strings.Join(statuses, ", "), cell(r.Asks), cell(r.Fix))
	}
	return b.String()
}

func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }

// The page of rules is what the list of rules makes.
func TestRulesPage(t *testing.T) {
	want := rulesPage()
	if *update {
		if err := os.WriteFile("rule-ids.md", []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile("rule-ids.md")
	if err != nil || string(got) != want {
		t.Errorf("rule-ids.md is not what the list of rules makes (go test ./docs -update): %v", err)
	}
}

// Rules have ids of their own, say what they ask and what to do, and end in a class.
func TestRulesAreWhole(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range policy.Rules() {
		section, word, found := strings.Cut(r.ID, ".")
		if !found || section == "" || word == "" && section != "rule" || seen[r.ID] {
			t.Errorf("the id %q is not a section and a word, or is there twice", r.ID)
		}
		seen[r.ID] = true
		if len(r.Asks) < 10 || len(r.Fix) < 10 {
			t.Errorf("%s does not say what it asks (%q) or what to do (%q)", r.ID, r.Asks, r.Fix)
		}
		for _, s := range r.Statuses {
			if s.Allows() {
				t.Errorf("%s ends as %s, which allows", r.ID, s)
			}
		}
	}
	all, err := cases.All()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range all {
		for _, rule := range append(slices.Clone(c.Want.Also), c.Want.Rule) {
			if rule != "" && !strings.HasPrefix(rule, "rule.") && !seen[rule] {
				t.Errorf("the case %s ends in a rule that is not listed: %s", c.Name, rule)
			}
		}
	}
}
