package ci

import (
	"net/url"
	"slices"
	"strings"
)

// githubProfile is GitHub Actions, of github.com, of GitHub Enterprise Cloud with data
// residency and of Enterprise Server (docs.github.com, "Variables reference", "OpenID
// Connect reference" and "REST API endpoints for workflow runs").
func githubProfile() profile {
	return profile{
		system: GitHub, name: "GitHub Actions",
		marks: []mark{{"GITHUB_ACTIONS", ""}},
		signs: []string{"GITHUB_RUN_ID", "GITHUB_WORKFLOW_REF", "GITHUB_SHA", "ACTIONS_ID_TOKEN_REQUEST_URL"},
		rows: append(actionsRows("GITHUB_"),
			row{FieldRunner, "RUNNER_ENVIRONMENT", "runner_environment", ""},
		),
		environment: func(t *teller) { t.actions("GITHUB_") },
		claims:      actionsClaims,
		answer:      githubAnswer,
		api:         githubAPI,
		token:       SourceGitHub,
	}
}

// actionsRows are what GitHub Actions and what follows its example have by the same names.
func actionsRows(prefix string) []row {
	return []row{
		{FieldTrigger, prefix + "EVENT_NAME", "event_name", "event"},
		{FieldVisibility, "", "repository_visibility", ""},
		{"runId", prefix + "RUN_ID", "run_id", "id"},
		{"runNumber", prefix + "RUN_NUMBER", "run_number", "run_number"},
		{"runAttempt", prefix + "RUN_ATTEMPT", "run_attempt", "run_attempt"},
		{"repositoryId", prefix + "REPOSITORY_ID", "repository_id", "repository.id"},
		{"ownerId", prefix + "REPOSITORY_OWNER_ID", "repository_owner_id", "repository.owner.id"},
		{"actor", prefix + "ACTOR", "actor", ""},
		{"actorId", prefix + "ACTOR_ID", "actor_id", ""},
		{"job", prefix + "JOB", "", ""},
		{"environment", "", "environment", ""},
		{"configCommit", prefix + "WORKFLOW_SHA", "workflow_sha", ""},
		{"builderCommit", "", "job_workflow_sha", ""},
	}
}

// actions tells what the variables with a prefix say.
func (t *teller) actions(prefix string) {
	server := strings.TrimSuffix(t.get(prefix+"SERVER_URL"), "/")
	repository, workflow := t.get(prefix+"REPOSITORY"), t.get(prefix+"WORKFLOW_REF")
	t.say(FieldCommit, t.get(prefix+"SHA"), prefix+"SHA")
	t.ref(t.get(prefix+"REF"), prefix+"REF")
	t.say(FieldConfig, workflowPath(workflow), prefix+"WORKFLOW_REF")
	t.say(fieldStarted, workflow, prefix+"WORKFLOW_REF")
	if server == "" {
		return
	}
	if repository != "" {
		t.say(FieldRepository, server+"/"+repository, prefix+"SERVER_URL and "+prefix+"REPOSITORY")
		t.run(server+"/"+repository, t.get(prefix+"RUN_ID"), t.get(prefix+"RUN_ATTEMPT"), prefix+"RUN_ID and "+prefix+"RUN_ATTEMPT")
	}
	if workflow != "" {
		// The workflow that was started: a reusable one that it calls is known to the token alone.
		t.suppose(FieldBuilder, server+"/"+workflow, prefix+"SERVER_URL and "+prefix+"WORKFLOW_REF")
	}
}

// ref tells a whole ref, and the number of the pull request that it is of.
func (t *teller) ref(ref, where string) {
	t.say(FieldRef, ref, where)
	if rest, ok := strings.CutPrefix(ref, "refs/pull/"); ok {
		number, _, _ := strings.Cut(rest, "/")
		t.say(FieldChange, number, where)
	}
}

// run tells a run's URL as Fulcio's extension 21 has it.
func (t *teller) run(repository, id, attempt, where string) {
	if id == "" {
		return
	}
	run := repository + "/actions/runs/" + id
	if attempt != "" {
		run += "/attempts/" + attempt
	}
	t.say(FieldRun, run, where)
}

// workflowPath is the file in OWNER/REPO/PATH@REF.
func workflowPath(ref string) string {
	file, _, _ := strings.Cut(ref, "@")
	parts := strings.SplitN(file, "/", 3)
	if len(parts) < 3 {
		return ""
	}
	return parts[2]
}

