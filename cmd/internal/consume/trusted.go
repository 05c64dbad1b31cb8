package consume

import (
	"fmt"
	"strings"

	urfave "github.com/urfave/cli/v2"

	"github.com/carnet-project/carnet/cmd/internal/cli"
	"github.com/carnet-project/carnet/verify/identity"
	"github.com/carnet-project/carnet/verify/policy"
)

// The groups of flags in the help of carnet verify.
const (
	groupWho   = "whose signatures are trusted"
	groupProof = "what must prove them"
)

// signerFlags say whose signatures are trusted, and what must prove them.
func signerFlags() []urfave.Flag {
	many := func(name, usage string) urfave.Flag {
		return &urfave.StringSliceFlag{Name: name, Usage: usage + "; may be given several times", Category: groupWho}
	}
	key, trust := cli.VerifyKeyFlag(), cli.TrustFileFlag()
	key.Category, trust.Category = groupWho, groupWho
	flags := []urfave.Flag{
		key,
		trust,
		many("certificate-identity", "trust certificates for `WHO`: an e-mail address or a URI, in which * is any part between slashes and ** is anything"),
		many("certificate-oidc-issuer", "the issuer `URL` that must vouch for them, with the same wildcards, or none for certificates that name no issuer: one for all, or one for each identity in turn; with --github or --gitlab alone, theirs"),
		many("certificate-identity-regexp", "the same by a regular expression `RE`, which must match the whole identity"),
		many("certificate-oidc-issuer-regexp", "the same by a regular expression `RE`, which must match the whole issuer"),
		&urfave.BoolFlag{Name: "unsafe-unanchored", Usage: "let the regular expressions match any part: evil-acme.example matches acme", Category: groupWho},
		many("github", "trust the workflows of `OWNER/REPO` on github.com, or of https://HOST/OWNER/REPO, started by push, release, workflow_dispatch or create"),
		many("gitlab", "trust the pipelines of `GROUP/PROJECT` on gitlab.com, or of https://HOST/GROUP/PROJECT, started by push, web or api"),
		&urfave.StringFlag{Name: "workflow", Usage: "only of this workflow `FILE`, or of OWNER/REPO/.github/workflows/FILE or GROUP/PROJECT//FILE elsewhere; @REF may follow", Category: groupWho},
		&urfave.StringFlag{Name: "ref", Usage: "only of this `REF`: refs/heads/main, refs/tags/v*", Category: groupWho},
		many("trigger", "only if started by `EVENT`, such as schedule, instead of the usual ones"),
		&urfave.StringFlag{Name: "runner", Usage: "only on runners of `KIND`: github-hosted, gitlab-hosted, self-hosted", Category: groupWho},
		&urfave.StringFlag{Name: "environment", Usage: "only in the deployment environment `NAME`", Category: groupWho},
		&urfave.IntFlag{Name: "threshold", Usage: "want signatures by `N` distinct signers", Value: 1, Category: groupWho},
	}
	for _, f := range cli.TrustFlags() {
		if roots, ok := f.(*urfave.StringSliceFlag); ok {
			roots.Category = groupProof
		}
		flags = append(flags, f)
	}
	for _, f := range []*urfave.BoolFlag{
		{Name: "require-log", Usage: "want every signature in a transparency log"},
		{Name: "require-timestamp", Usage: "want every signature stamped by a timestamp authority"},
		{Name: "insecure-ignore-tlog", Usage: "trust certificates' signatures that are in no transparency log: nobody can find out about misused identities"},
		{Name: "insecure-ignore-sct", Usage: "trust certificates that are in no certificate transparency log: nobody can find out about misissued ones"},
	} {
		f.Category = groupProof
		flags = append(flags, f)
	}
	return flags
}

// identities are the holders of certificates that the flags accept.
func identities(c *cli.Call) ([]policy.Identity, error) {
	specs, err := specs(c)
	if err != nil {
		return nil, err
	}
	var all []policy.Identity
	for _, s := range specs {
		p, err := identity.New(s)
		if err != nil {
			return nil, &cli.UsageError{Message: err.Error(), Hint: "name who signed and who vouched for it: --certificate-identity dev@acme.example --certificate-oidc-issuer https://accounts.google.com"}
		}
		i := policy.Identity{Name: p.String(), Patterns: []identity.Pattern{p}}
		if s.Subject != "" && s.Issuer != "" {
			i.OIDC = &policy.OIDC{Issuer: s.Issuer, Subject: s.Subject}
		}
		all = append(all, i)
	}
	builds, err := builds(c)
	return append(all, builds...), err
}

