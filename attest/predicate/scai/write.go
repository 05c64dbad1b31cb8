package scai

import (
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/internal/strict"
	"github.com/carnet-project/carnet/attest/predicate/resource"
)

type predicate struct {
	Attributes []attribute         `json:"attributes"`
	Producer   resource.Descriptor `json:"producer,omitzero"`
}

type attribute struct {
	Name       string              `json:"attribute"`
	Target     resource.Descriptor `json:"target,omitzero"`
	Conditions jsontext.Value      `json:"conditions,omitempty"`
	Evidence   resource.Descriptor `json:"evidence,omitzero"`
}

// Predicate is the report as a predicate of type [V03], its attributes in the order in which
// they are listed. The error is an *[attest.Error] whose Where is a JSON pointer into the
// predicate.
func (r Report) Predicate() ([]byte, error) {
	p := predicate{Producer: r.Producer}
	for _, a := range r.Attributes {
		p.Attributes = append(p.Attributes, attribute{a.Name, a.Target, a.Conditions, a.Evidence})
	}
	raw, err := json.Marshal(p, json.Deterministic(true))
	if err != nil {
		return nil, strict.Fault(attest.FaultMalformed, "", "cannot be JSON: %v", err)
	}
	return raw, Validate(V03, raw)
}
