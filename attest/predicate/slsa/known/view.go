package known

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/carnet-project/carnet/attest/predicate/resource"
	"github.com/carnet-project/carnet/attest/predicate/slsa"
)

// A View is what provenance says, whoever wrote it. A string is "" where it does not say,
// or says two things.
type View struct {
	// Producer is the id in the [Catalogue] of the producer whose reading this is, or "" for
	// an unknown build type, whose fields are looked for where carnet's own builds and most
	// others have them.
	Producer string
	// BuildType says what the parameters mean, BuilderID whom to trust for the rest, and
	// InvocationID is the builder's name for the run, in the builder's own form.
	BuildType, BuilderID, InvocationID string
	// Repository is the source's https URL as [ParseSource] writes it, Ref a whole ref, and
	// Commit the commit's full name.
	Repository, Ref, Commit string
	// Config is the path in the repository of what defines the build.
	Config string
	// Trigger is the event that started the run.
	Trigger string
	// Run is the URL of the run, where the invocation tells it: the form of Fulcio's
	// extension 21.
	Run string
	// Parameters are what a user could set, by dotted names: strings, booleans, float64 and
	// nil. A dot in a name is written "\.", and an element of a list has its number. An empty
	// object or list is nil under its own name.
	Parameters map[string]any
	// Materials are what went in, the source included.
	Materials []resource.Descriptor
	// Hermetic says that the build claims to have had no network.
	Hermetic bool
	// Complete says of what the builder claims to have listed all.
	Complete              slsa.Completeness
	StartedOn, FinishedOn time.Time
	// MaxLevel is the highest SLSA build level that such provenance can honestly claim,
	// whoever signed it.
	MaxLevel int
	// Absent tells why a field is: the fields that are not there for a reason.
	Absent map[Field]string

	// torn are the fields that are said twice, differently.
	torn []Field
	// told are the names of parameters that the fields above tell already.
	told []string
}

// A Field names a field of a view, as reasons do.
type Field string

// The fields that may be absent with a reason.
const (
	FieldRepository Field = "repository"
	FieldRef        Field = "ref"
	FieldCommit     Field = "commit"
	FieldTrigger    Field = "trigger"
	FieldConfig     Field = "config"
)

// Read reads a provenance predicate of one of package slsa's types and makes a view of it.
// The error is an *[attest.Error], of the predicate or of a bound: 10000 parameters, 64
// levels of them.
func Read(predicateType string, raw []byte) (*View, error) {
	p, err := slsa.ParseUnnamed(predicateType, raw)
	if err != nil {
		return nil, err
	}
	r, err := newReading(p, predicateType == slsa.V02)
	if err != nil {
		return nil, err
	}
	producer, ok := identify(p)
	if ok {
		r.view.Producer, r.view.MaxLevel = producer.ID, producer.Level
		producer.read(r)
	} else {
		r.view.MaxLevel = maxLevel
		stated(r)
	}
	r.settle()
	return r.view, nil
}

// maxLevel is the highest level of SLSA's build track.
const maxLevel = 3

// Told says whether a parameter says nothing but what the view's own fields tell, so that
// who asks for these has judged it.
func (v *View) Told(parameter string) bool { return slices.Contains(v.told, parameter) }

// Contradicts says whether the provenance says two things of a field, so that it is absent
// and nothing else may stand in for it.
func (v *View) Contradicts(f Field) bool { return slices.Contains(v.torn, f) }

// A reading is a view in the making.
type reading struct {
	*slsa.Provenance
	v02      bool
	external any
	view     *View
	said     map[Field][]saying
}

// A saying is a value and where it is said.
type saying struct{ value, where string }

func newReading(p *slsa.Provenance, v02 bool) (*reading, error) {
	parameters, external, err := flatten(p.ExternalParameters)
	if err != nil {
		return nil, err
	}
	v := &View{
		BuildType: p.BuildType, BuilderID: p.BuilderID, InvocationID: p.InvocationID, Parameters: parameters,
		Materials: p.Dependencies, Hermetic: p.Hermetic, Complete: p.Complete, StartedOn: p.StartedOn, FinishedOn: p.FinishedOn,
		Absent: map[Field]string{},
	}
	return &reading{Provenance: p, v02: v02, external: external, view: v, said: map[Field][]saying{}}, nil
}

