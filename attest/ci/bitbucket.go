package ci

// bitbucketProfile is Bitbucket Pipelines (support.atlassian.com, "Variables and secrets"
// and "Integrate Pipelines with resource servers using OIDC").
func bitbucketProfile() profile {
	const host = "https://bitbucket.org"
	return profile{
		system: Bitbucket, name: "Bitbucket Pipelines",
		marks: []mark{{"BITBUCKET_BUILD_NUMBER", ""}},
		signs: []string{"BITBUCKET_PIPELINE_UUID", "BITBUCKET_STEP_UUID"},
		rows: []row{
			{FieldCommit, "BITBUCKET_COMMIT", "", ""},
			{FieldChange, "BITBUCKET_PR_ID", "", ""},
			{"runNumber", "BITBUCKET_BUILD_NUMBER", "", ""},
			{"pipelineId", "BITBUCKET_PIPELINE_UUID", "pipelineUuid", ""},
			{"jobId", "BITBUCKET_STEP_UUID", "stepUuid", ""},
			{"repositoryId", "BITBUCKET_REPO_UUID", "repositoryUuid", ""},
			{"owner", "BITBUCKET_WORKSPACE", "", ""},
			{"ownerId", "", "workspaceUuid", ""},
			{"actorId", "BITBUCKET_STEP_TRIGGERER_UUID", "", ""},
			{"environment", "BITBUCKET_DEPLOYMENT_ENVIRONMENT", "", ""},
		},
		environment: func(t *teller) {
			t.named("BITBUCKET_TAG", "BITBUCKET_BRANCH")
			t.suppose(FieldBuilder, host, "BITBUCKET_BUILD_NUMBER")
			// BITBUCKET_GIT_HTTP_ORIGIN says http, which is not how anybody fetches from there.
			repository, build := t.get("BITBUCKET_REPO_FULL_NAME"), t.get("BITBUCKET_BUILD_NUMBER")
			if repository == "" {
				return
			}
			t.say(FieldRepository, host+"/"+repository, "BITBUCKET_REPO_FULL_NAME")
			if digits(build) {
				t.say(FieldRun, host+"/"+repository+"/pipelines/results/"+build, "BITBUCKET_REPO_FULL_NAME and BITBUCKET_BUILD_NUMBER")
			}
		},
		hidden: "BITBUCKET_STEP_OIDC_TOKEN",
	}
}
