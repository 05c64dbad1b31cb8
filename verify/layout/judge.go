package layout

import (
	"cmp"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/verify"
	"github.com/carnet-project/carnet/verify/key"
)

const (
	// MaxLinks bounds the files that are looked at.
	MaxLinks = 20_000
	// maxChecks bounds the signatures that are checked for all links, and maxWork how
	// often a rule is held against an artifact.
	maxChecks = 100_000
	maxWork   = 50_000_000
	// maxTold bounds the artifacts that findings name for one rule.
	maxTold = 10
)

// A Verification is what products are held against.
type Verification struct {
	// Layout is the layout's file.
	Layout []byte
	// Owners are those who are trusted to say how it is done. All of them must have signed
	// the layout, or as many different keys as Threshold says if that is more than zero.
	Owners    []Owner
	Threshold int
	// Links are the files that may be links, in any order.
	Links []Link
	// Parameters are the values of {name} in the layout.
	Parameters map[string]string
	// ProductOf is the step that delivers the products; "" is the layout's last.
	ProductOf string
	// At is the time for which is judged.
	At time.Time
}

// A Product is a file that is to be judged, by its digests of sha256, sha384 or sha512. Its
// name is decoration.
type Product struct {
	Name    string
	Digests []attest.Digest
}

// Judge follows the layout (in-toto specification 1.0, 5.2) and says whether each product
// is what the supply chain that it describes has delivered. It never returns an error: what
// can't be read denies.
func (v Verification) Judge(products ...Product) Verdict {
	verdict := Verdict{Layout: attest.SHA256(v.Layout), At: v.At}
	for _, p := range products {
		verdict.Products = append(verdict.Products, Judged{Product: p})
	}
	d, err := Parse(v.Layout)
	if err != nil {
		verdict.find(Finding{Rule: RuleUnreadable, Expected: "a layout in strict JSON", Found: err.Error(), Fix: "get the layout again from its owners; what is read in two ways is not read"})
		return verdict
	}
	if !v.owned(d, &verdict) {
		return verdict
	}
	parameters := v.Parameters
	if parameters == nil {
		parameters = map[string]string{}
	}
	p := newPlan(d.layout, parameters)
	verdict.Expires, verdict.Notes = p.expires, append(verdict.Notes, p.notes...)
	switch {
	case v.At.IsZero():
		verdict.find(Finding{Rule: RuleExpired, Expected: "a time for which is judged", Found: "none", Fix: "say for when: a layout ends"})
	case v.At.After(p.expires) && !p.expires.IsZero():
		verdict.find(Finding{Rule: RuleExpired, Expected: "a layout that has not ended at " + stamp(v.At), Found: "it ended at " + stamp(p.expires), Fix: "get the current layout from its owners, or have them sign it with a later expiry"})
	}
	verdict.Findings = append(verdict.Findings, p.findings...)
	if slices.ContainsFunc(p.findings, func(f Finding) bool { return f.Rule != RuleInspection }) {
		return verdict
	}
	v.follow(p, &verdict, products)
	return verdict
}

func (v *Verdict) find(f Finding) { v.Findings = append(v.Findings, f) }

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// owned says whether those who are trusted signed the layout. Nothing of it is believed
// before.
func (v Verification) owned(d *Document, verdict *Verdict) bool {
	signed := map[attest.Digest]bool{}
	var missing []string
	for _, o := range v.Owners {
		good, bad := d.SignedBy(o)
		switch {
		case good && !signed[o.signer.Key]:
			signed[o.signer.Key] = true
			verdict.Owners = append(verdict.Owners, o.Signer())
		case !good && bad:
			verdict.find(Finding{Rule: RuleSignatureInvalid, Expected: "a signature by " + o.Signer().String() + " over this layout", Found: "one that names this key and does not match: the layout was changed after signing", Fix: "do not use it; get the layout again from its owners"})
			missing = append(missing, o.Signer().String())
		case !good:
			missing = append(missing, o.Signer().String())
		}
	}
	want := v.Threshold
	if want < 1 {
		want = len(distinct(v.Owners))
	}
	if want > 0 && len(signed) >= want {
		// Enough of them signed; that another's signature is broken is told and denies nothing
		// where a threshold says that not all are needed.
		if v.Threshold > 0 {
			for _, f := range verdict.Findings {
				verdict.Notes = append(verdict.Notes, "not needed: "+f.Expected+"; there is "+f.Found)
			}
			verdict.Findings = nil
		}
		return len(verdict.Findings) == 0
	}
	found := "none"
	if len(missing) > 0 {
		found = fmt.Sprintf("%d; not by %s", len(signed), strings.Join(missing, ", "))
	}
	expected := fmt.Sprintf("signatures of the layout by %d of %d owners", want, len(distinct(v.Owners)))
	if len(v.Owners) == 0 {
		expected = "an owner whose signature is trusted, of which none was named"
	}
	verdict.find(Finding{Rule: RuleSignature, Expected: expected, Found: found, Fix: "have the layout signed: carnet attest layout sign --key KEY LAYOUT"})
	return false
}

