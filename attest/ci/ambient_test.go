package ci_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/carnet-project/carnet/attest/ci"
)

// detour sends every request to one server, whatever its host.
type detour struct{ to *url.URL }

func (d detour) RoundTrip(r *http.Request) (*http.Response, error) {
	there := r.Clone(r.Context())
	there.Header.Set("X-Wanted", r.URL.Scheme+"://"+r.URL.Host)
	there.URL.Scheme, there.URL.Host = d.to.Scheme, d.to.Host
	return http.DefaultTransport.RoundTrip(there)
}

// surroundings is an Env of variables and files whose services are all in serve.
func surroundings(t *testing.T, vars, files map[string]string, serve http.HandlerFunc) ci.Env {
	e := ci.Env{
		Getenv: func(name string) string { return vars[name] },
		ReadFile: func(name string, _ int64) ([]byte, error) {
			if content, ok := files[name]; ok {
				return []byte(content), nil
			}
			return nil, fs.ErrNotExist
		},
		Now:      func() time.Time { return now },
		Patience: 200 * time.Millisecond,
	}
	if serve != nil {
		server := httptest.NewServer(serve)
		t.Cleanup(server.Close)
		u, err := url.Parse(server.URL)
		if err != nil {
			t.Fatal(err)
		}
		e.Client = &http.Client{Transport: detour{u}}
	}
	return e
}

// asked is an answer to the one request that has these parts.
func asked(method, at, header, value, body, answer string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		got, _ := io.ReadAll(r.Body)
		if r.Method != method || r.Header.Get("X-Wanted")+r.URL.String() != at || r.Header.Get(header) != value || string(got) != body {
			http.Error(w, "not found", http.StatusNotFound)
			return
		}
		_, _ = io.WriteString(w, answer)
	}
}

