package ci

import "strings"

// jenkinsProfile is Jenkins with its git plugin (jenkins.io, "Using a Jenkinsfile",
// "Using environment variables"; plugins.jenkins.io/git, "Environment Variables").
func jenkinsProfile() profile {
	return profile{
		system: Jenkins, name: "Jenkins",
		marks: []mark{{"JENKINS_URL", ""}},
		signs: []string{"HUDSON_URL", "JENKINS_SERVER_COOKIE"},
		rows: []row{
			{FieldCommit, "GIT_COMMIT", "", ""},
			{FieldRepository, "GIT_URL", "", ""},
			{FieldRun, "BUILD_URL", "", ""},
			{FieldChange, "CHANGE_ID", "", ""},
			{"job", "JOB_NAME", "", ""},
			{"runNumber", "BUILD_NUMBER", "", ""},
		},
		environment: func(t *teller) {
			t.say(FieldBuilder, strings.TrimSuffix(t.get("JENKINS_URL"), "/"), "JENKINS_URL")
			// What BUILD_URL is under is the same controller.
			if at, _, found := strings.Cut(t.get("BUILD_URL"), "/job/"); found {
				t.say(FieldBuilder, at, "BUILD_URL")
			}
			jenkinsRef(t)
		},
	}
}

// jenkinsRef tells the ref. The git plugin says origin/main, of a multibranch job main,
// and of a tag refs/tags/v1; the branch of a pull request is called PR-7 and is no ref.
func jenkinsRef(t *teller) {
	branch := t.get("GIT_BRANCH")
	switch {
	case t.get("TAG_NAME") != "":
		t.named("TAG_NAME", "")
	case t.get("CHANGE_ID") != "":
	case t.get("BRANCH_NAME") != "":
		t.named("TAG_NAME", "BRANCH_NAME")
	case strings.HasPrefix(branch, "refs/"):
		t.say(FieldRef, branch, "GIT_BRANCH")
	case strings.HasPrefix(branch, "origin/"):
		t.say(FieldRef, "refs/heads/"+strings.TrimPrefix(branch, "origin/"), "GIT_BRANCH")
	}
}
