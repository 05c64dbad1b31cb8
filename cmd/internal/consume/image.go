package consume

import (
	"context"
	"io"
	"runtime/debug"

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
	var called string
	if t.Scheme == oci.SchemeRegistry {
		called = registryName(t.Repository)
	} else {
		if err := v.named(target); err != nil {
			return nil, err
		}
		called = v.imageName
	}
	p, roots, err := v.judge(called, nil)
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
	if a.Kind == artifact.KindImage && a.Platform == "" && v.selects() {
		if a.Platform, err = store.Platform(ctx, a.Digest); err != nil {
			return nil, cli.StoreError(err)
		}
	}
	g := gateAt(v.client, store, a)
	g.Roots, g.Policy, g.At, g.Deploy, g.Tag = roots, p, v.at, v.deploy, tagOf(t)
	g.Documents, g.MaxDocumentBytes = v.sparing(g.Documents), v.call.Int64("max-document-size")
	return []report.Result{{Target: target, Name: t.Name(), Verdict: g.Check(ctx, a)}}, nil
}

const (
	// documentGC is the garbage collector's percentage while a large document is read, and
	// documentMemory the number of bytes from which on it works harder: what is kept of one is most
	// of the memory, and at Go's 100 half of it would be garbage.
	documentGC     = 50
	documentMemory = 256 << 20
	// largeDocument is what a document is stored in from which it is worth it.
	largeDocument = 2 << 20
)

// sparing opens documents as open does, and has large ones read in little memory.
func (v *verification) sparing(open func(context.Context, attest.Digest, int64) (io.ReadCloser, error)) func(context.Context, attest.Digest, int64) (io.ReadCloser, error) {
	return func(ctx context.Context, stored attest.Digest, size int64) (io.ReadCloser, error) {
		if size > largeDocument && v.call.Env.Getenv("GOGC") == "" {
			debug.SetGCPercent(documentGC)
		}
		if size > largeDocument && v.call.Env.Getenv("GOMEMLIMIT") == "" {
			debug.SetMemoryLimit(documentMemory)
		}
		return open(ctx, stored, size)
	}
}

// tagOf is the tag by which the artifact is asked for. Beside a digest one is only said.
func tagOf(t oci.Target) string {
	switch {
	case !t.Digest.IsZero():
		return ""
	case t.Tag == "" && t.Scheme == oci.SchemeRegistry:
		return "latest"
	}
	return t.Tag
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
