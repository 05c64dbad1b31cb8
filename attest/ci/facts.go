package ci

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// An Origin is whose word a fact is, as provenance records it (docs/buildtypes/README.md).
type Origin string

// The origins, the one that is believed most first. A flag stands where the caller's user
// says something that no token and no API contradicts.
const (
	FromToken       Origin = "token"
	FromAPI         Origin = "api"
	FromGit         Origin = "git"
	FromEnvironment Origin = "environment"
	FromFlag        Origin = "flag"
)

// A Field is a fact about a build. Those without a constant are ids that systems have of
// their own, called as they are in the internal parameters of provenance.
type Field string

// The facts that mean the same in all systems.
const (
	// FieldRepository is the repository's https URL as known.ParseSource writes it; where
	// that has none, the URI that checkout.RemoteURI makes.
	FieldRepository Field = "repository"
	// FieldCommit is the full name of the commit that was built, FieldRef the whole name of
	// the branch or tag.
	FieldCommit Field = "commit"
	FieldRef    Field = "ref"
	// FieldConfig is the path of the file that defines the build.
	FieldConfig  Field = "config"
	FieldTrigger Field = "trigger"
	// FieldRun is the run's URL, in the form of Fulcio's extension 21 where it has one.
	FieldRun     Field = "run"
	FieldBuilder Field = "builder"
	// FieldRunner is where the job runs, such as "github-hosted".
	FieldRunner     Field = "runnerEnvironment"
	FieldVisibility Field = "visibility"
	// FieldImage is the container image that the job runs in.
	FieldImage Field = "image"
	// FieldChange is the number of the pull request that is built.
	FieldChange Field = "pullRequest"
	// FieldEventCommit and FieldEventRef are what the system says the run is of, where what
	// was checked out is another commit of the same pull request.
	FieldEventCommit Field = "eventCommit"
	FieldEventRef    Field = "eventRef"

	// These are held against others and written nowhere: a short name of the ref, the end
	// of the repository's path, the commit that a pull request proposes, and the workflow
	// that was started.
	fieldShortRef Field = "short ref"
	fieldPath     Field = "repository path"
	fieldProposed Field = "proposed commit"
	fieldStarted  Field = "started workflow"
)

// A Value is what one origin says of a fact.
type Value struct {
	Text string
	From Origin
	// Where is the place in the origin, such as "GITHUB_SHA" or "the claim sha".
	Where string
	// weak values stand only where nobody says anything better, and contradict nobody.
	weak bool
}

func (v Value) String() string {
	switch v.From {
	case FromToken:
		return fmt.Sprintf("the token (%s) says %q", v.Where, clip(v.Text))
	case FromAPI:
		return fmt.Sprintf("the CI's API (%s) says %q", v.Where, clip(v.Text))
	case FromGit:
		return fmt.Sprintf("git (%s) says %q", v.Where, clip(v.Text))
	case FromFlag:
		return fmt.Sprintf("the flag %s says %q", v.Where, clip(v.Text))
	}
	return fmt.Sprintf("the environment (%s) says %q", v.Where, clip(v.Text))
}

// Facts are what origins say. The zero value says nothing.
type Facts struct {
	said map[Field][]Value
	// Notes are what was left out and why, sentences for the one who runs the build.
	Notes []string
}

// Say adds what an origin says of a field. It is left out where it is empty or cannot be
// what the field is.
func (f *Facts) Say(field Field, text string, from Origin, where string) {
	f.add(field, Value{Text: text, From: from, Where: where})
}

// maxValueBytes bounds what is taken from an environment, a token or an API.
const maxValueBytes = 1024

func (f *Facts) add(field Field, v Value) {
	if v.Text == "" {
		return
	}
	text, why := clean(field, v.Text)
	if why != "" {
		f.note("%s is left out: as the build's %s it %s", v.Where, field, why)
		return
	}
	v.Text = text
	if f.said == nil {
		f.said = map[Field][]Value{}
	}
	if !slices.Contains(f.said[field], v) {
		f.said[field] = append(f.said[field], v)
	}
}

func (f *Facts) note(format string, args ...any) {
	if n := fmt.Sprintf(format, args...); !slices.Contains(f.Notes, n) {
		f.Notes = append(f.Notes, n)
	}
}

// merge adds what another says.
func (f *Facts) merge(other Facts) {
	for field, values := range other.said {
		for _, v := range values {
			f.add(field, v)
		}
	}
	for _, n := range other.Notes {
		f.note("%s", n)
	}
}

// clean is a value in the form of its field, or why it has none. Of what it refuses
// nothing is repeated: it may hold a password.
func clean(field Field, text string) (clean, why string) {
	if len(text) > maxValueBytes {
		return "", fmt.Sprintf("is over %d bytes", maxValueBytes)
	}
	if !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) }) {
		return "", "is no plain text"
	}
	switch field {
	case FieldRepository:
		if text = Repository(text); text == "" {
			return "", "is no address of a repository that can be published"
		}
	case FieldCommit, FieldEventCommit, fieldProposed, "configCommit", "builderCommit":
		if !isCommit(text) {
			return "", "is no full name of a commit"
		}
	case FieldRef, FieldEventRef:
		if !strings.HasPrefix(text, "refs/") {
			return "", "is no whole ref"
		}
	case FieldBuilder:
		u, err := url.Parse(text)
		if err != nil || u.Scheme == "" || u.User != nil {
			return "", "is no URI without credentials"
		}
	case FieldRun, "buildUrl":
		u, err := url.Parse(text)
		if err != nil || u.User != nil {
			return "", "is no URI without credentials"
		}
	}
	return text, ""
}

func isCommit(s string) bool {
	return (len(s) == 40 || len(s) == 64) && strings.Trim(s, "0123456789abcdef") == ""
}
