package ci

// droneProfile is Drone and Harness CI, which sets Drone's variables (docs.drone.io,
// "Environment Reference").
func droneProfile() profile {
	return profile{
		system: Drone, name: "Drone",
		marks: []mark{{"DRONE", ""}},
		signs: []string{"DRONE_BUILD_LINK", "DRONE_COMMIT_SHA"},
		rows: []row{
			{FieldCommit, "DRONE_COMMIT_SHA", "", ""},
			{FieldRepository, "DRONE_REPO_LINK", "", ""},
			{FieldRun, "DRONE_BUILD_LINK", "", ""},
			{FieldTrigger, "DRONE_BUILD_EVENT", "", ""},
			{FieldVisibility, "DRONE_REPO_VISIBILITY", "", ""},
			{FieldChange, "DRONE_PULL_REQUEST", "", ""},
			{"runNumber", "DRONE_BUILD_NUMBER", "", ""},
			{"job", "DRONE_STAGE_NAME", "", ""},
			{"step", "DRONE_STEP_NAME", "", ""},
			{"actor", "DRONE_BUILD_TRIGGER", "", ""},
		},
		environment: func(t *teller) {
			t.ref(t.get("DRONE_COMMIT_REF"), "DRONE_COMMIT_REF")
			if scheme, host := t.get("DRONE_SYSTEM_PROTO"), t.get("DRONE_SYSTEM_HOST"); scheme != "" && host != "" {
				t.say(FieldBuilder, scheme+"://"+host, "DRONE_SYSTEM_PROTO and DRONE_SYSTEM_HOST")
			}
		},
	}
}
