package produce

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/carnet-project/carnet/attest/checkout"
	"github.com/carnet-project/carnet/attest/ci"
	"github.com/carnet-project/carnet/attest/predicate/slsa"
	"github.com/carnet-project/carnet/cmd/internal/cli"
	"github.com/carnet-project/carnet/verify/report"
)

// noCI is the value of --ci that leaves the system out.
const noCI = "none"

// ciSystem is the continuous integration system that the command runs in, "" for none.
// Who gives a build type of his own says himself what it has.
func ciSystem(c *cli.Call, env ci.Env) (ci.System, error) {
	name := c.String("ci")
	switch {
	case name == noCI || name == "" && c.String("build-type") != "":
		return "", nil
	case name != "" && c.String("build-type") != "":
		return "", cli.Usagef("--ci %s has a build type of its own: leave --build-type away, or give --ci none", name)
	case name != "":
		s, err := env.Choose(name)
		return s, ciError(err)
	}
	s, err := env.Detect()
	return s, ciError(err)
}

// ciBuild is the build as the system s, its token, its API, the checkout and the flags say
// it. An error is what two of them say differently.
func ciBuild(c *cli.Call, env ci.Env, s ci.System) (*slsa.Build, error) {
	flags, own, err := ciFlags(c, s)
	if err != nil {
		return nil, err
	}
	said := ci.Said{System: s, Environment: env.Facts(s), Flags: flags}
	if said.Checkout, err = ciCheckout(c); err != nil {
		return nil, err
	}
	token, found, err := ciToken(c.Ctx(), c, env, s)
	if err != nil {
		return nil, err
	}
	if found {
		said.Token = s.Claims(token, said.Environment)
	}
	if said.API, err = env.Lookup(c.Ctx(), s); err != nil {
		c.Sayf("note: %s: the provenance says nothing by its word", report.Clean(err.Error()))
	}
	b, err := ci.Resolve(said)
	if err != nil {
		return nil, ciError(err)
	}
	for _, n := range b.Notes {
		c.Sayf("note: %s", report.Clean(n))
	}
	if b.Dirty {
		c.Sayf("the checkout has changes that are not committed: the provenance says dirty=true")
	}
	sayLevel(c, b)
	built := b.Provenance()
	for name, value := range own {
		built.ExternalParameters[name] = value
		built.FieldSources["/buildDefinition/externalParameters/"+pointer(name)] = string(ci.FromFlag)
	}
	return built, nil
}

// pointer writes a name as a part of a JSON pointer (RFC 6901, section 3).
func pointer(name string) string { return strings.NewReplacer("~", "~0", "/", "~1").Replace(name) }

// ciFlags are what the flags say of the facts, and the parameters that are the user's own.
func ciFlags(c *cli.Call, s ci.System) (ci.Facts, map[string]any, error) {
	var facts ci.Facts
	own, err := parameters(c)
	if err != nil {
		return facts, nil, err
	}
	if stated := c.String("source"); stated != "" {
		d, err := slsa.ParseSource(stated)
		if err != nil {
			return facts, nil, cli.Usagef("--source: %v", err)
		}
		if ci.Repository(d.URI) == "" {
			return facts, nil, cli.Usagef("--source %q is no address of a repository, as a run of %s is of one", d.URI, s)
		}
		facts.Say(ci.FieldRepository, d.URI, ci.FromFlag, "--source")
		facts.Say(ci.FieldCommit, d.Digest["gitCommit"], ci.FromFlag, "--source")
	}
	facts.Say(ci.FieldBuilder, c.String("builder-id"), ci.FromFlag, "--builder-id")
	facts.Say(ci.FieldRun, c.String("invocation-id"), ci.FromFlag, "--invocation-id")
	for _, field := range []ci.Field{ci.FieldRef, ci.FieldConfig} {
		if value, ok := own[string(field)].(string); ok {
			facts.Say(field, value, ci.FromFlag, "--parameter "+string(field))
			delete(own, string(field))
		}
	}
	for _, taken := range []string{"source", "inputs", "dirty"} {
		if _, ok := own[taken]; ok {
			return facts, nil, cli.Usagef("--parameter %s: the build type %s gives that name a meaning", taken, s.BuildType())
		}
	}
	if len(facts.Notes) > 0 {
		return facts, nil, cli.Usagef("%s", facts.Notes[0])
	}
	return facts, own, nil
}