// say notes what is said of a field. An empty value says nothing.
func (r *reading) say(f Field, value, where string) {
	if value != "" {
		r.said[f] = append(r.said[f], saying{value, where})
	}
}

// absent gives the reason why a field is not there, if nothing else says it.
func (r *reading) absent(f Field, format string, args ...any) {
	if r.view.Absent[f] == "" {
		r.view.Absent[f] = fmt.Sprintf(format, args...)
	}
}

// settle fills the fields that are said once, or several times alike.
func (r *reading) settle() {
	for f, into := range map[Field]*string{
		FieldRepository: &r.view.Repository, FieldRef: &r.view.Ref, FieldCommit: &r.view.Commit,
		FieldTrigger: &r.view.Trigger, FieldConfig: &r.view.Config,
	} {
		said := r.said[f]
		if len(said) == 0 {
			continue
		}
		same := func(s saying) bool {
			return s.value == said[0].value || f == FieldRepository && Fold(s.value) == Fold(said[0].value)
		}
		if other := slices.IndexFunc(said, func(s saying) bool { return !same(s) }); other >= 0 {
			r.view.torn = append(r.view.torn, f)
			r.view.Absent[f] = fmt.Sprintf("it is %q in %s and %q in %s", clip(said[0].value), said[0].where, clip(said[other].value), said[other].where)
			continue
		}
		*into = said[0].value
		delete(r.view.Absent, f)
	}
	for _, f := range []Field{FieldRepository, FieldRef, FieldCommit} {
		if len(r.said[f]) == 0 {
			r.absent(f, "the provenance does not say")
		}
	}
	r.run()
	r.cap()
}

// run finds the URL of the run.
func (r *reading) run() {
	id := r.view.InvocationID
	number, attempt, pair := strings.Cut(id, "-")
	numeric := func(s string) bool { return s != "" && len(s) <= 20 && strings.Trim(s, "0123456789") == "" }
	switch {
	case isRun(id):
		r.view.Run = id
	case isRun(r.view.BuilderID):
		r.view.Run = r.view.BuilderID
	case r.view.Repository == "":
	case r.view.Producer == GitLabCI && numeric(id):
		r.view.Run = r.view.Repository + "/-/jobs/" + id
	case pair && numeric(number) && numeric(attempt) && r.onGitHub():
		r.view.Run = r.view.Repository + "/actions/runs/" + number + "/attempts/" + attempt
	}
}

func isRun(s string) bool {
	return strings.HasPrefix(s, "https://") && (strings.Contains(s, "/actions/runs/") || strings.Contains(s, "/-/jobs/"))
}

// onGitHub says whether the producer runs on GitHub's runners alone.
func (r *reading) onGitHub() bool {
	return strings.HasPrefix(r.view.Producer, "github-") || strings.HasPrefix(r.view.Producer, "slsa-github-generator-") || r.view.Producer == NPM
}

// Workflow is the builder id without its ref, if it names a file that defines a workflow.
func (v *View) Workflow() string {
	file, _, found := strings.Cut(v.BuilderID, "@")
	if !found || !strings.Contains(file, "/.github/workflows/") {
		return ""
	}
	return file
}

// cap lowers the level of provenance that the workflow which built wrote itself: level 3
// asks that what the tenant defines cannot reach what is signed.
func (r *reading) cap() {
	v := r.view
	switch {
	case v.BuilderID == slsa.UnnamedBuilder || v.BuilderID == "":
		v.MaxLevel = min(v.MaxLevel, 1)
		if v.BuilderID == slsa.UnnamedBuilder {
			v.MaxLevel = 0
		}
	case v.Producer == GitHubActions || v.Producer == GitHubCommunity || v.Producer == ownPrefix+"github":
		own := v.Repository + "/" + v.Config
		if v.Workflow() == "" || v.Repository == "" || v.Config == "" || strings.EqualFold(v.Workflow(), own) {
			v.MaxLevel = min(v.MaxLevel, 2)
		}
	}
}
