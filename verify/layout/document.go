package layout

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/in-toto/in-toto-golang/in_toto"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/verify/key"
)

const (
	// maxSteps, maxRules and maxKeys bound a layout's steps, the rules of one list of a
	// step, and its keys.
	maxSteps = 200
	maxRules = 1000
	maxKeys  = 1000
)

// A Document is a layout as it is read: well formed, and not verified by anybody.
type Document struct {
	file   *signed
	layout in_toto.Layout
	digest attest.Digest
}

// Parse reads a layout in either wrapping, of at most [MaxLayoutBytes]. It is strict: names
// that are unknown or given twice are refused. What the layout means is looked at by
// [Document.Check].
func Parse(raw []byte) (*Document, error) {
	file, err := open(raw, MaxLayoutBytes)
	if err != nil {
		return nil, err
	}
	if file.kind != "layout" {
		return nil, fmt.Errorf("is of the type %.80q, and no layout", file.kind)
	}
	if err := require(file.payload, "steps", "keys", "expires"); err != nil {
		return nil, err
	}
	d := &Document{file: file, digest: attest.SHA256(raw)}
	return d, strict(file.payload, &d.layout)
}

// Wrapping says how signatures go with the layout.
func (d *Document) Wrapping() Wrapping { return d.file.wrapping }

// Layout is what the document says. It must not be changed.
func (d *Document) Layout() in_toto.Layout { return d.layout }

// Message is what a signature of the layout covers.
func (d *Document) Message() ([]byte, error) { return d.file.message() }

// SignedBy says whether the owner's signature is among the layout's, and whether there is
// one that names the owner and is not the owner's over this layout.
func (d *Document) SignedBy(o Owner) (good, bad bool) {
	message, err := d.file.message()
	if err != nil {
		return false, false
	}
	for _, sig := range d.file.signatures {
		if !o.signer.named(sig.keyID) {
			continue
		}
		if o.signer.signed(message, sig) {
			return true, false
		}
		bad = bad || sig.keyID != ""
	}
	return false, bad
}

// Check says what of the layout can't be followed, in the findings of a verdict; there is
// nothing if it can. Signatures and expiry are not looked at, and parameters are taken as
// they stand.
func (d *Document) Check() []Finding {
	p := newPlan(d.layout, nil)
	return p.findings
}

// Notes are what the layout leaves open, for its author.
func (d *Document) Notes() []string { return newPlan(d.layout, nil).notes }

// A plan is a layout that can be followed, as far as findings don't say otherwise.
type plan struct {
	expires  time.Time
	steps    []*step
	byName   map[string]*step
	signers  map[string]*signer
	findings []Finding
	notes    []string

	// ids are those of signers in their order, root is all of them, hints are how bundles
	// name them, and checks counts the signatures that were checked.
	ids    []string
	root   *key.Root
	hints  map[string]bool
	checks int
}

// A step is one of a layout's, compiled.
type step struct {
	name        string
	threshold   int
	authorised  map[attest.Digest]*signer
	constrained bool
	command     []string
	materials   []*rule
	products    []*rule
}

// newPlan compiles a layout. Parameters are nil where they are not known yet.
func newPlan(l in_toto.Layout, parameters map[string]string) *plan {
	p := &plan{byName: map[string]*step{}, signers: map[string]*signer{}}
	p.readExpiry(l.Expires)
	p.readKeys(l.Keys)
	if len(l.Inspect) > 0 {
		p.inspections(l.Inspect)
	}
	if len(l.Steps) == 0 || len(l.Steps) > maxSteps {
		p.unsound("", fmt.Sprintf("1 to %d steps", maxSteps), fmt.Sprintf("%d", len(l.Steps)))
		return p
	}
	substitute := p.substitution(l, parameters)
	for _, s := range l.Steps {
		p.readStep(s, substitute)
	}
	for _, s := range p.steps {
		for _, r := range slices.Concat(s.materials, s.products) {
			if r.verb == "match" && p.byName[r.from] == nil {
				p.unsound(s.name, "a MATCH with a step of this layout", fmt.Sprintf("%s: there is no step %.80q", r.text, r.from))
			}
		}
		p.noteOpenEnds(s)
	}
	return p
}

func (p *plan) unsound(step, expected, found string) {
	p.findings = append(p.findings, Finding{Rule: RuleUnsound, Step: step, Expected: expected, Found: found, Fix: "correct the layout, and have its owners sign it again"})
}

func (p *plan) readExpiry(text string) {
	at, err := time.Parse(in_toto.ISO8601DateSchema, text)
	if err != nil {
		p.unsound("", "an expiry such as 2027-01-01T00:00:00Z", fmt.Sprintf("%.40q", text))
		return
	}
	p.expires = at
}

func (p *plan) readKeys(keys map[string]in_toto.Key) {
	if len(keys) > maxKeys {
		p.unsound("", fmt.Sprintf("at most %d keys", maxKeys), fmt.Sprintf("%d", len(keys)))
		return
	}
	for _, id := range slices.Sorted(maps.Keys(keys)) {
		s, err := newSigner(id, keys[id])
		if err != nil {
			p.findings = append(p.findings, Finding{Rule: RuleKey, Expected: "a usable public key under its own id", Found: fmt.Sprintf("the key %.12q %v", id, err), Fix: "make the layout with carnet attest layout create, which computes the ids from the keys"})
			continue
		}
		p.signers[id] = s
	}
}

