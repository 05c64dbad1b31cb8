package produce

import (
	"context"
	"fmt"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/oci"
	"github.com/carnet-project/carnet/cmd/internal/cli"
)

// Push stores bundles that were made elsewhere.
func Push() cli.Command {
	return cli.Command{
		Name: "push", Usage: "store bundles beside an image", Args: "BUNDLE... TARGET",
		About: `Stores each bundle with the node of TARGET that it is about: the index or one of its
platforms. A bundle about something else is refused before anything is stored, and
one that is there already is left alone. Nothing is verified here.`,
		Arguments: [][2]string{{"BUNDLE", "a Sigstore bundle file, or - for stdin"}, {"TARGET", "REGISTRY/REPO[:TAG][@DIGEST] or oci:DIR[:TAG][@DIGEST]"}},
		Flags:     cli.RegistryFlags(),
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
	return storeBundles(ctx, c, s, paths, bundles)
}

// storeBundles stores the bundles node by node, after every one has its node.
func storeBundles(ctx context.Context, c *cli.Call, s *subject, paths []string, bundles []*attest.Bundle) error {
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
		byNode[n.Digest] = append(byNode[n.Digest], b)
	}
	for d, group := range byNode {
		path := s.artifact.Path(d)
		fresh, err := missing(ctx, s.store, d, group)
		if err != nil {
			return err
		}
		if len(fresh) > 0 {
			if _, err := s.store.Attach(ctx, path[len(path)-1], fresh...); err != nil {
				return cli.StoreError(err)
			}
		}
		c.Sayf("%s: %d stored, %d there already", d, len(fresh), len(group)-len(fresh))
	}
	_, err := fmt.Fprintln(c.Env.Stdout, s.reference())
	return err
}

// missing lists the bundles that are not stored yet, byte for byte.
func missing(ctx context.Context, store *oci.Store, d attest.Digest, bundles []*attest.Bundle) ([]*attest.Bundle, error) {
	stored, err := store.Discover(ctx, d, oci.Near)
	if err != nil {
		return nil, cli.StoreError(err)
	}
	there := map[attest.Digest]bool{}
	for _, f := range stored {
		if f.Ignored != "" {
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
