package consume

import (
	"context"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"

	urfave "github.com/urfave/cli/v2"
	"golang.org/x/sync/errgroup"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/attest/oci"
	"github.com/carnet-project/carnet/cmd/internal/cli"
	"github.com/carnet-project/carnet/verify/report"
)

// Tree shows what evidence lies beside an image, and where.
func Tree() cli.Command {
	return cli.Command{
		Name: "tree", Usage: "show all evidence of an artifact and where it lies, unverified", Args: "TARGET",
		About: `Lists the index, its platforms and everything that is stored about each: OCI referrers,
the fallback tag, cosign's older tags, and BuildKit's manifests inside the index; of
small bundles also whom they name as their signer.
Nothing is verified here: what a store says of itself proves nothing.`,
		Arguments: [][2]string{{"TARGET", "REGISTRY/REPO[:TAG][@DIGEST], oci:DIR_OR_TAR[:TAG][@DIGEST], or a path to a layout"}},
		Flags: append([]urfave.Flag{
			&urfave.BoolFlag{Name: "offline", Usage: "open no socket: for OCI layouts"},
			cli.OutputFlag("text", "json"),
		}, cli.RegistryFlags()...),
		Exits:    cli.MakeExits,
		Examples: [][2]string{{"what there is", "carnet tree ghcr.io/acme/app:1.4"}},
		Run:      runTree,
	}
}

// TreeSchema names the JSON of carnet tree.
const TreeSchema = "https://github.com/carnet-project/carnet/schema/tree/v1"

type treeJSON struct {
	Schema   string     `json:"schema"`
	Target   string     `json:"target"`
	Name     string     `json:"name"`
	Verified bool       `json:"verified"`
	Nodes    []nodeJSON `json:"nodes"`
}

type nodeJSON struct {
	Digest   string         `json:"digest"`
	Kind     string         `json:"kind"`
	Platform string         `json:"platform,omitempty"`
	Depth    int            `json:"depth"`
	Evidence []evidenceJSON `json:"evidence"`
}

type evidenceJSON struct {
	Place         string `json:"place"`
	Manifest      string `json:"manifest,omitempty"`
	PredicateType string `json:"predicateType,omitempty"`
	Form          string `json:"form,omitempty"`
	Size          int64  `json:"size,omitempty"`
	Ignored       string `json:"ignored,omitempty"`
	// Document is set for what is no evidence but a document, to which evidence may refer, and
	// Documents are those to which the evidence refers.
	Document  *documentJSON  `json:"document,omitempty"`
	Documents []documentJSON `json:"documents,omitempty"`
	// Signers are who a bundle names, where it is small enough to be looked into.
	Signers []signerJSON `json:"unverifiedSigners,omitempty"`
	// Nested are the types of the attestations in a collection that is as small.
	Nested []string `json:"nested,omitempty"`
}

// lookedInto is the size up to which tree fetches bundles to say who they name as their
// signer. Signatures and provenance are smaller, SBOMs larger.
const lookedInto = 64 << 10

func runTree(c *cli.Call) error {
	arg, err := c.One("TARGET")
	if err != nil {
		return err
	}
	format, err := c.Output("text", "json")
	if err != nil {
		return err
	}
	t, err := cli.Target(arg)
	if err != nil {
		return err
	}
	if t.Scheme != oci.SchemeRegistry && t.Scheme != oci.SchemeLayout {
		return &cli.UsageError{Message: arg + ": a " + string(t.Scheme) + " has no evidence beside it", Hint: "look into a bundle with carnet inspect"}
	}
	client, err := c.Registry()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(c.Ctx(), c.Duration("timeout"))
	defer cancel()
	doc, err := readTree(ctx, client, t)
	if err != nil {
		return err
	}
	doc.Target = arg
	if format == "json" {
		return c.PrintJSON(doc)
	}
	c.Sayf("unverified: anybody who may write to the store can put evidence there; carnet verify checks it")
	return printTree(c.Env.Stdout, doc)
}

func readTree(ctx context.Context, client *oci.Client, t oci.Target) (*treeJSON, error) {
	store, err := client.Open(ctx, t)
	if err != nil {
		return nil, cli.StoreError(err)
	}
	defer store.Close()
	root, err := store.Resolve(ctx, t)
	if err != nil {
		return nil, cli.StoreError(err)
	}
	doc := &treeJSON{Schema: TreeSchema, Name: t.Name()}
	return doc, doc.add(ctx, store, root, root, 0)
}

