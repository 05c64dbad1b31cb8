package report

import "github.com/carnet-project/carnet/verify/policy"

// A Result is what became of one target: a verdict, or the error that kept it from
// being judged.
type Result struct {
	// Target is what the user wrote, and Name what it is called without tag or digest.
	Target, Name string
	Verdict      policy.Verdict
	Err          error
	// Tampered says that Err is content that is not what its digest says.
	Tampered bool
}

// Outcome is the verdict's, or what the error amounts to: nothing was decided, unless
// the error itself is a sign of tampering.
func (r Result) Outcome() policy.Outcome {
	switch {
	case r.Err == nil:
		return r.Verdict.Outcome()
	case r.Tampered:
		return policy.Invalid
	}
	return policy.Undecided
}

// Reference is name@digest: the one spelling of the target that cannot move.
// A digest without a name is its own reference.
func (r Result) Reference() string {
	digest := r.Verdict.Artifact().Digest.String()
	if r.Name == "" {
		return digest
	}
	return r.Name + "@" + digest
}
