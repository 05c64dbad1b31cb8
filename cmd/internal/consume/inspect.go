package consume

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	urfave "github.com/urfave/cli/v2"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/oci"
	"github.com/carnet-project/carnet/attest/predicate"
	"github.com/carnet-project/carnet/attest/predicate/witness"
	"github.com/carnet-project/carnet/cmd/internal/cli"
	"github.com/carnet-project/carnet/sbom"
	"github.com/carnet-project/carnet/verify/report"
)

// Inspect shows what bundles say, without believing it.
func Inspect() cli.Command {
	return cli.Command{
		Name: "inspect", Usage: "show what a bundle says, unverified", Args: "BUNDLE|TARGET",
		About: `Prints who a bundle names as its signer, with the identity in its certificate, its log
entries and timestamps, what it is about and what it says. Of a TARGET
all bundles are shown that are stored beside it. Nothing is verified here; in text mode
everything goes to stderr, so that no script leans on it.`,
		Arguments: [][2]string{{"BUNDLE", "a file with a Sigstore bundle or a DSSE envelope, or with several as JSON lines, or - for stdin"}, {"TARGET", "REGISTRY/REPO[:TAG][@DIGEST] or oci:DIR_OR_TAR[:TAG][@DIGEST]"}},
		Flags: append([]urfave.Flag{
			&urfave.BoolFlag{Name: "offline", Usage: "open no socket: for bundles and OCI layouts"},
			&urfave.BoolFlag{Name: "predicate", Usage: "print the whole predicate, too"},
			cli.OutputFlag("text", "json"),
		}, cli.RegistryFlags()...),
		Exits: cli.MakeExits,
		Examples: [][2]string{
			{"a file's bundle", "carnet inspect app.tar.gz.sigstore.json"},
			{"the provenance of an image", "carnet inspect --predicate -o json ghcr.io/acme/app:1.4 | jq '.bundles[].statement.predicate'"},
		},
		Run: runInspect,
	}
}

// InspectSchema names the JSON of carnet inspect.
const InspectSchema = "https://github.com/carnet-project/carnet/schema/inspect/v1"

type inspectJSON struct {
	Schema   string       `json:"schema"`
	Verified bool         `json:"verified"`
	Bundles  []bundleJSON `json:"bundles"`
}

type bundleJSON struct {
	Digest   string `json:"digest"`
	Place    string `json:"place"`
	Manifest string `json:"manifest,omitempty"`
	Form     string `json:"form"`
	signerJSON
	MessageDigest string         `json:"messageDigest,omitempty"`
	Statement     *statementJSON `json:"statement,omitempty"`
	Fault         string         `json:"fault,omitempty"`
}

type statementJSON struct {
	Subjects      []subjectJSON `json:"subject"`
	PredicateType string        `json:"predicateType"`
	PredicateSize int           `json:"predicateSize"`
	SBOM          *sbomJSON     `json:"sbom,omitempty"`
	// Documents are what a reference refers to.
	Documents []documentJSON `json:"documents,omitempty"`
	// Nested are the types of the attestations in a collection.
	Nested    []string        `json:"nested,omitempty"`
	Predicate json.RawMessage `json:"predicate,omitempty"`
}

// sbomJSON is the head of a predicate that is an SBOM.
type sbomJSON struct {
	Format      string `json:"format"`
	SpecVersion string `json:"specVersion"`
	Name        string `json:"name,omitempty"`
	Packages    int    `json:"packages"`
}

type subjectJSON struct {
	Name   string            `json:"name,omitempty"`
	Digest map[string]string `json:"digest"`
}

func runInspect(c *cli.Call) error {
	arg, err := c.One("BUNDLE or TARGET")
	if err != nil {
		return err
	}
	format, err := c.Output("text", "json")
	if err != nil {
		return err
	}
	doc := inspectJSON{Schema: InspectSchema, Bundles: []bundleJSON{}}
	if doc.Bundles, err = inspectAny(c, arg); err != nil {
		return err
	}
	if format == "json" {
		return c.PrintJSON(doc)
	}
	for _, b := range doc.Bundles {
		printBundle(c.Env.Stderr, b)
	}
	c.Sayf("unverified: this is what it says, not what is true; carnet verify checks it")
	return nil
}

// inspectAny takes a file for a bundle, and everything else for a target.
func inspectAny(c *cli.Call, arg string) ([]bundleJSON, error) {
	info, err := os.Stat(arg)
	if arg == "-" || err == nil && info.Mode().IsRegular() {
		if b, err := inspectFile(c, arg); err == nil || arg == "-" || !isTar(arg) {
			return b, err
		}
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) && arg != "-" {
		return nil, cli.Usagef("%v", err)
	}
	return inspectTarget(c, arg)
}

// isTar tells an archive, which may be a layout, from a bundle, which is JSON.
func isTar(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	var head [1]byte
	_, err = io.ReadFull(f, head[:])
	return err == nil && head[0] != '{'
}

