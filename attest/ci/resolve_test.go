package ci_test

import (
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/carnet-project/carnet/attest/checkout"
	"github.com/carnet-project/carnet/attest/ci"
)

// What everybody says of the samples fits together, with the API's word too, and each
// value is that of the origin that is believed most.
func TestSamplesAgree(t *testing.T) {
	for s, want := range map[ci.System][5]string{ // repository, commit, ref, builder, run
		ci.GitHub: {"token https://github.com/acme/app", "token " + commit, "token refs/heads/main",
			"token https://github.com/acme/app/.github/workflows/release.yml@refs/heads/main", "token https://github.com/acme/app/actions/runs/1658821493/attempts/1"},
		ci.GitLab: {"token https://gitlab.com/acme/team/app", "token " + commit, "token refs/heads/main",
			"token https://gitlab.com/acme/team/app/-/runners/12270831", "token https://gitlab.com/acme/team/app/-/jobs/10007868"},
		ci.Jenkins: {"git https://git.acme.example/acme/app", "git " + commit, "environment refs/heads/main",
			"environment https://jenkins.acme.example", "environment https://jenkins.acme.example/job/acme/job/app/job/main/42/"},
		ci.Azure: {"api https://dev.azure.com/acme/shop/_git/app", "api " + commit, "api refs/heads/main",
			"environment https://dev.azure.com/acme", "environment https://dev.azure.com/acme/shop/_build/results?buildId=7105"},
		ci.CircleCI: {"token https://github.com/acme/app", "git " + commit, "token refs/heads/main",
			"environment https://circleci.com", "token https://app.circleci.com//workflow/1f2e3d4c-5b6a-4978-8695-a4b3c2d1e0f9/job/c0ffee00-1234-4abc-8def-0123456789ab"},
		ci.Buildkite: {"git https://github.com/acme/app", "token " + commit, "token refs/heads/main",
			"token https://buildkite.com/acme/app", "token https://buildkite.com/acme/app/builds/1514#e44f9784-e20e-4b93-a21d-f41fd5869db9"},
		ci.Tekton: {"git https://git.acme.example/acme/app", "git " + commit, "",
			"token https://container.googleapis.com/v1/projects/acme/locations/europe-west1/clusters/builds", "environment urn:uuid:3f2c1b0a-9d8e-4f7a-8b6c-5d4e3f2a1b0c"},
		ci.CloudBuild: {"git https://github.com/acme/app", "git " + commit, "environment refs/heads/main",
			"environment https://cloudbuild.googleapis.com/v1/projects/acme-builds", "environment https://cloudbuild.googleapis.com/v1/projects/acme-builds/locations/europe-west1/builds/b2f54a5c-6d3e-4c2b-9a1f-0e9d8c7b6a50"},
		ci.Bitbucket: {"environment https://bitbucket.org/acme/app", "git " + commit, "environment refs/heads/main",
			"environment https://bitbucket.org", "environment https://bitbucket.org/acme/app/pipelines/results/118"},
		ci.Drone: {"git https://git.acme.example/acme/app", "git " + commit, "environment refs/heads/main",
			"environment https://drone.acme.example", "environment https://drone.acme.example/acme/app/42"},
		ci.Woodpecker: {"git https://git.acme.example/acme/app", "git " + commit, "environment refs/heads/main",
			"environment https://ci.acme.example", "environment https://ci.acme.example/repos/7/pipeline/8"},
		ci.Forgejo: {"token https://git.acme.example/acme/app", "token " + commit, "token refs/heads/main",
			"token https://git.acme.example/acme/app/.forgejo/workflows/release.yml@refs/heads/main", "token https://git.acme.example/acme/app/actions/runs/916/attempts/1"},
	} {
		said := sample(t, s)
		if body := answer(t, s); body != "" {
			api, err := asks(t, s, says(body), "GITHUB_TOKEN=s3cret", "CI_JOB_TOKEN=s3cret", "SYSTEM_ACCESSTOKEN=s3cret").Lookup(t.Context(), s)
			if err != nil {
				t.Fatal(s, err)
			}
			said.API = api
		}
		b, err := ci.Resolve(said)
		if err != nil {
			t.Errorf("%s: %v", s, err)
			continue
		}
		for i, f := range []ci.Field{ci.FieldRepository, ci.FieldCommit, ci.FieldRef, ci.FieldBuilder, ci.FieldRun} {
			if got := text(b, f); got != want[i] {
				t.Errorf("%s: the %s is %q, want %q", s, f, got, want[i])
			}
		}
		if len(b.Notes) > 0 && s != ci.Bitbucket {
			t.Errorf("%s: %q", s, b.Notes)
		}
	}
}

