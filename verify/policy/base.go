package policy

import (
	"fmt"
	"slices"

	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/attest/predicate"
	"github.com/carnet-project/carnet/verify"
	"github.com/carnet-project/carnet/verify/internal/glob"
)

// The annotations by which an image says what it is built on (OCI image specification 1.1,
// annotations.md). Nobody vouches for them.
const (
	baseNameAnnotation   = "org.opencontainers.image.base.name"
	baseDigestAnnotation = "org.opencontainers.image.base.digest"
)

// RequireBase is the name of the requirement about base images.
const RequireBase = "base"

// requireBaseImage is what the evidence of a base image is called in a matrix of its own.
const requireBaseImage = "base image"

// scratch is the empty base image, as an allow list names it.
const scratch = "scratch"

// base asks which images the image is built on, and what is known of them.
func (b *bench) base(r *BaseClause) {
	if r == nil {
		return
	}
	requirement := Requirement{name: RequireBase, rule: "base", what: "provenance that names the base images", classes: []predicate.Class{predicate.Provenance}, spread: platforms, selection: SelectAny}
	for _, node := range b.runnable() {
		b.single(r.Clause, requirement, node, func(cell *Cell) { b.founded(cell, r) })
	}
}

// founded judges what a node is built on: by each piece of accepted provenance, of which one
// that is met is enough, as everywhere.
func (b *bench) founded(cell *Cell, r *BaseClause) {
	if cell.Node.Kind != artifact.KindImage {
		b.find(cell, r.Clause, unknownBase("an artifact that is no image"))
		return
	}
	image, problem := b.config(cell.Node)
	if problem != nil {
		problem.Rule = "image." + problem.Rule
		b.find(cell, r.Clause, *problem)
		return
	}
	origins := b.origins(cell.Node, r)
	if len(origins) == 0 {
		f := unknownBase("no accepted provenance that says it")
		f.Follows = b.causeOf(cell.Node, RequireProvenance)
		b.find(cell, r.Clause, f)
		return
	}
	var best *descent
	for _, o := range origins {
		d := &descent{bench: b, clause: r, node: cell.Node, image: image, origin: o}
		d.judge()
		if best == nil || d.unmet() < best.unmet() {
			best = d
		}
		if best.unmet() == 0 {
			break
		}
	}
	for _, f := range best.findings {
		b.find(cell, r.Clause, f)
	}
	cell.Evidence, cell.Candidates = best.evidence, len(origins)
}

// causeOf is the rule for which the node has nothing that meets a requirement.
func (b *bench) causeOf(node artifact.Artifact, requirement string) string {
	for _, cell := range b.cells {
		if cell.Requirement.name != requirement || cell.Node.Digest != node.Digest {
			continue
		}
		for _, f := range cell.Findings {
			if !f.Status.Allows() {
				return f.Rule
			}
		}
	}
	return ""
}

func unknownBase(found string) Finding {
	return Finding{Rule: "base.unknown", Status: StatusMissing, Expected: "the base images, each by its digest", Found: found}
}

// An origin is what says what an image is built on: a piece of provenance, or, with none, the
// image's own annotations alone.
type origin struct {
	evidence *verify.Evidence
	// images are the images among its materials.
	images []BaseImage
	err    error
}

// origins are the accepted pieces of provenance of the node: those that the section about it
// has selected. Where no section asks for provenance, it is what any identity of the policy
// signed, and the annotations are an origin too.
func (b *bench) origins(node artifact.Artifact, r *BaseClause) []origin {
	var all []origin
	if b.asksProvenance() {
		for _, e := range b.selected(node, RequireProvenance) {
			if e.Kind() == verify.KindSignature {
				all = append(all, b.coveredOrigins(node, e)...)
				continue
			}
			all = append(all, b.originOf(e))
		}
		return all
	}
	from := b.everybody()
	if b.isBase() {
		from = b.from(r)
	}
	for _, e := range b.c.Evidence {
		if predicate.ClassOf(e.PredicateType()) == predicate.Provenance && b.onPath(e, node) && b.accepted(e, from) == nil {
			all = append(all, b.originOf(e))
		}
	}
	return append(all, origin{})
}

