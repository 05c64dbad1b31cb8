package ingest

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/carnet-project/carnet/attest/internal/strict"
)

// junit is the XML of JUnit's Ant task, which has no specification, in the dialects of
// Surefire, Gradle, pytest, gotestsum, Jest, PHPUnit, GoogleTest and their like.
func junit() format {
	return format{JUnit, looksJUnit, readJUnit}
}

// looksJUnit says whether the first element is one of JUnit's.
func looksJUnit(raw []byte) bool {
	if head := bytes.TrimSpace(raw[:min(len(raw), 1024)]); !bytes.HasPrefix(head, []byte("<")) && !utf16BOM(raw) {
		return false
	}
	d := xmlDecoder(raw)
	for range 100 {
		token, err := d.Token()
		if err != nil {
			return false
		}
		if e, ok := token.(xml.StartElement); ok {
			return e.Name.Local == "testsuites" || e.Name.Local == "testsuite"
		}
	}
	return false
}

// A junitReader reads one document.
type junitReader struct {
	*tests
	d *xml.Decoder
	// depth is how many suites have begun that have not ended.
	depth int
}

// readJUnit reads a report of JUnit. A document type, entities of its own, encodings that are
// not known, and counts that disagree with the tests that are listed are refused.
func readJUnit(raw []byte) (*Report, error) {
	j := &junitReader{tests: newTests(JUnit), d: xmlDecoder(raw)}
	rooted := false
	for {
		token, err := j.token()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		if rooted || start.Name.Local != "testsuites" && start.Name.Local != "testsuite" {
			return nil, j.unlike("one element testsuites or testsuite", "an element %s", strict.Clip(start.Name.Local))
		}
		rooted = true
		if _, err := j.suite(start, nil); err != nil {
			return nil, err
		}
	}
	if !rooted {
		return nil, j.unlike("an element testsuites or testsuite", "none")
	}
	return j.report(Tool{})
}

func (j *junitReader) unlike(expected, found string, args ...any) *Error {
	line, _ := j.d.InputPos()
	return unlike(JUnit, fmt.Sprintf("line %d", line), expected, found, args...)
}

// token is the next token. Its error is an *[Error], or io.EOF after the whole document.
func (j *junitReader) token() (xml.Token, error) {
	token, err := j.d.Token()
	var syntax *xml.SyntaxError
	switch {
	case err == io.EOF:
		return nil, io.EOF
	case errors.As(err, &syntax):
		return nil, j.unlike("well-formed XML", "%s", strict.Clip(syntax.Msg))
	case err != nil:
		return nil, j.unlike("XML in an encoding that is read", "%s", strict.Clip(err.Error()))
	}
	if _, ok := token.(xml.Directive); ok {
		return nil, j.unlike("no document type and no entities of its own", "a <! declaration")
	}
	return token, nil
}

// attributes are those of an element, each of which is there once.
func (j *junitReader) attributes(e xml.StartElement) (map[string]string, error) {
	all := map[string]string{}
	for _, a := range e.Attr {
		if a.Name.Space != "" {
			continue
		}
		if _, twice := all[a.Name.Local]; twice {
			return nil, j.unlike("every attribute once", "%s twice", strict.Clip(a.Name.Local))
		}
		all[a.Name.Local] = a.Value
	}
	return all, nil
}

// suite reads an element testsuites or testsuite to its end, and gives what it holds.
func (j *junitReader) suite(start xml.StartElement, within []string) (counts, error) {
	attributes, err := j.attributes(start)
	if err != nil {
		return counts{}, err
	}
	if j.depth++; j.depth > maxDepth {
		return counts{}, j.unlike(fmt.Sprintf("suites at most %d deep", maxDepth), "deeper ones")
	}
	defer func() { j.depth-- }()
	path := within
	if start.Name.Local == "testsuite" && attributes["name"] != "" {
		path = append(slices.Clone(within), j.clip(attributes["name"]))
	}
	var own, below counts
	err = j.children(func(e xml.StartElement) error {
		switch e.Name.Local {
		case "testcase":
			one, err := j.testcase(e, path)
			own.add(one)
			return err
		case "testsuite", "testsuites":
			one, err := j.suite(e, path)
			below.add(one)
			return err
		case "failure", "error":
			// The suite as such failed, as where what sets it up does.
			own.failed, own.faults = own.failed+1, own.faults+1
			if err := j.add(j.line(), strings.Join(path, "/"), failed); err != nil {
				return err
			}
		}
		return j.skip()
	})
	if err != nil {
		return counts{}, err
	}
	all := own
	all.add(below)
	return all, j.agree(attributes, own, all)
}

