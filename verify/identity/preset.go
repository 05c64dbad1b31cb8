package identity

import (
	"errors"
	"fmt"
	"strings"

	"github.com/carnet-project/carnet/attest"
)

// A GitHub is a repository whose workflows are accepted as signers.
//
// What is compared are the extensions that Fulcio copied from the runner's token, not the
// certificate's subject: that names the file which defines the pipeline, and this may be
// shared by many repositories. The issuer is GitHub's own.
type GitHub struct {
	// Repository is OWNER/REPO, in which REPO may have wildcards. Case does not matter.
	Repository string
	// Workflow is a file in .github/workflows or OWNER/REPO/PATH of one in another
	// repository, each with @REF or without; a glob. It is met by the workflow that was
	// started and by the one that signed. Empty means any.
	Workflow string
	// Ref is a glob for the branch or tag that was built, such as refs/tags/v*; empty
	// means any.
	Ref string
	// Triggers are globs for the event that started the run. Empty means push, release,
	// workflow_dispatch and create: others, such as pull_request_target, run with the
	// repository's identity what outsiders can influence.
	Triggers []string
	// Runner is a glob for the runner's environment, such as github-hosted; empty means any.
	Runner string
	// Environment is a glob for the deployment environment; empty means any or none.
	Environment string
	// Host is the server; empty means github.com.
	Host string
	// Issuer is a glob for the OIDC issuer that vouches for the workflows, where it is not
	// the server itself but a broker of one's own, say. Empty means the server's.
	Issuer string

	// Owner accepts all repositories of an owner, in place of Repository.
	Owner string
	// RepositoryID and OwnerID are GitHub's numbers for these; empty means any. They stay
	// with who has them when a name is given up and somebody else takes it.
	RepositoryID, OwnerID string
	// Started is, in the form of Workflow, the workflow that was started: one that it called
	// does not meet it. Empty means any.
	Started string
	// Builder is OWNER/REPO/PATH of the workflow that signed, which is another one than was
	// started where that calls it; a glob. It must have been at one of BuilderRefs, which
	// are globs; none means any. Empty means any.
	Builder     string
	BuilderRefs []string
	// Refs are globs of which one must match as Ref does; none means any.
	Refs []string
}

// A GitLab is a project whose pipelines are accepted as signers. As for [GitHub] it is the
// project that is built which is compared, and not the one that defines the pipeline.
type GitLab struct {
	// Project is GROUP/PROJECT or deeper; all but the first part may have wildcards.
	// Case does not matter.
	Project string
	// Config is the pipeline's file: its path in the project, or PROJECT//PATH of another
	// one, each with @REF or without; a glob. Empty means any.
	Config string
	// Ref is as for GitHub.
	Ref string
	// Triggers are globs for the pipeline's source. Empty means push, web and api.
	Triggers []string
	// Runner is a glob for the runner's environment, such as gitlab-hosted; empty means any.
	Runner string
	// Environment is a glob for the deployment environment; empty means any or none.
	Environment string
	// Host is the server; empty means gitlab.com.
	Host string
	// Issuer is as for GitHub.
	Issuer string

	// ProjectID is GitLab's number for the project; empty means any.
	ProjectID string
	// Refs are as for GitHub.
	Refs []string
}

// Pattern is the pattern of the repository's workflows.
func (g GitHub) Pattern() (Pattern, error) {
	host := g.Host
	if host == "" {
		host = "github.com"
	}
	repository := g.Repository
	if repository == "" && g.Owner != "" {
		repository = g.Owner + "/*"
	}
	if err := wantPath("repository", repository, 2, 2); err != nil {
		return Pattern{}, err
	}
	if err := wantHost(host); err != nil {
		return Pattern{}, err
	}
	workflow, own, err := workflowPath(g.Workflow)
	if err != nil {
		return Pattern{}, err
	}
	started, startedOwn, err := workflowPath(g.Started)
	if err != nil {
		return Pattern{}, err
	}
	builders, err := g.builders()
	if err != nil {
		return Pattern{}, err
	}
	return preset{
		host: host, issuers: issuersOr(g.Issuer, githubIssuers(host)), source: repository, sourceName: "repository", sourceFlag: "--github",
		sourceID: g.RepositoryID, ownerID: g.OwnerID, started: definition{started, startedOwn}, builders: builders,
		config: definition{workflow, own}, between: "/", refs: refsOf(g.Ref, g.Refs), runner: g.Runner, environment: g.Environment,
		triggers: g.Triggers, usual: []string{"push", "release", "workflow_dispatch", "create"}, known: host == "github.com",
	}.pattern()
}

