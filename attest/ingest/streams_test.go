package ingest_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/carnet-project/carnet/attest/ingest"
	"github.com/carnet-project/carnet/attest/predicate/testresult"
)

func TestGoTestIsRefused(t *testing.T) {
	const start, pass = `{"Action":"start","Package":"p"}` + "\n", `{"Action":"pass","Package":"p"}` + "\n"
	const run, done = `{"Action":"run","Package":"p","Test":"TestA"}` + "\n", `{"Action":"pass","Package":"p","Test":"TestA"}` + "\n"
	for raw, want := range map[string][2]string{
		start + pass: {"", "at least one test"},
		start + `{"Action":"skip","Package":"p"}` + "\n": {"", "at least one test"},
		start + run + done:             {"", "every package that began to end, found p did not: the output is cut off"},
		start:                          {"", "cut off"},
		run + done:                     {"", "cut off"},
		start + run + pass:             {"line 3", "every test of a package that ends well to end, found TestA did not"},
		start + run + done + pass[:10]: {"line 4", "or cut off"},
		start + "go: downloading example.com/x v1.0.0\n" + run:        {"line 2", `an event of go test -json, found "go: downloading`},
		start + `{"Action":"run","Action":"pass","Package":"p"}`:      {"line 2", "an event of go test -json"},
		start + `{"Package":"p"}`:                                     {"line 2", "an event with an Action"},
		start + run + strings.Replace(done, "pass", "fail", 1) + pass: {"line 4", "a package with failed tests to fail"},
		start + run + done + pass + start + run + done:                {"", "cut off"},
		`[]`: {"line 1", "an event"},
	} {
		refuses(t, ingest.GoTest, raw, want[0], want[1])
	}
	// What was cut off anywhere shows nothing.
	for _, name := range []string{"good.gotest.json", "failed.gotest.json", "cached.gotest.json"} {
		raw := sample(t, name)
		lines := bytes.SplitAfter(raw, []byte("\n"))
		for n := 1; n < len(lines)-1; n++ {
			r, err := ingest.ReadAs(ingest.GoTest, bytes.Join(lines[:n], nil))
			if err == nil && r.Tests.Result != testresult.Failed && !bytes.Contains(lines[n], []byte("/none")) {
				t.Errorf("%s cut after %d lines: %+v", name, n, r.Tests)
			}
		}
	}
}

func TestGoTestRunTwice(t *testing.T) {
	run := func(result, end string) string {
		return fmt.Sprintf(`{"Action":"start","Package":"p"}
{"Action":"run","Package":"p","Test":"TestA"}
{"Action":%q,"Package":"p","Test":"TestA"}
{"Action":%q,"Package":"p"}
`, result, end)
	}
	for raw, want := range map[string]string{
		run("pass", "pass") + run("pass", "pass"): testresult.Passed,
		run("pass", "pass") + run("skip", "pass"): testresult.Warned,
		run("fail", "fail") + run("pass", "pass"): testresult.Failed,
		run("pass", "pass") + run("fail", "fail"): testresult.Failed,
		// The package failed, and none of its tests did.
		run("pass", "fail"):                        testresult.Failed,
		`{"Action":"build-fail","ImportPath":"p"}`: testresult.Failed,
	} {
		r, err := ingest.ReadAs(ingest.GoTest, []byte(raw))
		if err != nil || r.Tests.Result != want {
			t.Errorf("%s%+v, %v, want %s", raw, r, err, want)
		}
	}
}

func TestTAPIsRefused(t *testing.T) {
	for raw, want := range map[string][2]string{
		"1..0 # SKIP nothing to do":        {"", "at least one test"},
		"ok 1\nok 2":                       {"", "a plan such as 1..5, found none"},
		"1..3\nok 1\nok 2":                 {"", "the 3 tests of the plan, found 2"},
		"1..1\nok 1\nok 2":                 {"", "the 1 tests of the plan, found 2"},
		"1..2\nok 1\nok 3":                 {"", "tests numbered up to 2, found 3"},
		"1..2\nok 1\nok 1":                 {"line 3", "number 1 twice"},
		"1..2\nok 1\n1..2\nok 2":           {"line 3", "one plan"},
		"TAP version 15\n1..1\nok 1":       {"line 1", "version 15"},
		"1..1\nnot  ok 1":                  {"line 2", `a line of TAP, found "not  ok 1"`},
		"1..1\nwarning: x\nok 1":           {"line 2", "a line of TAP"},
		"1..1\nok 1\n  ---\n  a: 1\n":      {"", "the end of a YAML block"},
		"1..1\n    ok 1\n    1..2\nok 1":   {"line 4", "the 2 tests of the plan, found 1"},
		"1..1\n    ok 1\nok 1":             {"line 3", "a plan"},
		"1..1\nok 1\n    ok 1\n    1..1\n": {"", "a test point after the subtest"},
		"1..1\n        ok 1\n":             {"line 2", "indented by 0 or 4 spaces, at most 64 levels deep, found 8 spaces"},
		"1..999999999\nok 1":               {"line 1", "at most 100,000 tests"},
		"1..1\nok 99999999999999999999\n":  {"line 2", "the number of a test"},
		"":                                 {"", "a plan"},
	} {
		refuses(t, ingest.TAP, raw, want[0], want[1])
	}
}

