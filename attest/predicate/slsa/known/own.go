package known

import "strings"

// ownBuilds are the build types of what carnet writes in a continuous integration system,
// by the system's name: docs/buildtypes has their pages. The job that builds writes them,
// so that they claim level 2 at most, and 1 where the system gives jobs no identity to sign
// with; GitHub's are judged as its own.
func ownBuilds() []Producer {
	const pages = "https://github.com/carnet-project/carnet/blob/main/docs/buildtypes/"
	own := func(system, name string, level int, note string, ids ...string) Producer {
		return Producer{ownPrefix + system, "carnet in " + name, []string{pages + system + ".md"}, ids, level, note, ownBuild}
	}
	const job, identity = "The job that builds writes it.", "The job that builds writes it, and has no identity of the platform's to sign with."
	return []Producer{
		own("github", "GitHub Actions", 3, "Level 3 takes a reusable workflow that is not the tenant's; else it is 2.", "https://*/*/*/.github/workflows/*@**"),
		own("gitlab", "GitLab CI", 2, job, "https://**/-/runners/*"),
		own("jenkins", "Jenkins", 2, job, "**"),
		own("azure", "Azure Pipelines", 2, job, "https://**"),
		own("circleci", "CircleCI", 2, job, "https://*"),
		own("buildkite", "Buildkite", 2, job, "https://buildkite.com/*/*"),
		own("tekton", "Tekton", 2, job, "**"),
		own("google-cloud-build", "Google Cloud Build", 2, job, "https://cloudbuild.googleapis.com/v1/projects/*"),
		own("bitbucket", "Bitbucket Pipelines", 2, job, "https://bitbucket.org"),
		own("drone", "Drone", 1, identity, "**"),
		own("woodpecker", "Woodpecker", 1, identity, "**"),
		own("forgejo", "Forgejo Actions", 2, job, "**"),
		{ownPrefix + "run", "carnet attest run", []string{pages + "run.md"}, []string{"**"}, 2, "Whoever runs the step writes it: it is worth what keeps the two apart.", ownBuild},
	}
}

// ownPrefix begins the ids of carnet's own producers.
const ownPrefix = "carnet-"

// ownBuild reads what carnet writes in a continuous integration system.
func ownBuild(r *reading) {
	if r.v02 {
		configured(r) // carnet does not write it
		return
	}
	r.source(at(r.external, "source"), "source")
	if ref := at(r.external, "ref"); ref != "" {
		r.ref(ref, "ref")
	}
	r.say(FieldConfig, at(r.external, "config"), "config")
	r.say(FieldTrigger, r.internal("trigger"), "trigger")
	r.materials()
	if strings.HasPrefix(r.view.InvocationID, "https://") {
		r.view.Run = r.view.InvocationID
	}
	r.tell("source", "ref", "config")
}
