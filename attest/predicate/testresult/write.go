package testresult

import (
	"github.com/go-json-experiment/json"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/internal/strict"
	"github.com/carnet-project/carnet/attest/predicate/resource"
)

// predicate is the JSON of a result, its members in the specification's order after the name.
type predicate struct {
	Name          string                `json:"name,omitempty"`
	Result        string                `json:"result"`
	Configuration []resource.Descriptor `json:"configuration"`
	URL           string                `json:"url,omitempty"`
	PassedTests   []string              `json:"passedTests,omitempty"`
	WarnedTests   []string              `json:"warnedTests,omitempty"`
	FailedTests   []string              `json:"failedTests,omitempty"`
}

// Predicate is the result as a predicate of type [V01], its tests in the order in which they
// are listed. A result that lists a failed test and is not [Failed], or lists one with a
// warning and is [Passed], is refused: a reader could take either for the truth. The error is
// an *[attest.Error] whose Where is a JSON pointer into the predicate.
func (r Result) Predicate() ([]byte, error) {
	switch {
	case len(r.FailedTests) > 0 && r.Result != Failed:
		return nil, strict.Fault(attest.FaultMalformed, "/result", "is %q, want %q: failed tests are listed", strict.Clip(r.Result), Failed)
	case len(r.WarnedTests) > 0 && r.Result == Passed:
		return nil, strict.Fault(attest.FaultMalformed, "/result", "is %q, want %q: tests with warnings are listed", r.Result, Warned)
	}
	raw, err := json.Marshal(predicate(r), json.Deterministic(true))
	if err != nil {
		return nil, strict.Fault(attest.FaultMalformed, "", "cannot be JSON: %v", err)
	}
	return raw, Validate(V01, raw)
}
