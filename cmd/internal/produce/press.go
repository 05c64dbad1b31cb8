package produce

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/attest/oci"
	"github.com/carnet-project/carnet/attest/predicate"
	"github.com/carnet-project/carnet/cmd/internal/cli"
	"github.com/carnet-project/carnet/verify"
)

// A claim is a statement about a node of an artifact, to be signed and stored
// beside it.
type claim struct {
	node      artifact.Artifact
	statement *attest.Statement
}

// A made is a claim that is signed and stored, now or from an earlier run.
type made struct {
	claim
	bundle attest.Digest
	// existed says that an equal valid signature was there already.
	existed bool
}

// A press signs claims about an image and stores them beside it.
type press struct {
	subject *subject
	signing *signing
	roots   []verify.Root
}

func newPress(ctx context.Context, s *subject, signing *signing) (*press, error) {
	roots, err := signing.equals(ctx)
	if err != nil {
		return nil, err
	}
	return &press{s, signing, roots}, nil
}

// run signs and stores what is not there yet, node by node, all nodes at once. Run
// again after a failure it does only what is missing. The error is [errSpooled] if some
// could not be finished; the rest is done then.
func (p *press) run(ctx context.Context, claims []claim) ([]made, error) {
	var nodes []artifact.Artifact
	byNode := map[attest.Digest][]claim{}
	for _, c := range claims {
		if byNode[c.node.Digest] == nil {
			nodes = append(nodes, c.node)
		}
		byNode[c.node.Digest] = append(byNode[c.node.Digest], c)
	}
	results, errs := make([][]made, len(nodes)), make([]error, len(nodes))
	group, ctx := errgroup.WithContext(ctx)
	for i, n := range nodes {
		group.Go(func() error {
			results[i], errs[i] = p.node(ctx, n, byNode[n.Digest])
			if errors.Is(errs[i], errSpooled) {
				return nil
			}
			return errs[i]
		})
	}
	if err := group.Wait(); err != nil {
		return nil, ofAll(err, errs)
	}
	if slices.ContainsFunc(errs, isKept) {
		return slices.Concat(results...), errSpooled
	}
	return slices.Concat(results...), nil
}

// ofAll is the first of some errors, which says that all is kept only if each does.
func ofAll(first error, errs []error) error {
	var kept *keptError
	lost := func(err error) bool { return err != nil && !isKept(err) }
	if slices.ContainsFunc(errs, lost) && errors.As(first, &kept) {
		return kept.error
	}
	return first
}

// node signs the claims about one digest, all at once, and stores its new bundles
// together. The error is [errSpooled] if some are not finished; those are not stored.
func (p *press) node(ctx context.Context, n artifact.Artifact, claims []claim) ([]made, error) {
	stored, err := p.subject.store.Discover(ctx, n.Digest, oci.Near)
	if err != nil {
		return nil, cli.StoreError(err)
	}
	bundles, existed := make([]*attest.Bundle, len(claims)), make([]bool, len(claims))
	var group errgroup.Group // without a context: one that fails must not end the others
	for i, c := range claims {
		group.Go(func() (err error) {
			if bundles[i], err = p.equal(ctx, c, stored); err != nil || bundles[i] != nil {
				existed[i] = true
				return err
			}
			bundles[i], err = p.signing.statement(ctx, c.statement, p.subject.destination())
			if errors.Is(err, errSpooled) {
				return nil
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	var results []made
	var fresh []*attest.Bundle
	for i, b := range bundles {
		if b == nil {
			continue
		}
		results = append(results, made{claims[i], b.Digest(), existed[i]})
		if !existed[i] {
			fresh = append(fresh, b)
		}
	}
	if err := p.attach(ctx, n, fresh); err != nil {
		return nil, err
	}
	if len(results) < len(claims) {
		return results, errSpooled
	}
	return results, nil
}

// attach stores bundles with a node. Where the store fails, what costs more than
// computing is kept: a place in a public log is not taken back.
func (p *press) attach(ctx context.Context, n artifact.Artifact, fresh []*attest.Bundle) error {
	if len(fresh) == 0 {
		return nil
	}
	_, err := p.subject.store.Attach(ctx, n, fresh...)
	if err != nil {
		return p.signing.keepWhole(fresh, p.subject.destination(), cli.StoreError(err))
	}
	return nil
}

// equal finds a stored bundle that says the same, signed by the same signer. What is
// stored is untrusted: only a bundle that verifies counts, and one that can't be
// read is no reason not to sign.
func (p *press) equal(ctx context.Context, c claim, stored []attest.Found) (*attest.Bundle, error) {
	if len(p.roots) == 0 {
		return nil, nil
	}
	for _, f := range stored {
		if f.Ignored != "" || f.PredicateType != "" && f.PredicateType != c.statement.PredicateType() {
			continue
		}
		bundles, err := f.Open(ctx)
		if err != nil {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			continue
		}
		for _, b := range bundles {
			if p.signing.says(b, c, p.roots) {
				return b, nil
			}
		}
	}
	return nil, nil
}

// signatureClaim is the claim that a plain signature makes: this digest, no more.
func signatureClaim(n artifact.Artifact) (claim, error) {
	st, err := attest.NewStatement(predicate.SignV1, []byte("{}"), attest.NewSubject("", n.Digest))
	if err != nil {
		return claim{}, fmt.Errorf("stating the signature: %w", err)
	}
	return claim{n, st}, nil
}
