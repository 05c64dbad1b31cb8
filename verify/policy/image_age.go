package policy

import (
	"fmt"
	"time"

	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/attest/predicate"
	"github.com/carnet-project/carnet/verify"
)

// A built is a time by which a node had been built, and who says so.
type built struct {
	at   time.Time
	by   string
	from *verify.Evidence
}

// young holds a node's age, in whole sections "image" or "base", to a bound.
//
// Each accepted piece of provenance that has a trusted time says when the image had been
// built. One without, and an image for which no provenance is asked, leaves it to what the
// configuration claims, which the digest covers. Reproducible builds write a fixed time
// there, and then the newest trusted time of a signature counts. The youngest of these
// counts, so that hiding any of them can only make the image older.
func (b *bench) young(cell *Cell, clause Clause, section string, most time.Duration) {
	if b.c.At.IsZero() {
		b.find(cell, clause, timeless(section))
		return
	}
	expected := "built in the " + age(most) + " before " + day(b.c.At)
	newest, problem := b.builtAt(cell.Node)
	switch {
	case newest.at.IsZero() && problem.Rule != "":
		problem.Rule = section + "." + problem.Rule
		b.find(cell, clause, problem)
		return
	case newest.at.IsZero():
		b.find(cell, clause, Finding{Rule: section + ".age", Status: StatusStale, Expected: expected, Found: "nothing that says when it was built: " + problem.Found})
		return
	}
	f := Finding{Rule: section + ".age", Status: StatusPass, Expected: expected, Found: fmt.Sprintf("built %s ago, %s, by %s", age(b.c.At.Sub(newest.at)), day(newest.at), newest.by)}
	if newest.from != nil {
		f.Evidence, cell.Evidence = newest.from.Bundle(), append(cell.Evidence, newest.from)
	}
	if b.c.At.Sub(newest.at) > most {
		f.Status = StatusStale
	}
	b.find(cell, clause, f)
}

// builtAt is the latest of the times by which the node had been built. Without one, the
// finding has what stands in the way.
func (b *bench) builtAt(node artifact.Artifact) (built, Finding) {
	var newest built
	keep := func(x built) {
		if x.at.After(newest.at) && !x.at.After(b.c.At.Add(skew)) {
			newest = x
		}
	}
	provenance, signatures := b.builtBy(node)
	claimed := !b.asksProvenance()
	for _, e := range provenance {
		claimed = claimed || e.SignedAt().IsZero()
		keep(built{e.SignedAt(), "the trusted time of its provenance", e})
	}
	if !claimed {
		return newest, Finding{Found: "there is no accepted provenance"}
	}
	config, problem := b.config(node)
	if problem == nil && plausible(config.Created, b.c.At) {
		keep(built{config.Created, "its configuration", nil})
		return newest, Finding{}
	}
	for _, e := range signatures {
		keep(built{e.SignedAt(), "the trusted time of a signature", e})
	}
	switch {
	case problem != nil:
		return newest, *problem
	case config.Created.IsZero():
		return newest, Finding{Found: "its configuration does not say, and no signature has a trusted time"}
	}
	return newest, Finding{Found: "its configuration claims " + day(config.Created) + ", and no signature has a trusted time"}
}

// builtBy is the accepted evidence whose trusted times tell of a node's build.
func (b *bench) builtBy(node artifact.Artifact) (provenance, signatures []*verify.Evidence) {
	if !b.isBase() {
		return b.selected(node, RequireProvenance), b.selected(node, RequireSignature)
	}
	for _, e := range b.selected(node, requireBaseImage) {
		switch {
		case e.Kind() == verify.KindSignature:
			signatures = append(signatures, e)
		case predicate.ClassOf(e.PredicateType()) == predicate.Provenance:
			provenance = append(provenance, e)
		}
	}
	return provenance, signatures
}

// skew is by how much clocks may differ.
const skew = 5 * time.Minute

// plausible says whether a claimed time of creation can be one: reproducible builds write the
// beginning of Unix time or of the zip format, and nobody builds in the future.
func plausible(created, now time.Time) bool {
	return created.After(time.Date(1981, 1, 1, 0, 0, 0, 0, time.UTC)) && !created.After(now.Add(skew))
}

// age is a duration as a policy has it: whole days, hours or minutes.
func age(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return plural(int(d/(24*time.Hour)), "day")
	case d >= 2*time.Hour:
		return plural(int(d/time.Hour), "hour")
	}
	return plural(int(d/time.Minute), "minute")
}
