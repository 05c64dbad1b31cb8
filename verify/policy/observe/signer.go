package observe

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/verify"
	"github.com/carnet-project/carnet/verify/policy"
)

const (
	githubIssuer = "https://token.actions.githubusercontent.com"
	gitlabIssuer = "https://gitlab.com"
	podSubject   = "https://kubernetes.io/namespaces/"
)

// signer is the name of who made e, who is now an identity of the policy; "" for a key that
// nobody named.
func (w *writer) signer(e *verify.Evidence) string {
	by := e.By()
	if by.Certificate == nil {
		return w.key(by)
	}
	if by.Certificate.Issuer == "" {
		w.suggest("there is evidence under a certificate of one's own authority (%s): write an identity of the kind x509 with its root", by)
		return ""
	}
	identity := certified(*by.Certificate)
	name, words := nameOf(*by.Certificate), by.String()
	d := w.draft.Document
	for n := 1; ; n++ {
		candidate := name
		if n > 1 {
			candidate = fmt.Sprintf("%s-%d", name, n)
		}
		at := slices.IndexFunc(d.Identities, func(i policy.Identity) bool { return i.Name == candidate })
		if at < 0 {
			identity.Name = candidate
			d.Identities = append(d.Identities, identity)
			w.draft.Trusted = append(w.draft.Trusted, candidate+": "+words)
			w.draft.Comments["identities/"+candidate] = "seen as " + words
			return candidate
		}
		if w.draft.Comments["identities/"+candidate] == "seen as "+words && same(d.Identities[at], identity) {
			return candidate
		}
	}
}

// same says whether two identities accept the same, as far as they are made here.
func same(a, b policy.Identity) bool {
	a.Name = b.Name
	switch {
	case a.GitHub != nil && b.GitHub != nil:
		return fmt.Sprint(*a.GitHub) == fmt.Sprint(*b.GitHub)
	case a.GitLab != nil && b.GitLab != nil:
		return fmt.Sprint(*a.GitLab) == fmt.Sprint(*b.GitLab)
	case a.OIDC != nil && b.OIDC != nil:
		return a.OIDC.Issuer == b.OIDC.Issuer && a.OIDC.Subject == b.OIDC.Subject
	case a.Kubernetes != nil && b.Kubernetes != nil:
		return *a.Kubernetes == *b.Kubernetes
	case a.People != nil && b.People != nil:
		return fmt.Sprint(*a.People) == fmt.Sprint(*b.People)
	}
	return false
}

func (w *writer) key(by verify.Identity) string {
	pem, ok := w.options.Keys[by.Key]
	if !ok {
		w.suggest("there is evidence by a key that was not named (%s): give its public key with --key", by)
		return ""
	}
	d := w.draft.Document
	for _, i := range d.Identities {
		if i.Key != nil && i.Key.PEM == pem {
			return i.Name
		}
	}
	name := fmt.Sprintf("key-%.8s", by.Key.Hex())
	d.Identities = append(d.Identities, policy.Identity{Name: name, Key: &policy.Key{PEM: pem}})
	w.draft.Trusted = append(w.draft.Trusted, name+": "+by.String())
	w.draft.Comments["identities/"+name] = "seen as " + by.String()
	return name
}

// certified pins a certificate's holder by what its kind has.
func certified(c attest.Certificate) policy.Identity {
	switch {
	case c.Issuer == githubIssuer && c.Claims[attest.ClaimSourceRepositoryURI] != "":
		return policy.Identity{GitHub: github(c)}
	case c.Issuer == gitlabIssuer && c.Claims[attest.ClaimSourceRepositoryURI] != "":
		return policy.Identity{GitLab: gitlab(c)}
	case strings.HasPrefix(c.Subject, podSubject):
		if ns, sa, ok := strings.Cut(strings.TrimPrefix(c.Subject, podSubject), "/serviceaccounts/"); ok {
			return policy.Identity{Kubernetes: &policy.Kubernetes{Issuer: c.Issuer, Namespace: ns, ServiceAccount: sa}}
		}
	case c.SubjectType == attest.SubjectEmail && c.Issuer != "":
		return policy.Identity{People: &policy.People{Issuer: c.Issuer, Emails: []string{c.Subject}}}
	}
	return policy.Identity{OIDC: &policy.OIDC{Issuer: c.Issuer, Subject: c.Subject}}
}

// github pins a workflow: the repository that was built with its numbers, the file that was
// started, and the one that signed where it is another.
func github(c attest.Certificate) *policy.GitHub {
	g := &policy.GitHub{
		Repository:   pathOf(c.Claims[attest.ClaimSourceRepositoryURI]),
		RepositoryID: c.Claims[attest.ClaimSourceRepositoryID], OwnerID: c.Claims[attest.ClaimSourceRepositoryOwnerID],
		Environment: c.Claims[attest.ClaimDeploymentEnvironment],
	}
	config, _ := workflowOf(c.Claims[attest.ClaimBuildConfigURI])
	signed, ref := workflowOf(c.Claims[attest.ClaimBuildSignerURI])
	g.Workflow = strings.TrimPrefix(config, g.Repository+"/")
	if signed != "" && signed != config {
		g.Builder, g.BuilderRefs = signed, []string{ref}
	}
	if r := c.Claims[attest.ClaimSourceRepositoryRef]; r != "" {
		g.Refs = []string{r}
	}
	if t := c.Claims[attest.ClaimBuildTrigger]; t != "" {
		g.Triggers = []string{t}
	}
	if c.Claims[attest.ClaimRunnerEnvironment] == "github-hosted" {
		g.Runner = "github-hosted"
	}
	return g
}

func gitlab(c attest.Certificate) *policy.GitLab {
	g := &policy.GitLab{
		Project: pathOf(c.Claims[attest.ClaimSourceRepositoryURI]), ProjectID: c.Claims[attest.ClaimSourceRepositoryID],
		Environment: c.Claims[attest.ClaimDeploymentEnvironment],
	}
	if r := c.Claims[attest.ClaimSourceRepositoryRef]; r != "" {
		g.Refs = []string{r}
	}
	if t := c.Claims[attest.ClaimBuildTrigger]; t != "" {
		g.Triggers = []string{t}
	}
	if c.Claims[attest.ClaimRunnerEnvironment] == "gitlab-hosted" {
		g.Runner = "gitlab-hosted"
	}
	return g
}

func pathOf(uri string) string {
	u, err := url.Parse(uri)
	if err != nil {
		return uri
	}
	return strings.Trim(u.Path, "/")
}

// workflowOf is OWNER/REPO/PATH and the ref of https://github.com/OWNER/REPO/PATH@REF.
func workflowOf(uri string) (string, string) {
	path, ref, _ := strings.Cut(pathOf(uri), "@")
	return path, ref
}

// nameOf is a short name for who holds the certificate.
func nameOf(c attest.Certificate) string {
	text := c.Subject
	if path, _ := workflowOf(c.Claims[attest.ClaimBuildSignerURI]); path != "" {
		text = strings.TrimSuffix(path[strings.LastIndex(path, "/")+1:], ".yml") + " of " + pathOf(c.Claims[attest.ClaimSourceRepositoryURI])
	}
	return slug(text)
}

func slug(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		}
		return '-'
	}, s)
	s = strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == '-' }), "-")
	if s == "" {
		return "signer"
	}
	return s[:min(len(s), 60)]
}
