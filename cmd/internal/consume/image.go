package consume

import (
	"context"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/attest/oci"
	"github.com/carnet-project/carnet/cmd/internal/cli"
	"github.com/carnet-project/carnet/verify/gate"
	"github.com/carnet-project/carnet/verify/report"
)

// image judges an image where it lies.
func (v *verification) image(ctx context.Context, target string, t oci.Target) ([]report.Result, error) {
	if len(v.bundles) > 0 {
		return nil, &cli.UsageError{Message: target + ": --bundle proves files and digests", Hint: "verify the digest with the bundle, or push the bundle to the image: carnet push"}
	}
	p, err := v.policy(nil)
	if err != nil {
		return nil, err
	}
	store, err := v.client.Open(ctx, t)
	if err != nil {
		return nil, cli.StoreError(err)
	}
	defer store.Close()
	a, err := store.Resolve(ctx, t)
	if err != nil {
		return nil, cli.StoreError(err)
	}
	if len(v.platforms) > 0 && a.Kind == artifact.KindImage && a.Platform == "" {
		if a.Platform, err = store.Platform(ctx, a.Digest); err != nil {
			return nil, cli.StoreError(err)
		}
	}
	g := gate.Gate{Source: source{store, a}, Roots: v.trusted.roots, Policy: p}
	return []report.Result{{Target: target, Name: t.Name(), Verdict: g.Check(ctx, a)}}, nil
}

// source is the store of an image as a gate asks it.
type source struct {
	store *oci.Store
	root  artifact.Artifact
}

// Discover implements [gate.Source].
func (s source) Discover(ctx context.Context, subject artifact.Artifact, depth gate.Depth) ([]attest.Found, error) {
	if depth == gate.Near {
		return s.store.Discover(ctx, subject.Digest, oci.Near)
	}
	far, err := s.store.Discover(ctx, subject.Digest, oci.Far)
	if err != nil {
		return nil, err
	}
	inside, err := s.store.InIndex(ctx, s.root, subject.Digest)
	return append(far, inside...), err
}

// platformDigests are the digests of the platforms in an index.
func platformDigests(a artifact.Artifact) []attest.Digest {
	var digests []attest.Digest
	for _, n := range a.Runnable() {
		if n.Digest != a.Digest {
			digests = append(digests, n.Digest)
		}
	}
	return digests
}
