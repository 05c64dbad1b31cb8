package known

import (
	"slices"
	"strings"

	"github.com/carnet-project/carnet/attest/predicate/slsa"
)

// The ids of the producers, which policies name.
const (
	GitHubActions           = "github-actions"
	GitHubCommunity         = "github-community"
	GeneratorGo             = "slsa-github-generator-go"
	GeneratorGeneric        = "slsa-github-generator-generic"
	GeneratorContainer      = "slsa-github-generator-container"
	GeneratorContainerBased = "slsa-github-generator-container-based"
	GeneratorDelegator      = "slsa-github-generator-delegator"
	NPM                     = "npm"
	GitLabCI                = "gitlab-ci"
	TektonChains            = "tekton-chains"
	GoogleCloudBuild        = "google-cloud-build"
	BuildKit                = "buildkit"
	Stated                  = "carnet-stated"
)

// A Producer is something that writes provenance, and what it writes.
type Producer struct {
	// ID is the producer's name in policies, and never changes. Name is for people.
	ID, Name string
	// BuildTypes are anchored globs for the build type: a "*" stands for a part of one
	// segment.
	BuildTypes []string
	// IDs are anchored globs for builder.id: a "*" stands for a part of one segment, a "**"
	// for anything.
	IDs []string
	// Level is the highest SLSA build level that its provenance can honestly claim.
	Level int
	// Note is what to know before trusting it, a sentence.
	Note string

	read func(*reading)
}

const generator = "https://github.com/slsa-framework/slsa-github-generator/"

// Catalogue lists the known producers. It is made from their own documentation and code;
// docs/builders.md says where each keeps what.
func Catalogue() []Producer {
	const workflow = "https://*/*/*/.github/workflows/*@**"
	const runner = "https://github.com/actions/runner"
	return append([]Producer{
		{GitHubActions, "GitHub artifact attestations (actions/attest)", []string{"https://actions.github.io/buildtypes/workflow/v1"}, []string{workflow, runner, runner + "/*"}, 3,
			"Level 3 takes a reusable workflow that is not the tenant's; else it is 2.", github},
		{NPM, "npm publish --provenance on GitHub Actions", []string{"https://github.com/npm/cli/gha@v1", "https://github.com/npm/cli/gha/v2", "https://slsa-framework.github.io/github-actions-buildtypes/workflow/v1"}, []string{runner, runner + "/*"}, 2,
			"The workflow that publishes writes it itself.", npm},
		{GitHubCommunity, "The SLSA community's type for GitHub Actions", []string{"https://slsa-framework.github.io/github-actions-buildtypes/workflow/v1"}, []string{workflow}, 3,
			"Level 3 takes a reusable workflow that is not the tenant's; else it is 2.", github},
		{GeneratorGo, "slsa-github-generator, Go builder", []string{generator + "go@v1"}, []string{generator + ".github/workflows/builder_go_slsa3.yml@refs/tags/v*"}, 3, "", configured},
		{GeneratorGeneric, "slsa-github-generator, generic generator", []string{generator + "generic@v1"}, []string{generator + ".github/workflows/generator_generic_slsa3.yml@refs/tags/v*"}, 3,
			"The artifacts come from a job of the tenant's, the provenance does not.", configured},
		{GeneratorContainer, "slsa-github-generator, container generator", []string{generator + "container@v1"}, []string{generator + ".github/workflows/generator_container_slsa3.yml@refs/tags/v*"}, 3,
			"The image comes from a job of the tenant's, the provenance does not.", configured},
		{GeneratorContainerBased, "slsa-github-generator, container-based builder", []string{"https://slsa.dev/container-based-build/v0.1?draft"}, []string{generator + ".github/workflows/builder_container-based_slsa3.yml@refs/tags/v*"}, 3, "", containerBased},
		{GeneratorDelegator, "slsa-github-generator, builders by delegation", []string{generator + "delegator-generic@v0"}, []string{generator + ".github/workflows/builder_*_slsa3.yml@refs/tags/v*"}, 3,
			"Builders of others have ids of their own, which a policy names.", containerBased},
		{GitLabCI, "GitLab Runner", []string{"https://gitlab.com/gitlab-org/gitlab-runner/-/blob/*/PROVENANCE.md"}, []string{"https://**/-/runners/*"}, 2,
			"The job that builds signs it.", gitlab},
		{TektonChains, "Tekton Chains", []string{"https://tekton.dev/chains/v2/slsa", "https://tekton.dev/chains/v2/slsa-tekton", "https://tekton.dev/attestations/chains@v2", "https://tekton.dev/attestations/chains/pipelinerun@v2", "tekton.dev/*/TaskRun", "tekton.dev/*/PipelineRun"}, []string{"https://tekton.dev/chains/v2"}, 3,
			"The builder id is whatever the cluster's administrator configured; name it if it is not the default.", tekton},
		{GoogleCloudBuild, "Google Cloud Build", []string{"https://cloud.google.com/build/gcb-buildtypes/google-worker/v1"}, []string{"https://cloudbuild.googleapis.com/GoogleHostedWorker"}, 3, "", cloudBuild},
		{BuildKit, "BuildKit", []string{"https://github.com/moby/buildkit/blob/master/docs/attestations/slsa-definitions.md", "https://mobyproject.org/buildkit@v1"}, []string{"**"}, 2,
			"Whoever builds sets the builder id, so that it proves nothing: trust the signer.", buildKit},
		{Stated, "carnet attest provenance", []string{slsa.StatedBuild}, []string{"**"}, 2,
			"Whoever holds the key states it.", stated},
	}, ownBuilds()...)
}

// Find is the producer of an id.
func Find(id string) (Producer, bool) {
	all := Catalogue()
	i := slices.IndexFunc(all, func(p Producer) bool { return p.ID == id })
	if i < 0 {
		return Producer{}, false
	}
	return all[i], true
}

// identify finds the producer by the build type, and among those who share one by the
// builder.
func identify(p *slsa.Provenance) (Producer, bool) {
	var found []Producer
	for _, each := range Catalogue() {
		if slices.ContainsFunc(each.BuildTypes, func(pattern string) bool { return match(pattern, p.BuildType) }) {
			found = append(found, each)
		}
	}
	if len(found) == 0 {
		return Producer{}, false
	}
	for _, each := range found {
		if slices.ContainsFunc(each.IDs, func(pattern string) bool { return match(pattern, p.BuilderID) }) {
			return each, true
		}
	}
	return found[len(found)-1], true
}

// match holds a value against an anchored glob by trying all of what a star may stand for;
// the patterns are this package's own and short.
func match(pattern, value string) bool {
	const longest = 2048
	if len(value) > longest {
		return false
	}
	before, after, found := strings.Cut(pattern, "*")
	rest, ok := strings.CutPrefix(value, before)
	if !found || !ok {
		return ok && rest == ""
	}
	deep := strings.HasPrefix(after, "*")
	after = strings.TrimLeft(after, "*")
	if after == "" {
		return deep || !strings.Contains(rest, "/")
	}
	for i := 0; i <= len(rest); i++ {
		if match(after, rest[i:]) {
			return true
		}
		if i < len(rest) && rest[i] == '/' && !deep {
			return false
		}
	}
	return false
}
