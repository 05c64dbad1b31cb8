package identity_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/verify/identity"
)

// shared is a build of acme/app by a workflow of acme/build, which signs.
func shared() attest.Certificate {
	const workflow = "https://github.com/acme/build/.github/workflows/image.yml@refs/tags/v2.3.1"
	c := build(attest.ClaimBuildSignerURI, workflow)
	c.Subject = workflow
	return c
}

func issuer(c attest.Certificate, issuer string) attest.Certificate {
	c.Issuer = issuer
	return c
}

func TestGitHub(t *testing.T) {
	app := identity.GitHub{Repository: "acme/app"}
	for name, c := range map[string]struct {
		preset identity.GitHub
		cert   attest.Certificate
		field  string
		flags  string
	}{
		"the repository":         {app, build(nil), "", ""},
		"in another case":        {identity.GitHub{Repository: "Acme/App"}, build(nil), "", ""},
		"of an enterprise":       {app, issuer(build(nil), github+"/acme"), "", ""},
		"all of an owner":        {identity.GitHub{Repository: "acme/*"}, build(nil), "", ""},
		"by a shared workflow":   {app, shared(), "", ""},
		"another issuer":         {app, issuer(build(nil), google), "issuer", "--certificate-identity "},
		"an issuer below":        {app, issuer(build(nil), github+"/a/b"), "issuer", ""},
		"an issuer that is like": {app, issuer(build(nil), github+".evil.example"), "issuer", ""},
		"another repository":     {identity.GitHub{Repository: "acme/ap"}, build(nil), "repository", "--github 'acme/app'"},
		"a longer name":          {app, build(attest.ClaimSourceRepositoryURI, "https://github.com/acme/app-evil"), "repository", "--github 'acme/app-evil'"},
		// The shared workflow's own repository is not what was built.
		"the workflow's repository":          {identity.GitHub{Repository: "acme/build"}, shared(), "repository", "--github 'acme/app'"},
		"another server":                     {app, build(attest.ClaimSourceRepositoryURI, "https://github.example/acme/app"), "repository", ""},
		"no repository":                      {app, build(attest.ClaimSourceRepositoryURI, ""), "repository", ""},
		"no trigger":                         {app, build(attest.ClaimBuildTrigger, ""), "trigger", ""},
		"pull_request_target":                {app, build(attest.ClaimBuildTrigger, "pull_request_target"), "trigger", "--trigger 'pull_request_target'"},
		"workflow_run":                       {app, build(attest.ClaimBuildTrigger, "workflow_run"), "trigger", "--trigger 'workflow_run'"},
		"on schedule":                        {app, build(attest.ClaimBuildTrigger, "schedule"), "trigger", "--trigger 'schedule'"},
		"on schedule, as is right":           {identity.GitHub{Repository: "acme/app", Triggers: []string{"push", "schedule"}}, build(attest.ClaimBuildTrigger, "schedule"), "", ""},
		"only releases":                      {identity.GitHub{Repository: "acme/app", Triggers: []string{"release"}}, build(nil), "trigger", "--trigger 'push'"},
		"the workflow":                       {identity.GitHub{Repository: "acme/app", Workflow: "release.yml"}, build(nil), "", ""},
		"the workflow's path":                {identity.GitHub{Repository: "acme/app", Workflow: ".github/workflows/release.yml"}, build(nil), "", ""},
		"the workflow at a ref":              {identity.GitHub{Repository: "acme/app", Workflow: "release.yml@refs/tags/v*"}, build(nil), "", ""},
		"at another ref":                     {identity.GitHub{Repository: "acme/app", Workflow: "release.yml@refs/heads/main"}, build(nil), "workflow", "--workflow '.github/workflows/release.yml@refs/tags/v1.2.3'"},
		"another workflow":                   {identity.GitHub{Repository: "acme/app", Workflow: "elease.yml"}, build(nil), "workflow", ""},
		"any workflow of an owner":           {identity.GitHub{Repository: "acme/*", Workflow: "release.yml"}, build(nil), "", ""},
		"the workflow of another repository": {identity.GitHub{Repository: "acme/app", Workflow: "image.yml"}, shared(), "workflow", ""},
		"the shared workflow":                {identity.GitHub{Repository: "acme/app", Workflow: "acme/build/.github/workflows/image.yml@refs/tags/v2.*"}, shared(), "", ""},
		"started by the workflow":            {identity.GitHub{Repository: "acme/app", Workflow: "release.yml"}, shared(), "", ""},
		"the ref":                            {identity.GitHub{Repository: "acme/app", Ref: "refs/tags/v*"}, build(nil), "", ""},
		"another ref":                        {identity.GitHub{Repository: "acme/app", Ref: "refs/heads/main"}, build(nil), "ref", "--ref 'refs/tags/v1.2.3'"},
		"the runner":                         {identity.GitHub{Repository: "acme/app", Runner: "github-hosted"}, build(nil), "", ""},
		"another runner":                     {identity.GitHub{Repository: "acme/app", Runner: "github-hosted"}, build(attest.ClaimRunnerEnvironment, "self-hosted"), "runner", "--runner 'self-hosted'"},
		"the environment":                    {identity.GitHub{Repository: "acme/app", Environment: "production"}, build(attest.ClaimDeploymentEnvironment, "production"), "", ""},
		"no environment":                     {identity.GitHub{Repository: "acme/app", Environment: "*"}, build(nil), "environment", ""},
		"a star in what is found":            {identity.GitHub{Repository: "acme/app", Ref: "refs/heads/main"}, build(attest.ClaimSourceRepositoryRef, "refs/heads/*"), "ref", "none"},
		"all of an owner, by its name":       {identity.GitHub{Owner: "acme"}, build(nil), "", ""},
		"another owner":                      {identity.GitHub{Owner: "acme2"}, build(nil), "repository", "--github 'acme/app'"},
		"the owner's number":                 {identity.GitHub{Owner: "acme", OwnerID: "17"}, build(attest.ClaimSourceRepositoryOwnerID, "17"), "", ""},
		"no owner's number":                  {identity.GitHub{Owner: "acme", OwnerID: "17"}, build(nil), "owner id", ""},
		"another repository's number":        {identity.GitHub{Owner: "acme", RepositoryID: "1"}, build(attest.ClaimSourceRepositoryID, "11"), "repository id", ""},
		"what was started":                   {identity.GitHub{Owner: "acme", Started: "release.yml"}, shared(), "", ""},
		"what it called, which was not":      {identity.GitHub{Owner: "acme", Started: "acme/build/.github/workflows/image.yml"}, shared(), "workflow", ""},
		"the builder":                        {identity.GitHub{Owner: "acme", Builder: "acme/build/.github/workflows/image.yml"}, shared(), "", ""},
		"the builder at a ref":               {identity.GitHub{Owner: "acme", Builder: "acme/build/.github/workflows/image.yml", BuilderRefs: []string{"refs/heads/x", "refs/tags/v2.*"}}, shared(), "", ""},
		"the builder at another ref":         {identity.GitHub{Owner: "acme", Builder: "acme/build/.github/workflows/image.yml", BuilderRefs: []string{"refs/tags/v3.*"}}, shared(), "builder", ""},
		"one of two refs":                    {identity.GitHub{Owner: "acme", Refs: []string{"refs/heads/main", "refs/tags/v*"}}, build(nil), "", ""},
		"none of two refs":                   {identity.GitHub{Owner: "acme", Refs: []string{"refs/heads/main", "refs/tags/w*"}}, build(nil), "ref", "--ref 'refs/tags/v1.2.3'"},
		"a server of one's own":              {identity.GitHub{Repository: "acme/app", Host: "git.acme.example"}, build(nil), "issuer", ""},
	} {
		p, err := c.preset.Pattern()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		check(t, name, p.Match(c.cert), c.field, c.flags)
	}
}

