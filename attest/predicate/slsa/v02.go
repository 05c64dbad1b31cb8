package slsa

import (
	"strings"
	"unicode"

	"github.com/carnet-project/carnet/attest/internal/strict"
	"github.com/carnet-project/carnet/attest/predicate/resource"
)

// v02 is the table of slsa.dev/spec/v0.2. Its buildType is a URI by the book, but
// Tekton Chains writes tekton.dev/v1beta1/TaskRun, so that any one word is read.
func (p *Provenance) v02() strict.Check {
	const buildkit = "https://mobyproject.org/buildkit@v1#"
	source := &p.ConfigSource
	configSource := strict.Object(
		strict.Optional("uri", strict.URI(&source.URI)),
		strict.Optional("digest", resource.DigestSetLoose(&source.Digest)),
		strict.Optional("entryPoint", strict.Text(&p.EntryPoint)),
	)
	invocation := strict.Object(
		strict.Optional("configSource", configSource),
		strict.Optional("parameters", strict.Raw(&p.ExternalParameters, strict.Any())),
		strict.Optional("environment", strict.Raw(&p.InternalParameters, strict.Any())),
	)
	metadata := strict.Object(
		strict.Optional("buildInvocationId", strict.Text(&p.InvocationID)).Or("buildInvocationID"),
		strict.Optional("buildStartedOn", strict.Time(&p.StartedOn)),
		strict.Optional("buildFinishedOn", strict.Time(&p.FinishedOn)),
		strict.Optional("completeness", strict.Object(
			strict.Optional("parameters", strict.Bool(&p.Complete.Parameters)),
			strict.Optional("environment", strict.Bool(&p.Complete.Environment)),
			strict.Optional("materials", strict.Bool(&p.Complete.Materials)),
		)),
		strict.Optional("reproducible", strict.Bool(nil)),
		strict.Optional(buildkit+"hermetic", strict.Bool(&p.Hermetic)),
		strict.Optional(buildkit+"metadata", p.buildkit()),
	)
	predicate := strict.Object(
		strict.Required("builder", strict.Object(strict.Optional("id", strict.URI(&p.BuilderID)))),
		strict.Required("buildType", strict.Pattern(&p.BuildType, "a URI", isWord)),
		strict.Optional("invocation", invocation),
		strict.Optional("buildConfig", strict.Any()),
		strict.Optional("metadata", metadata),
		strict.Optional("materials", resource.EachLoose(&p.Dependencies)),
	)
	return func(r *strict.Reader) (bool, error) {
		filled, err := predicate(r)
		if err == nil && (source.URI != "" || len(source.Digest) > 0) {
			p.Dependencies = append([]resource.Descriptor{*source}, p.Dependencies...)
		}
		return filled, err
	}
}

func isWord(s string) bool {
	return !strings.ContainsFunc(s, func(c rune) bool { return unicode.IsSpace(c) || unicode.IsControl(c) })
}
