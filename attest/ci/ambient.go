package ci

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"strings"
	"time"
)

// TokenVariable names the environment variable that holds a token, as cosign has it.
const TokenVariable = "SIGSTORE_ID_TOKEN"

// TokenFile is where a token lies for processes that are given one in a file, as cosign
// has it.
const TokenFile = "/var/run/sigstore/cosign/oidc-token"

// An Env is what a process sees of its surroundings. A nil func sees nothing.
type Env struct {
	Getenv func(name string) string
	// ReadFile reads a file of at most limit bytes; where there is none its error is
	// fs.ErrNotExist.
	ReadFile func(name string, limit int64) ([]byte, error)
	// Client asks token services. It follows no redirect whatever it is set to do.
	Client *http.Client
	// Run runs a program and returns what it prints, of which at most [MaxTokenBytes]
	// are used.
	Run func(ctx context.Context, name string, args ...string) ([]byte, error)
	// SPIFFE fetches a JWT-SVID for an audience from the workload API at an address such
	// as unix:///run/spire.sock.
	SPIFFE func(ctx context.Context, address, audience string) (string, error)
	// Audience is whom tokens are for; "" is [DefaultAudience].
	Audience string
	Now      func() time.Time
	// Patience bounds one attempt at a service; 0 is ten seconds. There are three.
	Patience time.Duration
}

// ErrNoToken is the cause of a [*SourceError] where the system is there and gives this
// process no token.
var ErrNoToken = errors.New("gives this job no identity token")

// A SourceError is a system that is there and did not give a token.
type SourceError struct {
	// Source is the system, such as "GitHub Actions".
	Source string
	Err    error
}

func (e *SourceError) Error() string { return e.Source + ": " + e.Err.Error() }
func (e *SourceError) Unwrap() error { return e.Err }

// The sources that are systems, as [Token.Source] and [SourceError.Source] call them.
const (
	SourceGitHub    = "GitHub Actions"
	SourceGitLab    = "GitLab CI"
	SourceBuildkite = "Buildkite"
	SourceCircleCI  = "CircleCI"
	SourceGoogle    = "Google Cloud"
	SourceSPIFFE    = "SPIFFE"
	SourceFile      = "the token file " + TokenFile
)

// A source is a place that may have a token for this process. fetch returns "" where the
// place is not there at all.
type source struct {
	name  string
	fetch func(ctx context.Context, e Env) (string, error)
}

// sources are the places in the order in which they are asked, the one in which cosign
// asks; those that belong to one job come before those of a whole machine.
func sources() []source {
	return []source{
		{SourceGitHub, github}, {SourceGitLab, gitlab}, {SourceBuildkite, buildkite}, {SourceCircleCI, circleci},
		{SourceGoogle, google}, {SourceSPIFFE, spiffe}, {SourceFile, tokenFile},
	}
}

// Ambient finds the token that the surroundings give this process: the continuous
// integration system, the cloud, SPIFFE, or the token file. It is false where none does,
// and then the error is nil, or the first [*SourceError] of a system that is there all the
// same. A token that is found must pass [Token.Check]; its error is a *[TokenError].
func Ambient(ctx context.Context, e Env) (Token, bool, error) {
	var first error
	for _, s := range sources() {
		raw, err := s.fetch(ctx, e.complete())
		if err != nil {
			err = &SourceError{s.name, err}
			if !errors.Is(err, ErrNoToken) {
				return Token{}, false, err
			}
			if first == nil {
				first = err
			}
			continue
		}
		if raw == "" {
			continue
		}
		t, err := e.Use(s.name, raw)
		return t, err == nil, err
	}
	return Token{}, false, first
}

// Use reads a token that was found in a place called source, and checks it.
func (e Env) Use(source, raw string) (Token, error) {
	e = e.complete()
	t, err := ParseToken(raw)
	if t, err = from(source, t, err); err != nil {
		return Token{}, err
	}
	if err := t.Check(e.Audience, e.Now()); err != nil {
		return Token{}, err
	}
	return t, nil
}

func (e Env) complete() Env {
	if e.Audience == "" {
		e.Audience = DefaultAudience
	}
	if e.Getenv == nil {
		e.Getenv = func(string) string { return "" }
	}
	if e.ReadFile == nil {
		e.ReadFile = func(string, int64) ([]byte, error) { return nil, fs.ErrNotExist }
	}
	if e.Client == nil {
		e.Client = &http.Client{}
	}
	if e.Now == nil {
		e.Now = time.Now
	}
	if e.Patience == 0 {
		e.Patience = 10 * time.Second
	}
	return e
}

// gitlab has no service to ask: a job's tokens are variables that its configuration names
// (docs.gitlab.com/ci/secrets/id_token_authentication).
func gitlab(_ context.Context, e Env) (string, error) {
	if e.Getenv("GITLAB_CI") == "" {
		return "", nil
	}
	if raw := e.Getenv(TokenVariable); raw != "" {
		return raw, nil
	}
	return "", ErrNoToken
}

// spiffe asks the workload API (SPIFFE Workload Endpoint, section 4). cosign also tries a
// socket in /tmp, where anybody on the machine could stand in for the agent.
func spiffe(ctx context.Context, e Env) (string, error) {
	address := e.Getenv("SPIFFE_ENDPOINT_SOCKET")
	if address == "" || e.SPIFFE == nil {
		return "", nil
	}
	if !strings.Contains(address, "://") && !strings.HasPrefix(address, "unix:") {
		address = "unix://" + address
	}
	ctx, cancel := context.WithTimeout(ctx, 3*e.Patience)
	defer cancel()
	raw, err := e.SPIFFE(ctx, address, e.Audience)
	if err == nil && raw == "" {
		err = ErrNoToken
	}
	return raw, err
}

func tokenFile(_ context.Context, e Env) (string, error) {
	raw, err := e.ReadFile(TokenFile, MaxTokenBytes)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err == nil && len(raw) == 0 {
		err = fmt.Errorf("the file is empty: %w", ErrNoToken)
	}
	return string(raw), err
}
