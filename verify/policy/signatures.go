package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/carnet-project/carnet/verify"
)

// signatures asks for signatures of every node by enough distinct signers.
func (b *bench) signatures(r *SignaturesClause) {
	if r == nil {
		return
	}
	b.row(r.Clause, signatureRequirement(), r.From, func(cell *Cell) {
		cell.Threshold = max(r.Threshold, 1)
		b.vouched(cell, r)
		var beside []*verify.Evidence
		for _, e := range b.c.Beside {
			if cell.Threshold > 1 && cell.Requirement.MetBy(e) && b.accepted(e, r.From) == nil && r.unvouched(e) == nil {
				beside = append(beside, e)
			}
		}
		b.count(cell, r.Clause, r.From, append(beside, cell.Evidence...))
	})
}

// vouched keeps the signatures for which a log or an authority vouches, where that is asked.
func (b *bench) vouched(cell *Cell, r *SignaturesClause) {
	cell.Evidence = slices.DeleteFunc(cell.Evidence, func(e *verify.Evidence) bool {
		refusal := r.unvouched(e)
		if refusal != nil {
			cell.refused = append(cell.refused, Rejected{Subject: cell.Node.Digest, Bundle: e.Bundle(), PredicateType: e.PredicateType(), Form: e.Form(), Refusal: refusal})
		}
		return refusal != nil
	})
}

func (r *SignaturesClause) unvouched(e *verify.Evidence) *verify.Error {
	switch {
	case r.Log && len(e.Logs()) == 0:
		return &verify.Error{Reason: verify.ReasonLogMissing, Expected: "a signature in a transparency log", Found: "none by " + e.By().String() + " that is in one"}
	case r.Timestamp && !slices.ContainsFunc(e.Times(), func(t verify.Time) bool { return t.Source == verify.TimeTimestamp }):
		return &verify.Error{Reason: verify.ReasonTimeMissing, Expected: "a signature with a timestamp", Found: "none by " + e.By().String() + " that has one"}
	}
	return nil
}

// bundles asks that bundles which are named are good, each by itself, and that they come
// from enough signers together.
func (b *bench) bundles(r *Require) {
	var all []*verify.Evidence
	for _, d := range r.Bundles {
		for _, cell := range b.row(Clause{}, RequireBundle(d), nil, func(cell *Cell) { b.count(cell, Clause{}, nil, cell.Evidence) }) {
			if cell.Node.Digest == b.c.Artifact.Digest {
				all = append(all, cell.Evidence...)
			}
		}
	}
	if len(r.Bundles) == 0 || r.bundleSigners < 2 || r.Signatures != nil {
		return
	}
	cell := b.cell(Clause{}, Requirement{name: RequireSigners, rule: RequireSignature, what: "signatures"}, b.c.Artifact)
	cell.Threshold, cell.Evidence = r.bundleSigners, all
	b.count(&cell, Clause{}, nil, slices.Concat(all, b.c.Beside))
	cell.settle()
	b.cells = append(b.cells, cell)
}

// count passes the cell if the evidence comes from enough signers, and else says how
// many there are and who.
func (b *bench) count(cell *Cell, clause Clause, from []string, evidence []*verify.Evidence) {
	signers := distinct(evidence, func(e *verify.Evidence) string { return b.pipeline(e, from) })
	if len(signers) >= cell.Threshold {
		if len(from) > 0 {
			b.find(cell, clause, b.signed(cell, from, signers, evidence))
		}
		return
	}
	f := explain(cell, b.c)
	if cell.Threshold > 1 && f.Status != StatusInvalid && f.Status != StatusError {
		f.Expected = fmt.Sprintf("signatures of %s by %d distinct signers", cell.Node.Digest, cell.Threshold)
		if len(signers) > 0 {
			refused := ""
			if f.Status != StatusMissing {
				refused = "; refused: " + f.Found
			}
			f.Rule, f.Status, f.Reason = RequireSignature+".threshold", StatusFail, ""
			f.Found = found(signers, evidence) + refused
		}
	}
	b.find(cell, clause, f)
}

