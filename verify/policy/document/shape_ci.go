package document

import (
	"errors"
	"fmt"
	"strings"

	"github.com/carnet-project/carnet/verify/identity"
	"github.com/carnet-project/carnet/verify/internal/glob"
	"github.com/carnet-project/carnet/verify/policy"
)

func githubShape() codec[*policy.GitHub] {
	type g = policy.GitHub
	return section(nil,
		field("repository", "OWNER/REPO.", filled(), func(g *g) *string { return &g.Repository }),
		field("owner", "An owner, in place of one repository: all of its repositories.", filled(), func(g *g) *string { return &g.Owner }),
		field("repositoryId", "GitHub's number of the repository, which survives renames.", digits(), func(g *g) *string { return &g.RepositoryID }),
		field("ownerId", "GitHub's number of the owner.", digits(), func(g *g) *string { return &g.OwnerID }),
		field("workflow", "The workflow that was started: .github/workflows/FILE.", filled(), func(g *g) *string { return &g.Workflow }),
		field("builder", "The reusable workflow that signs: OWNER/REPO/.github/workflows/FILE.", filled(), func(g *g) *string { return &g.Builder }),
		field("builderRefs", "The branches or tags of the reusable workflow. Without it: any.", texts(maxItems, ref(filled())), func(g *g) *[]string { return &g.BuilderRefs }),
		field("refs", "The branches and tags that were built. Without it: any.", texts(maxItems, ref(filled())), func(g *g) *[]string { return &g.Refs }),
		field("triggers", "The events that start a run. Without it: push, release, workflow_dispatch and create.", texts(maxItems, pattern()), func(g *g) *[]string { return &g.Triggers }),
		field("environment", "The deployment environment. Without it: any or none.", filled(), func(g *g) *string { return &g.Environment }),
		field("runner", "Whose machines ran it. Without it: any.", word("github-hosted", "any"), func(g *g) *string { return &g.Runner }),
		field("host", "The server. Without it: github.com.", host(), func(g *g) *string { return &g.Host }),
	).that(func(g *g) error { return checkGitHub(*g) }).described(schema{"oneOf": needOne("repository", "owner"), "dependentRequired": schema{"builderRefs": []string{"builder"}}})
}

func checkGitHub(g policy.GitHub) error {
	const folder = "/.github/workflows/"
	switch {
	case (g.Repository == "") == (g.Owner == ""):
		return errors.New("must have a repository or an owner, and one of the two")
	case strings.ContainsAny(g.Owner, "*/"):
		return fmt.Errorf("has the owner %q, which must be one name without wildcards", g.Owner)
	case g.Builder == "" && g.BuilderRefs != nil:
		return errors.New("has builderRefs and no builder")
	case g.Builder != "" && (strings.Count(g.Builder[:max(0, strings.Index(g.Builder, folder))], "/") != 1 || strings.HasPrefix(g.Builder, "*") || strings.Contains(g.Builder, "@")):
		return fmt.Errorf("has the builder %q, which must be OWNER/REPO/.github/workflows/FILE, with its refs in builderRefs", g.Builder)
	}
	_, err := identity.GitHub{
		Repository: sample(g.Repository), Owner: sample(g.Owner), Started: sample(g.Workflow), Builder: sample(g.Builder), BuilderRefs: samples(g.BuilderRefs),
		Refs: samples(g.Refs), Triggers: g.Triggers, Environment: sample(g.Environment), Host: g.Host,
	}.Pattern()
	if err != nil {
		return fmt.Errorf("is wrong: %w", err)
	}
	return nil
}

func gitlabShape() codec[*policy.GitLab] {
	type g = policy.GitLab
	return section(nil,
		field("project", "GROUP/PROJECT, or deeper.", filled(), func(g *g) *string { return &g.Project }).needed(),
		field("projectId", "GitLab's number of the project, which survives renames.", digits(), func(g *g) *string { return &g.ProjectID }),
		field("config", "The pipeline's file: its path in the project, or PROJECT/PATH of another one.", filled(), func(g *g) *string { return &g.Config }),
		field("refs", "The branches and tags that were built. Without it: any.", texts(maxItems, ref(filled())), func(g *g) *[]string { return &g.Refs }),
		field("triggers", "The sources of pipelines. Without it: push, web and api.", texts(maxItems, pattern()), func(g *g) *[]string { return &g.Triggers }),
		field("runner", "Whose machines ran it. Without it: any.", word("gitlab-hosted", "any"), func(g *g) *string { return &g.Runner }),
		field("environment", "The deployment environment. Without it: any or none.", filled(), func(g *g) *string { return &g.Environment }),
		field("host", "The server. Without it: gitlab.com.", host(), func(g *g) *string { return &g.Host }),
	).that(func(g *g) error {
		p := identity.GitLab{Project: sample(g.Project), Config: sample(g.Config), Refs: samples(g.Refs), Triggers: g.Triggers, Environment: sample(g.Environment), Host: g.Host}
		if _, err := p.Pattern(); err != nil {
			return fmt.Errorf("is wrong: %w", err)
		}
		return nil
	})
}

func builderShape() codec[policy.Builder] {
	type b = policy.Builder
	return object(func(b *b) *int { return &b.Line },
		field("known", "An id of the catalogue of known builders.", name(), func(b *b) *string { return &b.Known }),
		field("id", "Patterns for builder.id.", texts(maxItems, filled()), func(b *b) *[]string { return &b.IDs }),
		field("buildTypes", "Patterns for the build type. Without it: any.", texts(maxItems, pattern()), func(b *b) *[]string { return &b.BuildTypes }),
		field("signedBy", "The identities of which one must have signed.", names(), func(b *b) *[]string { return &b.SignedBy }).needed(),
		field("level", "The highest SLSA build level that signer and builder may claim together.", whole(0, 3), func(b *b) *int { return &b.Level }),
		field("evidence", "Whether the statement must be signed, or may lie unsigned in an index that signedBy signed; its level is then at most 1.", either("signed", "covered-by-index-signature"), func(b *b) *bool { return &b.Covered }),
	).that(func(b b) error {
		switch {
		case (b.Known == "") == (b.IDs == nil):
			return errors.New("must have known or id, and one of the two")
		case b.Covered && b.Level > 1:
			return fmt.Errorf("has level %d on the evidence of an index signature, which is at most 1: nobody signed the statement", b.Level)
		}
		return nil
	}).described(schema{"oneOf": needOne("known", "id")})
}

// sample is a pattern with something filled in.
func sample(s string) string {
	captured := map[string]string{}
	for _, name := range glob.Captures(s) {
		captured[name] = "x"
	}
	text, err := glob.Fill(s, captured)
	if err != nil {
		return s
	}
	return text
}

func samples(patterns []string) []string {
	var all []string
	for _, p := range patterns {
		all = append(all, sample(p))
	}
	return all
}
