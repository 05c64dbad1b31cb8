package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/verify"
	"github.com/carnet-project/carnet/verify/policy"
)

// most is how many findings of one rule are shown before the rest is folded.
const most = 10

// A level is what becomes of a rule that is not met.
type level string

const (
	levelError   level = "error"
	levelWarning level = "warning"
	levelNote    level = "note"
)

// levelOf is what becomes of the rules of a cell: they deny, they warn because of the mode
// or because they are not in force yet, or they are only written down.
func levelOf(c policy.Cell) level {
	switch {
	case c.Mode == policy.ModeAudit:
		return levelNote
	case c.Mode == policy.ModeWarn || c.Pending:
		return levelWarning
	}
	return levelError
}

// An entry is a rule of a cell that is not met.
type entry struct {
	policy.Finding
	cell  policy.Cell
	level level
	// follows is the rule of which the entry is a consequence, where that is not met.
	follows string
	// also are further nodes of which the same is to be said.
	also []artifact.Artifact
}

// entries are the rules that are not met: tampering first, then what could not be decided,
// then by the distance from the digest, and consequences last.
func entries(v policy.Verdict) []entry {
	var all []entry
	seen := map[policy.Finding]bool{}
	for _, c := range v.Unmet() {
		for _, f := range c.Findings {
			if f.Status.Allows() || seen[f] {
				continue
			}
			seen[f] = true
			all = append(all, entry{Finding: f, cell: c, level: levelOf(c)})
		}
	}
	consequences(all)
	slices.SortStableFunc(all, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.rank(), b.rank()), cmp.Compare(distance(a.Rule), distance(b.Rule)))
	})
	return all
}

// consequences marks what follows from another entry. What follows from a rule that is met,
// if not in every way, is told by itself, for nothing else tells of it.
func consequences(all []entry) {
	roots := map[string]bool{}
	for _, e := range all {
		roots[e.Rule] = true
		if e.Follows == "" {
			section, _, _ := cutRule(e.Rule)
			roots[section] = true
		}
	}
	for i, e := range all {
		section, _, _ := cutRule(e.Follows)
		if e.Follows != e.Rule && (roots[e.Follows] || roots[section]) {
			all[i].follows = e.Follows
		}
	}
}

func (e entry) rank() int {
	switch {
	case e.Status == policy.StatusInvalid:
		return 0
	case e.Status == policy.StatusError:
		return 1
	case e.follows == "":
		return 2
	}
	return 3
}

// where names the nodes that the entry is about.
func (e entry) where() string {
	names := []string{nodeName(e.cell.Node)}
	for _, n := range e.also {
		if len(names) == 5 {
			return strings.Join(names, ", ") + fmt.Sprintf(" and %d more", len(e.also)-4)
		}
		names = append(names, nodeName(n))
	}
	return strings.Join(names, ", ")
}

// size is how many findings the entry is.
func (e entry) size() int { return 1 + len(e.also) }

// merge makes one entry of those that differ in nothing but the node.
func merge(all []entry) []entry {
	var found []entry
	at := map[policy.Finding]int{}
	for _, e := range all {
		same := e.Finding
		same.Subject, same.Platform = attest.Digest{}, ""
		i, known := at[same]
		if known && found[i].level == e.level {
			found[i].also = append(found[i].also, e.cell.Node)
			continue
		}
		at[same] = len(found)
		found = append(found, e)
	}
	return found
}

// origin says where the rule stands: "scope first-party, policy line 44".
func (e entry) origin(p *policy.Policy) string {
	if e.Line == 0 || p == nil {
		return ""
	}
	name := "policy"
	if len(p.Documents()) > 1 {
		name = "policy " + e.Policy
	}
	text := fmt.Sprintf("%s line %d", name, e.Line)
	if e.Scope != "" {
		text = "scope " + e.Scope + ", " + text
	}
	return text
}

// distance is how far from the digest a rule's section lies. A section that is not known
// lies with the evidence.
func distance(rule string) int {
	section, _, _ := cutRule(rule)
	chain := []string{"policy", "summary", "summaries", "image", "signature", "bundle", "provenance", "agree", "source", "base", "sbom", "vulnerabilities", "vex", "checks", "attestation", "approvals"}
	if i := slices.Index(chain, section); i >= 0 {
		return i
	}
	return len(chain)
}

// A batch is the entries of one rule.
type batch struct {
	rule    string
	entries []entry
}

