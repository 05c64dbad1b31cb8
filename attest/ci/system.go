package ci

import (
	"slices"
	"strings"
)

// A System is a continuous integration system, by the name that the flag --ci and the page
// of its build type have.
type System string

// The systems that are known.
const (
	GitHub     System = "github"
	GitLab     System = "gitlab"
	Jenkins    System = "jenkins"
	Azure      System = "azure"
	CircleCI   System = "circleci"
	Buildkite  System = "buildkite"
	Tekton     System = "tekton"
	CloudBuild System = "google-cloud-build"
	Bitbucket  System = "bitbucket"
	Drone      System = "drone"
	Woodpecker System = "woodpecker"
	Forgejo    System = "forgejo"
)

// Systems are all that are known, in the order of their names.
func Systems() []System {
	all := make([]System, 0, 12)
	for _, p := range profiles() {
		all = append(all, p.system)
	}
	slices.Sort(all)
	return all
}

// String is the system's name for people.
func (s System) String() string {
	if p, ok := profileOf(s); ok {
		return p.name
	}
	return string(s)
}

// buildTypes is where the pages of the build types are.
const buildTypes = "https://github.com/carnet-project/carnet/blob/main/docs/buildtypes/"

// BuildType is the URI of the page that says what provenance of the system has.
func (s System) BuildType() string { return buildTypes + string(s) + ".md" }

// A profile is what is to know of one system.
type profile struct {
	system System
	name   string
	// marks are the variables by which the system is known: one of them with its value, or
	// with any but "false" where that is "", is enough. file is one that its containers
	// have, asked for where no variable speaks for any system.
	marks []mark
	file  string
	// signs are more variables that nobody else sets: where they are and another system
	// speaks, somebody lies.
	signs []string
	// with are the systems whose marks and signs the system has for compatibility.
	with []System
	// rows are the facts whose text is the same wherever it is said. The others are told
	// by environment, claims and answer, which may be nil.
	rows        []row
	environment func(*teller)
	claims      func(t *teller, token Token)
	answer      func(*teller)
	// api says how the run is asked for; nil where there is nothing to ask with.
	api func(get func(string) string) (question, bool)
	// token names the source of [Ambient] that is the system's own.
	token string
	// hidden names a variable that holds a token of the system's whatever its audience.
	hidden string
}

// A mark is a variable and the value that it must have.
type mark struct{ variable, value string }

// A row says where a fact is: in the environment, in the token's claims, and in the API's
// answer by a path of names with dots.
type row struct {
	field                   Field
	variable, claim, member string
}

// A teller tells facts of one origin. get is the text of a variable, claim or member.
type teller struct {
	facts *Facts
	from  Origin
	get   func(name string) string
	of    string // what stands before the name in [Value.Where]
	// beside are the environment's facts, where a token does not say of which server it is.
	beside *Facts
}

// say tells a fact that was read at names.
func (t *teller) say(field Field, text string, where string) {
	t.facts.Say(field, text, t.from, t.of+where)
}

// suppose tells a fact that stands only where nobody says anything better.
func (t *teller) suppose(field Field, text string, where string) {
	t.facts.add(field, Value{Text: text, From: t.from, Where: t.of + where, weak: true})
}

// named tells a ref by the short names of a tag and a branch. What has a colon, as the
// branch of a fork in some, is the name of none.
func (t *teller) named(tag, branch string) {
	switch {
	case t.get(tag) != "":
		t.say(FieldRef, "refs/tags/"+t.get(tag), tag)
	case branch != "" && t.get(branch) != "" && !strings.Contains(t.get(branch), ":"):
		t.say(FieldRef, "refs/heads/"+t.get(branch), branch)
	}
}

// profiles are all systems, in the order in which they are looked for.
func profiles() []profile {
	return []profile{
		forgejoProfile(), githubProfile(), gitlabProfile(), jenkinsProfile(), azureProfile(), circleciProfile(), buildkiteProfile(),
		bitbucketProfile(), woodpeckerProfile(), droneProfile(), cloudBuildProfile(), tektonProfile(),
	}
}

func profileOf(s System) (profile, bool) {
	all := profiles()
	i := slices.IndexFunc(all, func(p profile) bool { return p.system == s })
	if i < 0 {
		return profile{}, false
	}
	return all[i], true
}