func TestTAPOutcomes(t *testing.T) {
	for raw, want := range map[string]string{
		"1..1\nok":                                              testresult.Passed,
		"1..1\r\nok 1 - a\r\n":                                  testresult.Passed,
		"1..1\nok 1 - a \\# TODO b":                             testresult.Passed,
		"1..1\nok 1 - about #todos":                             testresult.Warned, // as a harness reads it
		"1..1\nok 1 - a # Skipped: b":                           testresult.Warned,
		"1..1\nnot ok 1 - a # SKIP":                             testresult.Failed,
		"1..1\nnot ok 1 # todo later":                           testresult.Warned,
		"1..1\nnot ok 1 - a":                                    testresult.Failed,
		"1..2\nok 1\nBail out! no disk":                         testresult.Failed,
		"Bail out!":                                             testresult.Failed,
		"1..1\n    Bail out! no disk":                           testresult.Failed,
		"1..1\n    not ok 1 - b\n    1..1\nok 1 - a":            testresult.Failed,
		"1..1\n    not ok 1 - b\n    1..1\nnot ok 1 - a # TODO": testresult.Warned,
		"1..1\nok 1\n  ---\n  not ok: 9\n  ...\n":               testresult.Passed,
	} {
		r, err := ingest.ReadAs(ingest.TAP, []byte(raw))
		if err != nil || r.Tests.Result != want {
			t.Errorf("%q: %+v, %v, want %s", raw, r, err, want)
		}
	}
}

func TestTogether(t *testing.T) {
	var all []*ingest.Report
	for _, raw := range []string{
		`<testsuite name="a"><testcase name="x"/><testcase name="y"><failure/></testcase></testsuite>`,
		`<testsuite name="b"><testcase name="x"><skipped/></testcase></testsuite>`,
		`<testsuite name="a"><testcase name="y"/></testsuite>`,
	} {
		r, err := ingest.Read([]byte(raw))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, r)
	}
	r, err := ingest.Together(all...)
	if err != nil || r.Tests.Result != testresult.Failed || r.Tally != (ingest.Tally{Passed: 2, Warned: 1, Failed: 1}) ||
		!slices.Equal(r.Tests.PassedTests, []string{"a/x"}) || !slices.Equal(r.Tests.WarnedTests, []string{"b/x"}) || !slices.Equal(r.Tests.FailedTests, []string{"a/y"}) {
		t.Errorf("%+v, %v", r, err)
	}
	log, err := ingest.Read(sample(t, "gitleaks.sarif"))
	if err != nil {
		t.Fatal(err)
	}
	var e *ingest.Error
	if _, err := ingest.Together(all[0], log); !errors.As(err, &e) {
		t.Errorf("tests and an analysis: %v", err)
	}
	if r, err := ingest.Together(log); err != nil || r != log {
		t.Errorf("%v, %v", r, err)
	}
}

// What is huge is bounded, and what can't be listed is said.
func TestTestsAreBounded(t *testing.T) {
	var b strings.Builder
	b.WriteString("<testsuite>")
	for i := range 50_000 {
		fmt.Fprintf(&b, `<testcase name="%s%d"/>`, strings.Repeat("n", 200), i)
	}
	b.WriteString("<testcase name=\"x\"><failure/></testcase></testsuite>")
	r, err := ingest.Read([]byte(b.String()))
	if err != nil || len(r.Tests.PassedTests) != 0 || len(r.Tests.FailedTests) != 1 || r.Tally.Passed != 50_000 || !strings.Contains(strings.Join(r.Notes, ""), "left out") {
		t.Errorf("%+v, %v", r, err)
	}
	refuses(t, ingest.JUnit, "<testsuite>"+strings.Repeat("<testcase/>", 100_001)+"</testsuite>", "line 1", "at most 100,000 tests")
	r, err = ingest.Read([]byte(`<testsuite><testcase name="` + strings.Repeat("ü", 10_000) + `"/></testsuite>`))
	if err != nil || len(r.Tests.PassedTests[0]) > 1000 || len(r.Notes) != 1 {
		t.Errorf("%v", err)
	}
}

func FuzzTests(f *testing.F) {
	for _, name := range []string{"surefire.xml", "pytest.xml", "gtest.xml", "node.xml", "node.tap", "perl.tap", "v14.tap", "good.gotest.json", "failed.gotest.json"} {
		f.Add(sample(f, name))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		for _, format := range []ingest.Format{ingest.JUnit, ingest.GoTest, ingest.TAP} {
			r, err := ingest.ReadAs(format, raw)
			var e *ingest.Error
			if err != nil {
				if !errors.As(err, &e) {
					t.Fatalf("%T: %v", err, err)
				}
				continue
			}
			n := len(r.Tests.PassedTests) + len(r.Tests.WarnedTests) + len(r.Tests.FailedTests)
			if n == 0 || (r.Tally.Failed > 0) != (r.Tests.Result == testresult.Failed) || r.Tally.Passed+r.Tally.Warned+r.Tally.Failed < n {
				t.Fatalf("%+v", r)
			}
			written(t, r)
		}
	})
}
