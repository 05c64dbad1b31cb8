package gate

import (
	"context"

	"golang.org/x/sync/errgroup"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/predicate"
	"github.com/carnet-project/carnet/verify"
	"github.com/carnet-project/carnet/verify/policy"
)

// describe learns of the images what the policy needs beside evidence: what their
// configurations say, and the statements in their index that nobody signed. What could not
// be read is left out, with the reason, which the policy reads as unknown.
func (in *inquiry) describe(ctx context.Context) {
	if in.needs.Images && in.gate.Images != nil {
		in.readImages(ctx)
	}
	if in.needs.Covered && in.gate.Covered != nil {
		wanted := []predicate.Class{predicate.Provenance}
		if in.needs.CoveredSBOMs {
			wanted = append(wanted, predicate.SBOM)
		}
		covered, err := in.gate.Covered(ctx, wanted...)
		if err != nil {
			in.unknown = append(in.unknown, policy.Unknown{Subject: in.artifact.Digest, Place: attest.PlaceBuildKit, Reason: verify.ReasonUnreadable, Detail: err.Error()})
		}
		in.covered = covered
	}
}

func (in *inquiry) readImages(ctx context.Context) {
	nodes := in.artifact.Runnable()
	read := make([]policy.Image, len(nodes))
	errs := make([]error, len(nodes))
	var group errgroup.Group
	group.SetLimit(in.gate.parallel())
	for i, n := range nodes {
		group.Go(func() error {
			read[i], errs[i] = in.gate.Images(ctx, n.Digest)
			return nil
		})
	}
	_ = group.Wait() // the goroutines report through errs
	for i, n := range nodes {
		if errs[i] != nil {
			in.unread[n.Digest] = errs[i].Error()
			continue
		}
		in.images[n.Digest] = read[i]
	}
}
