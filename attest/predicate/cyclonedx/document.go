package cyclonedx

import (
	"strings"
	"time"

	"github.com/carnet-project/carnet/attest/internal/strict"
	"github.com/carnet-project/carnet/attest/predicate/vuln"
)

// document is what a document says of vulnerabilities, and of what it needs for it.
type document struct {
	serial, author string
	issued         time.Time
	tools          []tool
	// subject is the component that the document describes, and parts are all by their bom-ref.
	subject part
	parts   map[string]part
	// listed says that there is a list of vulnerabilities, be it empty.
	listed  bool
	entries []entry
}

type tool struct{ name, version string }

// A part is a component.
type part struct {
	ref, group, name, version, purl string
	hashes                          []string
}

// An entry is one vulnerability with what was found out about it.
type entry struct {
	id      string
	aliases []string
	ratings []rating
	affects []affected
	// published is when it became known, and advice what to do about it.
	published            string
	recommendation       string
	workaround           string
	analysed             bool
	state, detail        string
	justification        string
	response             []string
	firstIssued, updated time.Time
}

// A rating is a severity in words, or a score and its vector.
type rating struct{ severity, method, score, vector string }

// An affected component, with the versions that are said not to be.
type affected struct {
	ref   string
	fixed []string
}

// maxNesting bounds components within components, as the sbom package does.
const maxNesting = 32

func read(predicateType string, raw []byte) (*document, error) {
	if err := Validate(predicateType, raw); err != nil {
		return nil, err
	}
	d := &document{parts: map[string]part{}}
	return d, strict.Read(raw, d.check())
}

func (d *document) check() strict.Check {
	return strict.Object(
		strict.Optional("serialNumber", strict.Text(&d.serial)),
		strict.Optional("metadata", strict.Object(
			strict.Optional("timestamp", strict.Time(&d.issued)),
			strict.Optional("tools", d.toolkit),
			strict.Optional("authors", strict.Each(d.named)),
			strict.Optional("manufacturer", d.named),
			strict.Optional("component", d.described),
		)),
		strict.Optional("components", strict.Each(d.component(0, nil))),
		strict.Optional("vulnerabilities", func(in *strict.Reader) (bool, error) {
			d.listed = true
			return strict.Each(d.vulnerability)(in)
		}),
	)
}

// toolkit reads the tools that made the document: a list before CycloneDX 1.5, and an object with components
// since.
func (d *document) toolkit(in *strict.Reader) (bool, error) {
	each := strict.Each(func(in *strict.Reader) (bool, error) {
		var t tool
		filled, err := strict.Object(strict.Optional("name", strict.Text(&t.name)), strict.Optional("version", strict.Text(&t.version)))(in)
		if t.name != "" {
			d.tools = append(d.tools, t)
		}
		return filled, err
	})
	if in.Kind() == '[' {
		return each(in)
	}
	return strict.Object(strict.Optional("components", each))(in)
}

// named keeps the first name or address of an author.
func (d *document) named(in *strict.Reader) (bool, error) {
	var name, email string
	filled, err := strict.Object(strict.Optional("name", strict.Text(&name)), strict.Optional("email", strict.Text(&email)))(in)
	for _, s := range []string{email, name} {
		if d.author == "" {
			d.author = s
		}
	}
	return filled, err
}

// described reads the component that the document is about.
func (d *document) described(in *strict.Reader) (bool, error) { return d.component(0, &d.subject)(in) }

// component reads one and those in it, and keeps it in into unless that is nil.
func (d *document) component(nesting int, into *part) strict.Check {
	return func(in *strict.Reader) (bool, error) {
		if nesting == maxNesting {
			return strict.Any()(in)
		}
		var p part
		filled, err := strict.Object(
			strict.Optional("bom-ref", strict.Text(&p.ref)),
			strict.Optional("group", strict.Text(&p.group)),
			strict.Optional("name", strict.Text(&p.name)),
			strict.Optional("version", strict.Text(&p.version)),
			strict.Optional("purl", strict.Text(&p.purl)),
			strict.Optional("hashes", strict.Each(p.hash)),
			strict.Optional("components", func(in *strict.Reader) (bool, error) { return strict.Each(d.component(nesting+1, nil))(in) }),
		)(in)
		if p.ref != "" {
			d.parts[p.ref] = p
		}
		if into != nil {
			*into = p
		}
		// An empty component is for the reader of the list to refuse.
		return filled || err == nil, err
	}
}

