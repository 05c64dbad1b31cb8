package report_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/carnet-project/carnet/verify/policy"
	"github.com/carnet-project/carnet/verify/report"
)

func TestFormats(t *testing.T) {
	all := scenes(t)
	for _, format := range report.Formats() {
		if out := encoded(t, format, all["several"]); len(out) == 0 || !utf8.Valid(out) {
			t.Errorf("%s: %d bytes", format, len(out))
		}
		if err := report.Write(full{}, format, all["allowed"], report.Style{}); err == nil {
			t.Errorf("%s on a full disk", format)
		}
	}
	for _, format := range []string{"", "JSON", "vsa"} {
		var out bytes.Buffer
		if err := report.Write(&out, format, nil, report.Style{}); err == nil || out.Len() > 0 {
			t.Errorf("%q is a format", format)
		}
	}
}

// Every format names the image, its digest, the policy and its digest, and the tool where
// it has a place for it.
func TestEveryFormatSaysByWhat(t *testing.T) {
	for name, results := range scenes(t) {
		if name == "several" {
			continue
		}
		digest := results[0].Verdict.Artifact().Digest.String()
		for _, format := range report.Formats() {
			out := string(encoded(t, format, results))
			for _, want := range []string{shop, digest, results[0].Verdict.Policy().Documents()[0].Digest.String()} {
				if !strings.Contains(out, want) {
					t.Errorf("%s as %s does not say %s", name, format, want)
				}
			}
			if format != report.FormatText && !strings.Contains(out, tool.Version) {
				t.Errorf("%s as %s does not say what made it", name, format)
			}
		}
	}
}

// The first line of a written policy's verdict can stand alone.
func TestHeadline(t *testing.T) {
	for name, results := range everything(t) {
		for _, r := range results {
			if r.Verdict.Policy() == nil {
				continue
			}
			line, _, _ := strings.Cut(string(encoded(t, report.FormatText, []report.Result{r})), "\n")
			if utf8.RuneCountInString(line) > 120 {
				t.Errorf("%s: %d characters: %s", name, utf8.RuneCountInString(line), line)
			}
			if name == "audit" && !strings.HasPrefix(line, "AUDIT: would be DENIED") {
				t.Errorf("audit: %s", line)
			}
			if word := strings.ToUpper(string(r.Outcome())); !strings.Contains(line, word) {
				t.Errorf("%s: %s does not say %s", name, line, word)
			}
		}
	}
}

// Foreign text breaks no XML, and a case that is not met fails.
func TestJUnit(t *testing.T) {
	for name, results := range everything(t) {
		var doc struct {
			Tests, Failures, Errors int `xml:",attr"`
			Suites                  []struct {
				Cases []struct {
					Name    string     `xml:"name,attr"`
					Failure []struct{} `xml:"failure"`
					Error   []struct{} `xml:"error"`
				} `xml:"testcase"`
			} `xml:"testsuite"`
		}
		raw := encoded(t, report.FormatJUnit, results)
		dec := xml.NewDecoder(bytes.NewReader(raw))
		dec.Strict = true
		if err := dec.Decode(&doc); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		bad := 0
		for i, s := range doc.Suites {
			failed := 0
			for _, c := range s.Cases {
				failed += len(c.Failure) + len(c.Error)
			}
			bad += failed
			if allowed := results[i].Err == nil && results[i].Verdict.Allowed(); allowed != (failed == 0) {
				t.Errorf("%s: %d cases fail, and it is allowed: %t", name, failed, allowed)
			}
		}
		if len(doc.Suites) != len(results) || bytes.ContainsAny(raw, "\x00\x1b\u202e") {
			t.Errorf("%s: %d suites for %d results", name, len(doc.Suites), len(results))
		}
	}
}

