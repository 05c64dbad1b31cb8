// Package artifact describes what is signed and judged: an image index with its
// platform manifests, a single manifest, or a file. An artifact is resolved once
// per command, and its digests serve everything that follows.
package artifact

import (
	"slices"
	"strings"

	"github.com/carnet-project/carnet/attest"
)

// A Kind says what an artifact, or a node of its tree, is.
type Kind string

const (
	// KindIndex is an OCI image index or a Docker manifest list.
	KindIndex Kind = "index"
	// KindImage is a manifest with layers that a runtime can run.
	KindImage Kind = "image"
	// KindAttestation is an attestation manifest in an index; nothing runs it.
	KindAttestation Kind = "attestation"
	// KindOther is a manifest that is not an image: a chart, say.
	KindOther Kind = "other"
	// KindFile is a file.
	KindFile Kind = "file"
)

// An Artifact is one node and what lies below it. Its digest commits to all of it.
type Artifact struct {
	Kind      Kind
	Digest    attest.Digest
	MediaType string
	// Size is the manifest's or the file's length in bytes.
	Size int64
	// Platform is os/arch[/variant], or "" where the node has none.
	Platform string
	// Annotations are the annotations of the node's entry in its index.
	Annotations map[string]string
	// Children are the entries of an index, in its order.
	Children []Artifact
}

// Runnable lists the image manifests that a runtime could choose: the artifact
// itself if it is an image, else those of its index and of the indexes inside it,
// in order, each digest once.
func (a Artifact) Runnable() []Artifact {
	var found []Artifact
	a.walk(func(n Artifact) {
		seen := func(f Artifact) bool { return f.Digest == n.Digest }
		if n.Kind == KindImage && !slices.ContainsFunc(found, seen) {
			found = append(found, n)
		}
	})
	return found
}

// Covers says whether d is the digest of a or of anything that a's digest commits
// to. Evidence about a covers all of it; evidence about a child does not cover a.
func (a Artifact) Covers(d attest.Digest) bool {
	covered := false
	a.walk(func(n Artifact) { covered = covered || n.Digest == d })
	return covered
}

// Path lists the nodes from a down to the one with digest d, both included; nil if
// d is not in the tree.
func (a Artifact) Path(d attest.Digest) []Artifact {
	if a.Digest == d {
		return []Artifact{a}
	}
	for _, child := range a.Children {
		if below := child.Path(d); below != nil {
			return append([]Artifact{a}, below...)
		}
	}
	return nil
}

func (a Artifact) walk(visit func(Artifact)) {
	visit(a)
	for _, child := range a.Children {
		child.walk(visit)
	}
}

// MatchPlatform says whether platform, os/arch[/variant], is the one that want
// names. A want without a variant takes any.
func MatchPlatform(platform, want string) bool {
	return platform == want || strings.HasPrefix(platform, want+"/") && strings.Count(want, "/") == 1
}
