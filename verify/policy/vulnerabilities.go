package policy

import (
	"fmt"
	"slices"
	"time"

	"github.com/carnet-project/carnet/attest/predicate"
	"github.com/carnet-project/carnet/attest/predicate/vuln"
	"github.com/carnet-project/carnet/verify"
)

// RequireVulnerabilities is the name of the requirement that there is a scan.
const RequireVulnerabilities = "vulnerabilities"

// A scan is one report that was selected.
type scan struct {
	of     *verify.Evidence
	report *vuln.Report
	// signer is who is accepted for it, and at its trusted time, zero where there is none.
	signer string
	at     time.Time
	// faults are why it does not count.
	faults []Finding
}

func vulnerabilityRequirement() Requirement {
	return Requirement{
		name: RequireVulnerabilities, rule: "vulnerabilities", what: "a vulnerability report", classes: []predicate.Class{predicate.Vulnerabilities},
		spread: itself, selection: SelectNewest,
	}
}

// vulnerabilities asks for recent scans without grave findings.
//
// Of each scanner and signer the newest report counts, by trusted time: an older one that was
// better says nothing any more. Of one second all count, and so does what has no trusted time,
// for nobody knows which of them is older, so that the worse decides.
func (b *bench) vulnerabilities(r *VulnerabilitiesClause) {
	if r == nil {
		return
	}
	x := b.vex(r)
	b.vexes = append(b.vexes, x)
	b.row(r.Clause, vulnerabilityRequirement(), r.From, func(cell *Cell) {
		if len(cell.Evidence) == 0 {
			b.missing(cell, r.Clause)
			return
		}
		if b.unreadable(cell, r.Clause) {
			return
		}
		if r.ages() && b.c.At.IsZero() {
			b.find(cell, r.Clause, timeless("vulnerabilities"))
			return
		}
		scans := b.scans(cell, r)
		if counted, ok := b.current(cell, r, scans); ok {
			(&assay{bench: b, r: r, cell: cell, vex: x}).judge(counted)
		}
	})
}

// ages says whether anything in the clause depends on the time.
func (r *VulnerabilitiesClause) ages() bool {
	return r.MaxScanAge > 0 || r.MaxDatabaseAge > 0 || slices.ContainsFunc(r.Deny, func(d DenyVulnerability) bool { return d.Grace > 0 || d.KnownFor > 0 })
}

// scans are the newest report of each scanner and signer.
func (b *bench) scans(cell *Cell, r *VulnerabilitiesClause) []scan {
	all := map[string][]scan{}
	var order []string
	for _, e := range cell.Evidence {
		report, err := b.scanned(e)
		s := scan{of: e, report: report, at: e.SignedAt(), signer: e.By().String()}
		if err != nil {
			// Not reached with evidence that was opened: it is held to its type there.
			s.report = &vuln.Report{Unreadable: err.Error()}
		}
		if name, err := b.signer(e, r.From); err == nil {
			s.signer = name
		}
		if s.at.IsZero() && b.doc.Trust.Claimed {
			s.at = s.report.Finished
		}
		key := s.report.Scanner.Name + "\x00" + s.signer
		if all[key] == nil {
			order = append(order, key)
		}
		all[key] = append(all[key], s)
	}
	var newest []scan
	for _, key := range order {
		latest := slices.MaxFunc(all[key], func(x, y scan) int { return x.at.Compare(y.at) }).at.Unix()
		for _, s := range all[key] {
			if s.at.IsZero() || s.at.Unix() == latest {
				s.faults = b.faults(r, s)
				newest = append(newest, s)
			}
		}
	}
	return newest
}

// scanned is what a report says.
func (b *bench) scanned(e *verify.Evidence) (*vuln.Report, error) {
	return remember(b.c.Facts, e, "vulnerabilities", func() (*vuln.Report, error) { return vuln.Parse(e.PredicateType(), e.Predicate()) })
}

// faults are why a scan does not count: it is too old, says that it comes from the future, or
// says nothing that can be read.
func (b *bench) faults(r *VulnerabilitiesClause, s scan) []Finding {
	var all []Finding
	if f := b.scanAge(r, s); f.Status != StatusPass {
		all = append(all, f)
	}
	if f := b.databaseAge(r, s); f.Status != StatusPass {
		all = append(all, f)
	}
	if s.report.Unreadable != "" {
		all = append(all, Finding{Rule: "vulnerabilities.result", Status: StatusFail, Expected: "findings that can be read", Found: s.report.Unreadable})
	}
	for i := range all {
		all[i].Evidence = s.of.Bundle()
	}
	return all
}

