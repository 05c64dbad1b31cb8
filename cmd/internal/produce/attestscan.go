package produce

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"

	urfave "github.com/urfave/cli/v2"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/attest/ingest"
	"github.com/carnet-project/carnet/attest/oci"
	"github.com/carnet-project/carnet/cmd/internal/cli"
)

func attestScan() cli.Command {
	return cli.Command{
		Name: "scan", Usage: "attest what a scanner, an analyser or a run of tests found", Args: "TARGET",
		About: `Reads the report of another tool, makes the predicate of its kind from it, signs it and
stores it with TARGET: vulnerabilities as in-toto's vulns, VEX as OpenVEX, SARIF as
carnet's predicate around the log, and tests as in-toto's test result. The format is
recognised. A report about an image has to name it by a digest, and is attested to the
platform that this is the digest of; results of tests and analyses are about the git
commit that is checked out. A report that is cut off, whose tool failed, or that is
about something else is refused.
With --fail-on a bad result ends the command with 1, after it was signed and stored.`,
		Arguments: [][2]string{{"TARGET", "REGISTRY/REPO[:TAG][@DIGEST], oci:DIR[:TAG][@DIGEST], or, with --bundle or --statement, file:PATH, a path, or sha256:HEX"}},
		Flags:     append(append(scanFlags(), statementFlags()...), cli.RegistryFlags()...),
		Exits: []cli.Exit{{Code: 0, Meaning: "done"}, {Code: 1, Meaning: "failed; or signed and stored, and the result is as bad as --fail-on says"},
			cli.MakeExits[2], cli.MakeExits[3]},
		Examples: [][2]string{
			{"a scan for vulnerabilities, which breaks the build", "trivy image --format json --output scan.json ghcr.io/acme/app:1.4 && carnet attest scan --from scan.json --fail-on high ghcr.io/acme/app:1.4"},
			{"the tests of the commit that is checked out", "carnet attest scan --from target/surefire-reports/TEST-a.xml --from target/surefire-reports/TEST-b.xml --name unit-tests ghcr.io/acme/app:1.4"},
			{"static analysis, with its report kept beside the image", "carnet attest scan --from semgrep.sarif --name sast --attach-report ghcr.io/acme/app:1.4"},
		},
		Run: runAttestScan,
	}
}

func scanFlags() []urfave.Flag {
	return []urfave.Flag{
		&urfave.StringSliceFlag{Name: "from", Usage: "the report in `FILE`, or - for stdin; reports of tests may be several"},
		&urfave.StringFlag{Name: "format", Usage: "read it as `FORMAT`: " + strings.Join(ingest.Formats(), ", ") + "; default: as what it looks like"},
		&urfave.StringFlag{Name: "name", Usage: "what policies call the check: `CHECK`"},
		&urfave.StringFlag{Name: "as", Usage: "make a predicate of `TYPE`: vulns, openvex, sarif, test-result, or scai, which asserts --name of a result that --fail-on lets pass; default: by what the report is"},
		&urfave.StringFlag{Name: "fail-on", Usage: "end with 1 where something is found of this `SEVERITY` or graver: critical, high, medium, low, negligible or unknown; error, warning or note in SARIF; of tests any that failed"},
		&urfave.StringFlag{Name: "on", Usage: "what tests and SARIF are about: `commit` or image; default: commit, and image where the report names one by digest"},
		&urfave.StringFlag{Name: "commit", Usage: "the full name of the git `COMMIT` that was tested or analysed; default: the checkout's"},
		&urfave.StringSliceFlag{Name: "configuration", Usage: "what the tests ran by, in `FILE`; default: the source at the commit; may be given several times"},
		&urfave.StringFlag{Name: "url", Usage: "where the run of the tests can be looked at: `URL`"},
		&urfave.StringFlag{Name: "database-date", Usage: "when the scanner's database was updated, as RFC 3339 `TIME`, where the report does not say"},
		&urfave.StringFlag{Name: "scanned-at", Usage: "when the scan ended, as RFC 3339 `TIME`, where the report does not say"},
		&urfave.BoolFlag{Name: "attach-report", Usage: "store the report itself with TARGET, too, and name it in the predicate"},
		&urfave.BoolFlag{Name: "unsafe-unbound", Usage: "take your word for what the report is about where it does not say, or says something else"},
	}
}

// An ingested is a report of another tool on its way to becoming a statement.
type ingested struct {
	call   *cli.Call
	report *ingest.Report
	files  []reportFile
	limit  string // --fail-on
	// commit is what the statement is about, with the URI of its repository, or "" where it is
	// about the image.
	commit, repository string
}

