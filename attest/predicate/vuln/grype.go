package vuln

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/carnet-project/carnet/attest/internal/strict"
)

const grypeURI = "https://github.com/anchore/grype"

// grypeReport is what Grype's report says beside its matches (grype/presenter/models/document.go of
// anchore/grype).
type grypeReport struct {
	matched                       bool
	ignored                       int
	kind, target, input, manifest string
	config, stamp                 string
	repos                         []string
	// built, layout, from and fault are the database's, whose status was a level higher before Grype 0.88.
	built, from, fault string
	layout             []byte
	invalid            bool
}

func (o *own) grypeFields() []strict.Field {
	return []strict.Field{
		strict.Optional("matches", func(in *strict.Reader) (bool, error) { o.matched = true; return strict.Each(o.grypeMatch)(in) }),
		strict.Optional("ignoredMatches", count(&o.ignored)),
		strict.Optional("source", strict.Object(
			strict.Optional("type", strict.Text(&o.kind)),
			strict.Optional("target", o.grypeTarget),
		)),
		strict.Optional("descriptor", strict.Object(
			strict.Optional("name", strict.Text(&o.scanner)),
			strict.Optional("version", strict.Text(&o.version)),
			strict.Optional("timestamp", strict.Text(&o.stamp)),
			strict.Optional("db", strict.Object(append(o.grypeDatabase(), strict.Optional("status", strict.Object(o.grypeDatabase()...)))...)),
		)),
	}
}

// grypeTarget reads what was scanned: an image's names, or the path of something else.
func (o *own) grypeTarget(in *strict.Reader) (bool, error) {
	if in.Kind() == '"' {
		return strict.Text(&o.target)(in)
	}
	return strict.Object(
		strict.Optional("userInput", strict.Text(&o.input)),
		strict.Optional("imageID", strict.Text(&o.config)),
		strict.Optional("manifestDigest", strict.Text(&o.manifest)),
		strict.Optional("repoDigests", texts(&o.repos)),
	)(in)
}

func (o *own) grypeDatabase() []strict.Field {
	return []strict.Field{
		strict.Optional("built", strict.Text(&o.built)),
		strict.Optional("from", strict.Text(&o.from)),
		strict.Optional("schemaVersion", strict.Raw(&o.layout, strict.Any())),
		strict.Optional("error", strict.Text(&o.fault)),
		strict.Optional("valid", func(in *strict.Reader) (bool, error) {
			valid := true
			filled, err := strict.Bool(&valid)(in)
			o.invalid = o.invalid || !valid
			return filled, err
		}),
	}
}

// grypeScan is the report as a scan.
func (o *own) grypeScan() (*Scan, error) {
	switch {
	case o.scanner != "grype":
		return nil, unlike("/descriptor/name", strconv.Quote(strict.Clip(o.scanner)), `"grype"`)
	case !o.matched:
		return nil, unlike("/matches", "missing", "a list, be it empty")
	case o.fault != "":
		return nil, unlike("/descriptor/db/error", strconv.Quote(strict.Clip(o.fault)), "a database without an error")
	case o.invalid:
		return nil, unlike("/descriptor/db/valid", "false", "a database that is valid")
	}
	s := &Scan{Target: cmp.Or(o.input, o.target, o.manifest, o.config), Digests: o.repos}
	if s.Target == "" {
		return nil, unlike("/source/target", "missing", "what was scanned")
	}
	s.Scanner = NewScanner(grypeURI, o.version)
	s.Database.Version = strings.Trim(string(o.layout), `"`)
	if strict.IsURI(o.from) {
		s.Database.URI = o.from
	}
	var err error
	if s.Database.Updated, err = stated("/descriptor/db/built", o.built); err != nil {
		return nil, err
	}
	if s.Database.Updated.IsZero() {
		return nil, unlike("/descriptor/db/built", "missing", "when the database was built")
	}
	if s.Finished, err = stated("/descriptor/timestamp", o.stamp); err != nil {
		return nil, err
	}
	for _, digest := range []string{o.manifest, o.config} {
		if digest != "" {
			s.Digests = append(s.Digests, digest)
		}
	}
	if o.ignored > 0 {
		s.note("Grype left out %s by its own configuration or by VEX.", plural(o.ignored, "finding"))
	}
	return s, nil
}

