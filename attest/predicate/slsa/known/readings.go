package known

import (
	"fmt"
	"strings"

	"github.com/carnet-project/carnet/attest/predicate/resource"
)

// internal is a string of what the builder set, which may be large: BuildKit lists every
// step there, and GitHub the whole event.
func (r *reading) internal(path ...string) string { return pick(r.InternalParameters, path...) }

// tell marks parameters that say what other fields of the view do: the names, and all of a
// set of digests.
func (r *reading) tell(names ...string) {
	for parameter := range r.view.Parameters {
		for _, name := range names {
			if parameter == name || strings.HasSuffix(name, ".digest") && strings.HasPrefix(parameter, name+".") {
				r.view.told = append(r.view.told, parameter)
			}
		}
	}
}

// source notes what a URI says of the source, and whether it is a repository's.
func (r *reading) source(uri, where string) bool {
	if uri == "" {
		return false
	}
	s, err := ParseSource(uri)
	if err != nil {
		r.absent(FieldRepository, "%s %v", where, err)
		return false
	}
	r.say(FieldRepository, s.Repository, where)
	r.revision(s, where)
	return true
}

func (r *reading) revision(s Source, where string) {
	r.say(FieldRef, s.Ref, where)
	r.say(FieldCommit, s.Commit, where)
	if s.Loose != "" {
		r.absent(FieldRef, "%s says %q, which may be a branch or a tag", where, clip(s.Loose))
	}
}

// ref notes a ref, which may be the name of a commit.
func (r *reading) ref(ref, where string) {
	s := Source{Loose: ref}
	switch {
	case isCommit(ref):
		s = Source{Commit: ref}
	case strings.HasPrefix(ref, "refs/"):
		s = Source{Ref: ref}
	}
	r.revision(s, where)
}

// materials notes what the materials say of the repository, once it is known which it is.
func (r *reading) materials() {
	said := r.said[FieldRepository]
	if len(said) == 0 {
		return
	}
	for i, m := range r.Dependencies {
		s, err := ParseSource(m.URI)
		if err != nil || Fold(s.Repository) != Fold(said[0].value) {
			continue
		}
		where := fmt.Sprintf("material %d", i+1)
		r.say(FieldCommit, commitOf(m.Digest), where)
		r.revision(s, where)
	}
	if len(r.said[FieldCommit]) == 0 {
		r.absent(FieldCommit, "no material is the source with the digest of a commit")
	}
}

// github reads the types whose external parameters have a workflow
// (actions.github.io/buildtypes/workflow/v1 and the SLSA community's).
func github(r *reading) {
	r.source(at(r.external, "workflow", "repository"), "workflow.repository")
	r.ref(at(r.external, "workflow", "ref"), "workflow.ref")
	r.say(FieldConfig, at(r.external, "workflow", "path"), "workflow.path")
	r.say(FieldTrigger, r.internal("github", "event_name"), "github.event_name")
	r.materials()
	r.tell("workflow.repository", "workflow.ref", "workflow.path")
}

func npm(r *reading) {
	if r.v02 {
		configured(r)
		return
	}
	github(r)
}

// configured reads v0.2, where the source is that of the configuration: what
// slsa-github-generator and npm write.
func configured(r *reading) {
	r.source(r.ConfigSource.URI, "invocation.configSource")
	r.say(FieldCommit, commitOf(r.ConfigSource.Digest), "invocation.configSource")
	r.say(FieldConfig, r.EntryPoint, "invocation.configSource.entryPoint")
	r.say(FieldTrigger, r.internal("github_event_name"), "environment.github_event_name")
	r.say(FieldTrigger, r.internal("GITHUB_EVENT_NAME"), "environment.GITHUB_EVENT_NAME")
	r.materials()
	if !r.v02 {
		containerBased(r) // of the build types that v0.2 has, some wrote v1 all the same
	}
}

// containerBased reads slsa-github-generator's v1 types, which have a workflow or a source.
func containerBased(r *reading) {
	r.source(at(r.external, "source", "uri"), "source")
	r.say(FieldCommit, commitOf(digests(r.external, "source", "digest")), "source")
	r.source(at(r.external, "workflow", "repository"), "workflow.repository")
	if ref := at(r.external, "workflow", "ref"); ref != "" {
		r.ref(ref, "workflow.ref")
	}
	r.say(FieldConfig, at(r.external, "workflow", "path"), "workflow.path")
	r.say(FieldTrigger, r.internal("GITHUB_EVENT_NAME"), "GITHUB_EVENT_NAME")
	r.say(FieldTrigger, r.internal("github", "event_name"), "github.event_name")
	r.materials()
	r.tellSource()
}

// gitlab reads what GitLab's runner writes (docs.gitlab.com,
// ci/pipeline_security/slsa/provenance_v1, and helpers/artifact_metadata.go).
func gitlab(r *reading) {
	variables := under(r.external, "variables")
	if r.v02 {
		variables = r.external
		r.source(r.ConfigSource.URI, "invocation.configSource")
		r.say(FieldCommit, commitOf(r.ConfigSource.Digest), "invocation.configSource")
	} else {
		r.source(at(r.external, "source"), "source")
	}
	if tag := unmasked(at(variables, "CI_COMMIT_TAG")); tag != "" {
		r.say(FieldRef, "refs/tags/"+tag, "CI_COMMIT_TAG")
	} else if branch := unmasked(at(variables, "CI_COMMIT_BRANCH")); branch != "" {
		r.say(FieldRef, "refs/heads/"+branch, "CI_COMMIT_BRANCH")
	}
	if commit := at(variables, "CI_COMMIT_SHA"); isCommit(commit) {
		r.say(FieldCommit, commit, "CI_COMMIT_SHA")
	}
	r.say(FieldTrigger, unmasked(at(variables, "CI_PIPELINE_SOURCE")), "CI_PIPELINE_SOURCE")
	r.materials()
	r.tell("source")
}

