package policy

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/verify/internal/glob"
)

// A Policy is what documents ask of the artifacts of one name. All of its documents must
// be met, so that each can only tighten what the others ask.
type Policy struct {
	name  string
	parts []part
}

// A part is one document, bound to a name.
type part struct {
	doc *Document
	// name is the repository name that it is bound to, and never are the rules that no
	// exception of any of the policy's documents may touch.
	name  string
	never []string
	// exceptions are the document's that are for this name.
	exceptions []*Exception
	// scope is the first that names the image; nil if none does, which denies.
	scope    *Scope
	captured map[string]string
	// requires are the baseline's and the scope's requirements.
	requires []*Require
	mode     Mode
	signers  map[string]signer
	builders map[string]Builder
	// provenances are the clauses about provenance, compiled.
	provenances map[*ProvenanceClause]*provenanceTest
	engine      Engine
	// programs are the compiled rules by their expressions.
	programs map[string]Program
}

// An Engine compiles a requirement in an expression language; package verify/policy/cel
// has it. The error says where the expression is wrong.
type Engine func(expression string) (Program, error)

// A Program is a compiled requirement.
type Program struct {
	// Reads are the top-level variables that it reads, sorted.
	Reads []string
	// Paths are what it reads of them, sorted, as dotted paths in which "[]" is each element
	// of a list: what is worth telling when it is not met.
	Paths []string
	// Eval is nil error and true only where the requirement is met. It must bound its cost,
	// and stops beyond with [ErrCost].
	Eval func(variables map[string]any) (bool, error)
}

// ErrCost is why a requirement that would cost too much was not evaluated to its end.
var ErrCost = errors.New("operation cancelled: actual cost limit exceeded")

// Bind makes a policy for the images of one full repository name, such as
// "ghcr.io/acme/shop", in each document by its first scope that names it. The engine may be nil for documents without rules.
// An error is a fault of a document; a name that no scope names is none: it is denied.
func Bind(name string, engine Engine, docs ...*Document) (*Policy, error) {
	if len(docs) == 0 {
		return nil, errors.New("there is no policy: it would allow anything")
	}
	p := &Policy{name: name}
	for _, d := range docs {
		b, err := bind(name, engine, d)
		if err != nil {
			return nil, fmt.Errorf("policy %s: %w", d.Name, err)
		}
		p.parts = append(p.parts, b)
	}
	for i := range p.parts {
		p.parts[i].never = p.neverExcept()
		if err := p.parts[i].compileExceptions(); err != nil {
			return nil, fmt.Errorf("policy %s: %w", p.parts[i].doc.Name, err)
		}
	}
	return p, nil
}

// neverExcept are the rules to which no document lets an exception apply.
func (p *Policy) neverExcept() []string {
	var all []string
	for _, b := range p.parts {
		all = append(all, b.doc.NeverExcept...)
	}
	return all
}

func bind(name string, engine Engine, d *Document) (part, error) {
	b := part{doc: d, name: name, mode: d.Mode, engine: engine, programs: map[string]Program{}, signers: map[string]signer{}, builders: map[string]Builder{}}
	if b.mode == "" {
		b.mode = ModeEnforce
	}
	if err := b.choose(name); err != nil || b.scope == nil {
		return b, err
	}
	if b.scope.Mode.strictness() > b.mode.strictness() && b.scope.Mode != "" {
		b.mode = b.scope.Mode
	}
	if d.Baseline != nil {
		b.requires = append(b.requires, d.Baseline)
	}
	b.requires = append(b.requires, &b.scope.Require)
	if !slices.ContainsFunc(b.requires, (*Require).asks) {
		return b, fmt.Errorf("the scope %s requires nothing: it would allow anything", b.scope.Name)
	}
	identities, builders := b.names()
	for _, i := range d.Identities {
		s, err := compileSigner(i, b.captured)
		if errors.Is(err, glob.ErrNotCaptured) && !slices.Contains(identities, i.Name) {
			continue // it is for images of another scope
		}
		if err != nil {
			return b, fmt.Errorf("identity %s: %w", i.Name, err)
		}
		b.signers[i.Name] = s
	}
	for _, x := range d.Builders {
		filled, err := x.fill(b.captured)
		if errors.Is(err, glob.ErrNotCaptured) && !slices.Contains(builders, x.Name) {
			continue
		}
		if err != nil {
			return b, fmt.Errorf("builder %s: %w", x.Name, err)
		}
		b.builders[x.Name] = filled
	}
	if err := b.compileProvenance(); err != nil {
		return b, err
	}
	return b, b.compileRules()
}

