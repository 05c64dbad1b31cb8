// Package prose says what a policy asks in plain sentences.
package prose

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/carnet-project/carnet/verify/policy"
)

// A Paragraph is what one part of a policy says.
type Paragraph struct {
	Title     string
	Sentences []string
}

// Scope says what the images of a scope need under d, section by section, and what is not
// checked. The scope is one of d's.
func Scope(d *policy.Document, s *policy.Scope) []Paragraph {
	mode := d.Mode
	if s.Mode != "" {
		mode = s.Mode
	}
	all := []Paragraph{{"scope " + s.Name, []string{
		"It is for images that match " + or(s.Images) + ", and the first scope that matches applies.",
		map[policy.Mode]string{
			policy.ModeAudit: "It only reports: whatever it finds is let in (mode audit).",
			policy.ModeWarn:  "It warns: whatever it finds is let in, with warnings (mode warn).",
		}[mode],
	}}}
	if all[0].Sentences[1] == "" {
		all[0].Sentences[1] = "What does not meet it is kept out (mode enforce)."
	}
	asked := map[string]bool{}
	for _, r := range requires(d, s) {
		all = append(all, sections(d, r)...)
		for _, name := range r.Sections() {
			asked[name] = true
		}
	}
	all = append(all, exceptions(d)...)
	unchecked := slices.DeleteFunc(policy.Sections(), func(name string) bool { return asked[name] })
	if len(unchecked) > 0 {
		all = append(all, Paragraph{"not checked", []string{"Nothing is asked about: " + strings.Join(unchecked, ", ") + "."}})
	}
	return all
}

func requires(d *policy.Document, s *policy.Scope) []*policy.Require {
	if d.Baseline == nil {
		return []*policy.Require{&s.Require}
	}
	return []*policy.Require{d.Baseline, &s.Require}
}

func sections(d *policy.Document, r *policy.Require) []Paragraph {
	var all []Paragraph
	add := func(title string, c policy.Clause, sentences ...string) {
		if !c.EnforceFrom.IsZero() {
			sentences = append(sentences, "Before "+day(c.EnforceFrom)+" this only warns.")
		}
		all = append(all, Paragraph{title, slices.DeleteFunc(sentences, func(s string) bool { return s == "" })})
	}
	if c := r.Image; c != nil {
		add("image", c.Clause, image(c)...)
	}
	if c := r.Signatures; c != nil {
		add("signatures", c.Clause, signatures(c)...)
	}
	if c := r.Provenance; c != nil {
		add("provenance", c.Clause, provenance(d, c)...)
	}
	if c := r.Source; c != nil {
		add("source", c.Clause, source(c)...)
	}
	if c := r.Base; c != nil {
		add("base images", c.Clause, base(c)...)
	}
	if c := r.SBOM; c != nil {
		add("SBOM", c.Clause, sbom(c)...)
	}
	if c := r.Vulnerabilities; c != nil {
		add("vulnerabilities", c.Clause, vulnerabilities(c)...)
	}
	for _, c := range r.Checks {
		add("check "+c.Name, c.Clause, check(c)...)
	}
	for _, c := range r.Approvals {
		add("approval "+c.Name, c.Clause, approval(c)...)
	}
	if agree := agreement(r); agree != "" {
		add("agreement", policy.Clause{}, agree)
	}
	for _, c := range r.Rules {
		add("rule "+c.ID, c.Clause, "It must hold that "+c.Require+".", "Where it does not: "+c.Message+".", "Without accepted evidence for what it reads, it denies.")
	}
	return all
}

func agreement(r *policy.Require) string {
	switch {
	case r.Provenance == nil:
		return ""
	case r.Agree == nil:
		return "All accepted evidence must agree on the repository and the commit."
	case len(r.Agree) == 0:
		return "Evidence need not agree on where the image comes from."
	}
	return "All accepted evidence must agree on the " + and(r.Agree) + "."
}

func image(c *policy.ImageClause) []string {
	out := []string{"Every platform of an index is judged."}
	if len(c.Platforms) > 0 {
		out[0] = "It must have, and is judged for, the platforms " + and(c.Platforms) + "."
	}
	return append(out,
		when(c.MaxAge > 0, "It was built at most "+span(c.MaxAge)+" ago."),
		when(c.MinVersion != "", "Its version is at least "+c.MinVersion+"."))
}

