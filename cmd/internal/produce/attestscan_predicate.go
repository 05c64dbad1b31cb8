package produce

import (
	"bytes"
	"errors"
	"path/filepath"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/attest/ingest"
	"github.com/carnet-project/carnet/attest/predicate/openvex"
	"github.com/carnet-project/carnet/attest/predicate/resource"
	"github.com/carnet-project/carnet/attest/predicate/sarif"
	"github.com/carnet-project/carnet/attest/predicate/scai"
	"github.com/carnet-project/carnet/attest/predicate/testresult"
	"github.com/carnet-project/carnet/attest/predicate/vuln"
	"github.com/carnet-project/carnet/cmd/internal/cli"
)

// statement says what the report says about a node, or about the commit.
func (s *ingested) statement(n artifact.Artifact, name string, attached []attachedReport) (*attest.Statement, error) {
	uri, predicate, err := s.predicate()
	if err != nil {
		return nil, err
	}
	if predicate, err = withReports(predicate, attached); err != nil {
		return nil, err
	}
	if len(predicate) > maxPredicateBytes {
		return nil, cli.Usagef("the predicate has %d bytes, want at most %d", len(predicate), maxPredicateBytes)
	}
	about := attest.NewSubject(name, n.Digest)
	if s.commit != "" {
		about = attest.NewGitSubject(s.repository, s.commit)
	}
	st, err := attest.NewStatement(uri, predicate, about)
	if err != nil {
		return nil, cli.Usagef("%s: %v", s.files[0].name, err)
	}
	return st, nil
}

// predicate is the report as a predicate of the type that it is to be.
func (s *ingested) predicate() (uri string, raw []byte, err error) {
	name := s.call.String("name")
	switch s.as() {
	case asVulnerabilities:
		return s.vulnerabilities()
	case asVEX:
		if s.report.Format == ingest.OpenVEX {
			return openvex.Type, bytes.TrimSpace(s.files[0].raw), nil // it is the predicate already
		}
		uri = openvex.TypeV2
		raw, err = s.report.VEX.Predicate()
	case asTests:
		return s.tests(name)
	case asSARIF:
		uri = sarif.V1
		raw, err = sarif.Document{
			Name: name, Commit: s.commit, Log: s.report.Analysis,
			Tool: sarif.Tool{Name: s.report.Tool.Name, Version: s.report.Tool.Version, URI: s.report.Tool.URI},
		}.Predicate()
	default:
		return s.attribute(name)
	}
	if err != nil {
		err = cli.Usagef("%s: %v", s.files[0].name, err)
	}
	return uri, raw, err
}

// vulnerabilities are in-toto's, whose dates are the report's, or else the user's. A report
// without them could be of any age, so that none is guessed.
func (s *ingested) vulnerabilities() (string, []byte, error) {
	r := *s.report.Vulnerabilities
	database, err := moment(s.call, "database-date")
	if err != nil {
		return "", nil, err
	}
	ended, err := moment(s.call, "scanned-at")
	if err != nil {
		return "", nil, err
	}
	if r.Database.Updated, err = s.dated("database-date", r.Database.Updated, database, "when the scanner's database was updated"); err != nil {
		return "", nil, err
	}
	if r.Finished, err = s.dated("scanned-at", r.Finished, ended, "when the scan ended"); err != nil {
		return "", nil, err
	}
	if r.Started.IsZero() || r.Started.After(r.Finished) {
		r.Started = r.Finished
	}
	raw, err := r.Predicate()
	if err != nil {
		return "", nil, cli.Usagef("%s: %v", s.files[0].name, err)
	}
	return vuln.InToto02, raw, nil
}

