package identity_test

import (
	"errors"
	"maps"
	"os/exec"
	"strings"
	"testing"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/verify"
	"github.com/carnet-project/carnet/verify/identity"
)

const (
	github = "https://token.actions.githubusercontent.com"
	google = "https://accounts.google.com"
)

func person(subject, issuer string) attest.Certificate {
	return attest.Certificate{Subject: subject, SubjectType: attest.SubjectEmail, Issuer: issuer, Authority: "CN=ca"}
}

func pattern(t testing.TB, s identity.Spec) identity.Pattern {
	t.Helper()
	p, err := identity.New(s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestMatch(t *testing.T) {
	dev := person("dev@acme.example", google)
	for _, c := range []struct {
		spec  identity.Spec
		cert  attest.Certificate
		field string
	}{
		{identity.Spec{Subject: "dev@acme.example", Issuer: google}, dev, ""},
		{identity.Spec{Subject: "*@acme.example", Issuer: "https://accounts.*.com"}, dev, ""},
		{identity.Spec{SubjectRegexp: ".*@acme[.]example", IssuerRegexp: "https://accounts[.]google[.]com"}, dev, ""},
		{identity.Spec{Subject: "**", Issuer: google}, dev, ""},
		{identity.Spec{Subject: "dev@acme.example", Issuer: "https://accounts.google.com/"}, dev, "issuer"},
		{identity.Spec{Subject: "dev@acme.example", Issuer: google}, person("dev@acme.example", github), "issuer"},
		{identity.Spec{Subject: "Dev@acme.example", Issuer: google}, dev, "identity"},
		{identity.Spec{SubjectRegexp: "acme", IssuerRegexp: google}, dev, "identity"},
		{identity.Spec{SubjectRegexp: "acme", IssuerRegexp: google, Unanchored: true}, dev, ""},
		{identity.Spec{Subject: "dev@acme.example", Issuer: google}, person("", google), "identity"},
		// Without an issuer, and only there.
		{identity.Spec{Subject: "dev@acme.example", Issuer: "**"}, person("dev@acme.example", ""), "issuer"},
		{identity.Spec{Subject: "dev@acme.example", IssuerRegexp: ".*"}, person("dev@acme.example", ""), "issuer"},
		{identity.Spec{Subject: "dev@acme.example", NoIssuer: true}, person("dev@acme.example", ""), ""},
		{identity.Spec{Subject: "dev@acme.example", NoIssuer: true}, dev, "issuer"},
		{identity.Spec{Subject: "dev@acme.example", NoIssuer: true}, person("", ""), "identity"},
		{identity.Spec{Subject: "**", NoIssuer: true}, person("", ""), "identity"},
		// Claims, of which an absent one is never right.
		{identity.Spec{Subject: "**", Issuer: github, Claims: map[attest.Claim]string{attest.ClaimBuildTrigger: "push"}}, build(nil), ""},
		{identity.Spec{Subject: "**", Issuer: github, Claims: map[attest.Claim]string{attest.ClaimBuildTrigger: "*"}}, build(attest.ClaimBuildTrigger, ""), "buildTrigger"},
		{identity.Spec{Subject: "**", Issuer: github, Claims: map[attest.Claim]string{attest.ClaimBuildTrigger: "push", attest.ClaimSourceRepositoryID: "77"}}, build(nil), "sourceRepositoryIdentifier"},
	} {
		err := pattern(t, c.spec).Match(c.cert)
		var m *identity.Mismatch
		switch {
		case err == nil && c.field != "":
			t.Errorf("%+v accepts %+v", c.spec, c.cert)
		case err != nil && (!errors.As(err, &m) || m.Field != c.field || m.Expected == "" || m.Found == ""):
			t.Errorf("%+v on %+v: %v", c.spec, c.cert, err)
		}
	}
}

func TestSpecsThatAreRefused(t *testing.T) {
	for _, s := range []identity.Spec{
		{}, {Subject: "a"}, {Issuer: google}, {SubjectRegexp: "a"}, {Subject: "a", SubjectRegexp: "a", Issuer: google},
		{Subject: "a", Issuer: google, IssuerRegexp: "a"}, {Subject: "a", Issuer: google, NoIssuer: true},
		{Subject: "**", Issuer: "**"}, {SubjectRegexp: ".*", IssuerRegexp: ".*"}, {SubjectRegexp: ".+", IssuerRegexp: ".+"},
		{Subject: "**", Issuer: "https://**"}, {Subject: "*@*", Issuer: "**"}, {Subject: "https://**", Issuer: "**"},
		{SubjectRegexp: "@", IssuerRegexp: "https", Unanchored: true}, {SubjectRegexp: "(?i)(.|\\n)*", IssuerRegexp: ".*"},
		{Subject: "a", IssuerRegexp: "("}, {Subject: "a", Issuer: google, Claims: map[attest.Claim]string{"nonsense": "a"}},
		{Subject: "a", Issuer: google, Claims: map[attest.Claim]string{attest.ClaimBuildTrigger: ""}},
	} {
		p, err := identity.New(s)
		if err == nil {
			t.Errorf("%+v is a pattern", s)
		}
		if p.Match(person("dev@acme.example", google)) == nil || p.Match(attest.Certificate{}) == nil {
			t.Errorf("%+v is refused and accepts somebody", s)
		}
	}
}

func TestNobody(t *testing.T) {
	for _, c := range []attest.Certificate{{}, person("dev@acme.example", google), build(nil)} {
		for _, accept := range []func(attest.Certificate) error{identity.Accept(), identity.Accept(identity.Pattern{})} {
			var refused *verify.Error
			if err := accept(c); !errors.As(err, &refused) || refused.Reason != verify.ReasonIdentityMismatch {
				t.Errorf("%+v: %v", c, err)
			}
		}
	}
}

// The arguments that a refusal shows accept the holder that was found, and nobody else;
// a shell reads them as they are meant.
func TestTheFlagsThatWouldAccept(t *testing.T) {
	p := pattern(t, identity.Spec{Subject: "dev@acme.example", Issuer: google})
	for _, c := range []struct {
		subject, issuer, want string
	}{
		{"ann@acme.example", google, "--certificate-identity|ann@acme.example|--certificate-oidc-issuer|" + google},
		{"o'hara@acme.example", google, "--certificate-identity|o'hara@acme.example|--certificate-oidc-issuer|" + google},
		{"$(touch x)`touch x`\\;#", google, "--certificate-identity|$(touch x)`touch x`\\;#|--certificate-oidc-issuer|" + google},
		{"*@acme.example", google, `--certificate-identity-regexp|\*@acme\.example|--certificate-oidc-issuer|` + google},
		{"ann@acme.example", "", "--certificate-identity|ann@acme.example|--certificate-oidc-issuer|none"},
		{"a\nb", google, ""}, {"a\u202eb", google, ""}, {"a\x1b[2K", google, ""}, {"\xff", google, ""}, {"", google, ""}, {"a", "https://x\n", ""}, {strings.Repeat("a", 5000), google, ""},
	} {
		err := p.Match(person(c.subject, c.issuer))
		var m *identity.Mismatch
		if !errors.As(err, &m) {
			t.Fatalf("%q: %v", c.subject, err)
		}
		got := ""
		if m.Flags != "" {
			out, err := exec.Command("sh", "-c", `printf '%s|' `+m.Flags).Output()
			if err != nil {
				t.Fatal(err)
			}
			got = strings.TrimSuffix(string(out), "|")
		}
		if got != c.want {
			t.Errorf("%q of %q: %q", c.subject, c.issuer, got)
		}
	}
	err := identity.Accept(p)(person("ann@acme.example", google))
	for _, want := range []string{"dev@acme.example (" + google + ")", "ann@acme.example (" + google + ")", "--certificate-identity 'ann@acme.example' --certificate-oidc-issuer '" + google + "'"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say %q", err, want)
		}
	}
}

// Of several patterns the one that comes closest explains.
func TestTheNearestPatternExplains(t *testing.T) {
	repo, err := identity.GitHub{Repository: "acme/app"}.Pattern()
	if err != nil {
		t.Fatal(err)
	}
	dev := pattern(t, identity.Spec{Subject: "dev@acme.example", Issuer: google})
	schedule := build(attest.ClaimBuildTrigger, "schedule")
	for _, patterns := range [][]identity.Pattern{{repo, dev}, {dev, repo}} {
		accept := identity.Accept(patterns...)
		if err := accept(build(nil)); err != nil {
			t.Error(err)
		}
		if err := accept(schedule); err == nil || !strings.Contains(err.Error(), "trigger is schedule") || !strings.Contains(err.Error(), "--trigger 'schedule'") {
			t.Errorf("%v", err)
		}
	}
}

func TestExact(t *testing.T) {
	for _, c := range []struct {
		spec identity.Spec
		want bool
	}{
		{identity.Spec{Subject: "a", Issuer: google}, true},
		{identity.Spec{Subject: "a", NoIssuer: true}, true},
		{identity.Spec{Subject: "a*", Issuer: google}, false},
		{identity.Spec{Subject: "a", Issuer: "**"}, false},
		{identity.Spec{SubjectRegexp: "a", Issuer: google}, false},
	} {
		if pattern(t, c.spec).Exact() != c.want {
			t.Errorf("%+v: %t", c.spec, !c.want)
		}
	}
	repo, err := identity.GitHub{Repository: "acme/app"}.Pattern()
	if err != nil || repo.Exact() || (identity.Pattern{}).Exact() {
		t.Error("exact", err)
	}
}

// build is the certificate of a GitHub workflow, with claims changed by pairs of name
// and value.
func build(changes ...any) attest.Certificate {
	c := attest.Certificate{
		Subject: "https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v1.2.3", SubjectType: attest.SubjectURI, Issuer: github,
		Claims: map[attest.Claim]string{
			attest.ClaimBuildSignerURI:      "https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v1.2.3",
			attest.ClaimRunnerEnvironment:   "github-hosted",
			attest.ClaimSourceRepositoryURI: "https://github.com/acme/app",
			attest.ClaimSourceRepositoryRef: "refs/tags/v1.2.3",
			attest.ClaimBuildConfigURI:      "https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v1.2.3",
			attest.ClaimBuildTrigger:        "push",
		},
	}
	return with(c, changes...)
}

func with(c attest.Certificate, changes ...any) attest.Certificate {
	c.Claims = maps.Clone(c.Claims)
	for i := 0; i+1 < len(changes); i += 2 {
		c.Claims[changes[i].(attest.Claim)] = changes[i+1].(string)
	}
	return c
}
