package ci

// forgejoProfile is Forgejo Actions and its forerunner Gitea Actions: variables and tokens
// of GitHub's form about a server of one's own (forgejo.org/docs, "Forgejo Actions |
// Reference"; the runner sets FORGEJO_ACTIONS and GITEA_ACTIONS). What stands under both
// prefixes must be the same.
func forgejoProfile() profile {
	return profile{
		system: Forgejo, name: "Forgejo Actions",
		marks: []mark{{"FORGEJO_ACTIONS", ""}, {"GITEA_ACTIONS", ""}},
		signs: []string{"FORGEJO_RUN_ID", "FORGEJO_SHA"},
		with:  []System{GitHub},
		rows:  append(actionsRows("GITHUB_"), actionsRows("FORGEJO_")...),
		environment: func(t *teller) {
			t.actions("GITHUB_")
			t.actions("FORGEJO_")
		},
		claims: actionsClaims,
		token:  SourceGitHub,
	}
}