// specs pairs identities with issuers: one issuer is for all, and several are for one
// identity each, in turn. A name that belongs to one issuer is never accepted from
// another.
func specs(c *cli.Call) ([]identity.Spec, error) {
	var who, issuers []identity.Spec
	unanchored := c.Bool("unsafe-unanchored")
	for _, s := range c.StringSlice("certificate-identity") {
		who = append(who, identity.Spec{Subject: s})
	}
	for _, s := range c.StringSlice("certificate-identity-regexp") {
		who = append(who, identity.Spec{SubjectRegexp: s, Unanchored: unanchored})
	}
	for _, s := range c.StringSlice("certificate-oidc-issuer") {
		issuers = append(issuers, identity.Spec{Issuer: s, NoIssuer: s == "none"})
	}
	for _, s := range c.StringSlice("certificate-oidc-issuer-regexp") {
		issuers = append(issuers, identity.Spec{IssuerRegexp: s})
	}
	switch {
	case len(who) == 0 && len(issuers) == 1 && len(c.StringSlice("github"))+len(c.StringSlice("gitlab")) > 0 && issuers[0].Issuer != "":
		return nil, nil // it is that of the workflows and pipelines
	case len(who) == 0 && len(issuers) > 0:
		return nil, &cli.UsageError{Message: "an issuer is given and no identity: everybody at the issuer would be accepted", Hint: "name who signed: --certificate-identity dev@acme.example"}
	case len(who) > 0 && len(issuers) == 0:
		return nil, &cli.UsageError{Message: "an identity is given and no issuer: the same name at another issuer is somebody else", Hint: "name who vouched for it: --certificate-oidc-issuer https://accounts.google.com; carnet inspect shows what a bundle says"}
	case len(issuers) > 1 && (len(issuers) != len(who) || mixed(c)):
		return nil, &cli.UsageError{
			Message: fmt.Sprintf("%d identities and %d issuers do not make pairs", len(who), len(issuers)),
			Hint:    "give one issuer for all, or one --certificate-oidc-issuer for each --certificate-identity in the same order",
		}
	case unanchored && len(c.StringSlice("certificate-identity-regexp"))+len(c.StringSlice("certificate-oidc-issuer-regexp")) == 0:
		return nil, cli.Usagef("--unsafe-unanchored is about regular expressions, and none is given")
	}
	for i := range who {
		issuer := issuers[min(i, len(issuers)-1)]
		if issuer.NoIssuer {
			issuer.Issuer = ""
		}
		who[i].Issuer, who[i].IssuerRegexp, who[i].NoIssuer = issuer.Issuer, issuer.IssuerRegexp, issuer.NoIssuer
		who[i].Unanchored = unanchored
	}
	return who, nil
}

// mixed says whether globs and expressions are given for the same: their order among
// each other is not known, so that they make no pairs.
func mixed(c *cli.Call) bool {
	both := func(name string) bool {
		return len(c.StringSlice(name)) > 0 && len(c.StringSlice(name+"-regexp")) > 0
	}
	return both("certificate-identity") || both("certificate-oidc-issuer")
}

// builds are the workflows and pipelines that --github and --gitlab accept.
func builds(c *cli.Call) ([]policy.Identity, error) {
	repositories, projects := c.StringSlice("github"), c.StringSlice("gitlab")
	for _, name := range []string{"workflow", "ref", "trigger", "runner", "environment"} {
		if c.IsSet(name) && (len(repositories) == 0) == (len(projects) == 0) {
			return nil, cli.Usagef("--%s says more about --github or --gitlab: give one of them with it", name)
		}
		if c.IsSet(name) && name != "trigger" && c.String(name) == "" {
			return nil, cli.Usagef("--%s is empty, and would not restrict anything", name)
		}
	}
	var issuer string
	if named := c.StringSlice("certificate-oidc-issuer"); len(named) == 1 && !c.IsSet("certificate-identity") && !c.IsSet("certificate-identity-regexp") {
		issuer = named[0]
	}
	var triggers []string
	for _, t := range c.StringSlice("trigger") {
		triggers = append(triggers, strings.Split(t, ",")...)
	}
	var all []policy.Identity
	add := func(flag string, p identity.Pattern, err error, words policy.Identity) error {
		if err != nil {
			return cli.Usagef("--%s: %v", flag, err)
		}
		i := policy.Identity{Name: p.String(), Patterns: []identity.Pattern{p}}
		if issuer == "" && c.String("workflow") == "" {
			i.GitHub, i.GitLab = words.GitHub, words.GitLab
		}
		all = append(all, i)
		return nil
	}
	var refs []string
	if ref := c.String("ref"); ref != "" {
		refs = []string{ref}
	}
	for _, r := range repositories {
		host, path := hosted(r)
		p, err := identity.GitHub{
			Repository: path, Host: host, Issuer: issuer, Workflow: c.String("workflow"), Ref: c.String("ref"), Triggers: triggers,
			Runner: c.String("runner"), Environment: c.String("environment"),
		}.Pattern()
		if err := add("github", p, err, policy.Identity{GitHub: &policy.GitHub{
			Repository: path, Host: host, Refs: refs, Triggers: triggers, Runner: c.String("runner"), Environment: c.String("environment"),
		}}); err != nil {
			return nil, err
		}
	}
	for _, r := range projects {
		host, path := hosted(r)
		p, err := identity.GitLab{
			Project: path, Host: host, Issuer: issuer, Config: c.String("workflow"), Ref: c.String("ref"), Triggers: triggers,
			Runner: c.String("runner"), Environment: c.String("environment"),
		}.Pattern()
		if err := add("gitlab", p, err, policy.Identity{GitLab: &policy.GitLab{
			Project: path, Host: host, Refs: refs, Triggers: triggers, Runner: c.String("runner"), Environment: c.String("environment"),
		}}); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// hosted takes the server from a repository that is given by its URL.
func hosted(repository string) (host, path string) {
	rest, found := strings.CutPrefix(repository, "https://")
	if !found {
		return "", repository
	}
	host, path, _ = strings.Cut(rest, "/")
	return strings.ToLower(host), path
}
