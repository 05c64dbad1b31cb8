package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/carnet-project/carnet/verify/policy"
	"github.com/carnet-project/carnet/verify/report/internal/page"
)

// chipCount is how many chips hang below a node before the rest is counted.
const chipCount = 6

// platforms are the nodes of the image, those that are not met first.
func (h *sheet) platforms() []page.Chip {
	all := nodes(h.v)
	if len(all) < 2 {
		return nil
	}
	var chips []page.Chip
	for i, n := range all {
		var rules []entry
		for _, c := range h.v.Cells() {
			if c.Node.Digest == n.Digest && c.Status != policy.StatusNotApplicable {
				rules = append(rules, entry{Finding: policy.Finding{Status: c.Status}, cell: c, level: levelOf(c)})
			}
		}
		chip := page.Chip{Label: visible(nodeName(n)), Href: h.node(i)}
		chip.State, chip.Word = summarize(rules)
		chips = append(chips, chip)
	}
	return h.fold(chips, h.id+"-matrix", "node")
}

// sections are the kinds of evidence.
func (h *sheet) sections(rules []entry) []page.Chip {
	var names []string
	by := map[string][]entry{}
	for _, e := range rules {
		name := e.cell.Requirement.Name()
		if by[name] == nil {
			names = append(names, name)
		}
		by[name] = append(by[name], e)
	}
	var chips []page.Chip
	for _, name := range names {
		worst := slices.MinFunc(by[name], func(a, b entry) int { return severity(b) - severity(a) })
		chip := page.Chip{Label: visible(name), Href: h.anchor(stageOf(worst), worst.Rule)}
		chip.State, chip.Word = summarize(by[name])
		chips = append(chips, chip)
	}
	return h.fold(chips, h.anchor(stageEvidence, ""), "kind")
}

// fold keeps the first chips, with those that are not met before the others, and counts the
// rest.
func (h *sheet) fold(chips []page.Chip, rest, what string) []page.Chip {
	if len(chips) <= chipCount {
		return chips
	}
	good := func(c page.Chip) int {
		if c.State == page.Pass || c.State == page.None || c.State == page.Excepted {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(chips, func(a, b page.Chip) int { return good(a) - good(b) })
	unmet := 0
	for _, c := range chips[chipCount:] {
		unmet += 1 - good(c)
	}
	more := page.Chip{Label: fmt.Sprintf("%d more", len(chips)-chipCount), Href: rest, State: page.Pass, Word: "all met"}
	if unmet > 0 {
		more.State, more.Word = page.Fail, fmt.Sprintf("%d not met", unmet)
	}
	return append(chips[:chipCount:chipCount], more)
}

func severity(e entry) int {
	return slices.Index([]page.State{page.None, page.Pass, page.Excepted, page.Warn, page.Unknown, page.Fail}, stateOf(e.Status, e.level))
}

// groups are how the rules of a stage ended, rule by rule, those that are not met first.
func (h *sheet) groups(stage string, rules []entry) []page.Group {
	var all []page.Group
	sorted := slices.Clone(rules)
	slices.SortStableFunc(sorted, func(a, b entry) int { return severity(b) - severity(a) })
	seen := map[string]bool{}
	for _, b := range batches(sorted) {
		g := h.group(b.entries[0])
		g.Origin = distinct(b.entries, func(e entry) string { return visible(e.origin(h.v.Policy())) }, "; ")
		g.Owner = distinct(b.entries, func(e entry) string { return visible(e.Owner) }, ", ")
		several := len(b.entries) > 1 && strings.Contains(distinct(b.entries, func(e entry) string { return e.cell.Requirement.Name() }, "\x00"), "\x00")
		g.ID = h.anchor(stage, b.rule)
		if seen[g.ID] {
			g.ID = ""
		}
		seen[g.ID] = true
		unmet := 0
		for i, e := range b.entries {
			if !e.Status.Allows() {
				unmet++
			}
			row := h.row(e)
			if several && row.About == "" {
				row.About = visible(e.cell.Requirement.Name())
			}
			if i < most {
				g.Rows = append(g.Rows, row)
				continue
			}
			g.More = append(g.More, row)
		}
		g.Count = counted(len(b.entries), "finding")
		if unmet == 0 {
			g.Count = "on " + counted(len(b.entries), "node")
		} else if unmet < len(b.entries) {
			g.Count = fmt.Sprintf("%d of %d not met", unmet, len(b.entries))
		}
		all = append(all, g)
	}
	return all
}

// distinct are the different texts of entries, as far as somebody wants to read them.
func distinct(entries []entry, text func(entry) string, between string) string {
	var all []string
	for _, e := range entries {
		if s := text(e); s != "" && !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	if len(all) > 4 {
		all = append(all[:3], fmt.Sprintf("%d more", len(all)-3))
	}
	return strings.Join(all, between)
}

// group is what all findings of a rule have in common, by the gravest of them.
func (h *sheet) group(e entry) page.Group {
	g := page.Group{
		Rule: visible(e.Rule), Fix: visible(Fix(e.Finding)), Origin: visible(e.origin(h.v.Policy())), Owner: visible(e.Owner),
		State: stateOf(e.Status, e.level), Word: string(e.Status),
	}
	if !e.Status.Allows() {
		g.Effect = e.effect()
	}
	for _, r := range policy.Rules() {
		if r.ID == e.Rule {
			g.Asks = r.Asks
		}
	}
	return g
}

func (h *sheet) row(e entry) page.Row {
	row := page.Row{
		Node: visible(e.where()), State: stateOf(e.Status, e.level), Word: string(e.Status),
		Expected: visible(e.Expected), Found: visible(e.Found),
		About: visible(strings.TrimSpace(strings.Join([]string{e.Vulnerability, e.Package, e.Check}, " "))),
	}
	if e.Exception != "" {
		row.About = strings.TrimSpace(row.About + " (exception " + visible(e.Exception) + ")")
	}
	if href := h.at[e.Evidence]; href != "" && !e.Evidence.IsZero() {
		row.In, row.InHref = "in "+short(e.Evidence), href
	}
	return row
}

// verdict is the last stage: what was decided, under which policy, and what nobody asked.
func (h *sheet) verdict(rules []entry, before []page.Stage) page.Stage {
	s := page.Stage{
		ID: h.anchor(stageVerdict, ""), Name: "Verdict", Icon: stageVerdict, State: stateOfResult(h.r), Word: verdictWord(h.r),
		Lead: "What follows from all of it under the policy.", Groups: h.groups(stageVerdict, rules),
	}
	s.Said = []page.Fact{{Label: "Outcome", Value: string(h.r.Outcome())}, {Label: "Effect", Value: string(effectOf(h.r))}, {Label: "Rules", Value: tally(h.v).String()}}
	for _, p := range policiesToJSON(h.v) {
		s.Said = append(s.Said, page.Fact{Label: "Policy", Value: visible(p.describe())})
	}
	for _, p := range policiesToJSON(h.v) {
		name := elide(visible(p.Name), 24)
		if p.Version > 0 {
			name += fmt.Sprintf(" v%d", p.Version)
		}
		s.Lines = append(s.Lines, name)
	}
	s.Lines = append(s.Lines[:min(len(s.Lines), 3)], tally(h.v).String())
	return s
}
