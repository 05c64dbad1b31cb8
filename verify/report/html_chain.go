package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/attest/predicate"
	"github.com/carnet-project/carnet/attest/predicate/slsa"
	"github.com/carnet-project/carnet/verify"
	"github.com/carnet-project/carnet/verify/policy"
	"github.com/carnet-project/carnet/verify/report/internal/page"
)

// The stages of the picture.
const (
	stageSource   = "source"
	stageBuild    = "build"
	stageBase     = "base"
	stageImage    = "image"
	stageEvidence = "evidence"
	stageVerdict  = "verdict"
)

// stageOfSection is where in the chain a section of a policy belongs.
func stageOfSection(section string) string {
	switch section {
	case "source":
		return stageSource
	case "provenance", "agree":
		return stageBuild
	case "base":
		return stageBase
	case "image", "signature", "bundle":
		return stageImage
	case "policy":
		return stageVerdict
	}
	return stageEvidence
}

// stageOf is where a rule belongs: some rules about provenance say where the source lies.
func stageOf(e entry) string {
	switch e.Rule {
	case "provenance.source", "provenance.ref", "provenance.repository":
		return stageSource
	case "verify.incomplete":
		return stageOfSection(e.cell.Requirement.Section())
	}
	section, _, _ := cutRule(e.Rule)
	if section == "rule" || section == "exception" {
		return stageOfSection(e.cell.Requirement.Section())
	}
	return stageOfSection(section)
}

// all are how all rules ended. A cell without findings is one rule, which is met or was not
// asked.
func (h *sheet) all() map[string][]entry {
	found := map[string][]entry{}
	for _, c := range h.v.Cells() {
		for _, f := range c.Findings {
			e := entry{Finding: f, cell: c, level: levelOf(c)}
			found[stageOf(e)] = append(found[stageOf(e)], e)
		}
		if len(c.Findings) == 0 && c.Status != policy.StatusNotApplicable {
			e := entry{cell: c, level: levelOf(c), Finding: policy.Finding{
				Rule: c.Requirement.Name(), Status: c.Status, Expected: wanted(c), Found: had(c), Policy: c.Policy, Scope: c.Scope,
			}}
			found[stageOfSection(c.Requirement.Section())] = append(found[stageOfSection(c.Requirement.Section())], e)
		}
	}
	return found
}

func wanted(c policy.Cell) string {
	if c.Threshold > 1 {
		return fmt.Sprintf("%s by %d distinct signers", c.Requirement.Name(), c.Threshold)
	}
	return c.Requirement.Name() + " by an accepted signer"
}

func had(c policy.Cell) string {
	if len(c.Evidence) == 0 {
		return string(c.Status)
	}
	return cmp.Or(selection(c), counted(len(c.Evidence), "piece")) + " by " + c.Evidence[0].By().String()
}

func (h *sheet) stages() []page.Stage {
	rules := h.all()
	var all []page.Stage
	for _, s := range []page.Stage{
		{ID: stageSource, Name: "Source", Lead: "Where the code came from: repository, branch or tag, and commit."},
		{ID: stageBuild, Name: "Build", Lead: "Who built it, how, and from what."},
		{ID: stageBase, Name: "Base", Lead: "The images that this one is built on."},
		{ID: stageImage, Name: "Image", Lead: "The digest that was judged, its platforms, and who signed it."},
		{ID: stageEvidence, Name: "Evidence", Lead: "What is inside, what was checked, and who approved it."},
	} {
		h.fill(&s, rules[s.ID])
		all = append(all, s)
	}
	return append(all, h.verdict(rules[stageVerdict], all))
}

