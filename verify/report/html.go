package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/verify"
	"github.com/carnet-project/carnet/verify/policy"
	"github.com/carnet-project/carnet/verify/report/internal/page"
)

// writeHTML writes one file that holds all that it needs.
func writeHTML(w io.Writer, results []Result, tool Tool) error {
	p := page.Page{Title: counted(len(results), "target"), Tool: Clean(strings.TrimSpace(tool.Name + " " + tool.Version))}
	if len(results) == 1 {
		p.Title = verdictWord(results[0]) + " " + visible(results[0].Target)
	}
	for i, r := range results {
		h := sheet{r: r, v: r.Verdict, id: fmt.Sprintf("r%d", i+1), at: map[attest.Digest]string{}}
		p.Results = append(p.Results, h.result())
	}
	return page.Write(w, p)
}

// A sheet is the page of one result in the making.
type sheet struct {
	r  Result
	v  policy.Verdict
	id string
	// at are the fragments of evidence by its bundle.
	at map[attest.Digest]string
}

func (h *sheet) result() page.Result {
	out := page.Result{
		ID: h.id, State: stateOfResult(h.r), Word: verdictWord(h.r), Target: visible(cmp.Or(h.r.Target, h.r.Reference())), Image: visible(reference(h.r)),
		Facts: h.facts(), Summary: h.summary(),
	}
	if h.r.Err != nil {
		out.Error = visible(h.r.Err.Error())
		return out
	}
	out.Evidence, out.MoreEvidence = h.evidence()
	out.Stages = h.stages()
	own, follows := causes(entries(h.v))
	for _, b := range batches(own) {
		out.Todo = append(out.Todo, h.todo(b))
	}
	for _, f := range follows {
		out.Follows = append(out.Follows, visible(f))
	}
	out.Grid = h.grid()
	out.Rejected, out.Unread = h.rejected(), h.unread()
	for _, n := range h.v.Notes() {
		out.Notes = append(out.Notes, page.Note{Rule: visible(n.Rule), Text: visible(n.Text + line(n))})
	}
	return out
}

func (h *sheet) summary() string {
	if h.r.Err != nil {
		return "Nothing was judged."
	}
	text := tally(h.v).String() + "."
	switch effectOf(h.r) {
	case effectAudit:
		text += " The policy audits: the image is let in, and this is written down."
	case effectWarn:
		text += " The policy warns: the image is let in."
	}
	if h.r.Outcome() == policy.Invalid {
		text += " Evidence is broken or about something else: this may be tampering."
	}
	if h.r.Outcome() == policy.Undecided {
		text += " Evidence could not be looked at: trying again may help."
	}
	return text
}

func (h *sheet) facts() []page.Fact {
	var all []page.Fact
	for _, p := range policiesToJSON(h.v) {
		all = append(all, page.Fact{Label: "Policy", Value: visible(p.describe())})
	}
	if at := stamp(h.v.At()); at != "" {
		all = append(all, page.Fact{Label: "Judged for", Value: at})
	}
	if missing := h.v.Policy().NotChecked(); len(missing) > 0 && h.r.Err == nil {
		all = append(all, page.Fact{Label: "Not checked", Value: strings.Join(missing, ", ")})
	}
	return all
}

// todo is what a rule that is not met wants done.
func (h *sheet) todo(b batch) page.Group {
	e := b.entries[0]
	g := h.group(e)
	g.Href, g.Found = h.anchor(stageOf(e), b.rule), visible(e.Found)
	g.Count = counted(len(b.entries), "finding")
	if one := merge(b.entries); len(one) == 1 {
		g.Count = visible(one[0].where())
	}
	return g
}

func (h *sheet) grid() page.Grid {
	g := gridOf(h.v)
	out := page.Grid{}
	for _, name := range g.names {
		out.Names = append(out.Names, visible(name))
	}
	for i, n := range g.nodes {
		row := page.GridRow{ID: h.node(i), Name: visible(nodeName(n)), Digest: short(n.Digest)}
		for _, name := range g.names {
			c := g.at(name, n)
			f := page.Field{State: stateOfCell(c), Word: strings.TrimLeft(g.mark(name, n), "✓✗! ")}
			if c.Status == "" || c.Status == policy.StatusNotApplicable {
				f.State, f.Word = page.None, "not asked"
			} else {
				f.Word = cmp.Or(f.Word, "pass")
				f.Href = h.anchor(stageOfSection(c.Requirement.Section()), "")
			}
			row.Fields = append(row.Fields, f)
		}
		out.Rows = append(out.Rows, row)
	}
	return out
}

func (h *sheet) node(i int) string { return fmt.Sprintf("%s-node-%d", h.id, i+1) }

// anchor is the fragment of a stage, or of a rule in it.
func (h *sheet) anchor(stage, rule string) string {
	if rule == "" {
		return h.id + "-" + stage
	}
	return h.id + "-" + stage + "-" + slug(rule)
}

// slug is a rule's id as a fragment. Two that differ only in what a fragment cannot have
// lead to the first of them.
func slug(rule string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, rule)
}

