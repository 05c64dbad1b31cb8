package policy

// source asks for what is known of the commit that was built.
func (b *bench) source(r *SourceClause) {
	if r != nil {
		b.unevaluated(r.Clause, "source")
	}
}

func sourceRules() []Rule { return nil }