// fill tells how a stage ended, and what was said about it.
func (h *sheet) fill(s *page.Stage, rules []entry) {
	name := s.ID
	s.Icon, s.ID = name, h.anchor(name, "")
	s.Groups = h.groups(name, rules)
	s.State, s.Word = summarize(rules)
	evidence := h.evidenceOf(name)
	s.Signed = h.signed(evidence)
	s.Said = h.said(name, evidence)
	switch {
	case len(rules) > 0:
	case len(s.Said) > 0 || len(evidence) > 0:
		s.Word = "said, not checked"
		s.Empty = "No policy asks for anything here. What was said was signed by an accepted signer, and nothing was held against it."
	default:
		s.Empty = "No policy asks for anything here, and no accepted evidence says anything."
	}
	s.Lines, s.Chips = h.lines(name, s.Said, rules)
}

// summarize is the worst of the rules, and how many of them are not met.
func summarize(rules []entry) (page.State, string) {
	if len(rules) == 0 {
		return page.None, "not checked"
	}
	order := []page.State{page.None, page.Pass, page.Excepted, page.Warn, page.Unknown, page.Fail}
	worst, unmet := page.None, map[string]bool{}
	for _, e := range rules {
		s := stateOf(e.Status, e.level)
		if slices.Index(order, s) > slices.Index(order, worst) {
			worst = s
		}
		if !e.Status.Allows() {
			unmet[e.cell.Requirement.Name()+" "+e.Rule] = true
		}
	}
	switch worst {
	case page.Pass:
		return worst, "met"
	case page.Excepted:
		return worst, "excepted"
	case page.None:
		return worst, "not asked"
	case page.Unknown:
		return worst, "undecided"
	}
	return worst, counted(len(unmet), "rule") + " not met"
}

// evidenceOf is the evidence that counted for the cells of a stage, each once.
func (h *sheet) evidenceOf(stage string) []*verify.Evidence {
	var all []*verify.Evidence
	for _, c := range h.v.Cells() {
		of := stageOfSection(c.Requirement.Section())
		if of != stage && !(stage == stageSource && of == stageBuild) {
			continue
		}
		for _, e := range c.Evidence {
			if !slices.Contains(all, e) {
				all = append(all, e)
			}
		}
	}
	return all
}

// signedRows is how many pieces of evidence a stage lists; all are in the list of evidence.
const signedRows = 12

func (h *sheet) signed(all []*verify.Evidence) []page.Signed {
	var rows []page.Signed
	for i, e := range all {
		if i == signedRows {
			rows = append(rows, page.Signed{Href: h.id + "-all", Kind: fmt.Sprintf("%d more", len(all)-i), By: "in the list of all evidence"})
			break
		}
		rows = append(rows, page.Signed{Href: h.at[e.Bundle()], Kind: kindName(e), By: visible(signer(e)), When: visible(trustedTime(e)), Note: strings.Trim(h.about(e)+", "+selectionOf(h.v, e), ", ")})
	}
	return rows
}

// about says of which node evidence is, where there are several.
func (h *sheet) about(e *verify.Evidence) string {
	for _, n := range nodes(h.v) {
		if n.Digest == e.Subject() && len(nodes(h.v)) > 1 {
			return "of " + visible(nodeName(n))
		}
	}
	return ""
}

// kindName is what evidence is, in a word.
func kindName(e *verify.Evidence) string {
	if e.Kind() == verify.KindSignature {
		return "signature"
	}
	switch c := predicate.ClassOf(e.PredicateType()); c {
	case predicate.SBOM:
		return "SBOM"
	case predicate.VEX:
		return "VEX"
	case predicate.Other:
		return visible(e.PredicateType())
	default:
		return string(c)
	}
}