// A match is what Grype says of one vulnerability in one package.
type match struct {
	Finding
	severity, state string
	// cvss is the gravest of the scores.
	cvss            Severity
	versions, dates []string
	tells           bool
}

// grypeMatch reads a match. What Grype itself ignores is not among its matches: whoever is trusted to scan is
// trusted with that.
func (o *own) grypeMatch(in *strict.Reader) (bool, error) {
	m := match{Finding: Finding{EPSS: -1}, cvss: Unknown}
	filled, err := strict.Object(
		strict.Required("vulnerability", m.vulnerability(&m.ID, &m.severity)),
		strict.Optional("relatedVulnerabilities", strict.Each(m.related)),
		strict.Required("artifact", strict.Object(
			strict.Required("name", strict.Text(&m.Package.Name)),
			strict.Optional("version", strict.Text(&m.Package.Version)),
			strict.Optional("purl", strict.Text(&m.Package.PURL)),
		)),
	)(in)
	if m.Severity = severityOf(m.severity); m.Severity == Unknown {
		m.Severity = m.cvss
	}
	if m.state == "fixed" {
		m.FixedIn = strings.Join(m.versions, ", ")
	}
	for _, d := range m.dates {
		if t := when(d); !t.IsZero() && (m.FixedOn.IsZero() || t.Before(m.FixedOn)) {
			m.FixedOn = t
		}
	}
	o.tells = o.tells || m.tells
	return filled, o.add(m.Finding, err)
}

// maxAliases bounds the other names of a vulnerability.
const maxAliases = 256

// related reads the same vulnerability under another name.
func (m *match) related(in *strict.Reader) (bool, error) {
	var id, severity string
	filled, err := m.vulnerability(&id, &severity)(in)
	if id != "" && len(m.Aliases) < maxAliases && !slices.Contains(m.Aliases, id) {
		m.Aliases = append(m.Aliases, id)
	}
	return filled, err
}

func (m *match) vulnerability(id, severity *string) strict.Check {
	return strict.Object(
		strict.Required("id", strict.Text(id)),
		strict.Optional("severity", strict.Text(severity)),
		strict.Optional("cvss", strict.Each(strict.Object(
			strict.Optional("vector", score(&m.cvss)),
			strict.Optional("metrics", strict.Object(strict.Optional("baseScore", score(&m.cvss)))),
		))),
		strict.Optional("epss", strict.Each(m.epss)),
		strict.Optional("knownExploited", strict.Each(m.exploited)),
		strict.Optional("fix", strict.Object(
			strict.Optional("versions", texts(&m.versions)),
			strict.Optional("state", strict.Text(&m.state)),
			strict.Optional("available", strict.Each(m.available)),
		)),
	)
}

func (m *match) exploited(in *strict.Reader) (bool, error) {
	m.Exploited, m.tells = true, true
	return strict.AnyObject()(in)
}

func (m *match) available(in *strict.Reader) (bool, error) {
	var date string
	filled, err := strict.Object(strict.Optional("date", strict.Text(&date)))(in)
	m.dates = append(m.dates, date)
	return filled, err
}

// epss keeps the greatest estimate. The database that has it is the one that has known exploits, too.
func (m *match) epss(in *strict.Reader) (bool, error) {
	var raw []byte
	filled, err := strict.Object(strict.Optional("epss", strict.Raw(&raw, strict.Any())))(in)
	if p := Probability(string(raw)); p >= 0 {
		m.EPSS, m.tells = max(m.EPSS, p), true
	}
	return filled, err
}
