// Package sarif reads and writes what static analysis found: SARIF logs (OASIS, SARIF Version 2.1.0) in
// a predicate. No type of predicate for them is common to all, so there are three: carnet's
// own, which docs/predicates.md specifies, witness's, and cosign's custom type around a log.
package sarif

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/internal/strict"
	"github.com/carnet-project/carnet/attest/predicate/custom"
	"github.com/carnet-project/carnet/attest/predicate/resource"
	"github.com/carnet-project/carnet/attest/predicate/witness"
)

// The predicate types.
const (
	V1      = "https://github.com/carnet-project/carnet/predicates/sarif/v1"
	Witness = "https://witness.dev/attestations/sarif/v0.1"
)

// A Report is what a SARIF log says. Nothing in it is verified by having been parsed.
type Report struct {
	// Name is what the producer calls the check, or "". Only [V1] has it.
	Name string
	// Commit is the git commit that was analysed, or "". Only [V1] has it.
	Commit string
	// Runs are runs of tools. None means that nothing ran.
	Runs []Run
}

// A Run is one run of one tool.
type Run struct {
	// Tool and Version are the driver's; Version is "" where it has none.
	Tool, Version string
	// ID tells the run and its category: automationDetails.id, or "".
	ID string
	// Scanned says that the tool got as far as to have results, be it none (section 3.14.23).
	Scanned bool
	// Succeeded says that no invocation of the tool failed (section 3.20.14).
	Succeeded bool
	// Counts are the results that stand.
	Counts Counts
	// Ended is when the last invocation ended, by the tool's clock; zero where none says.
	Ended time.Time
}

// Counts are how many results of each level stand: those that are no pass, not suppressed
// and not gone.
type Counts struct{ Errors, Warnings, Notes int }

// AtLeast is how many results are of the level, or graver: error, warning or note.
func (c Counts) AtLeast(level string) int {
	switch level {
	case "error":
		return c.Errors
	case "warning":
		return c.Errors + c.Warnings
	}
	return c.Errors + c.Warnings + c.Notes
}

// String is such as "3 errors, 1 warning".
func (c Counts) String() string {
	var parts []string
	for _, of := range []struct {
		n    int
		what string
	}{{c.Errors, "error"}, {c.Warnings, "warning"}, {c.Notes, "note"}} {
		switch of.n {
		case 0:
		case 1:
			parts = append(parts, "1 "+of.what)
		default:
			parts = append(parts, fmt.Sprintf("%d %ss", of.n, of.what))
		}
	}
	if parts == nil {
		return "no results"
	}
	return strings.Join(parts, ", ")
}

// Names are what the run can be called: its tool, its id, and the category that begins the id
// (section 3.17.2: what follows the last slash tells runs of a category apart).
func (r Run) Names() []string {
	names := []string{r.Tool}
	if r.ID == "" {
		return names
	}
	names = append(names, strings.TrimSuffix(r.ID, "/"))
	if i := strings.LastIndexByte(r.ID, '/'); i > 0 && i < len(r.ID)-1 {
		names = append(names, r.ID[:i])
	}
	return names
}

// ErrNone is the error of a collection in which there is no report.
var ErrNone = errors.New("no SARIF report is in the collection")

// Parse reads a report of type [V1], [Witness] or [custom.Type], or those in a collection of
// witness's. The error is [ErrNone], or an *[attest.Error] whose Where is a JSON pointer; of
// other types it is [attest.FaultUnsupported].
func Parse(predicateType string, raw []byte) (*Report, error) {
	switch predicateType {
	case V1:
		return parseOwn(raw)
	case Witness:
		return parseWitness(raw)
	case custom.Type:
		return parseCustom(raw)
	}
	if slices.Contains(witness.Types(), predicateType) {
		return parseCollection(predicateType, raw)
	}
	return nil, strict.Fault(attest.FaultUnsupported, "", "%q is not a type of SARIF that is read here", strict.Clip(predicateType))
}