func (p *plan) inspections(all []in_toto.Inspection) {
	var names []string
	for _, i := range all {
		names = append(names, i.Name)
	}
	p.findings = append(p.findings, Finding{
		Rule: RuleInspection, Expected: "a layout without inspections", Found: "inspections named " + quoted(names) + ": commands that the layout has run on the machine that verifies",
		Fix: `take "inspect" out of the layout, sign it again, and ask the same of evidence: a MATCH of what is delivered with what was built is --product-of here, and sections sbom and provenance of a carnet policy ask what is in it and who built it (docs/layouts.md)`,
	})
}

func (p *plan) readStep(s in_toto.Step, substitute func(string) string) {
	if s.Name == "" || p.byName[s.Name] != nil {
		p.unsound(s.Name, "steps with a name of their own", fmt.Sprintf("two steps named %.80q, or one without a name", s.Name))
		return
	}
	compiled := &step{name: s.Name, threshold: s.Threshold, constrained: len(s.CertificateConstraints) > 0, authorised: map[attest.Digest]*signer{}}
	p.steps, p.byName[s.Name] = append(p.steps, compiled), compiled
	if s.Threshold < 1 {
		p.unsound(s.Name, "a threshold of at least 1", fmt.Sprintf("%d", s.Threshold))
	}
	for _, id := range s.PubKeys {
		who := p.signers[id]
		if who == nil {
			p.unsound(s.Name, "functionaries whose keys are in the layout", fmt.Sprintf("the key %.80q, which is not or can't be used", id))
			continue
		}
		compiled.authorised[who.Key] = who
	}
	if s.Threshold > len(compiled.authorised) {
		p.unsound(s.Name, fmt.Sprintf("at least %d different keys, as the threshold asks", s.Threshold), fmt.Sprintf("%d; certificate constraints are not supported and count for none", len(compiled.authorised)))
	}
	if compiled.constrained {
		p.notes = append(p.notes, fmt.Sprintf("step %q: its certificate constraints are not supported: only its keys count", s.Name))
	}
	for _, word := range s.ExpectedCommand {
		compiled.command = append(compiled.command, substitute(word))
	}
	compiled.materials = p.readRules(s.Name, s.ExpectedMaterials, substitute)
	compiled.products = p.readRules(s.Name, s.ExpectedProducts, substitute)
}

func (p *plan) readRules(step string, rules [][]string, substitute func(string) string) []*rule {
	if len(rules) > maxRules {
		p.unsound(step, fmt.Sprintf("at most %d rules", maxRules), fmt.Sprintf("%d", len(rules)))
		return nil
	}
	var all []*rule
	for _, words := range rules {
		r, err := parseRule(words, substitute)
		if err != nil {
			p.unsound(step, "rules of in-toto", err.Error())
			continue
		}
		all = append(all, r)
	}
	return all
}

// noteOpenEnds tells what in-toto allows where nothing is said: artifacts that no rule
// takes pass (in-toto specification 1.0, 4.3.3: an implicit ALLOW * ends each list).
func (p *plan) noteOpenEnds(s *step) {
	for _, list := range []struct {
		what  string
		rules []*rule
	}{{"materials", s.materials}, {"products", s.products}} {
		closed := slices.ContainsFunc(list.rules, func(r *rule) bool { return r.verb == "disallow" && r.name == "*" })
		if !closed {
			p.notes = append(p.notes, fmt.Sprintf("step %q: %s that no rule names are let through: in-toto ends each list with an ALLOW *; a last DISALLOW * keeps them out", s.name, list.what))
		}
	}
}

var (
	placeholder   = regexp.MustCompile(`\{([a-zA-Z0-9_-]+)\}`)
	parameterName = regexp.MustCompile(`\A[a-zA-Z0-9_-]+\z`)
)

// substitution replaces {name} by the parameter's value (in-toto specification 1.0, 4.3.4).
// What is not given is a finding, and so is a value that is more than a name: a * from
// outside would widen what the owners signed. Parameters that are nil are left as they are.
func (p *plan) substitution(l in_toto.Layout, parameters map[string]string) func(string) string {
	if parameters == nil {
		return func(text string) string { return text }
	}
	for _, name := range slices.Sorted(maps.Keys(parameters)) {
		if err := checkParameter(name, parameters[name]); err != nil {
			p.parameter(fmt.Sprintf("%.80q: %v", name, err))
		}
	}
	missing, used := map[string]bool{}, map[string]bool{}
	replace := func(text string) string {
		return placeholder.ReplaceAllStringFunc(text, func(found string) string {
			name := strings.Trim(found, "{}")
			value, given := parameters[name]
			if !given {
				missing[name] = true
				return found
			}
			used[name] = true
			return value
		})
	}
	// All is replaced once here, so that what is missing is known before the first rule.
	for _, s := range l.Steps {
		for _, words := range slices.Concat(s.ExpectedMaterials, s.ExpectedProducts, [][]string{s.ExpectedCommand}) {
			for _, word := range words {
				replace(word)
			}
		}
	}
	if len(missing) > 0 {
		p.parameter("no value for " + quoted(slices.Collect(maps.Keys(missing))))
	}
	for _, name := range slices.Sorted(maps.Keys(parameters)) {
		if !used[name] {
			p.parameter(fmt.Sprintf("%.80q, which the layout does not have", name))
		}
	}
	return replace
}

func (p *plan) parameter(found string) {
	p.findings = append(p.findings, Finding{Rule: RuleParameter, Expected: "a plain value for each {name} in the layout", Found: found, Fix: "give what the layout asks for, and no more: --layout-param NAME=VALUE"})
}

func checkParameter(name, value string) error {
	switch {
	case !parameterName.MatchString(name):
		return errors.New("is not a parameter's name: letters, digits, _ and -")
	case strings.ContainsAny(value, `*?[]\{}`):
		return errors.New("has a value that could be read as a pattern")
	case strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return errors.New("has a value with control characters")
	}
	return nil
}
