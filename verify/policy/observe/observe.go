// Package observe drafts a policy of what images show today: trust on first use, said
// loudly.
//
// What it drafts is pinned to exactly what it saw, which nobody has judged: identities,
// builder, repository, numbers of repository and owner. It generalises nothing by itself;
// what could be generalised is a suggestion in words.
package observe

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/predicate"
	"github.com/carnet-project/carnet/attest/predicate/slsa/known"
	"github.com/carnet-project/carnet/attest/predicate/vuln"
	"github.com/carnet-project/carnet/verify"
	"github.com/carnet-project/carnet/verify/policy"
)

// An Image is what was found of one image, whoever signed it.
type Image struct {
	// Name is its full repository name.
	Name     string
	Evidence []*verify.Evidence
}

// Options are what images don't show.
type Options struct {
	Name, Owner string
	// Keys are the public keys in PEM of evidence without certificates, by their SHA-256.
	Keys map[attest.Digest]string
}

// A Draft is a policy and what to know of it.
type Draft struct {
	Document *policy.Document
	// Trusted are the identities that are now trusted, in words, and Suggestions what could be
	// generalised or asked besides.
	Trusted, Suggestions []string
	// Comments are for document.Write, by the paths of what they are about.
	Comments map[string]string
}

// Policy drafts a policy of at least one image. The error is that nothing was found on which one
// could be built.
func Policy(images []Image, o Options) (*Draft, error) {
	w := &writer{
		draft:   &Draft{Document: &policy.Document{Name: o.Name, Owner: o.Owner, Version: 1, Mode: policy.ModeAudit}, Comments: map[string]string{}},
		options: o,
	}
	for _, i := range images {
		w.image(i)
	}
	if len(w.draft.Document.Scopes) == 0 {
		return nil, errors.New("nothing is there that anybody signed: sign the image first, and attest how it was built (carnet seal)")
	}
	w.capture()
	return w.draft, nil
}

// A writer collects the draft.
type writer struct {
	draft   *Draft
	options Options
	// sources are the repositories that were built, by the names of the images.
	sources []pair
}

type pair struct{ image, repository string }

func (w *writer) suggest(format string, args ...any) {
	if s := fmt.Sprintf(format, args...); !slices.Contains(w.draft.Suggestions, s) {
		w.draft.Suggestions = append(w.draft.Suggestions, s)
	}
}

// image adds a scope for one image, with a section for each kind of evidence it has.
func (w *writer) image(i Image) {
	d := w.draft.Document
	s := policy.Scope{Name: scopeName(d, i.Name), Images: []string{i.Name}}
	r := &s.Require
	for _, e := range i.Evidence {
		by := w.signer(e)
		if by == "" {
			continue
		}
		switch predicate.ClassOf(e.PredicateType()) {
		case predicate.Provenance:
			w.provenance(r, i, e, by)
		case predicate.SBOM:
			if r.SBOM == nil {
				r.SBOM = &policy.SBOMClause{}
			}
			r.SBOM.From = add(r.SBOM.From, by)
		case predicate.Vulnerabilities:
			w.scan(r, e, by)
		case predicate.VEX:
			w.suggest("%s: %s says of vulnerabilities that they do not matter; that counts only if you write vex: {from: [%s]}", i.Name, by, by)
		default:
			if e.Kind() == verify.KindSignature {
				if r.Signatures == nil {
					r.Signatures = &policy.SignaturesClause{}
				}
				r.Signatures.From = add(r.Signatures.From, by)
			} else {
				w.suggest("%s: there is an attestation of type %s by %s: ask for it as a check", i.Name, e.PredicateType(), by)
			}
		}
	}
	if r.Signatures == nil && r.Provenance == nil && r.SBOM == nil && r.Vulnerabilities == nil {
		w.suggest("%s: nothing was found that is signed: it is in no scope, and denied", i.Name)
		return
	}
	if r.Signatures == nil {
		w.suggest("%s: nobody signed the image itself: sign it, and ask for it (signatures)", i.Name)
	}
	if r.Provenance == nil {
		w.suggest("%s: nothing says how it was built: attest it, and ask for it (provenance)", i.Name)
	}
	d.Scopes = append(d.Scopes, s)
}

func scopeName(d *policy.Document, image string) string {
	name := image[strings.LastIndex(image, "/")+1:]
	for n := 2; slices.ContainsFunc(d.Scopes, func(s policy.Scope) bool { return s.Name == name }); n++ {
		name = fmt.Sprintf("%s-%d", image[strings.LastIndex(image, "/")+1:], n)
	}
	return name
}