func parseWitness(raw []byte) (*Report, error) {
	var l log
	err := strict.Read(raw, strict.Object(
		strict.Required("report", l.check()),
		strict.Optional("reportFileName", strict.Text(nil)),
		strict.Optional("reportDigestSet", strict.AnyObject()),
	))
	if err != nil {
		return nil, err
	}
	return l.report(), nil
}

// parseCollection joins the reports in a collection: they are of the step, and of the commit
// that it had checked out.
func parseCollection(predicateType string, raw []byte) (*Report, error) {
	c, err := witness.Parse(predicateType, raw)
	if err != nil {
		return nil, err
	}
	joined, found := &Report{Name: c.Name}, false
	for i, a := range c.Attestations {
		switch a.Kind() {
		case "git":
			if err := joined.checkedOut(a); err != nil {
				return nil, witness.Within(i, err)
			}
		case "sarif":
			if !strings.HasSuffix(a.Type, "/v0.1") {
				return nil, witness.Within(i, strict.Fault(attest.FaultUnsupported, "", "is a %s, of which v0.1 is read here", strict.Clip(a.Type)))
			}
			r, err := parseWitness(a.Content)
			if err != nil {
				return nil, witness.Within(i, err)
			}
			joined.Runs, found = append(joined.Runs, r.Runs...), true
		}
	}
	if !found {
		return nil, ErrNone
	}
	return joined, nil
}

// checkedOut is the commit of the report, which a step has one of.
func (r *Report) checkedOut(a witness.Attestation) error {
	g, err := a.Git()
	if err != nil {
		return err
	}
	if r.Commit != "" && g.Commit != r.Commit {
		return strict.Fault(attest.FaultMalformed, "/commithash", "is %s, and the step had checked out %s", strict.Clip(g.Commit), r.Commit)
	}
	r.Commit = g.Commit
	return nil
}

func parseOwn(raw []byte) (*Report, error) {
	var l log
	var name, commit, tool string
	err := strict.Read(raw, strict.Object(
		strict.Optional("name", strict.Text(&name)),
		strict.Optional("commit", strict.Pattern(&commit, "40 or 64 characters of lower-case hex", strict.IsCommit)),
		strict.Optional("tool", strict.Object(
			strict.Required("name", strict.Text(&tool)),
			strict.Optional("version", strict.Text(nil)),
			strict.Optional("uri", strict.URI(nil)),
			strict.Optional("digest", resource.DigestSet(nil)),
		)),
		strict.Required("log", l.check()),
	))
	if err != nil {
		return nil, err
	}
	report := l.report()
	report.Name, report.Commit = name, commit
	if tool == "" {
		return report, nil
	}
	for _, r := range report.Runs {
		if r.Tool == tool {
			return report, nil
		}
	}
	return nil, strict.Fault(attest.FaultMalformed, "/tool/name", "is %q, which no run of the log has", strict.Clip(tool))
}

// parseCustom reads a log that is the data of cosign's predicate: an object, or the text of
// a file.
func parseCustom(raw []byte) (*Report, error) {
	var data []byte
	err := strict.Read(raw, strict.Object(
		strict.Present("Data", strict.Raw(&data, strict.Any())),
		strict.Required("Timestamp", strict.Time(nil)),
	))
	if err != nil {
		return nil, err
	}
	if jsontext.Value(data).Kind() == '"' {
		if data, err = jsontext.AppendUnquote(nil, data); err != nil {
			return nil, strict.Fault(attest.FaultMalformed, "/Data", "is no JSON string: %v", err)
		}
	}
	var l log
	if err := strict.Read(data, l.check()); err != nil {
		return nil, err
	}
	return l.report(), nil
}

// Validate holds raw to its type, as [Parse] does.
func Validate(predicateType string, raw []byte) error {
	_, err := Parse(predicateType, raw)
	return err
}
