// Package oci is where evidence lives: beside an image in a registry, or in an OCI
// image layout on disk.
//
// [ParseTarget] reads the one grammar by which every command names an artifact.
// [Client.Open] gives the [Store] that the target lies in. A store resolves the
// target once to an artifact tree ([Store.Resolve]), lists the evidence for a digest
// ([Store.Discover], [Store.InIndex]) and adds to it ([Store.Attach]).
//
// Everything that a registry or a layout says is untrusted. All content is checked
// against the digest that named it, all sizes, counts and times are bounded, and
// what a listing says about an entry decides only what is fetched first. A place
// that could not be read is an error and never an empty place.
//
// The formats are those of the OCI image and distribution specifications, version
// 1.1, and of cosign 3 for how bundles are stored as referrers.
package oci
