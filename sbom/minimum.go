package sbom

import (
	"fmt"
	"slices"
	"strings"
)

// A Minimum is a list of minimum elements that an SBOM must have.
type Minimum string

// The minima. docs/decisions/sbom-minimum.md says how each element is looked for.
const (
	// NTIA is "The Minimum Elements For a Software Bill of Materials" of 2021.
	NTIA Minimum = "ntia"
	// CISA2026 is CISA's "Minimum Elements for a Software Bill of Materials", edition of 2026.
	CISA2026 Minimum = "cisa-2026"
	// BSI21 is BSI TR-03183-2, version 2.1.0, section 5.2, the required fields.
	BSI21 Minimum = "bsi-2.1"
)

// Minima are all that are known.
func Minima() []Minimum { return []Minimum{NTIA, CISA2026, BSI21} }

// A Gap is an element that a document lacks.
type Gap struct {
	// Element is its name in words: "supplier", "component hash".
	Element string
	// Missing is in how many of how many components; both are 0 for an element of the document.
	Missing, Of int
	// Names are of the first components that lack it, at most five.
	Names []string
}

func (g Gap) String() string {
	if g.Of == 0 {
		return g.Element
	}
	text := fmt.Sprintf("%s in %d of %d components (%s", g.Element, g.Missing, g.Of, strings.Join(g.Names, ", "))
	if more := g.Missing - len(g.Names); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text + ")"
}

// maxGapNames bounds the names of a gap.
const maxGapNames = 5

// A requirement is an element that is looked for in the document or in each component.
type requirement struct {
	name     string
	document func(*Document) bool
	each     func(*Document, *Package) bool
}

// Gaps are the elements that the document lacks, in the order of the list. Components are the packages that
// are not what the document describes. The error says that the list is not known.
func (m Minimum) Gaps(d *Document) ([]Gap, error) {
	all, known := minima()[m]
	if !known {
		return nil, fmt.Errorf("minimum %q is none of %v", string(m), Minima())
	}
	var gaps []Gap
	for _, e := range all {
		if e.document != nil {
			if !e.document(d) {
				gaps = append(gaps, Gap{Element: e.name})
			}
			continue
		}
		g := Gap{Element: e.name}
		for i := range d.Packages {
			p := &d.Packages[i]
			if d.Describes(p) {
				continue
			}
			g.Of++
			if e.each(d, p) {
				continue
			}
			if g.Missing++; len(g.Names) < maxGapNames {
				g.Names = append(g.Names, p.Name)
			}
		}
		if g.Missing > 0 {
			gaps = append(gaps, g)
		}
	}
	return gaps, nil
}

func minima() map[Minimum][]requirement {
	name := requirement{name: "component name", each: func(_ *Document, p *Package) bool { return p.Name != "" }}
	version := requirement{name: "component version", each: func(_ *Document, p *Package) bool { return p.Version != "" }}
	identifier := requirement{name: "unique identifier", each: func(_ *Document, p *Package) bool { return p.PURL != "" || len(p.Identifiers) > 0 }}
	relation := requirement{name: "dependency relationship", document: func(d *Document) bool { return d.Dependencies() >= Direct }}
	timestamp := requirement{name: "timestamp", document: func(d *Document) bool { return !d.Created.IsZero() }}
	supplier := func(_ *Document, p *Package) bool { return told(p.Supplier.Name) || told(p.Manufacturer.Name) }
	tool := func(d *Document) bool { return slices.ContainsFunc(d.Tools, func(t Tool) bool { return told(t.Name) }) }
	return map[Minimum][]requirement{
		NTIA: {
			{name: "author", document: func(d *Document) bool { return d.author() || tool(d) }}, timestamp, relation,
			{name: "supplier", each: supplier}, name, version, identifier,
		},
		CISA2026: {
			{name: "author", document: (*Document).author}, timestamp,
			{name: "tool name", document: tool},
			{name: "tool version", document: func(d *Document) bool {
				return slices.ContainsFunc(d.Tools, func(t Tool) bool { return t.Version != "" })
			}},
			{name: "generation context", document: func(d *Document) bool { return slices.ContainsFunc(d.Contexts, told) }},
			{name: "document version", document: func(d *Document) bool { return d.Format != CycloneDX || d.Revision != "" && d.ID != "" }},
			relation,
			{name: "component producer", each: supplier}, name, version, identifier,
			{name: "component hash", each: func(_ *Document, p *Package) bool { return strong(p.Hashes) || strong(p.delivered().Hashes) }},
			{name: "component license", each: func(_ *Document, p *Package) bool { return len(p.Licenses) > 0 }},
		},
		BSI21: bsi(name, version, timestamp, relation),
	}
}

func bsi(name, version, timestamp, relation requirement) []requirement {
	oneOf := func(value string, words ...string) bool { return slices.Contains(words, value) }
	return []requirement{
		{name: "format CycloneDX 1.6 or SPDX 3.0.1 or higher", document: func(d *Document) bool {
			return Range{Format: CycloneDX, Least: "1.6"}.Has(d.Header) || Range{Format: SPDX, Least: "3.0.1"}.Has(d.Header)
		}},
		{name: "creator with an email address or a URL", document: func(d *Document) bool { return slices.ContainsFunc(d.Authors, Party.reachable) }},
		timestamp, relation,
		{name: "component creator with an email address or a URL", each: func(_ *Document, p *Package) bool { return p.Manufacturer.reachable() }},
		name, version,
		{name: "filename", each: func(_ *Document, p *Package) bool { return p.delivered().FileName != "" }},
		{name: "completeness of dependencies", each: func(_ *Document, p *Package) bool { return p.Completeness != "" && p.Completeness != "not_specified" }},
		{name: "distribution licence", each: func(_ *Document, p *Package) bool { return len(p.Licenses) > 0 }},
		{name: "SHA-512 of the deployable component", each: func(_ *Document, p *Package) bool {
			is512 := func(h Hash) bool { return h.Algorithm == "sha512" && len(h.Value) == 128 }
			return slices.ContainsFunc(p.Hashes, is512) || slices.ContainsFunc(p.delivered().Hashes, is512)
		}},
		{name: "executable property", each: func(_ *Document, p *Package) bool {
			return oneOf(p.delivered().Executable, "executable", "non-executable")
		}},
		{name: "archive property", each: func(_ *Document, p *Package) bool { return oneOf(p.delivered().Archive, "archive", "no archive") }},
		{name: "structured property", each: func(_ *Document, p *Package) bool {
			return oneOf(p.delivered().Structured, "structured", "unstructured")
		}},
	}
}

// author says whether a person or an organisation is named as who made the document.
func (d *Document) author() bool {
	return slices.ContainsFunc(d.Authors, func(p Party) bool { return told(p.Name) || p.reachable() })
}

// reachable says whether a machine can reach the party, as BSI asks.
func (p Party) reachable() bool {
	return strings.Contains(p.Email, "@") || strings.HasPrefix(p.URL, "https://") || strings.HasPrefix(p.URL, "http://")
}

// told says whether the text says anything.
func told(s string) bool {
	switch strings.ToUpper(strings.TrimSpace(s)) {
	case "", "NOASSERTION", "NONE", "UNKNOWN":
		return false
	}
	return true
}

// strong says whether one of the hashes is of an algorithm that is not broken.
func strong(hashes []Hash) bool {
	return slices.ContainsFunc(hashes, func(h Hash) bool {
		switch h.Algorithm {
		case "", "md2", "md4", "md5", "md6", "sha1", "adler32":
			return false
		}
		return h.Value != ""
	})
}
