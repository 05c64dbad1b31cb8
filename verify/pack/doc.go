// Package pack keeps a case: all that a verdict takes from a registry, in a folder. A saved
// case is judged offline as the registry was at that moment, again and again, with pieces
// taken out or put in.
//
// The folder has a file case.json, described in docs/schema/case-v1.json, and the folder
// blobs of an OCI layout, in which manifests, configurations, evidence, policies and trusted
// roots lie under their digests. Layers of images are not kept.
//
// Nothing here touches a disk: [Recorder] gives names and bytes to its caller, and [Open]
// reads a file system.
package pack
