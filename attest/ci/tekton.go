package ci

// tektonProfile is Tekton Pipelines. A task's containers are told nothing by themselves:
// the task hands the substitutions of its context on as the variables that
// docs/buildtypes/tekton.md names (tekton.dev/docs, "Variable Substitutions Supported by
// Tasks and Pipelines").
func tektonProfile() profile {
	return profile{
		system: Tekton, name: "Tekton",
		marks: []mark{{"TEKTON_PIPELINE_RUN_UID", ""}, {"TEKTON_TASK_RUN_UID", ""}},
		file:  "/tekton/termination",
		rows: []row{
			{FieldCommit, "CHAINS_GIT_COMMIT", "", ""},
			{FieldRepository, "CHAINS_GIT_URL", "", ""},
			{"pipelineRun", "TEKTON_PIPELINE_RUN", "", ""},
			{"pipelineId", "TEKTON_PIPELINE_RUN_UID", "", ""},
			{"taskRun", "TEKTON_TASK_RUN", "", ""},
			{"jobId", "TEKTON_TASK_RUN_UID", "", ""},
			{"namespace", "TEKTON_NAMESPACE", "", ""},
		},
		environment: func(t *teller) {
			uid := t.get("TEKTON_PIPELINE_RUN_UID")
			if uid == "" {
				uid = t.get("TEKTON_TASK_RUN_UID")
			}
			if uid != "" {
				t.say(FieldRun, "urn:uuid:"+uid, "the uid of the run")
			}
		},
		// The cluster that issues the pod's token is the platform.
		claims: func(t *teller, token Token) { t.say(FieldBuilder, token.Issuer, "iss") },
		token:  SourceFile,
	}
}
