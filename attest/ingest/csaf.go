package ingest

import (
	"fmt"
	"strings"
	"time"

	"github.com/carnet-project/carnet/attest/internal/strict"
	"github.com/carnet-project/carnet/attest/predicate/openvex"
)

// csaf is an advisory of CSAF 2.0 (OASIS) of the profile VEX or security advisory, whose products are said to be
// affected or not.
func csaf() format {
	return format{CSAF,
		func(raw []byte) bool {
			document, found := memberOf(raw, "document")
			return found && strings.Contains(string(document[:min(len(document), maxHead)]), `"csaf_version"`)
		},
		readCSAF}
}

// maxHead is how far into the head of an advisory its version is looked for, in bytes: what precedes it are notes
// and references.
const maxHead = 4 << 20

// advisory is one being read.
type advisory struct {
	category, version, status   string
	publisher, namespace, id    string
	title, engine, engineNumber string
	released                    time.Time
	products                    products
	vulnerabilities             []vulnerability
	// entries counts products in statements, which are bounded together.
	entries int
}

func readCSAF(raw []byte) (*Report, error) {
	a := advisory{products: newProducts()}
	if err := strict.Read(raw, a.check()); err != nil {
		return nil, refused(CSAF, err)
	}
	if err := a.profile(); err != nil {
		return nil, err
	}
	d := &openvex.Document{ID: strings.TrimRight(a.namespace, "/") + "/" + a.id, Author: a.publisher, Issued: a.released.UTC()}
	notes := &Report{}
	for i := range a.vulnerabilities {
		statements, err := a.statements(i, notes)
		if err != nil {
			return nil, err
		}
		d.Statements = append(d.Statements, statements...)
	}
	if len(d.Statements) == 0 {
		return nil, unlike(CSAF, "/vulnerabilities", "a product that is named by a package URL, a CPE or a hash, and what is said of it", "none")
	}
	r := vexed(CSAF, d)
	r.Notes = append(notes.Notes, r.Notes...)
	r.About.Name = a.title
	r.Tool = Tool{Name: a.engine, Version: a.engineNumber}
	if a.status == "interim" {
		r.note("The advisory is interim: its publisher expects to change it.")
	}
	return r, nil
}

// profile holds the head to what is read.
func (a *advisory) profile() error {
	switch {
	case a.version != "2.0" && a.version != "2.1":
		return unlike(CSAF, "/document/csaf_version", `"2.0" or "2.1"`, "%q", strict.Clip(a.version))
	case a.category != "csaf_vex" && a.category != "csaf_security_advisory":
		return unlike(CSAF, "/document/category", `"csaf_vex" or "csaf_security_advisory"`, "%q", strict.Clip(a.category))
	case a.status != "final" && a.status != "interim":
		return unlike(CSAF, "/document/tracking/status", `"final" or "interim"`, "%q", strict.Clip(a.status))
	}
	return nil
}

func (a *advisory) check() strict.Check {
	return strict.Object(
		strict.Required("document", strict.Object(
			strict.Required("category", strict.Text(&a.category)),
			strict.Required("csaf_version", strict.Text(&a.version)),
			strict.Optional("title", strict.Text(&a.title)),
			strict.Required("publisher", strict.Object(
				strict.Required("name", strict.Text(&a.publisher)),
				strict.Required("namespace", strict.URI(&a.namespace)),
			)),
			strict.Required("tracking", strict.Object(
				strict.Required("id", strict.Text(&a.id)),
				strict.Required("status", strict.Text(&a.status)),
				strict.Required("current_release_date", strict.Time(&a.released)),
				strict.Optional("generator", strict.Object(strict.Optional("engine", strict.Object(
					strict.Optional("name", strict.Text(&a.engine)),
					strict.Optional("version", strict.Text(&a.engineNumber)),
				)))),
			)),
		)),
		strict.Required("product_tree", a.products.check()),
		strict.Required("vulnerabilities", strict.Each(func(in *strict.Reader) (bool, error) {
			v := vulnerability{}
			filled, err := v.check()(in)
			a.vulnerabilities = append(a.vulnerabilities, v)
			return filled, err
		})),
	)
}

// maxProducts bounds the products of all statements of an advisory together.
const maxProducts = 200_000

// A statementKey is what products have in common that are in one statement.
type statementKey struct {
	status                        openvex.Status
	justification, impact, action string
}

// statements are what is said of one vulnerability: one for each status and reason.
func (a *advisory) statements(i int, notes *Report) ([]openvex.Statement, error) {
	v := &a.vulnerabilities[i]
	where := fmt.Sprintf("/vulnerabilities/%d", i)
	name := v.name()
	if name == "" {
		return nil, unlike(CSAF, where, "a cve or an id", "neither")
	}
	var all []openvex.Statement
	at := map[statementKey]int{}
	unnamed, unexplained, aliases := 0, 0, v.others(name)
	flags, impacts, actions := v.about(&a.products)
	if a.products.remarks > maxRemarks {
		return nil, unlike(CSAF, where, fmt.Sprintf("at most %d products of flags, threats and remediations in all", maxRemarks), "more")
	}
	for _, s := range v.statuses {
		for _, id := range s.ids {
			if a.entries++; a.entries > maxProducts {
				return nil, unlike(CSAF, where+"/product_status", fmt.Sprintf("at most %d products in all", maxProducts), "more")
			}
			product, defined := a.products.product(id)
			if !defined {
				return nil, unlike(CSAF, where+"/product_status", "ids that the product tree defines", "%q", strict.Clip(id))
			}
			key := statementKey{status: s.status}
			switch s.status {
			case openvex.NotAffected:
				key.justification, key.impact = flags[id], impacts[id]
			case openvex.Affected:
				if key.action = actions[id]; key.action == "" {
					key.action = unsaidAction
				}
			}
			switch {
			case len(product.IDs) == 0 && len(product.Hashes) == 0:
				unnamed++
				continue
			case s.status == openvex.NotAffected && key.justification == "" && key.impact == "":
				unexplained++
				continue
			}
			k, known := at[key]
			if !known {
				k, at[key] = len(all), len(all)
				all = append(all, openvex.Statement{
					Vulnerability: name, Aliases: aliases, Status: key.status, Justification: key.justification,
					Impact: key.impact, Action: key.action, At: a.released.UTC(),
				})
			}
			all[k].Products = append(all[k].Products, product)
		}
	}
	if unnamed > 0 {
		notes.note("%s: products without a package URL, a CPE or a hash are left out (%d).", name, unnamed)
	}
	if unexplained > 0 {
		notes.note("%s: products that are not affected and of which nothing says why are left out (%d).", name, unexplained)
	}
	return all, nil
}