// tableRows is how many rows a table of foreign facts has at most.
const tableRows = 200

func (h *sheet) rejected() page.Table {
	t := page.Table{Head: []string{"Reason", "Expected", "Found", "Claims to be", "Where"}}
	for i, x := range h.v.Rejected() {
		if i == tableRows {
			t.More = fmt.Sprintf("%d more are in the JSON report.", len(h.v.Rejected())-i)
			break
		}
		where := string(x.Place)
		if !x.Manifest.IsZero() {
			where += " " + short(x.Manifest)
		}
		t.Rows = append(t.Rows, visibleAll(string(x.Refusal.Reason), x.Refusal.Expected, x.Refusal.Found, x.PredicateType, where))
	}
	return t
}

func (h *sheet) unread() page.Table {
	t := page.Table{Head: []string{"What happened", "Where", "May be about"}}
	for i, u := range h.v.Unknown() {
		if i == tableRows {
			t.More = fmt.Sprintf("%d more are in the JSON report.", len(h.v.Unknown())-i)
			break
		}
		t.Rows = append(t.Rows, visibleAll(u.Detail, string(u.Place), short(u.Subject)))
	}
	return t
}

// visible is foreign text without what could hide or turn the text around it. The page
// escapes what is left.
func visible(s string) string { return Clean(strings.ToValidUTF8(s, "�")) }

func visibleAll(all ...string) []string {
	out := make([]string, 0, len(all))
	for _, s := range all {
		out = append(out, visible(s))
	}
	return out
}

func stateOfResult(r Result) page.State {
	switch effectOf(r) {
	case effectAllow:
		return page.Pass
	case effectAudit, effectWarn:
		return page.Warn
	}
	if r.Outcome() == policy.Undecided {
		return page.Unknown
	}
	return page.Fail
}

func stateOf(s policy.Status, l level) page.State {
	switch {
	case s == policy.StatusNotApplicable || s == "":
		return page.None
	case s == policy.StatusExcepted:
		return page.Excepted
	case s.Allows():
		return page.Pass
	case l != levelError:
		return page.Warn
	case s == policy.StatusError:
		return page.Unknown
	}
	return page.Fail
}

func stateOfCell(c policy.Cell) page.State { return stateOf(c.Status, levelOf(c)) }

// evidence is every piece that counted, in full; beyond twenty they are folded.
func (h *sheet) evidence() (shown, more []page.Evidence) {
	for i, e := range h.v.Evidence() {
		id := fmt.Sprintf("%s-bundle-%d", h.id, i+1)
		if _, taken := h.at[e.Bundle()]; !taken {
			h.at[e.Bundle()] = id
		}
		x := page.Evidence{ID: id, Kind: kindName(e), By: visible(e.By().String()), When: visible(trustedTime(e)), Facts: h.evidenceFacts(e)}
		x.Excerpt, x.Cut = excerpt(e)
		if i < 20 {
			shown = append(shown, x)
			continue
		}
		more = append(more, x)
	}
	return shown, more
}

// excerptBytes is how much of a predicate is shown: an SBOM can be of any length.
const excerptBytes = 2000

func excerpt(e *verify.Evidence) (text, cut string) {
	raw := e.Predicate()
	if len(strings.TrimSpace(string(raw[:min(len(raw), 3)]))) <= 2 {
		return "", ""
	}
	if len(raw) <= excerptBytes {
		return visibleLines(raw), "What it says:"
	}
	return visibleLines(raw[:excerptBytes]) + "…", fmt.Sprintf("What it says begins so; it has %d bytes:", len(raw))
}

func visibleLines(raw []byte) string {
	return CleanLines(strings.ReplaceAll(strings.ToValidUTF8(string(raw), "�"), "\t", "  "))
}

func (h *sheet) evidenceFacts(e *verify.Evidence) []page.Fact {
	var all []page.Fact
	add := func(label, value string) {
		if value != "" {
			all = append(all, page.Fact{Label: label, Value: visible(value)})
		}
	}
	add("Type", e.PredicateType())
	if d := e.Document(); d != nil {
		add("By reference to", fmt.Sprintf("%s, %d bytes, stored as %s", d.Digest(), d.Size, d.Stored.Digest))
	}
	if !e.Subject().IsZero() {
		add("About", e.Subject().String())
	}
	add("About the commit", strings.Join(e.Commits(), ", "))
	add("Bundle", e.Bundle().String())
	add("Key", e.By().Key.String())
	if c := e.By().Certificate; c != nil {
		add("Certificate of", c.Subject)
		add("Issuer", c.Issuer)
		add("Certified by", c.Authority)
		var names []string
		for name := range c.Claims {
			names = append(names, string(name))
		}
		slices.Sort(names)
		for _, name := range names {
			add(name, c.Claims[attest.Claim(name)])
		}
	}
	for _, t := range e.Times() {
		add("Time", strings.TrimSpace(moment(t.At)+" by "+string(t.Source)+" "+t.URI))
	}
	add("In the log", strings.Join(e.Logs(), ", "))
	for _, f := range said(e) {
		add(f.Label, f.Value)
	}
	return all
}