// ciCheckout is the checkout here, nil where there is none. Of a submodule it is the one
// that has it: that is what a run is of.
func ciCheckout(c *cli.Call) (*checkout.Checkout, error) {
	if c.String("source") != "" {
		return nil, nil
	}
	dir := "."
	for range 8 {
		facts, err := readCheckout(c, dir)
		if err != nil || facts == nil || facts.Superproject == "" {
			return facts, err
		}
		dir = facts.Superproject
	}
	return nil, cli.Usagef("the git checkout here is a submodule within more than 8 others")
}

// ciToken is the run's identity token, for its claims. Without a key it will sign, so that
// its failure is the command's; with one it only means less to go by.
func ciToken(ctx context.Context, c *cli.Call, env ci.Env, s ci.System) (ci.Token, bool, error) {
	if value := c.String("identity-token"); value != "" {
		raw := []byte(value)
		if _, err := ci.ParseToken(value); err != nil {
			if raw, err = readBounded(value, ci.MaxTokenBytes); err != nil {
				return ci.Token{}, false, cli.Usagef("--identity-token is neither a token nor a file that can be read")
			}
		}
		t, err := env.Use("--identity-token", string(raw))
		if err != nil {
			return t, false, tokenError(err, env.Audience)
		}
		return t, true, nil
	}
	if c.Bool("oidc-disable-ambient-providers") {
		return ci.Token{}, false, nil
	}
	t, found, err := env.Token(ctx, s)
	if err == nil {
		keepFetched(c, t)
		return t, found, nil
	}
	if signsKeyless(c) {
		return t, false, tokenError(err, env.Audience)
	}
	c.Sayf("note: %s: the provenance says nothing by the word of a token", report.Clean(err.Error()))
	return t, false, nil
}

// fetchedToken is where the run of a command keeps a token that a service gave it.
const fetchedToken = "token of the run"

// keepFetched keeps a token that took a request, so that who signs by it need not make
// another. Those of variables and files are found again for nothing.
func keepFetched(c *cli.Call, t ci.Token) {
	if t.Source == ci.SourceGitHub || t.Source == ci.SourceBuildkite {
		c.App.Metadata[fetchedToken] = t
	}
}

func fetched(c *cli.Call) (ci.Token, bool) {
	t, ok := c.App.Metadata[fetchedToken].(ci.Token)
	return t, ok
}

// signsKeyless says whether the command is about to sign by an identity.
func signsKeyless(c *cli.Call) bool { return c.String("key") == "" && c.String("statement") == "" }

// sayLevel tells what the provenance can claim, where it is about to be signed.
func sayLevel(c *cli.Call, b *ci.Build) {
	if c.String("statement") != "" {
		return
	}
	l := b.Level(signsKeyless(c))
	c.Sayf("%s: the provenance can claim SLSA build level %d at most: %s", b.System, l.Build, report.Clean(l.Why))
	if l.Raise != "" {
		c.Sayf("  hint: for level %d: %s", l.Build+1, l.Raise)
	}
}

// ciError gives what a system's facts are refused for its exit code and its hint.
func ciError(err error) error {
	var lying *ci.LyingError
	var imitated *ci.SimulatedError
	var differ *ci.DisagreementError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &lying):
		return &cli.UsageError{Message: err.Error(), Hint: fmt.Sprintf("unset the variables of the one that is not there, or say which it is: --ci %s, --ci %s, or --ci none for what the flags and the checkout say", string(lying.Systems[0]), string(lying.Systems[1]))}
	case errors.As(err, &imitated):
		return &cli.UsageError{Message: err.Error(), Hint: "--ci none states what the flags and the checkout say"}
	case errors.As(err, &differ):
		return &cli.UsageError{Message: report.Clean(err.Error()), Hint: differHint(differ)}
	}
	return cli.Usagef("--ci: %v", err)
}

func differHint(e *ci.DisagreementError) string {
	from := []ci.Origin{e.Better.From, e.Worse.From}
	switch {
	case slices.Contains(from, ci.FromFlag):
		return "leave the flag away: what the run itself says is not overruled by it"
	case slices.Contains(from, ci.FromGit) && e.Field == ci.FieldRepository:
		return "if the runner clones from another address of the same repository, name the source: --source URI@COMMIT; else run the command in the checkout that the run is of"
	case slices.Contains(from, ci.FromGit):
		return "run the command in the checkout that the run is of, before anything is committed or checked out in it; --ci none leaves " + e.System.String() + " out"
	}
	return "look for what sets the one that is wrong; --ci none leaves " + e.System.String() + " out, and states what the flags and the checkout say"
}