// tellSource marks what a view's own fields tell of a workflow and of a source. Anything
// else beside it is a parameter like others.
func (r *reading) tellSource() {
	r.tell("workflow.repository", "workflow.ref", "workflow.path", "source", "source.uri", "source.digest")
}

func unmasked(s string) string {
	if s == "[MASKED]" {
		return ""
	}
	return s
}

// tekton reads what Tekton Chains writes (tektoncd/chains, docs/slsa-provenance.md). The
// source is what type hints name: an input of v1, and of v0.2 a material of git. What the
// definition of the task came from is none.
func tekton(r *reading) {
	inputs := 0
	for i, m := range r.Dependencies {
		if !tektonInput(r, m) {
			continue
		}
		if r.source(m.URI, fmt.Sprintf("material %d", i+1)) {
			inputs++
		}
		r.say(FieldCommit, commitOf(m.Digest), fmt.Sprintf("material %d", i+1))
	}
	if inputs == 0 {
		r.absent(FieldRepository, "no input of git is hinted: set CHAINS-GIT_URL and CHAINS-GIT_COMMIT")
		r.absent(FieldCommit, "no input of git is hinted: set CHAINS-GIT_URL and CHAINS-GIT_COMMIT")
	}
}

func tektonInput(r *reading, m resource.Descriptor) bool {
	if commitOf(m.Digest) == "" {
		return false
	}
	if r.v02 {
		return strings.HasPrefix(m.URI, "git+") && (m.URI != r.ConfigSource.URI || commitOf(m.Digest) != commitOf(r.ConfigSource.Digest))
	}
	return m.Name == "inputs/result" || m.Name == "pipelineResource"
}

// cloudBuild reads Google Cloud Build's type. What is built is the source of the
// configuration unless another is named.
func cloudBuild(r *reading) {
	source := "buildConfigSource"
	if under(r.external, "sourceToBuild") != nil {
		source = "sourceToBuild"
	}
	r.source(at(r.external, source, "repository"), source+".repository")
	if ref := at(r.external, source, "ref"); ref != "" {
		r.ref(ref, source+".ref")
	}
	r.say(FieldConfig, at(r.external, "buildConfigSource", "path"), "buildConfigSource.path")
	if commit := r.internal("systemSubstitutions", "COMMIT_SHA"); isCommit(commit) && len(r.said[FieldRepository]) > 0 {
		r.say(FieldCommit, commit, "systemSubstitutions.COMMIT_SHA")
	}
	r.materials()
	r.tell(source+".repository", source+".ref")
}

// buildKit reads BuildKit's types (moby/buildkit, docs/attestations/slsa-definitions.md). A
// build of a directory has no source but what the client says of its checkout.
func buildKit(r *reading) {
	uri, set, config := r.ConfigSource.URI, r.ConfigSource.Digest, r.EntryPoint
	where := "invocation.configSource"
	if !r.v02 {
		where = "configSource"
		uri, set, config = at(r.external, where, "uri"), digests(r.external, where, "digest"), at(r.external, where, "path")
	}
	r.say(FieldConfig, config, where)
	commit := commitOf(set)
	switch {
	case uri == "":
	case commit == "":
		r.absent(FieldRepository, "%s has no commit, so that it is an archive", where)
	default:
		r.source(uri, where)
		r.say(FieldCommit, commit, where)
	}
	r.source(r.VCS.Source, "vcs.source")
	if clean, dirty := strings.CutSuffix(r.VCS.Revision, "-dirty"); dirty && isCommit(clean) {
		r.said[FieldCommit] = nil
		r.view.torn = append(r.view.torn, FieldCommit)
		r.absent(FieldCommit, "the checkout of %s had changes that are in no commit", clean)
	} else if isCommit(r.VCS.Revision) {
		r.say(FieldCommit, r.VCS.Revision, "vcs.revision")
	}
	if r.view.Absent[FieldCommit] == "" {
		r.materials()
	}
	r.tell("configSource.uri", "configSource.digest")
}

// stated reads carnet's own type, docs/buildtypes/stated.md, and with it every type that
// nobody here knows: the source is the external parameter "source", or v0.2's source of the
// configuration.
func stated(r *reading) {
	if r.v02 {
		r.source(r.ConfigSource.URI, "invocation.configSource")
		r.say(FieldCommit, commitOf(r.ConfigSource.Digest), "invocation.configSource")
	} else if uri := at(r.external, "source"); uri != "" {
		r.source(uri, "source")
	} else {
		r.source(at(r.external, "source", "uri"), "source")
		r.say(FieldCommit, commitOf(digests(r.external, "source", "digest")), "source")
	}
	r.materials()
	r.tell("source", "source.uri", "source.digest")
}