// actionsClaims tells a token's claims. The server is the one that the issuer is of; an
// issuer that nobody knows says nothing of a server, and then the environment does.
func actionsClaims(t *teller, token Token) {
	repository, workflow, job := t.get("repository"), t.get("workflow_ref"), t.get("job_workflow_ref")
	t.say(FieldCommit, t.get("sha"), "sha")
	t.ref(t.get("ref"), "ref")
	t.say(FieldConfig, workflowPath(workflow), "workflow_ref")
	t.say(fieldStarted, workflow, "workflow_ref")
	server := actionsServer(token.Issuer)
	if repository == "" {
		return
	}
	if server == "" {
		t.say(fieldPath, repository, "repository")
		server = t.server()
	}
	if server == "" {
		return
	}
	t.say(FieldRepository, server+"/"+repository, "repository")
	t.run(server+"/"+repository, t.get("run_id"), t.get("run_attempt"), "run_id and run_attempt")
	switch {
	case job != "":
		t.say(FieldBuilder, server+"/"+job, "job_workflow_ref")
	case workflow != "": // Forgejo knows no reusable workflows of others
		t.say(FieldBuilder, server+"/"+workflow, "workflow_ref")
	}
}

// server is the server that the environment is of, by the repository that it tells.
func (t *teller) server() string {
	for _, v := range t.beside.said[FieldRepository] {
		if u, err := url.Parse(strings.TrimPrefix(v.Text, "git+")); err == nil {
			return u.Scheme + "://" + u.Host
		}
	}
	return ""
}

// actionsServer is the server whose runs an issuer speaks for (docs.github.com, "OpenID
// Connect reference": customised issuers have the enterprise's name after a slash).
func actionsServer(issuer string) string {
	const public = "https://token.actions.githubusercontent.com"
	u, err := url.Parse(issuer)
	switch {
	case err != nil || u.Scheme != "https":
		return ""
	case issuer == public || strings.HasPrefix(issuer, public+"/"):
		return "https://github.com"
	case strings.HasPrefix(u.Host, "token.actions.") && strings.HasSuffix(u.Host, ".ghe.com"):
		return "https://" + strings.TrimPrefix(u.Host, "token.actions.")
	case u.Path == "/_services/token", u.Path == "/api/actions":
		return "https://" + u.Host // of Enterprise Server, and of Forgejo
	}
	return ""
}

// githubAPI asks for the run by its attempt. The token goes only to the API of the server
// that the run is of.
func githubAPI(get func(string) string) (question, bool) {
	server, api := get("GITHUB_SERVER_URL"), strings.TrimSuffix(get("GITHUB_API_URL"), "/")
	repository, id, attempt := get("GITHUB_REPOSITORY"), get("GITHUB_RUN_ID"), get("GITHUB_RUN_ATTEMPT")
	q := question{name: "GITHUB_TOKEN", header: [2]string{"Authorization", "Bearer " + get("GITHUB_TOKEN")}}
	if get("GITHUB_TOKEN") == "" || repository == "" || !digits(id) || !digits(attempt) {
		return q, false
	}
	at, apiErr := url.Parse(api)
	home, homeErr := url.Parse(server)
	if apiErr != nil || homeErr != nil || home.Host == "" || at.Host != home.Host && at.Host != "api."+home.Host {
		return q, false
	}
	owner, name, _ := strings.Cut(repository, "/")
	q.url = api + "/repos/" + url.PathEscape(owner) + "/" + url.PathEscape(name) + "/actions/runs/" + id + "/attempts/" + attempt
	return q, true
}

func digits(s string) bool { return s != "" && len(s) <= 20 && strings.Trim(s, "0123456789") == "" }

// githubAnswer tells a run. Its head is the run's commit only for events of the commit
// itself: of a pull request it is what is proposed and not what it is merged to.
func githubAnswer(t *teller) {
	if html := t.get("html_url"); html != "" && t.get("run_attempt") != "" {
		t.say(FieldRun, html+"/attempts/"+t.get("run_attempt"), "html_url and run_attempt")
	}
	t.say(FieldRepository, t.get("repository.html_url"), "repository.html_url")
	path, _, _ := strings.Cut(t.get("path"), "@")
	t.say(FieldConfig, path, "path")
	event := t.get("event")
	switch {
	case slices.Contains([]string{"push", "workflow_dispatch", "schedule", "release", "create"}, event):
		t.say(FieldCommit, t.get("head_sha"), "head_sha")
		t.say(fieldShortRef, t.get("head_branch"), "head_branch")
	case event == "pull_request":
		t.say(fieldProposed, t.get("head_sha"), "head_sha")
	}
}
