package ingest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/carnet-project/carnet/attest/internal/strict"
	"github.com/carnet-project/carnet/attest/predicate/vuln"
)

// osv is the JSON report of osv-scanner (pkg/models/results.go of google/osv-scanner, version 1 and 2). A list of
// OSV's own records is none: it says of nothing that it is affected.
func osv() format {
	return format{OSV, func(raw []byte) bool { return has(raw, "results", "experimental_config") }, readOSV}
}

// osvReport is a report being read.
type osvReport struct {
	findings
	sources  []string
	packages int
	others   int
}

// readOSV reads a report that names a package. One that names none is what osv-scanner writes for what it found
// clean and for what it found no packages in; with --all-packages it lists those without vulnerabilities, too.
func readOSV(raw []byte) (*Report, error) {
	o := osvReport{findings: findings{format: OSV}}
	err := strict.Read(raw, strict.Object(
		strict.Present("results", strict.Each(o.source)),
		strict.Optional("experimental_generic_findings", strict.Each(then(strict.Any(), func() { o.others++ }))),
	))
	if err != nil {
		return nil, refused(OSV, err)
	}
	if o.packages == 0 {
		return nil, unlike(OSV, "/results", "the packages that were looked at, as osv-scanner --all-packages lists them", "none")
	}
	r := o.report(vuln.NewScanner("https://github.com/google/osv-scanner", ""))
	if len(o.sources) > 0 {
		r.About.Name = o.sources[0]
	}
	if len(o.sources) > 1 {
		r.note("The report is about %d sources, of which %s is the first.", len(o.sources), strict.Clip(o.sources[0]))
	}
	if o.others > 0 {
		r.note("Violations of licences and findings that are no vulnerabilities are not carried over (%d).", o.others)
	}
	return r, nil
}

func (o *osvReport) source(in *strict.Reader) (bool, error) {
	var path string
	filled, err := strict.Object(
		strict.Required("source", strict.Object(strict.Optional("path", strict.Text(&path)))),
		strict.Required("packages", strict.Each(o.pkg)),
	)(in)
	if path != "" {
		o.sources = append(o.sources, path)
	}
	return filled, err
}

// An osvPackage is one package of a report with what is known of it.
type osvPackage struct {
	vuln.Package
	ecosystem string
	records   []osvRecord
	groups    []osvGroup
}

// An osvGroup is several records about one vulnerability.
type osvGroup struct {
	ids, aliases []string
	severity     string
}

// An osvRecord is one vulnerability (ossf.github.io/osv-schema).
type osvRecord struct {
	id        string
	aliases   []string
	published time.Time
	// scores are vectors and words, and affected the packages that it is about.
	scores   []string
	affected []osvAffected
}

type osvAffected struct {
	name, ecosystem string
	scores, fixed   []string
}

func (o *osvReport) pkg(in *strict.Reader) (bool, error) {
	var p osvPackage
	filled, err := strict.Object(
		strict.Required("package", strict.Object(
			strict.Optional("name", strict.Text(&p.Name)),
			strict.Optional("version", strict.Text(&p.Version)),
			strict.Optional("ecosystem", strict.Text(&p.ecosystem)),
			strict.Optional("commit", strict.Text(nil)),
		)),
		strict.Optional("vulnerabilities", strict.Each(p.record)),
		strict.Optional("groups", strict.Each(p.group)),
		strict.Optional("license_violations", strict.Each(then(strict.Any(), func() { o.others++ }))),
	)(in)
	if err != nil {
		return filled, err
	}
	o.packages++
	p.PURL = osvPURL(p.ecosystem, p.Name, p.Version)
	return filled, p.join(in.Where(), &o.findings)
}

func (p *osvPackage) group(in *strict.Reader) (bool, error) {
	var g osvGroup
	filled, err := strict.Object(
		strict.Required("ids", strict.Texts(&g.ids)),
		strict.Optional("aliases", strict.Texts(&g.aliases)),
		strict.Optional("max_severity", strict.Text(&g.severity)),
	)(in)
	p.groups = append(p.groups, g)
	return filled, err
}

// join adds a finding for each group, and for each record that is in none.
func (p *osvPackage) join(where string, all *findings) error {
	records := map[string]*osvRecord{}
	for i := range p.records {
		records[p.records[i].id] = &p.records[i]
	}
	for i, g := range p.groups {
		var of []*osvRecord
		for _, id := range g.ids {
			if r := records[id]; r != nil {
				of = append(of, r)
				delete(records, id)
			}
		}
		if len(of) == 0 {
			return unlike(OSV, fmt.Sprintf("%s/groups/%d/ids", where, i), "the ids of vulnerabilities of the package, each in one group", "%q", strict.Clip(strings.Join(g.ids, " ")))
		}
		if err := all.add(where, p.finding(g, of)); err != nil {
			return err
		}
	}
	for _, id := range slices.Sorted(maps.Keys(records)) {
		if err := all.add(where, p.finding(osvGroup{}, []*osvRecord{records[id]})); err != nil {
			return err
		}
	}
	return nil
}

// finding is what several records say of one vulnerability in the package: the gravest severity, the first
// publication and all versions that fix it.
func (p *osvPackage) finding(g osvGroup, of []*osvRecord) vuln.Finding {
	f := vuln.Finding{ID: of[0].id, Package: p.Package, EPSS: -1}
	ids, scores := append(slices.Clone(g.ids), g.aliases...), []string{g.severity}
	var fixed []string
	for _, r := range of {
		ids = append(append(ids, r.id), r.aliases...)
		scores = append(scores, r.scores...)
		if !r.published.IsZero() && (f.Published.IsZero() || r.published.Before(f.Published)) {
			f.Published = r.published.UTC()
		}
		for _, a := range r.affected {
			if a.name == p.Name && sameEcosystem(a.ecosystem, p.ecosystem) {
				scores = append(scores, a.scores...)
				fixed = append(fixed, a.fixed...)
			}
		}
	}
	f.Aliases, f.Severity = unnamed(f.ID, ids), vuln.Rated(scores...)
	slices.Sort(fixed)
	f.FixedIn = strings.Join(slices.Compact(fixed), ", ")
	return f
}

// sameEcosystem compares ecosystems, whose release ("Debian:12") a lock file may leave out.
func sameEcosystem(a, b string) bool {
	a, releaseA, _ := strings.Cut(a, ":")
	b, releaseB, _ := strings.Cut(b, ":")
	return a == b && (releaseA == "" || releaseB == "" || releaseA == releaseB)
}
