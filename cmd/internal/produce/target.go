package produce

import (
	"context"
	"path/filepath"
	"slices"

	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/attest/oci"
	"github.com/carnet-project/carnet/cmd/internal/cli"
)

// A subject is a target that has been resolved, once.
type subject struct {
	target   oci.Target
	store    *oci.Store
	artifact artifact.Artifact
}

// reference is name@digest.
func (s subject) reference() string { return s.target.Name() + "@" + s.artifact.Digest.String() }

// destination is where bundles about the image go, wherever carnet resume is run.
func (s subject) destination() destination {
	name := s.reference()
	if s.target.Scheme == oci.SchemeLayout {
		if abs, err := filepath.Abs(s.target.Path); err == nil {
			name = string(oci.SchemeLayout) + ":" + abs + "@" + s.artifact.Digest.String()
		}
	}
	return destination{Image: name}
}

// name is what the image is called in what is said of it: the repository, or the last
// part of a path, for where a layout lies on this machine is nobody's business and
// would make equal targets unequal.
func (s subject) name() string {
	if s.target.Scheme == oci.SchemeRegistry {
		return s.target.Name()
	}
	return filepath.Base(s.target.Path)
}

// openImage resolves a target that is an image in a registry or a layout.
func openImage(ctx context.Context, client *oci.Client, arg string) (*subject, error) {
	t, err := cli.Target(arg)
	if err != nil {
		return nil, err
	}
	if t.Scheme == oci.SchemeDir || t.Scheme == oci.SchemeFile {
		return nil, &cli.UsageError{Message: arg + " is not an image", Hint: "name an image in a registry, or oci:DIR for an OCI layout"}
	}
	store, err := client.Open(ctx, t)
	if err != nil {
		return nil, cli.StoreError(err)
	}
	a, err := store.Resolve(ctx, t)
	if err != nil {
		return nil, cli.StoreError(err)
	}
	return &subject{t, store, a}, nil
}

// resolveFile names a file by its digest.
func resolveFile(ctx context.Context, c *cli.Call, t oci.Target) (artifact.Artifact, error) {
	client, err := c.Registry()
	if err != nil {
		return artifact.Artifact{}, err
	}
	store, err := client.Open(ctx, t)
	if err != nil {
		return artifact.Artifact{}, cli.StoreError(err)
	}
	defer store.Close()
	a, err := store.Resolve(ctx, t)
	return a, cli.StoreError(err)
}

// platforms selects the runnable manifests that --platform asks for: "all", the
// default, or os/arch[/variant].
func (s subject) platforms(want []string) ([]artifact.Artifact, error) {
	runnable := s.artifact.Runnable()
	if len(runnable) == 0 {
		return nil, cli.Usagef("%s has no runnable platform", s.reference())
	}
	if len(want) == 0 || slices.Equal(want, []string{"all"}) || s.artifact.Kind != artifact.KindIndex {
		return runnable, nil
	}
	var selected []artifact.Artifact
	for _, w := range want {
		before := len(selected)
		for _, n := range runnable {
			if artifact.MatchPlatform(n.Platform, w) && !slices.ContainsFunc(selected, func(s artifact.Artifact) bool { return s.Digest == n.Digest }) {
				selected = append(selected, n)
			}
		}
		if len(selected) == before && !slices.ContainsFunc(selected, func(n artifact.Artifact) bool { return artifact.MatchPlatform(n.Platform, w) }) {
			return nil, &cli.UsageError{Message: s.reference() + " has no platform " + w, Hint: "it has " + platformNames(runnable)}
		}
	}
	return selected, nil
}

func platformNames(nodes []artifact.Artifact) string {
	names := ""
	for i, n := range nodes {
		if i > 0 {
			names += ", "
		}
		names += n.Platform
	}
	return names
}