func (p *part) hash(in *strict.Reader) (bool, error) {
	var algorithm, content string
	filled, err := strict.Object(strict.Optional("alg", strict.Text(&algorithm)), strict.Optional("content", strict.Text(&content)))(in)
	if algorithm == "SHA-256" {
		p.hashes = append(p.hashes, "sha256:"+strings.ToLower(content))
	}
	return filled, err
}

func (d *document) vulnerability(in *strict.Reader) (bool, error) {
	var e entry
	filled, err := strict.Object(
		strict.Optional("id", strict.Text(&e.id)),
		strict.Optional("references", strict.Each(strict.Object(strict.Optional("id", text(&e.aliases))))),
		strict.Optional("ratings", strict.Each(e.rating)),
		strict.Optional("published", strict.Text(&e.published)),
		strict.Optional("recommendation", strict.Text(&e.recommendation)),
		strict.Optional("workaround", strict.Text(&e.workaround)),
		strict.Optional("analysis", func(in *strict.Reader) (bool, error) {
			e.analysed = true
			return strict.Object(
				strict.Optional("state", strict.Text(&e.state)),
				strict.Optional("justification", strict.Text(&e.justification)),
				strict.Optional("response", strict.Texts(&e.response)),
				strict.Optional("detail", strict.Text(&e.detail)),
				strict.Optional("firstIssued", strict.Time(&e.firstIssued)),
				strict.Optional("lastUpdated", strict.Time(&e.updated)),
			)(in)
		}),
		strict.Optional("affects", strict.Each(e.affect)),
	)(in)
	if err == nil {
		d.entries = append(d.entries, e)
	}
	return filled, err
}

func (e *entry) rating(in *strict.Reader) (bool, error) {
	var r rating
	var score []byte
	filled, err := strict.Object(
		strict.Optional("severity", strict.Text(&r.severity)),
		strict.Optional("method", strict.Text(&r.method)),
		strict.Optional("score", strict.Raw(&score, strict.Any())),
		strict.Optional("vector", strict.Text(&r.vector)),
	)(in)
	r.score = string(score)
	e.ratings = append(e.ratings, r)
	return filled, err
}

func (e *entry) affect(in *strict.Reader) (bool, error) {
	var a affected
	filled, err := strict.Object(
		strict.Required("ref", strict.Text(&a.ref)),
		strict.Optional("versions", strict.Each(func(in *strict.Reader) (bool, error) {
			var version, status string
			filled, err := strict.Object(strict.Optional("version", strict.Text(&version)), strict.Optional("status", strict.Text(&status)))(in)
			if status == "unaffected" && version != "" {
				a.fixed = append(a.fixed, version)
			}
			return filled, err
		})),
	)(in)
	e.affects = append(e.affects, a)
	return filled, err
}

func text(into *[]string) strict.Check {
	return func(in *strict.Reader) (bool, error) {
		var s string
		filled, err := strict.Text(&s)(in)
		*into = append(*into, s)
		return filled, err
	}
}

// severity is the gravest of the words, or where there is none of the scores. Scores of methods other than
// CVSS are on scales of their own.
func (e *entry) severity() vuln.Severity {
	var words, scores []string
	for _, r := range e.ratings {
		words, scores = append(words, r.severity), append(scores, r.vector)
		if strings.HasPrefix(r.method, "CVSSv3") || r.method == "CVSSv4" {
			scores = append(scores, r.score)
		}
	}
	if s := vuln.Rated(words...); s != vuln.Unknown {
		return s
	}
	return vuln.Rated(scores...)
}

// action is what the document says to do, in its own words or else in those of the specification.
func (e *entry) action() string {
	var all []string
	for _, s := range []string{e.recommendation, e.workaround, strings.Join(e.response, ", ")} {
		if s != "" {
			all = append(all, s)
		}
	}
	return strings.Join(all, "; ")
}
