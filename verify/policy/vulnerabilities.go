package policy

// vulnerabilities asks for recent scans without grave findings.
func (b *bench) vulnerabilities(r *VulnerabilitiesClause) {
	if r != nil {
		b.unevaluated(r.Clause, "vulnerabilities")
	}
}

func vulnerabilityRules() []Rule { return nil }
