package policy

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/attest/predicate"
	"github.com/carnet-project/carnet/attest/predicate/cyclonedx"
	"github.com/carnet-project/carnet/attest/predicate/openvex"
	"github.com/carnet-project/carnet/attest/predicate/vuln"
	"github.com/carnet-project/carnet/verify"
)

// vexed is what accepted authors say of vulnerabilities.
type vexed struct {
	*bench
	// by has the statements by the vulnerabilities' ids in lower case.
	by map[string][]*vexStatement
}

// A vexStatement is one statement of an accepted author.
type vexStatement struct {
	*openvex.Statement
	of     *verify.Evidence
	author string
	// at is when it was signed, by trusted time; zero where nobody says.
	at time.Time
	// lie says that it claims to be from after it was signed.
	lie bool
}

func (s *vexStatement) String() string {
	text := string(s.Status)
	if s.Justification != "" {
		text += " (" + s.Justification + ")"
	} else if s.Impact != "" && s.Status == openvex.NotAffected {
		text += " (" + clip(s.Impact) + ")"
	}
	return fmt.Sprintf("%s, says VEX by %s of %s", text, s.author, day(s.At.UTC()))
}

// vexRequirement is for statements about vulnerabilities, which CycloneDX documents may have too. They lift
// denials and are never missing.
func vexRequirement() Requirement {
	r := Requirement{name: "vex", rule: "vex", what: "VEX", classes: []predicate.Class{predicate.VEX}, types: []string{cyclonedx.Type}, spread: platforms, selection: SelectAll, wanted: true}
	for _, v := range cyclonedx.Versions() {
		r.types = append(r.types, cyclonedx.Type+"/v"+v)
	}
	return r
}

// vex gathers what accepted authors say. Only they count: VEX is what lets something in, so that nobody is
// believed who is not named.
func (b *bench) vex(r *VulnerabilitiesClause) *vexed {
	x := &vexed{bench: b, by: map[string][]*vexStatement{}}
	if len(r.VEXFrom) == 0 {
		return x
	}
	var seen []*verify.Evidence
	b.row(r.Clause, vexRequirement(), r.VEXFrom, func(cell *Cell) {
		cell.Evidence = slices.DeleteFunc(cell.Evidence, func(e *verify.Evidence) bool {
			d := b.vexDocument(e)
			if d == nil {
				return true
			}
			if !slices.Contains(seen, e) {
				seen = append(seen, e)
				x.take(r, e, d)
			}
			return false
		})
		b.foreign(cell, r)
		if len(cell.Evidence) == 0 {
			b.missing(cell, r.Clause)
		}
	})
	return x
}

// vexDocument is what a piece of evidence states of vulnerabilities, or nil.
func (b *bench) vexDocument(e *verify.Evidence) *openvex.Document {
	read := openvex.Parse
	if predicate.ClassOf(e.PredicateType()) != predicate.VEX {
		// Most CycloneDX documents are large and analyse nothing. One that hides the name behind an escape
		// lifts nothing.
		if !bytes.Contains(e.Predicate(), []byte(`"analysis"`)) {
			return nil
		}
		read = cyclonedx.VEX
	}
	d, err := remember(b.c.Facts, e, "vex", func() (*openvex.Document, error) { return read(e.PredicateType(), e.Predicate()) })
	if err != nil || len(d.Statements) == 0 {
		return nil // what cannot be read lifts nothing
	}
	return d
}

// take adds the statements of a document that may still count.
func (x *vexed) take(r *VulnerabilitiesClause, e *verify.Evidence, d *openvex.Document) {
	author, err := x.signer(e, r.VEXFrom)
	if err != nil {
		return
	}
	if c := e.By().Certificate; c != nil && d.Author != "" && !strings.Contains(strings.ToLower(d.Author), strings.ToLower(c.Subject)) {
		x.noteOnce("vex.author", fmt.Sprintf("VEX by %s names %q as its author", c.Subject, clip(d.Author)), r.Line)
	}
	for i := range d.Statements {
		s := &vexStatement{Statement: &d.Statements[i], of: e, author: author, at: e.SignedAt()}
		if s.at.IsZero() && x.doc.Trust.Claimed {
			s.at = s.At
		}
		s.lie = !s.at.IsZero() && s.At.After(s.at.Add(skew))
		if r.VEXMaxAge > 0 && x.expired(r, s) {
			continue
		}
		for _, id := range slices.Compact(slices.Sorted(slices.Values(append([]string{s.Vulnerability}, s.Aliases...)))) {
			id = strings.ToLower(id)
			x.by[id] = append(x.by[id], s)
		}
	}
}

