package ci_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/carnet-project/carnet/attest/ci"
	"github.com/carnet-project/carnet/attest/predicate/slsa/known"
)

var update = flag.Bool("update", false, "write the examples of the build types' pages and package known's samples again")

var example = regexp.MustCompile("(?ms)^```json\n(.*?)^```$")

func pageOf(t *testing.T, s ci.System) (path, page string) {
	t.Helper()
	_, name, _ := strings.Cut(s.BuildType(), "/docs/")
	path = filepath.Join("..", "..", "docs", filepath.FromSlash(name))
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return path, string(raw)
}

// predicateOf is what the code writes for a system's sample job.
func predicateOf(t *testing.T, s ci.System) []byte {
	t.Helper()
	b, err := ci.Resolve(sample(t, s))
	if err != nil {
		t.Fatal(err)
	}
	raw, err := b.Provenance().Predicate()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// The page of each build type is at its URI, and its example is what the code writes for
// the sample job; so are the samples that package known reads.
func TestPagesHaveTheExample(t *testing.T) {
	for _, s := range ci.Systems() {
		path, page := pageOf(t, s)
		want := predicateOf(t, s)
		var formatted, compact bytes.Buffer
		if err := json.Indent(&formatted, want, "", "  "); err != nil {
			t.Fatal(err)
		}
		golden := filepath.Join("..", "predicate", "slsa", "known", "testdata", "carnet-"+string(s)+".v1.json")
		if *update {
			page = example.ReplaceAllLiteralString(page, "```json\n"+formatted.String()+"\n```")
			if err := os.WriteFile(path, []byte(page), 0o644); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(golden, append(want, '\n'), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if !strings.Contains(page, "\n    "+s.BuildType()+"\n") {
			t.Errorf("%s does not name %s", path, s.BuildType())
		}
		found := example.FindStringSubmatch(page)
		if found == nil {
			t.Errorf("%s has no example", path)
			continue
		}
		if err := json.Compact(&compact, []byte(found[1])); err != nil || compact.String() != string(want) {
			t.Errorf("%s: the example is not what is written:\n%s\n%v", path, want, err)
		}
		if raw, err := os.ReadFile(golden); err != nil || string(bytes.TrimSpace(raw)) != string(want) {
			t.Errorf("%s is not what is written: %v", golden, err)
		}
	}
}

// The provenance that is written is read as what was known of the run: in a policy's view
// are the repository, the ref, the commit, the run, the trigger and the file.
func TestProvenanceIsRead(t *testing.T) {
	for _, s := range ci.Systems() {
		b, err := ci.Resolve(sample(t, s))
		if err != nil {
			t.Fatal(err)
		}
		v, err := known.Read("https://slsa.dev/provenance/v1", predicateOf(t, s))
		if err != nil {
			t.Fatal(s, err)
		}
		for field, got := range map[ci.Field]string{
			ci.FieldRepository: v.Repository, ci.FieldRef: v.Ref, ci.FieldCommit: v.Commit, ci.FieldConfig: v.Config, ci.FieldTrigger: v.Trigger, ci.FieldBuilder: v.BuilderID,
		} {
			if want, _ := b.Value(field); got != want.Text {
				t.Errorf("%s: the %s is read as %q, and was %q", s, field, got, want.Text)
			}
		}
		run, _ := b.Value(ci.FieldRun)
		if v.Producer != "carnet-"+string(s) || v.Run != run.Text && s != ci.Tekton {
			t.Errorf("%s: by %q, run %q, want %q", s, v.Producer, v.Run, run.Text)
		}
		for name := range v.Parameters {
			if !v.Told(name) {
				t.Errorf("%s: a policy would have to allow the parameter %s", s, name)
			}
		}
	}
}

// Nothing is written, and no variable is read, that is not on the page: the environment
// has a value for whatever is asked.
func TestPagesNameEverything(t *testing.T) {
	readme, err := os.ReadFile(filepath.Join("..", "..", "docs", "buildtypes", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range ci.Systems() {
		path, page := pageOf(t, s)
		page += string(readme)
		vars, asked := variables(t, s), []string{}
		env := asks(t, s, says("{}"))
		env.Getenv = func(name string) string {
			asked = append(asked, name)
			if value, ok := vars[strings.Replace(name, "FORGEJO_", "GITHUB_", 1)]; ok || strings.Contains(name, "TOKEN") {
				return value // Forgejo's are said twice, alike
			}
			return "17"
		}
		facts := env.Facts(s)
		if _, _, err := env.Token(t.Context(), s); err != nil {
			t.Error(s, err)
		}
		if _, err := env.Lookup(t.Context(), s); err != nil {
			t.Error(s, err)
		}
		for _, name := range asked {
			if name != "" && !regexp.MustCompile("`[^`]*\\b"+name+"\\b[^`]*`").MatchString(page) {
				t.Errorf("%s does not say that %s is read", path, name)
			}
		}
		token, _ := sampleToken(t, s)
		for _, said := range []ci.Said{{System: s, Environment: facts}, {System: s, Token: s.Claims(token, facts)}} {
			namesOnPage(t, s, path, page, said)
		}
	}
}

func namesOnPage(t *testing.T, s ci.System, path, page string, said ci.Said) {
	t.Helper()
	b, err := ci.Resolve(said)
	if err != nil {
		t.Fatalf("%s: %v", s, err)
	}
	p := b.Provenance()
	var names []string
	for name := range p.ExternalParameters {
		names = append(names, name)
	}
	for name := range p.InternalParameters {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if !strings.Contains(page, "| `"+name+"` |") {
			t.Errorf("%s has no row for the parameter %s", path, name)
		}
	}
}

// Of an environment with secrets nothing is written but what is on the list: no password, no
// token, and no name or address of a person beside the account that started the run.
func TestNothingElseIsWritten(t *testing.T) {
	secrets := []string{"GITHUB_TOKEN", "ACTIONS_RUNTIME_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "CI_JOB_TOKEN", "CI_REGISTRY_PASSWORD", "CI_DEPENDENCY_PROXY_PASSWORD", "SYSTEM_ACCESSTOKEN",
		"BUILDKITE_AGENT_ACCESS_TOKEN", "CIRCLE_TOKEN", "CIRCLE_OIDC_TOKEN_V2", "DRONE_NETRC_PASSWORD", "CI_NETRC_PASSWORD", "BITBUCKET_STEP_OIDC_TOKEN", "FORGEJO_TOKEN", "SIGSTORE_ID_TOKEN",
		"JENKINS_SERVER_COOKIE", "AWS_SECRET_ACCESS_KEY", "NPM_TOKEN", "PASSWORD"}
	for _, s := range ci.Systems() {
		vars := variables(t, s)
		for _, name := range secrets {
			vars[name] = "s3cret"
		}
		b, err := ci.Resolve(ci.Said{System: s, Environment: environ(vars).Facts(s), Checkout: checked(s)})
		if err != nil {
			t.Fatal(err)
		}
		raw, err := b.Provenance().Predicate()
		if err != nil {
			t.Errorf("%s: %v", s, err)
		}
		for _, part := range []string{"s3cret", "@acme.example", "Ann Example", "x-access-token", "gitlab-ci-token"} {
			if strings.Contains(string(raw), part) {
				t.Errorf("%s: %s is in %s", s, part, raw)
			}
		}
	}
}

// FuzzResolve holds that nothing is taken for true that nobody said, and that no two
// strong origins are passed over that differ.
func FuzzResolve(f *testing.F) {
	f.Add("github", "GITHUB_ACTIONS=true\nGITHUB_SHA="+commit+"\nGITHUB_SERVER_URL=https://github.com\nGITHUB_REPOSITORY=a/b", `{"job_workflow_ref":"x","sha":"`+commit+`"}`, commit)
	f.Add("gitlab", "GITLAB_CI=1\nCI_PROJECT_URL=https://gitlab.com/a/b\nCI_COMMIT_SHA="+commit, `{"project_path":"a/b"}`, other)
	f.Add("jenkins", "JENKINS_URL=https://j/\nGIT_URL=git@h:a/b", "{}", commit)
	f.Fuzz(func(t *testing.T, system, env, claims, head string) {
		vars := map[string]string{}
		for line := range strings.Lines(env) {
			name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
			vars[name] = value
		}
		e := environ(vars)
		_, _ = e.Detect()
		s, err := e.Choose(system)
		if err != nil {
			return
		}
		said := ci.Said{System: s, Environment: e.Facts(s)}
		said.Flags.Say(ci.FieldCommit, head, ci.FromGit, "HEAD")
		if token, err := ci.ParseToken(jwt(claims)); err == nil {
			said.Token = s.Claims(token, said.Environment)
		}
		b, err := ci.Resolve(said)
		if err != nil {
			return
		}
		if v, ok := b.Value(ci.FieldCommit); ok && v.Text != head && !strings.Contains(env, v.Text) && !strings.Contains(claims, v.Text) {
			t.Fatalf("the commit %q is nobody's", v.Text)
		}
		if v, ok := b.Value(ci.FieldRepository); ok && (v.From != ci.FromEnvironment && v.From != ci.FromToken || strings.Contains(v.Text, "@") && !strings.Contains(v.Text, "//git@")) {
			t.Fatalf("the repository is %v", v)
		}
		if _, err := b.Provenance().Predicate(); err != nil && !strings.Contains(err.Error(), "/") {
			t.Fatal(err)
		}
	})
}
