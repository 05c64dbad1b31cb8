package ingest

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/carnet-project/carnet/attest/internal/strict"
)

// tap is the Test Anything Protocol, versions 12 to 14 (testanything.org).
func tap() format {
	return format{TAP, looksTAP, readTAP}
}

// looksTAP says whether the first line that is no comment is one of TAP's.
func looksTAP(raw []byte) bool {
	for line := range bytes.Lines(raw[:min(len(raw), 64<<10)]) {
		text := strings.TrimSpace(string(line))
		if text == "" || text[0] == '#' {
			continue
		}
		g := newTAPGrammar()
		return g.version.MatchString(text) || g.plan.MatchString(text) || g.point.MatchString(text) || strings.HasPrefix(text, "Bail out!")
	}
	return false
}

// A tapGrammar has the forms of lines (TAP 14 specification, "Grammar"). In older versions a
// description need not follow a dash, nor a number the result.
type tapGrammar struct{ version, plan, point, directive *regexp.Regexp }

func newTAPGrammar() tapGrammar {
	return tapGrammar{
		version:   regexp.MustCompile(`^TAP version (\d+)$`),
		plan:      regexp.MustCompile(`^1\.\.(\d+)(?:\s+#.*)?$`),
		point:     regexp.MustCompile(`^(ok|not ok)(?:\s+(\d+))?(?:\s+(.*))?$`),
		directive: regexp.MustCompile(`(?i)(?:^|[^\\])#\s*(skip|todo)\S*(?:\s.*)?$`),
	}
}

// A tapReader reads one stream.
type tapReader struct {
	*tests
	grammar tapGrammar
	// open are the test runs that have begun, the outermost first: one, and its subtests.
	open []*tapRun
	// block is how far a YAML block is indented that has not ended, or -1.
	block int
	where string
	over  bool // somebody bailed out
}

// A tapRun is a test run or a subtest as far as it is read.
type tapRun struct {
	indent, plan, points int
	planned              bool
	seen                 map[int]bool
	// done are the points of subtests below, which wait for the point that names them.
	done []tapPoint
	// listed are the points that are named.
	listed []tapPoint
}

type tapPoint struct {
	name string
	outcome
}

// readTAP reads one whole run: with a plan, and as many test points as it says. Lines that
// are none of TAP's are refused, though a harness passes them over: what was to be a result
// and is misspelt must not be missed. A run that somebody bailed out of has failed.
func readTAP(raw []byte) (*Report, error) {
	t := &tapReader{tests: newTests(TAP), grammar: newTAPGrammar(), open: []*tapRun{newTAPRun(0)}, block: -1}
	n := 0
	for line := range bytes.Lines(raw) {
		n++
		t.where = fmt.Sprintf("line %d", n)
		text := strings.TrimRight(string(line), "\r\n\t ")
		if err := t.line(text); err != nil {
			return nil, err
		}
		if t.over {
			break
		}
	}
	if err := t.end(); err != nil {
		return nil, err
	}
	for _, p := range t.open[0].listed {
		if err := t.add("", p.name, p.outcome); err != nil {
			return nil, err
		}
	}
	return t.report(Tool{})
}

func newTAPRun(indent int) *tapRun { return &tapRun{indent: indent, seen: map[int]bool{}} }

func (t *tapReader) unlike(expected, found string, args ...any) error {
	return unlike(TAP, t.where, expected, found, args...)
}

func (t *tapReader) line(text string) error {
	indent := len(text) - len(strings.TrimLeft(text, " "))
	rest := text[indent:]
	switch {
	case t.block >= 0:
		if indent == t.block && rest == "..." {
			t.block = -1
		}
		return nil
	case rest == "", rest[0] == '#', strings.HasPrefix(rest, "pragma "):
		return nil
	case rest == "---" && indent == t.run().indent+2:
		t.block = indent
		return nil
	case t.grammar.version.MatchString(rest):
		return t.version(rest)
	case strings.HasPrefix(rest, "Bail out!"):
		t.over = true
		t.open[0].listed = append(t.open[0].listed, tapPoint{strict.Clip(rest), failed})
		return nil
	}
	plan, point := t.grammar.plan.FindStringSubmatch(rest), t.grammar.point.FindStringSubmatch(rest)
	if plan == nil && point == nil {
		return t.unlike("a line of TAP", "%q", strict.Clip(text))
	}
	if err := t.level(indent); err != nil {
		return err
	}
	if plan != nil {
		return t.plan(plan[1])
	}
	return t.point(point[1] == "not ok", point[2], point[3])
}

