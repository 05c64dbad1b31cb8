package ingest

import (
	"slices"
	"strings"

	"github.com/carnet-project/carnet/attest/internal/strict"
	"github.com/carnet-project/carnet/attest/predicate/openvex"
)

// products are those of an advisory's product tree (CSAF 2.0, section 3.2.2), by their id.
type products struct {
	named  map[string]openvex.Component
	joined map[string]joint
	groups map[string][]string
	// remarks counts the products of remarks.
	remarks int
}

// A joint is a product that is another as a part of a third: a package of a distribution.
type joint struct{ part, whole string }

func newProducts() products {
	return products{named: map[string]openvex.Component{}, joined: map[string]joint{}, groups: map[string][]string{}}
}

// maxBranches bounds branches within branches.
const maxBranches = 64

func (p *products) check() strict.Check {
	return strict.Object(
		strict.Optional("full_product_names", strict.Each(p.name())),
		strict.Optional("branches", p.branches(0)),
		strict.Optional("relationships", strict.Each(p.relationship)),
		strict.Optional("product_groups", strict.Each(func(in *strict.Reader) (bool, error) {
			var id string
			var of []string
			filled, err := strict.Object(
				strict.Required("group_id", strict.Text(&id)),
				strict.Required("product_ids", strict.Texts(&of)),
			)(in)
			p.groups[id] = of
			return filled, err
		})),
	)
}

func (p *products) branches(nesting int) strict.Check {
	return strict.Each(func(in *strict.Reader) (bool, error) {
		if nesting == maxBranches {
			return false, unlike(CSAF, in.Where(), "branches at most 64 deep", "more")
		}
		return strict.Object(
			strict.Optional("product", p.name()),
			strict.Optional("branches", func(in *strict.Reader) (bool, error) { return p.branches(nesting + 1)(in) }),
		)(in)
	})
}

// name reads a product's names.
func (p *products) name() strict.Check {
	return func(in *strict.Reader) (bool, error) {
		id, c, filled, err := productName(in)
		if err == nil {
			p.named[id] = c
		}
		return filled, err
	}
}

func productName(in *strict.Reader) (string, openvex.Component, bool, error) {
	var id, cpe string
	var purls, hashes []string
	c := openvex.Component{}
	filled, err := strict.Object(
		strict.Required("product_id", strict.Text(&id)),
		strict.Optional("product_identification_helper", strict.Object(
			strict.Optional("purl", collected(&purls)),
			strict.Optional("purls", strict.Texts(&purls)), // CSAF 2.1
			strict.Optional("cpe", strict.Text(&cpe)),
			strict.Optional("hashes", strict.Each(strict.Object(strict.Optional("file_hashes", strict.Each(func(in *strict.Reader) (bool, error) {
				var algorithm, value string
				filled, err := strict.Object(strict.Optional("algorithm", strict.Text(&algorithm)), strict.Optional("value", strict.Text(&value)))(in)
				if algorithm == "sha256" && value != "" {
					hashes = append(hashes, strings.ToLower(value))
				}
				return filled, err
			}))))),
		)),
	)(in)
	if len(hashes) == 1 {
		// A product of several files is none of them.
		c.Hashes = map[string]string{"sha-256": hashes[0]}
	}
	for _, id := range purls[:min(len(purls), 1)] {
		c.IDs = append(c.IDs, id)
	}
	if cpe != "" {
		c.IDs = append(c.IDs, cpe)
	}
	c.IDs = slices.DeleteFunc(c.IDs, func(id string) bool { return !strict.IsURI(id) })
	return id, c, filled, err
}

// relationship reads a product that is another one in a third.
func (p *products) relationship(in *strict.Reader) (bool, error) {
	var j joint
	var id string
	var own openvex.Component
	filled, err := strict.Object(
		strict.Required("product_reference", strict.Text(&j.part)),
		strict.Required("relates_to_product_reference", strict.Text(&j.whole)),
		strict.Required("full_product_name", func(in *strict.Reader) (bool, error) {
			var filled bool
			var err error
			id, own, filled, err = productName(in)
			return filled, err
		}),
	)(in)
	if err == nil {
		p.joined[id] = j
		if len(own.IDs) > 0 || len(own.Hashes) > 0 {
			p.named[id] = own
		}
	}
	return filled, err
}

// product is what an id stands for, with no names where the tree has none of it, and whether the tree defines it.
func (p *products) product(id string) (openvex.Product, bool) {
	if c, named := p.named[id]; named {
		return openvex.Product{Component: c}, true
	}
	j, joined := p.joined[id]
	if !joined {
		return openvex.Product{}, false
	}
	whole, part := p.component(j.whole), p.component(j.part)
	if len(part.IDs) == 0 && len(part.Hashes) == 0 {
		return openvex.Product{}, true
	}
	return openvex.Product{Component: whole, Subcomponents: []openvex.Component{part}}, true
}

// component is what an id stands for on its own; of a part of a whole it is the part.
func (p *products) component(id string) openvex.Component {
	for range maxBranches {
		if c, named := p.named[id]; named {
			return c
		}
		j, joined := p.joined[id]
		if !joined {
			break
		}
		id = j.part
	}
	return openvex.Component{}
}

// of are the ids of the products that a remark is about.
func (p *products) of(r *remark) []string {
	all := slices.Clone(r.products)
	for _, group := range r.groups {
		if p.remarks += len(p.groups[group]); p.remarks > maxRemarks {
			return nil
		}
		all = append(all, p.groups[group]...)
	}
	p.remarks += len(r.products)
	return all
}

// maxRemarks bounds the products of all flags, threats and remediations of an advisory together.
const maxRemarks = 2_000_000
