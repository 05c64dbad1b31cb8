package ci

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// github asks the runner's token service (docs.github.com, "OpenID Connect reference").
// The variables are there only for jobs with the permission "id-token: write".
func github(ctx context.Context, e Env) (string, error) {
	service, bearer := e.Getenv("ACTIONS_ID_TOKEN_REQUEST_URL"), e.Getenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN")
	if service == "" || bearer == "" {
		if e.Getenv("GITHUB_ACTIONS") == "" {
			return "", nil
		}
		return "", ErrNoToken
	}
	u, err := url.Parse(service)
	if err != nil {
		return "", errors.New("ACTIONS_ID_TOKEN_REQUEST_URL is not a URL")
	}
	q := u.Query()
	q.Set("audience", e.Audience)
	u.RawQuery = q.Encode()
	body, err := e.ask(ctx, request{url: u.String(), header: [2]string{"Authorization", "Bearer " + bearer}})
	return member(body, "value", err)
}

// buildkite asks the agent's service (buildkite/agent, api/oidc.go).
func buildkite(ctx context.Context, e Env) (string, error) {
	access := e.Getenv("BUILDKITE_AGENT_ACCESS_TOKEN")
	if access == "" {
		if e.Getenv("BUILDKITE") == "" {
			return "", nil
		}
		return "", ErrNoToken
	}
	endpoint := e.Getenv("BUILDKITE_AGENT_ENDPOINT")
	if endpoint == "" {
		endpoint = "https://agent.buildkite.com/v3"
	}
	question, err := json.Marshal(map[string]string{"audience": e.Audience})
	if err != nil {
		return "", err
	}
	body, err := e.ask(ctx, request{
		url:    strings.TrimSuffix(endpoint, "/") + "/jobs/" + url.PathEscape(e.Getenv("BUILDKITE_JOB_ID")) + "/oidc/tokens",
		header: [2]string{"Authorization", "Token " + access}, body: question,
	})
	return member(body, "token", err)
}

// circleci has its own program make a token for the audience; the one in the environment
// has the organisation's audience unless that was changed (circleci.com/docs, "Using
// OpenID Connect tokens in jobs").
func circleci(ctx context.Context, e Env) (string, error) {
	if e.Getenv("CIRCLECI") == "" {
		return "", nil
	}
	if raw := e.Getenv("CIRCLE_OIDC_TOKEN_V2"); raw != "" {
		if _, err := e.Use(SourceCircleCI, raw); err == nil {
			return raw, nil
		}
	}
	if e.Run == nil {
		return "", ErrNoToken
	}
	claims, err := json.Marshal(map[string]string{"aud": e.Audience})
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, 3*e.Patience)
	defer cancel()
	out, err := e.Run(ctx, "circleci", "run", "oidc", "get", "--claims", string(claims))
	if err != nil {
		return "", fmt.Errorf("circleci run oidc get: %w", err)
	}
	if len(out) > MaxTokenBytes {
		return "", fmt.Errorf("circleci run oidc get printed over %d bytes", MaxTokenBytes)
	}
	return string(out), nil
}

// google asks the metadata server for a token of the attached service account, or has
// GOOGLE_SERVICE_ACCOUNT_NAME impersonated, as cosign does (cloud.google.com, "Get an ID
// token", and IAM Credentials' generateIdToken). A machine without an account gives none.
func google(ctx context.Context, e Env) (string, error) {
	host := e.Getenv("GCE_METADATA_HOST")
	if host == "" {
		product, _ := e.ReadFile("/sys/class/dmi/id/product_name", 4<<10) // other machines have no such file
		if name := strings.TrimSpace(string(product)); name != "Google" && name != "Google Compute Engine" {
			return "", nil
		}
		host = "metadata.google.internal"
	}
	account := "http://" + host + "/computeMetadata/v1/instance/service-accounts/default/"
	metadata := [2]string{"Metadata-Flavor", "Google"}
	name := e.Getenv("GOOGLE_SERVICE_ACCOUNT_NAME")
	if name == "" {
		body, err := e.ask(ctx, request{url: account + "identity?" + url.Values{"audience": {e.Audience}, "format": {"full"}}.Encode(), header: metadata})
		if s := (*statusError)(nil); errors.As(err, &s) && s.code == http.StatusNotFound {
			return "", ErrNoToken
		}
		return string(body), err
	}
	body, err := e.ask(ctx, request{url: account + "token", header: metadata})
	access, err := member(body, "access_token", err)
	if err != nil {
		return "", err
	}
	question, err := json.Marshal(map[string]any{"audience": e.Audience, "includeEmail": true})
	if err != nil {
		return "", err
	}
	body, err = e.ask(ctx, request{
		url:    "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/" + url.PathEscape(name) + ":generateIdToken",
		header: [2]string{"Authorization", "Bearer " + access}, body: question,
	})
	return member(body, "token", err)
}

