package consume

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"slices"

	urfave "github.com/urfave/cli/v2"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/attest/oci"
	"github.com/carnet-project/carnet/cmd/internal/cli"
	"github.com/carnet-project/carnet/cmd/internal/policy/load"
	"github.com/carnet-project/carnet/verify"
	"github.com/carnet-project/carnet/verify/gate"
	"github.com/carnet-project/carnet/verify/key"
	"github.com/carnet-project/carnet/verify/policy"
	"github.com/carnet-project/carnet/verify/policy/document"
	"github.com/carnet-project/carnet/verify/policy/observe"
	"github.com/carnet-project/carnet/verify/sigstore"
)

// PolicyInit is the command that drafts a policy.
func PolicyInit() cli.Command {
	return cli.Command{
		Name: "init", Usage: "draft a policy of what images show today", Args: "IMAGE...",
		About: `Verifies all that is stored about the images, whoever of the trusted Sigstore instances'
users signed it, and writes a policy that is pinned to exactly what was seen: identities,
builder, repository and its numbers, refs, scanners. It begins in audit mode.

This is trust on first use: read who is trusted now. Nothing is generalised; what could be
is suggested on stderr. Evidence by keys counts where the key is named.`,
		Arguments: [][2]string{{"IMAGE", "REGISTRY/REPO[:TAG][@DIGEST] or oci:DIR_OR_TAR[:TAG][@DIGEST]"}},
		Flags: slices.Concat([]urfave.Flag{
			&urfave.StringSliceFlag{Name: "from", Usage: "an `IMAGE`, as an argument; may be given several times"},
			&urfave.StringFlag{Name: "output-file", Usage: "write the policy to `FILE`", Value: "-"},
			&urfave.StringFlag{Name: "name", Usage: "call the policy `NAME`", Value: "drafted"},
			&urfave.StringFlag{Name: "owner", Usage: "whose it is: a `TEAM`", Value: "unknown"},
			&urfave.StringFlag{Name: "image-name", Usage: "what an image in a layout is called in the registry: `REGISTRY/REPO`"},
			cli.VerifyKeyFlag(),
			&urfave.BoolFlag{Name: "offline", Usage: "open no socket: for OCI layouts"},
		}, cli.TrustFlags(), cli.RegistryFlags()),
		Exits:    cli.MakeExits,
		Examples: [][2]string{{"a first policy", "carnet policy init --from ghcr.io/acme/shop/api:1.4 --owner platform-team > policy.yaml"}},
		Run:      runPolicyInit,
	}
}

func runPolicyInit(c *cli.Call) error {
	images := append(c.StringSlice("from"), c.Arguments()...)
	if len(images) == 0 {
		return c.Missing("an IMAGE")
	}
	roots, keys, err := anybody(c)
	if err != nil {
		return err
	}
	client, err := c.Registry()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(c.Ctx(), c.Duration("timeout"))
	defer cancel()
	var seen []observe.Image
	for _, image := range images {
		i, err := seenOf(ctx, c, client, image, roots)
		if err != nil {
			return err
		}
		seen = append(seen, i)
	}
	draft, err := observe.Policy(seen, observe.Options{Name: c.String("name"), Owner: c.String("owner"), Keys: keys})
	if err != nil {
		return err
	}
	tellDraft(c, draft)
	return c.WriteFile(c.String("output-file"), document.Write(draft.Document, draft.Comments))
}

