package ingest_test

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/carnet-project/carnet/attest/ingest"
	"github.com/carnet-project/carnet/attest/predicate/resource"
	"github.com/carnet-project/carnet/attest/predicate/testresult"
)

func sample(t testing.TB, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// Reports as tools write them: node.tap, node.xml, perl.tap and the streams of go test are
// their own output, and the others are after what they print.
func TestTestsAreRead(t *testing.T) {
	for name, want := range map[string]struct {
		format                 ingest.Format
		passed, warned, failed string
		tally                  ingest.Tally
		note                   string
	}{
		"surefire.xml": {ingest.JUnit, "com.acme.CartTest/adds", "com.acme.CartTest/empties com.acme.CartTest/waits", "com.acme.CartTest/pays com.acme.CartTest/ships", ingest.Tally{1, 2, 2}, ""},
		"pytest.xml": {ingest.JUnit, `pytest/tests.test_cart.TestCart/test_adds[1-"a"] pytest/tests.test_cart.TestCart/test_adds[2-b]`,
			"pytest/tests.test_cart/test_empties pytest/tests.test_cart/test_ships", "", ingest.Tally{2, 2, 0}, ""},
		"gotestsum.xml": {ingest.JUnit, "example.com/shop/cart/TestAdd example.com/shop/cart/TestAdd/one example.com/shop/pay/TestPay", "", "", ingest.Tally{3, 0, 0}, ""},
		"gtest.xml":     {ingest.JUnit, "Cart/Adds", "Cart/DISABLED_Ships Cart/Skips", "", ingest.Tally{1, 2, 0}, ""},
		"phpunit.xml": {ingest.JUnit, `/src/phpunit.xml/unit/Acme\CartTest/Acme.CartTest/testAdds /src/phpunit.xml/unit/Acme\CartTest/Acme.CartTest/testEmpties`, "", "",
			ingest.Tally{2, 0, 0}, ""},
		"node.xml": {ingest.JUnit, "cart/test/adds cart/test/counts_#_of_things outer/test/inner", "cart/test/empties test/ships", "", ingest.Tally{3, 2, 0}, ""},
		"node.tap": {ingest.TAP, "cart cart/adds cart/counts_#_of_things outer outer/inner", "cart/empties ships", "", ingest.Tally{5, 2, 0}, ""},
		"perl.tap": {ingest.TAP, "first sub sub/a sub/b", "4 todo", "", ingest.Tally{4, 2, 0}, ""},
		"v14.tap":  {ingest.TAP, "loads_#_1_#_time=3ms nested nested/a nested/b nested/b/deepest", "resists works", "", ingest.Tally{5, 2, 0}, ""},
		"good.gotest.json": {ingest.GoTest, "example.com/shop/good.Example example.com/shop/good.FuzzX example.com/shop/good.FuzzX/seed#0 example.com/shop/good.TestAdd example.com/shop/good.TestAdd/one",
			"example.com/shop/good.TestAdd/two_words", "", ingest.Tally{5, 1, 0}, ""},
		"cached.gotest.json": {ingest.GoTest, "example.com/shop/good.Example example.com/shop/good.FuzzX example.com/shop/good.FuzzX/seed#0 example.com/shop/good.TestAdd example.com/shop/good.TestAdd/one",
			"example.com/shop/good.TestAdd/two_words", "", ingest.Tally{5, 1, 0}, "of an earlier run, from go's cache: 1."},
		// A panic ends a test that nothing more is said of, and a build that fails its package.
		"failed.gotest.json": {ingest.GoTest, "example.com/shop/bad.TestOK", "", "example.com/shop/bad.TestOther example.com/shop/bad.TestPanics example.com/shop/build", ingest.Tally{1, 0, 3}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := ingest.Read(sample(t, name))
			if err != nil {
				t.Fatal(err)
			}
			if r.Format != want.format || r.Tally != want.tally || !strings.Contains(strings.Join(r.Notes, "\n"), want.note) || len(r.Notes) > 0 && want.note == "" {
				t.Errorf("%s, %+v, notes %q", r.Format, r.Tally, r.Notes)
			}
			for what, names := range map[string][2]string{"passed": {line(r.Tests.PassedTests), want.passed}, "warned": {line(r.Tests.WarnedTests), want.warned}, "failed": {line(r.Tests.FailedTests), want.failed}} {
				if names[0] != names[1] {
					t.Errorf("%s: %s\nwant %s", what, names[0], names[1])
				}
			}
			result := testresult.Passed
			if want.warned != "" {
				result = testresult.Warned
			}
			if want.failed != "" {
				result = testresult.Failed
			}
			if r.Tests.Result != result {
				t.Errorf("%s, want %s", r.Tests.Result, result)
			}
			written(t, r)
		})
	}
}

