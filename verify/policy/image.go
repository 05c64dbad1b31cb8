package policy

import (
	"slices"

	"github.com/carnet-project/carnet/attest/artifact"
)

// image asks for the platforms that were chosen, and for a young image.
func (b *bench) image(r *ImageClause) {
	if r == nil {
		return
	}
	b.platforms(r)
}

// platforms denies where the policy's platforms are not in the artifact.
func (b *bench) platforms(r *ImageClause) {
	a := b.c.Artifact
	if a.Kind == artifact.KindFile {
		return
	}
	for _, want := range r.Platforms {
		if slices.ContainsFunc(a.Runnable(), func(n artifact.Artifact) bool { return artifact.MatchPlatform(n.Platform, want) }) {
			continue
		}
		cell := b.cell(r.Clause, Requirement{name: "platform", rule: "image"}, a)
		b.find(&cell, r.Clause, Finding{Rule: "image.platforms", Status: StatusFail, Expected: "platform " + want, Found: platformNames(a)})
		cell.settle()
		b.cells = append(b.cells, cell)
	}
}

func imageRules() []Rule { return nil }
