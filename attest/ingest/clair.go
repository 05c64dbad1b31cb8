package ingest

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/carnet-project/carnet/attest/internal/strict"
	"github.com/carnet-project/carnet/attest/predicate/vuln"
)

// clair is the vulnerability report of Clair 4 (vulnerabilityreport.go of quay/claircore), as its matcher and
// clairctl report -o json write it.
func clair() format {
	return format{Clair, func(raw []byte) bool { return has(raw, "manifest_hash") }, readClair}
}

// clairReport is a report being read. What it says of vulnerabilities is by their id, which is Clair's own.
type clairReport struct {
	manifest, state, fault string
	failed                 bool
	packages               map[string]vuln.Package
	vulnerabilities        map[string]vuln.Finding
	named, found, told     bool
	affected               []clairPackage
	scores                 map[string]vuln.Severity
	cve                    *regexp.Regexp
	epss                   map[string]float64
	exploited              map[string]bool
	tellsExploited         bool
}

// A clairPackage is the vulnerabilities of one package, by their ids.
type clairPackage struct {
	id              string
	vulnerabilities []string
}

func readClair(raw []byte) (*Report, error) {
	c := clairReport{
		packages: map[string]vuln.Package{}, vulnerabilities: map[string]vuln.Finding{},
		cve: regexp.MustCompile(`CVE-[0-9]{4}-[0-9]{4,19}`), scores: map[string]vuln.Severity{}, epss: map[string]float64{}, exploited: map[string]bool{},
	}
	if err := strict.Read(raw, c.check()); err != nil {
		return nil, refused(Clair, err)
	}
	if err := c.finished(); err != nil {
		return nil, err
	}
	all, err := c.findings()
	if err != nil {
		return nil, err
	}
	r := all.report(vuln.NewScanner("https://github.com/quay/clair", ""))
	r.Vulnerabilities.TellsExploited = c.tellsExploited
	r.About.Name = c.manifest
	r.digest(c.manifest)
	if len(c.packages) == 0 {
		r.note("Clair found no packages in what it scanned.")
	}
	return r, nil
}

// finished asks for a report of a scan that was done: an index report has a state, and one of a failure an error.
func (c *clairReport) finished() error {
	switch {
	case c.fault != "":
		return unlike(Clair, "/err", "a scan without an error", "%q", strict.Clip(c.fault))
	case c.state != "" && c.state != "IndexFinished":
		return unlike(Clair, "/state", `"IndexFinished"`, "%q", strict.Clip(c.state))
	case c.failed:
		return unlike(Clair, "/success", "true", "false")
	case !c.named:
		return unlike(Clair, "/packages", "the packages of the image", "nothing")
	case !c.told:
		return unlike(Clair, "/vulnerabilities", "the vulnerabilities of the packages: an index report has none", "nothing")
	case !c.found:
		return unlike(Clair, "/package_vulnerabilities", "the vulnerabilities of each package", "nothing")
	}
	return nil
}

func (c *clairReport) check() strict.Check {
	succeeded := true
	// there notes that a member is there: an empty one says something, and one that is missing does not.
	there := func(seen *bool, check strict.Check) strict.Check {
		return func(in *strict.Reader) (bool, error) { *seen = true; return check(in) }
	}
	return strict.Object(
		strict.Required("manifest_hash", strict.Text(&c.manifest)),
		strict.Optional("state", strict.Text(&c.state)),
		strict.Optional("err", strict.Text(&c.fault)),
		strict.Optional("success", func(in *strict.Reader) (bool, error) {
			filled, err := strict.Bool(&succeeded)(in)
			c.failed = !succeeded
			return filled, err
		}),
		strict.Optional("packages", there(&c.named, strict.Map(c.pkg))),
		strict.Optional("vulnerabilities", there(&c.told, strict.Map(c.vulnerability))),
		strict.Optional("package_vulnerabilities", there(&c.found, strict.Map(func(id string) strict.Check {
			return func(in *strict.Reader) (bool, error) {
				p := clairPackage{id: id}
				filled, err := strict.Texts(&p.vulnerabilities)(in)
				c.affected = append(c.affected, p)
				return filled, err
			}
		}))),
		strict.Optional("enrichments", strict.Map(c.enrichment)),
	)
}

func (c *clairReport) pkg(id string) strict.Check {
	return func(in *strict.Reader) (bool, error) {
		var p vuln.Package
		filled, err := strict.Object(
			strict.Required("name", strict.Text(&p.Name)),
			strict.Optional("version", strict.Text(&p.Version)),
			strict.Optional("purl", strict.Text(&p.PURL)),
		)(in)
		c.packages[id] = p
		return filled, err
	}
}