// In Markdown and HTML, foreign text is text.
func TestForeignTextIsNoMarkup(t *testing.T) {
	results := []report.Result{foreign(t), {Target: evil, Err: errors.New(evil)}}
	markdown := string(encoded(t, report.FormatMarkdown, results))
	for line := range strings.Lines(markdown) {
		// A bar ends a field of a table even in a code span: two requirements are four bars.
		if strings.HasPrefix(line, "|") && strings.Count(line, "|") != 4 {
			t.Errorf("a row of the table has other fields: %s", line)
		}
	}
	outside := withoutSpans(markdown)
	for _, bad := range []string{"<script", "<img", "javascript:", "@acme", "https://evil", "alert(1)"} {
		if strings.Contains(outside, bad) {
			t.Errorf("%q stands outside of code: %s", bad, outside)
		}
	}
	page := string(encoded(t, report.FormatHTML, results))
	for _, bad := range []string{"<img", "<script>alert", "\x1b", "\u202e"} {
		if strings.Contains(page, bad) {
			t.Errorf("the page has %q", bad)
		}
	}
	for _, link := range regexp.MustCompile(` (?:href|src|action)="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		if !strings.HasPrefix(link[1], "#") {
			t.Errorf("the page leads to %q", link[1])
		}
	}
	if strings.Count(page, "<script") != 1 || !strings.Contains(page, "default-src &#39;none&#39;") {
		t.Error("the page has scripts that are not its own, or no content security policy")
	}
}

// withoutSpans takes the code spans out as CommonMark finds them: a run of backquotes to the
// next run that is as long.
func withoutSpans(s string) string {
	runs := regexp.MustCompile("`+")
	var out strings.Builder
	for {
		open := runs.FindStringIndex(s)
		if open == nil {
			return out.String() + s
		}
		out.WriteString(s[:open[0]])
		fence, rest := s[open[0]:open[1]], s[open[1]:]
		end := -1
		for _, run := range runs.FindAllStringIndex(rest, -1) {
			if run[1]-run[0] == len(fence) {
				end = run[1]
				break
			}
		}
		if end < 0 {
			return out.String() + fence + rest
		}
		s = rest[end:]
	}
}

// What is allowed only because the policy audits says so in every format.
func TestAuditIsNoPass(t *testing.T) {
	audit := scenes(t)["audit"]
	if !audit[0].Verdict.Allowed() || audit[0].Outcome() != policy.Denied {
		t.Fatalf("%s, allowed %t", audit[0].Outcome(), audit[0].Verdict.Allowed())
	}
	for format, want := range map[string]string{
		"text": "AUDIT: would be DENIED", "json": `"effect": "audit"`, "sarif": `"effect": "audit"`, "junit": `value="audit"`, "markdown": "AUDIT: would be DENIED", "html": "AUDIT: would be DENIED",
	} {
		if out := string(encoded(t, format, audit)); !strings.Contains(out, want) {
			t.Errorf("%s does not say %s", format, want)
		}
	}
}

// Five hundred vulnerabilities are one rule of one requirement: ten are shown, and the
// selection is.
func TestManyVulnerabilities(t *testing.T) {
	results := []report.Result{scan(t, 500)}
	if n := len(findings(results)); n < 500 {
		t.Fatalf("%d findings", n)
	}
	text := string(encoded(t, report.FormatText, results))
	if n := strings.Count(text, "vulnerabilities.severity"); n != 11 || !strings.Contains(text, "vulnerabilities.severity  490 more") {
		t.Errorf("%d are shown:\n%s", n, text)
	}
	for _, format := range []string{report.FormatText, report.FormatMarkdown, report.FormatHTML} {
		if out := string(encoded(t, format, results)); !strings.Contains(out, "newest of 3") || !strings.Contains(out, "source.missing") {
			t.Errorf("%s does not say which scan counts, or that the source is not known", format)
		}
	}
	for format, want := range map[string]int{report.FormatJSON: 500, report.FormatSARIF: 500, report.FormatJUnit: 500} {
		if n := strings.Count(string(encoded(t, format, results)), "CVE-2026-"); n < want {
			t.Errorf("%s has %d of them", format, n)
		}
	}
}
