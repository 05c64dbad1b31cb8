package policy

// anchors are those that the accepted provenance offers, at least one. The part is judged
// with each, for what must agree must agree on one.
func (b *part) anchors(p *Policy, c Case) []anchor { return []anchor{{}} }

// provenance asks for provenance by an accepted pair of signer and builder.
func (b *bench) provenance(r *ProvenanceClause) {
	if r == nil {
		return
	}
	b.row(r.Clause, provenanceRequirement(), nil, func(cell *Cell) {
		if len(cell.Evidence) == 0 {
			b.missing(cell, r.Clause)
		}
	})
}

func provenanceRules() []Rule { return nil }
