package produce

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/carnet-project/carnet/attest/predicate/vuln"
	"github.com/carnet-project/carnet/cmd/internal/cli"
)

// maxRows bounds the table of what was found; 30 fit on a screen.
const maxRows = 30

// A finding is a row of the table: how grave it is, the higher the graver, and its cells.
type finding struct {
	rank     int
	severity string
	cells    []string
}

// severities are the words of --fail-on for vulnerabilities, and levels those for SARIF, each
// from the gravest down. What nobody rated may be as grave as any.
func severities() []string {
	return []string{string(vuln.Critical), string(vuln.High), string(vuln.Medium), string(vuln.Low), string(vuln.Negligible), string(vuln.Unknown)}
}

func levels() []string { return []string{"error", "warning", "note"} }

// checkLimit holds --fail-on to the words that the kind of report has. Of tests those that
// failed count, whatever the word.
func (s *ingested) checkLimit() error {
	words := severities()
	switch s.kind() {
	case asSARIF:
		words = levels()
	case asTests:
		words = append(words, levels()...)
	case asVEX:
		if s.limit != "" {
			return cli.Usagef("--fail-on: VEX finds nothing, it says what does not count")
		}
	}
	if s.limit != "" && !slices.Contains(words, s.limit) {
		return cli.Usagef("--fail-on %q is not one of %s, the words for a report of the kind %s", s.limit, strings.Join(words, ", "), s.kind())
	}
	return nil
}

// counts are how many results there are of each severity, level or outcome.
func (s *ingested) counts() map[string]int {
	n := map[string]int{}
	switch s.kind() {
	case asVulnerabilities:
		for _, f := range s.report.Vulnerabilities.Findings {
			n[string(f.Severity)]++
		}
	case asSARIF:
		for _, r := range s.report.Log.Results {
			n[r.Level]++
		}
	case asTests:
		n["passed"], n["warned"], n["failed"] = s.report.Tally.Passed, s.report.Tally.Warned, s.report.Tally.Failed
	default:
		return nil
	}
	return n
}

// graver are the results of a severity or graver, the gravest first.
func (s *ingested) graver(limit string) []finding {
	var all []finding
	switch s.kind() {
	case asVulnerabilities:
		for i := range s.report.Vulnerabilities.Findings {
			f := &s.report.Vulnerabilities.Findings[i]
			if f.Severity.Rank() >= vuln.Severity(limit).Rank() || f.Severity.Rank() == 0 {
				name := cmp.Or(f.Package.Name, f.Package.PURL)
				all = append(all, finding{f.Severity.Rank(), string(f.Severity), []string{f.ID, name, f.Package.Version, cmp.Or(f.FixedIn, "no fix")}})
			}
		}
	case asSARIF:
		for _, r := range s.report.Log.Results {
			rank := len(levels()) - slices.Index(levels(), r.Level)
			if rank < len(levels())-slices.Index(levels(), limit) {
				continue
			}
			place := r.Place
			if r.Line > 0 {
				place += fmt.Sprintf(":%d", r.Line)
			}
			all = append(all, finding{rank, r.Level, []string{r.Rule, place, r.Message}})
		}
	case asTests:
		for _, name := range s.report.Tests.FailedTests {
			all = append(all, finding{1, "failed", []string{name}})
		}
	}
	slices.SortStableFunc(all, func(a, b finding) int { return cmp.Compare(b.rank, a.rank) })
	return all
}

func (s *ingested) heads() []string {
	switch s.kind() {
	case asVulnerabilities:
		return []string{"SEVERITY", "ID", "PACKAGE", "VERSION", "FIXED IN"}
	case asSARIF:
		return []string{"LEVEL", "RULE", "PLACE", "MESSAGE"}
	}
	return []string{"RESULT", "TEST"}
}

// maxCell bounds a cell of the table, in characters.
const maxCell = 80

// printTable prints results to stderr, each on a line of its own.
func (s *ingested) printTable(all []finding) {
	var b bytes.Buffer
	w := tabwriter.NewWriter(&b, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, strings.Join(s.heads(), "\t"))
	shown := all[:min(len(all), maxRows)]
	for _, f := range shown {
		fmt.Fprint(w, f.severity)
		for _, cell := range f.cells {
			if r := []rune(cell); len(r) > maxCell {
				cell = string(r[:maxCell-1]) + "…"
			}
			fmt.Fprint(w, "\t"+clean(strings.Join(strings.Fields(cell), " ")))
		}
		fmt.Fprintln(w)
	}
	_ = w.Flush() // into memory
	colour := s.call.Env.Colour(s.call.Env.Stderr)
	for i, line := range strings.Split(strings.TrimRight(b.String(), "\n"), "\n") {
		line = strings.TrimRight(line, " ")
		if code := ""; colour {
			switch {
			case i == 0:
				code = "1"
			case slices.Contains([]string{"critical", "high", "error", "failed"}, shown[i-1].severity):
				code = "31"
			default:
				code = "33"
			}
			line = "\x1b[" + code + "m" + line + "\x1b[0m"
		}
		s.call.Sayf("%s", line)
	}
	if more := len(all) - len(shown); more > 0 {
		s.call.Sayf("and %d more", more)
	}
}

// verdict ends the command as --fail-on says, after what was found is signed and stored.
func (s *ingested) verdict() error {
	if s.limit == "" {
		return nil
	}
	bad := s.graver(s.limit)
	if len(bad) == 0 {
		return nil
	}
	s.printTable(bad)
	what := fmt.Sprintf("%d of the severity %s or graver", len(bad), s.limit)
	if s.kind() == asTests {
		what = fmt.Sprintf("%d failed", len(bad))
	}
	return fmt.Errorf("%w: %s", errFound, what)
}
