package produce

import (
	"context"
	"fmt"
	"path"
	"path/filepath"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/predicate/link"
	"github.com/carnet-project/carnet/attest/predicate/slsa"
	"github.com/carnet-project/carnet/attest/run"
	"github.com/carnet-project/carnet/cmd/internal/cli"
	"github.com/carnet-project/carnet/verify/report"
)

// A runEvidence makes of a step's record what the flags ask for.
type runEvidence struct {
	call        *cli.Call
	build       *slsa.Build // nil where only a link is wanted
	link        bool
	destination string
}

// newRunEvidence finds faults of the flags before the command has run for an hour.
func newRunEvidence(c *cli.Call) (*runEvidence, error) {
	e := &runEvidence{call: c}
	format := c.String("format")
	if format != "slsa" && format != "link" && format != "both" {
		return nil, cli.Usagef("--format is %q, want slsa, link or both", format)
	}
	e.link = format != "slsa"
	if len(c.Arguments()) == 0 {
		return nil, c.Missing("-- COMMAND")
	}
	if len(c.StringSlice("products")) == 0 {
		return nil, c.Missing("--products GLOB")
	}
	if err := e.checkDestination(); err != nil {
		return nil, err
	}
	if format == "link" {
		return e, nil
	}
	b, err := statedBuild(c)
	if err != nil {
		return nil, err
	}
	e.build = b
	return e, nil
}

func (e *runEvidence) checkDestination() error {
	c := e.call
	statement, bundle := c.String("statement"), c.String("bundle")
	switch {
	case statement == "" && bundle == "":
		return &cli.UsageError{Message: "files have no place for evidence beside them but another file", Hint: "name one with --bundle OUT, or --statement FILE for the unsigned statement"}
	case statement != "" && (bundle != "" || c.String("key") != "" || c.String("identity-token") != ""):
		return cli.Usagef("--statement writes the unsigned statement: --key, --identity-token and --bundle have no place beside it")
	case statement == "-" || bundle == "-":
		return cli.Usagef("stdout belongs to the command: name a file in place of -")
	}
	e.destination = statement + bundle
	if statement == "" {
		if _, err := planOf(c); err != nil {
			return err
		}
	}
	return nil
}

// make writes the evidence for a record.
func (e *runEvidence) make(r *run.Record) error {
	e.say(r)
	statements, err := e.statements(r)
	if err != nil {
		return err
	}
	c := e.call
	if c.String("statement") != "" {
		var all []byte
		for _, st := range statements {
			all = append(append(all, st.Bytes()...), '\n')
		}
		return c.WriteFile(e.destination, all)
	}
	ctx, cancel := withTimeout(c)
	defer cancel()
	signing, err := openSigning(ctx, c)
	if err != nil {
		return err
	}
	signing.targets = []string{e.destination}
	return signing.close(e.sign(ctx, signing, statements))
}

// sign writes the bundles as lines. One that is not finished goes into a file of its own,
// once it is.
func (e *runEvidence) sign(ctx context.Context, s *signing, statements []*attest.Statement) error {
	var all []byte
	for _, st := range statements {
		to := e.destination
		if len(statements) > 1 {
			to += map[string]string{slsa.V1: ".provenance", link.V03: ".link"}[st.PredicateType()] + bundleSuffix
		}
		b, err := s.statement(ctx, st, fileDestination(to))
		if err != nil {
			return err
		}
		all = append(append(all, b.Bytes()...), '\n')
	}
	return e.call.WriteFile(e.destination, all)
}

func (e *runEvidence) statements(r *run.Record) ([]*attest.Statement, error) {
	subjects, err := r.Subjects()
	switch {
	case err != nil && len(r.Products) == 0:
		return nil, &cli.UsageError{Message: fmt.Sprintf("--products %q chooses no file: there is nothing to attest", e.call.StringSlice("products")), Hint: "patterns are relative to this folder; see carnet attest run --help"}
	case err != nil:
		return nil, &cli.UsageError{Message: err.Error(), Hint: "choose fewer, attest one archive of them, or a file with their checksums"}
	}
	var all []*attest.Statement
	if e.build != nil {
		r.Describe(e.build)
		raw, err := e.build.Predicate()
		if err != nil {
			return nil, cli.Usagef("the provenance: %v", err)
		}
		st, err := attest.NewStatement(slsa.V1, raw, subjects...)
		if err != nil {
			return nil, err
		}
		all = append(all, st)
	}
	if e.link {
		name := e.call.String("step")
		if name == "" {
			name = path.Base(filepath.ToSlash(r.Command[0]))
		}
		raw, err := r.Link(name)
		if err != nil {
			return nil, cli.Usagef("the link: %v", err)
		}
		st, err := attest.NewStatement(link.V03, raw, subjects...)
		if err != nil {
			return nil, err
		}
		all = append(all, st)
	}
	return all, nil
}

// say tells what whoever reads the evidence should not be the first to find.
func (e *runEvidence) say(r *run.Record) {
	c := e.call
	for _, name := range r.Withheld {
		c.Sayf("carnet: the variable %s is not recorded: it looks like a secret", report.Clean(name))
	}
	for _, s := range r.Skipped {
		c.Sayf("carnet: not recorded: %s: %s", report.Clean(s.Path), s.Why)
	}
	for _, p := range r.Unchanged {
		c.Sayf("carnet: %s was there before, and the command did not write it", report.Clean(p))
	}
	if r.Before != nil && r.After != nil {
		if r.Before.Commit != r.After.Commit {
			c.Sayf("carnet: the command moved the checkout from commit %s to %s", r.Before.Commit, r.After.Commit)
		}
		if !r.Before.Dirty && r.After.Dirty {
			c.Sayf("carnet: the command left changes in the checkout that are not committed")
		}
	}
	for _, n := range r.Notes {
		c.Sayf("carnet: %s", report.Clean(n))
	}
}
