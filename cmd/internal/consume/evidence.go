package consume

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	urfave "github.com/urfave/cli/v2"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/attest/oci"
	"github.com/carnet-project/carnet/cmd/internal/cli"
	"github.com/carnet-project/carnet/cmd/internal/policy/load"
	"github.com/carnet-project/carnet/verify/pack"
	"github.com/carnet-project/carnet/verify/policy/cel"
)

// Evidence is the group of commands about the evidence of images.
func Evidence() cli.Command {
	return cli.Command{
		Name: "evidence", Usage: "keep the evidence of images",
		About:    `A verdict depends on what a registry says at one moment. These commands keep it.`,
		Commands: []cli.Command{evidenceSave()},
	}
}

func evidenceSave() cli.Command {
	return cli.Command{
		Name: "save", Usage: "save all that a verdict about an image depends on", Args: "IMAGE",
		About: `Writes the folder DIR: the image's index, manifests and configurations, every piece of
evidence that is stored about it and its platforms, wherever tools have left it, what could
not be read and why, the images that it may be built on with their evidence, the trusted
roots in use, the time, and the policies that --policy names with the files that these name.
No layers are saved. Nothing is verified.

A saved case is judged offline as the registry is now. It holds what the registry holds, and
public keys; no credentials.`,
		Arguments: [][2]string{{"IMAGE", "REGISTRY/REPO[:TAG][@DIGEST] or oci:DIR_OR_TAR[:TAG][@DIGEST]"}},
		Flags: slices.Concat([]urfave.Flag{
			&urfave.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "write the folder `DIR`, which must not be there yet"},
			&urfave.IntFlag{Name: "base-depth", Usage: "follow base images `N` levels down; 0 leaves them out", Value: 1},
			&urfave.StringFlag{Name: "image-name", Usage: "what an image in a layout is called in the registry: `REGISTRY/REPO`"},
			&urfave.BoolFlag{Name: "offline", Usage: "open no socket: for OCI layouts"},
		}, load.Flags(), cli.TrustFlags(), cli.RegistryFlags()),
		Exits: cli.MakeExits,
		Examples: [][2]string{
			{"what a verdict depends on", "carnet evidence save -o shop-1.4 ghcr.io/acme/shop:1.4"},
			{"with the policy that is to be tested", "carnet evidence save -o cases/shop --policy policy.yaml ghcr.io/acme/shop:1.4"},
		},
		Run: runEvidenceSave,
	}
}

func runEvidenceSave(c *cli.Call) error {
	arg, err := c.One("IMAGE")
	if err != nil {
		return err
	}
	out := c.String("output")
	if out == "" {
		return c.Missing("-o DIR")
	}
	if _, err := os.Lstat(out); !errors.Is(err, fs.ErrNotExist) {
		return &cli.UsageError{Message: out + " is there already", Hint: "give another folder, or remove it: a case is written whole or not at all"}
	}
	if n := c.Int("base-depth"); n < 0 || n > 8 {
		return cli.Usagef("--base-depth %d is not between 0 and 8", n)
	}
	t, err := cli.Target(arg)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(c.Ctx(), c.Duration("timeout"))
	defer cancel()
	return saveCase(ctx, c, arg, t, out)
}

func saveCase(ctx context.Context, c *cli.Call, arg string, t oci.Target, out string) error {
	called, err := nameToSave(c, arg, t)
	if err != nil {
		return err
	}
	client, err := c.Registry()
	if err != nil {
		return err
	}
	beside, err := besides(ctx, c, client)
	if err != nil {
		return err
	}
	site, done, err := openSite(ctx, client, t)
	if err != nil {
		return cli.StoreError(err)
	}
	defer done()
	site.Name, site.Tag = called, tagOf(t)
	gaps, err := writeCase(ctx, c, client, site, beside, out)
	if err != nil {
		return err
	}
	for _, g := range gaps {
		c.Sayf("warning: not read: %s: %s", g.What, g.Why)
	}
	if len(gaps) > 0 {
		c.Sayf("  the case says so of %s; it is judged as the registry was now", count(len(gaps), "place", "places"))
	}
	c.Sayf("saved %s@%s", called, site.Artifact.Digest)
	_, err = fmt.Fprintln(c.Env.Stdout, out)
	return err
}

// nameToSave is the full repository name of the image, by which policies and base images go.
func nameToSave(c *cli.Call, arg string, t oci.Target) (string, error) {
	given, err := imageName(c.String("image-name"))
	switch {
	case err != nil:
		return "", err
	case t.Scheme == oci.SchemeRegistry && given != "":
		return "", cli.Usagef("--image-name is for images in layouts, and %s says its name", arg)
	case t.Scheme == oci.SchemeRegistry:
		return registryName(t.Repository), nil
	case t.Scheme != oci.SchemeLayout:
		return "", &cli.UsageError{Message: arg + ": a " + string(t.Scheme) + " has no evidence beside it", Hint: "save an image in a registry or an OCI layout"}
	case given == "":
		return t.Name(), nil
	}
	return given, nil
}

