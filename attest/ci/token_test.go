package ci_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/ci"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

const goodPayload = `{"iss":"https://issuer.example","sub":"me","aud":"sigstore","exp":1772367000}`

// jwt is a token of the payload; nobody here looks at the signature.
func jwt(payload string) string {
	return encode(`{"alg":"RS256","kid":"k"}`) + "." + encode(payload) + "." + encode("signature-bytes")
}

func encode(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

func TestParseToken(t *testing.T) {
	got, err := ci.ParseToken(" " + jwt(`{"iss":"https://issuer.example","sub":"me","aud":["other","sigstore"],"exp":1772367000.5,"nbf":1772360000,
		"email":"me@example.com","email_verified":"true","run_id":"17","runner_id":4,"groups":["a"],"federated_claims":{"connector_id":"https://github.com/login/oauth","user_id":"1"}}`) + "\n")
	if err != nil {
		t.Fatal(err)
	}
	if got.Issuer != "https://issuer.example" || got.Subject != "me" || got.Email != "me@example.com" || !got.EmailVerified {
		t.Errorf("got %+v", got)
	}
	if fmt.Sprint(got.Audience) != "[other sigstore]" || !got.Expires.Equal(time.Unix(1772367000, 0)) || !got.NotBefore.Equal(time.Unix(1772360000, 0)) {
		t.Errorf("audience %v, from %v to %v", got.Audience, got.NotBefore, got.Expires)
	}
	if got.Claims["run_id"] != "17" || got.Claims["runner_id"] != "4" || got.Claims["groups"] != "" {
		t.Errorf("claims %v", got.Claims)
	}
	if c := got.Certificate(); c.Issuer != "https://github.com/login/oauth" || c.Subject != "me@example.com" || c.SubjectType != attest.SubjectEmail {
		t.Errorf("certificate %+v", c)
	}
	if err := got.Check("sigstore", now); err != nil {
		t.Error(err)
	}
}

func TestParseTokenRefuses(t *testing.T) {
	for name, c := range map[string]struct{ raw, want string }{
		"empty":            {"", "1 parts"},
		"two parts":        {"a.b", "2 parts"},
		"five parts":       {"a.b.c.d.e", "5 parts"},
		"not base64url":    {"e30=." + encode("{}") + ".AAAA", "part 1 is not base64url"},
		"no signature":     {encode(`{"alg":"RS256"}`) + "." + encode(goodPayload) + ".", "part 3"},
		"stray bits":       {encode(`{"alg":"RS256"}`) + "." + encode(goodPayload) + ".AB", "part 3"},
		"unsigned":         {encode(`{"alg":"none"}`) + "." + encode(goodPayload) + ".AAAA", "is not signed"},
		"no algorithm":     {encode(`{}`) + "." + encode(goodPayload) + ".AAAA", "is not signed"},
		"header no object": {encode(`[]`) + "." + encode(goodPayload) + ".AAAA", "its header is not a JSON object"},
		"twice":            {jwt(`{"sub":"a","sub":"b"}`), "twice"},
		"twice within":     {jwt(`{"x":{"a":1,"a":2}}`), "twice"},
		"case":             {jwt(`{"Sub":"a"}`), "differs from \"sub\" only by case"},
		"not JSON":         {jwt(`{"sub":`), "is not JSON"},
		"two documents":    {jwt(`{} {}`), "data follows"},
		"subject number":   {jwt(`{"sub":5}`), "claim sub"},
		"audience number":  {jwt(`{"aud":[5]}`), "claim aud"},
		"expiry text":      {jwt(`{"exp":"soon"}`), "claim exp"},
		"expiry far":       {jwt(`{"exp":1e300}`), "claim exp"},
		"too large":        {jwt(`{"sub":"` + strings.Repeat("a", 64<<10) + `"}`), "over 65536 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ci.ParseToken(c.raw)
			var refused *ci.TokenError
			if !errors.As(err, &refused) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want a TokenError with %q", err, c.want)
			}
		})
	}
}