func signatures(c *policy.SignaturesClause) []string {
	out := []string{"The index, and with it every platform in it, is signed by " + or(c.From) + "."}
	if c.Threshold > 1 {
		out[0] = fmt.Sprintf("The index, and with it every platform in it, is signed by %d different signers of %s.", c.Threshold, and(c.From))
	}
	return append(out,
		when(c.Log, "Each signature that counts is in a transparency log."),
		when(c.Timestamp, "Each signature that counts has a timestamp by a trusted authority."))
}

func provenance(d *policy.Document, c *policy.ProvenanceClause) []string {
	var pairs []string
	for _, name := range c.Builders {
		pairs = append(pairs, builder(d, name))
	}
	out := []string{"SLSA provenance says how each platform was built."}
	if len(pairs) > 0 {
		out[0] = "SLSA provenance says how each platform was built, and is by " + or(pairs) + "."
	}
	if c.Allow != nil {
		out = append(out, "A build may have no parameters but "+orNone(c.Allow)+".")
	}
	return append(out,
		when(c.MinLevel > 0, fmt.Sprintf("The build reaches at least SLSA level %d.", c.MinLevel)),
		when(len(c.Repositories) > 0, "It was built from "+or(c.Repositories)+"."),
		when(len(c.Refs) > 0, "It was built at "+or(c.Refs)+"."),
		when(c.SourceTrust == "predicate", "Where it comes from is taken from the provenance alone, which is worth level 2 at most."),
		when(len(c.Values) > 0, fmt.Sprintf("%d of its parameters have the values that are named.", len(c.Values))),
		when(c.Digests, "Everything that went into the build is named by its digest."),
		when(c.Hermetic, "The build had no network."))
}

func builder(d *policy.Document, name string) string {
	for _, b := range d.Builders {
		if b.Name != name {
			continue
		}
		id := b.Known
		if len(b.IDs) > 0 {
			id = or(b.IDs)
		}
		text := fmt.Sprintf("%s (the builder %s, signed by %s, worth level %d)", name, id, or(b.SignedBy), b.Level)
		if b.Covered {
			text += ", which need not be signed itself where the index is"
		}
		return text
	}
	return name
}

func source(c *policy.SourceClause) []string {
	return []string{
		when(len(c.From) > 0, "What is known of the commit is said by "+or(c.From)+"."),
		when(c.MinLevel > 0, fmt.Sprintf("The source reaches at least SLSA source level %d.", c.MinLevel)),
		when(len(c.Properties) > 0, "It has "+and(c.Properties)+"."),
		when(len(c.CommitsSignedBy) > 0, "The commit is signed by "+or(c.CommitsSignedBy)+"."),
	}
}

func base(c *policy.BaseClause) []string {
	has := map[policy.BaseEvidence]string{
		policy.BaseListed: "nothing more than to be on the list", policy.BaseSignature: "a signature", policy.BaseProvenance: "provenance",
		policy.BaseSummary: "a verification summary", policy.BaseSummaryOrProvenance: "a verification summary or provenance",
	}[c.Evidence]
	by := ""
	if len(c.From) > 0 {
		by = " by " + or(c.From)
	}
	return []string{
		"It is built on " + or(c.Allow) + ", as its layers prove.",
		when(has != "", "The base image has "+has+by+"."),
		when(c.MaxAge > 0, "The base image was built at most "+span(c.MaxAge)+" ago."),
		when(c.Depth > 1, fmt.Sprintf("The same is asked of its own base images, %d deep.", c.Depth)),
	}
}

func sbom(c *policy.SBOMClause) []string {
	return []string{
		"Every platform has a list of what is in it by " + or(c.From) + ".",
		when(c.Covered, "It may lie unsigned in an index that one of them signed."),
		when(len(c.Formats) > 0, "It is in the format "+or(c.Formats)+"."),
		when(c.Minimum != "" && c.Minimum != "none", "It has the minimum elements of "+c.Minimum+"."),
		when(c.Dependencies != "" && c.Dependencies != "any", "It tells "+c.Dependencies+" dependencies."),
		when(len(c.DenyLicenses) > 0, "Nothing in it has a licence of "+or(c.DenyLicenses)+"."),
		when(len(c.DenyPackages) > 0, "Nothing in it is "+or(c.DenyPackages)+"."),
	}
}

