package produce

import (
	"bytes"
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/attest/oci"
	"github.com/carnet-project/carnet/attest/predicate"
	"github.com/carnet-project/carnet/cmd/internal/cli"
	"github.com/carnet-project/carnet/sign"
	"github.com/carnet-project/carnet/verify"
	verifykey "github.com/carnet-project/carnet/verify/key"
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

// A press signs claims and stores them in one store with one open key.
type press struct {
	store  *oci.Store
	signer keySigner
	root   *verifykey.Root
}

func newPress(store *oci.Store, signer keySigner) (*press, error) {
	root, err := verifykey.Parse("of this run", signer.PublicPEM())
	if err != nil {
		return nil, err
	}
	return &press{store, signer, root}, nil
}

// run signs and stores what is not there yet, node by node, all nodes at once. Run
// again after a failure it does only what is missing.
func (p *press) run(ctx context.Context, claims []claim) ([]made, error) {
	var nodes []artifact.Artifact
	byNode := map[attest.Digest][]claim{}
	for _, c := range claims {
		if byNode[c.node.Digest] == nil {
			nodes = append(nodes, c.node)
		}
		byNode[c.node.Digest] = append(byNode[c.node.Digest], c)
	}
	results := make([][]made, len(nodes))
	group, ctx := errgroup.WithContext(ctx)
	for i, n := range nodes {
		group.Go(func() (err error) {
			results[i], err = p.node(ctx, n, byNode[n.Digest])
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	var all []made
	for _, r := range results {
		all = append(all, r...)
	}
	return all, nil
}

// node signs and stores the claims about one digest: all of its new bundles go
// into the store together.
func (p *press) node(ctx context.Context, n artifact.Artifact, claims []claim) ([]made, error) {
	stored, err := p.store.Discover(ctx, n.Digest, oci.Near)
	if err != nil {
		return nil, cli.StoreError(err)
	}
	var results []made
	var fresh []*attest.Bundle
	for _, c := range claims {
		existing, err := p.equal(ctx, c, stored)
		if err != nil {
			return nil, err
		}
		if existing != nil {
			results = append(results, made{c, existing.Digest(), true})
			continue
		}
		b, err := sign.Statement(ctx, c.statement, p.signer)
		if err != nil {
			return nil, err
		}
		fresh = append(fresh, b)
		results = append(results, made{c, b.Digest(), false})
	}
	if len(fresh) == 0 {
		return results, nil
	}
	if _, err := p.store.Attach(ctx, n, fresh...); err != nil {
		return nil, cli.StoreError(err)
	}
	return results, nil
}

// equal finds a stored bundle that says the same, signed by the same key. What is
// stored is untrusted: only a bundle that verifies counts, and one that can't be
// read is no reason not to sign.
func (p *press) equal(ctx context.Context, c claim, stored []attest.Found) (*attest.Bundle, error) {
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
			if p.says(b, c) {
				return b, nil
			}
		}
	}
	return nil, nil
}

func (p *press) says(b *attest.Bundle, c claim) bool {
	e, err := verify.Bundle(b, c.node.Digest, p.root)
	if err != nil || e.PredicateType() != c.statement.PredicateType() {
		return false
	}
	return e.Kind() == verify.KindSignature || bytes.Equal(e.Predicate(), c.statement.Predicate())
}

// signatureClaim is the claim that a plain signature makes: this digest, no more.
func signatureClaim(n artifact.Artifact) (claim, error) {
	st, err := attest.NewStatement(predicate.SignV1, []byte("{}"), attest.NewSubject("", n.Digest))
	if err != nil {
		return claim{}, fmt.Errorf("stating the signature: %w", err)
	}
	return claim{n, st}, nil
}
