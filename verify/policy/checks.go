package policy

// check asks for the result of a test or a scan of the code.
func (b *bench) check(r *CheckClause) {
	if r.Type != "predicate" || !r.OnImage {
		b.unevaluated(r.Clause, "checks")
		return
	}
	b.row(r.Clause, typeRequirement(r.Name, r.Predicate), r.From, func(cell *Cell) {
		if len(cell.Evidence) == 0 {
			b.missing(cell, r.Clause)
		}
	})
}

func checkRules() []Rule { return nil }