func check(t *testing.T, name string, err error, field, flags string) {
	t.Helper()
	var m *identity.Mismatch
	switch {
	case err == nil && field == "":
	case !errors.As(err, &m) || m.Field != field || flags != "none" && !strings.HasPrefix(m.Flags, flags):
		t.Errorf("%s: %v", name, err)
	case flags == "none" && m.Flags != "":
		t.Errorf("%s: shows %q", name, m.Flags)
	}
}

func TestGitHubServers(t *testing.T) {
	for host, token := range map[string]string{
		"git.acme.example": "https://git.acme.example/_services/token", "acme.ghe.com": "https://token.actions.acme.ghe.com",
	} {
		p, err := identity.GitHub{Repository: "acme/app", Host: host}.Pattern()
		if err != nil {
			t.Fatal(err)
		}
		here := build(attest.ClaimSourceRepositoryURI, "https://"+host+"/acme/app")
		if err := p.Match(issuer(here, token)); err != nil {
			t.Errorf("%s: %v", host, err)
		}
		if p.Match(here) == nil {
			t.Errorf("%s: github.com's issuer is accepted", host)
		}
		check(t, host, p.Match(issuer(build(attest.ClaimSourceRepositoryURI, "https://"+host+"/acme/other"), token)), "repository", "--github 'https://"+host+"/acme/other'")
	}
}