func distinct(owners []Owner) map[attest.Digest]bool {
	keys := map[attest.Digest]bool{}
	for _, o := range owners {
		keys[o.signer.Key] = true
	}
	return keys
}

// follow reads the links and holds steps and products against the layout.
func (v Verification) follow(p *plan, verdict *Verdict, products []Product) {
	perStep, ok := v.read(p, verdict)
	if !ok {
		return
	}
	steps := map[string]transit{}
	for _, s := range p.steps {
		told := Step{Name: s.name, Threshold: s.threshold}
		links := perStep[s.name]
		t := s.count(links, verdict, &told)
		steps[s.name] = t
		told.Materials, told.Products = len(t.materials), len(t.products)
		verdict.Steps = append(verdict.Steps, told)
	}
	if len(verdict.Findings) == 0 || onlyInspections(verdict.Findings) {
		if !p.apply(steps, verdict) {
			return
		}
	}
	v.deliver(p, steps, verdict, products)
	verdict.complete = true
}

func onlyInspections(all []Finding) bool {
	return !slices.ContainsFunc(all, func(f Finding) bool { return f.Rule != RuleInspection && f.Rule != RuleExpired })
}

// read verifies the links, and sorts those that count by step.
func (v Verification) read(p *plan, verdict *Verdict) (map[string][]*done, bool) {
	if len(v.Links) > MaxLinks {
		verdict.find(bound(fmt.Sprintf("at most %d links", MaxLinks), fmt.Sprintf("%d", len(v.Links))))
		return nil, false
	}
	p.index()
	perStep := map[string][]*done{}
	tampered := map[string][]string{}
	files := slices.SortedFunc(slices.Values(v.Links), func(a, b Link) int { return strings.Compare(a.Name, b.Name) })
	for _, l := range files {
		if p.checks > maxChecks {
			verdict.find(bound(fmt.Sprintf("at most %d signatures to check", maxChecks), "more, in "+plural(len(v.Links), "link")))
			return nil, false
		}
		d, err := p.counted(l)
		var a *aside
		if errors.As(err, &a) {
			verdict.Aside = append(verdict.Aside, Aside{File: l.Name, Reason: a.reason, Why: a.why})
			if a.reason == verify.ReasonSignatureInvalid && p.byName[a.step] != nil {
				tampered[a.step] = append(tampered[a.step], l.Name)
			}
			continue
		}
		perStep[d.step] = append(perStep[d.step], d)
	}
	for _, s := range p.steps {
		if len(tampered[s.name]) > 0 && len(byKey(perStep[s.name])) < s.threshold {
			verdict.find(Finding{Rule: RuleLinkInvalid, Step: s.name, Expected: "links as their functionaries signed them", Found: quoted(tampered[s.name]) + ", which name a functionary and do not match its signature", Fix: "do not use the products; get the links again from who did the step"})
		}
	}
	return perStep, true
}

func bound(expected, found string) Finding {
	return Finding{Rule: RuleBound, Expected: expected, Found: found, Fix: "keep the links of one run in a folder of their own"}
}

// index prepares the keys for many links.
func (p *plan) index() {
	p.ids = slices.Sorted(maps.Keys(p.signers))
	p.hints = map[string]bool{}
	var roots []*key.Root
	for _, id := range p.ids {
		roots = append(roots, p.signers[id].root)
		p.hints[base64.StdEncoding.EncodeToString(p.signers[id].Key.Bytes())] = true
	}
	p.root = key.Join(roots...)
}

