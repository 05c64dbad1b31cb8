package vuln

import (
	"fmt"
	"time"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/internal/strict"
)

// A Scan is a scanner's own report, before anybody made a predicate of it: what it found, and in what.
type Scan struct {
	// Report has the times that the scanner says. Where it says one, that is when the scan started and ended.
	Report
	// Target is what the scanner calls what it scanned.
	Target string
	// Digests and Commits are those that it names of it, as written: digests may follow a name and an @.
	Digests, Commits []string
	// Notes say what the findings leave out, a sentence each.
	Notes []string
}

// ReadTrivy reads the JSON report of Trivy (SchemaVersion 2). One that does not say that packages were looked
// at is refused. The error is an *[attest.Error] whose Where is a JSON pointer.
func ReadTrivy(raw []byte) (*Scan, error) { return readOwn(raw, (*own).trivyScan) }

// ReadGrype reads the JSON report of Grype, which has to say what was scanned with which database. The error
// is an *[attest.Error] whose Where is a JSON pointer.
func ReadGrype(raw []byte) (*Scan, error) { return readOwn(raw, (*own).grypeScan) }

func readOwn(raw []byte, scan func(*own) (*Scan, error)) (*Scan, error) {
	var o own
	if err := strict.Read(raw, o.check()); err != nil {
		return nil, err
	}
	s, err := scan(&o)
	if err != nil {
		return nil, err
	}
	if len(o.findings) > MaxFindings {
		return nil, strict.Fault(attest.FaultTooLarge, "", "has more than %d findings", MaxFindings)
	}
	s.Started, s.Findings, s.TellsExploited = s.Finished, o.findings, o.tells
	return s, nil
}

func (s *Scan) note(format string, args ...any) {
	s.Notes = append(s.Notes, fmt.Sprintf(format, args...))
}

// stated is a time that a report gives, or zero where it gives none: Go's zero time is none, too.
func stated(where, s string) (time.Time, error) {
	t := when(s)
	if t.IsZero() && s != "" && s != "0001-01-01T00:00:00Z" {
		return t, unlike(where, fmt.Sprintf("%q", strict.Clip(s)), "a time of RFC 3339")
	}
	return t.UTC(), nil
}

func unlike(where, found, want string) error {
	if found == "" {
		found = "missing"
	}
	return strict.Fault(attest.FaultMalformed, where, "is %s, want %s", found, want)
}
