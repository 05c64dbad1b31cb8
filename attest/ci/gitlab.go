package ci

import (
	"net/url"
	"strings"
)

// gitlabProfile is GitLab CI, of gitlab.com and of one's own (docs.gitlab.com,
// "Predefined CI/CD variables reference", "OpenID Connect (OIDC) Authentication Using ID
// Tokens" and "Jobs API", "Retrieve job of a job token").
func gitlabProfile() profile {
	return profile{
		system: GitLab, name: "GitLab CI",
		marks: []mark{{"GITLAB_CI", ""}},
		signs: []string{"CI_PROJECT_URL", "CI_JOB_URL"},
		rows: []row{
			{FieldCommit, "CI_COMMIT_SHA", "sha", "commit.id"},
			{FieldTrigger, "CI_PIPELINE_SOURCE", "pipeline_source", "pipeline.source"},
			{FieldImage, "CI_JOB_IMAGE", "", ""},
			{FieldVisibility, "CI_PROJECT_VISIBILITY", "project_visibility", ""},
			{FieldRunner, "", "runner_environment", ""},
			{FieldChange, "CI_MERGE_REQUEST_IID", "", ""},
			{"repositoryId", "CI_PROJECT_ID", "project_id", "pipeline.project_id"},
			{"ownerId", "CI_PROJECT_NAMESPACE_ID", "namespace_id", ""},
			{"pipelineId", "CI_PIPELINE_ID", "pipeline_id", "pipeline.id"},
			{"jobId", "CI_JOB_ID", "job_id", "id"},
			{"job", "CI_JOB_NAME", "", "name"},
			{"runnerId", "CI_RUNNER_ID", "runner_id", "runner.id"},
			{"actor", "GITLAB_USER_LOGIN", "user_login", "user.username"},
			{"actorId", "GITLAB_USER_ID", "user_id", "user.id"},
			{"environment", "", "environment", ""},
			{"configCommit", "", "ci_config_sha", ""},
		},
		environment: gitlabEnvironment,
		claims:      gitlabClaims,
		answer:      gitlabAnswer,
		api:         gitlabAPI,
		token:       SourceGitLab,
	}
}

func gitlabEnvironment(t *teller) {
	project := strings.TrimSuffix(t.get("CI_PROJECT_URL"), "/")
	t.say(FieldRepository, project, "CI_PROJECT_URL")
	t.say(FieldRun, t.get("CI_JOB_URL"), "CI_JOB_URL")
	if of, _, found := strings.Cut(t.get("CI_JOB_URL"), "/-/jobs/"); found {
		t.say(FieldRepository, of, "CI_JOB_URL")
	}
	// Of a merge request's pipeline only the short name of the source branch is told.
	if t.get("CI_COMMIT_TAG") == "" && t.get("CI_COMMIT_BRANCH") == "" && t.get("CI_COMMIT_REF_NAME") != "" {
		t.say(FieldRef, "refs/heads/"+t.get("CI_COMMIT_REF_NAME"), "CI_COMMIT_REF_NAME")
	}
	t.named("CI_COMMIT_TAG", "CI_COMMIT_BRANCH")
	config, _, _ := strings.Cut(t.get("CI_CONFIG_PATH"), "@") // PATH@GROUP/PROJECT is another project's file
	t.say(FieldConfig, config, "CI_CONFIG_PATH")
	if runner := t.get("CI_RUNNER_ID"); runner != "" && project != "" {
		t.say(FieldBuilder, project+"/-/runners/"+runner, "CI_PROJECT_URL and CI_RUNNER_ID")
	}
}

func gitlabClaims(t *teller, token Token) {
	if path, server := t.get("project_path"), t.gitlabServer(token.Issuer); path != "" && server != "" {
		project := server + "/" + path
		t.say(fieldPath, path, "project_path")
		t.say(FieldRepository, project, "project_path")
		if job := t.get("job_id"); job != "" {
			t.say(FieldRun, project+"/-/jobs/"+job, "job_id")
		}
		if runner := t.get("runner_id"); runner != "" {
			t.say(FieldBuilder, project+"/-/runners/"+runner, "runner_id")
		}
	}
	if prefix := map[string]string{"branch": "refs/heads/", "tag": "refs/tags/"}[t.get("ref_type")]; prefix != "" && t.get("ref") != "" {
		t.say(FieldRef, prefix+t.get("ref"), "ref")
	}
	_, file, _ := strings.Cut(t.get("ci_config_ref_uri"), "//")
	config, _, _ := strings.Cut(file, "@")
	t.say(FieldConfig, config, "ci_config_ref_uri")
}

// gitlabServer is the instance that a token is of: the issuer, unless the token has the
// pipeline's definition on another host. Then the issuer is none that is known to be a
// GitLab, and the server is the environment's.
func (t *teller) gitlabServer(issuer string) string {
	u, err := url.Parse(issuer)
	host, _, _ := strings.Cut(t.get("ci_config_ref_uri"), "/")
	if err != nil || host != "" && host != u.Host {
		return t.server()
	}
	return strings.TrimSuffix(issuer, "/")
}

func gitlabAnswer(t *teller) {
	web := t.get("web_url")
	t.say(FieldRun, web, "web_url")
	if of, _, found := strings.Cut(web, "/-/jobs/"); found {
		t.say(FieldRepository, of, "web_url")
	}
	if tag := t.get("tag"); t.get("ref") != "" && !strings.HasPrefix(t.get("ref"), "refs/") {
		prefix := map[string]string{"true": "refs/tags/", "false": "refs/heads/"}[tag]
		t.say(FieldRef, prefix+t.get("ref"), "ref")
	}
}

// gitlabAPI asks for the job that the job's token is of.
func gitlabAPI(get func(string) string) (question, bool) {
	q := question{name: "CI_JOB_TOKEN", header: [2]string{"JOB-TOKEN", get("CI_JOB_TOKEN")}}
	at, apiErr := url.Parse(get("CI_API_V4_URL"))
	home, homeErr := url.Parse(get("CI_PROJECT_URL"))
	if get("CI_JOB_TOKEN") == "" || apiErr != nil || homeErr != nil || at.Host == "" || at.Host != home.Host {
		return q, false
	}
	q.url = strings.TrimSuffix(get("CI_API_V4_URL"), "/") + "/job"
	return q, true
}