// A request is one question to a service; with a body it is posted as JSON.
type request struct {
	url    string
	header [2]string
	body   []byte
	// service is what is asked, "the token service" if empty, and limit bounds its answer
	// in bytes, twice a token if 0.
	service string
	limit   int64
}

func (r request) complete() request {
	if r.service == "" {
		r.service = "the token service"
	}
	if r.limit == 0 {
		r.limit = 2 * MaxTokenBytes
	}
	return r
}

// A statusError is an answer that is none.
type statusError struct {
	service, host string
	code          int
	status        string
}

func (e *statusError) Error() string {
	return fmt.Sprintf("%s at %s answered %s", e.service, e.host, e.status)
}

// ask puts a question up to three times, for runners' services fail now and then. What
// the service answers stays out of errors: it may hold secrets.
func (e Env) ask(ctx context.Context, r request) ([]byte, error) {
	for attempt := 1; ; attempt++ {
		body, err := e.askOnce(ctx, r)
		s := (*statusError)(nil)
		if err == nil || attempt == 3 || ctx.Err() != nil || errors.As(err, &s) && s.code < 500 && s.code != http.StatusTooManyRequests {
			return body, err
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(time.Duration(attempt) * e.Patience / 20):
		}
	}
}

func (e Env) askOnce(ctx context.Context, r request) ([]byte, error) {
	r = r.complete()
	ctx, cancel := context.WithTimeout(ctx, e.Patience)
	defer cancel()
	method, body := http.MethodGet, io.Reader(nil)
	if r.body != nil {
		method, body = http.MethodPost, bytes.NewReader(r.body)
	}
	req, err := http.NewRequestWithContext(ctx, method, r.url, body)
	if err != nil {
		return nil, fmt.Errorf("the address of %s is not a URL", r.service)
	}
	if !confidential(req.URL, r.header) {
		return nil, fmt.Errorf("%s at %s would be sent a secret over plain http", r.service, req.URL.Host)
	}
	req.Header.Set(r.header[0], r.header[1])
	req.Header.Set("Accept", "application/json")
	if r.body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	client := *e.Client
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, err := client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("asking %s at %s: %w", r.service, req.URL.Host, transportCause(err))
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusCreated {
		return nil, &statusError{r.service, req.URL.Host, resp.StatusCode, resp.Status}
	}
	answer, err := io.ReadAll(io.LimitReader(resp.Body, r.limit+1))
	if err != nil {
		return nil, fmt.Errorf("reading what %s at %s answered: %w", r.service, req.URL.Host, transportCause(err))
	}
	if int64(len(answer)) > r.limit {
		return nil, fmt.Errorf("%s at %s answered over %d bytes", r.service, req.URL.Host, r.limit)
	}
	return answer, nil
}

// confidential says whether a header may go to u: a secret goes over TLS or stays on this
// machine. The metadata server's header is none.
func confidential(u *url.URL, header [2]string) bool {
	if header[0] == "Metadata-Flavor" || u.Scheme == "https" {
		return true
	}
	ip := net.ParseIP(u.Hostname())
	return u.Scheme == "http" && (u.Hostname() == "localhost" || ip != nil && ip.IsLoopback())
}

// transportCause is the error without the URL, whose query may hold more than one wants
// to see.
func transportCause(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		if u.Timeout() {
			return errors.New("it did not answer in time")
		}
		return u.Err
	}
	return err
}

// member is the string called name in a JSON object.
func member(body []byte, name string, err error) (string, error) {
	if err != nil {
		return "", err
	}
	value := ""
	err = members(body, "answer", nil, func(n string, v jsontext.Value) (err error) {
		if n == name {
			value, err = text(n, v)
		}
		return err
	})
	if err != nil || value == "" {
		return "", fmt.Errorf("the token service's answer has no text called %q", name)
	}
	return value, nil
}
