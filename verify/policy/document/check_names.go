package document

import (
	"slices"
	"strings"

	"github.com/carnet-project/carnet/verify/internal/glob"
	"github.com/carnet-project/carnet/verify/internal/strictyaml"
	"github.com/carnet-project/carnet/verify/policy"
)

// A use says what an identity is used for.
type use string

const (
	// signs: it signs evidence; commits: it signs commits.
	signs   use = "signs"
	commits use = "commits"
)

// A mention is a list of identities in a document.
type mention struct {
	names []string
	path  path
	use   use
	// want is how many distinct signers are to come from it.
	want int
}

// mentions are the lists of identities in the requirements.
func (p part) mentions() []mention {
	r, to := p.require, p.path.to
	var all []mention
	add := func(names []string, use use, want int, at ...any) {
		if names != nil {
			all = append(all, mention{names, to(at...), use, want})
		}
	}
	if s := r.Signatures; s != nil {
		add(s.From, signs, s.Threshold, "signatures", "from")
	}
	if s := r.Source; s != nil {
		add(s.From, signs, 1, "source", "from")
		add(s.CommitsSignedBy, commits, 1, "source", "commits", "signedBy")
	}
	if b := r.Base; b != nil {
		add(b.From, signs, 1, "base", "from")
	}
	if s := r.SBOM; s != nil {
		add(s.From, signs, 1, "sbom", "from")
	}
	if v := r.Vulnerabilities; v != nil {
		add(v.From, signs, 1, "vulnerabilities", "from")
		add(v.VEXFrom, signs, 1, "vulnerabilities", "vex", "from")
	}
	for i, x := range r.Checks {
		add(x.From, signs, 1, "checks", i, "from")
	}
	for i, x := range r.Approvals {
		add(x.From, signs, x.Count, "approvals", i, "from")
	}
	return all
}

// references holds every name of an identity or a builder to those that there are.
func (c *checker) references() error {
	for _, p := range c.parts() {
		for _, m := range p.mentions() {
			if err := c.knownNames(m.path, m.names, m.use); err != nil {
				return err
			}
			if err := c.enough(m); err != nil {
				return err
			}
		}
		if p.require.Provenance == nil {
			continue
		}
		for i, name := range p.require.Provenance.Builders {
			if c.builder(name) == nil {
				return c.at(p.path.to("provenance", "builders", i), "there is no builder %s%s", name, c.meant(name, c.builderNames()))
			}
		}
	}
	if s := c.doc.Summaries; s != nil {
		if s.Accept != nil {
			if err := c.knownNames(path{"summaries", "accept", "from"}, s.Accept.From, signs); err != nil {
				return err
			}
		}
		if s.Issuer != "" {
			return c.knownNames(path{"summaries", "issue", "signer"}, []string{s.Issuer}, signs)
		}
	}
	return nil
}

// knownNames holds names to the identities, and their kinds to the use that is made of them.
func (c *checker) knownNames(at path, names []string, use use) error {
	for i, name := range names {
		where := at.to(i)
		id := c.identity(name)
		switch {
		case id == nil:
			return c.at(where, "there is no identity %s%s", name, c.meant(name, c.identityNames()))
		case id.Git != nil && use == signs:
			return c.at(where, "the identity %s signs commits, and can't sign evidence", name)
		case id.Git == nil && use == commits:
			return c.at(where, "the identity %s is not of the kind git, and only these sign commits", name)
		}
	}
	return nil
}

func (c *checker) meant(name string, all []string) string {
	if near := strictyaml.Nearest(name, all); near != "" {
		return ": did you mean " + near + "?"
	}
	if len(all) == 0 {
		return ": there are none"
	}
	return ": there are " + strings.Join(all, ", ")
}

func (c *checker) identity(name string) *policy.Identity {
	i := slices.IndexFunc(c.doc.Identities, func(i policy.Identity) bool { return i.Name == name })
	if i < 0 {
		return nil
	}
	return &c.doc.Identities[i]
}

func (c *checker) identityNames() []string {
	var all []string
	for _, i := range c.doc.Identities {
		all = append(all, i.Name)
	}
	return all
}

func (c *checker) builder(name string) *policy.Builder {
	i := slices.IndexFunc(c.doc.Builders, func(b policy.Builder) bool { return b.Name == name })
	if i < 0 {
		return nil
	}
	return &c.doc.Builders[i]
}

func (c *checker) builderNames() []string {
	var all []string
	for _, b := range c.doc.Builders {
		all = append(all, b.Name)
	}
	return all
}

// enough refuses a number of signers that the identities can never come up with.
func (c *checker) enough(m mention) error {
	most := 0
	for _, name := range m.names {
		n := signers(*c.identity(name))
		if n == 0 {
			return nil
		}
		most += n
	}
	if m.want <= most {
		return nil
	}
	last := "threshold"
	if m.path[len(m.path)-3] == "approvals" {
		last = "count"
	}
	return c.at(append(m.path[:len(m.path)-1:len(m.path)-1], last), "the %s is %d, and %s can be %d distinct signers at most", last, m.want, strings.Join(m.names, ", "), most)
}

// signers is as how many distinct signers an identity can count; 0 is any number.
func signers(i policy.Identity) int {
	exact := func(texts ...string) bool {
		return !slices.ContainsFunc(texts, func(s string) bool { return s == "" || strings.Contains(s, "*") })
	}
	switch {
	case i.Key != nil:
		return 1
	case i.Kubernetes != nil && exact(i.Kubernetes.Issuer, i.Kubernetes.Namespace, i.Kubernetes.ServiceAccount),
		i.OIDC != nil && exact(i.OIDC.Issuer, i.OIDC.Subject),
		i.GitHub != nil && len(i.GitHub.Refs) == 1 && i.GitHub.Builder == "" && exact(i.GitHub.Repository, i.GitHub.Workflow, i.GitHub.Refs[0]) && strings.HasPrefix(i.GitHub.Workflow, ".github/"):
		return 1
	case i.People != nil && exact(append(i.People.Emails, i.People.Issuer)...):
		return len(i.People.Emails)
	}
	return 0
}

// captures holds what is filled in to what the scopes' patterns capture.
func (c *checker) captures() error {
	for i := range c.doc.Scopes {
		for _, use := range c.fills(i) {
			if err := c.captured(i, use); err != nil {
				return err
			}
		}
	}
	return nil
}

// captured refuses a use of what one of the scope's patterns does not capture.
func (c *checker) captured(scope int, f fill) error {
	s := c.doc.Scopes[scope]
	for _, pattern := range s.Images {
		g, err := glob.CompileCapturing(pattern)
		if err != nil {
			return c.at(path{"scopes", scope, "images"}, "images %v", err)
		}
		for _, name := range glob.Captures(f.text) {
			if !slices.Contains(g.Names(), name) {
				return c.at(f.path, "%q uses {%s}, which the pattern %q of the scope %s (line %d) does not capture", f.text, name, pattern, s.Name, s.Line)
			}
		}
	}
	return nil
}