func TestCheck(t *testing.T) {
	for name, c := range map[string]struct{ payload, want string }{
		"audience": {`{"iss":"https://issuer.example","sub":"me","aud":"https://github.com/acme","exp":1772367000}`,
			`the identity token from a test, issued by "https://issuer.example", has the audience (aud) "https://github.com/acme", want "sigstore"`},
		"no audience":      {`{"iss":"https://issuer.example","sub":"me","exp":1772367000}`, "audience (aud) none"},
		"expired":          {`{"iss":"https://issuer.example","sub":"me","aud":"sigstore","exp":1772366400}`, "expiry (exp) 2026-03-01T12:00:00Z, want one after 2026-03-01T12:00:00Z"},
		"no expiry":        {`{"iss":"https://issuer.example","sub":"me","aud":"sigstore"}`, "expiry (exp) none"},
		"later":            {`{"iss":"https://issuer.example","sub":"me","aud":"sigstore","exp":1772367000,"nbf":1772366900}`, "start (nbf)"},
		"issuer no URL":    {`{"iss":"acme","sub":"me","aud":"sigstore","exp":1772367000}`, `issuer (iss) "acme"`},
		"no subject":       {`{"iss":"https://issuer.example","aud":"sigstore","exp":1772367000}`, "subject (sub)"},
		"unverified email": {`{"iss":"https://issuer.example","sub":"1","aud":"sigstore","exp":1772367000,"email":"a@b.example"}`, "e-mail address (email)"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ci.Env{Now: func() time.Time { return now }}.Use("a test", jwt(c.payload))
			var refused *ci.TokenError
			if !errors.As(err, &refused) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want a TokenError with %q", err, c.want)
			}
		})
	}
}

// TestTokenIsSecret prints a token in every way that logs and reports could.
func TestTokenIsSecret(t *testing.T) {
	raw := jwt(goodPayload)
	token, err := ci.ParseToken(raw)
	if err != nil {
		t.Fatal(err)
	}
	deep := struct{ inner struct{ token ci.Token } }{}
	deep.inner.token = token
	var printed strings.Builder
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&printed, verb+verb+verb+verb, token, &token, token.Raw, deep)
	}
	j, err := json.Marshal(token)
	if err != nil {
		t.Fatal(err)
	}
	printed.Write(j)
	signature := raw[strings.LastIndex(raw, ".")+1:]
	for _, secret := range []string{raw, signature, "signature-bytes", fmt.Sprintf("%x", raw), fmt.Sprintf("%x", signature)} {
		if strings.Contains(printed.String(), secret) {
			t.Fatalf("the token is printed: %s", printed.String())
		}
	}
	if token.Raw.Reveal() != raw {
		t.Error("Reveal does not give the token")
	}
}