// anybody are roots that believe every good signature, and the keys that were named.
func anybody(c *cli.Call) ([]verify.Root, map[attest.Digest]string, error) {
	known, err := c.TrustedRoots()
	if err != nil {
		return nil, nil, err
	}
	materials, err := load.Materials(known, policy.Trust{})
	if err != nil {
		return nil, nil, err
	}
	var roots []verify.Root
	for _, m := range materials {
		roots = append(roots, sigstore.NewRoot(m, m.Need(), func(attest.Certificate) error { return nil }))
	}
	keys := map[attest.Digest]string{}
	for _, ref := range c.StringSlice("key") {
		raw, err := c.ReadKey(ref)
		if err != nil {
			return nil, nil, err
		}
		text, err := load.PublicPEM(string(raw))
		if err != nil {
			return nil, nil, cli.Usagef("--key %s: %v", ref, err)
		}
		root, err := key.Parse(ref, []byte(text))
		if err != nil {
			return nil, nil, cli.Usagef("--key %v", err)
		}
		for _, i := range root.Identities() {
			keys[i.Key] = onlyKey(text, i.Key)
		}
		roots = append(roots, root.Timed(sigstore.Clock(sigstore.Need{}, materials...)))
	}
	return roots, keys, nil
}

// onlyKey is the key with a digest among those in PEM.
func onlyKey(text string, d attest.Digest) string {
	for rest := []byte(text); ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return text
		}
		if _, err := x509.ParsePKIXPublicKey(block.Bytes); err == nil && attest.SHA256(block.Bytes) == d {
			return string(pem.EncodeToMemory(block))
		}
	}
}

// seenOf is all believed evidence of an image and its platforms.
func seenOf(ctx context.Context, c *cli.Call, client *oci.Client, image string, roots []verify.Root) (observe.Image, error) {
	t, err := cli.Target(image)
	if err != nil {
		return observe.Image{}, err
	}
	name, err := nameToSave(c, image, t)
	if err != nil {
		return observe.Image{}, err
	}
	store, err := client.Open(ctx, t)
	if err != nil {
		return observe.Image{}, cli.StoreError(err)
	}
	defer store.Close()
	a, err := store.Resolve(ctx, t)
	if err != nil {
		return observe.Image{}, cli.StoreError(err)
	}
	seen := observe.Image{Name: name}
	nodes := []artifact.Artifact{a}
	if a.Kind == artifact.KindIndex {
		nodes = append(nodes, a.Runnable()...)
	}
	for _, n := range nodes {
		evidence, err := believedOf(ctx, c, source{store, a}, n, roots)
		if err != nil {
			return observe.Image{}, cli.StoreError(err)
		}
		seen.Evidence = append(seen.Evidence, evidence...)
	}
	return seen, nil
}

// believedOf opens all that a store lists about a node. What nobody vouches for is told.
func believedOf(ctx context.Context, c *cli.Call, s source, n artifact.Artifact, roots []verify.Root) ([]*verify.Evidence, error) {
	listed, err := s.Discover(ctx, n, gate.Near)
	if err != nil {
		return nil, err
	}
	far, err := s.Discover(ctx, n, gate.Far)
	if err != nil {
		return nil, err
	}
	var all []*verify.Evidence
	seen := map[attest.Digest]bool{}
	for _, f := range append(listed, far...) {
		for _, piece := range look(ctx, f) {
			if piece.Open == nil || piece.Ignored != "" {
				continue
			}
			bundles, err := piece.Open(ctx)
			if err != nil {
				c.Sayf("warning: not read: %v", err)
				continue
			}
			for _, b := range bundles {
				if seen[b.Digest()] {
					continue
				}
				seen[b.Digest()] = true
				e, err := verify.Bundle(b, n.Digest, roots...)
				if err != nil {
					c.Sayf("not trusted: %s %s: %v", piece.Place, piece.Manifest, err)
					continue
				}
				all = append(all, e)
			}
		}
	}
	return all, nil
}

func tellDraft(c *cli.Call, draft *observe.Draft) {
	c.Sayf("trust on first use: you are now trusting these %s; check them:", count(len(draft.Trusted), "identity", "identities"))
	for _, who := range draft.Trusted {
		c.Sayf("  %s", who)
	}
	if len(draft.Suggestions) > 0 {
		c.Sayf("to look at:")
	}
	for _, s := range draft.Suggestions {
		c.Sayf("  %s", s)
	}
	c.Sayf("the policy begins in audit mode: change mode to enforce when the reports are clean")
}