// names are the identities and builders that the part's requirements name.
func (b *part) names() (identities, builders []string) {
	for _, r := range b.requires {
		identities = append(identities, r.Signers()...)
		if r.Provenance != nil {
			builders = append(builders, r.Provenance.Builders...)
		}
	}
	for _, x := range b.doc.Builders {
		if slices.Contains(builders, x.Name) {
			identities = append(identities, x.SignedBy...)
		}
	}
	if s := b.doc.Summaries; s != nil {
		identities = append(identities, s.Issuer)
		if s.Accept != nil {
			identities = append(identities, s.Accept.From...)
		}
	}
	return identities, builders
}

// choose finds the first scope that names the image.
func (b *part) choose(name string) error {
	for i := range b.doc.Scopes {
		for _, pattern := range b.doc.Scopes[i].Images {
			g, err := glob.CompileCapturing(pattern)
			if err != nil {
				return fmt.Errorf("scope %s: the image pattern %w", b.doc.Scopes[i].Name, err)
			}
			if captured, ok := g.Capture(name); ok {
				b.scope, b.captured = &b.doc.Scopes[i], captured
				return nil
			}
		}
	}
	return nil
}

func (b *part) compileRules() error {
	for _, r := range b.requires {
		for _, rule := range r.Rules {
			if b.engine == nil {
				return fmt.Errorf("rule %s: there is nothing here that evaluates rules", rule.ID)
			}
			program, err := b.engine(rule.Require)
			if err != nil {
				return fmt.Errorf("rule %s: %w", rule.ID, err)
			}
			b.programs[rule.Require] = program
		}
	}
	return nil
}

// asks says whether the section list requires anything at all.
func (r *Require) asks() bool {
	return r.Image != nil || r.Signatures != nil || r.Provenance != nil || r.Source != nil || r.Base != nil || r.SBOM != nil ||
		r.Vulnerabilities != nil || len(r.Checks)+len(r.Approvals)+len(r.Rules)+len(r.Bundles) > 0
}

func (x Builder) fill(captured map[string]string) (Builder, error) {
	ids := make([]string, 0, len(x.IDs))
	for _, id := range x.IDs {
		filled, err := glob.Fill(id, captured)
		if err != nil {
			return x, err
		}
		ids = append(ids, filled)
	}
	x.IDs = ids
	return x, nil
}

// Name is the repository name that the policy is bound to.
func (p *Policy) Name() string { return p.name }

// Documents are what the policy is made of.
func (p *Policy) Documents() []*Document {
	var all []*Document
	for _, b := range p.parts {
		all = append(all, b.doc)
	}
	return all
}

// Scopes are the names of the scopes that apply, one for each document, "" where none does.
func (p *Policy) Scopes() []string {
	var all []string
	for _, b := range p.parts {
		if b.scope == nil {
			all = append(all, "")
			continue
		}
		all = append(all, b.scope.Name)
	}
	return all
}

// Captured is what the scope's pattern in the i-th document captured.
func (p *Policy) Captured(i int) map[string]string { return maps.Clone(p.parts[i].captured) }

// New makes a policy of requirements alone, all of which must be met by whomever the roots
// believe, for the platforms named as os/arch[/variant], or for all if there are none. A
// policy that requires nothing is refused, for it would allow anything.
func New(requirements []Requirement, platforms ...string) (*Policy, error) {
	if len(requirements) == 0 {
		return nil, errors.New("the policy requires nothing: it would allow anything")
	}
	require := Require{Agree: []string{}}
	for i, r := range requirements {
		if r.name == "" {
			return nil, fmt.Errorf("requirement %d is empty", i+1)
		}
		r.addTo(&require)
	}
	for _, p := range platforms {
		if n := strings.Count(p, "/"); n < 1 || n > 2 || strings.Contains("/"+p+"/", "//") {
			return nil, fmt.Errorf("platform %q is not os/arch[/variant]", p)
		}
	}
	if len(platforms) > 0 {
		require.Image = &ImageClause{Platforms: slices.Clone(platforms)}
	}
	return Bind("", nil, &Document{Name: "flags", Mode: ModeEnforce, Scopes: []Scope{{Name: "all", Images: []string{"**"}, Require: require}}})
}