// said is what evidence of a stage says about it.
func (h *sheet) said(stage string, evidence []*verify.Evidence) []page.Fact {
	var all []page.Fact
	add := func(f page.Fact) {
		f.Value = visible(f.Value)
		if f.Value != "" && !slices.Contains(all, f) && len(all) < 24 {
			all = append(all, f)
		}
	}
	for _, e := range evidence {
		c := e.By().Certificate
		if c != nil && stage == stageSource {
			add(page.Fact{Label: "Repository, by the certificate", Value: c.Claims[attest.ClaimSourceRepositoryURI]})
			add(page.Fact{Label: "Ref, by the certificate", Value: c.Claims[attest.ClaimSourceRepositoryRef]})
			add(page.Fact{Label: "Commit, by the certificate", Value: c.Claims[attest.ClaimSourceRepositoryDigest]})
		}
		for _, f := range said(e) {
			if slices.Contains(labelsOf(stage), f.Label) {
				add(f)
			}
		}
	}
	if stage == stageImage {
		add(page.Fact{Label: "Name", Value: h.r.Name})
		add(page.Fact{Label: "Digest", Value: h.v.Artifact().Digest.String()})
	}
	return all
}

func labelsOf(stage string) []string {
	switch stage {
	case stageSource:
		return []string{"Source", "Commit"}
	case stageBuild:
		return []string{"Builder", "Build type", "Run", "Started", "Finished", "Materials"}
	case stageBase:
		return []string{"Base image"}
	}
	return nil
}

// said is what the predicate says, as far as a person wants to know it at once. It was
// checked when the evidence was opened; what can't be read again is left out.
func said(e *verify.Evidence) []page.Fact {
	if predicate.ClassOf(e.PredicateType()) != predicate.Provenance {
		return nil
	}
	p, err := slsa.Parse(e.PredicateType(), e.Predicate())
	if err != nil {
		return nil
	}
	all := []page.Fact{{Label: "Builder", Value: p.BuilderID}, {Label: "Build type", Value: p.BuildType}, {Label: "Run", Value: p.InvocationID}, {Label: "Started", Value: stamp(p.StartedOn)}, {Label: "Finished", Value: stamp(p.FinishedOn)}}
	for _, d := range p.Dependencies {
		if commit := d.Digest["gitCommit"]; commit != "" {
			all = append(all, page.Fact{Label: "Source", Value: d.URI}, page.Fact{Label: "Commit", Value: commit})
		}
		if isImage(d.URI) {
			all = append(all, page.Fact{Label: "Base image", Value: d.URI})
		}
	}
	if n := len(p.Dependencies); n > 0 {
		all = append(all, page.Fact{Label: "Materials", Value: fmt.Sprint(n)})
	}
	return all
}

func isImage(uri string) bool {
	return slices.ContainsFunc([]string{"pkg:docker/", "pkg:oci/", "oci://", "docker://", "docker-image://"}, func(p string) bool { return strings.HasPrefix(uri, p) })
}

// lines are what stands in the node, and chips what hangs below it.
func (h *sheet) lines(stage string, said []page.Fact, rules []entry) ([]string, []page.Chip) {
	var lines []string
	first := func(label string) string {
		for _, f := range said {
			if strings.HasPrefix(f.Label, label) {
				return f.Value
			}
		}
		return ""
	}
	add := func(all ...string) {
		for _, s := range all {
			if s != "" && len(lines) < 3 {
				lines = append(lines, elide(strings.TrimPrefix(s, "https://"), 60))
			}
		}
	}
	switch stage {
	case stageSource:
		commit := first("Commit")
		if len(commit) > 12 {
			commit = commit[:12]
		}
		add(cmp.Or(first("Repository"), first("Source")), first("Ref"), commit)
	case stageBuild:
		add(first("Builder"))
	case stageBase:
		add(first("Base image"))
	case stageImage:
		add(elideDigest(h.v.Artifact().Digest.String()))
		if runs := h.v.Artifact().Runnable(); len(runs) > 1 || len(runs) == 1 && h.v.Artifact().Kind == artifact.KindIndex {
			add(counted(len(runs), "platform"))
		}
		return lines, h.platforms()
	case stageEvidence:
		return lines, h.sections(rules)
	}
	return lines, nil
}

// elideDigest fits a digest into a node.
func elideDigest(digest string) string {
	algorithm, hex, _ := strings.Cut(digest, ":")
	return algorithm + ":" + hex[:min(len(hex), 8)] + "…"
}