func (c *clairReport) vulnerability(id string) strict.Check {
	return func(in *strict.Reader) (bool, error) {
		var name, links, severity, normal, fixed string
		var issued time.Time
		filled, err := strict.Object(
			strict.Required("name", strict.Text(&name)),
			strict.Optional("links", strict.Text(&links)),
			strict.Optional("issued", strict.Time(&issued)),
			strict.Optional("severity", strict.Text(&severity)),
			strict.Optional("normalized_severity", strict.Text(&normal)),
			strict.Optional("fixed_in_version", strict.Text(&fixed)),
		)(in)
		f := vuln.Finding{ID: clairID(name), Severity: vuln.Rated(normal), FixedIn: clairFixed(fixed), EPSS: -1, Published: issued.UTC()}
		if f.Severity == vuln.Unknown {
			f.Severity = vuln.Rated(severity)
		}
		f.Aliases = unnamed(f.ID, c.cve.FindAllString(name+" "+links, -1))
		c.vulnerabilities[id] = f
		return filled, err
	}
}

// clairID is the id in a vulnerability's name, to which some of Clair's updaters add words: "RHSA-2024:0001: curl
// security update", "CVE-2024-1 on Ubuntu 24.04 LTS (noble) - medium".
func clairID(name string) string {
	first, _, _ := strings.Cut(strings.TrimSpace(name), " ")
	if first = strings.TrimRight(first, ":,"); first == "" || !strings.ContainsAny(first, "0123456789") {
		return name
	}
	return first
}

// clairFixed is the version of a fix: for languages the updater of OSV writes a query, such as
// "fixed=2.1&introduced=0".
func clairFixed(s string) string {
	if q, err := url.ParseQuery(s); err == nil && strings.Contains(s, "=") && (q.Has("fixed") || q.Has("introduced") || q.Has("lastAffected")) {
		return q.Get("fixed")
	}
	return s
}

// enrichment reads what Clair adds to vulnerabilities from other sources: scores of CVSS, estimates of EPSS and
// the list of those known to be exploited. A source is an object of lists by vulnerability.
func (c *clairReport) enrichment(kind string) strict.Check {
	var each func(id string) strict.Check
	switch {
	case strings.Contains(kind, "clair.cvss"):
		each = func(id string) strict.Check {
			var vector string
			var score []byte
			return then(strict.Object(strict.Optional("vectorString", strict.Text(&vector)), strict.Optional("baseScore", strict.Raw(&score, strict.Any()))),
				func() { c.scores[id] = vuln.Worse(c.scores[id], vuln.Rated(vector, string(score))) })
		}
	case strings.Contains(kind, "clair.epss"):
		each = func(id string) strict.Check {
			var raw []byte
			return then(strict.Object(strict.Optional("epss", strict.Raw(&raw, strict.Any()))), func() {
				if p := vuln.Probability(string(raw)); p >= 0 {
					c.epss[id] = max(c.epss[id], p)
				}
			})
		}
	case strings.Contains(kind, "clair.kev"):
		c.tellsExploited = true
		each = func(id string) strict.Check { return then(strict.AnyObject(), func() { c.exploited[id] = true }) }
	default:
		return strict.Any()
	}
	return strict.Each(then(strict.Map(func(id string) strict.Check { return strict.Each(each(id)) }), func() {}))
}

// then does something after a value was read, which may be empty.
func then(check strict.Check, do func()) strict.Check {
	return func(in *strict.Reader) (bool, error) {
		_, err := check(in)
		if err == nil {
			do()
		}
		return true, err
	}
}

// findings joins packages and vulnerabilities.
func (c *clairReport) findings() (*findings, error) {
	all := &findings{format: Clair}
	for _, p := range c.affected {
		pkg, known := c.packages[p.id]
		where := "/package_vulnerabilities/" + p.id
		if !known {
			return nil, unlike(Clair, where, "the id of one of the packages", "%q", strict.Clip(p.id))
		}
		for i, id := range p.vulnerabilities {
			f, known := c.vulnerabilities[id]
			if !known {
				return nil, unlike(Clair, fmt.Sprintf("%s/%d", where, i), "the id of one of the vulnerabilities", "%q", strict.Clip(id))
			}
			f.Package = pkg
			if f.Severity == vuln.Unknown {
				f.Severity = vuln.Worse(f.Severity, c.scores[id])
			}
			if p, known := c.epss[id]; known {
				f.EPSS = p
			}
			f.Exploited = c.exploited[id]
			if err := all.add(where, f); err != nil {
				return nil, err
			}
		}
	}
	return all, nil
}
