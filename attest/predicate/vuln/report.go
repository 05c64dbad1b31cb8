package vuln

import (
	"cmp"
	"net/url"
	"path"
	"strings"
	"time"
)

// A Report is what a scanner says: one view of all three predicate types.
type Report struct {
	Scanner  Scanner
	Database Database
	// Started and Finished are what the report claims of the scan.
	Started, Finished time.Time
	// Findings are in the report's order, at most [MaxFindings].
	Findings []Finding
	// TellsExploited says that the report has a word for vulnerabilities that are known to be exploited, so
	// that those of which it does not say so are not known to be.
	TellsExploited bool
	// Unreadable says why the findings could not be read, and is empty where they could. A report without
	// findings and with a reason is no clean one.
	Unreadable string
}

// MaxFindings bounds the findings of a report; one with more is unreadable.
const MaxFindings = 100_000

// A Scanner is the program that made a report.
type Scanner struct {
	URI string
	// Name is the last part of the URI without its version, in lower case: "trivy" of
	// pkg:github/aquasecurity/trivy@0.50.0. Where there is no URI it is what the scanner's own report says.
	Name    string
	Version string
}

// NewScanner is a scanner with the name that its URI has.
func NewScanner(uri, version string) Scanner {
	return Scanner{URI: uri, Name: scannerName(uri), Version: version}
}

// ScannerNamed is a scanner of which only the name is known. Of Trivy and Grype it has the URI that their own
// reports get; of others it is a package URL of no type in particular.
func ScannerNamed(name, version string) Scanner {
	name = strings.ToLower(strings.Join(strings.Fields(name), "-"))
	for _, known := range []string{trivyURI, grypeURI} {
		if scannerName(known) == name {
			return NewScanner(known, version)
		}
	}
	return NewScanner("pkg:generic/"+url.PathEscape(name), version)
}

// A Database is the list of vulnerabilities that the scanner used.
type Database struct {
	URI, Version string
	// Updated is zero where the report does not say. Cosign's predicate has no place for it; Grype's own
	// report in it says it.
	Updated time.Time
}

// A Finding is one vulnerability in one package.
type Finding struct {
	// ID is the scanner's name of the vulnerability, and Aliases others.
	ID      string
	Aliases []string
	// Severity is Unknown where the report has neither a word nor a score for it.
	Severity Severity
	Package  Package
	// FixedIn are the versions in which it is fixed, as written, or empty where none is known.
	FixedIn string
	// Exploited says that it is known to be exploited; see [Report.TellsExploited].
	Exploited bool
	// EPSS is the probability that it is exploited, 0 to 1, and is -1 where the report does not say.
	EPSS float64
	// Published is when the vulnerability became known and FixedOn when its fix did; zero is not said.
	Published, FixedOn time.Time
}

// A Package is where a vulnerability was found.
type Package struct{ Name, Version, PURL string }

func (p Package) String() string {
	switch {
	case p.PURL != "":
		return p.PURL
	case p.Version != "":
		return p.Name + "@" + p.Version
	}
	return p.Name
}

// CVE is the finding's CVE id if it has one, and else its id: what the findings of several scanners can be
// compared by.
func (f *Finding) CVE() string {
	for _, id := range append([]string{f.ID}, f.Aliases...) {
		if strings.HasPrefix(id, "CVE-") {
			return id
		}
	}
	return f.ID
}

// A Severity is how grave a vulnerability is.
type Severity string

// The severities. Unknown is what nobody rated.
const (
	Critical   Severity = "critical"
	High       Severity = "high"
	Medium     Severity = "medium"
	Low        Severity = "low"
	Negligible Severity = "negligible"
	Unknown    Severity = "unknown"
)

// Rank orders severities, the gravest highest: negligible is 1. Unknown and words that are none have 0.
func (s Severity) Rank() int {
	switch s {
	case Critical:
		return 5
	case High:
		return 4
	case Medium:
		return 3
	case Low:
		return 2
	case Negligible:
		return 1
	}
	return 0
}

// severityOf reads a word of any scanner or feed.
func severityOf(word string) Severity {
	switch strings.ToLower(strings.TrimSpace(word)) {
	case "critical":
		return Critical
	case "high", "important":
		return High
	case "medium", "moderate":
		return Medium
	case "low", "minor":
		return Low
	case "negligible", "none", "unimportant", "info", "informational":
		return Negligible
	}
	return Unknown
}

// bands are CVSS's qualitative ratings of scores (CVSS 3.1, section 5; CVSS 4.0, section 6).
func bands(score float64) Severity {
	switch {
	case score >= 9 && score <= 10:
		return Critical
	case score >= 7 && score < 9:
		return High
	case score >= 4 && score < 7:
		return Medium
	case score > 0 && score < 4:
		return Low
	case score == 0:
		return Negligible
	}
	return Unknown
}

// Worse is the graver of two severities; what is not rated is no rating.
func Worse(a, b Severity) Severity {
	if cmp.Compare(b.Rank(), a.Rank()) > 0 {
		return b
	}
	return a
}

// scannerName is the last part of a URI without its version.
func scannerName(uri string) string {
	uri, _, _ = strings.Cut(uri, "?")
	uri, _, _ = strings.Cut(uri, "#")
	name := strings.ToLower(path.Base(strings.TrimRight(uri, "/")))
	name, _, _ = strings.Cut(name, "@")
	if i := strings.LastIndexByte(name, ':'); i >= 0 {
		name = name[i+1:]
	}
	name = strings.TrimSuffix(name, ".git")
	if name == "." || name == "/" {
		return ""
	}
	return name
}

// when reads a time of RFC 3339 or a date; what is neither is not known.
func when(s string) time.Time {
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t
		}
	}
	return time.Time{}
}

// Is says whether the scanner is called so: its name in any case, or its URI.
func (s Scanner) Is(name string) bool {
	return strings.EqualFold(s.Name, name) && name != "" || s.URI == name && name != ""
}