func add(all []string, name string) []string {
	if slices.Contains(all, name) {
		return all
	}
	return append(all, name)
}

// provenance pins the builder, the repository and the ref that were seen.
func (w *writer) provenance(r *policy.Require, i Image, e *verify.Evidence, by string) {
	v, err := known.Read(e.PredicateType(), e.Predicate())
	if err != nil {
		w.suggest("%s: its provenance can't be read: %v", i.Name, err)
		return
	}
	if r.Provenance == nil {
		r.Provenance = &policy.ProvenanceClause{}
	}
	p := r.Provenance
	p.Builders = add(p.Builders, w.builder(v, by))
	switch {
	case v.Repository == "":
		w.suggest("%s: its provenance by %s names no repository, so that nothing binds the image to its source", i.Name, by)
	default:
		p.Repositories = add(p.Repositories, v.Repository)
		w.sources = append(w.sources, pair{i.Name, v.Repository})
	}
	if v.Ref != "" {
		p.Refs = add(p.Refs, v.Ref)
		if strings.HasPrefix(v.Ref, "refs/tags/") {
			w.suggest("%s: only the ref %s is accepted: for the next release write refs: [\"refs/tags/v*\"]", i.Name, v.Ref)
		}
	}
}

// builder is the pair of the signer and the builder's id.
func (w *writer) builder(v *known.View, by string) string {
	d := w.draft.Document
	for _, b := range d.Builders {
		if slices.Contains(b.IDs, v.BuilderID) && slices.Contains(b.BuildTypes, v.BuildType) && slices.Contains(b.SignedBy, by) {
			return b.Name
		}
	}
	name := by
	for n := 2; slices.ContainsFunc(d.Builders, func(b policy.Builder) bool { return b.Name == name }); n++ {
		name = fmt.Sprintf("%s-%d", by, n)
	}
	d.Builders = append(d.Builders, policy.Builder{Name: name, IDs: []string{v.BuilderID}, BuildTypes: []string{v.BuildType}, SignedBy: []string{by}})
	if v.MaxLevel > 0 {
		w.suggest("builder %s: such provenance can be worth SLSA level %d; if you trust %s that far, write level: %d and ask for it with minLevel", name, v.MaxLevel, v.BuilderID, v.MaxLevel)
	}
	return name
}

// scanAge is how old a drafted policy lets scans be.
const scanAge = 7 * 24 * time.Hour

func (w *writer) scan(r *policy.Require, e *verify.Evidence, by string) {
	if r.Vulnerabilities == nil {
		critical := policy.DenyVulnerability{Severity: "critical", Fixed: new(bool)}
		*critical.Fixed = true
		r.Vulnerabilities = &policy.VulnerabilitiesClause{MaxScanAge: scanAge, Deny: []policy.DenyVulnerability{critical}}
	}
	r.Vulnerabilities.From = add(r.Vulnerabilities.From, by)
	report, err := vuln.Parse(e.PredicateType(), e.Predicate())
	if err != nil || report.Scanner.Name == "" {
		return
	}
	r.Vulnerabilities.Scanners = add(r.Vulnerabilities.Scanners, report.Scanner.Name)
}

// capture suggests one scope for images whose names line up with their repositories.
func (w *writer) capture() {
	var fits, stray []string
	for _, p := range w.sources {
		repo := p.repository[strings.LastIndex(p.repository, "/")+1:]
		owner := strings.TrimSuffix(p.repository, "/"+repo)
		if slices.Contains(strings.Split(p.image, "/"), repo) {
			pattern := strings.Join(replaced(strings.Split(p.image, "/"), repo), "/")
			fits = add(fits, fmt.Sprintf("images: [%q] with repositories: [%q]", pattern, owner+"/{repo}"))
		} else {
			stray = add(stray, p.image+" is built from "+p.repository)
		}
	}
	if len(w.sources) < 2 {
		return
	}
	for _, f := range fits {
		w.suggest("the names of images line up with those of their repositories: one scope could say %s", f)
	}
	for _, s := range stray {
		w.suggest("%s, which does not line up with its name: keep it in a scope of its own", s)
	}
}

// replaced has the first segment that is the repository's name as a capture.
func replaced(segments []string, repo string) []string {
	out := slices.Clone(segments)
	out[slices.Index(out, repo)] = "{repo}"
	return out
}