func vulnerabilities(c *policy.VulnerabilitiesClause) []string {
	out := []string{
		"Every platform was scanned for vulnerabilities at most " + span(c.MaxScanAge) + " ago, by " + or(c.From) + ".",
		when(len(c.Scanners) > 0, "There is a scan by each of "+and(c.Scanners)+"."),
		when(c.MaxDatabaseAge > 0, "The scanner's database was at most "+span(c.MaxDatabaseAge)+" old."),
	}
	for _, deny := range c.Deny {
		out = append(out, "None "+denied(deny)+".")
	}
	if len(c.VEXFrom) > 0 {
		out = append(out, "What "+or(c.VEXFrom)+" state not to be affected does not count"+when(c.VEXMaxAge > 0, ", for "+span(c.VEXMaxAge))+".")
	}
	return out
}

func denied(d policy.DenyVulnerability) string {
	var all []string
	add := func(yes bool, text string) {
		if yes {
			all = append(all, text)
		}
	}
	add(d.Severity != "", "is "+d.Severity+" or graver")
	add(d.Fixed != nil && *d.Fixed, "has a fix")
	add(d.Fixed != nil && !*d.Fixed, "has no fix")
	add(d.Exploited != nil && *d.Exploited, "is known to be exploited")
	add(d.Exploited != nil && !*d.Exploited, "is not known to be exploited")
	add(d.EPSS > 0, fmt.Sprintf("is exploited with a probability of %g or more", d.EPSS))
	add(d.Grace > 0, "was fixed more than "+span(d.Grace)+" ago")
	add(d.KnownFor > 0, "is known for more than "+span(d.KnownFor))
	if len(all) == 0 {
		return "is there at all"
	}
	return and(all)
}

func check(c policy.CheckClause) []string {
	about := "the commit that was built"
	if c.OnImage {
		about = "the image"
	}
	what := map[string]string{"test-result": "a test result that passed", "sarif": "a SARIF report", "scai": "an SCAI attestation", "predicate": "an attestation of type " + c.Predicate}[c.Type]
	level := c.DenyLevel
	if level == "" {
		level = "error"
	}
	return []string{
		"There is " + what + " about " + about + " by " + or(c.From) + ".",
		when(c.Type == "sarif", "It has no result of level "+level+" or graver."),
		when(c.MaxAge > 0, "It is at most "+span(c.MaxAge)+" old."),
	}
}

func approval(c policy.ApprovalClause) []string {
	how := "signed the image"
	if c.Property != "" {
		how = "stated " + c.Property + " of it"
	}
	return []string{
		fmt.Sprintf("At least %d of %s %s.", max(c.Count, 1), and(c.From), how),
		when(c.Environment != "", "It is for the environment "+c.Environment+"."),
		when(c.NotAuthor, "Who wrote the commit does not count."),
		when(c.NotTrigger, "Who started the build does not count."),
		when(c.MaxAge > 0, "It is at most "+span(c.MaxAge)+" old."),
	}
}

func exceptions(d *policy.Document) []Paragraph {
	var sentences []string
	for _, e := range d.Exceptions {
		what := strings.Join(slices.DeleteFunc([]string{e.Vulnerability, e.Package, e.Check}, func(s string) bool { return s == "" }), " ")
		sentences = append(sentences, strings.Join(strings.Fields(fmt.Sprintf("%s: %s %s may be broken by %s until %s, because %s (%s, %s).", e.ID, e.Rule, what, or(e.Images), day(e.Expires), e.Reason, e.Owner, e.Ticket)), " "))
	}
	if len(sentences) == 0 {
		return nil
	}
	return []Paragraph{{"exceptions", sentences}}
}

func when(yes bool, text string) string {
	if yes {
		return text
	}
	return ""
}

func or(all []string) string  { return join(all, "or", "anybody who is trusted") }
func and(all []string) string { return join(all, "and", "all") }

func orNone(all []string) string { return join(all, "or", "none") }

func join(all []string, word, none string) string {
	switch len(all) {
	case 0:
		return none
	case 1:
		return all[0]
	}
	return strings.Join(all[:len(all)-1], ", ") + " " + word + " " + all[len(all)-1]
}

// span is a duration in the words of a policy.
func span(d time.Duration) string {
	for _, unit := range []struct {
		of   time.Duration
		name string
	}{{24 * time.Hour, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}} {
		if d >= unit.of && d%unit.of == 0 {
			if n := d / unit.of; n != 1 {
				return fmt.Sprintf("%d %ss", n, unit.name)
			}
			return "1 " + unit.name
		}
	}
	return d.String()
}

func day(t time.Time) string { return t.UTC().Format("2006-01-02") }