func TestAmbient(t *testing.T) {
	token := jwt(goodPayload)
	github := map[string]string{"GITHUB_ACTIONS": "true", "ACTIONS_ID_TOKEN_REQUEST_URL": "https://runner.example/token?api-version=2", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "s3cret"}
	for name, c := range map[string]struct {
		vars, files map[string]string
		serve       http.HandlerFunc
		source      string
	}{
		"GitHub": {vars: github, source: "GitHub Actions",
			serve: asked("GET", "https://runner.example/token?api-version=2&audience=sigstore", "Authorization", "Bearer s3cret", "", `{"count":1,"value":"`+token+`"}`)},
		"GitLab": {vars: map[string]string{"GITLAB_CI": "true", "SIGSTORE_ID_TOKEN": token}, source: "GitLab CI"},
		"Buildkite": {vars: map[string]string{"BUILDKITE": "true", "BUILDKITE_AGENT_ACCESS_TOKEN": "s3cret", "BUILDKITE_JOB_ID": "job-1"}, source: "Buildkite",
			serve: asked("POST", "https://agent.buildkite.com/v3/jobs/job-1/oidc/tokens", "Authorization", "Token s3cret", `{"audience":"sigstore"}`, `{"token":"`+token+`"}`)},
		"CircleCI variable": {vars: map[string]string{"CIRCLECI": "true", "CIRCLE_OIDC_TOKEN_V2": token}, source: "CircleCI"},
		"Google": {files: map[string]string{"/sys/class/dmi/id/product_name": "Google Compute Engine\n"}, source: "Google Cloud",
			serve: asked("GET", "http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/identity?audience=sigstore&format=full", "Metadata-Flavor", "Google", "", token)},
		"file": {files: map[string]string{ci.TokenFile: token + "\n"}, source: "the token file " + ci.TokenFile},
		"GitHub without permission, but a file": {vars: map[string]string{"GITHUB_ACTIONS": "true"}, files: map[string]string{ci.TokenFile: token},
			source: "the token file " + ci.TokenFile},
		"GitHub before the file": {vars: github, files: map[string]string{ci.TokenFile: "garbage"}, source: "GitHub Actions",
			serve: func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"value":"`+token+`"}`) }},
	} {
		t.Run(name, func(t *testing.T) {
			got, found, err := ci.Ambient(t.Context(), surroundings(t, c.vars, c.files, c.serve))
			if err != nil || !found || got.Source != c.source || got.Raw.Reveal() != token {
				t.Errorf("got %+v, %v, %v; want the token of %s", got, found, err, c.source)
			}
		})
	}
}

func TestAmbientNowhere(t *testing.T) {
	for _, e := range []ci.Env{{}, surroundings(t, nil, map[string]string{"/sys/class/dmi/id/product_name": "Standard PC"}, nil)} {
		if _, found, err := ci.Ambient(t.Context(), e); found || err != nil {
			t.Errorf("got %v, %v; want nothing and no error", found, err)
		}
	}
}

func TestAmbientImpersonates(t *testing.T) {
	token := jwt(goodPayload)
	e := surroundings(t, map[string]string{"GCE_METADATA_HOST": "127.0.0.9", "GOOGLE_SERVICE_ACCOUNT_NAME": "robot@p.iam.gserviceaccount.com"}, nil, func(w http.ResponseWriter, r *http.Request) {
		switch r.Header.Get("X-Wanted") + r.URL.Path {
		case "http://127.0.0.9/computeMetadata/v1/instance/service-accounts/default/token":
			_, _ = io.WriteString(w, `{"access_token":"s3cret","expires_in":3599,"token_type":"Bearer"}`)
		case "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/robot@p.iam.gserviceaccount.com:generateIdToken":
			body, _ := io.ReadAll(r.Body)
			if r.Header.Get("Authorization") == "Bearer s3cret" && string(body) == `{"audience":"sigstore","includeEmail":true}` {
				_, _ = io.WriteString(w, `{"token":"`+token+`"}`)
			}
		}
	})
	if got, _, err := ci.Ambient(t.Context(), e); err != nil || got.Source != ci.SourceGoogle {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestAmbientPrograms(t *testing.T) {
	token := jwt(goodPayload)
	wrong := jwt(strings.Replace(goodPayload, "sigstore", "org-id", 1))
	e := surroundings(t, map[string]string{"CIRCLECI": "true", "CIRCLE_OIDC_TOKEN_V2": wrong}, nil, nil)
	e.Run = func(_ context.Context, name string, args ...string) ([]byte, error) {
		if got := name + " " + strings.Join(args, " "); got != `circleci run oidc get --claims {"aud":"sigstore"}` {
			t.Errorf("ran %q", got)
		}
		return []byte(token + "\n"), nil
	}
	if got, _, err := ci.Ambient(t.Context(), e); err != nil || got.Source != ci.SourceCircleCI || got.Raw.Reveal() != token {
		t.Errorf("got %+v, %v", got, err)
	}
	e.Run = func(context.Context, string, ...string) ([]byte, error) { return nil, errors.New("exit status 1") }
	if _, _, err := ci.Ambient(t.Context(), e); err == nil || !strings.Contains(err.Error(), "circleci run oidc get: exit status 1") {
		t.Errorf("got %v", err)
	}

	e = surroundings(t, map[string]string{"SPIFFE_ENDPOINT_SOCKET": "/run/spire.sock"}, nil, nil)
	e.SPIFFE = func(_ context.Context, address, audience string) (string, error) {
		if address != "unix:///run/spire.sock" || audience != "sigstore" {
			t.Errorf("asked %q for %q", address, audience)
		}
		return token, nil
	}
	if got, _, err := ci.Ambient(t.Context(), e); err != nil || got.Source != ci.SourceSPIFFE {
		t.Errorf("got %+v, %v", got, err)
	}
}

// TestAmbientRefuses walks the ways in which a system that is there fails. None of the
// errors holds a secret, and none is taken for "there is no token".
func TestAmbientRefuses(t *testing.T) {
	github := map[string]string{"ACTIONS_ID_TOKEN_REQUEST_URL": "https://runner.example/token?k=s3cret", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "s3cret"}
	buildkite := map[string]string{"BUILDKITE": "true", "BUILDKITE_AGENT_ACCESS_TOKEN": "s3cret"}
	says := func(code int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(code)
			_, _ = io.WriteString(w, body)
		}
	}
	for name, c := range map[string]struct {
		vars  map[string]string
		serve http.HandlerFunc
		want  string
	}{
		"GitHub without permission": {map[string]string{"GITHUB_ACTIONS": "true"}, nil, "GitHub Actions: gives this job no identity token"},
		"GitLab without id_tokens":  {map[string]string{"GITLAB_CI": "true"}, nil, "GitLab CI: gives this job no identity token"},
		"Buildkite without access":  {map[string]string{"BUILDKITE": "true"}, nil, "Buildkite: gives this job no identity token"},
		"unauthorized":              {github, says(401, "s3cret"), "runner.example answered 401 Unauthorized"},
		"broken":                    {github, says(503, "s3cret"), "answered 503"},
		"garbage":                   {github, says(200, "<html>s3cret"), `no text called "value"`},
		"another kind":              {github, says(200, `{"value":5}`), `no text called "value"`},
		"endless":                   {github, says(200, strings.Repeat("s3cret", 64<<10)), "answered over 131072 bytes"},
		"no JWT":                    {github, says(200, `{"value":"s3cret"}`), "the identity token from GitHub Actions is not a signed JWT"},
		"wrong audience":            {github, says(200, `{"value":"`+jwt(strings.Replace(goodPayload, "sigstore", "acme", 1))+`"}`), `audience (aud) "acme", want "sigstore"`},
		"hanging":                   {github, func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, "did not answer in time"},
		"redirecting": {github, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://elsewhere.example/", http.StatusFound)
		},
			"runner.example answered 302 Found"},
		"plain http":            {map[string]string{"ACTIONS_ID_TOKEN_REQUEST_URL": "http://runner.example/", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "s3cret"}, nil, "over plain http"},
		"Buildkite 401":         {buildkite, says(401, "s3cret"), "agent.buildkite.com answered 401"},
		"Google 404":            {map[string]string{"GCE_METADATA_HOST": "m.example"}, says(404, ""), "Google Cloud: gives this job no identity token"},
		"Google 500":            {map[string]string{"GCE_METADATA_HOST": "m.example"}, says(500, ""), "answered 500"},
		"Google garbage":        {map[string]string{"GCE_METADATA_HOST": "m.example"}, says(200, "s3cret"), "is not a signed JWT"},
		"impersonation garbage": {map[string]string{"GCE_METADATA_HOST": "m.example", "GOOGLE_SERVICE_ACCOUNT_NAME": "a"}, says(200, "s3cret"), `no text called "access_token"`},
	} {
		t.Run(name, func(t *testing.T) {
			_, found, err := ci.Ambient(t.Context(), surroundings(t, c.vars, nil, c.serve))
			if err == nil || found || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "s3cret") {
				t.Errorf("got %v, %v; want %q", found, err, c.want)
			}
		})
	}
}

func TestAmbientTriesAgain(t *testing.T) {
	attempts := 0
	e := surroundings(t, map[string]string{"ACTIONS_ID_TOKEN_REQUEST_URL": "https://runner.example/", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "s3cret"}, nil, func(w http.ResponseWriter, _ *http.Request) {
		if attempts++; attempts < 3 {
			http.Error(w, "busy", http.StatusServiceUnavailable)
			return
		}
		_, _ = io.WriteString(w, `{"value":"`+jwt(goodPayload)+`"}`)
	})
	if _, found, err := ci.Ambient(t.Context(), e); !found || err != nil || attempts != 3 {
		t.Errorf("got %v, %v after %d attempts", found, err, attempts)
	}
}

// TestAmbientStops holds that a system that fails is not passed over: the token of the
// whole machine would sign in another name than the job's.
func TestAmbientStops(t *testing.T) {
	e := surroundings(t, map[string]string{"ACTIONS_ID_TOKEN_REQUEST_URL": "https://runner.example/", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "s3cret"},
		map[string]string{ci.TokenFile: jwt(goodPayload)}, http.NotFound)
	if _, found, err := ci.Ambient(t.Context(), e); found || err == nil {
		t.Errorf("got %v, %v; want the failure of GitHub Actions", found, err)
	}
}
