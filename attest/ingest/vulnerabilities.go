package ingest

import (
	"fmt"
	"strings"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/internal/strict"
	"github.com/carnet-project/carnet/attest/predicate/vuln"
)

func trivy() format {
	return format{Trivy, holding("SchemaVersion"), func(raw []byte) (*Report, error) { return scanned(Trivy, raw, vuln.ReadTrivy) }}
}

func grype() format {
	return format{Grype, holding("matches"), func(raw []byte) (*Report, error) { return scanned(Grype, raw, vuln.ReadGrype) }}
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
	for _, digest := range s.Digests {
		r.digest(digest)
	}
	for _, commit := range s.Commits {
		if strict.IsCommit(commit) {
			r.About.Commits = append(r.About.Commits, commit)
		}
	}
	return r, nil
}

// digest adds one that the report names, on its own or behind a name and an @.
func (r *Report) digest(s string) {
	if i := strings.LastIndexByte(s, '@'); i >= 0 {
		s = s[i+1:]
	}
	d, err := attest.ParseDigest(s)
	if err != nil {
		r.note("The report names %q, which is no digest that is accepted and binds nothing.", strict.Clip(s))
		return
	}
	for _, known := range r.About.Digests {
		if known == d {
			return
		}
	}
	r.About.Digests = append(r.About.Digests, d)
}

// maxNotes bounds the notes of a report.
const maxNotes = 20

func (r *Report) note(format string, args ...any) {
	if len(r.Notes) < maxNotes {
		r.Notes = append(r.Notes, fmt.Sprintf(format, args...))
	}
}
