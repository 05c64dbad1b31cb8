package policy

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/carnet-project/carnet/attest/predicate/vuln"
)

// maxVulnerabilities bounds the findings about single vulnerabilities in a cell; what is beyond is counted.
const maxVulnerabilities = 1000

// An assay judges the findings of the scans of one node.
type assay struct {
	*bench
	r    *VulnerabilitiesClause
	cell *Cell
	vex  *vexed

	// told are the vulnerabilities, packages and rules about which there is a finding, and
	// broken the rules that are.
	told, broken map[string]bool
	more         map[string]int
	// names are all that the scans call a vulnerability, by its [vuln.Finding.CVE].
	names map[string][]string
}

// judge adds a finding for each vulnerability, package and rule, and one for each rule that holds.
func (a *assay) judge(scans []scan) {
	a.told, a.broken, a.more = map[string]bool{}, map[string]bool{}, map[string]int{}
	a.names = called(scans)
	total := 0
	for _, s := range scans {
		total += len(s.report.Findings)
		for i := range s.report.Findings {
			for k := range a.r.Deny {
				if a.r.Deny[k].denies(&s.report.Findings[i], a.c.At) {
					a.deny(&a.r.Deny[k], s, &s.report.Findings[i])
				}
			}
		}
	}
	for i := range a.r.Deny {
		d := &a.r.Deny[i]
		a.exploits(d, scans)
		if n := a.more[d.rule()]; n > 0 {
			a.find(a.cell, a.at(d), Finding{Rule: d.rule(), Status: StatusFail, Expected: d.String(), Found: fmt.Sprintf("%s more, which are not listed", plural(n, "finding"))})
			a.more[d.rule()] = 0
		}
		if !a.broken[d.rule()] {
			a.find(a.cell, a.at(d), Finding{Rule: d.rule(), Status: StatusPass, Expected: d.String(), Found: fmt.Sprintf("none among %s of %s", plural(total, "finding"), plural(len(scans), "report"))})
		}
	}
}

// maxAliases bounds the names of a vulnerability that count for exceptions.
const maxAliases = 32

// called are the other names of each vulnerability that has some, sorted. They are those of all scans, so
// that it does not matter whose finding is told.
func called(scans []scan) map[string][]string {
	all := map[string][]string{}
	for _, s := range scans {
		for i := range s.report.Findings {
			f := &s.report.Findings[i]
			if len(f.Aliases) == 0 {
				continue
			}
			cve := f.CVE()
			for _, name := range append([]string{f.ID}, f.Aliases...) {
				if name != cve && len(strings.Fields(name)) == 1 {
					all[cve] = append(all[cve], strings.TrimSpace(name))
				}
			}
		}
	}
	for cve, names := range all {
		slices.Sort(names)
		names = slices.Compact(names)
		all[cve] = names[:min(len(names), maxAliases)]
	}
	return all
}

// at is the clause with the line of one entry.
func (a *assay) at(d *DenyVulnerability) Clause {
	c := a.r.Clause
	if d.Line > 0 {
		c.Line = d.Line
	}
	return c
}

// deny adds the finding about one vulnerability, unless VEX lifts it.
func (a *assay) deny(d *DenyVulnerability, s scan, f *vuln.Finding) {
	key := f.CVE() + "\x00" + packageKey(f.Package) + "\x00" + d.rule()
	if a.told[key] {
		return
	}
	a.told[key] = true
	by := a.vex.lifts(a.cell.Node, f)
	if by == nil {
		a.broken[d.rule()] = true
	}
	if len(a.told) > maxVulnerabilities {
		if by == nil {
			a.more[d.rule()]++
		}
		return
	}
	finding := Finding{Rule: d.rule(), Status: StatusFail, Expected: d.String(), Evidence: s.of.Bundle(), Vulnerability: f.CVE(), Aliases: strings.Join(a.names[f.CVE()], " "), Package: f.Package.String()}
	if by != nil {
		finding.Status, finding.Evidence = StatusPass, by.of.Bundle()
		finding.Found = fmt.Sprintf("%s in %s: %s", f.CVE(), clip(f.Package.String()), by)
	} else {
		finding.Found = a.describe(s, f)
	}
	a.find(a.cell, a.at(d), finding)
}

// packageKey is what one package is in the reports of several scanners.
func packageKey(p vuln.Package) string {
	if purl, _, _ := strings.Cut(p.PURL, "?"); purl != "" {
		return strings.ToLower(purl)
	}
	return p.Name + "@" + p.Version
}

