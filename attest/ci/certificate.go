package ci

import (
	"maps"
	"strings"

	"github.com/carnet-project/carnet/attest"
)

// Certificate is what Fulcio will write into a certificate for the token, as far as the
// token tells (sigstore/fulcio, docs/oid-info.md and config/identity/config.yaml): by it
// one knows before anything is sent which words a public log will show. The authority
// decides; the validity and the authority are not known and stay empty.
func (t Token) Certificate() attest.Certificate {
	c := attest.Certificate{Subject: t.Subject, SubjectType: attest.SubjectOther, Issuer: t.Issuer, Claims: map[attest.Claim]string{}}
	switch {
	case t.Claims["job_workflow_ref"] != "":
		c.Subject, c.SubjectType = "https://github.com/"+t.Claims["job_workflow_ref"], attest.SubjectURI
		maps.Copy(c.Claims, t.github())
	case t.Claims["ci_config_ref_uri"] != "":
		c.Subject, c.SubjectType = "https://"+t.Claims["ci_config_ref_uri"], attest.SubjectURI
		maps.Copy(c.Claims, t.gitlab())
	case t.Email != "":
		c.Subject, c.SubjectType = t.Email, attest.SubjectEmail
	case strings.Contains(t.Subject, "://"):
		c.SubjectType = attest.SubjectURI
	}
	if t.connector != "" {
		c.Issuer = t.connector
	}
	c.Claims[attest.ClaimTokenSubject] = t.Subject
	maps.DeleteFunc(c.Claims, func(_ attest.Claim, value string) bool { return value == "" })
	return c
}

func (t Token) github() map[attest.Claim]string {
	const base = "https://github.com/"
	c := t.Claims
	claims := t.pipeline(base, c["repository"], c["repository_owner"])
	maps.Copy(claims, map[attest.Claim]string{
		attest.ClaimBuildSignerURI: base + c["job_workflow_ref"], attest.ClaimBuildSignerDigest: c["job_workflow_sha"],
		attest.ClaimBuildConfigURI: prefixed(base, c["workflow_ref"]), attest.ClaimBuildConfigDigest: c["workflow_sha"],
		attest.ClaimSourceRepositoryRef: c["ref"], attest.ClaimSourceRepositoryID: c["repository_id"],
		attest.ClaimSourceRepositoryOwnerID: c["repository_owner_id"], attest.ClaimBuildTrigger: c["event_name"],
		attest.ClaimSourceRepositoryVisible: c["repository_visibility"],
		attest.ClaimGitHubTrigger:           c["event_name"], attest.ClaimGitHubSHA: c["sha"], attest.ClaimGitHubWorkflow: c["workflow"],
		attest.ClaimGitHubRepository: c["repository"], attest.ClaimGitHubRef: c["ref"],
	})
	if c["run_id"] != "" {
		claims[attest.ClaimRunInvocationURI] = base + c["repository"] + "/actions/runs/" + c["run_id"] + "/attempts/" + c["run_attempt"]
	}
	return claims
}

func (t Token) gitlab() map[attest.Claim]string {
	c := t.Claims
	host, _, _ := strings.Cut(c["ci_config_ref_uri"], "/")
	base, config := "https://"+host+"/", "https://"+c["ci_config_ref_uri"]
	claims := t.pipeline(base, c["project_path"], c["namespace_path"])
	maps.Copy(claims, map[attest.Claim]string{
		attest.ClaimBuildSignerURI: config, attest.ClaimBuildSignerDigest: c["ci_config_sha"],
		attest.ClaimBuildConfigURI: config, attest.ClaimBuildConfigDigest: c["ci_config_sha"],
		attest.ClaimSourceRepositoryID: c["project_id"], attest.ClaimSourceRepositoryOwnerID: c["namespace_id"],
		attest.ClaimBuildTrigger: c["pipeline_source"], attest.ClaimSourceRepositoryVisible: c["project_visibility"],
		attest.ClaimSourceRepositoryRef: prefixed(map[string]string{"branch": "refs/heads/", "tag": "refs/tags/"}[c["ref_type"]], c["ref"]),
	})
	if c["job_id"] != "" {
		claims[attest.ClaimRunInvocationURI] = base + c["project_path"] + "/-/jobs/" + c["job_id"]
	}
	return claims
}

// pipeline has the claims that both systems name alike.
func (t Token) pipeline(base, repository, owner string) map[attest.Claim]string {
	return map[attest.Claim]string{
		attest.ClaimRunnerEnvironment:        t.Claims["runner_environment"],
		attest.ClaimSourceRepositoryURI:      prefixed(base, repository),
		attest.ClaimSourceRepositoryOwnerURI: prefixed(base, owner),
		attest.ClaimSourceRepositoryDigest:   t.Claims["sha"],
		attest.ClaimDeploymentEnvironment:    t.Claims["environment"],
	}
}

func prefixed(prefix, text string) string {
	if text == "" {
		return ""
	}
	return prefix + text
}
