package produce

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"

	urfave "github.com/urfave/cli/v2"

	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/attest/oci"
	"github.com/carnet-project/carnet/cmd/internal/cli"
	"github.com/carnet-project/carnet/sbom/scan"
	"github.com/carnet-project/carnet/verify/report"
)

// SBOM lists what is in an artifact.
func SBOM() cli.Command {
	var names []string
	for _, f := range scan.Formats() {
		names = append(names, string(f))
	}
	return cli.Command{
		Name: "sbom", Usage: "list what is in an image, a directory or a file", Args: "TARGET",
		About: `Scans TARGET with syft and writes the list in one or more formats from the one scan.
The same target gives the same bytes on another day and elsewhere. Of an index every
platform that --platform selects gets a document of its own, in one command.`,
		Arguments: [][2]string{{"TARGET", "REGISTRY/REPO[:TAG][@DIGEST], oci:DIR_OR_TAR[:TAG][@DIGEST], docker-archive:FILE, file:PATH, dir:PATH, or a path"}},
		Flags: append([]urfave.Flag{
			&urfave.StringSliceFlag{Name: "output", Aliases: []string{"o"}, Usage: "write `FORMAT[=FILE]`, FILE being a directory if it ends in /; may be given several times; formats: " + strings.Join(names, ", ") + " (default: spdx-json to stdout)"},
			&urfave.StringSliceFlag{Name: "platform", Usage: "of an index, scan `OS/ARCH[/VARIANT]`, or all for every runnable platform; may be given several times"},
		}, cli.ConnectionFlags()...),
		Exits: cli.MakeExits,
		Examples: [][2]string{
			{"one document", "carnet sbom ghcr.io/acme/app:1.4 > app.spdx.json"},
			{"two formats from one scan", "carnet sbom -o spdx-json=app.spdx.json -o cyclonedx-json=app.cdx.json ghcr.io/acme/app:1.4"},
			{"every platform", "carnet sbom --platform all -o spdx-json=sboms/ ghcr.io/acme/app:1.4"},
		},
		Run: runSBOM,
	}
}

// An output is one format and where it goes: a file, a directory, or "-".
type output struct {
	format scan.Format
	path   string
}

func (o output) dir() bool { return strings.HasSuffix(o.path, "/") }

func parseOutputs(flags []string) ([]output, error) {
	if len(flags) == 0 {
		flags = []string{string(scan.SPDXJSON)}
	}
	var outputs []output
	stdout := 0
	for _, f := range flags {
		name, path, found := strings.Cut(f, "=")
		format, err := scan.ParseFormat(name)
		if err != nil {
			return nil, cli.Usagef("--output: %v", err)
		}
		if !found {
			path = "-"
		} else if path == "" {
			return nil, cli.Usagef("--output %q: the file's name is empty", f)
		}
		if path == "-" {
			stdout++
		}
		outputs = append(outputs, output{format, path})
	}
	if stdout > 1 {
		return nil, &cli.UsageError{Message: "two documents can't both go to stdout", Hint: "name files: -o FORMAT=FILE"}
	}
	return outputs, nil
}

// A scanned is one node's scan, with what its file is called in a directory.
type scanned struct {
	result *scan.Result
	name   string
}

func runSBOM(c *cli.Call) error {
	arg, err := c.One("TARGET")
	if err != nil {
		return err
	}
	outputs, err := parseOutputs(c.StringSlice("output"))
	if err != nil {
		return err
	}
	scanner, err := newScanner(c)
	if err != nil {
		return err
	}
	t, err := cli.Target(arg)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(c.Ctx(), c.Duration("timeout"))
	defer cancel()
	results, err := scanTarget(ctx, c, scanner, t, arg)
	if err != nil {
		return err
	}
	for _, o := range outputs {
		if !o.dir() && len(results) > 1 {
			return &cli.UsageError{Message: fmt.Sprintf("%d platforms do not fit into %s", len(results), outName(o.path)), Hint: fmt.Sprintf("give a directory: -o %s=DIR/", o.format)}
		}
	}
	return writeSBOMs(c, results, outputs)
}