// line is names with a space between, of which they have none then.
func line(names []string) string {
	var all []string
	for _, n := range names {
		all = append(all, strings.ReplaceAll(n, " ", "_"))
	}
	return strings.Join(all, " ")
}

// written has the result become a predicate, which is read back as it was.
func written(t testing.TB, r *ingest.Report) {
	t.Helper()
	r.Tests.Configuration = []resource.Descriptor{{Name: "c", Digest: map[string]string{"gitCommit": strings.Repeat("a", 40)}}}
	raw, err := r.Tests.Predicate()
	if err != nil {
		t.Fatal(err)
	}
	back, err := testresult.Parse(testresult.V01, raw)
	if err != nil || !reflect.DeepEqual(back, r.Tests) {
		t.Errorf("read back as %+v, %v", back, err)
	}
}

// refuses holds a report to be refused, at a place and for a reason.
func refuses(t *testing.T, f ingest.Format, raw, where, reason string) {
	t.Helper()
	_, err := ingest.ReadAs(f, []byte(raw))
	var e *ingest.Error
	if !errors.As(err, &e) || e.Format != f || e.Expected == "" || e.Found == "" {
		t.Errorf("%.80q: %v", raw, err)
		return
	}
	if e.Where != where || !strings.Contains(err.Error(), reason) {
		t.Errorf("%.80q: at %q: %v\nwant at %q: %s", raw, e.Where, err, where, reason)
	}
}

func TestJUnitIsRefused(t *testing.T) {
	const suite = `<testsuite name="s" tests="1"><testcase name="a"/></testsuite>`
	for raw, want := range map[string][2]string{
		`<testsuite/>`: {"", "expected at least one test, found none"},
		`<testsuite name="s" tests="2"><testcase name="a"/></testsuite>`:                             {"line 1", "the 2 tests that the suite says it has, found 1"},
		`<testsuite name="s" tests="0"><testcase name="a"/></testsuite>`:                             {"line 1", "the 0 tests"},
		`<testsuite failures="1"><testcase name="a"/></testsuite>`:                                   {"line 1", "the 1 failures and errors that the suite says it has, found 0"},
		`<testsuite failures="0" errors="0"><testcase><failure/></testcase></testsuite>`:             {"line 1", "the 0 failures and errors"},
		`<testsuites failures="0"><testsuite><testcase><error/></testcase></testsuite></testsuites>`: {"line 1", "the 0 failures"},
		`<testsuite skipped="1"><testcase name="a"/></testsuite>`:                                    {"line 1", "the 1 skipped tests"},
		`<testsuite disabled="1"><testcase name="a"/></testsuite>`:                                   {"line 1", "the 1 disabled tests"},
		`<testsuite tests="-1"><testcase name="a"/></testsuite>`:                                     {"line 1", `a whole number for tests, found "-1"`},
		`<testsuite tests="1" tests="2"><testcase name="a"/></testsuite>`:                            {"line 1", "every attribute once, found tests twice"},
		`<testsuite><testcase name="a" name="b"/></testsuite>`:                                       {"line 1", "name twice"},
		suite + suite:                                                   {"line 1", "one element testsuites or testsuite, found an element testsuite"},
		suite + "\n<x/>":                                                {"line 2", "found an element x"},
		`<testsuite><testcase name="a"/>`:                               {"line 1", "unexpected EOF"},
		`<testsuite><testcase name="a"></testsuite>`:                    {"line 1", "well-formed XML"},
		`<testsuite><group><testcase/></group></testsuite>`:             {"line 1", "tests in suites, found an element testcase elsewhere"},
		`<testsuite><testcase><x><failure/></x></testcase></testsuite>`: {"line 1", "an element failure elsewhere"},
		`<!DOCTYPE t [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><testsuite><testcase name="&b;"/></testsuite>`: {"line 1", "no document type"},
		`<!DOCTYPE t SYSTEM "file:///etc/passwd"><testsuite/>`:                                                  {"line 1", "no document type"},
		`<testsuite><testcase name="&b;"/></testsuite>`:                                                         {"line 1", "invalid character entity"},
		"<testsuite><testcase name=\"\x01\"/></testsuite>":                                                      {"line 1", "well-formed XML"},
		"<testsuite><testcase name=\"\xff\"/></testsuite>":                                                      {"line 1", "invalid UTF-8"},
		`<?xml version="1.0" encoding="EBCDIC"?><testsuite/>`:                                                   {"line 1", `an encoding that is read, found`},
		`<?xml version="1.0" encoding="utf-16"?><testsuite/>`:                                                   {"line 1", "an encoding that is read"},
		`<assemblies/>`: {"line 1", "found an element assemblies"},
		``:              {"line 1", "found none"},
		strings.Repeat("<testsuite>", 80) + "<testcase/>" + strings.Repeat("</testsuite>", 80): {"line 1", "suites at most 64 deep"},
	} {
		refuses(t, ingest.JUnit, raw, want[0], want[1])
	}
}

