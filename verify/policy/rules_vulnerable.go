package policy

import (
	"github.com/carnet-project/carnet/attest/predicate/vuln"
	"github.com/carnet-project/carnet/verify"
)

// vulnerable is what the selected scans found; nothing is an empty list, and no scan is none.
// What accepted VEX lifts is in it, with what VEX says.
func (s *stage) vulnerable() ([]value, *absence) {
	evidence, absent := s.evidenceOf("vulnerabilities", "vulnerabilities")
	if absent != nil {
		return nil, absent
	}
	list := []any{}
	for _, e := range evidence {
		report, err := s.scanned(e)
		if err == nil && report.Unreadable != "" {
			err = &verify.Error{Reason: verify.ReasonPredicateMalformed, Expected: "findings that can be read", Found: report.Unreadable}
		}
		if err != nil {
			return nil, unreadableEvidence("vulnerabilities", err)
		}
		for i := range report.Findings {
			list = append(list, s.vulnerability(report, &report.Findings[i]))
		}
	}
	return []value{{list, evidence}}, nil
}

func (s *stage) vulnerability(report *vuln.Report, f *vuln.Finding) object {
	o := object{"id": f.ID, "severity": string(f.Severity), "package": f.Package.String(), "fixedIn": f.FixedIn, "scanner": report.Scanner.Name}
	if report.TellsExploited {
		o["exploited"] = f.Exploited
	}
	if f.EPSS >= 0 {
		o["epss"] = f.EPSS
	}
	for _, x := range s.vexes {
		if statement := x.lifts(s.node, f); statement != nil {
			o["vex"] = string(statement.Status)
		}
	}
	return o
}