// batches puts together what is of one rule, in the order of the first of each.
func batches(all []entry) []batch {
	var found []batch
	at := map[string]int{}
	for _, e := range all {
		i, known := at[e.Rule]
		if !known {
			i, at[e.Rule] = len(found), len(found)
			found = append(found, batch{rule: e.Rule})
		}
		found[i].entries = append(found[i].entries, e)
	}
	return found
}

// first are the entries that are shown, and how many findings are not.
func (b batch) first() (shown []entry, more int) {
	for i, e := range merge(b.entries) {
		if i < most {
			shown = append(shown, e)
			continue
		}
		more += e.size()
	}
	return shown, more
}

// causes are the entries that are no consequence, and sentences tell of the rest.
func causes(all []entry) (own []entry, sentences []string) {
	count := map[string]int{}
	var order []string
	for _, e := range all {
		if e.follows == "" {
			own = append(own, e)
			continue
		}
		if count[e.follows] == 0 {
			order = append(order, e.follows)
		}
		count[e.follows]++
	}
	for _, rule := range order {
		sentences = append(sentences, fmt.Sprintf("%s could not be evaluated because %s", counted(count[rule], "more rule"), because(rule)))
	}
	return own, sentences
}

// because says what is wrong where a rule is not met on which others depend.
func because(rule string) string {
	section, _, _ := cutRule(rule)
	switch section {
	case "provenance":
		return "there is no accepted provenance"
	case "sbom":
		return "there is no accepted SBOM"
	case "signature":
		return "there is no accepted signature"
	case "source":
		return "the source is not known"
	case "base":
		return "the base image is not known"
	case "vulnerabilities":
		return "there is no accepted scan"
	}
	return rule + " is not met"
}

// written says whether a person wrote the policy down: it was read from somewhere, or it
// has a version. What flags say has neither.
func written(p *policy.Policy) bool {
	return p != nil && slices.ContainsFunc(p.Documents(), func(d *policy.Document) bool {
		return !d.Digest.IsZero() || d.URI != "" || d.Version > 0
	})
}

// nodes are the artifacts of the matrix, each once and in its order.
func nodes(v policy.Verdict) []artifact.Artifact {
	var all []artifact.Artifact
	seen := map[attest.Digest]bool{}
	for _, c := range v.Cells() {
		if !seen[c.Node.Digest] {
			seen[c.Node.Digest] = true
			all = append(all, c.Node)
		}
	}
	return all
}

// selection tells which of several pieces of evidence count: "newest of 3".
func selection(c policy.Cell) string {
	if !c.Requirement.Exhaustive() || len(c.Evidence) == 0 {
		return ""
	}
	return fmt.Sprintf("%s of %d", c.Requirement.Selection(), max(c.Candidates, len(c.Evidence)))
}

// selectionOf is how a piece of evidence was selected, where others were left.
func selectionOf(v policy.Verdict, e *verify.Evidence) string {
	for _, c := range v.Cells() {
		if s := selection(c); s != "" && slices.Contains(c.Evidence, e) {
			return s
		}
	}
	return ""
}

// An effect is what becomes of an outcome.
type effect string

const (
	effectAllow effect = "allow"
	effectDeny  effect = "deny"
	effectWarn  effect = "warn"
	effectAudit effect = "audit"
)

// effectOf is allow or deny; or, where the artifact is let in though rules that deny are not
// met, what the policy does instead.
func effectOf(r Result) effect {
	switch {
	case r.Err != nil || !r.Verdict.Allowed():
		return effectDeny
	case r.Verdict.Outcome() == policy.Allowed:
		return effectAllow
	case r.Verdict.Mode() == policy.ModeAudit:
		return effectAudit
	}
	return effectWarn
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// short is as much of a digest as a person compares.
func short(d attest.Digest) string { return shorten(d.String()) }

func shorten(digest string) string {
	algorithm, hex, ok := strings.Cut(digest, ":")
	if !ok || len(hex) <= 12 {
		return digest
	}
	return algorithm + ":" + hex[:12] + "…"
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return moment(t)
}

func day(t time.Time) string { return t.UTC().Format("2006-01-02") }

// bundleOf finds a piece of evidence by its bundle among those that counted; nil if there is none.
func bundleOf(v policy.Verdict, d attest.Digest) *verify.Evidence {
	for _, e := range v.Evidence() {
		if !d.IsZero() && e.Bundle() == d {
			return e
		}
	}
	return nil
}

// cutRule splits a rule's id.
func cutRule(id string) (section, word string, ok bool) { return strings.Cut(id, ".") }

// hash names a list of texts.
func hash(parts []string) string {
	var all strings.Builder
	for _, p := range parts {
		fmt.Fprintf(&all, "%q", p)
	}
	return attest.SHA256([]byte(all.String())).String()
}
