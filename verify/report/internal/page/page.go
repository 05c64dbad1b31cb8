// Package page writes results as one HTML file that needs nothing beside itself: no network,
// no script, no other file. What is in a [Page] is text; the template escapes all of it.
package page

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"io"
)

var (
	//go:embed page.html
	markup string
	//go:embed page.css
	styles string
	//go:embed page.js
	script string
)

// A State is how something ended, which the page shows as a shape, a word and a colour.
type State string

// The states.
const (
	Pass     State = "pass"
	Fail     State = "fail"
	Warn     State = "warn"
	Unknown  State = "unknown"
	Excepted State = "excepted"
	// None is what nobody asked about.
	None State = "none"
)

// A Page is all results of one run.
type Page struct {
	Title   string
	Tool    string
	Results []Result
}

// A Result is what became of one target. ID begins the fragments of all that is in it.
type Result struct {
	ID                           string
	State                        State
	Word, Summary, Target, Image string
	Error                        string
	Facts                        []Fact
	Stages                       []Stage
	Todo                         []Group
	Follows                      []string
	Grid                         Grid
	Evidence, MoreEvidence       []Evidence
	Rejected, Unread             Table
	Notes                        []Note
}

// A Fact is something that is known, and what it is called.
type Fact struct{ Label, Value string }

// A Stage is a link of the chain: a node of the picture, and the panel that it leads to.
type Stage struct {
	ID, Name, Icon string
	State          State
	Word           string
	// Lines are shown in the node, Chips below it.
	Lines []string
	Chips []Chip
	// Lead says what the stage is, Said what was said about it, and Empty why nothing was.
	Lead   string
	Said   []Fact
	Empty  string
	Signed []Signed
	Groups []Group
}

// A Chip is a node of the picture below a stage.
type Chip struct {
	Label, Href string
	State       State
	Word        string
}

// A Signed is a piece of evidence in a line: what it is, by whom and when.
type Signed struct{ Href, Kind, By, When, Note string }

// A Group is how one rule ended on all nodes.
type Group struct {
	ID, Rule, Asks, Fix, Origin, Owner, Effect string
	State                                      State
	Word, Count                                string
	// Found is what the first row found, for a list of groups. Href leads to the rows.
	Found, Href string
	// Rows are shown, and More are folded.
	Rows, More []Row
}

// A Row is how a rule ended on one node.
type Row struct {
	Node            string
	State           State
	Word            string
	Expected, Found string
	// About is a vulnerability, a package or a check.
	About string
	// In leads to the evidence that was judged.
	In, InHref string
}

// A Grid is the matrix of nodes and requirements.
type Grid struct {
	Names []string
	Rows  []GridRow
}

// A GridRow is a node.
type GridRow struct {
	ID, Name, Digest string
	Fields           []Field
}

// A Field is one requirement on one node.
type Field struct {
	State State
	Word  string
	Href  string
}

// An Evidence is a piece of evidence in full.
type Evidence struct {
	ID, Kind, By, When string
	Facts              []Fact
	// Excerpt is the beginning of what it says, and Cut says how much there is.
	Excerpt, Cut string
}

// A Table is foreign facts.
type Table struct {
	Head []string
	Rows [][]string
	More string
}

// A Note decides nothing.
type Note struct{ Rule, Text string }

// Write writes the page. Equal pages give equal bytes.
func Write(w io.Writer, p Page) error {
	t, err := template.New("page").Parse(markup)
	if err != nil {
		return err
	}
	return t.Execute(w, struct {
		Page
		Policy string
		Styles template.CSS
		Script template.JS
	}{p, policy(), template.CSS(styles), template.JS(script)})
}

// policy lets the page do what it does and nothing else: it may not even ask for an icon.
func policy() string {
	return "default-src 'none'; style-src " + source(styles) + "; script-src " + source(script) + "; base-uri 'none'; form-action 'none'"
}

func source(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}
