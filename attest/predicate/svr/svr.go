// Package svr reads and writes simple verification results: which properties a verifier, a person for
// one, found an artifact to have (in-toto attestation framework, spec/predicates/svr.md).
package svr

import (
	"slices"
	"time"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/internal/strict"
	"github.com/carnet-project/carnet/attest/predicate/resource"
)

// The predicate types. V01 names no policies.
const (
	V02 = "https://in-toto.io/attestation/svr/v0.2"
	V01 = "https://in-toto.io/attestation/svr/v0.1"
)

// A Result is what a verifier found to hold. What does not hold is not in it, so that nothing
// can be taken from its silence. Nothing in it is verified by having been parsed.
type Result struct {
	// VerifierID is the URI of who verified.
	VerifierID string
	// Policies are what it was verified by; version 0.2 has at least one.
	Policies []resource.Descriptor
	// TimeCreated is when, by the verifier's clock.
	TimeCreated time.Time
	// Properties are what holds: at least one.
	Properties []string
	// Note is the member "note", in which a person says why; the specification does not have
	// it, and allows it.
	Note string
}

// States says whether the result has the property.
func (r *Result) States(property string) bool { return slices.Contains(r.Properties, property) }

// Parse reads a result. The error is an *[attest.Error] whose Where is a JSON pointer.
func Parse(predicateType string, raw []byte) (*Result, error) {
	policies := strict.Required
	switch predicateType {
	case V02:
	case V01:
		policies = strict.Optional
	default:
		return nil, strict.Fault(attest.FaultUnsupported, "", "%q is not a version of verification results that is read here", strict.Clip(predicateType))
	}
	var p Result
	err := strict.Read(raw, strict.Object(
		strict.Required("verifier", strict.Object(
			strict.Required("id", strict.URI(&p.VerifierID)),
			policies("policies", strict.Each(p.policy)),
		)),
		strict.Required("timeCreated", strict.Time(&p.TimeCreated)),
		strict.Required("properties", strict.Texts(&p.Properties)),
		strict.Optional("note", note(&p.Note)),
	))
	if err != nil {
		return nil, err
	}
	return &p, nil
}

// note is whatever others mean by the name; only a text is one.
func note(into *string) strict.Check {
	return func(r *strict.Reader) (bool, error) {
		if r.Kind() == '"' {
			return strict.Text(into)(r)
		}
		return strict.Any()(r)
	}
}

// policy is a resource, which the examples of the specification name by name and digest.
func (r *Result) policy(s *strict.Reader) (bool, error) {
	var d resource.Descriptor
	filled, err := resource.Check(&d)(s)
	if err == nil && filled {
		r.Policies = append(r.Policies, d)
	}
	return filled, err
}

// Validate holds raw to the specification, as [Parse] does.
func Validate(predicateType string, raw []byte) error {
	_, err := Parse(predicateType, raw)
	return err
}
