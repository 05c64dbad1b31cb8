package produce

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/carnet-project/carnet/attest/ci"
	"github.com/carnet-project/carnet/cmd/internal/cli"
	"github.com/carnet-project/carnet/sign/login"
	"github.com/carnet-project/carnet/verify/report"
)

// An identity is who signs without a key: it finds one token and hands it out as long as
// it is good. It may be used from several goroutines at once.
type identity struct {
	call *cli.Call
	plan plan
	mu   sync.Mutex
	held ci.Token
	// failed is why there is no token: one who has closed the browser is not asked again
	// for each of many signatures.
	failed error
}

// margin is the life that a token must have left to be used: to reach the authority and
// to have its clock be a little ahead.
const margin = 20 * time.Second

// prepare gets the token now if nobody has to log in for it, so that a token that is
// missing or wrong is told before the work and not after it. Logins come last, for their
// tokens live a minute.
func (i *identity) prepare(ctx context.Context) error {
	_, err := i.get(ctx, func(context.Context, ci.Env, string) (ci.Token, error) { return ci.Token{}, errLater })
	if errors.Is(err, errLater) {
		return nil
	}
	return err
}

// errLater says that there will be a login for the token.
var errLater = errors.New("the login comes later")

// Token is the token to sign with. Errors of the token itself are usage errors.
func (i *identity) Token(ctx context.Context) (ci.Token, error) { return i.get(ctx, i.login) }

// A loginFunc has a person log in by a flow.
type loginFunc func(ctx context.Context, env ci.Env, flow string) (ci.Token, error)

func (i *identity) get(ctx context.Context, login loginFunc) (ci.Token, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.failed != nil {
		return ci.Token{}, i.failed
	}
	if time.Until(i.held.Expires) > margin {
		return i.held, nil
	}
	t, err := i.find(ctx, login)
	if errors.Is(err, errLater) {
		return ci.Token{}, err
	}
	if err != nil {
		err = tokenError(err, i.plan.Audience)
	} else {
		err = i.refusePrivate(t)
	}
	if err != nil {
		i.failed = err
		return ci.Token{}, err
	}
	i.held = t
	return t, nil
}

// source says where the token is from that was used last.
func (i *identity) source() string {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.held.Source
}

// outlived says whether err is that of a token that was good when the run began: the
// work took longer than it lives.
func (i *identity) outlived(err error) bool {
	if i == nil {
		return false
	}
	var wrong *ci.TokenError
	return errors.As(err, &wrong) && i.source() != ""
}

// refusePrivate refuses to tell the world that a private repository is there.
func (i *identity) refusePrivate(t ci.Token) error {
	visibility, private := t.Private()
	public := i.plan.published()
	if !private || len(public) == 0 || i.call.Bool("allow-public") {
		return nil
	}
	return &cli.UsageError{
		Message: fmt.Sprintf("the token from %s says that its repository is %s, and %s would publish %s for ever", t.Source, report.Clean(visibility), public[0], report.Clean(t.Certificate().Subject)),
		Hint:    "--allow-public lets it; or sign with --key, or with a Sigstore of your own: carnet local up",
	}
}

// interactive says whether a person is to log in.
func (i *identity) interactive() bool {
	switch i.call.String("fulcio-auth-flow") {
	case "normal", "device":
		return true
	}
	return false
}

// find looks for a token in the order that the help states.
func (i *identity) find(ctx context.Context, login loginFunc) (ci.Token, error) {
	env := ambient(i.call, i.plan.Audience)
	flow, value := i.call.String("fulcio-auth-flow"), i.call.String("identity-token")
	switch flow {
	case "", "token", "normal", "device":
	default:
		return ci.Token{}, cli.Usagef("--fulcio-auth-flow %q is not one of normal, device, token", flow)
	}
	if value != "" && i.interactive() {
		return ci.Token{}, cli.Usagef("--identity-token and --fulcio-auth-flow %s are two ways to get a token: give one", flow)
	}
	if value != "" {
		return i.stated(env, value)
	}
	if i.interactive() && !onTerminal(i.call) {
		return ci.Token{}, &cli.UsageError{Message: "there is no terminal to log in at", Hint: "give --identity-token FILE, or set SIGSTORE_ID_TOKEN"}
	}
	if i.interactive() {
		return login(ctx, env, flow)
	}
	if raw := i.call.Env.Getenv(ci.TokenVariable); raw != "" {
		return env.Use(ci.TokenVariable, raw)
	}
	if t, ok := fetched(i.call); ok && t.Check(env.Audience, time.Now().Add(margin)) == nil {
		return t, nil
	}
	if !i.call.Bool("oidc-disable-ambient-providers") {
		t, found, err := ci.Ambient(ctx, env)
		if found || err != nil {
			return t, err
		}
	}
	if flow == "" && onTerminal(i.call) {
		return login(ctx, env, "normal")
	}
	return ci.Token{}, i.call.Missing("--key KEY (carnet key generate makes one), or an identity token: --identity-token FILE, SIGSTORE_ID_TOKEN, or a CI system that gives one")
}

