package policy

// base asks which images the image is built on, and what is known of them.
func (b *bench) base(r *BaseClause) {
	if r != nil {
		b.unevaluated(r.Clause, "base")
	}
}

func baseRules() []Rule { return nil }
