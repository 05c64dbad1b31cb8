package ci_test

import (
	"encoding/json"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/carnet-project/carnet/attest/checkout"
	"github.com/carnet-project/carnet/attest/ci"
)

const (
	commit = "7fd1a60b01f91b314f59955a4e4d4e80d8edf11d"
	other  = "0a4f1e9d3c2b1a09f8e7d6c5b4a392817060504f"
)

// variables are those of a system's sample job, as its vendor documents them, with changes.
func variables(t *testing.T, s ci.System, changes ...string) map[string]string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", string(s)+".env"))
	if err != nil {
		t.Fatal(err)
	}
	vars := map[string]string{}
	for line := range strings.Lines(string(raw)) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		vars[name] = value
	}
	for _, c := range changes {
		name, value, _ := strings.Cut(c, "=")
		vars[name] = value
	}
	return vars
}

// sampleToken is the token of the sample job, with changes to its claims; it is false for
// a system that gives none.
func sampleToken(t *testing.T, s ci.System, changes ...string) (ci.Token, bool) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", string(s)+".claims.json"))
	if os.IsNotExist(err) {
		return ci.Token{}, false
	}
	claims := map[string]any{}
	if err := json.Unmarshal(raw, &claims); err != nil {
		t.Fatal(err)
	}
	for _, c := range changes {
		name, value, _ := strings.Cut(c, "=")
		claims[name] = value
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	token, err := ci.ParseToken(jwt(string(payload)))
	if err != nil {
		t.Fatal(err)
	}
	return token, true
}

// answer is what the API says of the sample job, "" where there is none to ask.
func answer(t *testing.T, s ci.System) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", string(s)+".answer.json"))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return string(raw)
}

// remotes are the remotes of the samples' checkouts, as the systems leave them.
func remotes() map[ci.System]string {
	return map[ci.System]string{
		ci.GitHub: "https://github.com/acme/app", ci.GitLab: "https://gitlab-ci-token:glcbt-64_s3cret@gitlab.com/acme/team/app.git", ci.Jenkins: "https://git.acme.example/acme/app.git",
		ci.Azure: "https://acme@dev.azure.com/acme/shop/_git/app", ci.CircleCI: "git@github.com:acme/app.git", ci.Buildkite: "git@github.com:acme/app.git",
		ci.Tekton: "https://git.acme.example/acme/app.git", ci.CloudBuild: "https://x-access-token:s3cret@github.com/acme/app.git", ci.Bitbucket: "http://bitbucket.org/acme/app",
		ci.Drone: "https://git.acme.example/acme/app.git", ci.Woodpecker: "https://oauth2:s3cret@git.acme.example/acme/app.git", ci.Forgejo: "https://git.acme.example/acme/app",
	}
}

// checked is the checkout of a sample: a head on no branch, of one commit.
func checked(s ci.System) *checkout.Checkout {
	return &checkout.Checkout{Commit: commit, Remote: checkout.RemoteURI(remotes()[s])}
}

// sample is all that is said of a system's sample job but by its API.
func sample(t *testing.T, s ci.System, changes ...string) ci.Said {
	t.Helper()
	said := ci.Said{System: s, Environment: environ(variables(t, s, changes...)).Facts(s), Checkout: checked(s)}
	if token, ok := sampleToken(t, s); ok {
		said.Token = s.Claims(token, said.Environment)
	}
	return said
}

func environ(vars map[string]string) ci.Env {
	return ci.Env{Getenv: func(name string) string { return vars[name] }, ReadFile: func(string, int64) ([]byte, error) { return nil, fs.ErrNotExist }}
}

// asks is an Env of a system's sample whose API, at its own address, serves.
func asks(t *testing.T, s ci.System, serve http.HandlerFunc, changes ...string) ci.Env {
	t.Helper()
	return surroundings(t, variables(t, s, changes...), nil, serve)
}

func says(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) }
}

// text is what is taken for true of a field, with whose word it is.
func text(b *ci.Build, f ci.Field) string {
	v, ok := b.Value(f)
	if !ok {
		return ""
	}
	return string(v.From) + " " + v.Text
}
