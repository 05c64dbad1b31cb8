package sbom

import (
	"slices"
	"strings"
)

// maxLicenceParts bounds how many elements make one licence, and maxLicenceNesting how they are nested: one
// that names itself has no end.
const (
	maxLicenceParts   = 1000
	maxLicenceNesting = 16
)

// license3 is one element of a licence: an expression, a name, or an operator over other elements.
type license3 struct {
	text, operator string
	of             []string
}

func (e *element) license() *license3 {
	switch e.kind {
	case "simplelicensing_LicenseExpression":
		return &license3{text: e.expression}
	case "expandedlicensing_DisjunctiveLicenseSet":
		return &license3{operator: " OR ", of: e.refs["expandedlicensing_member"]}
	case "expandedlicensing_ConjunctiveLicenseSet":
		return &license3{operator: " AND ", of: e.refs["expandedlicensing_member"]}
	case "expandedlicensing_OrLaterOperator":
		return &license3{operator: "+", of: e.refs["expandedlicensing_subjectLicense"]}
	case "expandedlicensing_WithAdditionOperator":
		return &license3{operator: " WITH ", of: slices.Concat(e.refs["expandedlicensing_subjectExtendableLicense"], e.refs["expandedlicensing_subjectAddition"])}
	}
	return &license3{text: e.name}
}

// expression writes the licence with this id as an SPDX expression, of at most so many parts.
func (d *spdx3) expression(id string, nesting int, parts *int) string {
	l := d.licenses[id]
	if *parts--; l == nil || nesting > maxLicenceNesting || *parts < 0 {
		// A licence of SPDX's list need not be in the document.
		return strings.TrimPrefix(id, "https://spdx.org/licenses/")
	}
	if l.operator == "" {
		if l.text == "" {
			return strings.TrimPrefix(id, "https://spdx.org/licenses/")
		}
		return l.text
	}
	var all []string
	for _, of := range l.of {
		if *parts < 0 {
			break
		}
		part := d.expression(of, nesting+1, parts)
		if strings.Contains(part, " ") && l.operator != " WITH " {
			part = "(" + part + ")"
		}
		all = append(all, part)
	}
	if l.operator == "+" {
		return strings.Join(all, "") + "+"
	}
	return strings.Join(all, l.operator)
}

// complete adds to the document what other elements say of it and of its packages.
func (d *spdx3) complete(doc *Document) {
	doc.Contexts = d.contexts
	for _, id := range d.creation.refs["createdBy"] {
		if p, known := d.agents[id]; known {
			doc.Authors = append(doc.Authors, p)
		}
	}
	for _, id := range d.creation.refs["createdUsing"] {
		name, version := d.tools[id], ""
		if i := strings.LastIndexByte(name, '-'); i > 0 {
			name, version = name[:i], name[i+1:]
		}
		if name != "" {
			doc.Tools = append(doc.Tools, Tool{name, version})
		}
	}
	places := map[string]int{}
	for i := range doc.Packages {
		p := &doc.Packages[i]
		places[p.Ref] = i
		p.Supplier, p.Manufacturer = d.agents[d.suppliers[p.Ref]], d.agents[d.makers[p.Ref]]
		p.Completeness = d.completeness[p.Ref]
	}
	written := map[string]string{}
	for _, l := range d.licensed {
		at, known := places[l[0]]
		if !known {
			continue
		}
		if _, known := written[l[1]]; !known {
			parts := maxLicenceParts
			written[l[1]] = d.expression(l[1], 0, &parts)
		}
		doc.Packages[at].license(written[l[1]])
	}
	for _, f := range d.delivered {
		file, kept := d.files[f[1]]
		if at, known := places[f[0]]; known && kept {
			doc.Packages[at].Distribution = &file
		}
	}
	d.root(doc, d.rooted[d.id], 0)
	doc.describe()
}

// root follows the root elements of the document to what it describes.
func (d *spdx3) root(doc *Document, ids []string, nesting int) {
	for _, id := range ids {
		if inner, collection := d.rooted[id]; collection && nesting < 4 {
			d.root(doc, inner, nesting+1)
			continue
		}
		doc.graph.roots = append(doc.graph.roots, doc.graph.id([]byte(id)))
	}
}