// Without a token, an API and a checkout the environment says it alone.
func TestEnvironmentAlone(t *testing.T) {
	for _, s := range ci.Systems() {
		b, err := ci.Resolve(ci.Said{System: s, Environment: environ(variables(t, s)).Facts(s)})
		if err != nil {
			t.Errorf("%s: %v", s, err)
			continue
		}
		if got := text(b, ci.FieldCommit); got != "environment "+commit {
			t.Errorf("%s: %s", s, got)
		}
	}
}

// Whoever changes what one origin says makes it a disagreement, which names both.
func TestDisagreements(t *testing.T) {
	none := func(*ci.Said) {}
	git := func(c checkout.Checkout) func(*ci.Said) { return func(s *ci.Said) { s.Checkout = &c } }
	for name, c := range map[string]struct {
		system ci.System
		vars   []string
		claims []string
		change func(*ci.Said)
		field  ci.Field
		want   []string
	}{
		"token and environment": {ci.GitHub, []string{"GITHUB_SHA=" + other}, nil, none, ci.FieldCommit, []string{"the token (claim sha) says", commit, "the environment (GITHUB_SHA) says", other}},
		"token and git": {ci.GitHub, nil, nil, git(checkout.Checkout{Commit: other, Remote: "git+https://github.com/acme/app"}), ci.FieldCommit,
			[]string{"the token (claim sha)", commit, "git (HEAD)", other}},
		"git and environment":   {ci.Jenkins, []string{"GIT_COMMIT=" + other}, nil, none, ci.FieldCommit, []string{"git (HEAD)", "GIT_COMMIT"}},
		"another repository":    {ci.GitHub, nil, nil, git(checkout.Checkout{Commit: commit, Remote: "git+https://github.com/evil/app"}), ci.FieldRepository, []string{"claim repository", "evil/app"}},
		"another server":        {ci.GitHub, []string{"GITHUB_SERVER_URL=https://ghes.acme.example"}, nil, none, ci.FieldRepository, []string{"https://github.com/acme/app", "ghes.acme.example"}},
		"another ref":           {ci.GitHub, []string{"GITHUB_REF=refs/heads/release"}, nil, none, ci.FieldRef, []string{"refs/heads/main", "refs/heads/release"}},
		"another event":         {ci.GitHub, []string{"GITHUB_EVENT_NAME=pull_request_target"}, nil, none, ci.FieldTrigger, []string{"push", "pull_request_target"}},
		"another run":           {ci.GitHub, []string{"GITHUB_RUN_ID=7"}, nil, none, ci.FieldRun, []string{"runs/1658821493", "runs/7"}},
		"another workflow":      {ci.GitHub, []string{"GITHUB_WORKFLOW_REF=acme/app/.github/workflows/ci.yml@refs/heads/main"}, nil, none, ci.FieldConfig, []string{"release.yml", "ci.yml"}},
		"another attempt":       {ci.GitHub, []string{"GITHUB_RUN_ATTEMPT=2"}, nil, none, ci.FieldRun, []string{"attempts/1", "attempts/2"}},
		"GitLab's tag":          {ci.GitLab, []string{"CI_COMMIT_TAG=v1", "CI_COMMIT_BRANCH="}, nil, none, ci.FieldRef, []string{"refs/heads/main", "refs/tags/v1"}},
		"GitLab's job":          {ci.GitLab, []string{"CI_JOB_URL=https://gitlab.com/evil/app/-/jobs/10007868"}, nil, none, ci.FieldRepository, []string{"acme/team/app", "evil/app"}},
		"GitLab's self":         {ci.GitLab, []string{"CI_PROJECT_URL=https://gitlab.acme.example/acme/team/app"}, nil, none, ci.FieldRepository, []string{"gitlab.com", "gitlab.acme.example"}},
		"Jenkins's controller":  {ci.Jenkins, []string{"BUILD_URL=https://evil.example/job/app/1/"}, nil, none, ci.FieldBuilder, []string{"jenkins.acme.example", "evil.example"}},
		"two commits":           {ci.CloudBuild, []string{"REVISION_ID=" + other}, nil, none, ci.FieldCommit, []string{commit, other}},
		"a path":                {ci.CloudBuild, []string{"REPO_FULL_NAME=acme/other"}, nil, none, ci.FieldRepository, []string{"acme/app", "acme/other"}},
		"Forgejo's two names":   {ci.Forgejo, []string{"FORGEJO_SHA=" + other}, nil, none, ci.FieldCommit, []string{"claim sha", "FORGEJO_SHA"}},
		"Buildkite's pipeline":  {ci.Buildkite, []string{"BUILDKITE_BUILD_URL=https://buildkite.com/acme/other/builds/1514"}, nil, none, ci.FieldBuilder, []string{"acme/app", "acme/other"}},
		"Woodpecker's two URLs": {ci.Woodpecker, []string{"CI_REPO_CLONE_URL=https://git.acme.example/evil/app.git"}, nil, none, ci.FieldRepository, []string{"acme/app", "evil/app"}},
		"a token of another run": {ci.GitHub, nil, []string{"sha=" + other}, none, ci.FieldCommit,
			[]string{"the token (claim sha)", other, commit}},
		"a flag against a token": {ci.GitHub, nil, nil, func(s *ci.Said) { s.Flags.Say(ci.FieldBuilder, "https://ci.example/b", ci.FromFlag, "--builder-id") },
			ci.FieldBuilder, []string{"job_workflow_ref", "--builder-id", "https://ci.example/b"}},
	} {
		t.Run(name, func(t *testing.T) {
			said := sample(t, c.system, c.vars...)
			if len(c.claims) > 0 {
				token, _ := sampleToken(t, c.system, c.claims...)
				said.Token = c.system.Claims(token, said.Environment)
			}
			c.change(&said)
			_, err := ci.Resolve(said)
			var differ *ci.DisagreementError
			if !errors.As(err, &differ) || differ.Field != c.field {
				t.Fatalf("got %v, want a disagreement on the %s", err, c.field)
			}
			for _, part := range c.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%v does not say %q", err, part)
				}
			}
		})
	}
}

