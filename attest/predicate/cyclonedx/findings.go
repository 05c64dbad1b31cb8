package cyclonedx

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/internal/strict"
	"github.com/carnet-project/carnet/attest/predicate/openvex"
	"github.com/carnet-project/carnet/attest/predicate/vuln"
)

// Disclosed is what a document says of vulnerabilities, of one of two kinds.
type Disclosed struct {
	// Scan is what it says of its tool and of the component that it describes, and, where no vulnerability was
	// analysed, all of them as findings.
	Scan vuln.Scan
	// VEX are the statements, as [VEX] reads them, of a document that analyses any; nil of others.
	VEX *openvex.Document
	// Open counts the vulnerabilities of such a document that were not analysed and are not in it.
	Open int
}

// Disclose reads the vulnerabilities of a document, which has to have a list of them, be it empty: an inventory
// does not say that anybody looked for any. A document that analyses a vulnerability is VEX. One that does not
// is a scan, and has a finding for each vulnerability and component that it affects.
//
// The error is [Validate]'s.
func Disclose(predicateType string, raw []byte) (*Disclosed, error) {
	d, err := read(predicateType, raw)
	if err != nil {
		return nil, err
	}
	if !d.listed {
		return nil, strict.Fault(attest.FaultMalformed, "/vulnerabilities", "is missing, want a list of vulnerabilities, be it empty")
	}
	found := &Disclosed{Scan: d.scan()}
	if slices.ContainsFunc(d.entries, func(e entry) bool { return e.analysed }) {
		found.VEX = d.vex()
		found.Open = len(d.entries) - len(found.VEX.Statements)
		return found, nil
	}
	for i := range d.entries {
		e := &d.entries[i]
		if e.id == "" {
			return nil, strict.Missing("/vulnerabilities/" + strconv.Itoa(i) + "/id")
		}
		found.Scan.Findings = append(found.Scan.Findings, d.findings(e)...)
		if len(found.Scan.Findings) > vuln.MaxFindings {
			return nil, strict.Fault(attest.FaultTooLarge, "/vulnerabilities", "has more than %d findings", vuln.MaxFindings)
		}
	}
	return found, nil
}

// scan is what the document says of itself.
func (d *document) scan() vuln.Scan {
	s := vuln.Scan{Target: d.subject.name}
	s.Started, s.Finished = d.issued.UTC(), d.issued.UTC()
	if len(d.tools) > 0 {
		s.Scanner = vuln.ScannerNamed(d.tools[0].name, d.tools[0].version)
	}
	s.Digests = d.subject.hashes
	if i := strings.Index(d.subject.purl, "@sha256"); i >= 0 {
		digest, _, _ := strings.Cut(strings.Replace(d.subject.purl[i+1:], "%3A", ":", 1), "?")
		s.Digests = append(s.Digests, digest)
	}
	if _, err := attest.ParseDigest(d.subject.version); err == nil {
		s.Digests = append(s.Digests, d.subject.version)
	}
	return s
}

// findings are one vulnerability in each component that it affects.
func (d *document) findings(e *entry) []vuln.Finding {
	f := vuln.Finding{ID: e.id, Severity: e.severity(), EPSS: -1, Published: published(e.published)}
	for _, alias := range e.aliases {
		if alias != e.id && alias != "" && len(f.Aliases) < maxAliases && !slices.Contains(f.Aliases, alias) {
			f.Aliases = append(f.Aliases, alias)
		}
	}
	if len(e.affects) == 0 {
		return []vuln.Finding{f}
	}
	all, upgrades := make([]vuln.Finding, len(e.affects)), e.upgrades()
	for i, a := range e.affects {
		p, known := d.parts[a.ref]
		f.Package = vuln.Package{Name: p.name, Version: p.version, PURL: p.purl}
		if p.group != "" {
			f.Package.Name = p.group + "/" + p.name
		}
		if !known {
			f.Package.Name = d.product(a.ref)
			if strings.HasPrefix(f.Package.Name, "pkg:") {
				f.Package.PURL = f.Package.Name
			}
		}
		f.FixedIn = strings.Join(a.fixed, ", ")
		if f.FixedIn == "" {
			f.FixedIn = cmp.Or(upgrades[f.Package.Name], upgrades[p.name])
		}
		all[i] = f
	}
	return all
}

// upgrades are the versions in a recommendation by the names of packages, as Trivy writes them: CycloneDX has no
// other place for it. "Upgrade curl to version 8.1.0; Upgrade libcurl4 to version 8.1.0".
func (e *entry) upgrades() map[string]string {
	all := map[string]string{}
	for each := range strings.SplitSeq(e.recommendation, ";") {
		what, version, found := strings.Cut(strings.TrimSpace(each), " to version ")
		if name, upgrade := strings.CutPrefix(what, "Upgrade "); found && upgrade {
			all[name] = strings.TrimSpace(version)
		}
	}
	return all
}

// maxAliases bounds the other names of a vulnerability.
const maxAliases = 256

// published is a time, which older versions of the specification and some tools write without a zone.
func published(s string) time.Time {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}
