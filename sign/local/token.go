//go:build unix

package local

import (
	"cmp"
	"crypto/rsa"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/carnet-project/carnet/sign/local/internal/identity"
	"github.com/carnet-project/carnet/sign/local/internal/issuer"
)

// tokenFor is how long a token of the built-in issuer is good.
const tokenFor = 10 * time.Minute

// A Holder is whom a token of the built-in issuer is for.
type Holder struct{ token issuer.Token }

// Email is a person, by a verified e-mail address.
func Email(address string) Holder {
	return Holder{issuer.Token{Kind: identity.Email, Subject: address, Claims: map[string]any{"email": address, "email_verified": true}}}
}

// Workload is one with a SPIFFE ID.
func Workload(id string) Holder {
	return Holder{issuer.Token{Kind: identity.SPIFFE, Subject: id}}
}

// Subject is whoever a URI with a host names, or else a user by that name.
func Subject(name string) Holder {
	if u, err := url.Parse(name); err == nil && u.Scheme != "" && u.Host != "" {
		return Holder{issuer.Token{Kind: identity.URI, Subject: name}}
	}
	return Holder{issuer.Token{Kind: identity.Username, Subject: name}}
}

// A Workflow is a run of GitHub Actions. What is empty but the repository has a default.
type Workflow struct {
	// Repository is OWNER/REPO.
	Repository string
	// File is the workflow, ".github/workflows/release.yml" if empty; Builder is the
	// reusable workflow that signs, OWNER/REPO/FILE@REF, where that is another.
	File, Builder string
	// Ref is "refs/heads/main" if empty, SHA forty zeros, Trigger "push", Runner
	// "github-hosted", Visibility "private".
	Ref, SHA, Trigger, Runner, Visibility string
	// Environment is the deployment environment, if any.
	Environment string
	// RunID and Attempt are of the run, "1" if empty.
	RunID, Attempt string
}

// Run is a run of GitHub Actions, with the claims of its tokens (docs.github.com,
// OpenID Connect reference).
func Run(w Workflow) Holder {
	owner, _, _ := strings.Cut(w.Repository, "/")
	ref, sha := cmp.Or(w.Ref, "refs/heads/main"), cmp.Or(w.SHA, noCommit)
	file := w.Repository + "/" + cmp.Or(w.File, ".github/workflows/release.yml") + "@" + ref
	subject := "repo:" + w.Repository + ":ref:" + ref
	claims := map[string]any{
		"repository": w.Repository, "repository_id": "1", "repository_owner": owner, "repository_owner_id": "1",
		"repository_visibility": cmp.Or(w.Visibility, "private"), "ref": ref, "sha": sha, "event_name": cmp.Or(w.Trigger, "push"),
		"workflow": "release", "workflow_ref": file, "workflow_sha": sha, "job_workflow_ref": cmp.Or(w.Builder, file), "job_workflow_sha": sha,
		"runner_environment": cmp.Or(w.Runner, "github-hosted"), "run_id": cmp.Or(w.RunID, "1"), "run_attempt": cmp.Or(w.Attempt, "1"), "actor": owner,
	}
	if w.Environment != "" {
		claims["environment"] = w.Environment
		subject = "repo:" + w.Repository + ":environment:" + w.Environment
	}
	return Holder{issuer.Token{Kind: identity.GitHub, Subject: subject, Claims: claims}}
}

const noCommit = "0000000000000000000000000000000000000000"

// A Job is one of GitLab CI. What is empty but the project has a default.
type Job struct {
	// Project is GROUP/PROJECT.
	Project string
	// Ref is "main" if empty, and Tag says that it is a tag.
	Ref string
	Tag bool
	// SHA is forty zeros if empty, Source "push", Runner "gitlab-hosted", Visibility
	// "private", ID "1".
	SHA, Source, Runner, Visibility, ID string
	Environment                         string
}

// Pipeline is a job of GitLab CI, with the claims of its tokens (docs.gitlab.com, ID
// token authentication).
func Pipeline(j Job) Holder {
	kind, folder, ref, sha := "branch", "heads", cmp.Or(j.Ref, "main"), cmp.Or(j.SHA, noCommit)
	if j.Tag {
		kind, folder = "tag", "tags"
	}
	namespace := j.Project
	if i := strings.LastIndex(namespace, "/"); i >= 0 {
		namespace = namespace[:i]
	}
	claims := map[string]any{
		"project_path": j.Project, "project_id": "1", "namespace_path": namespace, "namespace_id": "1",
		"project_visibility": cmp.Or(j.Visibility, "private"), "ref": ref, "ref_type": kind, "sha": sha, "pipeline_source": cmp.Or(j.Source, "push"),
		"ci_config_ref_uri": "gitlab.com/" + j.Project + "//.gitlab-ci.yml@refs/" + folder + "/" + ref, "ci_config_sha": sha,
		"runner_environment": cmp.Or(j.Runner, "gitlab-hosted"), "job_id": cmp.Or(j.ID, "1"), "pipeline_id": "1",
	}
	if j.Environment != "" {
		claims["environment"] = j.Environment
	}
	return Holder{issuer.Token{Kind: identity.GitLab, Subject: "project_path:" + j.Project + ":ref_type:" + kind + ":ref:" + ref, Claims: claims}}
}

// Mint makes a token of the folder's Sigstore, which may be open in another process. It
// needs no more than the folder: who can read the keys in it is who may have tokens.
func Mint(dir string, h Holder, now time.Time) (string, error) {
	s, err := readState(dir)
	if err != nil {
		return "", err
	}
	key, err := issuerKey(dir)
	if err != nil {
		return "", err
	}
	return mint(s.Status.Issuer, key, h, now)
}

func mint(url string, key *rsa.PrivateKey, h Holder, now time.Time) (string, error) {
	if url == "" {
		return "", errors.New("this Sigstore has no issuer of its own: it is not on loopback alone")
	}
	token, err := issuer.Mint(url, key, h.token, now, tokenFor)
	if err != nil {
		return "", fmt.Errorf("making the token: %w", err)
	}
	return token, nil
}
