package report

import (
	"cmp"
	"encoding/xml"
	"io"
	"strconv"
	"strings"

	"github.com/carnet-project/carnet/verify/policy"
)

// The types are what Jenkins' and Surefire's schemas of JUnit's XML have in common.
type junitSuites struct {
	XMLName  xml.Name     `xml:"testsuites"`
	Name     string       `xml:"name,attr"`
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr"`
	Errors   int          `xml:"errors,attr"`
	Suites   []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name       string          `xml:"name,attr"`
	Tests      int             `xml:"tests,attr"`
	Failures   int             `xml:"failures,attr"`
	Errors     int             `xml:"errors,attr"`
	Skipped    int             `xml:"skipped,attr"`
	Time       string          `xml:"time,attr"`
	Timestamp  string          `xml:"timestamp,attr,omitempty"`
	Properties []junitProperty `xml:"properties>property"`
	Cases      []junitCase     `xml:"testcase"`
}

type junitProperty struct {
	Name  string `xml:"name,attr"`
	Value string `xml:"value,attr"`
}

// junitCase is one rule on one node. At most one of Skipped, Error and Failure is set.
type junitCase struct {
	Name      string        `xml:"name,attr"`
	ClassName string        `xml:"classname,attr"`
	Time      string        `xml:"time,attr"`
	Skipped   *junitSkipped `xml:"skipped"`
	Error     *junitProblem `xml:"error"`
	Failure   *junitProblem `xml:"failure"`
	Output    string        `xml:"system-out,omitempty"`
}

type junitSkipped struct {
	Text string `xml:",chardata"`
}

type junitProblem struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr"`
	Text    string `xml:",chardata"`
}

// writeJUnit writes a suite for each target and in it a case for each rule on each node.
// What only warns is skipped with its text, for a failure would stop who must not be.
func writeJUnit(w io.Writer, results []Result, tool Tool) error {
	doc := junitSuites{Name: strings.TrimSpace(cmp.Or(tool.Name, "carnet") + " verify")}
	for _, r := range results {
		s := junitOf(r, tool)
		doc.Tests, doc.Failures, doc.Errors = doc.Tests+s.Tests, doc.Failures+s.Failures, doc.Errors+s.Errors
		doc.Suites = append(doc.Suites, s)
	}
	out, err := xml.MarshalIndent(doc, "", "  ")
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, xml.Header+string(out)+"\n")
	return err
}

func junitOf(r Result, tool Tool) junitSuite {
	s := junitSuite{Name: plain(cmp.Or(r.Target, r.Reference())), Time: "0", Properties: properties(r, tool)}
	if at := r.Verdict.At(); !at.IsZero() {
		s.Timestamp = at.UTC().Format("2006-01-02T15:04:05")
	}
	if r.Err != nil {
		c := junitCase{Name: "verify", ClassName: "verify", Time: "0"}
		c.Error = &junitProblem{plain(r.Err.Error()), string(r.Outcome()), plain(r.Err.Error())}
		s.add(c)
		return s
	}
	for _, c := range r.Verdict.Cells() {
		for _, x := range junitCases(r.Verdict, c) {
			s.add(x)
		}
	}
	if len(s.Cases) == 0 {
		s.add(junitCase{Name: "verify", ClassName: "verify", Time: "0", Error: &junitProblem{"nothing was judged", string(r.Outcome()), "nothing was judged"}})
	}
	return s
}

func (s *junitSuite) add(c junitCase) {
	s.Cases = append(s.Cases, c)
	s.Tests++
	switch {
	case c.Error != nil:
		s.Errors++
	case c.Failure != nil:
		s.Failures++
	case c.Skipped != nil:
		s.Skipped++
	}
}

// properties say of what and by what the suite is.
func properties(r Result, tool Tool) []junitProperty {
	all := []junitProperty{{"image", plain(r.Reference())}, {"outcome", string(r.Outcome())}, {"effect", string(effectOf(r))}}
	for _, p := range policiesToJSON(r.Verdict) {
		all = append(all, junitProperty{"policy", plain(p.describe())})
	}
	if at := stamp(r.Verdict.At()); at != "" {
		all = append(all, junitProperty{"at", at})
	}
	for _, e := range r.Verdict.Evidence() {
		all = append(all, junitProperty{"evidence", e.Bundle().String()})
	}
	if tool.Version != "" {
		all = append(all, junitProperty{"tool", plain(tool.Name + " " + tool.Version)})
	}
	return all
}

func junitCases(v policy.Verdict, c policy.Cell) []junitCase {
	of := junitCase{Name: plain(c.Requirement.Name() + " of " + nodeName(c.Node)), ClassName: plain(className(c)), Time: "0"}
	if len(c.Findings) == 0 {
		if c.Status == policy.StatusNotApplicable || !c.Required {
			of.Skipped = &junitSkipped{"not asked of this node"}
		} else if !c.Status.Allows() {
			of.Failure = &junitProblem{string(c.Status), string(c.Status), string(c.Status)}
		}
		return []junitCase{of}
	}
	var all []junitCase
	for i, f := range c.Findings {
		x := of
		x.Name = plain(f.Rule + " of " + nodeName(c.Node))
		if about := cmp.Or(f.Vulnerability, f.Check); about+f.Package != "" {
			x.Name += plain(strings.TrimRight(": "+strings.TrimSpace(about+" "+f.Package), " "))
		} else if i > 0 && repeated(c.Findings[:i], f.Rule) {
			x.Name += " (" + strconv.Itoa(i+1) + ")"
		}
		x.end(v, entry{Finding: f, cell: c, level: levelOf(c)})
		all = append(all, x)
	}
	return all
}

func repeated(before []policy.Finding, rule string) bool {
	for _, f := range before {
		if f.Rule == rule {
			return true
		}
	}
	return false
}

// className groups cases: the policy and the requirement.
func className(c policy.Cell) string {
	return strings.TrimPrefix(c.Policy+"."+c.Requirement.Name(), ".")
}

// end says how the case ended.
func (x *junitCase) end(v policy.Verdict, e entry) {
	text := "expected: " + e.Expected + "\nfound: " + e.Found
	if fix := Fix(e.Finding); fix != "" {
		text += "\nfix: " + fix
	}
	if origin := e.origin(v.Policy()); origin != "" {
		text += "\nrule: " + origin
	}
	if e.Owner != "" {
		text += "\nowner: " + e.Owner
	}
	text = plain(text)
	problem := &junitProblem{plain(string(e.Status) + ": " + e.Found), plain(e.Rule), text}
	switch {
	case e.Status == policy.StatusNotApplicable:
		x.Skipped = &junitSkipped{text}
	case e.Status == policy.StatusExcepted:
		x.Skipped = &junitSkipped{plain("excepted by "+e.Exception) + "\n" + text}
	case e.Status.Allows():
		x.Output = text
	case e.level != levelError || !e.cell.Required:
		x.Skipped = &junitSkipped{plain(e.effect()) + "\n" + text}
	case e.Status == policy.StatusError:
		x.Error = problem
	default:
		x.Failure = problem
	}
}

// plain is text that XML can hold: encoding/xml replaces what it can't, and this what would
// move a terminal's cursor.
func plain(s string) string { return CleanLines(strings.ToValidUTF8(s, "�")) }
