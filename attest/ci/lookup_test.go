package ci_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/carnet-project/carnet/attest/ci"
)

// Each API is asked at its documented address with the job's own token, and what it says
// of another run than the environment is a disagreement.
func TestLookup(t *testing.T) {
	for s, c := range map[ci.System]struct{ token, at, header, value, changed string }{
		ci.GitHub: {"GITHUB_TOKEN", "https://api.github.com/repos/acme/app/actions/runs/1658821493/attempts/1", "Authorization", "Bearer s3cret", "head_sha"},
		ci.GitLab: {"CI_JOB_TOKEN", "https://gitlab.com/api/v4/job", "Job-Token", "s3cret", "commit.id"},
		ci.Azure:  {"SYSTEM_ACCESSTOKEN", "https://dev.azure.com/acme/shop/_apis/build/builds/7105?api-version=7.1", "Authorization", "Bearer s3cret", "sourceVersion"},
	} {
		body := answer(t, s)
		asked := 0
		serve := func(answer string) http.HandlerFunc {
			return func(w http.ResponseWriter, r *http.Request) {
				asked++
				if at := r.Header.Get("X-Wanted") + r.URL.String(); r.Method != http.MethodGet || at != c.at || r.Header.Get(c.header) != c.value {
					t.Errorf("%s: %s %s with %q", s, r.Method, at, r.Header.Get(c.header))
				}
				_, _ = io.WriteString(w, answer)
			}
		}
		env := asks(t, s, serve(body), c.token+"=s3cret")
		api, err := env.Lookup(t.Context(), s)
		if err != nil || asked != 1 {
			t.Fatal(s, err, asked)
		}
		if b, err := ci.Resolve(ci.Said{System: s, API: api}); err != nil || text(b, ci.FieldCommit) != "api "+commit {
			t.Errorf("%s: alone %v, %v", s, b, err)
		}
		api, err = asks(t, s, serve(strings.Replace(body, commit, other, -1)), c.token+"=s3cret").Lookup(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		_, err = ci.Resolve(ci.Said{System: s, API: api, Environment: environ(variables(t, s)).Facts(s)})
		if err == nil || !strings.Contains(err.Error(), "the CI's API ("+c.changed+") says \""+other) {
			t.Errorf("%s: another commit: %v", s, err)
		}
	}
}

// Nothing is asked without a token, of a host that is not the run's, or by a system whose
// jobs have none.
func TestLookupAsksNobody(t *testing.T) {
	serve := func(_ http.ResponseWriter, r *http.Request) { t.Errorf("asked %s", r.Header.Get("X-Wanted")) }
	for _, s := range ci.Systems() {
		if facts, err := asks(t, s, serve).Lookup(t.Context(), s); err != nil || len(facts.Notes) > 0 {
			t.Errorf("%s: %v", s, err)
		}
	}
	for s, vars := range map[ci.System][]string{
		ci.GitHub:    {"GITHUB_TOKEN=s3cret", "GITHUB_API_URL=https://evil.example"},
		ci.GitLab:    {"CI_JOB_TOKEN=s3cret", "CI_API_V4_URL=https://evil.example/api/v4"},
		ci.Azure:     {"SYSTEM_ACCESSTOKEN=s3cret", "BUILD_BUILDID=../../x"},
		ci.Buildkite: {"BUILDKITE_AGENT_ACCESS_TOKEN=s3cret"},
		ci.Forgejo:   {"GITHUB_TOKEN=s3cret"},
	} {
		if _, err := asks(t, s, serve, vars...).Lookup(t.Context(), s); err != nil {
			t.Errorf("%s: %v", s, err)
		}
	}
}

func TestLookupRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		serve http.HandlerFunc
		vars  []string
		want  string
	}{
		"not found": {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "s3cret", http.StatusNotFound) }, nil, "the API of GitHub Actions at api.github.com answered 404 Not Found"},
		"redirected": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://evil.example", http.StatusFound)
		}, nil, "answered 302 Found"},
		"endless":    {says(`{"a":"` + strings.Repeat("s3cret", 200_000) + `"}`), nil, "answered over 1048576 bytes"},
		"garbage":    {says("<html>s3cret"), nil, "gave no JSON object"},
		"twice":      {says(`{"id":1,"id":2}`), nil, "gave no JSON object"},
		"hanging":    {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, nil, "did not answer in time"},
		"plain http": {says("{}"), []string{"GITHUB_SERVER_URL=http://ghes.lan", "GITHUB_API_URL=http://ghes.lan/api/v3"}, "over plain http"},
	} {
		env := asks(t, ci.GitHub, c.serve, append(c.vars, "GITHUB_TOKEN=s3cret")...)
		facts, err := env.Lookup(t.Context(), ci.GitHub)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(fmt.Sprint(err, facts), "s3cret") {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
}

// A pull request's head is not the commit that is built, and a push's branch has no whole
// name.
func TestLookupOfEvents(t *testing.T) {
	body := strings.NewReplacer(`"event":"push"`, `"event":"pull_request"`, commit, other).Replace(answer(t, ci.GitHub))
	vars := []string{"GITHUB_TOKEN=s3cret", "GITHUB_EVENT_NAME=pull_request", "GITHUB_REF=refs/pull/5/merge"}
	env := asks(t, ci.GitHub, says(body), vars...)
	api, err := env.Lookup(t.Context(), ci.GitHub)
	if err != nil {
		t.Fatal(err)
	}
	if b, err := ci.Resolve(ci.Said{System: ci.GitHub, API: api, Environment: env.Facts(ci.GitHub)}); err != nil || text(b, ci.FieldCommit) != "environment "+commit {
		t.Errorf("%v", err)
	}
	env = asks(t, ci.GitHub, says(strings.Replace(answer(t, ci.GitHub), `"head_branch":"main"`, `"head_branch":"release"`, 1)), "GITHUB_TOKEN=s3cret")
	if api, err = env.Lookup(t.Context(), ci.GitHub); err != nil {
		t.Fatal(err)
	}
	if _, err := ci.Resolve(ci.Said{System: ci.GitHub, API: api, Environment: env.Facts(ci.GitHub)}); err == nil || !strings.Contains(err.Error(), `(head_branch) says "release"`) {
		t.Errorf("another branch: %v", err)
	}
}

// A system's own token is found for its claims, and nobody else is asked.
func TestOwnToken(t *testing.T) {
	payload := func(s ci.System) string {
		token, _ := sampleToken(t, s)
		return token.Raw.Reveal()
	}
	github := []string{"ACTIONS_ID_TOKEN_REQUEST_URL=https://runner.example/t?v=2", "ACTIONS_ID_TOKEN_REQUEST_TOKEN=s3cret"}
	for name, c := range map[string]struct {
		system ci.System
		vars   []string
		serve  http.HandlerFunc
		source string
	}{
		"GitHub":             {ci.GitHub, github, says(`{"value":"` + payload(ci.GitHub) + `"}`), ci.SourceGitHub},
		"Forgejo":            {ci.Forgejo, github, says(`{"value":"` + payload(ci.Forgejo) + `"}`), ci.SourceGitHub},
		"GitLab":             {ci.GitLab, []string{"SIGSTORE_ID_TOKEN=" + payload(ci.GitLab)}, nil, ci.TokenVariable},
		"CircleCI":           {ci.CircleCI, []string{"CIRCLE_OIDC_TOKEN_V2=" + payload(ci.CircleCI)}, nil, "CIRCLE_OIDC_TOKEN_V2"},
		"Bitbucket":          {ci.Bitbucket, []string{"BITBUCKET_STEP_OIDC_TOKEN=" + payload(ci.Bitbucket)}, nil, "BITBUCKET_STEP_OIDC_TOKEN"},
		"without permission": {ci.GitHub, nil, nil, ""},
		"GitLab without":     {ci.GitLab, nil, nil, ""},
		"Jenkins has none":   {ci.Jenkins, nil, nil, ""},
	} {
		got, found, err := asks(t, c.system, c.serve, c.vars...).Token(t.Context(), c.system)
		if err != nil || found != (c.source != "") || got.Source != c.source {
			t.Errorf("%s: %q, %v, %v", name, got.Source, found, err)
		}
	}
	for name, env := range map[string]ci.Env{
		"a service that fails": asks(t, ci.GitHub, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }, github...),
		"garbage":              asks(t, ci.GitHub, nil, "SIGSTORE_ID_TOKEN=s3cret"),
	} {
		if _, found, err := env.Token(t.Context(), ci.GitHub); found || err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v, %v", name, found, err)
		}
	}
}

