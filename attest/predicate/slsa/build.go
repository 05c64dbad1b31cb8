package slsa

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/internal/strict"
	"github.com/carnet-project/carnet/attest/predicate/resource"
)

// StatedBuild is the build type of a build that a person or a script states, rather
// than a platform that ran it. docs/buildtypes/stated.md specifies it: the external
// parameters are the source's URI as "source" and whatever else was given.
const StatedBuild = "https://github.com/carnet-project/carnet/blob/main/docs/buildtypes/stated.md"

// UnnamedBuilder is the builder of a [Build] that names none: whoever holds the key
// that signs. It stands for no platform and earns no SLSA level.
const UnnamedBuilder = StatedBuild + "#unnamed-builder"

// A Build is what one says about a build.
type Build struct {
	// BuildType is the URI that says what the parameters mean; empty means
	// [StatedBuild].
	BuildType string
	// BuilderID is the URI of whom to trust for it; empty means [UnnamedBuilder].
	BuilderID string
	// BuilderVersion are the versions of the builder's parts, by name.
	BuilderVersion map[string]string
	InvocationID   string
	// Source, unless nil, is what was built: its URI is the external parameter
	// "source", and it is one of the dependencies.
	Source *resource.Descriptor
	// ExternalParameters are what a user could set, by name. A build has at least
	// one, or a Source.
	ExternalParameters map[string]any
	// InternalParameters are what the builder set, by name.
	InternalParameters map[string]any
	// Materials are the other dependencies, in any order; one given twice counts
	// once.
	Materials []resource.Descriptor
	// Prepared, unless nil, are more dependencies, of which one that is among the others, too,
	// counts once.
	Prepared *Dependencies
	// StartedOn and FinishedOn are left out where they are zero, and written in UTC
	// to the second.
	StartedOn, FinishedOn time.Time
	// Byproducts are what came out beside the subjects, such as a log, in any order.
	Byproducts []resource.Descriptor
	// FieldSources tell where a member's value is from, by the member's JSON pointer in the
	// predicate. docs/buildtypes/README.md has the words.
	FieldSources map[string]string
	// SourceFrom is FieldSources' word for the commit of Source, whose place among the
	// dependencies is not known before all are there; empty writes none.
	SourceFrom string
}

type predicate struct {
	BuildDefinition struct {
		BuildType          string         `json:"buildType"`
		ExternalParameters map[string]any `json:"externalParameters"`
		InternalParameters map[string]any `json:"internalParameters,omitempty"`
	} `json:"buildDefinition"`
	RunDetails struct {
		Builder struct {
			ID      string            `json:"id"`
			Version map[string]string `json:"version,omitempty"`
		} `json:"builder"`
		Metadata   *metadata             `json:"metadata,omitempty"`
		Byproducts []resource.Descriptor `json:"byproducts,omitempty"`
	} `json:"runDetails"`
}

type metadata struct {
	InvocationID string `json:"invocationId,omitempty"`
	StartedOn    string `json:"startedOn,omitempty"`
	FinishedOn   string `json:"finishedOn,omitempty"`
	// The specification leaves names that begin with a vendor's to it ("Extension fields").
	FieldSources map[string]string `json:"carnet_fieldSources,omitempty"`
}

// Predicate is the build as a predicate of type [V1]. Equal builds give equal
// bytes. The error is an *[attest.Error] whose Where is a JSON pointer into the
// predicate.
func (b Build) Predicate() ([]byte, error) {
	var p predicate
	parameters, err := b.parameters()
	if err != nil {
		return nil, err
	}
	p.BuildDefinition.ExternalParameters = parameters
	p.BuildDefinition.InternalParameters = b.InternalParameters
	p.BuildDefinition.BuildType = or(b.BuildType, StatedBuild)
	p.RunDetails.Builder.ID = or(b.BuilderID, UnnamedBuilder)
	if !b.StartedOn.IsZero() && !b.FinishedOn.IsZero() && b.FinishedOn.Before(b.StartedOn) {
		return nil, strict.Fault(attest.FaultMalformed, "/runDetails/metadata/finishedOn", "is before the build's start")
	}
	p.RunDetails.Builder.Version = b.BuilderVersion
	p.RunDetails.Byproducts = sorted(b.Byproducts)
	p.RunDetails.Metadata = b.metadata()
	definition, err := json.Marshal(p.BuildDefinition, json.Deterministic(true))
	if err != nil {
		return nil, strict.Fault(attest.FaultMalformed, "/buildDefinition/externalParameters", "cannot be JSON: %v", err)
	}
	details, err := json.Marshal(p.RunDetails, json.Deterministic(true))
	if err != nil {
		return nil, strict.Fault(attest.FaultMalformed, "/runDetails", "cannot be JSON: %v", err)
	}
	if _, err := Parse(V1, join(definition, details)); err != nil {
		return nil, err
	}
	definition, err = appendDependencies(definition, b.dependencies())
	if err != nil {
		return nil, err
	}
	return join(definition, details), nil
}

func join(definition, details []byte) []byte {
	raw := make([]byte, 0, len(definition)+len(details)+64)
	raw = append(append(raw, `{"buildDefinition":`...), definition...)
	raw = append(append(raw, `,"runDetails":`...), details...)
	return append(raw, '}')
}

func (b Build) parameters() (map[string]any, error) {
	all := make(map[string]any, len(b.ExternalParameters)+1)
	for name, value := range b.ExternalParameters {
		all[name] = value
	}
	if b.Source == nil {
		return all, nil
	}
	if _, taken := all["source"]; taken {
		return nil, strict.Fault(attest.FaultDuplicateKey, "/buildDefinition/externalParameters/source", "is a parameter and the build's source: give one")
	}
	if b.Source.URI != "" {
		all["source"] = b.Source.URI
	}
	return all, nil
}

// metadata is nil where there is nothing to say.
func (b Build) metadata() *metadata {
	sources := b.fieldSources()
	if b.InvocationID == "" && b.StartedOn.IsZero() && b.FinishedOn.IsZero() && len(sources) == 0 {
		return nil
	}
	return &metadata{b.InvocationID, stamp(b.StartedOn), stamp(b.FinishedOn), sources}
}

// fieldSources are the origins of fields, with that of the source's commit in its place.
func (b Build) fieldSources() map[string]string {
	if b.SourceFrom == "" || b.Source == nil {
		return b.FieldSources
	}
	all := map[string]string{}
	maps.Copy(all, b.FieldSources)
	i := slices.IndexFunc(b.dependencies(), func(d dependency) bool { return resource.Compare(d.Descriptor, *b.Source) == 0 })
	all[fmt.Sprintf("/buildDefinition/resolvedDependencies/%d/digest/gitCommit", i)] = b.SourceFrom
	return all
}

// sorted leaves out what is there twice.
func sorted(all []resource.Descriptor) []resource.Descriptor {
	slices.SortStableFunc(all, resource.Compare)
	return slices.CompactFunc(all, func(a, b resource.Descriptor) bool { return resource.Compare(a, b) == 0 })
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Truncate(time.Second).Format(time.RFC3339)
}

// ParseMaterial reads "URI@ALGORITHM:HEX"; see [resource.Parse].
func ParseMaterial(s string) (resource.Descriptor, error) { return resource.Parse(s) }

// ParseSource reads "URI@COMMIT"; see [resource.ParseCommit].
func ParseSource(s string) (resource.Descriptor, error) { return resource.ParseCommit(s) }