func TestCertificateOfPipelines(t *testing.T) {
	github := parse(t, `{"iss":"https://token.actions.githubusercontent.com","sub":"repo:acme/app:ref:refs/heads/main","aud":"sigstore","exp":1772367000,
		"repository":"acme/app","repository_owner":"acme","repository_id":"1","repository_owner_id":"2","repository_visibility":"private",
		"job_workflow_ref":"acme/flows/.github/workflows/release.yml@refs/heads/main","job_workflow_sha":"aa","workflow_ref":"acme/app/.github/workflows/ci.yml@refs/heads/main",
		"workflow_sha":"bb","sha":"cc","ref":"refs/heads/main","event_name":"push","workflow":"CI","runner_environment":"github-hosted","run_id":"7","run_attempt":"1"}`)
	c := github.Certificate()
	want := map[attest.Claim]string{
		attest.ClaimBuildSignerURI: "https://github.com/acme/flows/.github/workflows/release.yml@refs/heads/main", attest.ClaimBuildSignerDigest: "aa",
		attest.ClaimRunnerEnvironment: "github-hosted", attest.ClaimSourceRepositoryURI: "https://github.com/acme/app", attest.ClaimSourceRepositoryDigest: "cc",
		attest.ClaimSourceRepositoryRef: "refs/heads/main", attest.ClaimSourceRepositoryID: "1", attest.ClaimSourceRepositoryOwnerURI: "https://github.com/acme",
		attest.ClaimSourceRepositoryOwnerID: "2", attest.ClaimBuildConfigURI: "https://github.com/acme/app/.github/workflows/ci.yml@refs/heads/main",
		attest.ClaimBuildConfigDigest: "bb", attest.ClaimBuildTrigger: "push", attest.ClaimRunInvocationURI: "https://github.com/acme/app/actions/runs/7/attempts/1",
		attest.ClaimSourceRepositoryVisible: "private", attest.ClaimTokenSubject: "repo:acme/app:ref:refs/heads/main", attest.ClaimGitHubTrigger: "push",
		attest.ClaimGitHubSHA: "cc", attest.ClaimGitHubWorkflow: "CI", attest.ClaimGitHubRepository: "acme/app", attest.ClaimGitHubRef: "refs/heads/main",
	}
	if c.Subject != want[attest.ClaimBuildSignerURI] || c.Issuer != github.Issuer || fmt.Sprint(c.Claims) != fmt.Sprint(want) {
		t.Errorf("got %s by %s with\n%v, want\n%v", c.Subject, c.Issuer, c.Claims, want)
	}
	if v, private := github.Private(); v != "private" || !private {
		t.Errorf("Private() = %q, %v", v, private)
	}
	gitlab := parse(t, `{"iss":"https://gitlab.com","sub":"project_path:acme/app:ref_type:tag:ref:v1","aud":"sigstore","exp":1772367000,"project_path":"acme/app",
		"project_id":"5","namespace_path":"acme","namespace_id":"6","ci_config_ref_uri":"gitlab.com/acme/app//.gitlab-ci.yml@refs/tags/v1","ci_config_sha":"dd",
		"ref":"v1","ref_type":"tag","sha":"ee","pipeline_source":"push","job_id":"9","runner_environment":"gitlab-hosted","project_visibility":"public"}`)
	c = gitlab.Certificate()
	if c.Subject != "https://gitlab.com/acme/app//.gitlab-ci.yml@refs/tags/v1" || c.Claims[attest.ClaimSourceRepositoryRef] != "refs/tags/v1" ||
		c.Claims[attest.ClaimRunInvocationURI] != "https://gitlab.com/acme/app/-/jobs/9" || c.Claims[attest.ClaimSourceRepositoryURI] != "https://gitlab.com/acme/app" {
		t.Errorf("got %+v", c)
	}
	if _, private := gitlab.Private(); private {
		t.Error("a public project is called private")
	}
}

func parse(t *testing.T, payload string) ci.Token {
	t.Helper()
	token, err := ci.ParseToken(jwt(payload))
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// FuzzParseToken holds that a token that is read is read whole, and that no refusal
// repeats what it refuses.
func FuzzParseToken(f *testing.F) {
	f.Add(goodPayload)
	f.Add(`{"iss":"https://a","aud":["x"],"exp":1e3,"email_verified":"true","federated_claims":{"connector_id":"c"}}`)
	f.Add(`{"aud":`)
	f.Fuzz(func(t *testing.T, payload string) {
		raw := jwt(payload)
		token, err := ci.ParseToken(raw)
		if err != nil {
			if strings.Contains(err.Error(), raw) {
				t.Fatalf("the error repeats the token: %v", err)
			}
			return
		}
		if token.Raw.Reveal() != raw || !json.Valid([]byte(payload)) {
			t.Fatalf("%q is read as %+v", payload, token)
		}
		_ = token.Certificate()
		if token.Check("sigstore", now) == nil && (token.Issuer == "" || token.Subject == "" || !now.Before(token.Expires)) {
			t.Fatalf("%+v passes", token)
		}
	})
}
