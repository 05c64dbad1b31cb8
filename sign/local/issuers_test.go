//go:build unix

package local_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/sigstore/sigstore-go/pkg/fulcio/certificate"
	"github.com/sigstore/sigstore-go/pkg/sign"
	"github.com/sigstore/sigstore-go/pkg/verify"

	"github.com/carnet-project/carnet/attest"
	attestcert "github.com/carnet-project/carnet/attest/certificate"
	"github.com/carnet-project/carnet/sign/local"
)

// An outsider is an OIDC issuer elsewhere.
type outsider struct {
	url string
	key *ecdsa.PrivateKey
}

func newOutsider(t testing.TB) *outsider {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	o := &outsider{key: key}
	mux := http.NewServeMux()
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]any{"issuer": o.url, "jwks_uri": o.url + "/keys", "id_token_signing_alg_values_supported": []string{"ES256"}})
	})
	mux.HandleFunc("/keys", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "k", Algorithm: "ES256", Use: "sig"}}})
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	o.url = server.URL
	return o
}

// token is a token of the issuer with the claims, which may say otherwise of anything.
func (o *outsider) token(t testing.TB, claims map[string]any) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: o.key, KeyID: "k"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	all := map[string]any{"iss": o.url, "aud": "sigstore", "iat": now.Unix(), "exp": now.Add(time.Minute).Unix(), "sub": "somebody"}
	maps.Copy(all, claims)
	token, err := jwt.Signed(signer).Claims(all).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// run is a token of GitHub Actions (docs.github.com, OpenID Connect reference).
var run = map[string]any{
	"sub": "repo:octo/app:ref:refs/tags/v1", "job_workflow_ref": "octo/ci/.github/workflows/build.yml@refs/heads/main", "job_workflow_sha": "b0b",
	"sha": "c0c", "event_name": "push", "repository": "octo/app", "repository_id": 74, "repository_owner": "octo", "repository_owner_id": "65",
	"repository_visibility": "public", "ref": "refs/tags/v1", "workflow": "release", "workflow_ref": "octo/app/.github/workflows/release.yml@refs/tags/v1",
	"workflow_sha": "a0a", "runner_environment": "github-hosted", "run_id": "9", "run_attempt": "2", "environment": "production",
}

var runSummary = certificate.Summary{
	SubjectAlternativeName: "https://github.com/octo/ci/.github/workflows/build.yml@refs/heads/main",
	Extensions: certificate.Extensions{
		GithubWorkflowTrigger: "push", GithubWorkflowSHA: "c0c", GithubWorkflowName: "release", GithubWorkflowRepository: "octo/app", GithubWorkflowRef: "refs/tags/v1",
		BuildSignerURI: "https://github.com/octo/ci/.github/workflows/build.yml@refs/heads/main", BuildSignerDigest: "b0b", RunnerEnvironment: "github-hosted",
		SourceRepositoryURI: "https://github.com/octo/app", SourceRepositoryDigest: "c0c", SourceRepositoryRef: "refs/tags/v1", SourceRepositoryIdentifier: "74",
		SourceRepositoryOwnerURI: "https://github.com/octo", SourceRepositoryOwnerIdentifier: "65",
		BuildConfigURI: "https://github.com/octo/app/.github/workflows/release.yml@refs/tags/v1", BuildConfigDigest: "a0a", BuildTrigger: "push",
		RunInvocationURI: "https://github.com/octo/app/actions/runs/9/attempts/2", SourceRepositoryVisibilityAtSigning: "public",
	},
}

var job = map[string]any{
	"sub": "project_path:group/sub/app:ref_type:branch:ref:main", "project_path": "group/sub/app", "project_id": "3", "namespace_path": "group/sub", "namespace_id": "4",
	"project_visibility": "internal", "ref": "main", "ref_type": "branch", "sha": "c0c", "pipeline_source": "web", "job_id": "12",
	"ci_config_ref_uri": "git.example/group/sub/app//.gitlab-ci.yml@refs/heads/main", "ci_config_sha": "c0c", "runner_environment": "self-hosted", "environment": nil,
}