// scanGC is the garbage collector's percentage while scanning: what a scan keeps is
// most of what it allocates, and at Go's 100 a large image's peak is a fifth higher
// than it needs to be.
const scanGC = 75

func newScanner(c *cli.Call) (*scan.Scanner, error) {
	epoch, err := c.SourceDate()
	if err != nil {
		return nil, err
	}
	if c.Env.Getenv("GOGC") == "" {
		debug.SetGCPercent(scanGC)
	}
	return scan.New(scan.Options{Tool: scan.Tool{Name: "carnet", Version: cli.Version()}, Created: epoch}), nil
}

func scanTarget(ctx context.Context, c *cli.Call, scanner *scan.Scanner, t oci.Target, arg string) ([]scanned, error) {
	switch t.Scheme {
	case oci.SchemeDir:
		r, err := scanner.Dir(ctx, t.Path)
		return []scanned{{r, "dir"}}, err
	case oci.SchemeFile:
		r, err := scanner.File(ctx, t.Path)
		return []scanned{{r, "file"}}, err
	}
	client, err := c.Registry()
	if err != nil {
		return nil, err
	}
	s, err := openImage(ctx, client, arg)
	if err != nil {
		return nil, err
	}
	defer s.store.Close()
	want := c.StringSlice("platform")
	if s.artifact.Kind == artifact.KindIndex && len(want) == 0 && len(s.artifact.Runnable()) > 1 {
		return nil, &cli.UsageError{
			Message: fmt.Sprintf("%s is an index with %d platforms", s.reference(), len(s.artifact.Runnable())),
			Hint:    "choose: --platform all -o spdx-json=DIR/, or one of " + platformNames(s.artifact.Runnable()),
		}
	}
	nodes, err := s.platforms(want)
	if err != nil {
		return nil, err
	}
	var results []scanned
	for _, n := range nodes {
		r, err := scanNode(ctx, c, scanner, s, n)
		if err != nil {
			return nil, err
		}
		results = append(results, scanned{r, nodeFile(n)})
	}
	return results, nil
}

func scanNode(ctx context.Context, c *cli.Call, scanner *scan.Scanner, s *subject, n artifact.Artifact) (*scan.Result, error) {
	defer c.Progress("scanning " + report.Clean(strings.TrimSpace(s.name()+" "+n.Platform)))()
	img, err := s.store.Image(ctx, n.Digest)
	if err != nil {
		return nil, cli.StoreError(err)
	}
	r, err := scanner.Image(ctx, img, s.name())
	if err != nil {
		return nil, cli.StoreError(err)
	}
	return r, nil
}

// nodeFile is what the document of a node is called in a directory.
func nodeFile(n artifact.Artifact) string {
	if n.Platform == "" {
		return "image"
	}
	return strings.ReplaceAll(n.Platform, "/", "-")
}

// writeSBOMs encodes everything before it writes anything.
func writeSBOMs(c *cli.Call, results []scanned, outputs []output) error {
	type file struct {
		path string
		data []byte
	}
	var files []file
	for _, r := range results {
		for _, o := range outputs {
			data, err := r.result.Encode(o.format)
			if err != nil {
				return err
			}
			path := o.path
			if o.dir() {
				path = filepath.Join(o.path, r.name+extension(o.format))
			}
			files = append(files, file{path, data})
		}
	}
	for _, f := range files {
		if dir := filepath.Dir(f.path); f.path != "-" {
			if err := os.MkdirAll(dir, 0o755); err != nil {
				return err
			}
		}
		if err := c.WriteFile(f.path, f.data); err != nil {
			return err
		}
		if f.path != "-" {
			c.Sayf("wrote %s", f.path)
		}
	}
	return nil
}

func extension(f scan.Format) string {
	switch f {
	case scan.SPDXJSON:
		return ".spdx.json"
	case scan.SPDXTagValue:
		return ".spdx"
	case scan.CycloneDXJSON:
		return ".cdx.json"
	case scan.CycloneDXXML:
		return ".cdx.xml"
	}
	return ".syft.json"
}