// pipeline is the identity of a CI system, among those named, that made e: its workflows and
// refs are one signer, however many of them signed. "" is anything else.
func (b *bench) pipeline(e *verify.Evidence, from []string) string {
	name, err := b.signer(e, from)
	if i := b.signers[name].identity; err == nil && (i.GitHub != nil || i.GitLab != nil) {
		return name
	}
	return ""
}

// signed is how the rule passed.
func (b *bench) signed(cell *Cell, from []string, signers []verify.Identity, evidence []*verify.Evidence) Finding {
	f := Finding{Rule: RequireSignature + ".identity", Status: StatusPass, Expected: "a signature by " + strings.Join(from, " or "), Found: found(signers, evidence)}
	if cell.Threshold > 1 {
		f.Rule, f.Expected = RequireSignature+".threshold", fmt.Sprintf("signatures by %d distinct signers of %s", cell.Threshold, strings.Join(from, ", "))
	}
	if len(evidence) == 1 {
		f.Evidence = evidence[0].Bundle()
	}
	return f
}

func found(signers []verify.Identity, evidence []*verify.Evidence) string {
	var names []string
	for _, s := range signers {
		names = append(names, s.String())
	}
	plural := "s"
	if len(signers) == 1 {
		plural = ""
	}
	text := fmt.Sprintf("%d distinct signer%s: %s", len(signers), plural, strings.Join(names, ", "))
	if len(evidence) > len(signers) {
		text += fmt.Sprintf("; the others of %d signatures are by the same", len(evidence))
	}
	return text
}

// distinct are as many of the signers as can be told apart: the most of which no two are
// the same. A key and an identity may each be in one of them only, so this is a greatest
// matching of keys and identities. It never shrinks when evidence is added, which would
// hold for no count that depends on the order or that joins a chain of pairs.
// What the function calls the same is one, where it calls it anything.
func distinct(evidence []*verify.Evidence, called func(*verify.Evidence) string) []verify.Identity {
	m := matching{byKey: map[string]int{}, byName: map[string]int{}}
	for _, e := range evidence {
		edge := edgeOf(e.By())
		if name := called(e); name != "" {
			edge.name = "identity " + name
		}
		m.edges = append(m.edges, edge)
	}
	for _, e := range m.edges {
		m.add(e)
	}
	var signers []verify.Identity
	for i, e := range evidence {
		if at, ok := m.byKey[m.edges[i].key]; ok && at == i {
			signers = append(signers, e.By())
		}
	}
	return signers
}

// An edge joins a signer's key with who a certificate says holds it.
type edge struct{ key, name string }

// edgeOf gives what is not known a name that nothing else has. Of signers of whom nothing
// is known there is one.
func edgeOf(i verify.Identity) edge {
	e := edge{key: i.Key.String()}
	if c := i.Certificate; c != nil {
		e.name = fmt.Sprintf("%q %q", c.Subject, c.Issuer)
		if c.Issuer == "" {
			e.name = fmt.Sprintf("%q by %q", c.Subject, c.Authority)
		}
	}
	if e.name == "" {
		e.name = "key " + e.key
	}
	if e.key == "" {
		e.key = "name " + e.name
	}
	return e
}

// matching is a set of edges of which no two share a key or a name. The maps have each
// end's edge by its place.
type matching struct {
	edges         []edge
	byKey, byName map[string]int
}

// add brings an edge in, moving others where that makes room.
func (m *matching) add(e edge) {
	if _, matched := m.byKey[e.key]; !matched {
		m.reach(e.key, map[string]bool{})
	}
}

// reach finds the key a name, which its last key leaves for another if it must: an
// augmenting path.
func (m *matching) reach(key string, tried map[string]bool) bool {
	for i, e := range m.edges {
		if e.key != key || tried[e.name] {
			continue
		}
		tried[e.name] = true
		if other, taken := m.byName[e.name]; taken && !m.reach(m.edges[other].key, tried) {
			continue
		}
		m.byName[e.name], m.byKey[key] = i, i
		return true
	}
	return false
}
