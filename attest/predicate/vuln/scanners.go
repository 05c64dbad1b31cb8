package vuln

import (
	"strings"

	"github.com/carnet-project/carnet/attest/predicate/internal/strict"
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
	schema           []byte
	matched          bool
	artifact         string
	scanner, version string
	// built is when Grype's database was.
	built    string
	findings []Finding
	tells    bool
}

func (o *own) trivy() bool { return string(o.schema) == "2" && o.artifact != "" }

func (o *own) grype() bool { return o.matched && o.scanner == "grype" }

func (o *own) check() strict.Check {
	return strict.Object(
		// Trivy: pkg/types/report.go of aquasecurity/trivy.
		strict.Optional("SchemaVersion", strict.Raw(&o.schema, strict.Count(0))),
		strict.Optional("ArtifactName", strict.Text(&o.artifact)),
		strict.Optional("Trivy", strict.Object(strict.Optional("Version", strict.Text(&o.version)))),
		strict.Optional("Results", strict.Each(strict.Object(
			strict.Optional("Vulnerabilities", strict.Each(o.trivyFinding)),
		))),
		// Grype: grype/presenter/models/document.go of anchore/grype.
		strict.Optional("matches", func(in *strict.Reader) (bool, error) { o.matched = true; return strict.Each(o.grypeMatch)(in) }),
		strict.Optional("descriptor", strict.Object(
			strict.Optional("name", strict.Text(&o.scanner)),
			strict.Optional("version", strict.Text(&o.version)),
			strict.Optional("db", strict.Object(
				strict.Optional("built", strict.Text(&o.built)),
				strict.Optional("status", strict.Object(strict.Optional("built", strict.Text(&o.built)))),
			)),
		)),
	)
}

func (o *own) trivyFinding(in *strict.Reader) (bool, error) {
	f := Finding{EPSS: -1}
	var severity, published string
	cvss := Unknown
	filled, err := strict.Object(
		strict.Required("VulnerabilityID", strict.Text(&f.ID)),
		strict.Optional("VendorIDs", texts(&f.Aliases)),
		strict.Required("PkgName", strict.Text(&f.Package.Name)),
		strict.Optional("PkgIdentifier", strict.Object(strict.Optional("PURL", strict.Text(&f.Package.PURL)))),
		strict.Optional("InstalledVersion", strict.Text(&f.Package.Version)),
		strict.Optional("FixedVersion", strict.Text(&f.FixedIn)),
		strict.Optional("Severity", strict.Text(&severity)),
		strict.Optional("PublishedDate", strict.Text(&published)),
		strict.Optional("CVSS", strict.Map(func(string) strict.Check {
			return strict.Object(strict.Optional("V3Score", score(&cvss)), strict.Optional("V40Score", score(&cvss)))
		})),
	)(in)
	if f.Severity = severityOf(severity); f.Severity == Unknown {
		f.Severity = cvss
	}
	f.Published = when(published)
	return filled, o.add(f, err)
}

func (o *own) add(f Finding, err error) error {
	if err == nil && len(o.findings) <= MaxFindings {
		o.findings = append(o.findings, f)
	}
	return err
}

// score keeps the graver of what was read and a number.
func score(worst *Severity) strict.Check {
	return func(in *strict.Reader) (bool, error) {
		var raw []byte
		filled, err := strict.Raw(&raw, strict.Any())(in)
		*worst = worse(*worst, scored(strings.Trim(string(raw), `"`)))
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
