package policy

import (
	"fmt"
	"slices"
	"strings"

	packageurl "github.com/package-url/packageurl-go"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/predicate"
	"github.com/carnet-project/carnet/sbom"
	"github.com/carnet-project/carnet/verify"
)

// sbom asks for a list of what is inside each platform. Every condition holds of one and
// the same document; where none meets them all, the one that comes nearest is told.
func (b *bench) sbom(r *SBOMClause) {
	if r == nil {
		return
	}
	b.row(r.Clause, sbomRequirement(), r.From, func(cell *Cell) {
		listings := b.listings(cell, r)
		if len(listings) == 0 {
			b.missing(cell, r.Clause)
			return
		}
		if r.presence() {
			return
		}
		var best []Finding
		var chosen *verify.Evidence
		for _, l := range listings {
			findings := b.contents(cell, r, l)
			if chosen == nil || unmetOf(findings) < unmetOf(best) {
				best, chosen = findings, l.by
			}
		}
		cell.Evidence = []*verify.Evidence{chosen}
		for _, f := range best {
			f.Evidence = chosen.Bundle()
			b.find(cell, r.Clause, f)
		}
	})
}

// presence says whether the clause asks for nothing but that there is an SBOM, which is
// what flags ask: nothing is read then.
func (r *SBOMClause) presence() bool {
	nothing := len(r.From) == 0 && !r.Covered && len(r.Formats) == 0 && (r.Minimum == "" || r.Minimum == "none") && r.Dependencies == "" && len(r.DenyLicenses) == 0 && len(r.DenyPackages) == 0
	return r.present || nothing
}

func unmetOf(findings []Finding) int {
	n := 0
	for _, f := range findings {
		if !f.Status.Allows() {
			n++
		}
	}
	return n
}

// document is what a piece of evidence lists.
func (b *bench) document(e *verify.Evidence) (*sbom.Document, error) {
	return remember(b.c.Facts, e, "sbom", e.SBOM)
}

// A listing is an SBOM and the evidence that vouches for it.
type listing struct {
	by *verify.Evidence
	// what tells it from others that the same evidence vouches for, and read reads it.
	what string
	read func() (*sbom.Document, error)
}

// listings are the SBOMs of the cell's node: those that are signed, and, if the clause says
// so, those that lie unsigned in an index which one who is accepted signed.
func (b *bench) listings(cell *Cell, r *SBOMClause) []listing {
	var all []listing
	for _, e := range cell.Evidence {
		all = append(all, listing{e, "sbom", e.SBOM})
	}
	if !r.Covered {
		return all
	}
	for _, c := range b.c.Covered {
		if c.Statement == nil || predicate.ClassOf(c.Statement.PredicateType()) != predicate.SBOM || !c.about(cell.Node.Digest) {
			continue
		}
		for _, e := range b.coverings(cell, c) {
			if b.accepted(e, r.From) != nil {
				continue // a signature by somebody else says nothing of the statement
			}
			what := "covered sbom " + attest.SHA256(c.Statement.Bytes()).String()
			all = append(all, listing{e, what, func() (*sbom.Document, error) {
				if err := predicate.Validate(c.Statement.PredicateType(), c.Statement.Predicate()); err != nil {
					return nil, err
				}
				return sbom.Parse(c.Statement.Predicate())
			}})
			break
		}
	}
	return all
}

// contents judges one document.
func (b *bench) contents(cell *Cell, r *SBOMClause, l listing) []Finding {
	doc, err := remember(b.c.Facts, l.by, l.what, l.read)
	if err != nil {
		return []Finding{{Rule: "sbom.format", Status: StatusFail, Expected: "an SBOM that can be read", Found: err.Error()}}
	}
	findings := []Finding{b.describes(cell, doc)}
	key := l.what + fmt.Sprintf(" %q %q %q %q %q", r.Formats, r.Minimum, r.Dependencies, r.DenyLicenses, r.DenyPackages)
	rest, _ := remember(b.c.Facts, l.by, key, func() ([]Finding, error) { return r.listed(doc), nil })
	return append(findings, rest...)
}

// met is the finding of a rule that holds, or else of how it does not.
func met(holds bool, rule, expected, found string) Finding {
	f := Finding{Rule: rule, Status: StatusPass, Expected: expected, Found: found}
	if !holds {
		f.Status = StatusFail
	}
	return f
}