// everybody are all identities of the document; none where it has none.
func (b *bench) everybody() []string {
	var names []string
	for _, i := range b.doc.Identities {
		names = append(names, i.Name)
	}
	return names
}

// from is who may vouch for a base image.
func (b *bench) from(r *BaseClause) []string {
	if len(r.From) > 0 {
		return r.From
	}
	return b.everybody()
}

func (b *bench) onPath(e *verify.Evidence, node artifact.Artifact) bool {
	return !e.Subject().IsZero() && slices.ContainsFunc(b.c.Artifact.Path(node.Digest), func(n artifact.Artifact) bool { return n.Digest == e.Subject() })
}

// A descent is what one origin says of one image, judged.
type descent struct {
	*bench
	clause   *BaseClause
	node     artifact.Artifact
	image    Image
	origin   origin
	findings []Finding
	evidence []*verify.Evidence
}

func (d *descent) unmet() int {
	n := 0
	for _, f := range d.findings {
		if !f.Status.Allows() {
			n++
		}
	}
	return n
}

func (d *descent) add(f Finding) {
	if f.Evidence.IsZero() && d.origin.evidence != nil {
		f.Evidence = d.origin.evidence.Bundle()
	}
	d.findings = append(d.findings, f)
}

// platform is the platform of the image.
func (d *descent) platform() string {
	if d.node.Platform != "" {
		return d.node.Platform
	}
	return d.image.Platform
}

// judge judges the base images that the origin and the image's annotations name.
//
// The materials of a build in stages hold the images of all stages, and only one of them is
// shipped: the one whose layers lie below the image's. So where the layers prove any, those
// count that are proven, and those of which nobody could tell. Where they prove none, as in
// a squashed image, all count.
func (d *descent) judge() {
	if d.origin.evidence != nil {
		d.evidence = append(d.evidence, d.origin.evidence)
	}
	if d.origin.err != nil {
		d.add(unknownBase(d.origin.err.Error()))
		return
	}
	candidates, pinned := d.candidates()
	for _, c := range candidates {
		if c.Digest.IsZero() {
			d.add(unknownBase(c.Name + " without a digest"))
		}
	}
	if len(candidates) == 0 {
		d.nothing(pinned)
		return
	}
	counted := d.counted(candidates)
	for i, c := range candidates {
		if c.claim {
			d.claimed(c, d.prove(c))
		}
		if counted[i] {
			d.vet(c, d.prove(c))
		}
	}
}

// counted says which of the candidates count.
func (d *descent) counted(candidates []baseCandidate) []bool {
	proven := slices.ContainsFunc(candidates, func(c baseCandidate) bool { return d.prove(c) == proofLayers })
	counts := make([]bool, len(candidates))
	for i, c := range candidates {
		counts[i] = !c.Digest.IsZero() && (!proven || d.prove(c) != proofNone)
	}
	return counts
}

// nothing judges an image of which nothing names a base. That it has none is believed where
// the allow list says so, of provenance that names no image at all.
func (d *descent) nothing(claim string) {
	switch {
	case claim != "":
		d.add(unknownBase("the annotation " + baseNameAnnotation + " alone: " + claim + " without a digest"))
	case d.origin.evidence != nil && slices.Contains(d.clause.Allow, scratch):
		d.add(Finding{Rule: "base.listed", Status: StatusPass, Expected: d.allowed(), Found: "no image among the materials: " + scratch})
	case d.origin.evidence != nil:
		d.add(unknownBase("provenance that names no image among its materials"))
	default:
		d.add(unknownBase("no accepted provenance and no annotation that says it"))
	}
}

// A baseCandidate is an image that may be the base.
type baseCandidate struct {
	BaseImage
	// named says that provenance names it, and claim that the image's annotations do.
	named, claim bool
}

// candidates are the images among the origin's materials and the one that the annotations
// name. A claim without a digest is given as text: it can't be held to anything.
func (d *descent) candidates() (all []baseCandidate, unpinned string) {
	for _, m := range d.origin.images {
		m.Platform = d.platform()
		all = append(all, baseCandidate{BaseImage: m, named: true})
	}
	claim, pinned := ClaimedBase(d.image.Annotations)
	if !pinned {
		return all, clip(d.image.Annotations[baseNameAnnotation])
	}
	for i := range all {
		if all[i].Digest == claim.Digest {
			all[i].claim = true
			return all, ""
		}
	}
	claim.Platform = d.platform()
	return append(all, baseCandidate{BaseImage: claim, claim: true}), ""
}