// counted is a link by those who may do its step.
func (p *plan) counted(l Link) (*done, error) {
	d, err := p.openLink(l)
	if err != nil {
		return nil, err
	}
	s := p.byName[d.step]
	if s == nil {
		return nil, setAside(verify.ReasonSubjectMismatch, "is of the step %.80q, which the layout does not have", d.step)
	}
	var may []*signer
	for _, who := range d.by {
		if authorised := s.authorised[who.Key]; authorised != nil {
			may = append(may, authorised)
		}
	}
	if len(may) == 0 {
		return nil, setAside(verify.ReasonIdentityMismatch, "is signed by %s, who may not do the step %q", d.by[0].Signer, s.name)
	}
	d.by = may
	return d, nil
}

// byKey are the different keys that signed some links.
func byKey(links []*done) map[attest.Digest]bool {
	keys := map[attest.Digest]bool{}
	for _, l := range links {
		for _, who := range l.by {
			keys[who.Key] = true
		}
	}
	return keys
}

// count holds a step's links against its threshold, and against each other.
func (s *step) count(links []*done, verdict *Verdict, told *Step) transit {
	for _, l := range links {
		for _, who := range l.by {
			told.Links = append(told.Links, Counted{File: l.file, By: who.Signer})
		}
	}
	if keys := byKey(links); len(keys) < s.threshold {
		verdict.find(Finding{Rule: RuleThreshold, Step: s.name, Expected: fmt.Sprintf("links by %d different functionaries, of %d who may do it", s.threshold, len(s.authorised)), Found: fmt.Sprintf("links by %d", len(keys)) + s.hint(verdict), Fix: "add the links of who did the step, signed by a key that the layout names for it"})
		return transit{}
	}
	first := links[0]
	for _, other := range links[1:] {
		if why := differ(first, other); why != "" {
			verdict.find(Finding{Rule: RuleDisagreement, Step: s.name, Expected: "links that say the same", Found: fmt.Sprintf("%q and %q: %s", first.file, other.file, why), Fix: "keep only the links of one run in the folder; if they are of one, find out why what was done twice came out differently"})
			return transit{}
		}
	}
	s.compareCommand(first, verdict)
	return first.transit
}

// hint says which files came near.
func (s *step) hint(verdict *Verdict) string {
	if len(verdict.Aside) == 0 {
		return ""
	}
	near := verdict.Aside[0]
	for _, a := range verdict.Aside {
		if strings.HasPrefix(a.File, s.name+".") {
			near = a
			break
		}
	}
	return fmt.Sprintf("; not counted: %s, such as %q, which %s", plural(len(verdict.Aside), "file"), near.File, near.Why)
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// compareCommand notes another command than the layout expects; the specification makes
// that a warning (5.2, step 5).
func (s *step) compareCommand(l *done, verdict *Verdict) {
	if len(s.command) > 0 && !slices.Equal(s.command, l.command) {
		verdict.Notes = append(verdict.Notes, fmt.Sprintf("step %q: the layout expects the command %s, and %q says %s; in-toto only warns of that", s.name, quoteWords(s.command), l.file, cmp.Or(quoteWords(l.command), "nothing of one")))
	}
}

// differ says in what two links of a step differ, or "".
func differ(a, b *done) string {
	for _, list := range []struct {
		what string
		a, b artifacts
	}{{"material", a.materials, b.materials}, {"product", a.products, b.products}} {
		names := map[string]bool{}
		for name := range list.a {
			names[name] = true
		}
		for name := range list.b {
			names[name] = true
		}
		for _, name := range slices.Sorted(maps.Keys(names)) {
			x, inA := list.a[name]
			y, inB := list.b[name]
			switch {
			case !inA || !inB:
				return fmt.Sprintf("only one has the %s %.120q", list.what, name)
			case !maps.Equal(x, y):
				return fmt.Sprintf("the %s %.120q is %s in one and %s in the other", list.what, name, x, y)
			}
		}
	}
	return ""
}
