package load

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/oci"
	"github.com/carnet-project/carnet/cmd/internal/cli"
	"github.com/carnet-project/carnet/verify/policy/document"
)

// A copy is a policy as it was fetched: the manifest, the document, and the signatures by
// which it was accepted. It says all that is needed to accept it again without its registry.
type copied struct {
	Format    int       `json:"format"`
	Reference string    `json:"reference"`
	Digest    string    `json:"digest"`
	Manifest  []byte    `json:"manifest"`
	Document  []byte    `json:"document"`
	Bundles   [][]byte  `json:"bundles"`
	Taken     time.Time `json:"taken"`
}

const (
	copyFormat = 1
	// copiesFolder is the folder, in carnet's home, of policies that were fetched.
	copiesFolder = "policies"
	maxCopyBytes = 8 << 20
)

// fetched reads a policy from a registry or a layout, and checks who signed it. Where the
// registry does not answer, the last copy that was accepted serves, by the same checks.
func fetched(ctx context.Context, c *cli.Call, t oci.Target, signer *policySigner, o Options) (*Policy, func() error, error) {
	if signer == nil && t.Digest.IsZero() && t.Scheme == oci.SchemeRegistry && !c.Bool("unsafe-unsigned-policy") {
		return nil, nil, &cli.UsageError{
			Message: fmt.Sprintf("--policy %s: nobody is named who signs the policy: whoever can write to the registry would decide what is allowed", t),
			Hint:    "name the signer with --policy-key KEY, or --policy-certificate-identity WHO and --policy-certificate-oidc-issuer URL; or pin the policy by its @DIGEST",
		}
	}
	f, bundles, err := pull(ctx, o.Client, t, signer)
	kept := time.Time{}
	if away(err) {
		held, heldErr := recall(c, t)
		if heldErr != nil {
			return nil, nil, cli.StoreError(err)
		}
		f, bundles, kept = held.file, held.bundles, held.taken
		c.Sayf("warning: %v", err)
		c.Sayf("  the policy %s is taken as it was fetched at %s", t, kept.UTC().Format(time.RFC3339))
	} else if err != nil {
		return nil, nil, cli.StoreError(err)
	}
	if signer != nil {
		if bundles, err = signer.check(ctx, t.String(), f.Artifact, bundles); err != nil {
			return nil, nil, err
		}
	}
	name := t
	name.Digest = f.Artifact.Digest
	p, err := read(c, name.String(), f.Content, folder{fetched: true}, o.Engine)
	if err != nil {
		return nil, nil, err
	}
	return p, func() error {
		if !kept.IsZero() || o.Forget || t.Scheme != oci.SchemeRegistry {
			return nil
		}
		return keep(c, t, f, bundles, o.Now)
	}, nil
}

// away says whether err is a registry that did not answer, or was not to be asked. What it
// does answer counts, be it that there is no such policy.
func away(err error) bool {
	var e *oci.Error
	return errors.As(err, &e) && (e.Kind == oci.KindUnavailable || e.Kind == oci.KindRateLimited || e.Kind == oci.KindOffline)
}

// pull reads the policy, and where a signer is wanted what is signed about it.
func pull(ctx context.Context, client *oci.Client, t oci.Target, signer *policySigner) (oci.File, []*attest.Bundle, error) {
	store, err := client.Open(ctx, t)
	if err != nil {
		return oci.File{}, nil, err
	}
	defer store.Close()
	f, err := store.ReadFile(ctx, t, MediaType, document.MaxBytes)
	if err != nil || signer == nil {
		return f, nil, err
	}
	bundles, err := signatures(ctx, store, f.Artifact.Digest)
	return f, bundles, err
}

// maxSignatures bounds the bundles beside a policy that are looked at.
const maxSignatures = 100

// signatures are the bundles beside the policy. One that can't be read for what it is says
// nothing; one that nobody could read is an error.
func signatures(ctx context.Context, store *oci.Store, d attest.Digest) ([]*attest.Bundle, error) {
	found, err := store.Discover(ctx, d, oci.Near)
	if err != nil {
		return nil, err
	}
	var bundles []*attest.Bundle
	for _, f := range found {
		if f.Ignored != "" {
			continue
		}
		if len(bundles) >= maxSignatures {
			break
		}
		opened, err := f.Open(ctx)
		if away(err) || ctx.Err() != nil {
			return nil, errors.Join(err, ctx.Err())
		}
		bundles = append(bundles, opened...)
	}
	return bundles, nil
}

// copyPath is where the last copy of what t names is kept.
func copyPath(c *cli.Call, t oci.Target) (string, error) {
	home, err := c.Home()
	if err != nil || home == "" {
		return "", errors.Join(err, errors.New("there is no home folder"))
	}
	return filepath.Join(home, copiesFolder, attest.SHA256([]byte(t.String())).Hex()+".json"), nil
}

func keep(c *cli.Call, t oci.Target, f oci.File, bundles []*attest.Bundle, now time.Time) error {
	path, err := copyPath(c, t)
	if err != nil {
		return nil // it was told with the versions that there is no home
	}
	doc := copied{Format: copyFormat, Reference: t.String(), Digest: f.Artifact.Digest.String(), Manifest: f.Manifest, Document: f.Content, Taken: now.UTC().Truncate(time.Second)}
	for _, b := range bundles {
		doc.Bundles = append(doc.Bundles, b.Bytes())
	}
	return replaceJSON(path, doc)
}

// A recalled policy is a copy that was read again.
type recalled struct {
	file    oci.File
	bundles []*attest.Bundle
	taken   time.Time
}

// recall reads the last copy. Its bytes are held to the digest, and the digest to the
// reference if that is pinned.
func recall(c *cli.Call, t oci.Target) (recalled, error) {
	path, err := copyPath(c, t)
	if err != nil {
		return recalled{}, err
	}
	raw, err := cli.ReadFile(path, maxCopyBytes)
	if err != nil {
		return recalled{}, err
	}
	var doc copied
	if err := decode(raw, &doc); err != nil || doc.Format != copyFormat || doc.Reference != t.String() {
		return recalled{}, cli.Usagef("%s is not a copy of %s", path, t)
	}
	d, err := attest.ParseDigest(doc.Digest)
	if err == nil && !t.Digest.IsZero() && d != t.Digest {
		err = fmt.Errorf("%s is a copy of %s", path, d)
	}
	if err != nil {
		return recalled{}, err
	}
	held := recalled{taken: doc.Taken}
	if held.file, err = oci.ParseFile(doc.Manifest, doc.Document, d, MediaType); err != nil {
		return recalled{}, err
	}
	for _, raw := range doc.Bundles {
		b, err := attest.ParseBundle(raw)
		if err != nil {
			return recalled{}, err
		}
		held.bundles = append(held.bundles, b)
	}
	return held, nil
}
