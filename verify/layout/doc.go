// Package layout judges files by a classic in-toto layout (in-toto specification 1.0): a
// signed document that names the steps of a supply chain, who may do each of them, and how
// what one step gives out becomes what the next one takes in. What was done is said by
// signed links.
//
// [Verification.Judge] takes bytes, keys and a time and gives a [Verdict]. Nothing is read
// from a disk, nothing is printed and nothing is run: a layout with inspections, which are
// commands for the machine that verifies, is denied. The types of the metadata, and the
// grammar of its rules, are in-toto-golang's, signatures and canonical JSON are
// go-securesystemslib's. That library's own verification is not called: it runs the
// inspections, prints to stdout, takes a pattern that it can't read for one that matches
// nothing, and judges by the clock of the machine.
package layout