// What looks like a difference and is none.
func TestNoDisagreements(t *testing.T) {
	git := func(c checkout.Checkout) func(*ci.Said) { return func(s *ci.Said) { s.Checkout = &c } }
	at := func(remote string) func(*ci.Said) {
		return git(checkout.Checkout{Commit: commit, Remote: checkout.RemoteURI(remote)})
	}
	flag := func(f ci.Field, value string) func(*ci.Said) {
		return func(s *ci.Said) { s.Flags.Say(f, value, ci.FromFlag, "--flag") }
	}
	for name, c := range map[string]struct {
		system ci.System
		vars   []string
		change func(*ci.Said)
		field  ci.Field
		want   string
	}{
		"another branch of the commit": {ci.GitHub, nil, git(checkout.Checkout{Commit: commit, Branch: "work", Remote: "git+https://github.com/acme/app"}), ci.FieldRef, "token refs/heads/main"},
		"a tag on the commit":          {ci.Jenkins, nil, git(checkout.Checkout{Commit: commit, Tags: []string{"v1"}}), ci.FieldRef, "environment refs/heads/main"},
		"git alone knows the branch":   {ci.Tekton, nil, git(checkout.Checkout{Commit: commit, Branch: "main"}), ci.FieldRef, "git refs/heads/main"},
		"by SSH":                       {ci.GitHub, nil, at("git@github.com:acme/app.git"), ci.FieldRepository, "token https://github.com/acme/app"},
		"by SSH over 443":              {ci.GitHub, nil, at("ssh://git@ssh.github.com:443/acme/app.git"), ci.FieldRepository, "token https://github.com/acme/app"},
		"by SSH of another port":       {ci.Drone, nil, at("ssh://git@git.acme.example:2222/acme/app.git"), ci.FieldRepository, "environment https://git.acme.example/acme/app"},
		"with a token":                 {ci.GitHub, nil, at("https://x-access-token:s3cret@github.com/acme/app/"), ci.FieldRepository, "token https://github.com/acme/app"},
		"in another case":              {ci.GitHub, nil, at("https://GitHub.com/Acme/App.git"), ci.FieldRepository, "token https://github.com/acme/app"},
		"Azure's SSH":                  {ci.Azure, nil, at("git@ssh.dev.azure.com:v3/acme/shop/app"), ci.FieldRepository, "git https://dev.azure.com/acme/shop/_git/app"},
		"Azure's old host":             {ci.Azure, nil, at("https://acme.visualstudio.com/shop/_git/app"), ci.FieldRepository, "git https://dev.azure.com/acme/shop/_git/app"},
		"a folder as remote":           {ci.GitHub, nil, at("/srv/mirror.git"), ci.FieldRepository, "token https://github.com/acme/app"},
		"Jenkins names the remote":     {ci.Jenkins, []string{"BRANCH_NAME=", "GIT_BRANCH=origin/main"}, func(*ci.Said) {}, ci.FieldRef, "environment refs/heads/main"},
		"Jenkins builds a request":     {ci.Jenkins, []string{"BRANCH_NAME=PR-7", "GIT_BRANCH=PR-7", "CHANGE_ID=7"}, func(*ci.Said) {}, ci.FieldRef, ""},
		"Buildkite's HEAD":             {ci.Buildkite, []string{"BUILDKITE_COMMIT=HEAD"}, func(*ci.Said) {}, ci.FieldCommit, "token " + commit},
		"GitLab's merge request":       {ci.GitLab, []string{"CI_COMMIT_BRANCH=", "CI_COMMIT_REF_NAME=main", "CI_MERGE_REQUEST_IID=3"}, func(*ci.Said) {}, ci.FieldRef, "token refs/heads/main"},
		"CircleCI's fork":              {ci.CircleCI, []string{"CIRCLE_BRANCH=pull/5", "CIRCLE_PR_NUMBER=5"}, func(*ci.Said) {}, ci.FieldRef, "token refs/heads/main"},
		"Buildkite's fork":             {ci.Buildkite, []string{"BUILDKITE_BRANCH=eve:main"}, func(s *ci.Said) { s.Token = ci.Facts{} }, ci.FieldRef, ""},
		"Cloud Build's own names":      {ci.CloudBuild, []string{"REPO_FULL_NAME=github_acme_app"}, func(*ci.Said) {}, ci.FieldCommit, "git " + commit},
		"a run under another name":     {ci.Azure, []string{"BUILD_BUILDNUMBER=1.4.0"}, func(s *ci.Said) { s.API = azure(t) }, "runNumber", "environment 1.4.0"},
		"a clone from within": {ci.GitLab, nil, func(s *ci.Said) {
			s.Checkout = &checkout.Checkout{Commit: commit, Remote: "git+http://gitlab.internal:8080/acme/team/app.git"}
			s.Flags.Say(ci.FieldRepository, "git+https://gitlab.com/acme/team/app", ci.FromFlag, "--source")
			s.Flags.Say(ci.FieldCommit, commit, ci.FromFlag, "--source")
		}, ci.FieldRepository, "token https://gitlab.com/acme/team/app"},
		"a reusable workflow":           {ci.GitHub, nil, func(s *ci.Said) { s.Token = reusable(t, s.Environment) }, ci.FieldBuilder, "token https://github.com/acme/flows/.github/workflows/image.yml@refs/tags/v2"},
		"a flag that agrees":            {ci.GitHub, nil, flag(ci.FieldCommit, commit), ci.FieldCommit, "token " + commit},
		"a flag before the environment": {ci.Jenkins, nil, flag(ci.FieldBuilder, "https://ci.example/b"), ci.FieldBuilder, "flag https://ci.example/b"},
		"a flag in place of git":        {ci.Jenkins, []string{"GIT_COMMIT=" + other}, flag(ci.FieldCommit, other), ci.FieldCommit, "flag " + other},
		"GitLab on plain http": {ci.GitLab, nil, func(s *ci.Said) {
			*s = ci.Said{System: ci.GitLab, Environment: plainGitLab(t), Checkout: s.Checkout}
			s.Checkout.Remote = "git+http://gitlab.lan/a/b.git"
		}, ci.FieldRepository, "git git+http://gitlab.lan/a/b.git"},
		"Enterprise Server without more": {ci.GitHub, []string{"GITHUB_SERVER_URL=https://ghes.acme.example"}, func(s *ci.Said) { s.Token, s.Checkout = ci.Facts{}, nil }, ci.FieldBuilder, "environment https://ghes.acme.example/acme/app/.github/workflows/release.yml@refs/heads/main"},
	} {
		t.Run(name, func(t *testing.T) {
			said := sample(t, c.system, c.vars...)
			c.change(&said)
			b, err := ci.Resolve(said)
			if err != nil {
				t.Fatal(err)
			}
			if got := text(b, c.field); got != c.want {
				t.Errorf("the %s is %q, want %q", c.field, got, c.want)
			}
		})
	}
}

