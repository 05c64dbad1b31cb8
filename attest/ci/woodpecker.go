package ci

import "strings"

// woodpeckerProfile is Woodpecker (woodpecker-ci.org/docs, "Environment variables"). It
// has come from Drone, and plugins are given Drone's variables.
func woodpeckerProfile() profile {
	return profile{
		system: Woodpecker, name: "Woodpecker",
		marks: []mark{{"CI", "woodpecker"}, {"CI_SYSTEM_NAME", "woodpecker"}},
		with:  []System{Drone},
		rows: []row{
			{FieldCommit, "CI_COMMIT_SHA", "", ""},
			{FieldRepository, "CI_REPO_URL", "", ""},
			{FieldRepository, "CI_REPO_CLONE_URL", "", ""},
			{FieldRun, "CI_PIPELINE_URL", "", ""},
			{FieldTrigger, "CI_PIPELINE_EVENT", "", ""},
			{FieldChange, "CI_COMMIT_PULL_REQUEST", "", ""},
			{"runNumber", "CI_PIPELINE_NUMBER", "", ""},
			{"repositoryId", "CI_REPO_REMOTE_ID", "", ""},
			{"job", "CI_WORKFLOW_NAME", "", ""},
			{"step", "CI_STEP_NAME", "", ""},
		},
		environment: func(t *teller) {
			t.ref(t.get("CI_COMMIT_REF"), "CI_COMMIT_REF")
			t.say(FieldBuilder, strings.TrimSuffix(t.get("CI_SYSTEM_URL"), "/"), "CI_SYSTEM_URL")
			if private := t.get("CI_REPO_PRIVATE"); private != "" {
				t.say(FieldVisibility, map[string]string{"true": "private", "false": "public"}[private], "CI_REPO_PRIVATE")
			}
		},
	}
}
