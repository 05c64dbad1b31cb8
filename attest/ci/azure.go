package ci

import (
	"net/url"
	"strings"
)

// azureProfile is Azure Pipelines, in the cloud and on a server of one's own
// (learn.microsoft.com, "Use predefined variables" and the REST API's "Builds - Get").
func azureProfile() profile {
	return profile{
		system: Azure, name: "Azure Pipelines",
		marks: []mark{{"TF_BUILD", ""}},
		signs: []string{"SYSTEM_COLLECTIONURI", "BUILD_BUILDID"},
		rows: []row{
			{FieldCommit, "BUILD_SOURCEVERSION", "", "sourceVersion"},
			{FieldRef, "BUILD_SOURCEBRANCH", "", "sourceBranch"},
			{FieldRepository, "BUILD_REPOSITORY_URI", "", ""},
			{FieldTrigger, "BUILD_REASON", "", ""}, // the API spells the reasons otherwise
			{FieldChange, "SYSTEM_PULLREQUEST_PULLREQUESTID", "", ""},
			{fieldProposed, "SYSTEM_PULLREQUEST_SOURCECOMMITID", "", ""},
			{"runId", "BUILD_BUILDID", "", "id"},
			{"runNumber", "BUILD_BUILDNUMBER", "", ""}, // a step may change it while it runs
			{"pipeline", "BUILD_DEFINITIONNAME", "", "definition.name"},
			{"pipelineId", "SYSTEM_DEFINITIONID", "", "definition.id"},
			{"repositoryId", "BUILD_REPOSITORY_ID", "", "repository.id"},
			{"ownerId", "SYSTEM_TEAMPROJECTID", "", "project.id"},
			{"jobId", "SYSTEM_JOBID", "", ""},
			{"actorId", "BUILD_REQUESTEDFORID", "", "requestedFor.id"},
		},
		environment: func(t *teller) {
			collection := strings.TrimSuffix(t.get("SYSTEM_COLLECTIONURI"), "/")
			t.say(FieldBuilder, collection, "SYSTEM_COLLECTIONURI")
			project, id := t.get("SYSTEM_TEAMPROJECT"), t.get("BUILD_BUILDID")
			if collection != "" && project != "" && digits(id) {
				t.say(FieldRun, collection+"/"+url.PathEscape(project)+"/_build/results?buildId="+id, "SYSTEM_COLLECTIONURI, SYSTEM_TEAMPROJECT and BUILD_BUILDID")
			}
		},
		answer: func(t *teller) { t.say(FieldRepository, t.get("repository.url"), "repository.url") },
		api:    azureAPI,
	}
}

// azureAPI asks for the build, where the pipeline hands its token to the step.
func azureAPI(get func(string) string) (question, bool) {
	q := question{name: "SYSTEM_ACCESSTOKEN", header: [2]string{"Authorization", "Bearer " + get("SYSTEM_ACCESSTOKEN")}}
	collection, project, id := strings.TrimSuffix(get("SYSTEM_COLLECTIONURI"), "/"), get("SYSTEM_TEAMPROJECT"), get("BUILD_BUILDID")
	if get("SYSTEM_ACCESSTOKEN") == "" || collection == "" || project == "" || !digits(id) {
		return q, false
	}
	q.url = collection + "/" + url.PathEscape(project) + "/_apis/build/builds/" + id + "?api-version=7.1"
	return q, true
}
