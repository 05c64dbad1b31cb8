// Package vsa reads SLSA verification summaries: what a verifier found about an
// artifact (slsa.dev, spec/verification_summary.md).
package vsa

import (
	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/predicate/internal/strict"
	"github.com/carnet-project/carnet/attest/predicate/resource"
)

// V1 is the predicate type.
const V1 = "https://slsa.dev/verification_summary/v1"

// Validate holds raw to the specification. The error is an *[attest.Error] whose
// Where is a JSON pointer.
func Validate(predicateType string, raw []byte) error {
	if predicateType != V1 {
		return strict.Fault(attest.FaultUnsupported, "", "%q is not a version of verification summaries that is read here", strict.Clip(predicateType))
	}
	return strict.Read(raw, strict.Object(
		strict.Required("verifier", strict.Object(
			strict.Required("id", strict.URI(nil)),
			strict.Optional("version", strict.Map(func(string) strict.Check { return strict.Text(nil) })),
		)),
		strict.Optional("timeVerified", strict.Time(nil)),
		strict.Required("resourceUri", strict.URI(nil)),
		strict.Required("policy", policy),
		strict.Optional("inputAttestations", resource.Each(nil)),
		strict.Required("verificationResult", strict.OneOf(nil, "PASSED", "FAILED")),
		strict.Present("verifiedLevels", strict.Each(strict.Text(nil))),
		strict.Optional("dependencyLevels", strict.Map(func(string) strict.Check { return level })),
		strict.Optional("slsaVersion", strict.Text(nil)),
	))
}

// policy is a resource that has a URI.
func policy(r *strict.Reader) (bool, error) {
	var d resource.Descriptor
	filled, err := resource.Check(&d)(r)
	if err == nil && filled && d.URI == "" {
		err = strict.Missing(r.Where() + "/uri")
	}
	return filled, err
}

// level is a count of dependencies: a number or, as protobuf writes it, a string.
func level(r *strict.Reader) (bool, error) {
	if r.Kind() == '"' {
		return strict.Text(nil)(r)
	}
	return strict.Count(0)(r)
}
