package identity

import (
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
}

// Pattern is the pattern of the repository's workflows.
func (g GitHub) Pattern() (Pattern, error) {
	host := g.Host
	if host == "" {
		host = "github.com"
	}
	if err := wantPath("repository", g.Repository, 2, 2); err != nil {
		return Pattern{}, err
	}
	if err := wantHost(host); err != nil {
		return Pattern{}, err
	}
	workflow, own, err := g.workflow()
	if err != nil {
		return Pattern{}, err
	}
	return preset{
		host: host, issuers: issuersOr(g.Issuer, githubIssuers(host)), source: g.Repository, sourceName: "repository", sourceFlag: "--github",
		config: workflow, own: own, between: "/", ref: g.Ref, runner: g.Runner, environment: g.Environment,
		triggers: g.Triggers, usual: []string{"push", "release", "workflow_dispatch", "create"}, known: host == "github.com",
	}.pattern()
}

// workflow is the workflow's path, and whether it is one in the repository itself.
func (g GitHub) workflow() (path string, own bool, err error) {
	const folder = ".github/workflows/"
	file, _, _ := strings.Cut(g.Workflow, "@")
	switch {
	case !strings.Contains(file, "/") && g.Workflow != "":
		return folder + g.Workflow, true, nil
	case g.Workflow == "" || strings.HasPrefix(file, folder):
		return g.Workflow, true, nil
	case strings.Contains(file, "/"+folder) && wantPath("", strings.Split(file, "/"+folder)[0], 2, 2) == nil:
		return g.Workflow, false, nil
	}
	return "", false, fmt.Errorf("the workflow %q is neither FILE in %s nor OWNER/REPO/%sFILE", g.Workflow, folder, folder)
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
		config: g.Config, own: !strings.Contains(g.Config, "//"), between: "//", ref: g.Ref, runner: g.Runner, environment: g.Environment,
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

// preset is what GitHub and GitLab have in common.
type preset struct {
	host                     string
	issuers                  []string
	source                   string
	sourceName, sourceFlag   string
	config                   string
	own                      bool
	between                  string
	ref, runner, environment string
	triggers, usual          []string
	known                    bool
}

func (p preset) pattern() (Pattern, error) {
	var out Pattern
	var failed error
	add := func(f field, patterns ...string) {
		for _, text := range patterns {
			m, err := glob(text)
			if err != nil && failed == nil {
				failed = fmt.Errorf("the %s %w", f.name, err)
			}
			f.want = append(f.want, m)
		}
		out.fields = append(out.fields, f)
	}
	add(field{name: "issuer", read: issuerOf, flag: identityFlags}, p.issuers...)
	add(field{name: p.sourceName, read: claim(attest.ClaimSourceRepositoryURI), fold: true, flag: p.sourceFlags}, lower("https://"+p.host+"/"+p.source))
	out.words = p.host + "/" + p.source
	narrow := func(name, flag, text string, read func(attest.Certificate) []string) {
		if text == "" {
			return
		}
		add(field{name: name, read: read, flag: flagFor(flag, read)}, text)
		out.words += ", " + name + " " + text
	}
	config := p.config
	if config != "" && !strings.Contains(config, "@") {
		config += "@**"
	}
	narrow("workflow", "--workflow", config, p.definitions)
	if p.ref != "" && !strings.HasPrefix(p.ref, "refs/") {
		return Pattern{}, fmt.Errorf("the ref %q is not a whole one: write refs/heads/NAME for a branch and refs/tags/NAME for a tag", p.ref)
	}
	narrow("ref", "--ref", p.ref, claim(attest.ClaimSourceRepositoryRef))
	triggers := p.triggers
	if len(triggers) == 0 {
		triggers = p.usual
	}
	trigger := claim(attest.ClaimBuildTrigger)
	add(field{name: "trigger", read: trigger, flag: flagFor("--trigger", trigger)}, triggers...)
	if len(p.triggers) > 0 {
		out.words += ", trigger " + strings.Join(p.triggers, " or ")
	}
	narrow("runner", "--runner", p.runner, claim(attest.ClaimRunnerEnvironment))
	narrow("environment", "--environment", p.environment, claim(attest.ClaimDeploymentEnvironment))
	if failed != nil {
		return Pattern{}, failed
	}
	return out, nil
}

// definitions are the files that define the pipeline: the one that was started, and the
// one that signed, which differ where one calls the other. One of the source repository
// is named by its path in it, where that is how the pattern names it.
func (p preset) definitions(c attest.Certificate) []string {
	var files []string
	for _, uri := range []string{c.Claims[attest.ClaimBuildConfigURI], c.Claims[attest.ClaimBuildSignerURI]} {
		prefix := "https://" + p.host + "/"
		if p.own {
			prefix = c.Claims[attest.ClaimSourceRepositoryURI] + p.between
		}
		if file, ok := strings.CutPrefix(uri, prefix); ok {
			files = append(files, file)
		}
	}
	return files
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
