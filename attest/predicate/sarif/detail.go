package sarif

import (
	"bytes"
	"slices"

	"github.com/carnet-project/carnet/attest/internal/strict"
)

// A Log is a SARIF log as a tool wrote it, with what is asked of it before it is attested:
// what it is about, and what a person wants to see of its results.
type Log struct {
	Runs []Run
	// Commits are the revisions of versionControlProvenance (section 3.23), whatever their form.
	Commits []string
	// ImageName is what a scanner of images calls the image, and ImageDigests are its id and
	// the digests of its names in repositories: members of a run's properties that Trivy writes.
	ImageName    string
	ImageDigests []string
	// URI is where the first run's tool is described (section 3.19.7), or "".
	URI string
	// Results are those that stand and have a level other than none, in the log's order.
	Results []Result
}

// A Result is one that stands: see [Counts].
type Result struct {
	// Tool is the driver of the run, Rule the rule's id or "".
	Tool, Rule string
	// Level is error, warning or note.
	Level string
	// Message is the plain text, or the name of one (section 3.11).
	Message string
	// Place is where the first location is: a URI, and the line where it has one, 0 where not.
	Place string
	Line  int64
}

// ReadLog reads a log on its own. It is held to the same rules as one in a predicate, and to
// the specification where this type has members. The error is an *[attest.Error] whose Where
// is a JSON pointer into the log.
func ReadLog(raw []byte) (*Log, error) {
	l := log{detail: &Log{}}
	if err := strict.Read(raw, l.check()); err != nil {
		return nil, err
	}
	for _, r := range l.runs {
		l.detail.Runs = append(l.detail.Runs, r.Run)
	}
	return l.detail, nil
}

// run are the members of a run that only [ReadLog] reads.
func (d *Log) run() []strict.Field {
	if d == nil {
		return nil
	}
	return []strict.Field{
		strict.Optional("versionControlProvenance", strict.Each(strict.Object(strict.Optional("revisionId", d.each(&d.Commits))))),
		strict.Optional("properties", strict.Object(
			strict.Optional("imageName", text(&d.ImageName)),
			strict.Optional("imageID", d.each(&d.ImageDigests)),
			strict.Optional("repoDigests", d.digests),
		)),
	}
}

// driver are the members of a tool that only [ReadLog] reads.
func (d *Log) driver() []strict.Field {
	if d == nil || d.URI != "" {
		return nil
	}
	return []strict.Field{strict.Optional("informationUri", strict.Pattern(&d.URI, "an absolute URI", strict.IsURI))}
}

// each adds a text to a list once.
func (d *Log) each(into *[]string) strict.Check {
	return func(r *strict.Reader) (bool, error) {
		var s string
		filled, err := text(&s)(r)
		if s != "" && !slices.Contains(*into, s) {
			*into = append(*into, s)
		}
		return filled, err
	}
}

// digests reads what follows the @ of each of a list of names.
func (d *Log) digests(r *strict.Reader) (bool, error) {
	if r.Kind() != '[' {
		return strict.Any()(r)
	}
	return strict.Each(func(r *strict.Reader) (bool, error) {
		var name string
		_, err := text(&name)(r)
		if _, digest, found := bytes.Cut([]byte(name), []byte("@")); found && !slices.Contains(d.ImageDigests, string(digest)) {
			d.ImageDigests = append(d.ImageDigests, string(digest))
		}
		return true, err
	})(r)
}

// text reads a string where a bag of properties may hold anything.
func text(into *string) strict.Check {
	return func(r *strict.Reader) (bool, error) {
		if r.Kind() == '"' {
			return strict.Text(into)(r)
		}
		return strict.Any()(r)
	}
}

// result are the members of a result that only [ReadLog] reads.
func (d *Log) result(into *Result) []strict.Field {
	if d == nil {
		return nil
	}
	first := true
	return []strict.Field{strict.Optional("locations", strict.Each(func(r *strict.Reader) (bool, error) {
		place, line := "", int64(0)
		filled, err := strict.Object(strict.Optional("physicalLocation", strict.Object(
			strict.Optional("artifactLocation", strict.Object(strict.Optional("uri", strict.Text(&place)))),
			strict.Optional("region", strict.Object(strict.Optional("startLine", strict.Index(&line)))),
		)))(r)
		if first {
			into.Place, into.Line, first = place, line, false
		}
		return filled || err == nil, err // a location may say nothing
	}))}
}

// message is an object, of whose text only [ReadLog] wants to know.
func (d *Log) message(into *Result) strict.Check {
	if d == nil {
		return strict.AnyObject()
	}
	id := ""
	words := strict.Object(strict.Optional("text", strict.Text(&into.Message)), strict.Optional("id", strict.Text(&id)))
	return func(r *strict.Reader) (bool, error) {
		filled, err := words(r)
		if into.Message == "" {
			into.Message = id
		}
		return filled, err
	}
}

func (d *Log) add(x *run, one *result, level string) {
	if d == nil || level == "none" {
		return
	}
	found := one.detail
	found.Tool, found.Rule, found.Level = x.Tool, one.ruleID, level
	if one.ruleID == "" && one.extension < 0 && one.rule >= 0 && one.rule < int64(len(x.driver.rules)) {
		found.Rule = x.driver.rules[one.rule].id
	}
	d.Results = append(d.Results, found)
}