// expired says whether a statement is too old by the older of when it was signed and what it says itself. Of
// what has no trusted time nobody knows the age.
func (x *vexed) expired(r *VulnerabilitiesClause, s *vexStatement) bool {
	if s.at.IsZero() || x.c.At.IsZero() {
		return true
	}
	at := s.at
	if s.At.Before(at) {
		at = s.At
	}
	return x.c.At.Sub(at) > r.VEXMaxAge
}

// foreign notes VEX that is ignored, for whoever wonders why it does not help.
func (b *bench) foreign(cell *Cell, r *VulnerabilitiesClause) {
	for _, e := range b.c.Evidence {
		if cell.Requirement.MetBy(e) && b.covers(e, cell) && b.accepted(e, r.VEXFrom) != nil && b.vexDocument(e) != nil {
			b.noteOnce("vex.untrusted", fmt.Sprintf("VEX by %s is ignored, want VEX by %s", e.By(), strings.Join(r.VEXFrom, " or ")), r.Line)
		}
	}
	for _, m := range onPath(b.c.Artifact.Path(cell.Node.Digest), b.c.Rejected, func(m Rejected) attest.Digest { return m.Subject }) {
		if predicate.ClassOf(m.PredicateType) == predicate.VEX {
			b.noteOnce("vex.untrusted", fmt.Sprintf("VEX is ignored, want %s, found %s", m.Refusal.Expected, m.Refusal.Found), r.Line)
		}
	}
}

// mostNotes bounds the notes of one rule: anybody can store evidence.
const mostNotes = 10

func (b *bench) noteOnce(rule, text string, line int) {
	n := 0
	for _, known := range b.notes {
		if known.Rule != rule {
			continue
		}
		if n++; n == mostNotes || known.Text == text && known.Line == line {
			return
		}
	}
	b.note(rule, text, line)
}

// lifts gives the statement because of which a finding does not count, or nil. Of each author the newest
// statement about the vulnerability and the product counts; of one moment, and of what has no trusted time, the
// worst does; and so it does where authors contradict each other.
func (x *vexed) lifts(node artifact.Artifact, f *vuln.Finding) *vexStatement {
	authors := map[string][]*vexStatement{}
	for _, id := range append([]string{f.ID}, f.Aliases...) {
		for _, s := range x.by[strings.ToLower(id)] {
			if !slices.Contains(authors[s.author], s) && x.about(s, node, f) {
				authors[s.author] = append(authors[s.author], s)
			}
		}
	}
	var lifting *vexStatement
	for _, author := range slices.Sorted(maps.Keys(authors)) {
		for _, s := range newestStatements(authors[author]) {
			if !s.harmless() {
				return nil
			}
			lifting = s
		}
	}
	return lifting
}

// harmless says whether the statement lifts a finding.
func (s *vexStatement) harmless() bool {
	switch {
	case s.lie:
		return false
	case s.Status == openvex.NotAffected:
		return s.Explained()
	}
	return s.Status == openvex.Fixed
}

func newestStatements(all []*vexStatement) []*vexStatement {
	later := func(a, b *vexStatement) int {
		if order := a.at.Truncate(time.Second).Compare(b.at.Truncate(time.Second)); order != 0 {
			return order
		}
		return a.At.Compare(b.At)
	}
	latest := slices.MaxFunc(all, later)
	return slices.DeleteFunc(slices.Clone(all), func(s *vexStatement) bool { return !s.at.IsZero() && later(s, latest) != 0 })
}