// stated reads --identity-token. What is no token may still be a part of one, and stays
// out of errors.
func (i *identity) stated(env ci.Env, value string) (ci.Token, error) {
	if _, err := ci.ParseToken(value); err == nil {
		i.call.Sayf("warning: a token on the command line can be read by others on this machine, and signs in your name")
		i.call.Sayf("  hint: put it into the variable SIGSTORE_ID_TOKEN, or name a file with --identity-token")
		return env.Use("--identity-token", value)
	}
	raw, err := readBounded(value, ci.MaxTokenBytes)
	if err != nil {
		return ci.Token{}, cli.Usagef("--identity-token is neither a token nor a file that can be read")
	}
	return env.Use("the file of --identity-token", string(raw))
}

func (i *identity) login(ctx context.Context, env ci.Env, flow string) (ci.Token, error) {
	if i.plan.Issuer == "" {
		return ci.Token{}, &cli.UsageError{Message: "the signing configuration names no issuer to log in at", Hint: "give --identity-token FILE, or set SIGSTORE_ID_TOKEN"}
	}
	options := login.Options{Issuer: i.plan.Issuer, ClientID: i.plan.Audience, Out: i.call.Env.Stderr, In: i.call.Env.Stdin}
	get, source := login.Browser, "the login in the browser"
	if flow == "device" {
		get, source = login.Device, "the login by device code"
	}
	raw, err := get(ctx, options)
	if err != nil {
		return ci.Token{}, err
	}
	return env.Use(source, raw)
}

// onTerminal says whether somebody is there to answer.
func onTerminal(c *cli.Call) bool {
	stdin, ok := c.Env.Stdin.(*os.File)
	return ok && cli.Terminal(stdin)
}

// ambient is what the surroundings of this process look like.
func ambient(c *cli.Call, audience string) ci.Env {
	return ci.Env{
		Getenv: c.Env.Getenv, ReadFile: readBounded, Client: &http.Client{}, Audience: audience, SPIFFE: fetchSVID,
		Run: func(ctx context.Context, name string, args ...string) ([]byte, error) {
			cmd := exec.CommandContext(ctx, name, args...)
			cmd.Env, cmd.WaitDelay = c.Env.Environ(), time.Second
			out, err := cmd.StdoutPipe()
			if err != nil {
				return nil, err
			}
			if err := cmd.Start(); err != nil {
				return nil, err
			}
			printed, readErr := io.ReadAll(io.LimitReader(out, ci.MaxTokenBytes+1))
			return printed, errors.Join(cmd.Wait(), readErr)
		},
	}
}

// readBounded reads a file of at most limit bytes; its error may be fs.ErrNotExist.
func readBounded(name string, limit int64) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(b)) > limit {
		err = fmt.Errorf("is over %d bytes", limit)
	}
	return b, err
}

// tokenError gives an error about a token its exit code and its hint.
func tokenError(err error, audience string) error {
	var wrong *ci.TokenError
	var source *ci.SourceError
	switch {
	case cli.IsUsage(err):
		return err
	case errors.As(err, &wrong):
		return &refusedToken{&cli.UsageError{Message: err.Error(), Hint: tokenHint(wrong, audience)}, wrong}
	case errors.As(err, &source) && errors.Is(err, ci.ErrNoToken):
		return &cli.UsageError{Message: err.Error(), Hint: sourceHint(source.Source, audience)}
	case errors.As(err, &source) && errors.Is(err, fs.ErrPermission):
		return cli.Usagef("%v", err)
	}
	return &cli.UnavailableError{Err: err}
}

// A refusedToken is a usage error that still knows which claim is wrong.
type refusedToken struct {
	*cli.UsageError
	cause *ci.TokenError
}

func (e *refusedToken) Unwrap() []error { return []error{e.UsageError, e.cause} }

func tokenHint(e *ci.TokenError, audience string) string {
	switch {
	case strings.HasPrefix(e.Claim, "audience"):
		return fmt.Sprintf("ask the issuer for a token with the audience %s, or name the one that the authority wants with --oidc-client-id", audience)
	case strings.HasPrefix(e.Claim, "expiry"):
		return "get a fresh token: they live for minutes"
	case strings.HasPrefix(e.Claim, "start"):
		return "check this machine's clock"
	}
	return "an OpenID Connect identity token is wanted (a JWT), as the issuer gave it"
}

// sourceHint is how a system is told to give its jobs a token.
func sourceHint(source, audience string) string {
	switch source {
	case ci.SourceGitHub:
		return "give the job, or the workflow, the permission: permissions: { id-token: write }; pull requests from forks can't have it"
	case ci.SourceGitLab:
		return "add to the job in .gitlab-ci.yml: id_tokens: { SIGSTORE_ID_TOKEN: { aud: " + audience + " } }"
	case ci.SourceBuildkite:
		return "BUILDKITE_AGENT_ACCESS_TOKEN is not set in this step; in a container pass it and BUILDKITE_JOB_ID on"
	case ci.SourceCircleCI:
		return "run the job with the circleci program on the PATH, and with a context"
	case ci.SourceGoogle:
		return "attach a service account to the machine, or name one to impersonate in GOOGLE_SERVICE_ACCOUNT_NAME"
	}
	return "give --identity-token FILE, or sign with --key"
}
