// Package slsa states and reads build provenance: SLSA v1 (slsa.dev,
// spec/build-provenance.md), which is what it writes, and v0.2, which much of the
// field still does.
//
// A member that the specifications do not name is ignored, as they demand. One
// that differs from a specified name only by case is refused, with one exception:
// BuildKit and in-toto-golang write invocationID and buildInvocationID where the
// specifications have invocationId and buildInvocationId, so that either spelling
// is read, but not both at once.
package slsa

import (
	"time"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/predicate/internal/strict"
	"github.com/carnet-project/carnet/attest/predicate/resource"
)

// The predicate types. V10 is not in the specification; witness writes it for V1.
const (
	V1  = "https://slsa.dev/provenance/v1"
	V10 = "https://slsa.dev/provenance/v1.0"
	V02 = "https://slsa.dev/provenance/v0.2"
)

// A Provenance is what a build is said to have been, in v1's words. Nothing in it
// is verified by having been parsed.
type Provenance struct {
	// BuildType says what ExternalParameters mean.
	BuildType string
	// BuilderID is whom one trusts to have stated the rest.
	BuilderID string
	// InvocationID is the builder's name for this one run; it may be empty.
	InvocationID string
	// ExternalParameters is the JSON object of what a user could set: in v0.2 the
	// invocation's parameters, and nil where that has none.
	ExternalParameters []byte
	// Dependencies are what went in, sources included: in v0.2 the source of the
	// configuration and then the materials.
	Dependencies []resource.Descriptor
	// StartedOn and FinishedOn are zero where they are not stated.
	StartedOn, FinishedOn time.Time
}

// Parse reads a provenance predicate of one of the types of this package. The
// error is an *[attest.Error] whose Where is a JSON pointer into the predicate.
// The provenance's byte slices are windows onto raw.
func Parse(predicateType string, raw []byte) (*Provenance, error) {
	var p Provenance
	var check strict.Check
	switch predicateType {
	case V1, V10:
		check = p.v1()
	case V02:
		check = p.v02()
	default:
		return nil, strict.Fault(attest.FaultUnsupported, "", "%q is not a type of provenance that is read here: want %q or %q",
			strict.Clip(predicateType), V1, V02)
	}
	if err := strict.Read(raw, check); err != nil {
		return nil, err
	}
	return &p, nil
}

// v1 is the table of spec/build-provenance.md. What it requires for SLSA Build L1
// is required here.
func (p *Provenance) v1() strict.Check {
	definition := strict.Object(
		strict.Required("buildType", strict.URI(&p.BuildType)),
		strict.Required("externalParameters", strict.Raw(&p.ExternalParameters, strict.AnyObject())),
		strict.Optional("internalParameters", strict.AnyObject()),
		strict.Optional("resolvedDependencies", resource.Each(&p.Dependencies)),
	)
	builder := strict.Object(
		strict.Required("id", strict.URI(&p.BuilderID)),
		strict.Optional("version", strict.Map(func(string) strict.Check { return strict.Text(nil) })),
		strict.Optional("builderDependencies", resource.Each(nil)),
	)
	metadata := strict.Object(
		strict.Optional("invocationId", strict.Text(&p.InvocationID)).Or("invocationID"),
		strict.Optional("startedOn", strict.Time(&p.StartedOn)),
		strict.Optional("finishedOn", strict.Time(&p.FinishedOn)),
	)
	return strict.Object(
		strict.Required("buildDefinition", definition),
		strict.Required("runDetails", strict.Object(
			strict.Required("builder", builder),
			strict.Optional("metadata", metadata),
			strict.Optional("byproducts", resource.Each(nil)),
		)),
	)
}
