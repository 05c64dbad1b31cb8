package ci

import "strings"

// cloudBuildProfile is Google Cloud Build, whose steps see substitutions as variables if
// the build has automapSubstitutions (cloud.google.com/build/docs, "Substituting variable
// values"). No variable has the repository's host: git says where the checkout is from.
func cloudBuildProfile() profile {
	return profile{
		system: CloudBuild, name: "Google Cloud Build",
		rows: []row{
			{FieldCommit, "COMMIT_SHA", "", ""},
			{FieldCommit, "REVISION_ID", "", ""},
			{FieldConfig, "TRIGGER_BUILD_CONFIG_PATH", "", ""},
			{"runId", "BUILD_ID", "", ""},
			{"pipeline", "TRIGGER_NAME", "", ""},
			{"owner", "PROJECT_ID", "", ""},
			{"ownerId", "PROJECT_NUMBER", "", ""},
			{"location", "LOCATION", "", ""},
		},
		environment: func(t *teller) {
			t.named("TAG_NAME", "BRANCH_NAME")
			if name := t.get("REPO_FULL_NAME"); strings.Count(name, "/") == 1 { // others are Google's own names
				t.say(fieldPath, name, "REPO_FULL_NAME")
			}
			project, location, build := t.get("PROJECT_ID"), t.get("LOCATION"), t.get("BUILD_ID")
			if project == "" {
				return
			}
			builder := "https://cloudbuild.googleapis.com/v1/projects/" + project
			t.say(FieldBuilder, builder, "PROJECT_ID")
			switch {
			case build != "" && location != "":
				t.say(FieldRun, builder+"/locations/"+location+"/builds/"+build, "PROJECT_ID, LOCATION and BUILD_ID")
			case build != "":
				t.say(FieldRun, builder+"/builds/"+build, "PROJECT_ID and BUILD_ID")
			}
		},
	}
}