func azure(t *testing.T) ci.Facts {
	t.Helper()
	facts, err := asks(t, ci.Azure, says(answer(t, ci.Azure)), "SYSTEM_ACCESSTOKEN=s3cret").Lookup(t.Context(), ci.Azure)
	if err != nil {
		t.Fatal(err)
	}
	return facts
}

func plainGitLab(t *testing.T) ci.Facts {
	return environ(variables(t, ci.GitLab, "CI_PROJECT_URL=http://gitlab.lan/a/b", "CI_JOB_URL=http://gitlab.lan/a/b/-/jobs/10007868")).Facts(ci.GitLab)
}

func reusable(t *testing.T, beside ci.Facts) ci.Facts {
	token, _ := sampleToken(t, ci.GitHub, "job_workflow_ref=acme/flows/.github/workflows/image.yml@refs/tags/v2", "job_workflow_sha="+other)
	return ci.GitHub.Claims(token, beside)
}

// A pull request is built merged, or as it was proposed, or as the system merges it
// itself; anything else is a disagreement.
func TestPullRequests(t *testing.T) {
	const head = "1111111111111111111111111111111111111111"
	request := []string{"GITHUB_EVENT_NAME=pull_request", "GITHUB_REF=refs/pull/5/merge", "GITHUB_EVENT_PATH=/event.json"}
	vars := variables(t, ci.GitHub, request...)
	env := environ(vars)
	env.ReadFile = func(name string, _ int64) ([]byte, error) {
		if name != "/event.json" {
			return nil, fs.ErrNotExist
		}
		return []byte(`{"number":5,"pull_request":{"head":{"sha":"` + head + `","repo":null},"title":"inputs"}}`), nil
	}
	github := ci.Said{System: ci.GitHub, Environment: env.Facts(ci.GitHub)}
	token, _ := sampleToken(t, ci.GitHub, "event_name=pull_request", "ref=refs/pull/5/merge")
	github.Token = ci.GitHub.Claims(token, github.Environment)
	bitbucket := sample(t, ci.Bitbucket, "BITBUCKET_PR_ID=5")
	for name, c := range map[string]struct {
		said                  ci.Said
		git                   checkout.Checkout
		commit, ref, event    string
		notes, isDisagreement bool
	}{
		"merged by GitHub":      {github, checkout.Checkout{Commit: commit}, "token " + commit, "token refs/pull/5/merge", "", false, false},
		"as proposed":           {github, checkout.Checkout{Commit: head}, "git " + head, "", "token " + commit, true, false},
		"something else":        {github, checkout.Checkout{Commit: other}, "", "", "", false, true},
		"merged by Bitbucket":   {bitbucket, checkout.Checkout{Commit: other, Parents: []string{head, commit}}, "git " + other, "", "environment " + commit, true, false},
		"one commit further":    {bitbucket, checkout.Checkout{Commit: other, Parents: []string{commit}}, "", "", "", false, true},
		"merge of other things": {bitbucket, checkout.Checkout{Commit: other, Parents: []string{head, other}}, "", "", "", false, true},
	} {
		t.Run(name, func(t *testing.T) {
			said := c.said
			said.Checkout = &c.git
			b, err := ci.Resolve(said)
			var differ *ci.DisagreementError
			if c.isDisagreement {
				if !errors.As(err, &differ) || differ.Field != ci.FieldCommit {
					t.Fatalf("got %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			noted := slices.ContainsFunc(b.Notes, func(n string) bool { return strings.Contains(n, "same pull request") })
			if text(b, ci.FieldCommit) != c.commit || text(b, ci.FieldRef) != c.ref || text(b, ci.FieldEventCommit) != c.event || noted != c.notes {
				t.Errorf("commit %q, ref %q, of the event %q, noted %q", text(b, ci.FieldCommit), text(b, ci.FieldRef), text(b, ci.FieldEventCommit), b.Notes)
			}
		})
	}
	if _, err := ci.Resolve(ci.Said{System: ci.Bitbucket, Environment: sample(t, ci.Bitbucket).Environment, Checkout: &checkout.Checkout{Commit: other, Parents: []string{head, commit}}}); err == nil {
		t.Error("a merge outside of a pull request passes")
	}
}

// No builder is on github.com whose run is not.
func TestForeignServers(t *testing.T) {
	for name, issuer := range map[string]string{
		"enterprise server": "https://ghes.acme.example/_services/token", "data residency": "https://token.actions.acme.ghe.com", "unknown": "https://fulcio-lab.example/issuer",
		"plain http": "http://token.actions.githubusercontent.com",
	} {
		server := map[string]string{"enterprise server": "https://ghes.acme.example", "data residency": "https://acme.ghe.com", "unknown": "https://ghes.acme.example", "plain http": "https://ghes.acme.example"}[name]
		env := environ(variables(t, ci.GitHub, "GITHUB_SERVER_URL="+server)).Facts(ci.GitHub)
		token, _ := sampleToken(t, ci.GitHub, "iss="+issuer)
		b, err := ci.Resolve(ci.Said{System: ci.GitHub, Environment: env, Token: ci.GitHub.Claims(token, env)})
		if err != nil {
			t.Fatal(name, err)
		}
		for _, f := range []ci.Field{ci.FieldBuilder, ci.FieldRun, ci.FieldRepository} {
			if got := text(b, f); !strings.HasPrefix(got, "token "+server+"/") {
				t.Errorf("%s: the %s is %q", name, f, got)
			}
		}
		if got, want := text(b, ci.FieldBuilder), "github.com"; strings.Contains(got, want) {
			t.Errorf("%s: %s", name, got)
		}
	}
	token, _ := sampleToken(t, ci.GitHub, "iss=https://token.actions.githubusercontent.com/acme")
	b, err := ci.Resolve(ci.Said{System: ci.GitHub, Token: ci.GitHub.Claims(token, ci.Facts{})})
	if err != nil || text(b, ci.FieldRepository) != "token https://github.com/acme/app" {
		t.Errorf("an enterprise's own issuer: %q, %v", text(b, ci.FieldRepository), err)
	}
	lab, _ := sampleToken(t, ci.GitLab, "iss=http://lab.example/issuer")
	env := environ(variables(t, ci.GitLab)).Facts(ci.GitLab)
	b, err = ci.Resolve(ci.Said{System: ci.GitLab, Environment: env, Token: ci.GitLab.Claims(lab, env)})
	if err != nil || text(b, ci.FieldRun) != "token https://gitlab.com/acme/team/app/-/jobs/10007868" {
		t.Errorf("a GitLab token of another issuer: %q, %v", text(b, ci.FieldRun), err)
	}
	lab, _ = sampleToken(t, ci.GitLab, "iss=http://lab.example/issuer", "project_path=acme/other")
	if _, err = ci.Resolve(ci.Said{System: ci.GitLab, Environment: env, Token: ci.GitLab.Claims(lab, env)}); err == nil {
		t.Error("a GitLab token of another project passes")
	}
	gitlab, _ := sampleToken(t, ci.GitLab)
	b, err = ci.Resolve(ci.Said{System: ci.GitHub, Token: ci.GitHub.Claims(gitlab, ci.Facts{})})
	if err != nil || text(b, ci.FieldCommit) != "" {
		t.Errorf("a token of GitLab's is one of GitHub's: %q, %v", text(b, ci.FieldCommit), err)
	}
}

// What cannot be a value is left out, with a note that does not repeat it.
func TestValuesAreClean(t *testing.T) {
	b, err := ci.Resolve(ci.Said{System: ci.Jenkins, Environment: environ(variables(t, ci.Jenkins,
		"GIT_URL=https://ann:s3cret@git.acme.example/acme/app.git?private_token=s3cret", "BUILD_URL=https://ann:s3cret@jenkins.acme.example/job/app/1/",
		"JENKINS_URL=https://ann:s3cret@jenkins.acme.example", "JOB_NAME=s3cret\x1b[2J", "BUILD_NUMBER="+strings.Repeat("s3cret", 200), "GIT_COMMIT=s3cret")).Facts(ci.Jenkins)})
	if err != nil {
		t.Fatal(err)
	}
	raw, err := b.Provenance().Predicate()
	if err != nil || strings.Contains(string(raw), "s3cret") || strings.Contains(strings.Join(b.Notes, " "), "s3cret") {
		t.Errorf("%s\n%q, %v", raw, b.Notes, err)
	}
	if text(b, ci.FieldRepository) != "environment https://git.acme.example/acme/app" || len(b.Notes) < 5 {
		t.Errorf("%q, %q", text(b, ci.FieldRepository), b.Notes)
	}
	for _, f := range []ci.Field{ci.FieldRun, ci.FieldBuilder, ci.FieldCommit, "job", "runNumber"} {
		if got := text(b, f); got != "" {
			t.Errorf("the %s is %q", f, got)
		}
	}
}

// The inputs that a person gave to a run are parameters, by the names of the workflow.
func TestInputs(t *testing.T) {
	env := environ(variables(t, ci.GitHub, "GITHUB_EVENT_NAME=workflow_dispatch"))
	env.ReadFile = func(string, int64) ([]byte, error) {
		return []byte(`{"ref":"refs/heads/main","inputs":{"version":"1.4","dry-run":true,"a/b":"x"},"sender":{"email":"ann@acme.example"}}`), nil
	}
	b, err := ci.Resolve(ci.Said{System: ci.GitHub, Environment: env.Facts(ci.GitHub)})
	if err != nil {
		t.Fatal(err)
	}
	p := b.Provenance()
	inputs, _ := p.ExternalParameters["inputs"].(map[string]any)
	if len(inputs) != 3 || inputs["version"] != "1.4" || inputs["dry-run"] != "true" || p.FieldSources["/buildDefinition/externalParameters/inputs/a~1b"] != "environment" {
		t.Errorf("%v, %v", inputs, p.FieldSources)
	}
	env.ReadFile = func(string, int64) ([]byte, error) { return []byte(`{"inputs":{"a":1,"a":2}}`), nil }
	if notes := env.Facts(ci.GitHub).Notes; len(notes) != 1 || !strings.Contains(notes[0], "is not JSON") {
		t.Errorf("%q", notes)
	}
}
