package ingest

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/carnet-project/carnet/attest/internal/strict"
)

// goTest is what go test -json prints (go doc test2json).
func goTest() format {
	return format{GoTest, looksGoTest, readGoTest}
}

// looksGoTest says whether one of the first lines is an event, so that a reader can say which
// line before it is none.
func looksGoTest(raw []byte) bool {
	n := 0
	for line := range bytes.Lines(raw) {
		if n++; n > 50 || len(line) > 64<<10 {
			return false
		}
		if has(line, "Action", "Package") || has(line, "Action", "ImportPath") {
			return true
		}
	}
	return false
}

// An event is one line of go test -json. Members that are not named here say nothing of how a
// test ended.
type event struct {
	Action      string
	Package     string
	ImportPath  string
	Test        string
	Output      string
	FailedBuild string
}

// A stream is go test -json as far as it is read.
type stream struct {
	*tests
	packages map[string]*goPackage
	// builds are those that failed and that no package has named yet.
	builds map[string]bool
	cached int
}

// A goPackage is what is known of a package whose tests are run.
type goPackage struct {
	// running are the tests that have not ended yet.
	running map[string]bool
	ended   bool
	failed  int
}

// readGoTest reads the events of whole runs: each package that began has ended, and so has
// each of its tests unless the package failed, which stops those that are left. Lines that
// are no events, such as what a build prints to stderr, are refused.
func readGoTest(raw []byte) (*Report, error) {
	s := &stream{tests: newTests(GoTest), packages: map[string]*goPackage{}, builds: map[string]bool{}}
	n := 0
	for line := range bytes.Lines(raw) {
		n++
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		where := fmt.Sprintf("line %d", n)
		var e event
		if line[0] != '{' {
			return nil, unlike(GoTest, where, "an event of go test -json", "%q", strict.Clip(string(line)))
		}
		if err := json.Unmarshal(line, &e); err != nil {
			return nil, unlike(GoTest, where, "an event of go test -json", "what is no JSON object, or cut off: %q", strict.Clip(string(line)))
		}
		if err := s.event(where, e); err != nil {
			return nil, err
		}
	}
	return s.end()
}

func (s *stream) event(where string, e event) error {
	switch {
	case e.Action == "":
		return unlike(GoTest, where, "an event with an Action", "one without")
	case e.Action == "build-fail":
		s.builds[e.ImportPath] = true
		return nil
	case e.Action == "build-output" || e.Package == "":
		return nil
	}
	p := s.packages[e.Package]
	if p == nil || e.Action == "start" && p.ended {
		p = &goPackage{running: map[string]bool{}}
		s.packages[e.Package] = p
	}
	if e.Test != "" {
		return s.test(where, p, e)
	}
	switch e.Action {
	case "output":
		if strings.HasSuffix(strings.TrimSpace(e.Output), "(cached)") {
			s.cached++
		}
	case "pass", "skip":
		return s.passed(where, p, e)
	case "fail":
		return s.failed(where, p, e)
	}
	return nil
}

// test notes how a test goes on.
func (s *stream) test(where string, p *goPackage, e event) error {
	name := e.Package + "." + e.Test
	switch e.Action {
	case "run":
		if len(p.running) == maxTests {
			return unlike(GoTest, where, "at most 100,000 tests", "more")
		}
		p.ended = false
		// Of benchmarks that went well nothing tells the end.
		if !strings.HasPrefix(e.Test, "Benchmark") {
			p.running[e.Test] = true
		}
		return nil
	case "pass":
		delete(p.running, e.Test)
		return s.add(where, name, passed)
	case "skip":
		delete(p.running, e.Test)
		return s.add(where, name, warned)
	case "fail":
		delete(p.running, e.Test)
		p.failed++
		return s.add(where, name, failed)
	}
	return nil
}

// passed ends a package that did not fail; of one without tests it is a skip.
func (s *stream) passed(where string, p *goPackage, e event) error {
	p.ended = true
	if len(p.running) > 0 {
		return unlike(GoTest, where, "every test of a package that ends well to end", "%s did not", strict.Clip(first(p.running)))
	}
	if p.failed > 0 {
		return unlike(GoTest, where, "a package with failed tests to fail", "%q", e.Action)
	}
	return nil
}

// failed ends a package that failed: tests that were running failed with it, and if it is the
// fault of none the package itself is what failed, as where its build does.
func (s *stream) failed(where string, p *goPackage, e event) error {
	p.ended = true
	delete(s.builds, e.FailedBuild)
	for _, name := range slices.Sorted(maps.Keys(p.running)) {
		p.failed++
		if err := s.add(where, e.Package+"."+name, failed); err != nil {
			return err
		}
	}
	clear(p.running)
	if p.failed > 0 {
		return nil
	}
	return s.add(where, e.Package, failed)
}

func (s *stream) end() (*Report, error) {
	for _, name := range slices.Sorted(maps.Keys(s.packages)) {
		if !s.packages[name].ended {
			return nil, unlike(GoTest, "", "every package that began to end", "%s did not: the output is cut off", strict.Clip(name))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.builds)) {
		if err := s.add("", name, failed); err != nil {
			return nil, err
		}
	}
	r, err := s.report(Tool{Name: "go test", URI: "https://pkg.go.dev/cmd/go"})
	if err == nil && s.cached > 0 {
		r.note("Packages whose results are of an earlier run, from go's cache: %d.", s.cached)
	}
	return r, err
}

func first(set map[string]bool) string { return slices.Min(slices.Collect(maps.Keys(set))) }
