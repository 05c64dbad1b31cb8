// Package lint finds what a policy document allows and its author may not have meant:
// identities that are too broad, builders that move, exceptions that nobody ends, rules
// that can never be met or never matter. What it tells are warnings. What is wrong with a
// document for sure, package document refuses.
package lint

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/carnet-project/carnet/verify/policy"
)

// A Warning is something to look at.
type Warning struct {
	// Rule is the id of the check, which never changes: "identity.broad".
	Rule string
	// Line is where the file has it, counted from 1; 0 for a document made in Go.
	Line int
	// Text says what is there and what comes of it, and Fix what to do: a sentence each.
	Text, Fix string
}

func (w Warning) String() string {
	return fmt.Sprintf("%d: %s: %s (%s)", w.Line, w.Rule, w.Text, w.Fix)
}

// Options are what a document does not say.
type Options struct {
	// Since is when the document came into force in its present mode: the zero time is
	// unknown, and nothing is said about how long it is only tried out.
	Since time.Time
	// Expressions tells what is doubtful in a requirement in CEL. Without it that is told as
	// far as its text shows.
	Expressions func(expression string) []string
}

// A linter collects warnings.
type linter struct {
	doc   *policy.Document
	at    time.Time
	found []Warning
}

// Lint looks at a document that package document accepts, as of a time; without one, what
// depends on it is left out. The warnings are sorted by their lines.
func Lint(d *policy.Document, at time.Time, o Options) []Warning {
	l := &linter{doc: d, at: at}
	l.mode(o.Since)
	l.trust()
	for _, i := range d.Identities {
		l.identity(i)
	}
	for _, b := range d.Builders {
		l.builder(b)
	}
	l.shadows()
	for i := range d.Scopes {
		l.scope(&d.Scopes[i])
	}
	for _, p := range l.parts() {
		if p.require.Agree != nil && len(p.require.Agree) == 0 {
			l.warn("agree.nothing", p.require.Line, "leave agree out", "pieces of evidence need not agree on the repository or the commit: tests of another commit count")
		}
		l.threshold(p.require)
		l.vulnerabilities(p.require.Vulnerabilities)
		l.level(p.require)
		l.late(p.require)
		l.expressions(p.require.Rules, o.Expressions)
	}
	for _, e := range d.Exceptions {
		l.exception(e)
	}
	l.unused()
	slices.SortStableFunc(l.found, func(a, b Warning) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return strings.Compare(a.Rule, b.Rule)
	})
	return l.found
}

func (l *linter) warn(rule string, line int, fix, format string, args ...any) {
	l.found = append(l.found, Warning{Rule: rule, Line: line, Text: fmt.Sprintf(format, args...), Fix: fix})
}

// Rules are the ids of all checks, sorted.
func Rules() []string {
	return []string{
		"agree.nothing", "builder.moving", "exception.broad", "exception.expired", "exception.expiring", "exception.unreachable",
		"identity.broad", "identity.moving", "identity.subject", "identity.triggers", "identity.unused", "mode.audit",
		"provenance.level", "rule.doubtful", "rule.late", "rule.masked", "rule.unreachable", "rule.vacuous", "scope.shadowed", "scope.unbound",
		"threshold.same", "trust.claimed", "vulnerabilities.database", "vulnerabilities.nothing",
	}
}

// maxTrial is how long a policy may be only tried out.
const maxTrial = 30 * 24 * time.Hour

func (l *linter) mode(since time.Time) {
	if l.doc.Mode == policy.ModeAudit && !since.IsZero() && !l.at.IsZero() && l.at.Sub(since) > maxTrial {
		l.warn("mode.audit", 0, "look at its reports, then set mode: warn or enforce",
			"the policy has been in mode audit for %d days, and lets everything in", int(l.at.Sub(since).Hours()/24))
	}
}

func (l *linter) trust() {
	if l.doc.Trust.Claimed {
		l.warn("trust.claimed", 0, "have evidence timestamped, and leave clock out",
			"clock: claimed believes the times that signers write: whoever holds a key can make old evidence look new")
	}
}

// A part is the requirements of the baseline or of a scope.
type part struct {
	require *policy.Require
	scope   *policy.Scope
}

func (l *linter) parts() []part {
	var all []part
	if l.doc.Baseline != nil {
		all = append(all, part{l.doc.Baseline, nil})
	}
	for i := range l.doc.Scopes {
		all = append(all, part{&l.doc.Scopes[i].Require, &l.doc.Scopes[i]})
	}
	return all
}

// identityOf is the identity of a name; one that is not there is the zero identity.
func (l *linter) identityOf(name string) policy.Identity {
	for _, i := range l.doc.Identities {
		if i.Name == name {
			return i
		}
	}
	return policy.Identity{}
}

// unused tells of identities and builders that nothing names.
func (l *linter) unused() {
	used := map[string]bool{}
	builders := map[string]bool{}
	for _, p := range l.parts() {
		for _, name := range p.require.Signers() {
			used[name] = true
		}
		if p.require.Provenance != nil {
			for _, name := range p.require.Provenance.Builders {
				builders[name] = true
			}
		}
	}
	for _, b := range l.doc.Builders {
		for _, name := range b.SignedBy {
			used[name] = true
		}
		if !builders[b.Name] {
			l.warn("identity.unused", b.Line, "name it in a provenance section, or take it out", "no scope names the builder %s", b.Name)
		}
	}
	if s := l.doc.Summaries; s != nil {
		used[s.Issuer] = true
		if s.Accept != nil {
			for _, name := range s.Accept.From {
				used[name] = true
			}
		}
	}
	for _, i := range l.doc.Identities {
		if !used[i.Name] {
			l.warn("identity.unused", i.Line, "name it where its evidence counts, or take it out", "nothing names the identity %s", i.Name)
		}
	}
}
