package document

import (
	"maps"
	"slices"

	"github.com/carnet-project/carnet/verify/policy"
)

// A fill is a text into which captures are filled in.
type fill struct {
	text string
	path path
}

// fills are the texts into which the captures of a scope go: its own, and those of the
// identities and the builders that it uses.
func (c *checker) fills(scope int) []fill {
	var all []fill
	used := map[string]bool{}
	use := func(names ...string) {
		for _, name := range names {
			used[name] = true
		}
	}
	for _, p := range c.parts() {
		if p.scope != nil && p.scope != &c.doc.Scopes[scope] {
			continue
		}
		for _, m := range p.mentions() {
			use(m.names...)
		}
		if p.require.Base != nil {
			for i, allow := range p.require.Base.Allow {
				all = append(all, fill{allow, p.path.to("base", "allow", i)})
			}
		}
		if p.require.Provenance == nil {
			continue
		}
		all = append(all, provenanceFills(p)...)
		for _, name := range p.require.Provenance.Builders {
			b := c.builder(name)
			use(b.SignedBy...)
			for i, id := range b.IDs {
				all = append(all, fill{id, path{"builders", name, "id", i}})
			}
		}
	}
	if s := c.doc.Summaries; s != nil && s.Accept != nil {
		use(s.Accept.From...)
	}
	for _, name := range slices.Sorted(maps.Keys(used)) {
		all = append(all, identityFills(*c.identity(name))...)
	}
	return all
}

func provenanceFills(p part) []fill {
	var all []fill
	r := p.require.Provenance
	for i, s := range r.Repositories {
		all = append(all, fill{s, p.path.to("provenance", "source", "repositories", i)})
	}
	for i, s := range r.Refs {
		all = append(all, fill{s, p.path.to("provenance", "source", "refs", i)})
	}
	for _, name := range slices.Sorted(maps.Keys(r.Values)) {
		all = append(all, fill{r.Values[name], p.path.to("provenance", "parameters", "values", name)})
	}
	return all
}

func identityFills(i policy.Identity) []fill {
	var all []fill
	add := func(text string, at ...any) { all = append(all, fill{text, path{"identities", i.Name}.to(at...)}) }
	every := func(texts []string, at ...any) {
		for k, text := range texts {
			add(text, append(at, k)...)
		}
	}
	switch {
	case i.GitHub != nil:
		add(i.GitHub.Repository, "github", "repository")
		add(i.GitHub.Owner, "github", "owner")
		add(i.GitHub.Workflow, "github", "workflow")
		add(i.GitHub.Builder, "github", "builder")
		add(i.GitHub.Environment, "github", "environment")
		every(i.GitHub.Refs, "github", "refs")
		every(i.GitHub.BuilderRefs, "github", "builderRefs")
	case i.GitLab != nil:
		add(i.GitLab.Project, "gitlab", "project")
		add(i.GitLab.Config, "gitlab", "config")
		add(i.GitLab.Environment, "gitlab", "environment")
		every(i.GitLab.Refs, "gitlab", "refs")
	case i.OIDC != nil:
		add(i.OIDC.Issuer, "oidc", "issuer")
		add(i.OIDC.Subject, "oidc", "subject")
		for claim, value := range i.OIDC.Claims {
			add(value, "oidc", "claims", string(claim))
		}
	case i.X509 != nil:
		every(i.X509.Subjects, "x509", "subjects")
	case i.People != nil:
		add(i.People.Issuer, "people", "issuer")
		every(i.People.Emails, "people", "emails")
	case i.Kubernetes != nil:
		add(i.Kubernetes.Issuer, "kubernetes", "issuer")
		add(i.Kubernetes.Namespace, "kubernetes", "namespace")
		add(i.Kubernetes.ServiceAccount, "kubernetes", "serviceAccount")
	}
	return all
}
