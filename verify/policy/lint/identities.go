package lint

import (
	"slices"
	"strings"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/verify/policy"
)

// identity tells who else is accepted, and what else is run, than was likely meant.
func (l *linter) identity(i policy.Identity) {
	switch {
	case i.GitHub != nil:
		l.github(i, *i.GitHub)
	case i.GitLab != nil:
		l.gitlab(i, *i.GitLab)
	case i.OIDC != nil:
		l.oidc(i, *i.OIDC)
	case i.X509 != nil:
		for _, s := range i.X509.Subjects {
			if strings.Trim(s, "*") == "" {
				l.warn("identity.subject", i.Line, "name the subjects that are meant", "the identity %s accepts everybody whom its authority certified", i.Name)
			}
		}
	case i.People != nil:
		for _, email := range i.People.Emails {
			if strings.Contains(email, "*") {
				l.warn("identity.broad", i.Line, "list the people who are meant", "the identity %s accepts everybody whose address is %s", i.Name, email)
			}
		}
		l.issuer(i, i.People.Issuer)
	case i.Kubernetes != nil:
		k := i.Kubernetes
		if strings.Contains(k.Namespace+k.ServiceAccount, "*") {
			l.warn("identity.broad", i.Line, "name the namespace and the service account", "the identity %s accepts service accounts %s in namespaces %s", i.Name, k.ServiceAccount, k.Namespace)
		}
		l.issuer(i, k.Issuer)
	}
}

func (l *linter) github(i policy.Identity, g policy.GitHub) {
	switch {
	case g.Builder != "":
	case g.Owner != "":
		l.warn("identity.broad", i.Line, "name the repository, or the builder that all of them use", "the identity %s accepts every repository of %s", i.Name, g.Owner)
	case strings.Contains(g.Repository, "*"):
		l.warn("identity.broad", i.Line, "name the repository, or the builder that all of them use", "the identity %s accepts every repository %s", i.Name, g.Repository)
	case g.Workflow == "" || strings.Contains(g.Workflow, "*"):
		l.warn("identity.broad", i.Line, "name the workflow that signs", "the identity %s accepts any workflow of %s: tests, too, and what is added tomorrow", i.Name, g.Repository)
	}
	if g.Builder != "" {
		refs := g.BuilderRefs
		if len(refs) == 0 {
			refs = []string{"**"}
		}
		for _, ref := range refs {
			if moves(ref) {
				l.warn("identity.moving", i.Line, `accept tags that are not moved: builderRefs: ["refs/tags/v2.*"]`, "the identity %s accepts the workflow %s at %s, which can be changed", i.Name, g.Builder, ref)
			}
		}
	}
	if _, ref, found := strings.Cut(g.Workflow, "@"); found && strings.Contains(g.Workflow, "/.github/workflows/") && moves(ref) {
		l.warn("identity.moving", i.Line, "accept a tag that is not moved", "the identity %s accepts the workflow %s, which can be changed", i.Name, g.Workflow)
	}
	l.triggers(i, g.Triggers, g.Refs)
}

func (l *linter) gitlab(i policy.Identity, g policy.GitLab) {
	switch {
	case strings.Contains(g.Project, "*"):
		l.warn("identity.broad", i.Line, "name the project, or capture it: {repo}", "the identity %s accepts every project %s", i.Name, g.Project)
	case strings.Contains(g.Config, "*"):
		l.warn("identity.broad", i.Line, "name the file that defines the pipeline", "the identity %s accepts pipelines of %s by any file %s", i.Name, g.Project, g.Config)
	}
	l.triggers(i, g.Triggers, g.Refs)
}

// moves says whether a ref may mean something else tomorrow: a branch, or a tag like v1
// that follows the latest version.
func moves(ref string) bool {
	tag, is := strings.CutPrefix(ref, "refs/tags/")
	return !is || !strings.Contains(tag, ".")
}

// outsiders are the events by which a repository runs, as itself, what others can influence.
func outsiders() []string {
	return []string{"pull_request_target", "workflow_run", "issue_comment", "pull_request", "issues", "merge_request_event", "external_pull_request_event"}
}

func (l *linter) triggers(i policy.Identity, triggers, refs []string) {
	for _, t := range triggers {
		if slices.Contains(outsiders(), t) || strings.Contains(t, "*") {
			l.warn("identity.triggers", i.Line, "accept push and release", "the identity %s accepts runs by %s, which outsiders can influence", i.Name, t)
		}
	}
	if triggers != nil {
		return
	}
	branch := slices.IndexFunc(refs, func(ref string) bool { return !strings.HasPrefix(ref, "refs/tags/") })
	if branch >= 0 || len(refs) == 0 {
		on := "any ref"
		if branch >= 0 {
			on = refs[branch]
		}
		l.warn("identity.triggers", i.Line, "name the events that are meant: triggers: [push]", "the identity %s accepts %s, and does not say by which events: jobs that people start count, too", i.Name, on)
	}
}

func (l *linter) oidc(i policy.Identity, o policy.OIDC) {
	switch {
	case strings.Trim(o.Subject, "*") == "":
		l.warn("identity.subject", i.Line, "name the subject that is meant", "the identity %s accepts everybody for whom %s vouches", i.Name, o.Issuer)
	case broadSubject(o.Subject):
		l.warn("identity.broad", i.Line, "name the subject, or as much of it as is known", "the identity %s accepts every subject %s", i.Name, o.Subject)
	}
	l.issuer(i, o.Issuer)
	if strings.HasPrefix(o.Issuer, "https://token.actions.githubusercontent.com") && o.Claims[attest.ClaimBuildTrigger] == "" && o.Claims[attest.ClaimGitHubTrigger] == "" {
		l.warn("identity.triggers", i.Line, "write it as github:, which knows the events, or ask for the claim buildTrigger", "the identity %s accepts runs by any event, also by those that outsiders can influence", i.Name)
	}
}

// broadSubject says whether a pattern leaves open who is meant: everybody at a domain, the
// domain itself, or whose on a server that many share.
func broadSubject(s string) bool {
	fixed, _, wild := strings.Cut(s, "*")
	if !wild {
		return false
	}
	if strings.Contains(s, "@") && !strings.Contains(s, "://") {
		return true
	}
	_, path, found := strings.Cut(fixed, "://")
	// A server, an owner and a repository.
	return !found || strings.Count(path, "/") < 3
}

func (l *linter) issuer(i policy.Identity, issuer string) {
	if strings.Contains(issuer, "*") {
		l.warn("identity.broad", i.Line, "name the issuer: whoever runs one that fits can vouch for anybody", "the identity %s accepts every issuer %s", i.Name, issuer)
	}
}

// builder tells of builders that can be changed under the same name.
func (l *linter) builder(b policy.Builder) {
	for _, id := range b.IDs {
		file, ref, found := strings.Cut(id, "@")
		switch {
		case strings.Contains(file, "/.github/workflows/") && (!found || moves(ref)):
			l.warn("builder.moving", b.Line, "accept tags that are not moved: ...@refs/tags/v2.*", "the builder %s is the workflow %s, which can be changed", b.Name, id)
		case strings.Trim(id, "*") == "":
			l.warn("identity.broad", b.Line, "name the builder's id", "the builder %s has any id", b.Name)
		}
	}
}
