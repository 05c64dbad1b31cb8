package link

import (
	"slices"

	"github.com/go-json-experiment/json"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/internal/strict"
	"github.com/carnet-project/carnet/attest/predicate/resource"
)

// A Link is one step of a supply chain. What came out of it are the statement's subjects.
type Link struct {
	// Name is the step's name in a layout.
	Name string
	// Command is the command with its arguments.
	Command []string
	// Materials are what went in. Each has a name of its own and a digest.
	Materials []resource.Descriptor
	// Byproducts and Environment are members of any kind, or nil.
	Byproducts, Environment map[string]any
}

// Predicate is the link as a predicate of type [V03]. Equal links give equal bytes, whatever
// the order of the materials. The error is an *[attest.Error] whose Where is a JSON pointer
// into the predicate.
func (l Link) Predicate() ([]byte, error) {
	materials := slices.SortedFunc(slices.Values(l.Materials), resource.Compare)
	raw, err := json.Marshal(struct {
		Name        string                `json:"name"`
		Command     []string              `json:"command,omitempty"`
		Materials   []resource.Descriptor `json:"materials,omitempty"`
		Byproducts  map[string]any        `json:"byproducts,omitempty"`
		Environment map[string]any        `json:"environment,omitempty"`
	}{l.Name, l.Command, materials, l.Byproducts, l.Environment}, json.Deterministic(true))
	if err != nil {
		return nil, strict.Fault(attest.FaultMalformed, "", "cannot be JSON: %v", err)
	}
	if err := Validate(V03, raw); err != nil {
		return nil, err
	}
	return raw, nil
}
