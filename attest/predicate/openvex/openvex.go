// Package openvex reads OpenVEX documents: an author's statements of which
// vulnerabilities touch a product (github.com/openvex/spec, OPENVEX-SPEC.md).
package openvex

import (
	"time"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/internal/strict"
)

// The predicate types; the first leaves the version to the document's @context.
const (
	Type   = "https://openvex.dev/ns"
	TypeV1 = "https://openvex.dev/ns/v0.0.1"
	TypeV2 = "https://openvex.dev/ns/v0.2.0"
)

// A document is being read.
type document struct {
	Document
	context         string
	issued, updated time.Time
	// named is a place where a vulnerability is a string, the form before v0.2.0.
	named string
}

// Validate holds raw to the specification. Products may be absent from statements,
// which then are about the attestation's subjects. The error is an *[attest.Error]
// whose Where is a JSON pointer.
func Validate(predicateType string, raw []byte) error {
	_, err := read(predicateType, raw)
	return err
}

func read(predicateType string, raw []byte) (*document, error) {
	switch predicateType {
	case Type, TypeV1, TypeV2:
	default:
		return nil, strict.Fault(attest.FaultUnsupported, "", "%q is not a version of OpenVEX that is read here", strict.Clip(predicateType))
	}
	var d document
	if err := strict.Read(raw, d.check()); err != nil {
		return nil, err
	}
	switch d.context {
	case Type, TypeV1, TypeV2:
	default:
		return nil, strict.Fault(attest.FaultUnsupported, "/@context", "is %q, want %q or %q", strict.Clip(d.context), Type, TypeV2)
	}
	if predicateType != Type && d.context != predicateType {
		return nil, strict.Fault(attest.FaultMalformed, "/@context", "is %q, want %q, which the predicate type promises", d.context, predicateType)
	}
	if d.named != "" && d.context == TypeV2 {
		return nil, strict.Fault(attest.FaultMalformed, d.named, "is a JSON string, want an object with a name")
	}
	d.Issued = latest(d.issued, d.updated)
	return &d, nil
}

func (d *document) check() strict.Check {
	return strict.Object(
		strict.Required("@context", strict.Text(&d.context)),
		strict.Required("@id", strict.Text(&d.ID)),
		strict.Required("author", strict.Text(&d.Author)),
		strict.Optional("role", strict.Text(nil)),
		strict.Required("timestamp", strict.Time(&d.issued)),
		strict.Optional("last_updated", strict.Time(&d.updated)),
		strict.Required("version", strict.Count(1)),
		strict.Optional("tooling", strict.Text(nil)),
		strict.Required("statements", strict.Each(d.statement)),
	)
}

func (d *document) statement(r *strict.Reader) (bool, error) {
	var s Statement
	var status string
	var stated, updated time.Time
	filled, err := strict.Object(
		strict.Required("vulnerability", d.vulnerability(&s)),
		strict.Required("status", strict.OneOf(&status, "not_affected", "affected", "fixed", "under_investigation")),
		strict.Optional("justification", strict.OneOf(&s.Justification,
			"component_not_present", "vulnerable_code_not_present", "vulnerable_code_not_in_execute_path",
			"vulnerable_code_cannot_be_controlled_by_adversary", "inline_mitigations_already_exist")),
		strict.Optional("impact_statement", strict.Text(&s.Impact)),
		strict.Optional("action_statement", strict.Text(&s.Action)),
		strict.Optional("products", products(&s.Products)),
		strict.Optional("timestamp", strict.Time(&stated)),
		strict.Optional("last_updated", strict.Time(&updated)),
	)(r)
	if err != nil || !filled {
		return filled, err
	}
	if status == "not_affected" && !s.Explained() {
		return false, strict.Fault(attest.FaultMalformed, r.Where(), "says not_affected with neither a justification nor an impact_statement")
	}
	if status == "affected" && s.Action == "" {
		return false, strict.Fault(attest.FaultMalformed, r.Where(), "says affected without an action_statement")
	}
	s.Status, s.At = Status(status), latest(stated, updated)
	d.Statements = append(d.Statements, s)
	return true, nil
}

func (d *document) vulnerability(s *Statement) strict.Check {
	return func(r *strict.Reader) (bool, error) {
		if r.Kind() == '"' {
			filled, err := strict.Text(&s.Vulnerability)(r)
			d.named = r.Where()
			return filled, err
		}
		return strict.Object(
			strict.Required("name", strict.Text(&s.Vulnerability)),
			strict.Optional("@id", strict.Text(nil)),
			strict.Optional("aliases", strict.Each(func(r *strict.Reader) (bool, error) {
				var alias string
				filled, err := strict.Text(&alias)(r)
				s.Aliases = append(s.Aliases, alias)
				return filled, err
			})),
		)(r)
	}
}