func (doc *treeJSON) add(ctx context.Context, store *oci.Store, root, a artifact.Artifact, depth int) error {
	node := nodeJSON{Digest: a.Digest.String(), Kind: string(a.Kind), Platform: a.Platform, Depth: depth, Evidence: []evidenceJSON{}}
	if a.Kind != artifact.KindAttestation {
		far, err := store.Discover(ctx, a.Digest, oci.Far)
		if err != nil {
			return cli.StoreError(err)
		}
		inside, err := store.InIndex(ctx, root, a.Digest)
		if err != nil {
			return cli.StoreError(err)
		}
		node.Evidence = append(node.Evidence, lookAll(ctx, append(far, inside...))...)
	}
	doc.Nodes = append(doc.Nodes, node)
	for _, child := range a.Children {
		if err := doc.add(ctx, store, root, child, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// lookAll describes what was found. What only its listing is known of is looked at,
// several at once; one that can't be read is listed as such.
func lookAll(ctx context.Context, found []attest.Found) []evidenceJSON {
	all := make([][]evidenceJSON, len(found))
	var group errgroup.Group
	group.SetLimit(8)
	for i, f := range found {
		group.Go(func() error {
			pieces := look(ctx, f)
			for _, p := range pieces {
				all[i] = append(all[i], describe(ctx, p))
			}
			return nil
		})
	}
	_ = group.Wait() // what failed is in the list
	return slices.Concat(all...)
}

func look(ctx context.Context, f attest.Found) []attest.Found {
	if f.Look == nil {
		return []attest.Found{f}
	}
	pieces, err := f.Look(ctx)
	if err != nil {
		f.Ignored = "unreadable: " + err.Error()
		return []attest.Found{f}
	}
	return pieces
}

func describe(ctx context.Context, f attest.Found) evidenceJSON {
	out := evidenceJSON{
		Place: string(f.Place), Manifest: f.Manifest.String(), PredicateType: f.PredicateType, Form: string(f.Form), Size: f.Bytes, Ignored: f.Ignored,
	}
	if f.Document != nil {
		out.Document = &documentJSON{MediaType: f.Document.MediaType, Digest: f.Document.Digest.String(), Size: f.Document.Size}
	}
	if f.Ignored != "" || f.Open == nil || f.Bytes == 0 || f.Bytes > lookedInto {
		return out
	}
	bundles, err := f.Open(ctx)
	if err != nil {
		out.Ignored = "unreadable: " + err.Error()
		return out
	}
	for _, b := range bundles {
		out.Signers = append(out.Signers, signerOf(b))
		if st, err := b.UnverifiedStatement(); err == nil {
			out.Documents = append(out.Documents, documentsOf(st)...)
			if types, err := nested(st); err == nil {
				out.Nested = append(out.Nested, types...)
			}
		}
	}
	return out
}

func printTree(w io.Writer, doc *treeJSON) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, n := range doc.Nodes {
		indent := fmt.Sprintf("%*s", 2*n.Depth, "")
		what := n.Kind
		if n.Platform != "" {
			what = n.Platform
		}
		fmt.Fprintf(table, "%s%s %s\n", indent, report.Clean(what), n.Digest)
		for _, e := range n.Evidence {
			kind := e.PredicateType
			if kind == "" {
				kind = e.Form
			}
			for _, d := range e.Documents {
				kind += " → " + d.String()
			}
			if e.Document != nil {
				kind = "document " + e.Document.String()
			}
			line := fmt.Sprintf("%s  └ %s\t%s\t%s\t%s", indent, report.Clean(kind), e.Place, e.Manifest, size(e.Size))
			for i, s := range e.Signers {
				line += []string{"\tby ", "; "}[min(i, 1)] + report.Clean(s.String())
			}
			if e.Ignored != "" && e.Document == nil {
				line += "\tnot usable: " + report.Clean(e.Ignored)
			}
			fmt.Fprintln(table, line)
			for _, t := range e.Nested {
				fmt.Fprintf(table, "%s    └ %s\n", indent, report.Clean(t))
			}
		}
	}
	return table.Flush()
}

func size(n int64) string {
	switch {
	case n == 0:
		return "–"
	case n < 10<<10:
		return fmt.Sprintf("%d B", n)
	case n < 10<<20:
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return fmt.Sprintf("%d MiB", n>>20)
}
