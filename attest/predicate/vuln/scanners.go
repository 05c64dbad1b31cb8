package vuln

import (
	"strings"

	"github.com/carnet-project/carnet/attest/internal/strict"
)

// recognise reads a scanner's own report: Trivy's JSON (SchemaVersion 2) or Grype's.
func (r *Report) recognise(result []byte) {
	if len(result) == 0 || result[0] != '{' {
		r.Unreadable = "the scanner's result is no JSON object, want the JSON report of Trivy or Grype"
		return
	}
	var o own
	err := strict.Read(result, o.check())
	switch {
	case err != nil:
		r.Unreadable = "the scanner's result: " + err.Error()
	case o.trivy() == o.grype():
		r.Unreadable = "the scanner's result is the JSON report of neither Trivy nor Grype"
	case o.fault != "" || o.invalid:
		r.Unreadable = "the scanner's result says that its database was no good"
	case o.trivy() && !o.packages:
		r.Unreadable = "the scanner's result does not say that packages were looked at: it has no results, or of something else, such as secrets"
	case len(o.findings) > MaxFindings:
		r.Unreadable = "the scanner's result has too many findings"
	}
	if r.Unreadable != "" {
		return
	}
	name := "trivy"
	if o.grype() {
		name = "grype"
		r.Database.Updated = when(o.built)
	}
	r.Findings, r.TellsExploited = o.findings, o.tells
	if r.Scanner.Name == "" {
		r.Scanner.Name = name
	}
	if r.Scanner.Version == "" {
		r.Scanner.Version = o.version
	}
}

// own is a scanner's own report. Trivy's and Grype's share no member, so that one table reads both.
type own struct {
	trivyReport
	grypeReport
	scanner, version string
	findings         []Finding
	tells            bool
}

func (o *own) trivy() bool { return string(o.schema) == "2" && o.artifact != "" }

func (o *own) grype() bool { return o.matched && o.scanner == "grype" }

func (o *own) check() strict.Check {
	return strict.Object(append(o.trivyFields(), o.grypeFields()...)...)
}

func (o *own) add(f Finding, err error) error {
	if err == nil && len(o.findings) <= MaxFindings {
		o.findings = append(o.findings, f)
	}
	return err
}

// score2 is score for a number of CVSS 2.
func score2(worst *Severity) strict.Check {
	return func(in *strict.Reader) (bool, error) {
		s := Unknown
		filled, err := score(&s)(in)
		if s == Critical {
			s = High
		}
		*worst = Worse(*worst, s)
		return filled, err
	}
}

// score keeps the graver of what was read and a number.
func score(worst *Severity) strict.Check {
	return func(in *strict.Reader) (bool, error) {
		var raw []byte
		filled, err := strict.Raw(&raw, strict.Any())(in)
		*worst = Worse(*worst, scored(strings.Trim(string(raw), `"`)))
		return filled, err
	}
}

func texts(into *[]string) strict.Check {
	return strict.Each(func(in *strict.Reader) (bool, error) {
		var s string
		filled, err := strict.Text(&s)(in)
		*into = append(*into, s)
		return filled, err
	})
}

// count counts the elements of a list that is not looked at.
func count(n *int) strict.Check {
	return strict.Each(func(in *strict.Reader) (bool, error) {
		_, err := strict.Any()(in)
		*n++
		return true, err
	})
}
