package policy

// An anchor is what all evidence must agree on: the repository and the commit, say, that
// one accepted provenance names. The zero anchor fixes nothing.
type anchor struct{ repository, commit, run, builder string }

// commit is the commit that was built, as the accepted provenance says; false where no
// accepted provenance names one, or the policy does not ask for agreement on it.
func (b *bench) commit() (string, bool) { return b.anchor.commit, b.anchor.commit != "" }

// repository is the source repository that was built, as an https URL in the form of
// known.Repository; false as for commit.
func (b *bench) repository() (string, bool) {
	return b.anchor.repository, b.anchor.repository != ""
}
