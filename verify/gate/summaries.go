package gate

import (
	"context"

	"github.com/carnet-project/carnet/verify/policy"
)

// abridge looks for verification summaries before anything else, where the policy takes one
// for the whole check: with a good one nothing else is fetched. It is false where the policy
// is not settled so.
func (in *inquiry) abridge(ctx context.Context) (policy.Verdict, bool) {
	requirement, ok := in.gate.Policy.Abridged()
	if !ok {
		return policy.Verdict{}, false
	}
	in.list(ctx, round{{in.artifact, Near}})
	in.begun = true
	// Two that differ may both be there, and the newer counts.
	for {
		var batch []*candidate
		for i := range in.candidates {
			c := &in.candidates[i]
			if !c.tried && requirement.Hinted(c.found.PredicateType) && len(batch) < in.gate.parallel() {
				batch = append(batch, c)
			}
		}
		if len(batch) == 0 {
			break
		}
		in.fetch(ctx, batch)
	}
	verdict := in.gate.Policy.Judge(in.known())
	return verdict, in.settled(verdict)
}

// begunWith says whether the listing was made when summaries were looked for.
func (in *inquiry) begunWith(l listing) bool {
	return in.begun && l.depth == Near && l.node.Digest == in.artifact.Digest
}