var jobSummary = certificate.Summary{
	SubjectAlternativeName: "https://git.example/group/sub/app//.gitlab-ci.yml@refs/heads/main",
	Extensions: certificate.Extensions{
		BuildSignerURI: "https://git.example/group/sub/app//.gitlab-ci.yml@refs/heads/main", BuildSignerDigest: "c0c", RunnerEnvironment: "self-hosted",
		SourceRepositoryURI: "https://git.example/group/sub/app", SourceRepositoryDigest: "c0c", SourceRepositoryRef: "refs/heads/main", SourceRepositoryIdentifier: "3",
		SourceRepositoryOwnerURI: "https://git.example/group/sub", SourceRepositoryOwnerIdentifier: "4",
		BuildConfigURI: "https://git.example/group/sub/app//.gitlab-ci.yml@refs/heads/main", BuildConfigDigest: "c0c", BuildTrigger: "web",
		RunInvocationURI: "https://git.example/group/sub/app/-/jobs/12", SourceRepositoryVisibilityAtSigning: "internal",
	},
}

// Tokens become certificates as Fulcio maps them (sigstore/fulcio, docs/oid-info.md).
func TestIssuers(t *testing.T) {
	t.Parallel()
	const circle = "https://circleci.com/api/v2/projects/p/pipeline-definitions/d"
	tests := map[string]struct {
		issuer local.Issuer
		claims map[string]any
		want   certificate.Summary
	}{
		"email":  {local.Issuer{Kind: "email"}, map[string]any{"email": "dev@example.com", "email_verified": true}, certificate.Summary{SubjectAlternativeName: "dev@example.com"}},
		"github": {local.Issuer{Kind: "github"}, run, runSummary},
		"gitlab": {local.Issuer{Kind: "gitlab", Base: "https://git.example/"}, job, jobSummary},
		"buildkite": {local.Issuer{Kind: "buildkite"}, map[string]any{
			"organization_slug": "acme", "pipeline_slug": "app", "build_number": 7, "job_id": "j", "runner_environment": "self-hosted", "build_commit": "c0c", "build_source": "webhook",
		}, certificate.Summary{SubjectAlternativeName: "https://buildkite.com/acme/app", Extensions: certificate.Extensions{
			RunInvocationURI: "https://buildkite.com/acme/app/builds/7#j", RunnerEnvironment: "self-hosted", SourceRepositoryDigest: "c0c", BuildTrigger: "webhook",
		}}},
		"circleci": {local.Issuer{Kind: "circleci"}, map[string]any{
			"oidc.circleci.com/project-id": "p", "oidc.circleci.com/pipeline-definition-id": "d", "oidc.circleci.com/pipeline-id": "i", "oidc.circleci.com/workflow-id": "w",
			"oidc.circleci.com/job-id": "j", "oidc.circleci.com/vcs-ref": "refs/heads/main", "oidc.circleci.com/vcs-origin": "github.com/acme/app", "oidc.circleci.com/ssh-rerun": true,
		}, certificate.Summary{SubjectAlternativeName: circle, Extensions: certificate.Extensions{
			BuildConfigURI: "https://circleci.com/api/v2/pipeline/i/config", BuildSignerURI: circle, RunInvocationURI: "https://app.circleci.com/workflow/w/job/j",
			RunnerEnvironment: "ssh-rerun", SourceRepositoryRef: "refs/heads/main", SourceRepositoryURI: "github.com/acme/app",
		}}},
		"spiffe": {local.Issuer{Kind: "spiffe", Domain: "example.org"}, map[string]any{"sub": "spiffe://example.org/build"}, certificate.Summary{SubjectAlternativeName: "spiffe://example.org/build"}},
		"kubernetes": {local.Issuer{Kind: "kubernetes"}, map[string]any{
			"sub": "system:serviceaccount:ci:builder", "kubernetes.io": map[string]any{"namespace": "ci", "serviceaccount": map[string]any{"name": "builder"}},
		}, certificate.Summary{SubjectAlternativeName: "https://kubernetes.io/namespaces/ci/serviceaccounts/builder"}},
		"uri":      {local.Issuer{Kind: "uri", Domain: "https://example.org"}, map[string]any{"sub": "https://example.org/bots/1"}, certificate.Summary{SubjectAlternativeName: "https://example.org/bots/1"}},
		"username": {local.Issuer{Kind: "username", Domain: "example.org"}, map[string]any{"sub": "joe"}, certificate.Summary{SubjectAlternativeName: "joe!example.org"}},
	}
	options, outsiders := local.Options{}, map[string]*outsider{}
	for name, test := range tests {
		outsiders[name] = newOutsider(t)
		test.issuer.URL = outsiders[name].url
		options.Issuers = append(options.Issuers, test.issuer)
	}
	s, _ := start(t, t.TempDir()+"/sigstore", options)
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			file := []byte(name)
			b, err := signWith(t.Context(), s.SigningConfig(), outsiders[name].token(t, test.claims), &sign.PlainData{Data: file})
			if err != nil {
				t.Fatal(err)
			}
			got := *verified(t, s.TrustedRoot(), b, verify.WithArtifact(bytes.NewReader(file)))
			test.want.Issuer, test.want.CertificateIssuer = outsiders[name].url, got.CertificateIssuer
			if got != test.want {
				t.Errorf("got  %+v\nwant %+v", got, test.want)
			}
			parsed, err := attestcert.Parse(b.GetVerificationMaterial().GetCertificate().GetRawBytes())
			if err != nil {
				t.Fatal(err)
			}
			subject, _ := test.claims["sub"].(string)
			if subject == "" {
				subject = "somebody"
			}
			environment, _ := test.claims["environment"].(string)
			if parsed.Claims[attest.ClaimTokenSubject] != subject || parsed.Claims[attest.ClaimDeploymentEnvironment] != environment {
				t.Errorf("the certificate has subject %q and environment %q", parsed.Claims[attest.ClaimTokenSubject], parsed.Claims[attest.ClaimDeploymentEnvironment])
			}
		})
	}
}

