package ci_test

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"strings"
	"testing"

	"github.com/carnet-project/carnet/attest/ci"
)

func TestDetect(t *testing.T) {
	if len(ci.Systems()) != 12 {
		t.Fatalf("there are %d systems", len(ci.Systems()))
	}
	for _, s := range ci.Systems() {
		got, err := environ(variables(t, s)).Detect()
		if got != s || err != nil {
			t.Errorf("%s is taken for %q: %v", s, got, err)
		}
	}
	if got, err := (ci.Env{}).Detect(); got != "" || err != nil {
		t.Errorf("nowhere is %q, %v", got, err)
	}
	if got, err := environ(map[string]string{"CI": "true", "GITHUB_SHA": commit, "BUILD_ID": "5"}).Detect(); got != "" || err != nil {
		t.Errorf("a stray variable makes %q, %v", got, err)
	}
	pod := environ(nil)
	pod.ReadFile = func(name string, _ int64) ([]byte, error) {
		if name == "/tekton/termination" {
			return nil, nil
		}
		return nil, fs.ErrNotExist
	}
	if got, err := pod.Detect(); got != ci.Tekton || err != nil {
		t.Errorf("a pod of Tekton's is %q, %v", got, err)
	}
}

// What some systems set for the sake of others is no lie.
func TestDetectTolerates(t *testing.T) {
	for name, c := range map[string]struct {
		vars map[string]string
		want ci.System
	}{
		"Gitea":                            {map[string]string{"GITEA_ACTIONS": "true", "GITHUB_ACTIONS": "true", "GITHUB_SHA": commit}, ci.Forgejo},
		"Woodpecker with Drone's":          {map[string]string{"CI": "woodpecker", "DRONE": "true", "DRONE_COMMIT_SHA": commit}, ci.Woodpecker},
		"Woodpecker of old":                {map[string]string{"CI": "true", "CI_SYSTEM_NAME": "woodpecker", "CI_COMMIT_SHA": commit}, ci.Woodpecker},
		"Harness":                          {map[string]string{"CI": "true", "DRONE": "true", "HARNESS_BUILD_ID": "7", "DRONE_SYSTEM_HOST": "app.harness.io"}, ci.Drone},
		"Jenkins with a token for GitHub":  {map[string]string{"JENKINS_URL": "https://j.example/", "GITHUB_TOKEN": "s3cret", "GITHUB_REPOSITORY": "acme/app"}, ci.Jenkins},
		"Jenkins, whose build has an id":   {map[string]string{"JENKINS_URL": "https://j.example/", "BUILD_ID": "42", "PROJECT_ID": "p"}, ci.Jenkins},
		"GitHub, with Azure's agent tools": {map[string]string{"GITHUB_ACTIONS": "true", "AGENT_TOOLSDIRECTORY": "/opt/hostedtoolcache"}, ci.GitHub},
		"switched off":                     {map[string]string{"GITHUB_ACTIONS": "false", "DRONE": "true"}, ci.Drone},
	} {
		if got, err := environ(c.vars).Detect(); got != c.want || err != nil {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

// Every two systems that do not stand in for each other exclude each other, and the error
// names both and what they are seen by.
func TestDetectRefusesTwo(t *testing.T) {
	stands := map[[2]ci.System]bool{{ci.Forgejo, ci.GitHub}: true, {ci.Woodpecker, ci.Drone}: true}
	for _, a := range ci.Systems() {
		for _, b := range ci.Systems() {
			if a == b || stands[[2]ci.System{a, b}] || stands[[2]ci.System{b, a}] {
				continue
			}
			vars := variables(t, a)
			for name, value := range variables(t, b) {
				if name != "CI" && name != "BUILD_ID" {
					vars[name] = value
				}
			}
			if a == ci.CloudBuild || b == ci.CloudBuild {
				maps.Copy(vars, map[string]string{"BUILD_ID": "b2f54a5c-6d3e-4c2b-9a1f-0e9d8c7b6a50"})
			}
			_, err := environ(vars).Detect()
			var lying *ci.LyingError
			if !errors.As(err, &lying) || len(lying.Variables[0]) == 0 || len(lying.Variables[1]) == 0 || !strings.Contains(err.Error(), lying.Variables[1][0]) {
				t.Errorf("%s and %s: %v", a, b, err)
			}
		}
	}
	for name, vars := range map[string]map[string]string{
		"GitHub by GITHUB_ACTIONS, and Jenkins by JENKINS_URL":         {"GITHUB_ACTIONS": "true", "JENKINS_URL": "https://j.example/"},
		"Jenkins by JENKINS_URL, and GitLab CI by CI_JOB_URL":          {"JENKINS_URL": "https://j.example/", "CI_JOB_URL": "https://gitlab.com/a/b/-/jobs/1"},
		"GitHub Actions by GITHUB_RUN_ID, GITHUB_SHA":                  {"JENKINS_URL": "https://j.example/", "GITHUB_SHA": commit, "GITHUB_RUN_ID": "1"},
		"Forgejo Actions by GITEA_ACTIONS, and GitLab CI by GITLAB_CI": {"GITEA_ACTIONS": "true", "GITHUB_ACTIONS": "true", "GITLAB_CI": "true"},
	} {
		want := strings.Replace(name, "GitHub by", "GitHub Actions by", 1)
		if _, err := environ(vars).Detect(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	var imitated *ci.SimulatedError
	if _, err := environ(variables(t, ci.GitHub, "ACT=true")).Detect(); !errors.As(err, &imitated) || imitated.Variable != "ACT" {
		t.Errorf("act is taken for GitHub: %v", err)
	}
}

func TestChoose(t *testing.T) {
	both := environ(map[string]string{"GITHUB_ACTIONS": "true", "JENKINS_URL": "https://j.example/"})
	if got, err := both.Choose("jenkins"); got != ci.Jenkins || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := both.Choose("travis"); err == nil || !strings.Contains(err.Error(), "woodpecker") {
		t.Errorf("%v", err)
	}
	if got := fmt.Sprint(ci.Systems()); !strings.Contains(got, "Azure Pipelines") || !strings.Contains(got, "GitHub Actions") {
		t.Errorf("%s", got)
	}
}