// listed judges what the document lists. It does not depend on the case.
func (r *SBOMClause) listed(doc *sbom.Document) []Finding {
	own := 0
	for i := range doc.Packages {
		if doc.Describes(&doc.Packages[i]) {
			own++
		}
	}
	name := fmt.Sprintf("%s %s", doc.Format, doc.SpecVersion)
	findings := []Finding{met(doc.PackageCount > own, "sbom.empty", "packages beside the described thing", fmt.Sprintf("%s in the %s document", plural(doc.PackageCount-own, "package"), name))}
	if len(r.Formats) > 0 {
		findings = append(findings, r.format(doc.Header, name))
	}
	if r.Minimum != "" && r.Minimum != "none" {
		findings = append(findings, r.minimum(doc))
	}
	if r.Dependencies != "" {
		findings = append(findings, r.dependencies(doc))
	}
	if len(r.DenyLicenses) > 0 {
		findings = append(findings, r.licences(doc))
	}
	if len(r.DenyPackages) > 0 {
		findings = append(findings, r.packages(doc))
	}
	return findings
}

func (r *SBOMClause) format(h sbom.Header, name string) Finding {
	expected := "format " + strings.Join(r.Formats, " or ")
	for _, text := range r.Formats {
		wanted, err := sbom.ParseRange(text)
		if err != nil {
			return Finding{Rule: "sbom.format", Status: StatusError, Expected: "formats that can be compared", Found: err.Error()}
		}
		if wanted.Has(h) {
			return met(true, "sbom.format", expected, name)
		}
	}
	return met(false, "sbom.format", expected, name)
}

func (r *SBOMClause) minimum(doc *sbom.Document) Finding {
	gaps, err := sbom.Minimum(r.Minimum).Gaps(doc)
	if err != nil {
		return Finding{Rule: "sbom.fields", Status: StatusError, Expected: "a minimum that is known", Found: err.Error()}
	}
	var missing []string
	for _, g := range gaps {
		missing = append(missing, g.String())
	}
	found := "all of them"
	if len(gaps) > 0 {
		found = "missing: " + strings.Join(missing, "; ")
	}
	return met(len(gaps) == 0, "sbom.fields", "the minimum elements of "+r.Minimum, found)
}

func (r *SBOMClause) dependencies(doc *sbom.Document) Finding {
	least := map[string]sbom.Depth{"any": sbom.Some, "direct": sbom.Direct, "transitive": sbom.Transitive}[r.Dependencies]
	expected := map[sbom.Depth]string{
		sbom.Some: "relations between packages", sbom.Direct: "what the described thing depends on or contains", sbom.Transitive: "what every package depends on, from the described thing on",
	}[least]
	depth := doc.Dependencies()
	found := map[sbom.Depth]string{
		sbom.Flat: "no relations", sbom.Some: "relations between packages, and none of the described thing", sbom.Direct: "direct dependencies, and not all further ones", sbom.Transitive: "the whole graph",
	}[depth]
	if least == 0 {
		return Finding{Rule: "sbom.dependencies", Status: StatusError, Expected: "any, direct or transitive", Found: r.Dependencies}
	}
	return met(depth >= least, "sbom.dependencies", expected, found)
}

// mostNamed is how many packages a finding names.
const mostNamed = 5

func (r *SBOMClause) licences(doc *sbom.Document) Finding {
	deny, err := denyLicences(r.DenyLicenses)
	if err != nil {
		return Finding{Rule: "sbom.licenses", Status: StatusError, Expected: "licences that can be compared", Found: err.Error()}
	}
	var names []string
	judged := map[string]string{}
	for i := range doc.Packages {
		p := &doc.Packages[i]
		for _, l := range p.Licenses {
			by, known := judged[l]
			if !known {
				by = deny.deny(l)
				judged[l] = by
			}
			if by != "" {
				names = append(names, titled(p)+" ("+clip(l)+")")
				break
			}
		}
	}
	return met(len(names) == 0, "sbom.licenses", "no package under "+strings.Join(r.DenyLicenses, ", "), none(names))
}

