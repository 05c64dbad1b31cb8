// Package policy judges: it takes what is known of an artifact and says whether
// it may enter, and why.
//
// [Policy.Judge] is total. Whatever it is given, it returns a [Verdict] and never
// an error; the zero Verdict denies. It reads no clock and does no I/O.
package policy
