package produce

import (
	"context"
	"slices"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/cmd/internal/cli"
)

// node is the node of an image that the report is attested to. What is about a commit is
// stored with the image as it was named; what is about an image, with the platform of which
// the report names the digest.
func (s *ingested) node(ctx context.Context, image *subject) (artifact.Artifact, error) {
	if s.commit != "" {
		return image.artifact, nil
	}
	wanted := s.call.StringSlice("platform")
	candidates := image.artifact.Runnable()
	if len(wanted) > 0 {
		var err error
		if candidates, err = image.platforms(wanted); err != nil {
			return artifact.Artifact{}, err
		}
	}
	if s.report.VEX != nil && len(wanted) == 0 {
		return s.vexNode(ctx, image)
	}
	if len(candidates) == 0 {
		candidates = []artifact.Artifact{image.artifact}
	}
	fits, err := s.fitting(ctx, image)
	if err != nil {
		return artifact.Artifact{}, err
	}
	fitting := slices.DeleteFunc(slices.Clone(candidates), func(n artifact.Artifact) bool { return !slices.Contains(fits, n.Digest) })
	switch {
	case len(fitting) == 1:
		return fitting[0], nil
	case len(fitting) > 1:
		return artifact.Artifact{}, &cli.UsageError{Message: "the report does not say which platform of " + image.reference() + " it is about", Hint: "choose one --platform: " + platformNames(fitting)}
	case len(candidates) > 1 && s.call.Bool("unsafe-unbound"):
		return artifact.Artifact{}, &cli.UsageError{Message: "the report does not say which platform of " + image.reference() + " it is about", Hint: "with --unsafe-unbound choose one --platform: " + platformNames(candidates)}
	}
	expected := "it is about " + image.reference()
	if len(candidates) == 1 {
		expected = "it is about " + image.target.Name() + "@" + candidates[0].Digest.String()
	}
	return candidates[0], s.unbound(expected, "scan the image by its digest, "+image.reference()+", or give --unsafe-unbound if you know that it is")
}

// fitting are the digests of the runnable nodes that the report names: by their manifest, or
// by their configuration, which scanners of a local image call its id. If it names none of
// them but the index, each may be meant.
func (s *ingested) fitting(ctx context.Context, image *subject) ([]attest.Digest, error) {
	named := func(d attest.Digest) bool { return slices.Contains(s.report.About.Digests, d) }
	if len(s.report.About.Digests) == 0 {
		return nil, nil
	}
	nodes := image.artifact.Runnable()
	var fits, all []attest.Digest
	for _, n := range nodes {
		all = append(all, n.Digest)
		config, err := configOf(ctx, image, n.Digest)
		if err != nil {
			return nil, err
		}
		if named(n.Digest) || named(config) {
			fits = append(fits, n.Digest)
		}
	}
	if len(fits) > 0 {
		return fits, nil
	}
	if named(image.artifact.Digest) {
		return append(all, image.artifact.Digest), nil
	}
	return nil, nil
}

// configOf is the digest of an image's configuration.
func configOf(ctx context.Context, image *subject, d attest.Digest) (attest.Digest, error) {
	img, err := image.store.Image(ctx, d)
	if err != nil {
		return attest.Digest{}, cli.StoreError(err)
	}
	m, err := img.Manifest()
	if err != nil {
		return attest.Digest{}, cli.StoreError(err)
	}
	// What is no digest that is accepted is nobody's name.
	config, _ := attest.ParseDigest(m.Config.Digest.String())
	return config, nil
}

// vexNode is where statements of VEX lie: with the index unless they are about one platform.
// They say themselves which products they are about, and whoever judges them looks there, so
// that those of packages need no digest.
func (s *ingested) vexNode(ctx context.Context, image *subject) (artifact.Artifact, error) {
	if slices.Contains(s.report.About.Digests, image.artifact.Digest) {
		return image.artifact, nil
	}
	fits, err := s.fitting(ctx, image)
	if err != nil {
		return artifact.Artifact{}, err
	}
	if len(fits) == 1 {
		path := image.artifact.Path(fits[0])
		return path[len(path)-1], nil
	}
	silent := false
	for i := range s.report.VEX.Statements {
		silent = silent || len(s.report.VEX.Statements[i].Products) == 0
	}
	if len(fits) > 1 || len(s.report.About.Digests) == 0 && !silent {
		return image.artifact, nil
	}
	return image.artifact, s.unbound("its statements are about "+image.reference(), "name the image by its digest in the products, or give --unsafe-unbound if you know that they are about it")
}
