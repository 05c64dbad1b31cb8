// Package testresult reads in-toto's report of tests (in-toto attestation
// framework, spec/predicates/test-result.md).
package testresult

import (
	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/predicate/internal/strict"
	"github.com/carnet-project/carnet/attest/predicate/resource"
)

// V01 is the predicate type.
const V01 = "https://in-toto.io/attestation/test-result/v0.1"

// Validate holds raw to the specification. The error is an *[attest.Error] whose
// Where is a JSON pointer.
func Validate(predicateType string, raw []byte) error {
	if predicateType != V01 {
		return strict.Fault(attest.FaultUnsupported, "", "%q is not a version of test results that is read here", strict.Clip(predicateType))
	}
	names := strict.Each(strict.Text(nil))
	return strict.Read(raw, strict.Object(
		strict.Required("result", strict.OneOf(nil, "PASSED", "WARNED", "FAILED")),
		strict.Required("configuration", resource.Each(nil)),
		strict.Optional("url", strict.URI(nil)),
		strict.Optional("passedTests", names),
		strict.Optional("warnedTests", names),
		strict.Optional("failedTests", names),
	))
}