func (t *tapReader) run() *tapRun { return t.open[len(t.open)-1] }

func (t *tapReader) version(line string) error {
	switch v := t.grammar.version.FindStringSubmatch(line)[1]; v {
	case "12", "13", "14":
		return nil
	default:
		return t.unlike("TAP of version 12, 13 or 14", "version %s", strict.Clip(v))
	}
}

// level ends the subtests that are indented further than the line, or begins one.
func (t *tapReader) level(indent int) error {
	for indent < t.run().indent {
		last := t.run()
		if err := t.complete(last); err != nil {
			return err
		}
		t.open = t.open[:len(t.open)-1]
		t.run().done = append(t.run().done, last.listed...)
	}
	if indent == t.run().indent {
		return nil
	}
	// Four spaces begin a subtest. Deeper ones at once would be one without a parent.
	if indent != t.run().indent+4 || len(t.open) == maxDepth {
		return t.unlike(fmt.Sprintf("a line that is indented by %d or %d spaces, at most %d levels deep", t.run().indent, t.run().indent+4, maxDepth), "%d spaces", indent)
	}
	if len(t.run().done) > 0 {
		return t.unlike("a test point after the subtest, that names it", "another subtest")
	}
	t.open = append(t.open, newTAPRun(indent))
	return nil
}

func (t *tapReader) plan(text string) error {
	n, err := strconv.Atoi(text)
	if err != nil || n > maxTests {
		return t.unlike("a plan of at most 100,000 tests", "%s", strict.Clip(text))
	}
	r := t.run()
	if r.planned {
		return t.unlike("one plan", "another")
	}
	r.plan, r.planned = n, true
	return nil
}

// point reads a test point: its number, which counts up from 1 where it has none, its
// description and its directive.
func (t *tapReader) point(bad bool, number, description string) error {
	r := t.run()
	r.points++
	n := r.points
	if number != "" {
		var err error
		if n, err = strconv.Atoi(number); err != nil || n < 1 || n > maxTests {
			return t.unlike("the number of a test", "%s", strict.Clip(number))
		}
	}
	if r.seen[n] {
		return t.unlike("every test once", "number %d twice", n)
	}
	r.seen[n] = true
	o, name := passed, description
	if bad {
		o = failed
	}
	if at := t.grammar.directive.FindStringSubmatchIndex(description); at != nil {
		word := strings.ToLower(description[at[2]:at[3]])
		if word == "todo" || !bad {
			o = warned
		}
		name = description[:strings.LastIndexByte(description[:at[2]], '#')]
	}
	name = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(name), "- "))
	name = strings.NewReplacer(`\\`, `\`, `\#`, `#`).Replace(strings.TrimSuffix(name, " {"))
	if name == "" || name == "-" {
		name = strconv.Itoa(n)
	}
	return t.list(r, t.clip(name), o)
}

// list keeps a point and those of the subtest that it names. A point that is to be done may
// have a subtest that fails; any other has failed with it.
func (t *tapReader) list(r *tapRun, name string, o outcome) error {
	for _, below := range r.done {
		if o == warned {
			below.outcome = min(below.outcome, warned)
		}
		r.listed = append(r.listed, tapPoint{t.clip(name + "/" + below.name), below.outcome})
		if below.outcome == failed {
			o = failed
		}
	}
	r.done = nil
	r.listed = append(r.listed, tapPoint{name, o})
	if len(r.listed) > maxTests {
		return t.unlike("at most 100,000 tests", "more")
	}
	return nil
}

// complete holds a run to its plan.
func (t *tapReader) complete(r *tapRun) error {
	switch {
	case !r.planned:
		return t.unlike("a plan such as 1..5", "none")
	case r.points != r.plan:
		return t.unlike(fmt.Sprintf("the %d tests of the plan", r.plan), "%d", r.points)
	}
	for n := range r.seen {
		if n > r.plan {
			return t.unlike(fmt.Sprintf("tests numbered up to %d", r.plan), "%d", n)
		}
	}
	if len(r.done) > 0 {
		return t.unlike("a test point after the subtest, that names it", "none")
	}
	return nil
}

// end closes what is open. What somebody bailed out of is not held to its plan.
func (t *tapReader) end() error {
	t.where = ""
	if t.over {
		return nil
	}
	if t.block >= 0 {
		return t.unlike("the end of a YAML block", "the end of the report")
	}
	if err := t.level(0); err != nil {
		return err
	}
	return t.complete(t.open[0])
}