// A reportFile is one file of a report, as it is.
type reportFile struct {
	name   string
	format ingest.Format
	raw    []byte
}

func runAttestScan(c *cli.Call) error {
	arg, err := c.One("TARGET")
	if err != nil {
		return err
	}
	s, err := readScanned(c)
	if err != nil {
		return err
	}
	for _, note := range s.report.Notes {
		c.Sayf("note: %s", clean(note))
	}
	if err := s.settle(); err != nil {
		return err
	}
	if err := s.state(arg); err != nil {
		return err
	}
	return s.verdict()
}

// state makes the statement about a target and does with it what the flags say.
func (s *ingested) state(arg string) error {
	c := s.call
	ctx, cancel := withTimeout(c)
	defer cancel()
	if err := unsignedAlone(c); err != nil {
		return err
	}
	switch {
	case delivered(c) && c.Bool("attach-report"):
		return cli.Usagef("--attach-report stores the report with TARGET: --statement and --bundle have no place beside it")
	}
	if d, err := attest.ParseDigest(arg); err == nil {
		return s.stateFile(ctx, artifact.Artifact{Kind: artifact.KindFile, Digest: d}, "")
	}
	t, err := cli.Target(arg)
	if err != nil {
		return err
	}
	if t.Scheme == oci.SchemeFile {
		a, err := resolveFile(ctx, c, t)
		if err != nil {
			return err
		}
		return s.stateFile(ctx, a, filepath.Base(t.Path))
	}
	return s.stateImage(ctx, arg)
}

func (s *ingested) stateFile(ctx context.Context, a artifact.Artifact, name string) error {
	if !delivered(s.call) {
		return &cli.UsageError{Message: "a file has no place for evidence beside it but another file", Hint: "name one with --bundle OUT, or --statement FILE for the unsigned statement"}
	}
	if s.commit == "" && !slices.Contains(s.report.About.Digests, a.Digest) {
		if err := s.unbound("it is about "+a.Digest.String(), "name it with --unsafe-unbound if you know that it is"); err != nil {
			return err
		}
	}
	st, err := s.statement(a, name, nil)
	if err != nil {
		return err
	}
	return s.deliver(ctx, claim{a, st})
}

func (s *ingested) deliver(ctx context.Context, one claim) error {
	signing, err := openSigningUnless(ctx, s.call)
	if err != nil {
		return err
	}
	return deliver(ctx, s.call, signing, []claim{one})
}

func (s *ingested) stateImage(ctx context.Context, arg string) error {
	c := s.call
	client, err := c.Registry()
	if err != nil {
		return err
	}
	image, err := openImage(ctx, client, arg)
	if err != nil {
		return err
	}
	defer image.store.Close()
	node, err := s.node(ctx, image)
	if err != nil {
		return err
	}
	attached, err := s.pack(image, node)
	if err != nil {
		return err
	}
	st, err := s.statement(node, image.name(), attached)
	if err != nil {
		return err
	}
	if delivered(c) {
		return s.deliver(ctx, claim{node, st})
	}
	return s.store(ctx, image, claim{node, st}, attached)
}

// store signs a claim and stores it, after the reports that it names.
func (s *ingested) store(ctx context.Context, image *subject, one claim, attached []attachedReport) error {
	signing, err := openSigning(ctx, s.call)
	if err != nil {
		return err
	}
	r, err := newReceipt(s.call)
	if err != nil {
		return err
	}
	r.doc.Findings = s.counts()
	claims, err := byReference(ctx, s.call, image, signing, []claim{one})
	if err == nil {
		err = attachReports(ctx, image, one.node, attached)
	}
	if err == nil {
		err = signClaims(ctx, r, image, signing, claims)
	}
	if err := signing.close(err); err != nil {
		return err
	}
	return r.print()
}

// unbound is the error of a report that is not known to be about what it is to be attested
// to, unless the user answers for it.
func (s *ingested) unbound(expected, hint string) error {
	found := "the report names no digest"
	if len(s.report.About.Digests) > 0 {
		var all []string
		for _, d := range s.report.About.Digests {
			all = append(all, d.String())
		}
		found = "the report is about " + strings.Join(all, ", ")
	}
	if s.report.About.Name != "" {
		found += " (" + clean(s.report.About.Name) + ")"
	}
	if s.call.Bool("unsafe-unbound") {
		s.call.Sayf("unsafe: %s; nothing but your word says that %s", found, expected)
		return nil
	}
	return &cli.UsageError{Message: found + "; nothing says that " + expected, Hint: hint}
}

var errFound = errors.New("the result is bad")