func pipeline(changes ...any) attest.Certificate {
	const config = "https://gitlab.com/acme/team/app//.gitlab-ci.yml@refs/heads/main"
	return with(attest.Certificate{
		Subject: config, SubjectType: attest.SubjectURI, Issuer: "https://gitlab.com",
		Claims: map[attest.Claim]string{
			attest.ClaimBuildSignerURI: config, attest.ClaimBuildConfigURI: config, attest.ClaimRunnerEnvironment: "gitlab-hosted",
			attest.ClaimSourceRepositoryURI: "https://gitlab.com/acme/team/app", attest.ClaimSourceRepositoryRef: "refs/heads/main", attest.ClaimBuildTrigger: "push",
		},
	}, changes...)
}

func TestGitLab(t *testing.T) {
	app := identity.GitLab{Project: "acme/team/app"}
	const ours = "https://gitlab.com/acme/ci//build.yml@refs/tags/v1"
	for name, c := range map[string]struct {
		preset identity.GitLab
		cert   attest.Certificate
		field  string
	}{
		"the project":             {app, pipeline(), ""},
		"a project of the group":  {identity.GitLab{Project: "acme/*"}, pipeline(), "project"},
		"all below the group":     {identity.GitLab{Project: "acme/**"}, pipeline(), ""},
		"another project":         {app, pipeline(attest.ClaimSourceRepositoryURI, "https://gitlab.com/acme/team/app2"), "project"},
		"another issuer":          {app, issuer(pipeline(), "https://gitlab.acme.example"), "issuer"},
		"a merge request":         {app, pipeline(attest.ClaimBuildTrigger, "merge_request_event"), "trigger"},
		"a child's pipeline":      {app, pipeline(attest.ClaimBuildTrigger, "parent_pipeline"), "trigger"},
		"the file":                {identity.GitLab{Project: "acme/team/app", Config: ".gitlab-ci.yml"}, pipeline(), ""},
		"the file at a ref":       {identity.GitLab{Project: "acme/team/app", Config: ".gitlab-ci.yml@refs/heads/main"}, pipeline(), ""},
		"another file":            {identity.GitLab{Project: "acme/team/app", Config: "ci.yml"}, pipeline(), "workflow"},
		"another project's file":  {identity.GitLab{Project: "acme/team/app", Config: "acme/ci//build.yml"}, pipeline(attest.ClaimBuildSignerURI, ours, attest.ClaimBuildConfigURI, ours), ""},
		"not its own file":        {identity.GitLab{Project: "acme/team/app", Config: "build.yml"}, pipeline(attest.ClaimBuildSignerURI, ours, attest.ClaimBuildConfigURI, ours), "workflow"},
		"the ref":                 {identity.GitLab{Project: "acme/team/app", Ref: "refs/heads/main"}, pipeline(), ""},
		"another runner":          {identity.GitLab{Project: "acme/team/app", Runner: "gitlab-hosted"}, pipeline(attest.ClaimRunnerEnvironment, "self-hosted"), "runner"},
		"a server of one's own":   {identity.GitLab{Project: "acme/team/app", Host: "gitlab.acme.example"}, pipeline(), "issuer"},
		"GitHub, which is not it": {app, build(nil), "issuer"},
	} {
		p, err := c.preset.Pattern()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		check(t, name, p.Match(c.cert), c.field, "")
	}
}

func TestPresetsThatAreRefused(t *testing.T) {
	for _, g := range []identity.GitHub{
		{}, {Repository: "acme"}, {Repository: "acme/"}, {Repository: "/app"}, {Repository: "*/app"}, {Repository: "acm*/app"}, {Repository: "acme/app/x"}, {Repository: "acme/.."},
		{Repository: "https://github.com/acme/app"}, {Repository: "acme/a b"}, {Repository: "acme/app", Ref: "main"}, {Repository: "acme/app", Ref: "**"},
		{Repository: "acme/app", Workflow: "dir/release.yml"}, {Repository: "acme/app", Workflow: "*/*/.github/workflows/x.yml"},
		{Repository: "acme/app", Triggers: []string{""}}, {Repository: "acme/app", Host: "GitHub.com"}, {Repository: "acme/app", Host: "a/b"}, {Repository: "acme/app", Runner: "\n"},
	} {
		if p, err := g.Pattern(); err == nil || p.Match(build(nil)) == nil {
			t.Errorf("%+v is a pattern: %v", g, err)
		}
	}
	for _, g := range []identity.GitLab{{}, {Project: "acme"}, {Project: "*/app"}, {Project: "acme//app"}, {Project: "acme/app", Host: "x y"}, {Project: "acme/app", Ref: "main"}} {
		if p, err := g.Pattern(); err == nil || p.Match(pipeline()) == nil {
			t.Errorf("%+v is a pattern: %v", g, err)
		}
	}
}
