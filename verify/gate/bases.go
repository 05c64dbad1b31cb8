package gate

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/verify/policy"
)

// maxBases bounds how many base images are looked at for one artifact. Builds in many stages
// name ten or so; each costs a few requests.
const maxBases = 16

// A basis is a base image by its name, and for which platforms it is one.
type basis struct {
	name      string
	digest    attest.Digest
	platforms []string
	// deep asks for its evidence too.
	deep bool
}

func (b basis) key() string { return fmt.Sprint(b.name, "@", b.digest, b.deep) }

// follow looks at the base images that the policy wants to know of, all at once: each is an
// artifact of its own, with its evidence and its own base images. First come the layers, which
// tell which of them were shipped. It is asked once for each; what can't be read is told to
// the policy as such.
func (in *inquiry) follow(ctx context.Context) {
	in.followed = true
	for wanted := in.wanted(); len(wanted) > 0; wanted = in.wanted() {
		below := make([]*inquiry, len(wanted))
		errs := make([]error, len(wanted))
		var group errgroup.Group
		group.SetLimit(in.gate.parallel())
		for i, w := range wanted {
			in.asked[w.key()] = true
			if !w.deep {
				in.opened++
			}
			if !w.deep && in.opened > maxBases {
				errs[i] = fmt.Errorf("there are more than %d base images", maxBases)
				continue
			}
			below[i] = in.below[w.digest]
			group.Go(func() error {
				below[i], errs[i] = in.descend(ctx, w, below[i])
				return nil
			})
		}
		_ = group.Wait() // the goroutines report through errs
		for i, w := range wanted {
			if errs[i] != nil {
				in.unread[w.digest] = errs[i].Error()
				continue
			}
			in.below[w.digest] = below[i]
			in.bases[w.digest] = policy.Base{Name: w.name, Case: below[i].known(), Shallow: !w.deep}
		}
	}
}

// wanted are the base images that were not asked for yet.
func (in *inquiry) wanted() []basis {
	var all []basis
	for _, i := range in.gate.Policy.Bases(in.known()) {
		next := basis{i.Name, i.Digest, []string{i.Platform}, !i.Shallow}
		at := slices.IndexFunc(all, func(b basis) bool { return b.key() == next.key() })
		switch {
		case at >= 0:
			all[at].platforms = append(all[at].platforms, i.Platform)
		case !in.asked[next.key()] && !slices.ContainsFunc(all, func(b basis) bool { return b.digest == i.Digest }):
			all = append(all, next)
		}
	}
	return all
}

// descend learns of a base image what the policy asks of one; its layers may be known.
func (in *inquiry) descend(ctx context.Context, b basis, known *inquiry) (*inquiry, error) {
	if b.deep && known != nil {
		known.find(ctx)
		return known, nil
	}
	found, err := in.gate.Bases(ctx, b.name, b.digest)
	switch {
	case err != nil:
		return nil, err
	case found.Artifact.Digest != b.digest:
		return nil, fmt.Errorf("%s is not what was asked for", found.Artifact.Digest)
	case found.Source == nil:
		return nil, errors.New("there is nothing that lists its evidence")
	}
	g := Gate{
		Source: found.Source, Roots: in.gate.Roots, Policy: in.gate.Policy.ForBase(policy.BaseImage{Name: b.name, Digest: b.digest}),
		Images: found.Images, Documents: found.Documents, MaxDocumentBytes: in.gate.MaxDocumentBytes, Bases: in.gate.Bases, At: in.gate.At, Parallel: in.gate.Parallel,
	}
	below := g.inquiry(policy.Narrow(found.Artifact, b.platforms...), in.facts)
	below.describe(ctx)
	if b.deep {
		below.find(ctx)
	}
	return below, nil
}
