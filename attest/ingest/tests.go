package ingest

import (
	"maps"
	"slices"
	"strings"

	"github.com/carnet-project/carnet/attest/predicate/testresult"
)

const (
	// maxTests bounds the tests of a report.
	maxTests = 100_000
	// maxTestName bounds the name of a test, in bytes; what follows is cut off.
	maxTestName = 1000
	// maxPassedNames bounds the names of tests that passed, in bytes together. A statement that
	// lists them all would be larger than what it is worth; those that did not pass are kept.
	maxPassedNames = 4 << 20
	// maxDepth bounds how deep suites and subtests lie in each other.
	maxDepth = 64
)

// A Tally is how many tests of a report ended how, with each repetition.
type Tally struct{ Passed, Warned, Failed int }

// An outcome is how a test ended, the graver the higher.
type outcome int

const (
	passed outcome = iota
	// warned is a test that was skipped, that is known not to work yet, or that passed only
	// when it was repeated.
	warned
	failed
)

// tests gathers the tests of a report. Of several of one name the gravest counts.
type tests struct {
	format  Format
	ended   map[string]outcome
	tally   Tally
	clipped int
}

func newTests(f Format) *tests { return &tests{format: f, ended: map[string]outcome{}} }

// add notes how a test ended. The error is an *[Error].
func (t *tests) add(where, name string, o outcome) error {
	if t.tally.Passed+t.tally.Warned+t.tally.Failed == maxTests {
		return unlike(t.format, where, "at most 100,000 tests", "more")
	}
	switch o {
	case passed:
		t.tally.Passed++
	case warned:
		t.tally.Warned++
	default:
		t.tally.Failed++
	}
	name = t.clip(name)
	t.ended[name] = max(o, t.ended[name])
	return nil
}

// clip bounds a name.
func (t *tests) clip(name string) string {
	if len(name) <= maxTestName {
		return name
	}
	t.clipped++
	return strings.ToValidUTF8(name[:maxTestName-len("…")], "") + "…"
}

// report is the report of what was gathered. A report without any test is none: whoever ran
// nothing has shown nothing.
func (t *tests) report(tool Tool) (*Report, error) {
	if len(t.ended) == 0 {
		return nil, unlike(t.format, "", "at least one test", "none that was run")
	}
	r := &Report{Format: t.format, Tool: tool, Tally: t.tally}
	if t.clipped > 0 {
		r.note("%d names of tests are longer than %d bytes and were cut off.", t.clipped, maxTestName)
	}
	r.Tests = t.result()
	r.shorten()
	return r, nil
}

// result lists the tests by name.
func (t *tests) result() *testresult.Result {
	r := &testresult.Result{Result: testresult.Passed}
	for _, name := range slices.Sorted(maps.Keys(t.ended)) {
		switch t.ended[name] {
		case passed:
			r.PassedTests = append(r.PassedTests, name)
		case warned:
			r.WarnedTests = append(r.WarnedTests, name)
		default:
			r.FailedTests = append(r.FailedTests, name)
		}
	}
	switch {
	case len(r.FailedTests) > 0:
		r.Result = testresult.Failed
	case len(r.WarnedTests) > 0:
		r.Result = testresult.Warned
	}
	return r
}

// shorten leaves out the names of tests that passed where they are too long together.
func (r *Report) shorten() {
	bytes := 0
	for _, name := range r.Tests.PassedTests {
		bytes += len(name)
	}
	if bytes > maxPassedNames {
		r.note("The names of the %d tests that passed are left out: they take more than 4 MiB.", len(r.Tests.PassedTests))
		r.Tests.PassedTests = nil
	}
}

// Together is one report of tests that several reports of tests make, such as the files that
// a build writes, one for each class. Of tests of one name the gravest counts. Reports of
// other kinds stand for themselves, and are refused. The error is an *[Error].
func Together(all ...*Report) (*Report, error) {
	if len(all) == 1 {
		return all[0], nil
	}
	whole := newTests("")
	var r Report
	for _, one := range all {
		if one.Tests == nil {
			return nil, unlike(one.Format, "", "several reports to be of tests", "one that is not")
		}
		if r.Format == "" {
			r = Report{Format: one.Format, Tool: one.Tool}
		}
		if one.Tool != r.Tool {
			r.Tool = Tool{}
		}
		for _, c := range one.About.Commits {
			if !slices.Contains(r.About.Commits, c) {
				r.About.Commits = append(r.About.Commits, c)
			}
		}
		r.Notes = append(r.Notes, one.Notes...)
		for o, names := range [][]string{one.Tests.PassedTests, one.Tests.WarnedTests, one.Tests.FailedTests} {
			for _, name := range names {
				whole.ended[name] = max(outcome(o), whole.ended[name])
			}
		}
		r.Tally.Passed += one.Tally.Passed
		r.Tally.Warned += one.Tally.Warned
		r.Tally.Failed += one.Tally.Failed
	}
	if n := len(whole.ended); n > maxTests {
		return nil, unlike(r.Format, "", "at most 100,000 tests", "%d", n)
	}
	r.Tests = whole.result()
	r.shorten()
	return &r, nil
}
