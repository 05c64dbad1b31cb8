// Package scai reads and writes reports of attributes: what a producer asserts of an artifact or its
// source (in-toto attestation framework, spec/predicates/scai.md).
package scai

import (
	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/internal/strict"
	"github.com/carnet-project/carnet/attest/predicate/resource"
)

// The predicate types. V02 is the one before, under another name.
const (
	V03 = "https://in-toto.io/attestation/scai/v0.3"
	V02 = "https://in-toto.io/attestation/scai/attribute-report/v0.2"
)

// A Report is a list of assertions. Nothing in it is verified by having been parsed.
type Report struct {
	Attributes []Attribute
	// Producer is who or what the artifact comes from, or zero.
	Producer resource.Descriptor
}

// An Attribute is one assertion about the statement's subject.
type Attribute struct {
	// Name is what is asserted, such as WITH_STACK_PROTECTION.
	Name string
	// Target is what it is asserted of, where that is not the subject itself.
	Target resource.Descriptor
	// Conditions are under which it holds: a JSON object, or nil.
	Conditions []byte
	// Evidence points at the proof, or is zero.
	Evidence resource.Descriptor
}

// Parse reads a report. The error is an *[attest.Error] whose Where is a JSON pointer.
func Parse(predicateType string, raw []byte) (*Report, error) {
	if predicateType != V03 && predicateType != V02 {
		return nil, strict.Fault(attest.FaultUnsupported, "", "%q is not a version of SCAI that is read here", strict.Clip(predicateType))
	}
	var p Report
	err := strict.Read(raw, strict.Object(
		strict.Required("attributes", strict.Each(p.attribute)),
		strict.Optional("producer", resource.Check(&p.Producer)),
	))
	if err != nil {
		return nil, err
	}
	return &p, nil
}

func (p *Report) attribute(r *strict.Reader) (bool, error) {
	var a Attribute
	filled, err := strict.Object(
		strict.Required("attribute", strict.Text(&a.Name)),
		strict.Optional("target", resource.Check(&a.Target)),
		strict.Optional("conditions", strict.Raw(&a.Conditions, strict.AnyObject())),
		strict.Optional("evidence", resource.Check(&a.Evidence)),
	)(r)
	if err == nil && filled {
		p.Attributes = append(p.Attributes, a)
	}
	return filled, err
}

// Validate holds raw to the specification, as [Parse] does.
func Validate(predicateType string, raw []byte) error {
	_, err := Parse(predicateType, raw)
	return err
}