// workflowPath is a workflow's path, and whether it is one in the repository itself.
func workflowPath(workflow string) (path string, own bool, err error) {
	const folder = ".github/workflows/"
	file, _, _ := strings.Cut(workflow, "@")
	switch {
	case !strings.Contains(file, "/") && workflow != "":
		return folder + workflow, true, nil
	case workflow == "" || strings.HasPrefix(file, folder):
		return workflow, true, nil
	case strings.Contains(file, "/"+folder) && wantPath("", strings.Split(file, "/"+folder)[0], 2, 2) == nil:
		return workflow, false, nil
	}
	return "", false, fmt.Errorf("the workflow %q is neither FILE in %s nor OWNER/REPO/%sFILE", workflow, folder, folder)
}

// builders are globs for the workflow that signed, one for each ref.
func (g GitHub) builders() ([]string, error) {
	switch path, own, err := workflowPath(g.Builder); {
	case g.Builder == "" && len(g.BuilderRefs) > 0:
		return nil, errors.New("refs of a builder are given, and no builder")
	case err != nil || g.Builder == "":
		return nil, err
	case own:
		return nil, fmt.Errorf("the builder %q is not OWNER/REPO/.github/workflows/FILE", g.Builder)
	case strings.Contains(path, "@") && len(g.BuilderRefs) > 0:
		return nil, fmt.Errorf("the builder %q has a ref, and so have its refs: one place is enough", g.Builder)
	case strings.Contains(path, "@"):
		return []string{path}, nil
	}
	var all []string
	for _, ref := range refsOf("", g.BuilderRefs) {
		all = append(all, g.Builder+"@"+ref)
	}
	if len(all) == 0 {
		all = []string{g.Builder + "@**"}
	}
	return all, nil
}

// refsOf are all refs that are asked for.
func refsOf(one string, more []string) []string {
	if one == "" {
		return more
	}
	return append([]string{one}, more...)
}

// Pattern is the pattern of the project's pipelines.
func (g GitLab) Pattern() (Pattern, error) {
	host := g.Host
	if host == "" {
		host = "gitlab.com"
	}
	if err := wantPath("project", g.Project, 2, 20); err != nil {
		return Pattern{}, err
	}
	if err := wantHost(host); err != nil {
		return Pattern{}, err
	}
	return preset{
		host: host, issuers: issuersOr(g.Issuer, []string{"https://" + host}), source: g.Project, sourceName: "project", sourceFlag: "--gitlab",
		sourceID: g.ProjectID, config: definition{g.Config, !strings.Contains(g.Config, "//")}, between: "//", refs: refsOf(g.Ref, g.Refs), runner: g.Runner, environment: g.Environment,
		triggers: g.Triggers, usual: []string{"push", "web", "api"}, known: host == "gitlab.com",
	}.pattern()
}

// issuersOr are the usual issuers, unless another one is named.
func issuersOr(named string, usual []string) []string {
	if named != "" {
		return []string{named}
	}
	return usual
}

// githubIssuers are the issuers of tokens for the runners of a GitHub server: those of
// github.com, where an enterprise may have its own below it, of an enterprise's part of
// ghe.com, and of a server that is run on one's own.
func githubIssuers(host string) []string {
	switch {
	case host == "github.com":
		return []string{"https://token.actions.githubusercontent.com", "https://token.actions.githubusercontent.com/*"}
	case strings.HasSuffix(host, ".ghe.com"):
		return []string{"https://token.actions." + host}
	}
	return []string{"https://" + host + "/_services/token"}
}

func (p preset) sourceFlags(c attest.Certificate) string {
	uri := c.Claims[attest.ClaimSourceRepositoryURI]
	if strings.Contains(uri, "*") {
		return ""
	}
	if p.known {
		uri = strings.TrimPrefix(uri, "https://"+p.host+"/")
	}
	return argument(p.sourceFlag, uri)
}

// flagFor gives the flag that accepts what read finds. A star in that would accept more
// than it, so there is none.
func flagFor(flag string, read func(attest.Certificate) []string) func(attest.Certificate) string {
	return func(c attest.Certificate) string {
		values := read(c)
		if len(values) == 0 || strings.Contains(values[0], "*") {
			return ""
		}
		return argument(flag, values[0])
	}
}

// pathLetters are what GitHub and GitLab allow in names, and the wildcard.
const pathLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-*"

// wantPath refuses what is no path of least to most parts, or leaves open whose it is.
func wantPath(what, path string, least, most int) error {
	parts := strings.Split(path, "/")
	ok := len(parts) >= least && len(parts) <= most && !strings.Contains(parts[0], "*")
	for _, s := range parts {
		ok = ok && s != "" && s != "." && s != ".." && strings.Trim(s, pathLetters) == ""
	}
	if !ok {
		return fmt.Errorf("the %s %q is not OWNER/NAME; NAME may have wildcards, OWNER may not", what, path)
	}
	return nil
}

func wantHost(host string) error {
	if host == "" || strings.Trim(host, "abcdefghijklmnopqrstuvwxyz0123456789.-:") != "" {
		return fmt.Errorf("%q is not a host name in lower case", host)
	}
	return nil
}
