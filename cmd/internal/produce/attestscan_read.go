package produce

import (
	"bytes"
	"errors"
	"slices"
	"strings"

	"github.com/carnet-project/carnet/attest/checkout"
	"github.com/carnet-project/carnet/attest/ingest"
	"github.com/carnet-project/carnet/cmd/internal/cli"
	"github.com/carnet-project/carnet/verify/report"
)

// clean is what another tool wrote as it may be printed.
func clean(s string) string { return report.Clean(s) }

// readScanned reads the reports of --from.
func readScanned(c *cli.Call) (*ingested, error) {
	from := c.StringSlice("from")
	if len(from) == 0 {
		return nil, c.Missing("--from FILE")
	}
	format := ingest.Format(c.String("format"))
	if format != "" && !slices.Contains(ingest.Formats(), string(format)) {
		return nil, cli.Usagef("--format %q is not one of %s", format, strings.Join(ingest.Formats(), ", "))
	}
	s := &ingested{call: c, limit: c.String("fail-on")}
	var all []*ingest.Report
	for _, path := range from {
		raw, err := c.ReadInput(path, ingest.MaxBytes)
		if err != nil {
			return nil, err
		}
		r, err := readReport(format, raw)
		if err != nil {
			return nil, refusedReport(path, err)
		}
		s.files = append(s.files, reportFile{path, r.Format, bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf"))})
		all = append(all, r)
	}
	var err error
	if s.report, err = ingest.Together(all...); err != nil {
		return nil, &cli.UsageError{Message: err.Error(), Hint: "attest each report by itself"}
	}
	return s, nil
}

func readReport(format ingest.Format, raw []byte) (*ingest.Report, error) {
	if format == "" {
		return ingest.Read(raw)
	}
	return ingest.ReadAs(format, raw)
}

func refusedReport(path string, err error) error {
	usage := &cli.UsageError{Message: clean(path + ": " + err.Error())}
	var e *ingest.Error
	switch {
	case !errors.As(err, &e):
	case e.Format == "":
		usage.Hint = "name the format with --format to see what is wrong with the report"
	case e.Format == ingest.GoTest && strings.HasPrefix(e.Where, "line "):
		usage.Hint = "keep stderr out of it: go test -json ./... > tests.json"
	}
	return usage
}

// The types that --as names.
const (
	asVulnerabilities = "vulns"
	asVEX             = "openvex"
	asSARIF           = "sarif"
	asTests           = "test-result"
	asSCAI            = "scai"
)

// kind is the type of predicate that the report becomes if nobody says otherwise.
func (s *ingested) kind() string {
	switch {
	case s.report.Vulnerabilities != nil:
		return asVulnerabilities
	case s.report.VEX != nil:
		return asVEX
	case s.report.Tests != nil:
		return asTests
	}
	return asSARIF
}

// as is the type of predicate to be made.
func (s *ingested) as() string {
	if as := s.call.String("as"); as != "" {
		return as
	}
	return s.kind()
}

// settle holds the flags to the kind of the report, and finds the commit that it is about.
func (s *ingested) settle() error {
	c, kind, as := s.call, s.kind(), s.as()
	switch {
	case as != kind && (as != asSCAI || kind == asVEX):
		return cli.Usagef("--as %s: the report is of the kind %s, which becomes %s or scai, and VEX only openvex", as, kind, kind)
	case as == asSCAI && c.String("name") == "":
		return c.Missing("--name CHECK with --as scai: the attribute that is asserted")
	case c.String("name") != "" && as != asSARIF && as != asTests && as != asSCAI:
		return cli.Usagef("--name is for results of tests and SARIF; policies know a scan by its scanner")
	case kind != asVulnerabilities && (c.String("database-date") != "" || c.String("scanned-at") != ""):
		return cli.Usagef("--database-date and --scanned-at are of scans for vulnerabilities, and the report is of the kind %s", kind)
	case kind != asTests && (c.String("url") != "" || len(c.StringSlice("configuration")) > 0):
		return cli.Usagef("--url and --configuration are of tests, and the report is of the kind %s", kind)
	}
	if err := s.checkLimit(); err != nil {
		return err
	}
	onCommit, err := s.onCommit()
	if err != nil || !onCommit {
		return err
	}
	if len(c.StringSlice("platform")) > 0 {
		return cli.Usagef("what is about a commit is stored with TARGET itself: --platform has no place beside it")
	}
	return s.findCommit()
}

// onCommit says whether the statement is about a git commit.
func (s *ingested) onCommit() (bool, error) {
	kind, on := s.kind(), s.call.String("on")
	source := kind == asSARIF || kind == asTests
	switch {
	case on != "" && on != "commit" && on != "image":
		return false, cli.Usagef("--on %q is not commit or image", on)
	case !source && (on == "commit" || s.call.String("commit") != ""):
		return false, cli.Usagef("the report is of the kind %s, which is about an image and not about a commit", kind)
	case on != "":
		return on == "commit", nil
	}
	return source && (len(s.report.About.Digests) == 0 || s.call.String("commit") != ""), nil
}

// findCommit is what --commit says, or the checkout. A report that names other commits is
// about something else.
func (s *ingested) findCommit() error {
	if err := s.readCommit(); err != nil {
		return err
	}
	if s.commit == "" {
		return &cli.UsageError{Message: "there is no git checkout here that says which commit the report is about", Hint: "name it with --commit COMMIT, or attest it to the image with --on image"}
	}
	named := s.report.About.Commits
	if len(named) == 0 || slices.Contains(named, s.commit) {
		return nil
	}
	if s.call.Bool("unsafe-unbound") {
		s.call.Sayf("unsafe: the report is about the commit %s; nothing but your word says that it is about %s", strings.Join(named, ", "), s.commit)
		return nil
	}
	return &cli.UsageError{Message: "the report is about the commit " + strings.Join(named, ", ") + ", want " + s.commit, Hint: "make the report of the commit that is checked out, or name the commit that it is about with --commit"}
}

func (s *ingested) readCommit() error {
	if commit := s.call.String("commit"); commit != "" {
		if (len(commit) != 40 && len(commit) != 64) || strings.Trim(commit, "0123456789abcdef") != "" {
			return cli.Usagef("--commit %q is not the full name of a commit: 40 or 64 characters of lower-case hex", commit)
		}
		s.commit = commit
		return nil
	}
	facts, err := checkout.Read(s.call.Ctx(), ".", s.call.Env.Environ())
	switch {
	case errors.Is(err, checkout.ErrNotCheckout), errors.Is(err, checkout.ErrNoCommit), errors.Is(err, checkout.ErrNoGit):
		return nil
	case err != nil:
		return cli.WithHint(err, "name the commit with --commit COMMIT")
	}
	s.commit, s.repository = facts.Commit, facts.Remote
	if facts.Dirty {
		s.call.Sayf("note: the checkout has changes that are not committed, and the result will be of the commit %s", facts.Commit)
	}
	return nil
}
