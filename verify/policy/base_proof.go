package policy

import (
	"slices"

	"github.com/carnet-project/carnet/attest/artifact"
)

// A proof is what the layers say of a baseCandidate.
type proof int

const (
	proofUnread proof = iota
	proofNone
	proofLayers
)

func (p proof) String() string {
	switch p {
	case proofLayers:
		return ", whose layers it has"
	case proofNone:
		return ", by its provenance alone"
	}
	return ""
}

// prove says whether the base's layers are the lowest ones of the image. One without layers
// proves nothing.
func (d *descent) prove(c baseCandidate) proof {
	base, known := d.known(c)
	if !known {
		return proofUnread
	}
	result := proofNone
	for _, n := range Narrow(base.Case.Artifact, d.platform()).Runnable() {
		config, ok := base.Case.Images[n.Digest]
		if !ok {
			result = proofUnread
			continue
		}
		if n := len(config.DiffIDs); n > 0 && n <= len(d.image.DiffIDs) && slices.Equal(config.DiffIDs, d.image.DiffIDs[:n]) {
			return proofLayers
		}
	}
	return result
}

// known is what is known of a base image. What the annotations alone name must have been
// found where they say; of a name that provenance gives that is not asked, for the digest is
// the same content anywhere.
func (d *descent) known(c baseCandidate) (Base, bool) {
	base, ok := d.c.Bases[c.Digest]
	return base, ok && !c.Digest.IsZero() && base.Case.Artifact.Digest == c.Digest && (c.named || base.Name == c.Name)
}

// unread is why a base image is not known.
func (b *bench) unread(i BaseImage) string {
	switch why := b.c.Unread[i.Digest]; {
	case why != "":
		return why
	case i.Name == "":
		return "nothing says in which repository it lies"
	}
	return "it was not looked at"
}

// Narrow is the artifact with only those images that are for one of the platforms, or with
// all where none is, or a platform is not known.
func Narrow(a artifact.Artifact, platforms ...string) artifact.Artifact {
	same := func(n artifact.Artifact) bool {
		return slices.ContainsFunc(platforms, func(p string) bool {
			return artifact.MatchPlatform(n.Platform, p) || artifact.MatchPlatform(p, n.Platform)
		})
	}
	if slices.Contains(platforms, "") || !slices.ContainsFunc(a.Runnable(), same) {
		return a
	}
	var prune func(artifact.Artifact) artifact.Artifact
	prune = func(n artifact.Artifact) artifact.Artifact {
		var kept []artifact.Artifact
		for _, child := range n.Children {
			if child.Kind == artifact.KindIndex || child.Kind == artifact.KindImage && same(child) {
				kept = append(kept, prune(child))
			}
		}
		n.Children = kept
		return n
	}
	return prune(a)
}
