package svr

import (
	"time"

	"github.com/go-json-experiment/json"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/internal/strict"
	"github.com/carnet-project/carnet/attest/predicate/resource"
)

type predicate struct {
	Verifier struct {
		ID       string                `json:"id"`
		Policies []resource.Descriptor `json:"policies"`
	} `json:"verifier"`
	TimeCreated string   `json:"timeCreated"`
	Properties  []string `json:"properties"`
	// Note is no member of the specification, which allows others.
	Note string `json:"note,omitempty"`
}

// Predicate is the result as a predicate of type [V02], the time in UTC to the second. The
// error is an *[attest.Error] whose Where is a JSON pointer into the predicate.
func (r Result) Predicate() ([]byte, error) {
	if r.TimeCreated.IsZero() {
		return nil, strict.Missing("/timeCreated")
	}
	p := predicate{TimeCreated: r.TimeCreated.UTC().Truncate(time.Second).Format(time.RFC3339), Properties: r.Properties, Note: r.Note}
	p.Verifier.ID, p.Verifier.Policies = r.VerifierID, r.Policies
	raw, err := json.Marshal(p, json.Deterministic(true))
	if err != nil {
		return nil, strict.Fault(attest.FaultMalformed, "", "cannot be JSON: %v", err)
	}
	return raw, Validate(V02, raw)
}
