package cyclonedx

import (
	"strings"

	"github.com/carnet-project/carnet/attest/predicate/openvex"
)

// VEX reads what a document says of vulnerabilities that were analysed (CycloneDX 1.4 and later,
// vulnerabilities[].analysis) as the statements that OpenVEX has for it. Vulnerabilities without an analysis
// are left out, for nobody says anything of them. A document without any has no statements.
//
// What is affected is named by a bom-ref of the document, which is read as that component's package URL, or by
// a BOM-Link whose last part is a package URL; the component that the document describes, and a statement that
// names nothing, stand for the subjects of the attestation. The error is [Validate]'s.
func VEX(predicateType string, raw []byte) (*openvex.Document, error) {
	d, err := read(predicateType, raw)
	if err != nil {
		return nil, err
	}
	return d.vex(), nil
}

func (d *document) vex() *openvex.Document {
	doc := &openvex.Document{ID: d.serial, Author: d.author, Issued: d.issued}
	for i := range d.entries {
		if e := &d.entries[i]; e.analysed && e.id != "" {
			doc.Statements = append(doc.Statements, d.statement(e))
		}
	}
	return doc
}

func (d *document) statement(a *entry) openvex.Statement {
	s := openvex.Statement{Vulnerability: a.id, Aliases: a.aliases, Justification: a.justification, Impact: a.detail, At: a.firstIssued}
	if a.updated.After(s.At) {
		s.At = a.updated
	}
	if s.At.IsZero() {
		s.At = d.issued
	}
	switch a.state {
	case "resolved", "resolved_with_pedigree":
		s.Status = openvex.Fixed
	case "not_affected", "false_positive":
		s.Status = openvex.NotAffected
	case "exploitable":
		s.Status, s.Action = openvex.Affected, a.action()
	default:
		s.Status = openvex.UnderInvestigation
	}
	for _, affected := range a.affects {
		ref := affected.ref
		if ref == d.subject.ref && ref != "" {
			// The whole thing is what the attestation is about; other parts of it add nothing.
			s.Products = nil
			return s
		}
		s.Products = append(s.Products, openvex.Product{Component: openvex.Component{IDs: []string{d.product(ref)}}})
	}
	return s
}

// product is the package URL of what a reference names, or the reference.
func (d *document) product(ref string) string {
	if p := d.parts[ref]; p.purl != "" {
		return p.purl
	}
	if _, part, found := strings.Cut(ref, "#"); found && strings.HasPrefix(ref, "urn:cdx:") {
		return part
	}
	return ref
}
