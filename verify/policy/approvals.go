package policy

// approval asks that people approved the artifact.
func (b *bench) approval(r *ApprovalClause) { b.unevaluated(r.Clause, "approvals") }

func approvalRules() []Rule { return nil }