// Holders of local tokens are believed without any configuration.
func TestHolders(t *testing.T) {
	t.Parallel()
	s, _ := start(t, t.TempDir()+"/sigstore", local.Options{})
	for want, h := range map[string]local.Holder{
		"dev@example.com":            local.Email("dev@example.com"),
		"spiffe://example.org/build": local.Workload("spiffe://example.org/build"),
		"https://example.org/bot":    local.Subject("https://example.org/bot"),
		"joe!local":                  local.Subject("joe"),
		"https://github.com/octo/app/.github/workflows/ci.yml@refs/heads/main": local.Run(local.Workflow{Repository: "octo/app", File: ".github/workflows/ci.yml"}),
		"https://gitlab.com/g/app//.gitlab-ci.yml@refs/tags/v1":                local.Pipeline(local.Job{Project: "g/app", Ref: "v1", Tag: true}),
	} {
		b := signed(t, s, h, &sign.PlainData{Data: []byte(want)})
		got := verified(t, s.TrustedRoot(), b, verify.WithArtifact(bytes.NewReader([]byte(want))))
		if got.SubjectAlternativeName != want || got.Issuer != s.Status().Issuer {
			t.Errorf("the certificate is for %q of %q, and should be for %q", got.SubjectAlternativeName, got.Issuer, want)
		}
	}
}

func TestParseIssuer(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "login.example", "ftp://login.example", "https://login.example?x", "https://u:p@login.example", "https://login.example,github",
		"https://login.example,type=gitea", "https://login.example,type=spiffe", "https://login.example,domain=example.org", "https://login.example,url=https://x.example",
		"https://login.example,type=github,url=nowhere",
	} {
		if got, err := local.ParseIssuer(text); err == nil {
			t.Errorf("%q is taken as %+v", text, got)
		}
	}
	got, err := local.ParseIssuer("https://git.example,type=gitlab,url=https://git.example")
	if want := (local.Issuer{URL: "https://git.example", Kind: "gitlab", Base: "https://git.example"}); err != nil || got != want {
		t.Errorf("got %+v, %v", got, err)
	}
}
