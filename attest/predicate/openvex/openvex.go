// Package openvex reads OpenVEX documents: an author's statements of which
// vulnerabilities touch a product (github.com/openvex/spec, OPENVEX-SPEC.md).
package openvex

import (
	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/predicate/internal/strict"
)

// The predicate types; the first leaves the version to the document's @context.
const (
	Type   = "https://openvex.dev/ns"
	TypeV1 = "https://openvex.dev/ns/v0.0.1"
	TypeV2 = "https://openvex.dev/ns/v0.2.0"
)

// A document is what of one the rules between members need.
type document struct {
	context string
	// named is a place where a vulnerability is a string, the form before v0.2.0.
	named string
}

// Validate holds raw to the specification. Products may be absent from statements,
// which then are about the attestation's subjects. The error is an *[attest.Error]
// whose Where is a JSON pointer.
func Validate(predicateType string, raw []byte) error {
	switch predicateType {
	case Type, TypeV1, TypeV2:
	default:
		return strict.Fault(attest.FaultUnsupported, "", "%q is not a version of OpenVEX that is read here", strict.Clip(predicateType))
	}
	var d document
	if err := strict.Read(raw, d.check()); err != nil {
		return err
	}
	switch d.context {
	case Type, TypeV1, TypeV2:
	default:
		return strict.Fault(attest.FaultUnsupported, "/@context", "is %q, want %q or %q", strict.Clip(d.context), Type, TypeV2)
	}
	if predicateType != Type && d.context != predicateType {
		return strict.Fault(attest.FaultMalformed, "/@context", "is %q, want %q, which the predicate type promises", d.context, predicateType)
	}
	if d.named != "" && d.context == TypeV2 {
		return strict.Fault(attest.FaultMalformed, d.named, "is a JSON string, want an object with a name")
	}
	return nil
}

func (d *document) check() strict.Check {
	return strict.Object(
		strict.Required("@context", strict.Text(&d.context)),
		strict.Required("@id", strict.Text(nil)),
		strict.Required("author", strict.Text(nil)),
		strict.Optional("role", strict.Text(nil)),
		strict.Required("timestamp", strict.Time(nil)),
		strict.Optional("last_updated", strict.Time(nil)),
		strict.Required("version", strict.Count(1)),
		strict.Optional("tooling", strict.Text(nil)),
		strict.Required("statements", strict.Each(d.statement)),
	)
}

func (d *document) statement(r *strict.Reader) (bool, error) {
	var status, justification, impact, action string
	filled, err := strict.Object(
		strict.Required("vulnerability", d.vulnerability),
		strict.Required("status", strict.OneOf(&status, "not_affected", "affected", "fixed", "under_investigation")),
		strict.Optional("justification", strict.OneOf(&justification,
			"component_not_present", "vulnerable_code_not_present", "vulnerable_code_not_in_execute_path",
			"vulnerable_code_cannot_be_controlled_by_adversary", "inline_mitigations_already_exist")),
		strict.Optional("impact_statement", strict.Text(&impact)),
		strict.Optional("action_statement", strict.Text(&action)),
		strict.Optional("products", strict.AnyArray()),
		strict.Optional("timestamp", strict.Time(nil)),
		strict.Optional("last_updated", strict.Time(nil)),
	)(r)
	if err != nil || !filled {
		return filled, err
	}
	if status == "not_affected" && justification == "" && impact == "" {
		return false, strict.Fault(attest.FaultMalformed, r.Where(), "says not_affected with neither a justification nor an impact_statement")
	}
	if status == "affected" && action == "" {
		return false, strict.Fault(attest.FaultMalformed, r.Where(), "says affected without an action_statement")
	}
	return true, nil
}

func (d *document) vulnerability(r *strict.Reader) (bool, error) {
	if r.Kind() == '"' {
		filled, err := strict.Text(nil)(r)
		d.named = r.Where()
		return filled, err
	}
	return strict.Object(
		strict.Required("name", strict.Text(nil)),
		strict.Optional("@id", strict.Text(nil)),
		strict.Optional("aliases", strict.Each(strict.Text(nil))),
	)(r)
}
