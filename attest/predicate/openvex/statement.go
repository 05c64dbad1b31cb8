package openvex

import (
	"strings"
	"time"

	"github.com/carnet-project/carnet/attest/internal/strict"
)

// A Status is how a product relates to a vulnerability (OPENVEX-SPEC.md, "Status Labels").
type Status string

// The statuses.
const (
	NotAffected        Status = "not_affected"
	Affected           Status = "affected"
	Fixed              Status = "fixed"
	UnderInvestigation Status = "under_investigation"
)

// A Document is an author's statements. VEX in other formats is read into it too.
type Document struct {
	ID, Author string
	// Issued is the later of the document's timestamp and last_updated.
	Issued     time.Time
	Statements []Statement
}

// A Statement says how products relate to a vulnerability.
type Statement struct {
	// Vulnerability is its name, and Aliases others.
	Vulnerability string
	Aliases       []string
	// Products are what it is about; none means the subjects of the attestation.
	Products      []Product
	Status        Status
	Justification string
	// Impact is why a product is not affected, in free words.
	Impact string
	// Action is what to do about it where a product is affected, in free words.
	Action string
	// At is when the statement was true last: its last_updated or timestamp, or else the document's.
	At time.Time
}

// Names says whether the statement is about one of these vulnerabilities, whose case does not matter.
func (s *Statement) Names(ids ...string) bool {
	for _, id := range ids {
		if strings.EqualFold(id, s.Vulnerability) {
			return true
		}
		for _, alias := range s.Aliases {
			if strings.EqualFold(id, alias) {
				return true
			}
		}
	}
	return false
}

// Explained says whether a statement of not_affected says why, as the specification asks.
func (s *Statement) Explained() bool { return s.Justification != "" || s.Impact != "" }

// A Component is a piece of software.
type Component struct {
	// IDs are its IRI and its identifiers, package URLs among them.
	IDs []string
	// Hashes are by algorithm as the specification names them: "sha-256".
	Hashes map[string]string
}

// A Product is a piece of software and the components in it that a statement is about; none means all.
type Product struct {
	Component
	Subcomponents []Component
}

// Parse reads a document. The error is [Validate]'s.
func Parse(predicateType string, raw []byte) (*Document, error) {
	d, err := read(predicateType, raw)
	if err != nil {
		return nil, err
	}
	for i := range d.Statements {
		if d.Statements[i].At.IsZero() {
			d.Statements[i].At = d.Issued
		}
	}
	return &d.Document, nil
}

// component reads what products and subcomponents share. A component is a string in documents before v0.2.0.
func component(c *Component, more ...strict.Field) strict.Check {
	id := func(in *strict.Reader) (bool, error) {
		var s string
		filled, err := strict.Text(&s)(in)
		if s != "" {
			c.IDs = append(c.IDs, s)
		}
		return filled, err
	}
	whole := strict.Object(append(more,
		strict.Optional("@id", id),
		strict.Optional("identifiers", strict.Map(func(string) strict.Check { return id })),
		strict.Optional("hashes", strict.Map(func(algorithm string) strict.Check {
			return func(in *strict.Reader) (bool, error) {
				var value string
				filled, err := strict.Text(&value)(in)
				if c.Hashes == nil {
					c.Hashes = map[string]string{}
				}
				c.Hashes[strings.ToLower(algorithm)] = value
				return filled, err
			}
		})),
	)...)
	return func(in *strict.Reader) (bool, error) {
		if in.Kind() == '"' {
			return id(in)
		}
		return whole(in)
	}
}

func products(all *[]Product) strict.Check {
	return strict.Each(func(in *strict.Reader) (bool, error) {
		var p Product
		filled, err := component(&p.Component, strict.Optional("subcomponents", strict.Each(func(in *strict.Reader) (bool, error) {
			var c Component
			filled, err := component(&c)(in)
			p.Subcomponents = append(p.Subcomponents, c)
			return filled, err
		})))(in)
		*all = append(*all, p)
		return filled, err
	})
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
