// Package fulcio signs with a key of one run, for which a Fulcio certificate authority
// has certified the holder of an identity token.
package fulcio
