package ci

import "strings"

// buildkiteProfile is Buildkite (buildkite.com/docs, "Environment variables" and "OIDC
// with Buildkite"; the run's URL is that of sigstore/fulcio, config/identity/config.yaml).
func buildkiteProfile() profile {
	return profile{
		system: Buildkite, name: "Buildkite",
		marks: []mark{{"BUILDKITE", ""}},
		signs: []string{"BUILDKITE_BUILD_ID", "BUILDKITE_JOB_ID"},
		rows: []row{
			{FieldCommit, "BUILDKITE_COMMIT", "build_commit", ""}, // the variable may be "HEAD"
			{FieldRepository, "BUILDKITE_REPO", "", ""},
			{FieldTrigger, "BUILDKITE_SOURCE", "build_source", ""},
			{FieldRunner, "", "runner_environment", ""},
			{"runId", "BUILDKITE_BUILD_ID", "build_id", ""},
			{"runNumber", "BUILDKITE_BUILD_NUMBER", "build_number", ""},
			{"jobId", "BUILDKITE_JOB_ID", "job_id", ""},
			{"job", "BUILDKITE_STEP_KEY", "step_key", ""},
			{"pipeline", "BUILDKITE_PIPELINE_SLUG", "pipeline_slug", ""},
			{"pipelineId", "BUILDKITE_PIPELINE_ID", "pipeline_id", ""},
			{"owner", "BUILDKITE_ORGANIZATION_SLUG", "organization_slug", ""},
			{"ownerId", "BUILDKITE_ORGANIZATION_ID", "organization_id", ""},
			{"runnerId", "BUILDKITE_AGENT_ID", "agent_id", ""},
		},
		environment: func(t *teller) {
			t.named("BUILDKITE_TAG", "BUILDKITE_BRANCH")
			if change := t.get("BUILDKITE_PULL_REQUEST"); change != "false" {
				t.say(FieldChange, change, "BUILDKITE_PULL_REQUEST")
			}
			build, job := t.get("BUILDKITE_BUILD_URL"), t.get("BUILDKITE_JOB_ID")
			if pipeline, _, found := strings.Cut(build, "/builds/"); found {
				t.say(FieldBuilder, pipeline, "BUILDKITE_BUILD_URL")
				if job != "" {
					t.say(FieldRun, build+"#"+job, "BUILDKITE_BUILD_URL and BUILDKITE_JOB_ID")
				}
			}
		},
		claims: func(t *teller, _ Token) {
			t.named("build_tag", "build_branch")
			organization, pipeline := t.get("organization_slug"), t.get("pipeline_slug")
			if organization == "" || pipeline == "" {
				return
			}
			builder := "https://buildkite.com/" + organization + "/" + pipeline
			t.say(FieldBuilder, builder, "organization_slug and pipeline_slug")
			if build, job := t.get("build_number"), t.get("job_id"); build != "" && job != "" {
				t.say(FieldRun, builder+"/builds/"+build+"#"+job, "build_number and job_id")
			}
		},
		token: SourceBuildkite,
	}
}