func TestJUnitEncodings(t *testing.T) {
	utf16 := "\xff\xfe"
	for _, r := range `<?xml version="1.0" encoding="utf-16"?><testsuite><testcase name="grün"/></testsuite>` {
		utf16 += string([]byte{byte(r), byte(r >> 8)})
	}
	for name, raw := range map[string]string{
		"UTF-8":      `<testsuite><testcase name="grün"/></testsuite>`,
		"marked":     "\xef\xbb\xbf" + `<?xml version="1.0" encoding="UTF-8"?><testsuite><testcase name="grün"/></testsuite>`,
		"ISO-8859-1": `<?xml version="1.0" encoding="ISO-8859-1"?><testsuite><testcase name="gr` + "\xfc" + `n"/></testsuite>`,
		"UTF-16":     utf16,
		"reference":  `<testsuite><testcase name="gr&#xfc;n"/></testsuite>`,
	} {
		r, err := ingest.Read([]byte(raw))
		if err != nil || len(r.Tests.PassedTests) != 1 || r.Tests.PassedTests[0] != "grün" {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
}

// A test that failed anywhere failed, and so does the suite whose setting up did.
func TestJUnitOutcomes(t *testing.T) {
	for raw, want := range map[string]string{
		`<testsuite name="s"><testcase name="a"/><testcase name="a"><failure/></testcase><testcase name="a"/></testsuite>`:                                                 testresult.Failed,
		`<testsuite name="s"><testcase name="a"/><error>no set-up</error></testsuite>`:                                                                                     testresult.Failed,
		`<testsuite name="s"><testcase name="a" status="failed"/></testsuite>`:                                                                                             testresult.Failed,
		`<testsuite name="s"><testcase name="a"><rerunFailure/></testcase></testsuite>`:                                                                                    testresult.Failed,
		`<testsuite name="s" failures="1"><testcase name="a"><failure/><failure/></testcase></testsuite>`:                                                                  testresult.Failed,
		`<testsuite name="s" failures="2"><testcase name="a"><failure/><failure/></testcase></testsuite>`:                                                                  testresult.Failed,
		`<testsuite name="s"><testcase name="a"><skipped/><failure/></testcase></testsuite>`:                                                                               testresult.Failed,
		`<testsuite name="s"><testcase name="a"><flakyError/></testcase></testsuite>`:                                                                                      testresult.Warned,
		`<testsuite name="s"><testcase name="a"><skipped type="todo"/><failure/></testcase></testsuite>`:                                                                   testresult.Warned,
		`<testsuite name="s"><properties><property name="failure"/></properties><testcase name="a"><system-out><![CDATA[<failure/>]]></system-out></testcase></testsuite>`: testresult.Passed,
	} {
		r, err := ingest.ReadAs(ingest.JUnit, []byte(raw))
		if err != nil || r.Tests.Result != want {
			t.Errorf("%s: %+v, %v, want %s", raw, r, err, want)
		}
	}
}