// dated is a time that the report says or, where it does not, a flag.
func (s *ingested) dated(flag string, said, given time.Time, what string) (time.Time, error) {
	switch {
	case said.IsZero() && given.IsZero():
		hint := "say it with --" + flag + " TIME, as 2006-01-02T15:04:05Z"
		if s.report.Format == ingest.Trivy && flag == "database-date" {
			hint += "; trivy version --format json has it as VulnerabilityDB.UpdatedAt"
		}
		return said, &cli.UsageError{Message: s.files[0].name + " (" + string(s.report.Format) + ") does not say " + what, Hint: hint}
	case said.IsZero():
		return given, nil
	case !given.IsZero() && !given.Equal(said):
		return said, cli.Usagef("--%s is %s, and the report says %s", flag, given.UTC().Format(time.RFC3339), said.UTC().Format(time.RFC3339))
	}
	return said, nil
}

func (s *ingested) tests(name string) (string, []byte, error) {
	r := *s.report.Tests
	r.Name, r.URL = name, s.call.String("url")
	var err error
	if r.Configuration, err = s.configuration(); err != nil {
		return "", nil, err
	}
	raw, err := r.Predicate()
	if err != nil {
		return "", nil, cli.Usagef("the result of the tests: %v", err)
	}
	return testresult.V01, raw, nil
}

// configuration is what the tests ran by: the files that are named, or else the source.
func (s *ingested) configuration() ([]resource.Descriptor, error) {
	var all []resource.Descriptor
	for _, path := range s.call.StringSlice("configuration") {
		raw, err := cli.ReadFile(path, maxPredicateBytes)
		if err != nil {
			return nil, err
		}
		all = append(all, resource.Descriptor{Name: filepath.ToSlash(path), Digest: digestSet(attest.SHA256(raw))})
	}
	if all != nil {
		return all, nil
	}
	source := *s
	if source.commit == "" {
		if err := source.readCommit(); err != nil {
			return nil, err
		}
	}
	if source.commit == "" {
		return nil, &cli.UsageError{Message: "nothing says what the tests ran by", Hint: "name it with --configuration FILE, or the commit that they are of with --commit COMMIT"}
	}
	return []resource.Descriptor{{Name: s.tool(), URI: source.repository, Digest: map[string]string{"gitCommit": source.commit}}}, nil
}

// tool is what the report's tool is called, or its format.
func (s *ingested) tool() string {
	if s.report.Tool.Name != "" {
		return s.report.Tool.Name
	}
	return string(s.report.Format)
}

func digestSet(d attest.Digest) map[string]string { return map[string]string{d.Algorithm(): d.Hex()} }

// attribute asserts the name of a result that is not as bad as --fail-on says. Of one that is
// there is nothing to assert, for an attribute that is there is one that holds.
func (s *ingested) attribute(name string) (string, []byte, error) {
	limit := s.limit
	if limit == "" {
		if s.kind() == asVulnerabilities {
			return "", nil, s.call.Missing("--fail-on SEVERITY with --as scai: what the attribute says is not there")
		}
		limit = "error"
	}
	if bad := s.graver(limit); len(bad) > 0 {
		s.printTable(bad)
		return "", nil, cli.WithHint(errFound, "nothing was signed: --as scai asserts "+name+", and the result is as bad as "+limit)
	}
	conditions, err := json.Marshal(map[string]string{"nothingOf": limit})
	if err != nil {
		return "", nil, err
	}
	a := scai.Attribute{Name: name, Conditions: conditions}
	if s.kind() == asTests {
		a.Conditions = nil
	}
	f := s.files[0]
	if len(s.files) > 1 {
		return "", nil, cli.Usagef("--as scai names one report as evidence, and --from has %d", len(s.files))
	}
	a.Evidence = f.descriptor()
	r := scai.Report{Attributes: []scai.Attribute{a}}
	if uri := s.report.Tool.URI; uri != "" {
		r.Producer = resource.Descriptor{Name: strings.TrimSpace(s.report.Tool.Name + " " + s.report.Tool.Version), URI: uri}
	}
	raw, err := r.Predicate()
	if err != nil {
		return "", nil, errors.Join(cli.Usagef("the attribute"), err)
	}
	return scai.V03, raw, nil
}