func inspectFile(c *cli.Call, path string) ([]bundleJSON, error) {
	found, err := readBundles(c, path)
	if err != nil {
		return nil, err
	}
	var all []bundleJSON
	for _, b := range found.Bundles {
		all = append(all, bundleToJSON(b, attest.Found{Place: attest.PlaceFile}, c.Bool("predicate")))
	}
	return all, nil
}

func inspectTarget(c *cli.Call, arg string) ([]bundleJSON, error) {
	t, err := cli.Target(arg)
	if err != nil {
		return nil, err
	}
	client, err := c.Registry()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(c.Ctx(), c.Duration("timeout"))
	defer cancel()
	store, err := client.Open(ctx, t)
	if err != nil {
		return nil, cli.StoreError(err)
	}
	defer store.Close()
	a, err := store.Resolve(ctx, t)
	if err != nil {
		return nil, cli.StoreError(err)
	}
	all := []bundleJSON{}
	for _, n := range append([]attest.Digest{a.Digest}, platformDigests(a)...) {
		found, err := store.Discover(ctx, n, oci.Far)
		if err != nil {
			return nil, cli.StoreError(err)
		}
		for _, f := range found {
			all = append(all, openAll(ctx, f, c.Bool("predicate"))...)
		}
	}
	return all, nil
}

func openAll(ctx context.Context, f attest.Found, whole bool) []bundleJSON {
	if f.Ignored != "" {
		return []bundleJSON{{Place: string(f.Place), Manifest: f.Manifest.String(), Fault: f.Ignored}}
	}
	bundles, err := f.Open(ctx)
	if err != nil {
		return []bundleJSON{{Place: string(f.Place), Manifest: f.Manifest.String(), Fault: err.Error()}}
	}
	var all []bundleJSON
	for _, b := range bundles {
		all = append(all, bundleToJSON(b, f, whole))
	}
	return all
}

func bundleToJSON(b *attest.Bundle, f attest.Found, whole bool) bundleJSON {
	out := bundleJSON{
		Digest: b.Digest().String(), Place: string(f.Place), Manifest: f.Manifest.String(), Form: string(b.Form()),
		signerJSON: signerOf(b), MessageDigest: b.MessageDigest().String(),
	}
	if b.Form() != attest.FormEnvelope {
		return out
	}
	st, err := b.UnverifiedStatement()
	if err != nil {
		out.Fault = err.Error()
		return out
	}
	out.Statement = &statementJSON{PredicateType: st.PredicateType(), PredicateSize: len(st.Predicate())}
	for _, s := range st.Subjects() {
		out.Statement.Subjects = append(out.Statement.Subjects, subjectJSON{s.Name(), s.Digests()})
	}
	if predicate.ClassOf(st.PredicateType()) == predicate.SBOM {
		if head, err := sbom.Check(st.Predicate()); err != nil {
			out.Fault = "the predicate is no SBOM: " + err.Error()
		} else {
			out.Statement.SBOM = &sbomJSON{string(head.Format), head.SpecVersion, head.Name, head.PackageCount}
		}
	}
	if out.Statement.Nested, err = nested(st); err != nil {
		out.Fault = "the predicate is no collection: " + err.Error()
	}
	out.Statement.Documents = documentsOf(st)
	if whole {
		out.Statement.Predicate = st.Predicate()
	}
	return out
}

// nested are the types of the attestations in a collection; nil of everything else.
func nested(st *attest.Statement) ([]string, error) {
	if predicate.ClassOf(st.PredicateType()) != predicate.Collection {
		return nil, nil
	}
	c, err := witness.Parse(st.PredicateType(), st.Predicate())
	if err != nil {
		return nil, err
	}
	var types []string
	for _, a := range c.Attestations {
		types = append(types, a.Type)
	}
	return types, nil
}

func printBundle(w io.Writer, b bundleJSON) {
	row := func(name, value string) {
		if value != "" {
			fmt.Fprintf(w, "  %-15s %s\n", name, report.Clean(value))
		}
	}
	fmt.Fprintf(w, "bundle %s\n", b.Digest)
	row("place", b.Place)
	row("manifest", b.Manifest)
	row("form", b.Form)
	for _, r := range b.rows() {
		row(r[0], r[1])
	}
	row("message digest", b.MessageDigest)
	row("fault", b.Fault)
	if st := b.Statement; st != nil {
		row("predicate type", st.PredicateType)
		row("predicate size", fmt.Sprintf("%d bytes", st.PredicateSize))
		if b := st.SBOM; b != nil {
			row("SBOM", fmt.Sprintf("%s %s of %s, %d packages", b.Format, b.SpecVersion, b.Name, b.Packages))
		}
		for _, t := range st.Nested {
			row("holds", t)
		}
		for _, d := range st.Documents {
			row("refers to", d.String()+" "+d.Digest)
			row("stored as", d.Stored)
			row("located at", d.Location)
		}
		for _, s := range st.Subjects {
			for algorithm, value := range s.Digest {
				row("subject", s.Name+" "+algorithm+":"+value)
			}
		}
		if st.Predicate != nil {
			row("predicate", string(st.Predicate))
		}
	}
}
