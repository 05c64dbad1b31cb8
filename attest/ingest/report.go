package ingest

import (
	"fmt"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/predicate/openvex"
	"github.com/carnet-project/carnet/attest/predicate/sarif"
	"github.com/carnet-project/carnet/attest/predicate/testresult"
	"github.com/carnet-project/carnet/attest/predicate/vuln"
)

// MaxBytes bounds a report: 256 MiB.
const MaxBytes = 256 << 20

// A Format is how a report is written.
type Format string

// The formats.
const (
	Trivy     Format = "trivy"
	Grype     Format = "grype"
	Clair     Format = "clair"
	OSV       Format = "osv"
	CycloneDX Format = "cyclonedx"
	OpenVEX   Format = "openvex"
	CSAF      Format = "csaf"
	SARIF     Format = "sarif"
	JUnit     Format = "junit"
	GoTest    Format = "go-test"
	TAP       Format = "tap"
)

// A Tool is the program that made a report, as the report says.
type Tool struct{ Name, Version, URI string }

// About is what a report says that it is about. All of it may be empty: many formats have no
// place for it.
type About struct {
	// Name is what the tool calls it, such as an image's reference or a path.
	Name string
	// Digests are those that the report names of it: of an index, a manifest or an image's
	// configuration.
	Digests []attest.Digest
	// Commits are the git commits that it names.
	Commits []string
}

// A Report is what a tool found, in one view of its kind: just one of Vulnerabilities, VEX,
// Tests and Analysis is there.
type Report struct {
	Format Format
	Tool   Tool
	About  About
	// Vulnerabilities are a scan's. Times and the database's date are zero where the format
	// does not say.
	Vulnerabilities *vuln.Report
	VEX             *openvex.Document
	Tests           *testresult.Result
	// Tally counts the tests, of which Tests lists names.
	Tally Tally
	// Analysis is a SARIF log, the bytes that were read, and Log what they say.
	Analysis []byte
	Log      *sarif.Log
	// Notes say what of the report could not be carried over, a sentence each.
	Notes []string
}

// An Error refuses a report.
type Error struct {
	// Format is empty where none was recognised.
	Format Format
	// Where is a place in the report: a JSON pointer, or "line N".
	Where string
	// Expected and Found say what was wrong.
	Expected, Found string
}

func (e *Error) Error() string {
	what := "the report"
	if e.Format != "" {
		what = fmt.Sprintf("the report (%s)", e.Format)
	}
	if e.Where != "" {
		what += " at " + e.Where
	}
	return fmt.Sprintf("%s: expected %s, found %s", what, e.Expected, e.Found)
}