func TestLevel(t *testing.T) {
	said := func(s ci.System, claims ...string) ci.Said {
		x := sample(t, s)
		if token, ok := sampleToken(t, s, claims...); ok {
			x.Token = s.Claims(token, x.Environment)
		}
		return x
	}
	const flows = "job_workflow_ref=acme/flows/.github/workflows/image.yml@refs/tags/v2"
	for name, c := range map[string]struct {
		said     ci.Said
		identity bool
		want     int
		why      string
	}{
		"a key":                    {said(ci.GitHub), false, 1, "a key signs"},
		"the run's identity":       {said(ci.GitHub), true, 2, "in the job that builds"},
		"a reusable workflow":      {said(ci.GitHub, flows), true, 3, "another repository"},
		"a workflow of one's own":  {said(ci.GitHub, "job_workflow_ref=acme/app/.github/workflows/image.yml@refs/heads/main"), true, 2, "in the job that builds"},
		"a key in a reusable":      {said(ci.GitHub, flows), false, 1, "a key signs"},
		"a runner of one's own":    {ci.Said{System: ci.GitHub, Token: said(ci.GitHub, flows, "runner_environment=self-hosted").Token}, true, 1, "self-hosted"},
		"somebody else's identity": {ci.Said{System: ci.GitHub, Environment: said(ci.GitHub).Environment}, true, 1, "not shown"},
		"GitLab":                   {said(ci.GitLab), true, 2, "in the job that builds"},
		"Buildkite's own agents":   {said(ci.Buildkite), true, 1, "self-hosted"},
		"SSH":                      {ci.Said{System: ci.CircleCI, Token: said(ci.CircleCI, "oidc.circleci.com/ssh-rerun=true").Token}, true, 1, "ssh-rerun"},
		"Drone":                    {said(ci.Drone), false, 1, "a key signs"},
	} {
		b, err := ci.Resolve(c.said)
		if err != nil {
			t.Fatal(name, err)
		}
		l := b.Level(c.identity)
		if l.Build != c.want || !strings.Contains(l.Why, c.why) || (l.Raise == "") != (c.want == 3) {
			t.Errorf("%s: %+v, want %d because %q", name, l, c.want, c.why)
		}
	}
}
