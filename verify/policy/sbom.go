package policy

// sbom asks for a list of what is inside each platform.
func (b *bench) sbom(r *SBOMClause) {
	if r == nil {
		return
	}
	b.row(r.Clause, sbomRequirement(), r.From, func(cell *Cell) {
		if len(cell.Evidence) == 0 {
			b.missing(cell, r.Clause)
		}
	})
}

func sbomRules() []Rule { return nil }
