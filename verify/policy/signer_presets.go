package policy

import (
	"maps"
	"strings"

	"github.com/carnet-project/carnet/verify/identity"
)

// githubPatterns compares the extensions that Fulcio copied from the runner's token, not the
// name of the workflow that signed, which many repositories may share.
func githubPatterns(g GitHub, fill filler) ([]identity.Pattern, error) {
	f, err := fill(g.Repository, g.Owner, g.RepositoryID, g.OwnerID, g.Workflow, g.Builder, g.Environment)
	if err != nil {
		return nil, err
	}
	refs, err := fill(g.Refs...)
	if err != nil {
		return nil, err
	}
	builderRefs, err := fill(g.BuilderRefs...)
	if err != nil {
		return nil, err
	}
	return one(identity.GitHub{
		Repository: f[0], Owner: f[1], RepositoryID: f[2], OwnerID: f[3], Started: f[4], Builder: f[5], Environment: f[6],
		BuilderRefs: builderRefs, Refs: refs, Triggers: g.Triggers, Runner: anyRunner(g.Runner), Host: g.Host,
	}.Pattern())
}

func gitlabPatterns(g GitLab, fill filler) ([]identity.Pattern, error) {
	f, err := fill(g.Project, g.ProjectID, g.Config, g.Environment)
	if err != nil {
		return nil, err
	}
	refs, err := fill(g.Refs...)
	if err != nil {
		return nil, err
	}
	var all []identity.Pattern
	for _, config := range configs(f[2]) {
		p, err := identity.GitLab{
			Project: f[0], ProjectID: f[1], Config: config, Environment: f[3],
			Refs: refs, Triggers: g.Triggers, Runner: anyRunner(g.Runner), Host: g.Host,
		}.Pattern()
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, nil
}

// configs are what a pipeline's file may be called in a certificate. PROJECT/PATH does not
// say where the project ends, as PROJECT//PATH does, so that each place is one; of the
// projects that these would be GitLab lets only one exist. A path that begins with a dot,
// or has fewer parts than a project with a file, is one in the project that is built.
func configs(config string) []string {
	file, ref, at := strings.Cut(config, "@")
	parts := strings.Split(file, "/")
	if strings.Contains(file, "//") || strings.HasPrefix(file, ".") || len(parts) < 3 {
		return []string{strings.TrimPrefix(config, "./")}
	}
	if at {
		ref = "@" + ref
	}
	var all []string
	for i := 2; i < len(parts); i++ {
		all = append(all, strings.Join(parts[:i], "/")+"//"+strings.Join(parts[i:], "/")+ref)
	}
	return all
}

func anyRunner(r string) string {
	if r == "any" {
		return ""
	}
	return r
}

func oidcPatterns(o OIDC, fill filler) ([]identity.Pattern, error) {
	f, err := fill(o.Issuer, o.Subject)
	if err != nil {
		return nil, err
	}
	claims := maps.Clone(o.Claims)
	for name, value := range claims {
		filled, err := fill(value)
		if err != nil {
			return nil, err
		}
		claims[name] = filled[0]
	}
	return one(identity.New(identity.Spec{Issuer: f[0], Subject: f[1], Claims: claims}))
}

// peoplePatterns are one for each person. Who counts how often is for those to say who
// count: verify.Identity.Same.
func peoplePatterns(p People, fill filler) ([]identity.Pattern, error) {
	f, err := fill(append([]string{p.Issuer}, p.Emails...)...)
	if err != nil {
		return nil, err
	}
	var all []identity.Pattern
	for _, email := range f[1:] {
		one, err := identity.New(identity.Spec{Issuer: f[0], Subject: email})
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, nil
}

// kubernetesPatterns pins the issuer, for the same name stands for another account in every
// cluster.
func kubernetesPatterns(k Kubernetes, fill filler) ([]identity.Pattern, error) {
	f, err := fill(k.Issuer, k.Namespace, k.ServiceAccount)
	if err != nil {
		return nil, err
	}
	subject := "https://kubernetes.io/namespaces/" + f[1] + "/serviceaccounts/" + f[2]
	return one(identity.New(identity.Spec{Issuer: f[0], Subject: subject}))
}

func x509Patterns(x X509, fill filler) ([]identity.Pattern, error) {
	subjects, err := fill(x.Subjects...)
	if err != nil {
		return nil, err
	}
	var all []identity.Pattern
	for _, subject := range subjects {
		p, err := identity.New(identity.Spec{Subject: subject, NoIssuer: true})
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, nil
}

func one(p identity.Pattern, err error) ([]identity.Pattern, error) {
	return []identity.Pattern{p}, err
}
