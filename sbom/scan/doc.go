// Package scan makes a software bill of materials for an image, a directory or a file.
//
// syft finds the packages. This package decides what syft is given and how its result is written down:
//
//   - Image content is bound to the manifest: config and layers are checked against their digests while
//     they are read, and unpacking is bounded.
//   - A document depends only on the target and on [Options]: identifiers derive from its content, and
//     times, paths and settings of the machine do not enter it.
//   - Nothing is looked up: no network, no container engine, no program is run.
//
// It is the only importer of syft.
package scan
