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
	"github.com/carnet-project/carnet/attest/internal/strict"
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
	// InternalParameters is the JSON object of what the builder set, or nil: in v0.2 the
	// invocation's environment, which may be any value.
	InternalParameters []byte
	// ConfigSource and EntryPoint are v0.2's source of the configuration, and zero in v1.
	ConfigSource resource.Descriptor
	EntryPoint   string
	// Dependencies are what went in, sources included: in v0.2 the source of the
	// configuration and then the materials.
	Dependencies []resource.Descriptor
	// Hermetic says that the build claims to have had no network, which only BuildKit has a
	// member for.
	Hermetic bool
	// Complete says of what the builder claims to have listed all. In v1 only BuildKit
	// claims anything.
	Complete Completeness
	// VCS is what BuildKit's client says of the directory that it sent.
	VCS VCS
	// StartedOn and FinishedOn are zero where they are not stated.
	StartedOn, FinishedOn time.Time
}

// Completeness is of what a provenance claims to list all.
type Completeness struct{ Parameters, Environment, Materials bool }

// A VCS is a repository and a revision in it, as a client's checkout has them. The revision
// ends in "-dirty" where the checkout had changes.
type VCS struct{ Source, Revision string }

// Parse reads a provenance predicate of one of the types of this package. The
// error is an *[attest.Error] whose Where is a JSON pointer into the predicate.
// The provenance's byte slices are windows onto raw.
func Parse(predicateType string, raw []byte) (*Provenance, error) {
	p, err := ParseUnnamed(predicateType, raw)
	if err == nil && p.BuilderID == "" {
		where := "/runDetails/builder/id"
		if predicateType == V02 {
			where = "/builder/id"
		}
		return nil, strict.Missing(where)
	}
	return p, err
}

// ParseUnnamed is Parse of a provenance whose builder.id may be empty, as BuildKit writes
// it where nobody told it one. Who built is then unknown.
func ParseUnnamed(predicateType string, raw []byte) (*Provenance, error) {
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
		strict.Optional("internalParameters", strict.Raw(&p.InternalParameters, strict.AnyObject())),
		strict.Optional("resolvedDependencies", resource.EachLoose(&p.Dependencies)),
	)
	builder := strict.Object(
		strict.Optional("id", strict.URI(&p.BuilderID)),
		strict.Optional("version", strict.Map(func(string) strict.Check { return strict.Text(nil) })),
		strict.Optional("builderDependencies", resource.Each(nil)),
	)
	metadata := strict.Object(
		strict.Optional("invocationId", strict.Text(&p.InvocationID)).Or("invocationID"),
		strict.Optional("startedOn", strict.Time(&p.StartedOn)),
		strict.Optional("finishedOn", strict.Time(&p.FinishedOn)),
		strict.Optional("buildkit_hermetic", strict.Bool(&p.Hermetic)),
		strict.Optional("buildkit_completeness", strict.Object(
			strict.Optional("request", strict.Bool(&p.Complete.Parameters)),
			strict.Optional("resolvedDependencies", strict.Bool(&p.Complete.Materials)),
		)),
		strict.Optional("buildkit_metadata", p.buildkit()),
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

// buildkit is the table of BuildKit's own metadata (moby/buildkit,
// docs/attestations/slsa-definitions.md).
func (p *Provenance) buildkit() strict.Check {
	return strict.Object(strict.Optional("vcs", strict.Object(
		strict.Optional("source", strict.Text(&p.VCS.Source)),
		strict.Optional("revision", strict.Text(&p.VCS.Revision)),
	)))
}
