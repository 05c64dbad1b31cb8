package ingest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/internal/strict"
	"github.com/carnet-project/carnet/attest/predicate/vuln"
)

// trivy is Trivy's JSON report.
func trivy() format {
	return format{Trivy,
		func(raw []byte) bool { return has(raw, "SchemaVersion") },
		func(raw []byte) (*Report, error) { return scanned(Trivy, raw, vuln.ReadTrivy) }}
}

// grype is Grype's JSON report.
func grype() format {
	return format{Grype,
		func(raw []byte) bool { return has(raw, "matches") },
		func(raw []byte) (*Report, error) { return scanned(Grype, raw, vuln.ReadGrype) }}
}

// scanned reads a scanner's own report.
func scanned(f Format, raw []byte, read func([]byte) (*vuln.Scan, error)) (*Report, error) {
	s, err := read(raw)
	if err != nil {
		return nil, refused(f, err)
	}
	r := &Report{
		Format: f, Tool: Tool{Name: s.Scanner.Name, Version: s.Scanner.Version, URI: s.Scanner.URI},
		About: About{Name: s.Target}, Vulnerabilities: &s.Report, Notes: s.Notes,
	}
	r.digests(s.Digests)
	for _, commit := range s.Commits {
		if strict.IsCommit(commit) {
			r.About.Commits = append(r.About.Commits, commit)
		}
	}
	return r, nil
}

// findings gathers what a report found, at most [vuln.MaxFindings].
type findings struct {
	format Format
	all    []vuln.Finding
}

// add keeps a finding at a place of the report. The error is an *[Error].
func (f *findings) add(where string, one vuln.Finding) error {
	if len(f.all) == vuln.MaxFindings {
		return unlike(f.format, where, fmt.Sprintf("at most %d findings", vuln.MaxFindings), "more")
	}
	f.all = append(f.all, one)
	return nil
}

// report is the findings as a report by a scanner.
func (f *findings) report(scanner vuln.Scanner) *Report {
	return &Report{
		Format: f.format, Tool: Tool{Name: scanner.Name, Version: scanner.Version, URI: scanner.URI},
		Vulnerabilities: &vuln.Report{Scanner: scanner, Findings: f.all},
	}
}

// unnamed are the ids of several that are not the first, each once.
func unnamed(first string, ids []string) []string {
	var others []string
	for _, id := range ids {
		if id != first && id != "" && !slices.Contains(others, id) && len(others) < maxAliases {
			others = append(others, id)
		}
	}
	return others
}

// maxAliases bounds the other names of a vulnerability. A distribution's advisory has one for each of the
// vulnerabilities that it is about.
const maxAliases = 256

// digests adds those that the report names, on their own or behind a name and an @, each once.
func (r *Report) digests(all []string) {
	known := map[attest.Digest]bool{}
	for _, d := range r.About.Digests {
		known[d] = true
	}
	for _, s := range all {
		if i := strings.LastIndexByte(s, '@'); i >= 0 {
			s = s[i+1:]
		}
		d, err := attest.ParseDigest(s)
		if err != nil {
			r.note("The report names %q, which is no digest that is accepted and binds nothing.", strict.Clip(s))
		} else if !known[d] {
			known[d] = true
			r.About.Digests = append(r.About.Digests, d)
		}
	}
}

func (r *Report) digest(s string) { r.digests([]string{s}) }

// maxNotes bounds the notes of a report.
const maxNotes = 20

func (r *Report) note(format string, args ...any) {
	if len(r.Notes) < maxNotes {
		r.Notes = append(r.Notes, fmt.Sprintf(format, args...))
	}
}