// scanAge compares the older of when the scan ended, as it says, and when it was signed.
func (b *bench) scanAge(r *VulnerabilitiesClause, s scan) Finding {
	f := Finding{Rule: "vulnerabilities.stale", Status: StatusPass, Expected: "a scan at most " + age(r.MaxScanAge) + " old"}
	ended := s.report.Finished
	switch {
	case s.at.IsZero() && r.MaxScanAge == 0:
		f.Expected, f.Found = "a scan of any age", "a scan without a trusted time"
		return f
	case s.at.IsZero():
		f.Status, f.Found = StatusStale, "a scan without a trusted time, which says "+day(ended)
		return f
	case ended.After(s.at.Add(skew)):
		f.Status, f.Expected, f.Found = StatusFail, "a scan that ended before it was signed, "+day(s.at), "one that says it ended "+day(ended)
		return f
	case ended.After(s.at):
		ended = s.at
	}
	old := max(b.c.At.Sub(ended), 0)
	f.Found = fmt.Sprintf("a scan by %s of %s, %s old", scannerOf(s.report), day(ended), age(old))
	if r.MaxScanAge > 0 && old > r.MaxScanAge {
		f.Status = StatusStale
	} else if r.MaxScanAge == 0 {
		f.Expected, f.Found = "a scan of any age", "a scan of "+day(ended)
	}
	return f
}

// databaseAge is of the database that the scan used.
func (b *bench) databaseAge(r *VulnerabilitiesClause, s scan) Finding {
	f := Finding{Rule: "vulnerabilities.database", Status: StatusPass, Expected: "a database at most " + age(r.MaxDatabaseAge) + " old"}
	updated := s.report.Database.Updated
	switch {
	case r.MaxDatabaseAge == 0:
		f.Expected, f.Found = "a database of any age", "not asked"
	case updated.IsZero():
		f.Status, f.Found = StatusMissing, "a report by "+scannerOf(s.report)+" that does not say how old its database is"
	case !s.at.IsZero() && updated.After(s.at.Add(skew)):
		f.Status, f.Expected, f.Found = StatusFail, "a database from before the scan was signed, "+day(s.at), "one that says "+day(updated)
	default:
		old := max(b.c.At.Sub(updated), 0)
		f.Found = fmt.Sprintf("the database of %s of %s, %s old", scannerOf(s.report), day(updated), age(old))
		if old > r.MaxDatabaseAge {
			f.Status = StatusStale
		}
	}
	return f
}

func scannerOf(r *vuln.Report) string {
	if r.Scanner.Name == "" {
		return "a scanner without a name"
	}
	return clip(r.Scanner.Name)
}

// current are the scans that count: of each scanner that is named, or of any where none is,
// there has to be one. What is wrong with the newest is told where there is none.
func (b *bench) current(cell *Cell, r *VulnerabilitiesClause, scans []scan) ([]scan, bool) {
	var counted []scan
	ok := true
	for _, s := range scans {
		switch {
		case len(s.faults) == 0:
			counted = append(counted, s)
		case len(s.faults) == 1 && s.faults[0].Rule == "vulnerabilities.result":
			// It is the newest of its kind, and nobody can tell what it says.
			b.find(cell, r.Clause, s.faults[0])
			ok = false
		}
	}
	cell.Evidence = nil
	for _, s := range scans {
		if len(counted) == 0 || len(s.faults) == 0 || !ok {
			cell.Evidence = append(cell.Evidence, s.of)
		}
	}
	names := r.Scanners
	if len(names) == 0 {
		names = []string{""}
	}
	for _, name := range names {
		of := slices.DeleteFunc(slices.Clone(scans), func(s scan) bool { return name != "" && !s.report.Scanner.Is(name) })
		ok = b.currentOf(cell, r, name, of, scans) && ok
	}
	return counted, ok
}

