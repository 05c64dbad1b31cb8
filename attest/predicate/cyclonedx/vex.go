package cyclonedx

import (
	"strings"
	"time"

	"github.com/carnet-project/carnet/attest/predicate/internal/strict"
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
	if err := Validate(predicateType, raw); err != nil {
		return nil, err
	}
	d := vex{purls: map[string]string{}}
	if err := strict.Read(raw, d.check()); err != nil {
		return nil, err
	}
	doc := &openvex.Document{ID: d.serial, Author: d.author, Issued: d.issued}
	for _, a := range d.analyses {
		doc.Statements = append(doc.Statements, d.statement(a))
	}
	return doc, nil
}

// vex is a document being read.
type vex struct {
	serial, author, subject string
	issued                  time.Time
	// purls are the package URLs of components by their bom-ref.
	purls    map[string]string
	analyses []analysis
}

// An analysis is one vulnerability with what was found out about it.
type analysis struct {
	id, state, justification, detail string
	aliases, affects                 []string
	issued, updated                  time.Time
}

// maxNesting bounds components within components, as the sbom package does.
const maxNesting = 32

func (d *vex) check() strict.Check {
	return strict.Object(
		strict.Optional("serialNumber", strict.Text(&d.serial)),
		strict.Optional("metadata", strict.Object(
			strict.Optional("timestamp", strict.Time(&d.issued)),
			strict.Optional("authors", strict.Each(d.named)),
			strict.Optional("manufacturer", d.named),
			strict.Optional("component", strict.Object(
				strict.Optional("bom-ref", strict.Text(&d.subject)),
				strict.Optional("components", strict.Each(d.component(0))),
			)),
		)),
		strict.Optional("components", strict.Each(d.component(0))),
		strict.Optional("vulnerabilities", strict.Each(d.vulnerability)),
	)
}

// named keeps the first name or address of an author.
func (d *vex) named(in *strict.Reader) (bool, error) {
	var name, email string
	filled, err := strict.Object(strict.Optional("name", strict.Text(&name)), strict.Optional("email", strict.Text(&email)))(in)
	for _, s := range []string{email, name} {
		if d.author == "" {
			d.author = s
		}
	}
	return filled, err
}

func (d *vex) component(nesting int) strict.Check {
	return func(in *strict.Reader) (bool, error) {
		if nesting == maxNesting {
			return strict.Any()(in)
		}
		var ref, purl string
		filled, err := strict.Object(
			strict.Optional("bom-ref", strict.Text(&ref)),
			strict.Optional("purl", strict.Text(&purl)),
			strict.Optional("components", func(in *strict.Reader) (bool, error) { return strict.Each(d.component(nesting + 1))(in) }),
		)(in)
		if ref != "" && purl != "" {
			d.purls[ref] = purl
		}
		// An empty component is for the reader of the list to refuse.
		return filled || err == nil, err
	}
}

func (d *vex) vulnerability(in *strict.Reader) (bool, error) {
	var a analysis
	analysed := false
	filled, err := strict.Object(
		strict.Optional("id", strict.Text(&a.id)),
		strict.Optional("references", strict.Each(strict.Object(strict.Optional("id", text(&a.aliases))))),
		strict.Optional("analysis", func(in *strict.Reader) (bool, error) {
			analysed = true
			return strict.Object(
				strict.Optional("state", strict.Text(&a.state)),
				strict.Optional("justification", strict.Text(&a.justification)),
				strict.Optional("detail", strict.Text(&a.detail)),
				strict.Optional("firstIssued", strict.Time(&a.issued)),
				strict.Optional("lastUpdated", strict.Time(&a.updated)),
			)(in)
		}),
		strict.Optional("affects", strict.Each(strict.Object(strict.Required("ref", text(&a.affects))))),
	)(in)
	if err == nil && analysed && a.id != "" {
		d.analyses = append(d.analyses, a)
	}
	return filled, err
}

func text(into *[]string) strict.Check {
	return func(in *strict.Reader) (bool, error) {
		var s string
		filled, err := strict.Text(&s)(in)
		*into = append(*into, s)
		return filled, err
	}
}

func (d *vex) statement(a analysis) openvex.Statement {
	s := openvex.Statement{Vulnerability: a.id, Aliases: a.aliases, Justification: a.justification, Impact: a.detail, At: a.issued}
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
		s.Status = openvex.Affected
	default:
		s.Status = openvex.UnderInvestigation
	}
	for _, ref := range a.affects {
		if ref == d.subject && ref != "" {
			// The whole thing is what the attestation is about; other parts of it add nothing.
			s.Products = nil
			return s
		}
		s.Products = append(s.Products, openvex.Product{Component: openvex.Component{IDs: []string{d.product(ref)}}})
	}
	return s
}

// product is the package URL of what a reference names, or the reference.
func (d *vex) product(ref string) string {
	if purl, known := d.purls[ref]; known {
		return purl
	}
	if _, part, found := strings.Cut(ref, "#"); found && strings.HasPrefix(ref, "urn:cdx:") {
		return part
	}
	return ref
}
