// Package verify turns signed bundles into evidence that can be believed.
//
// [Bundle] is the one way to [Evidence]: a [Root] opens a bundle, what it says is
// read strictly from the bytes that the root returned, and those must name the
// digest that is asked about. What the evidence is worth is for the policy package
// to judge.
//
// The package takes bytes and digests and does no I/O.
package verify
