package identity

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/carnet-project/carnet/attest"
)

// A mapping says how the claims of a CI system's token become a certificate: texts with
// the names of claims in braces.
type mapping struct {
	base    string
	subject string
	claims  map[attest.Claim]string
	// optional claims are empty where the token has none; all others it must have.
	optional []string
}

// mappings are those of config/identity/config.yaml in sigstore/fulcio (2026-08). The
// public instance reads claims of a token before its own defaults; here {url} is the
// configured one always, for a token is not to say where its own repository is.
func mappings(kind Kind) (mapping, bool) {
	found, ok := map[Kind]func() mapping{GitHub: github, GitLab: gitlab, Buildkite: buildkite, CircleCI: circleci}[kind]
	if !ok {
		return mapping{}, false
	}
	return found(), true
}

func github() mapping {
	return mapping{
		base: "https://github.com", subject: "{url}/{job_workflow_ref}", optional: []string{"environment"},
		claims: map[attest.Claim]string{
			attest.ClaimGitHubTrigger: "{event_name}", attest.ClaimGitHubSHA: "{sha}", attest.ClaimGitHubWorkflow: "{workflow}",
			attest.ClaimGitHubRepository: "{repository}", attest.ClaimGitHubRef: "{ref}",
			attest.ClaimBuildSignerURI: "{url}/{job_workflow_ref}", attest.ClaimBuildSignerDigest: "{job_workflow_sha}",
			attest.ClaimRunnerEnvironment:   "{runner_environment}",
			attest.ClaimSourceRepositoryURI: "{url}/{repository}", attest.ClaimSourceRepositoryDigest: "{sha}",
			attest.ClaimSourceRepositoryRef: "{ref}", attest.ClaimSourceRepositoryID: "{repository_id}",
			attest.ClaimSourceRepositoryOwnerURI: "{url}/{repository_owner}", attest.ClaimSourceRepositoryOwnerID: "{repository_owner_id}",
			attest.ClaimBuildConfigURI: "{url}/{workflow_ref}", attest.ClaimBuildConfigDigest: "{workflow_sha}",
			attest.ClaimBuildTrigger:            "{event_name}",
			attest.ClaimRunInvocationURI:        "{url}/{repository}/actions/runs/{run_id}/attempts/{run_attempt}",
			attest.ClaimSourceRepositoryVisible: "{repository_visibility}", attest.ClaimDeploymentEnvironment: "{environment}",
		},
	}
}

func gitlab() mapping {
	return mapping{
		base: "https://gitlab.com", subject: "https://{ci_config_ref_uri}", optional: []string{"environment", "ci_config_sha"},
		claims: map[attest.Claim]string{
			attest.ClaimBuildSignerURI: "https://{ci_config_ref_uri}", attest.ClaimBuildSignerDigest: "{ci_config_sha}",
			attest.ClaimRunnerEnvironment:   "{runner_environment}",
			attest.ClaimSourceRepositoryURI: "{url}/{project_path}", attest.ClaimSourceRepositoryDigest: "{sha}",
			attest.ClaimSourceRepositoryRef: "refs/{ref_folder}/{ref}", attest.ClaimSourceRepositoryID: "{project_id}",
			attest.ClaimSourceRepositoryOwnerURI: "{url}/{namespace_path}", attest.ClaimSourceRepositoryOwnerID: "{namespace_id}",
			attest.ClaimBuildConfigURI: "https://{ci_config_ref_uri}", attest.ClaimBuildConfigDigest: "{ci_config_sha}",
			attest.ClaimBuildTrigger: "{pipeline_source}", attest.ClaimRunInvocationURI: "{url}/{project_path}/-/jobs/{job_id}",
			attest.ClaimSourceRepositoryVisible: "{project_visibility}", attest.ClaimDeploymentEnvironment: "{environment}",
		},
	}
}

func buildkite() mapping {
	return mapping{
		base: "https://buildkite.com", subject: "{url}/{organization_slug}/{pipeline_slug}",
		claims: map[attest.Claim]string{
			attest.ClaimRunInvocationURI:  "{url}/{organization_slug}/{pipeline_slug}/builds/{build_number}#{job_id}",
			attest.ClaimRunnerEnvironment: "{runner_environment}", attest.ClaimSourceRepositoryDigest: "{build_commit}",
			attest.ClaimBuildTrigger: "{build_source}",
		},
	}
}

func circleci() mapping {
	const definition = "{url}/projects/{oidc.circleci.com/project-id}/pipeline-definitions/{oidc.circleci.com/pipeline-definition-id}"
	return mapping{
		base: "https://circleci.com/api/v2", subject: definition,
		claims: map[attest.Claim]string{
			attest.ClaimBuildConfigURI: "{url}/pipeline/{oidc.circleci.com/pipeline-id}/config", attest.ClaimBuildSignerURI: definition,
			attest.ClaimRunInvocationURI:    "https://app.circleci.com/workflow/{oidc.circleci.com/workflow-id}/job/{oidc.circleci.com/job-id}",
			attest.ClaimRunnerEnvironment:   "{rerun}",
			attest.ClaimSourceRepositoryRef: "{oidc.circleci.com/vcs-ref}", attest.ClaimSourceRepositoryURI: "{oidc.circleci.com/vcs-origin}",
		},
	}
}

func (p *Principal) pipeline(i Issuer, claims map[string]string) error {
	m, ok := mappings(i.Kind)
	if !ok {
		return fmt.Errorf("tokens of kind %q are not known", i.Kind)
	}
	values := m.values(i, claims)
	subject, err := expand(m.subject, values)
	if err != nil {
		return err
	}
	u, err := url.Parse(subject)
	if err != nil || u.Host == "" {
		return fmt.Errorf("its subject is not a URI: %q", subject)
	}
	p.SubjectType, p.Subject = attest.SubjectURI, u.String()
	for claim, text := range m.claims {
		value, err := expand(text, values)
		if err != nil {
			return err
		}
		if value != "" {
			p.Claims[claim] = value
		}
	}
	return nil
}

// values are the claims with what is derived from them and from the configuration.
func (m mapping) values(i Issuer, claims map[string]string) map[string]string {
	values := map[string]string{}
	for _, name := range m.optional {
		values[name] = ""
	}
	for name, value := range claims {
		values[name] = value
	}
	values["url"] = m.base
	if i.Base != "" {
		values["url"] = strings.TrimSuffix(i.Base, "/")
	}
	values["ref_folder"] = "tags"
	if values["ref_type"] == "branch" {
		values["ref_folder"] = "heads"
	}
	values["rerun"] = ""
	if values["oidc.circleci.com/ssh-rerun"] == "true" {
		values["rerun"] = "ssh-rerun"
	}
	return values
}

// expand puts values where their names stand in braces. A name without value is an error.
func expand(text string, values map[string]string) (string, error) {
	var out strings.Builder
	for {
		before, rest, found := strings.Cut(text, "{")
		out.WriteString(before)
		if !found {
			return out.String(), nil
		}
		name, after, _ := strings.Cut(rest, "}")
		value, ok := values[name]
		if !ok {
			return "", fmt.Errorf("it has no claim %q", name)
		}
		out.WriteString(value)
		text = after
	}
}
