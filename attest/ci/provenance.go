package ci

import (
	"strings"

	"github.com/carnet-project/carnet/attest/predicate/resource"
	"github.com/carnet-project/carnet/attest/predicate/slsa"
)

// Provenance is the build as SLSA provenance of the system's build type states it: the
// source, the ref, the file that defines the build and its inputs are external parameters,
// ids and what the system decides are internal ones. Of each value it is recorded whose
// word it is.
func (b *Build) Provenance() *slsa.Build {
	p := &slsa.Build{
		BuildType: b.System.BuildType(), ExternalParameters: map[string]any{}, InternalParameters: map[string]any{}, FieldSources: map[string]string{},
	}
	b.source(p)
	if v, ok := b.values[FieldBuilder]; ok {
		p.BuilderID, p.FieldSources["/runDetails/builder/id"] = v.Text, string(v.From)
	}
	if v, ok := b.values[FieldRun]; ok {
		p.InvocationID, p.FieldSources["/runDetails/metadata/invocationId"] = v.Text, string(v.From)
	}
	inputs := map[string]any{}
	for field, v := range b.values {
		input, isInput := strings.CutPrefix(string(field), inputPrefix)
		switch {
		case isInput:
			inputs[input] = v.Text
			p.FieldSources[external+"inputs/"+escape(input)] = string(v.From)
		case field == FieldRef || field == FieldConfig:
			p.ExternalParameters[string(field)] = v.Text
			p.FieldSources[external+string(field)] = string(v.From)
		case field == FieldRepository, field == FieldCommit, field == FieldBuilder, field == FieldRun:
		case strings.Contains(string(field), " "): // held against others, and written nowhere
		default:
			p.InternalParameters[string(field)] = v.Text
			p.FieldSources["/buildDefinition/internalParameters/"+string(field)] = string(v.From)
		}
	}
	if len(inputs) > 0 {
		p.ExternalParameters["inputs"] = inputs
	}
	if b.Dirty {
		p.ExternalParameters["dirty"] = "true"
		p.FieldSources[external+"dirty"] = string(FromGit)
	}
	return p
}

const external = "/buildDefinition/externalParameters/"

// source makes the repository and the commit the build's source.
func (b *Build) source(p *slsa.Build) {
	repository, located := b.values[FieldRepository]
	commit, pinned := b.values[FieldCommit]
	if !located && !pinned {
		return
	}
	p.Source = &resource.Descriptor{}
	if located {
		p.Source.URI = "git+" + strings.TrimPrefix(repository.Text, "git+")
		p.FieldSources[external+"source"] = string(repository.From)
	}
	if pinned {
		p.Source.Digest = map[string]string{"gitCommit": commit.Text}
		p.SourceFrom = string(commit.From)
	}
}

// escape writes a name into a JSON pointer (RFC 6901, section 3).
func escape(name string) string { return strings.NewReplacer("~", "~0", "/", "~1").Replace(name) }
