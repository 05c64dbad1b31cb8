package ci

import (
	"net/url"
	"strings"
)

// circleciProfile is CircleCI (circleci.com/docs, "Project values and variables" and
// "Using OpenID Connect tokens in jobs"; the run's URL, with its two slashes, is the one
// of sigstore/fulcio, config/identity/config.yaml).
func circleciProfile() profile {
	const claim = "oidc.circleci.com/"
	const run = "https://app.circleci.com//workflow/"
	return profile{
		system: CircleCI, name: "CircleCI",
		marks: []mark{{"CIRCLECI", ""}},
		signs: []string{"CIRCLE_SHA1", "CIRCLE_WORKFLOW_ID"},
		rows: []row{
			{FieldCommit, "CIRCLE_SHA1", "", ""},
			{FieldRepository, "CIRCLE_REPOSITORY_URL", "", ""},
			{FieldChange, "CIRCLE_PR_NUMBER", "", ""},
			{"pipelineId", "CIRCLE_PIPELINE_ID", claim + "pipeline-id", ""},
			{"pipelineDefinitionId", "", claim + "pipeline-definition-id", ""},
			{"workflowId", "CIRCLE_WORKFLOW_ID", claim + "workflow-id", ""},
			{"jobId", "CIRCLE_WORKFLOW_JOB_ID", claim + "job-id", ""},
			{"repositoryId", "CIRCLE_PROJECT_ID", claim + "project-id", ""},
			{"ownerId", "CIRCLE_ORGANIZATION_ID", claim + "org-id", ""},
			{"job", "CIRCLE_JOB", "", ""},
			{"buildUrl", "CIRCLE_BUILD_URL", "", ""},
			{"actor", "CIRCLE_USERNAME", "", ""},
			{"sshRerun", "", claim + "ssh-rerun", ""},
		},
		environment: func(t *teller) {
			if branch := t.get("CIRCLE_BRANCH"); strings.HasPrefix(branch, "pull/") { // of a fork
				t.suppose(FieldRef, "refs/"+branch+"/head", "CIRCLE_BRANCH")
			} else {
				t.named("CIRCLE_TAG", "CIRCLE_BRANCH")
			}
			if workflow, job := t.get("CIRCLE_WORKFLOW_ID"), t.get("CIRCLE_WORKFLOW_JOB_ID"); workflow != "" && job != "" {
				t.say(FieldRun, run+workflow+"/job/"+job, "CIRCLE_WORKFLOW_ID and CIRCLE_WORKFLOW_JOB_ID")
			}
			if u, err := url.Parse(t.get("CIRCLE_BUILD_URL")); err == nil && u.Host != "" {
				t.say(FieldBuilder, "https://"+u.Host, "CIRCLE_BUILD_URL")
			}
		},
		claims: func(t *teller, _ Token) {
			if origin := t.get(claim + "vcs-origin"); origin != "" {
				t.say(FieldRepository, withScheme(origin), claim+"vcs-origin")
			}
			t.say(FieldRef, t.get(claim+"vcs-ref"), claim+"vcs-ref")
			if workflow, job := t.get(claim+"workflow-id"), t.get(claim+"job-id"); workflow != "" && job != "" {
				t.say(FieldRun, run+workflow+"/job/"+job, claim+"workflow-id and job-id")
			}
			if t.get(claim+"ssh-rerun") == "true" {
				t.say(FieldRunner, "ssh-rerun", claim+"ssh-rerun")
			}
		},
		token: SourceCircleCI, hidden: "CIRCLE_OIDC_TOKEN_V2",
	}
}

// withScheme is an origin such as github.com/acme/app as a URL.
func withScheme(origin string) string {
	if strings.Contains(origin, ":") {
		return origin
	}
	return "https://" + origin
}
