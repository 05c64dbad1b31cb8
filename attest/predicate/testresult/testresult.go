// Package testresult reads and writes in-toto's report of tests (in-toto attestation
// framework, spec/predicates/test-result.md).
package testresult

import (
	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/internal/strict"
	"github.com/carnet-project/carnet/attest/predicate/resource"
)

// V01 is the predicate type.
const V01 = "https://in-toto.io/attestation/test-result/v0.1"

// The results.
const (
	Passed = "PASSED"
	Warned = "WARNED"
	Failed = "FAILED"
)

// A Result is what a run of tests said. Nothing in it is verified by having been parsed.
type Result struct {
	// Name is the member "name", by which producers of several results tell them apart; the
	// specification does not have it, and allows it.
	Name string
	// Result is Passed, Warned or Failed.
	Result string
	// Configuration is what the tests ran by: at least one.
	Configuration []resource.Descriptor
	// URL is where the run can be looked at, or "".
	URL string
	// PassedTests, WarnedTests and FailedTests are names of tests, as far as they are listed.
	PassedTests, WarnedTests, FailedTests []string
}

// Parse reads a result. The error is an *[attest.Error] whose Where is a JSON pointer.
func Parse(predicateType string, raw []byte) (*Result, error) {
	if predicateType != V01 {
		return nil, strict.Fault(attest.FaultUnsupported, "", "%q is not a version of test results that is read here", strict.Clip(predicateType))
	}
	var r Result
	err := strict.Read(raw, strict.Object(
		strict.Optional("name", strict.Text(&r.Name)),
		strict.Required("result", strict.OneOf(&r.Result, Passed, Warned, Failed)),
		strict.Required("configuration", resource.Each(&r.Configuration)),
		strict.Optional("url", strict.URI(&r.URL)),
		strict.Optional("passedTests", strict.Texts(&r.PassedTests)),
		strict.Optional("warnedTests", strict.Texts(&r.WarnedTests)),
		strict.Optional("failedTests", strict.Texts(&r.FailedTests)),
	))
	if err != nil {
		return nil, err
	}
	return &r, nil
}

// Validate holds raw to the specification. The error is an *[attest.Error] whose
// Where is a JSON pointer.
func Validate(predicateType string, raw []byte) error {
	_, err := Parse(predicateType, raw)
	return err
}