// describe is a vulnerability in a line.
func (a *assay) describe(s scan, f *vuln.Finding) string {
	var traits []string
	if f.Severity == vuln.Unknown {
		traits = append(traits, "of unknown severity, which counts as the gravest")
	} else {
		traits = append(traits, string(f.Severity))
	}
	if f.Exploited {
		traits = append(traits, "known to be exploited")
	}
	if f.EPSS >= 0 {
		traits = append(traits, fmt.Sprintf("EPSS %.2f", f.EPSS))
	}
	name := f.Package.Name
	if name == "" {
		name = f.Package.PURL
	}
	text := fmt.Sprintf("%s (%s) in %s", f.CVE(), strings.Join(traits, ", "), clip(strings.TrimSpace(name+" "+f.Package.Version)))
	if f.FixedIn != "" {
		text += ", fixed in " + clip(f.FixedIn)
	} else {
		text += ", no fix known"
	}
	if !f.Published.IsZero() && !a.c.At.IsZero() {
		text += ", known for " + age(max(a.c.At.Sub(f.Published), 0))
	}
	return text + ", by " + scannerOf(s.report)
}

// exploits asks that somebody says which vulnerabilities are known to be exploited, where that decides
// something: a scanner without a word for it must not pass for one that knows of none.
func (a *assay) exploits(d *DenyVulnerability, scans []scan) {
	if d.Exploited == nil || !*d.Exploited {
		return
	}
	other := *d
	other.Exploited = nil
	concerned, names := false, []string{}
	for _, s := range scans {
		if s.report.TellsExploited {
			return
		}
		names = append(names, scannerOf(s.report))
		for i := range s.report.Findings {
			concerned = concerned || other.denies(&s.report.Findings[i], a.c.At)
		}
	}
	if concerned && !a.told["\x00exploited"] {
		a.told["\x00exploited"], a.broken[d.rule()] = true, true
		a.find(a.cell, a.at(d), Finding{
			Rule: d.rule(), Status: StatusMissing, Expected: "a report that says which vulnerabilities are known to be exploited",
			Found: "reports by " + list(names, mostNamed) + ", which do not say",
		})
	}
}

// rule is the id of the rule that the entry is.
func (d *DenyVulnerability) rule() string {
	switch {
	case d.Exploited != nil && *d.Exploited:
		return "vulnerabilities.exploited"
	case d.Severity != "":
		return "vulnerabilities.severity"
	case d.EPSS > 0:
		return "vulnerabilities.epss"
	case d.Fixed != nil:
		return "vulnerabilities.fixed"
	}
	return "vulnerabilities.severity"
}

// denies says whether all that the entry names holds. What is not known of a finding is taken to be what
// denies it (docs/decisions/vulnerability-rules.md).
func (d *DenyVulnerability) denies(f *vuln.Finding, now time.Time) bool {
	switch {
	case d.Severity != "" && f.Severity.Rank() > 0 && f.Severity.Rank() < vuln.Severity(d.Severity).Rank():
		return false
	case d.Fixed != nil && *d.Fixed != (f.FixedIn != ""):
		return false
	case d.Exploited != nil && *d.Exploited != f.Exploited:
		return false
	case d.EPSS > 0 && f.EPSS >= 0 && f.EPSS < d.EPSS:
		return false
	case d.Grace > 0 && f.FixedIn != "" && within(d.Grace, now, f.FixedOn, f.Published):
		return false
	case d.KnownFor > 0 && within(d.KnownFor, now, f.Published):
		return false
	}
	return true
}

// within says whether the first of the times that is known is less than d ago. A time to come is none.
func within(d time.Duration, now time.Time, times ...time.Time) bool {
	for _, t := range times {
		if !t.IsZero() && !t.After(now) {
			return now.Sub(t) < d
		}
	}
	return false
}

// String is what the entry asks: "no critical vulnerability with a fix, 3 days after the fix became known".
func (d *DenyVulnerability) String() string {
	text := "no "
	if d.Exploited != nil && *d.Exploited {
		text += "exploited "
	} else if d.Exploited != nil {
		text += "unexploited "
	}
	text += "vulnerability"
	switch d.Severity {
	case "", string(vuln.Negligible):
	case string(vuln.Critical):
		text += " that is critical"
	default:
		text += " that is " + d.Severity + " or graver"
	}
	if d.EPSS > 0 {
		text += fmt.Sprintf(", with an EPSS of %g or more", d.EPSS)
	}
	if d.Fixed != nil && *d.Fixed {
		text += ", with a fix"
	} else if d.Fixed != nil {
		text += ", without a fix"
	}
	if d.Grace > 0 {
		text += ", " + age(d.Grace) + " after its fix became known"
	}
	if d.KnownFor > 0 {
		text += ", known for " + age(d.KnownFor)
	}
	return text
}
