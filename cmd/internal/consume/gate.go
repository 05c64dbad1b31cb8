package consume

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/attest/oci"
	"github.com/carnet-project/carnet/attest/predicate"
	"github.com/carnet-project/carnet/verify/gate"
	"github.com/carnet-project/carnet/verify/policy"
)

// gateAt is a gate for an artifact where it lies: it reads what the policy needs beside
// evidence from the same store, and base images from theirs, with the same client.
func gateAt(client *oci.Client, store *oci.Store, a artifact.Artifact) gate.Gate {
	return gate.Gate{
		Source: source{store, a},
		Images: images(store), Documents: documents(store),
		Covered: func(ctx context.Context, wanted ...predicate.Class) ([]policy.Covered, error) {
			read, err := store.Statements(ctx, a, func(predicateType string) bool { return slices.Contains(wanted, predicate.ClassOf(predicateType)) })
			if err != nil {
				return nil, err
			}
			var all []policy.Covered
			for _, s := range read {
				all = append(all, policy.Covered{Subject: s.Subject, Manifest: s.Manifest, Statement: s.Statement})
			}
			return all, nil
		},
		Bases: func(ctx context.Context, name string, d attest.Digest) (gate.Base, error) {
			return base(ctx, client, name, d)
		},
	}
}

func images(store *oci.Store) func(context.Context, attest.Digest) (policy.Image, error) {
	return func(ctx context.Context, d attest.Digest) (policy.Image, error) {
		c, err := store.Config(ctx, d)
		return policy.Image{Created: c.Created, DiffIDs: c.DiffIDs, Labels: c.Labels, Annotations: c.Annotations, Platform: c.Platform}, err
	}
}

// documents opens what evidence refers to in the store of the evidence, and nowhere else: what
// a reference says of its location is not followed.
func documents(store *oci.Store) func(context.Context, attest.Digest, int64) (io.ReadCloser, error) {
	return func(ctx context.Context, stored attest.Digest, size int64) (io.ReadCloser, error) {
		body, err := store.Blob(ctx, stored, size)
		if oci.IsNotFound(err) {
			return nil, fmt.Errorf("%w: %v", gate.ErrNoDocument, err)
		}
		return body, err
	}
}

// base opens a base image in its registry. Its name is what others say: it is never a path.
func base(ctx context.Context, client *oci.Client, name string, d attest.Digest) (gate.Base, error) {
	t, err := oci.ParseTarget(name + "@" + d.String())
	if err != nil {
		return gate.Base{}, err
	}
	if t.Scheme != oci.SchemeRegistry {
		return gate.Base{}, fmt.Errorf("the base image %q is not named by a repository", name)
	}
	// A store in a registry holds nothing open.
	store, err := client.Open(ctx, t)
	if err != nil {
		return gate.Base{}, err
	}
	a, err := store.Resolve(ctx, t)
	if err != nil {
		return gate.Base{}, err
	}
	return gate.Base{Artifact: a, Source: source{store, a}, Images: images(store), Documents: documents(store)}, nil
}