// claimed holds what the annotations claim to the layers.
func (d *descent) claimed(c baseCandidate, p proof) {
	f := Finding{Rule: "base.layers", Expected: fmt.Sprintf("the layers of the base image that its annotations name, %s, below its own", c)}
	switch p {
	case proofLayers:
		f.Status, f.Found = StatusPass, "they are"
	case proofNone:
		f.Status, f.Found = StatusFail, "other layers: the annotation "+baseDigestAnnotation+" is false"
	default:
		if !c.named && !d.lists(c.Name) {
			return // that it is not allowed is enough, and it is not looked at
		}
		f.Rule, f.Status, f.Found = "base.unread", StatusError, d.unread(c.BaseImage)
	}
	d.add(f)
}

// vet asks of one base image what the clause asks of all.
func (d *descent) vet(c baseCandidate, p proof) {
	listed := Finding{Rule: "base.listed", Status: StatusPass, Expected: d.allowed(), Found: c.String() + p.String()}
	if !d.lists(c.Name) {
		listed.Status = StatusFail
	}
	if len(d.clause.Allow) > 0 {
		d.add(listed)
	}
	if !d.clause.looks() {
		return
	}
	base, known := d.known(c)
	if !known || base.Shallow {
		d.add(Finding{Rule: "base.unread", Status: StatusError, Expected: "the base image " + c.String() + " readable", Found: d.unread(c.BaseImage)})
		return
	}
	d.descendInto(c.BaseImage, base)
}

// looks says whether the base images themselves have to be read.
func (r *BaseClause) looks() bool {
	return r.Evidence != BaseListed && r.Evidence != "" || r.MaxAge > 0 || r.Depth > 1
}

// lists says whether the allow list has the name of a repository.
func (d *descent) lists(name string) bool {
	if len(d.clause.Allow) == 0 {
		return true
	}
	return slices.ContainsFunc(d.clause.Allow, func(pattern string) bool {
		filled, err := glob.Fill(pattern, d.captured)
		if err != nil {
			return false
		}
		for _, p := range []string{filled, repositoryName(filled)} {
			if g, err := glob.Compile(p); err == nil && g.Match(name) {
				return true
			}
		}
		return false
	})
}

func (d *descent) allowed() string {
	if len(d.clause.Allow) == 0 {
		return "a base image"
	}
	return "a base image of " + list(d.clause.Allow, 3)
}

func baseRules() []Rule {
	return []Rule{
		{"base.unknown", []Status{StatusMissing}, "Accepted provenance, or the annotations and the layers, say which images it is built on, by digest.", "build with provenance that lists the base images with digests, as BuildKit's does, or pin them in the Dockerfile: FROM name@sha256:…"},
		{"base.listed", []Status{StatusFail}, "Every base image is of the allow list.", "build on a base image that the policy allows, or ask the policy's owner to allow this one"},
		{"base.layers", []Status{StatusFail}, "The image has the layers of the base image that its annotations claim.", "do not set the annotation by hand: let the build write it, or leave it out"},
		{"base.unverified", []Status{StatusMissing, StatusFail, StatusUntrusted, StatusInvalid, StatusStale, StatusError}, "Every base image has evidence of its own by an accepted identity.", "build on a base image that its publisher signs or attests, or add the publisher to the identities that the section accepts"},
		{"base.age", []Status{StatusStale}, "Every base image is recent.", "rebuild on the newest base image"},
		{"base.time", []Status{StatusError}, "There is a time from which the age of a base image counts.", "give a time with --at"},
		{"base.unread", []Status{StatusError}, "The base images could be read.", "this is the store or the network: log in to the base image's registry, look at the cause and try again"},
		{"base.config", []Status{StatusError}, "The configurations of base images were readable.", "this is the store or the network: look at the cause and try again"},
	}
}
