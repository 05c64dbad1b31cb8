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
	call *cli.Call
	// link and provenance say what is wanted.
	link, provenance bool
	build            *slsa.Build // as far as it is known before the command
	destination      string
}

// newRunEvidence finds faults of the flags before the command has run for an hour.
func newRunEvidence(c *cli.Call) (*runEvidence, error) {
	e := &runEvidence{call: c}
	format := c.String("format")
	if format != "slsa" && format != "link" && format != "both" {
		return nil, cli.Usagef("--format is %q, want slsa, link or both", format)
	}
	e.link, e.provenance = format != "slsa", format != "link"
	if len(c.Arguments()) == 0 {
		return nil, c.Missing("-- COMMAND")
	}
	if len(c.StringSlice("products")) == 0 {
		return nil, c.Missing("--products GLOB")
	}
	if err := e.checkDestination(); err != nil {
		return nil, err
	}
	return e, nil
}

// prepare finds out what the build is, before the command changes anything. Within a system
// of continuous integration the parameters are that system's and the step's together, and
// the build type is the one that says so.
func (e *runEvidence) prepare(context.Context) (err error) {
	if !e.provenance {
		return nil
	}
	if e.build, err = statedBuild(e.call); err != nil {
		return err
	}
	if e.call.String("build-type") == "" {
		e.build.BuildType = run.BuildType
	}
	for _, name := range []string{"command", "workingDirectory"} {
		if _, taken := e.build.ExternalParameters[name]; taken {
			return cli.Usagef("--parameter %s: the build type %s gives that name a meaning", name, e.build.BuildType)
		}
	}
	return nil
}

func (e *runEvidence) checkDestination() error {
	c := e.call
	statement, bundle := c.String("statement"), c.String("bundle")
	switch {
	case statement == "" && bundle == "":
		return &cli.UsageError{Message: "files have no place for evidence beside them but another file", Hint: "name one with --bundle OUT, or --statement FILE for the unsigned statement"}
	case statement == "-" || bundle == "-":
		return cli.Usagef("stdout belongs to the command: name a file in place of -")
	}
	if err := unsignedAlone(c); err != nil {
		return err
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
	if e.provenance {
		r.Describe(e.build)
		raw, err := e.build.Predicate()
		if err != nil {
			return nil, cli.Usagef("the provenance: %v", err)
		}
		if all, err = add(all, slsa.V1, raw, subjects); err != nil {
			return nil, err
		}
	}
	if e.link {
		raw, err := r.Link(e.step(r))
		if err != nil {
			return nil, cli.Usagef("the link: %v", err)
		}
		if all, err = add(all, link.V03, raw, subjects); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func add(all []*attest.Statement, predicateType string, predicate []byte, subjects []attest.Subject) ([]*attest.Statement, error) {
	st, err := attest.NewStatement(predicateType, predicate, subjects...)
	return append(all, st), err
}

// step is the step's name in a link.
func (e *runEvidence) step(r *run.Record) string {
	if name := e.call.String("step"); name != "" {
		return name
	}
	return path.Base(filepath.ToSlash(r.Command[0]))
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
	e.sayTrace(r.Trace)
	for _, n := range r.Notes {
		c.Sayf("carnet: %s", report.Clean(n))
	}
}

// maxUndeclared bounds the undeclared inputs that are told one by one.
const maxUndeclared = 50

func (e *runEvidence) sayTrace(t *run.Trace) {
	if t == nil {
		return
	}
	c := e.call
	for _, p := range t.Undeclared[:min(len(t.Undeclared), maxUndeclared)] {
		c.Sayf("carnet: undeclared input: %s", report.Clean(p))
	}
	if more := len(t.Undeclared) - maxUndeclared; more > 0 {
		c.Sayf("carnet: and %d more undeclared %s", more, plural(more, "input", "inputs"))
	}
	for _, p := range t.Unknown {
		c.Sayf("carnet: an input that was changed since it was read: %s", report.Clean(p))
	}
	for _, d := range t.Dropped {
		c.Sayf("carnet: the trace is not whole: %s (%d)", d.Reason, d.Count)
	}
	if t.NoNewPrivileges {
		c.Sayf("carnet: under --trace, programs such as sudo ran without the rights of their owner")
	}
}