func (j *junitReader) line() string {
	line, _ := j.d.InputPos()
	return fmt.Sprintf("line %d", line)
}

// children calls visit with each child of the element that has begun, which visit must read
// to its end.
func (j *junitReader) children(visit func(xml.StartElement) error) error {
	for {
		token, err := j.token()
		if err != nil {
			return cut(j, err)
		}
		switch e := token.(type) {
		case xml.StartElement:
			if err := visit(e); err != nil {
				return err
			}
		case xml.EndElement:
			return nil
		}
	}
}

// cut is the error of a document that ends within an element.
func cut(j *junitReader, err error) error {
	if err == io.EOF {
		return j.unlike("a whole document", "one that ends early")
	}
	return err
}

// skip reads an element to its end that says nothing of tests. One that holds some is of a
// dialect that is not known, and to pass it over would hide them.
func (j *junitReader) skip() error {
	for depth := 1; depth > 0; {
		token, err := j.token()
		if err != nil {
			return cut(j, err)
		}
		switch e := token.(type) {
		case xml.StartElement:
			depth++
			if depth > maxDepth || slices.Contains([]string{"testsuite", "testcase", "failure", "error"}, e.Name.Local) {
				return j.unlike("tests in suites", "an element %s elsewhere", strict.Clip(e.Name.Local))
			}
		case xml.EndElement:
			depth--
		}
	}
	return nil
}

// A testcase is one test as far as it is read.
type testcase struct {
	counts
	outcome
	// todo is a test that is known not to work yet, whose failure is expected.
	todo bool
}

// testcase reads a test to its end.
func (j *junitReader) testcase(start xml.StartElement, path []string) (counts, error) {
	attributes, err := j.attributes(start)
	if err != nil {
		return counts{}, err
	}
	c := byStatus(attributes)
	if err := j.children(func(e xml.StartElement) error { return j.ending(e, &c) }); err != nil {
		return counts{}, err
	}
	if c.todo {
		c.outcome, c.skipped = min(c.outcome, warned), 1
	}
	if c.outcome == failed {
		c.failed = 1
	}
	return c.counts, j.add(j.line(), caseName(path, attributes), c.outcome)
}

// ending reads an element that may say how a test ended.
func (j *junitReader) ending(e xml.StartElement, c *testcase) error {
	attributes, err := j.attributes(e)
	if err != nil {
		return err
	}
	switch e.Name.Local {
	case "failure", "error":
		c.faults, c.outcome = c.faults+1, failed
	case "rerunFailure", "rerunError":
		// What failed again has failed, too; Surefire counts it once.
		c.outcome = failed
	case "skipped":
		c.skipped, c.outcome = 1, max(c.outcome, warned)
		c.todo = c.todo || attributes["type"] == "todo" // as Node.js has it, beside the failure
	case "disabled":
		c.skipped, c.disabled, c.outcome = 1, 1, max(c.outcome, warned)
	case "flakyFailure", "flakyError":
		c.outcome = max(c.outcome, warned)
	}
	return j.skip()
}

// byStatus is how a test ended by its attributes, which some dialects have: GoogleTest says
// status="notrun", and others the outcome itself.
func byStatus(attributes map[string]string) testcase {
	c := testcase{counts: counts{tests: 1}}
	switch strings.ToLower(attributes["status"]) {
	case "failed", "fail", "failure", "error", "errored", "broken":
		c.faults, c.outcome = 1, failed
	case "notrun", "disabled":
		c.skipped, c.disabled, c.outcome = 1, 1, warned
	case "skipped", "ignored", "pending":
		c.skipped, c.outcome = 1, warned
	}
	if r := attributes["result"]; c.skipped == 0 && (r == "skipped" || r == "suppressed") {
		c.skipped, c.outcome = 1, max(c.outcome, warned)
	}
	return c
}

// caseName is the names of the suites from the outermost in, the class unless the innermost
// suite is called so, and the test, with slashes between.
func caseName(path []string, attributes map[string]string) string {
	parts := slices.Clone(path)
	if class := attributes["classname"]; class != "" && (len(path) == 0 || path[len(path)-1] != class) {
		parts = append(parts, class)
	}
	if name := attributes["name"]; name != "" {
		parts = append(parts, name)
	}
	if len(parts) == 0 {
		return "unnamed"
	}
	return strings.Join(parts, "/")
}
