package policy

// rule asks that a requirement in CEL is met. It can only deny.
func (b *bench) rule(r *RuleClause) { b.unevaluated(r.Clause, "rule."+r.ID) }

func expressionRules() []Rule { return nil }
