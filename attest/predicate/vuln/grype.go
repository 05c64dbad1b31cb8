package vuln

import (
	"slices"
	"strings"

	"github.com/carnet-project/carnet/attest/predicate/internal/strict"
)

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

// related reads the same vulnerability under another name.
func (m *match) related(in *strict.Reader) (bool, error) {
	var id, severity string
	filled, err := m.vulnerability(&id, &severity)(in)
	if id != "" && !slices.Contains(m.Aliases, id) {
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
	if p := probability(string(raw)); p >= 0 {
		m.EPSS, m.tells = max(m.EPSS, p), true
	}
	return filled, err
}