// addTo asks for r in a section of its own.
func (r Requirement) addTo(to *Require) {
	switch {
	case !r.bundle.IsZero():
		to.Bundles = append(to.Bundles, r.bundle)
	case r.name == RequireSignature:
		to.Signatures = &SignaturesClause{}
	case r.name == RequireProvenance:
		to.Provenance = &ProvenanceClause{}
	case r.name == RequireSBOM:
		to.SBOM = &SBOMClause{present: true}
	default:
		to.Checks = append(to.Checks, CheckClause{Name: r.name, Type: "predicate", Predicate: r.types[0], OnImage: true})
	}
}

// WithThreshold is the policy with signatures wanted by n distinct signers of every node
// that needs one; where the policy names bundles and no signature, the bundles together
// must come from n. Two signatures are one signer's if [verify.Identity.Same] says so:
// a key counts once under whatever names, and an identity once with whatever keys.
func (p *Policy) WithThreshold(n int) (*Policy, error) {
	if n < 1 {
		return nil, fmt.Errorf("a threshold of %d signers would allow anything", n)
	}
	with := &Policy{name: p.name}
	counted := false
	for _, b := range p.parts {
		var requires []*Require
		for _, r := range b.requires {
			r := *r
			if r.Signatures != nil {
				s := *r.Signatures
				s.Threshold, counted = max(s.Threshold, n), true
				r.Signatures = &s
			} else if len(r.Bundles) > 0 {
				counted = true
			}
			r.bundleSigners = n
			requires = append(requires, &r)
		}
		b.requires = requires
		with.parts = append(with.parts, b)
	}
	if n > 1 && !counted {
		return nil, fmt.Errorf("a threshold of %d signers counts signatures, and the policy requires none", n)
	}
	return with, nil
}

// platforms are those that all documents select; nil is all.
func (p *Policy) platforms() []string {
	var all []string
	for _, b := range p.parts {
		for _, r := range b.requires {
			if r.Image != nil {
				all = append(all, r.Image.Platforms...)
			}
		}
	}
	return all
}

// Nodes lists what evidence is about, for an artifact under this policy: the artifact
// itself first, then, for an index, the platforms that the policy selects.
func (p *Policy) Nodes(a artifact.Artifact) []artifact.Artifact {
	nodes := []artifact.Artifact{a}
	if a.Kind != artifact.KindIndex {
		return nodes
	}
	return append(nodes, selected(a, p.platforms())...)
}

func selected(a artifact.Artifact, platforms []string) []artifact.Artifact {
	if len(platforms) == 0 {
		return a.Runnable()
	}
	return slices.DeleteFunc(a.Runnable(), func(n artifact.Artifact) bool {
		return !slices.ContainsFunc(platforms, func(want string) bool { return artifact.MatchPlatform(n.Platform, want) })
	})
}

// Keys are the public keys of the policy's identities, by the names of these.
func (p *Policy) Keys() []Identity {
	return p.identities(func(i Identity) bool { return i.Key != nil })
}

// Authorities are the policy's identities that are certified by one's own authority.
func (p *Policy) Authorities() []Identity {
	return p.identities(func(i Identity) bool { return i.X509 != nil })
}

func (p *Policy) identities(which func(Identity) bool) []Identity {
	var all []Identity
	for _, b := range p.parts {
		for _, i := range b.doc.Identities {
			if which(i) {
				all = append(all, i)
			}
		}
	}
	return all
}

// Accept is how roots of trust ask whether the holder of a good certificate is anybody
// whom the policy knows. What each rule makes of that is the rule's to say.
func (p *Policy) Accept() func(attest.Certificate) error {
	var all []signer
	for _, b := range p.parts {
		for _, i := range b.doc.Identities {
			if s, ok := b.signers[i.Name]; ok {
				all = append(all, s)
			}
		}
	}
	return acceptAny(all)
}
