package produce

import (
	"context"
	"fmt"
	"slices"

	urfave "github.com/urfave/cli/v2"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/attest/oci"
	"github.com/carnet-project/carnet/cmd/internal/cli"
)

// Push stores bundles that were made elsewhere.
func Push() cli.Command {
	return cli.Command{
		Name: "push", Usage: "store bundles beside an image", Args: "BUNDLE... TARGET",
		About: `Stores each bundle with the node of TARGET that it is about: the index or one of its
platforms. What is about git commits alone, such as the result of tests, is stored with
TARGET itself; which commit was built is for verify to say. A bundle about something else is refused before anything is stored, and
one that is there already is left alone. Nothing is verified here.`,
		Arguments: [][2]string{{"BUNDLE", "a Sigstore bundle file, or - for stdin"}, {"TARGET", "REGISTRY/REPO[:TAG][@DIGEST] or oci:DIR[:TAG][@DIGEST]"}},
		Flags:     append([]urfave.Flag{cli.OutputFlag("text", "json")}, cli.RegistryFlags()...),
		Exits:     cli.MakeExits,
		Examples:  [][2]string{{"what a signing service made", "carnet push app.provenance.sigstore.json ghcr.io/acme/app:1.4"}},
		Run:       runPush,
	}
}

func runPush(c *cli.Call) error {
	args := c.Arguments()
	if len(args) < 2 {
		return c.Missing("one or more BUNDLEs and a TARGET")
	}
	r, err := newReceipt(c)
	if err != nil {
		return err
	}
	paths, target := args[:len(args)-1], args[len(args)-1]
	bundles := make([]*attest.Bundle, len(paths))
	for i, path := range paths {
		raw, err := c.ReadInput(path, c.Int64("max-bundle-size"))
		if err != nil {
			return err
		}
		if bundles[i], err = attest.ParseBundle(raw); err != nil {
			return cli.Usagef("%s: %v", path, err)
		}
	}
	ctx, cancel := context.WithTimeout(c.Ctx(), c.Duration("timeout"))
	defer cancel()
	client, err := c.Registry()
	if err != nil {
		return err
	}
	s, err := openImage(ctx, client, target)
	if err != nil {
		return err
	}
	defer s.store.Close()
	if err := storeBundles(ctx, r, s, paths, bundles); err != nil {
		return err
	}
	return r.print()
}

// storeBundles stores the bundles node by node, after every one has its node.
func storeBundles(ctx context.Context, r *receipt, s *subject, paths []string, bundles []*attest.Bundle) error {
	var results []made
	var nodes []artifact.Artifact
	byNode := map[attest.Digest][]*attest.Bundle{}
	for i, b := range bundles {
		st, err := b.UnverifiedStatement()
		if err != nil {
			return &cli.UsageError{Message: fmt.Sprintf("%s: %v", paths[i], err), Hint: "only bundles of statements are stored beside an image"}
		}
		n, err := nodeAbout(s.artifact, st)
		if err != nil {
			return fmt.Errorf("%s: %w", paths[i], err)
		}
		if byNode[n.Digest] == nil {
			nodes = append(nodes, n)
		}
		byNode[n.Digest] = append(byNode[n.Digest], b)
		results = append(results, made{claim{n, st}, b.Digest(), true})
	}
	for _, n := range nodes {
		fresh, err := missing(ctx, s.store, n.Digest, byNode[n.Digest])
		if err != nil {
			return err
		}
		if len(fresh) > 0 {
			if _, err := s.store.Attach(ctx, n, fresh...); err != nil {
				return cli.StoreError(err)
			}
		}
		r.call.Sayf("%s: %d stored, %d there already", n.Digest, len(fresh), len(byNode[n.Digest])-len(fresh))
		for i := range results {
			if slices.ContainsFunc(fresh, func(b *attest.Bundle) bool { return b.Digest() == results[i].bundle }) {
				results[i].existed = false
			}
		}
	}
	r.note(s, results)
	return nil
}

// missing lists the bundles that are not stored yet, byte for byte. Only what could
// be one of them by its annotation is read.
func missing(ctx context.Context, store *oci.Store, d attest.Digest, bundles []*attest.Bundle) ([]*attest.Bundle, error) {
	stored, err := store.Discover(ctx, d, oci.Near)
	if err != nil {
		return nil, cli.StoreError(err)
	}
	there := map[attest.Digest]bool{}
	for _, f := range stored {
		if f.Ignored != "" || !couldBe(f, bundles) {
			continue
		}
		found, err := f.Open(ctx)
		if err != nil {
			continue // what can't be read is not this bundle
		}
		for _, b := range found {
			there[b.Digest()] = true
		}
	}
	var fresh []*attest.Bundle
	for _, b := range bundles {
		if !there[b.Digest()] {
			fresh = append(fresh, b)
			there[b.Digest()] = true
		}
	}
	return fresh, nil
}

// couldBe says whether a stored piece could be one of bundles.
func couldBe(f attest.Found, bundles []*attest.Bundle) bool {
	return f.PredicateType == "" || slices.ContainsFunc(bundles, func(b *attest.Bundle) bool {
		st, err := b.UnverifiedStatement()
		return err == nil && st.PredicateType() == f.PredicateType
	})
}
