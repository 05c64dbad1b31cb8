// Package known has the builders of the field: what each writes into its provenance, and
// one normalised view of it, so that a policy asks for a repository, a commit and a
// parameter without knowing where each producer keeps them.
//
// Nothing is guessed: a field that the provenance does not have, or has twice with different
// values, is absent from the view, with the reason. Nothing in a view is verified; it is what
// whoever signed the provenance says.
package known
