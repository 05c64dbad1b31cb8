package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/carnet-project/carnet/verify"
)

// RequireSigners is the name of the requirement that bundles which are required by their
// digests come from enough signers together.
const RequireSigners = "signers"

// WithThreshold is the policy with signatures wanted by n distinct signers of every node
// that needs one; where the policy names bundles and no signature, the bundles together
// must come from n. Two signatures are one signer's if [verify.Identity.Same] says so:
// a key counts once under whatever names, and an identity once with whatever keys.
func (p *Policy) WithThreshold(n int) (*Policy, error) {
	if n < 1 {
		return nil, fmt.Errorf("a threshold of %d signers would allow anything", n)
	}
	counted := slices.ContainsFunc(p.requirements, func(r Requirement) bool { return r.name == RequireSignature || !r.bundle.IsZero() })
	if n > 1 && !counted {
		return nil, fmt.Errorf("a threshold of %d signers counts signatures, and the policy requires none", n)
	}
	with := *p
	with.threshold = n
	return &with, nil
}

// signersRow asks of bundles that are required one by one that they come from enough
// signers together.
func (p *Policy) signersRow(c Case) []Cell {
	bundles := slices.DeleteFunc(slices.Clone(p.requirements), func(r Requirement) bool { return r.bundle.IsZero() })
	signature := slices.ContainsFunc(p.requirements, func(r Requirement) bool { return r.name == RequireSignature })
	if p.threshold < 2 || signature || len(bundles) == 0 {
		return nil
	}
	cell := Cell{Requirement: Requirement{name: RequireSigners}, Node: c.Artifact, Required: true, Threshold: p.threshold}
	for _, e := range c.Evidence {
		if slices.ContainsFunc(bundles, func(r Requirement) bool { return r.MetBy(e) }) {
			cell.Evidence = append(cell.Evidence, e)
		}
	}
	cell.count(c, slices.Concat(cell.Evidence, c.Beside))
	return []Cell{cell}
}

// count passes the cell if the evidence comes from enough signers, and else says how
// many there are and who.
func (cell *Cell) count(c Case, evidence []*verify.Evidence) {
	signers := distinct(evidence)
	if len(signers) >= max(cell.Threshold, 1) {
		cell.Status = StatusPass
		return
	}
	f := explain(cell, c)
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
	cell.Status, cell.Finding = f.Status, &f
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
func distinct(evidence []*verify.Evidence) []verify.Identity {
	m := matching{byKey: map[string]int{}, byName: map[string]int{}}
	for _, e := range evidence {
		m.edges = append(m.edges, edgeOf(e.By()))
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