func openSite(ctx context.Context, client *oci.Client, t oci.Target) (pack.Site, func(), error) {
	store, err := client.Open(ctx, t)
	if err != nil {
		return pack.Site{}, nil, err
	}
	a, err := store.Resolve(ctx, t)
	if err != nil {
		store.Close()
		return pack.Site{}, nil, err
	}
	if a.Kind != artifact.KindIndex && a.Kind != artifact.KindImage && a.Kind != artifact.KindOther {
		store.Close()
		return pack.Site{}, nil, fmt.Errorf("%s is no image", t)
	}
	return pack.Site{Artifact: a, Store: store, Source: source{store, a}}, func() { store.Close() }, nil
}

// besides reads what a case has beside the image: policies, what they name, trusted roots.
func besides(ctx context.Context, c *cli.Call, client *oci.Client) (pack.Beside, error) {
	at, err := c.Moment()
	if err != nil {
		return pack.Beside{}, err
	}
	b := pack.Beside{At: at.Truncate(time.Second)}
	roots, err := c.TrustedRoots()
	if err != nil {
		return b, err
	}
	for _, r := range roots {
		b.TrustedRoots = append(b.TrustedRoots, pack.File{Name: r.Name, Content: r.JSON})
	}
	refs := c.StringSlice("policy")
	policies, err := load.All(ctx, c, refs, load.Options{Engine: cel.New(), Client: client, Now: time.Now(), Forget: true})
	if err != nil {
		return b, err
	}
	for i, p := range policies {
		b.Policies = append(b.Policies, pack.File{Name: p.Document.Name + ".yaml", Content: p.Raw})
		if b.Files, err = named(b.Files, p, filepath.Dir(refs[i])); err != nil {
			return b, err
		}
	}
	return b, nil
}

// named adds the files that a policy names, under the names that it has for them.
func named(files []pack.File, p *load.Policy, dir string) ([]pack.File, error) {
	var names []string
	for _, i := range p.Document.Identities {
		if i.Key != nil {
			names = append(names, i.Key.File)
		}
		if i.X509 != nil {
			names = append(names, i.X509.Roots...)
		}
		if i.Git != nil {
			names = append(names, i.Git.AllowedSigners, i.Git.Keyring)
		}
	}
	for _, i := range p.Document.Trust.Sigstore {
		names = append(names, i.TrustedRoot)
	}
	for _, name := range names {
		if name == "" {
			continue
		}
		path := name
		if !filepath.IsAbs(name) {
			path = filepath.Join(dir, name)
		}
		raw, err := cli.ReadFile(path, cli.MaxTrustBytes)
		if err != nil {
			return nil, err
		}
		at := slices.IndexFunc(files, func(f pack.File) bool { return f.Name == name })
		switch {
		case at < 0:
			files = append(files, pack.File{Name: name, Content: raw})
		case string(files[at].Content) != string(raw):
			return nil, &cli.UsageError{Message: "two policies name the file " + name + " and mean different ones", Hint: "save a case for each policy"}
		}
	}
	return files, nil
}

// writeCase writes a folder beside its place, reads it back, and renames it there, so that it
// is there whole or not at all.
func writeCase(ctx context.Context, c *cli.Call, client *oci.Client, site pack.Site, beside pack.Beside, out string) (gaps []pack.Gap, err error) {
	temporary, err := os.MkdirTemp(filepath.Dir(out), "."+filepath.Base(out)+".*")
	if err != nil {
		return nil, cli.Usagef("%v", err)
	}
	defer func() {
		if err != nil {
			_ = os.RemoveAll(temporary) // what is left over must not hide the cause
		}
	}()
	r := pack.Recorder{Files: os.DirFS(temporary), Depth: c.Int("base-depth"), Put: func(name string, content []byte) error {
		path := filepath.Join(temporary, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		return os.WriteFile(path, content, 0o644)
	}}
	if r.Depth > 0 {
		r.Base = func(ctx context.Context, name string, d attest.Digest) (pack.Site, error) {
			return baseSite(ctx, client, name, d)
		}
	}
	if gaps, err = r.Record(ctx, site, beside); err != nil {
		return nil, cli.StoreError(err)
	}
	if _, err = pack.Open(os.DirFS(temporary)); err != nil {
		return nil, fmt.Errorf("what was written can't be read: %w", err)
	}
	if err = os.Chmod(temporary, 0o755); err != nil {
		return nil, err
	}
	return gaps, os.Rename(temporary, out)
}

// baseSite opens a base image in its registry. Its name is what others say: it is never a path.
func baseSite(ctx context.Context, client *oci.Client, name string, d attest.Digest) (pack.Site, error) {
	t, err := oci.ParseTarget(name + "@" + d.String())
	if err != nil {
		return pack.Site{}, err
	}
	if t.Scheme != oci.SchemeRegistry {
		return pack.Site{}, fmt.Errorf("the base image %q is not named by a repository", name)
	}
	site, _, err := openSite(ctx, client, t) // a store in a registry holds nothing open
	site.Name = name
	return site, err
}