// currentOf says whether one of a scanner's scans counts.
func (b *bench) currentOf(cell *Cell, r *VulnerabilitiesClause, name string, of, all []scan) bool {
	if len(of) == 0 {
		var names []string
		for _, s := range all {
			names = append(names, scannerOf(s.report))
		}
		slices.Sort(names)
		b.find(cell, r.Clause, Finding{Rule: "vulnerabilities.scanners", Status: StatusMissing, Expected: "a report by " + name, Found: "reports by " + list(slices.Compact(names), mostNamed)})
		return false
	}
	for _, s := range of {
		if len(s.faults) > 0 {
			continue
		}
		for _, f := range []Finding{b.scanAge(r, s), b.databaseAge(r, s)} {
			f.Evidence = s.of.Bundle()
			b.find(cell, r.Clause, f)
		}
		if name != "" {
			b.find(cell, r.Clause, Finding{Rule: "vulnerabilities.scanners", Status: StatusPass, Expected: "a report by " + name, Found: "one by " + scannerOf(s.report) + ", signed by " + s.signer, Evidence: s.of.Bundle()})
		}
		return true
	}
	nearest := slices.MaxFunc(of, func(x, y scan) int { return x.at.Compare(y.at) })
	for _, f := range nearest.faults {
		if !slices.ContainsFunc(cell.Findings, func(known Finding) bool { return known.Rule == f.Rule && known.Evidence == f.Evidence }) {
			b.find(cell, r.Clause, f)
		}
	}
	return false
}

func vulnerabilityRules() []Rule {
	const (
		rescan = "scan the image again with a fresh database and attest the report to this digest"
		repair = "update the package; or have an accepted author state in VEX why it does not matter; or ask for an exception"
	)
	return []Rule{
		{"vulnerabilities.missing", []Status{StatusMissing}, "Each platform was scanned for vulnerabilities.", "scan the image and attest the report to each platform's digest"},
		{"vulnerabilities.identity", []Status{StatusUntrusted}, "An accepted identity signed the report.", "have an accepted identity attest it, or add the signer found to the section's from if it is meant"},
		{"vulnerabilities.proof", []Status{StatusUntrusted}, "Whoever must vouch for the signature of the report does.", "attest it again with a transparency log and a timestamp authority"},
		{"vulnerabilities.invalid", []Status{StatusInvalid}, "The signature of the report is good and over this digest.", "do not use it: the evidence is for another artifact or was changed; find out how it came here"},
		{"vulnerabilities.format", []Status{StatusFail}, "The report is well-formed, in a version that is read here.", "attest the report in a form that is read: in-toto's vulns or cosign's vuln"},
		{"vulnerabilities.time", []Status{StatusError}, "There is a time to judge for.", "give a time with --at"},
		{"vulnerabilities.scanners", []Status{StatusMissing}, "There is a report by each scanner that is named.", "attest the report of the missing scanner too"},
		{"vulnerabilities.stale", []Status{StatusStale, StatusFail}, "The newest scan is young enough, by trusted time.", rescan + "; sign it with a timestamp"},
		{"vulnerabilities.database", []Status{StatusMissing, StatusStale, StatusFail}, "The scanner's database was young enough.", rescan + ", in a form that says how old the database is"},
		{"vulnerabilities.result", []Status{StatusFail}, "What the newest scan found can be read.", "attest the JSON report of Trivy or Grype, or in-toto's predicate"},
		{"vulnerabilities.severity", []Status{StatusFail}, "No vulnerability is as grave as those that are denied.", repair},
		{"vulnerabilities.exploited", []Status{StatusFail, StatusMissing}, "No vulnerability is known to be exploited.", repair + "; a scanner has to say which are"},
		{"vulnerabilities.epss", []Status{StatusFail}, "No vulnerability is as likely to be exploited as those that are denied.", repair},
		{"vulnerabilities.fixed", []Status{StatusFail}, "No vulnerability is there whose fix is known, or is not, as the policy denies.", repair},
		{"vex.untrusted", []Status{StatusUntrusted}, "VEX is by an accepted author; it is ignored else.", "have an accepted author sign it, or add the author to vex.from if it is meant"},
		{"vex.author", []Status{StatusUntrusted}, "The author that a VEX document names signed it; it counts all the same.", "write the signer's identity into the document's author"},
	}
}
