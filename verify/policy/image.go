package policy

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/mod/semver"

	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/attest/predicate"
	"github.com/carnet-project/carnet/verify"
)

// versionLabel is where an image says its version (OCI image specification 1.1,
// annotations.md).
const versionLabel = "org.opencontainers.image.version"

// image asks for the platforms that were chosen.
func (b *bench) image(r *ImageClause) {
	if r == nil {
		return
	}
	b.platforms(r)
}

// release asks for an image that is young enough and not of too low a version: an old one
// that is correctly signed stays so for ever.
func (b *bench) release(r *ImageClause) {
	if r == nil {
		return
	}
	for _, node := range b.runnable() {
		if r.MaxAge > 0 {
			requirement := Requirement{name: "image age", rule: "image", what: "a recent build", spread: platforms, selection: SelectAny}
			if b.asksProvenance() {
				requirement.classes = []predicate.Class{predicate.Provenance}
			} else {
				requirement.classes = []predicate.Class{predicate.Signature}
			}
			b.single(r.Clause, requirement, node, func(cell *Cell) { b.young(cell, r.Clause, "image", r.MaxAge) })
		}
		if r.MinVersion != "" {
			b.single(r.Clause, Requirement{name: "image version", rule: "image", spread: platforms}, node, func(cell *Cell) { b.version(cell, r) })
		}
	}
}

// single judges one requirement on one node.
func (b *bench) single(clause Clause, r Requirement, node artifact.Artifact, judge func(*Cell)) {
	cell := b.cell(clause, r, node)
	judge(&cell)
	cell.settle()
	b.cells = append(b.cells, cell)
}

// platforms denies where the policy's platforms are not in the artifact.
func (b *bench) platforms(r *ImageClause) {
	a := b.c.Artifact
	if a.Kind == artifact.KindFile {
		return
	}
	for _, want := range r.Platforms {
		if slices.ContainsFunc(a.Runnable(), func(n artifact.Artifact) bool { return artifact.MatchPlatform(n.Platform, want) }) {
			continue
		}
		cell := b.cell(r.Clause, Requirement{name: "platform", rule: "image"}, a)
		b.find(&cell, r.Clause, Finding{Rule: "image.platforms", Status: StatusFail, Expected: "platform " + want, Found: platformNames(a)})
		cell.settle()
		b.cells = append(b.cells, cell)
	}
}

// config is what the configuration of a node says, or the finding that it is not known.
func (b *bench) config(node artifact.Artifact) (Image, *Finding) {
	image, ok := b.c.Images[node.Digest]
	if ok {
		return image, nil
	}
	found := b.c.Unread[node.Digest]
	if found == "" {
		found = "it was not read"
	}
	return Image{}, &Finding{Rule: "config", Status: StatusError, Expected: "a readable configuration of " + node.Digest.String(), Found: found}
}

// asksProvenance says whether a section asks for provenance of the artifact.
func (b *bench) asksProvenance() bool {
	return slices.ContainsFunc(b.requires, func(r *Require) bool { return r.Provenance != nil })
}

// selected is the evidence in the node's cell of a requirement, if sections ask for it.
func (b *bench) selected(node artifact.Artifact, requirement string) []*verify.Evidence {
	var all []*verify.Evidence
	for _, cell := range b.cells {
		if cell.Requirement.name != requirement || cell.Node.Digest != node.Digest {
			continue
		}
		for _, e := range cell.Evidence {
			if !slices.Contains(all, e) {
				all = append(all, e)
			}
		}
	}
	return all
}

// version holds the version that the image's label says to a lowest one. Without a label the
// tag counts, which nobody signed; where both are versions, the lower one does.
func (b *bench) version(cell *Cell, r *ImageClause) {
	expected := "version " + r.MinVersion + " or a later one"
	lowest := semantic(r.MinVersion)
	if lowest == "" {
		b.find(cell, r.Clause, Finding{Rule: "image.version", Status: StatusError, Expected: "a version in the policy", Found: r.MinVersion})
		return
	}
	config, problem := b.config(cell.Node)
	if problem != nil && cell.Node.Kind != artifact.KindOther {
		problem.Rule = "image." + problem.Rule
		b.find(cell, r.Clause, *problem)
		return
	}
	var found, text, says string
	for _, claim := range [][2]string{{config.Labels[versionLabel], "its label " + versionLabel}, {b.c.Tag, "its tag"}} {
		v := semantic(claim[0])
		if v != "" && (found == "" || semver.Compare(v, found) < 0) {
			found, text, says = v, claim[0], claim[1]
		}
	}
	switch {
	case found == "":
		b.find(cell, r.Clause, Finding{
			Rule: "image.version", Status: StatusMissing, Expected: expected,
			Found: fmt.Sprintf("no semantic version in the label %s (%q) or the tag (%q)", versionLabel, clip(config.Labels[versionLabel]), clip(b.c.Tag)),
		})
	case semver.Compare(found, lowest) < 0:
		b.find(cell, r.Clause, Finding{Rule: "image.version", Status: StatusStale, Expected: expected, Found: clip(text) + ", says " + says})
	default:
		b.find(cell, r.Clause, Finding{Rule: "image.version", Status: StatusPass, Expected: expected, Found: clip(text) + ", says " + says})
	}
}

// semantic is a version as package semver has it, and "" where the text is none. As tags
// have it, the v and the last numbers may be missing and numbers may begin with zeros.
func semantic(text string) string {
	core, rest := strings.TrimPrefix(text, "v"), ""
	if end := strings.IndexAny(core, "-+"); end >= 0 {
		core, rest = core[:end], core[end:]
	}
	parts := strings.Split(core, ".")
	if len(parts) > 3 {
		return ""
	}
	numbers := [3]string{"0", "0", "0"}
	for i, part := range parts {
		n, err := strconv.ParseUint(part, 10, 64)
		if err != nil {
			return ""
		}
		numbers[i] = strconv.FormatUint(n, 10)
	}
	v := "v" + strings.Join(numbers[:], ".") + rest
	if !semver.IsValid(v) {
		return ""
	}
	return v
}

// clip keeps foreign text short enough for a line.
func clip(s string) string {
	const most = 80
	if len(s) <= most {
		return s
	}
	end := most
	for end > most-utf8.UTFMax && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + "…"
}

func imageRules() []Rule {
	return []Rule{
		{"image.platforms", []Status{StatusFail}, "The image has every platform that the policy selects.", "build and push the platform, or take it out of the policy's platforms"},
		{"image.age", []Status{StatusStale}, "The image was built recently enough.", "rebuild the image from the current source and base, and push it with new provenance"},
		{"image.time", []Status{StatusError}, "There is a time from which the image's age counts.", "give a time with --at"},
		{"image.version", []Status{StatusMissing, StatusStale, StatusError}, "The image's version is not lower than the policy's lowest.", "deploy a later version; images say theirs in the label " + versionLabel},
		{"image.config", []Status{StatusError}, "The image's configuration was readable.", "this is the store or the network, not your artifact: look at the cause and try again"},
	}
}