func (r *SBOMClause) packages(doc *sbom.Document) Finding {
	deny, err := purlPatterns(r.DenyPackages)
	if err != nil {
		return Finding{Rule: "sbom.packages", Status: StatusError, Expected: "package URLs that can be compared", Found: err.Error()}
	}
	var names []string
	seen := map[string]bool{}
	for _, packages := range [][]sbom.Package{doc.Packages, doc.Described} {
		for i := range packages {
			p := &packages[i]
			is := func(id string) bool { return strings.HasPrefix(strings.ToLower(id), "pkg:") && denied(deny, id) != "" }
			if name := titled(p); (is(p.PURL) || slices.ContainsFunc(p.Identifiers, is)) && !seen[name] {
				seen[name] = true
				names = append(names, name)
			}
		}
	}
	return met(len(names) == 0, "sbom.packages", "none of "+strings.Join(r.DenyPackages, ", "), none(names))
}

func titled(p *sbom.Package) string {
	switch {
	case p.PURL != "":
		return clip(p.PURL)
	case p.Version != "":
		return clip(p.Name + " " + p.Version)
	}
	return clip(p.Name)
}

func none(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return list(names, mostNamed)
}

// describes judges whether the document is about the node: where it names an image's
// digest at all, it is the node's or that of an index which lists it.
func (b *bench) describes(cell *Cell, doc *sbom.Document) Finding {
	node := cell.Node.Digest
	expected := "an SBOM of " + node.String()
	var named []string
	for i := range doc.Described {
		named = append(named, imageDigests(&doc.Described[i])...)
	}
	for _, d := range named {
		for _, n := range b.c.Artifact.Path(node) {
			if n.Digest.String() == d {
				return met(true, "sbom.subject", expected, "it names "+d)
			}
		}
	}
	if len(named) > 0 {
		return met(false, "sbom.subject", expected, "it names "+list(named, mostNamed))
	}
	return met(true, "sbom.subject", expected, "it names no digest; the attestation does")
}

// imageDigests are the digests of images that a described thing is said to be.
func imageDigests(p *sbom.Package) []string {
	var named []string
	add := func(d string) {
		if strings.HasPrefix(d, "sha256:") && len(d) == len("sha256:")+64 && !slices.Contains(named, d) {
			named = append(named, d)
		}
	}
	add(p.Version)
	for _, id := range append([]string{p.PURL}, p.Identifiers...) {
		if purl, err := packageurl.FromString(id); err == nil && (purl.Type == "oci" || purl.Type == "docker") {
			add(purl.Version)
		}
	}
	return named
}

func sbomRules() []Rule {
	const regenerate = "make the SBOM again, of this very digest: carnet sbom IMAGE, and attest it"
	return []Rule{
		{"sbom.missing", []Status{StatusMissing}, "Each platform has an SBOM.", regenerate + "; after copying an image, copy its referrers too"},
		{"sbom.identity", []Status{StatusUntrusted}, "An accepted identity made the SBOM.", "have an accepted identity attest it, or add the signer found to the section's from if it is meant"},
		{"sbom.proof", []Status{StatusUntrusted}, "Whoever must vouch for the signature of the SBOM does.", "attest it again with a transparency log and a timestamp authority"},
		{"sbom.invalid", []Status{StatusInvalid}, "The signature of the SBOM is good and over this digest.", "do not use it: the evidence is for another artifact or was changed; find out how it came here"},
		{"sbom.format", []Status{StatusFail, StatusError}, "The SBOM is of an accepted format and version, and is well-formed.", "write it in an accepted format and version"},
		{"sbom.empty", []Status{StatusFail}, "The SBOM lists packages.", regenerate + "; a scanner that finds nothing may not know the image's package manager"},
		{"sbom.subject", []Status{StatusFail}, "The SBOM is about this image, where it names one.", regenerate},
		{"sbom.fields", []Status{StatusFail, StatusError}, "The SBOM has the minimum elements.", "have the generator write the missing elements, or complete them before attesting"},
		{"sbom.dependencies", []Status{StatusFail, StatusError}, "The SBOM says what depends on what, as deeply as wanted.", "use a generator that reads the lock files or build graph"},
		{"sbom.licenses", []Status{StatusFail, StatusError}, "No package has a licence that is denied.", "replace the packages named, or correct their licence if it is wrong"},
		{"sbom.packages", []Status{StatusFail, StatusError}, "No package is one that is denied.", "remove or update the packages named"},
	}
}
