package policy

import (
	"github.com/carnet-project/carnet/attest/predicate/vuln"
	"github.com/carnet-project/carnet/verify"
)

// vulnerable is what the selected scans found; nothing is an empty list, and no scan is none.
func (s *stage) vulnerable() ([]value, *absence) {
	evidence, absent := s.evidenceOf("vulnerabilities", "vulnerabilities")
	if absent != nil {
		return nil, absent
	}
	list := []any{}
	for _, e := range evidence {
		found, err := remember(s.c.Facts, e, "rule vulnerabilities", func() ([]any, error) { return vulnerabilityObjects(e) })
		if err != nil {
			return nil, unreadableEvidence("vulnerabilities", err)
		}
		list = append(list, found...)
	}
	return []value{{list, evidence}}, nil
}

func vulnerabilityObjects(e *verify.Evidence) ([]any, error) {
	report, err := vuln.Parse(e.PredicateType(), e.Predicate())
	if err != nil {
		return nil, err
	}
	all := []any{}
	for _, f := range report.Findings {
		o := object{"id": f.ID, "severity": string(f.Severity), "package": f.Package.String()}
		set(o, "fixedIn", f.FixedIn)
		set(o, "scanner", report.Scanner.Name)
		if report.TellsExploited {
			o["exploited"] = f.Exploited
		}
		if f.EPSS >= 0 {
			o["epss"] = f.EPSS
		}
		all = append(all, o)
	}
	return all, nil
}
