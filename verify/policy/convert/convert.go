// Package convert makes policies of other programs' configuration, as far as it goes:
// sigstore's ClusterImagePolicy, Kyverno's ClusterPolicy and ImageValidatingPolicy,
// Notation's trust policy, containers-policy.json, and cosign's flags.
//
// Whatever it could not carry over is listed, and where the policy therefore asks for less
// than its source did, that is said. A source of which nothing is left is an error.
package convert

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/carnet-project/carnet/verify/policy"
)

// MaxBytes bounds a source, and maxDocuments what one file may hold.
const (
	MaxBytes     = 1 << 20
	maxDocuments = 50
)

// A Result is a policy and what of its source is not in it.
type Result struct {
	// Kind is what the source was: "ClusterImagePolicy".
	Kind     string
	Document *policy.Document
	Gaps     []Gap
}

// A Gap is something in the source that the policy does not say.
type Gap struct {
	// Where is the path in the source: "spec.authorities[0].key.secretRef".
	Where string
	// Why says what becomes of it and what to do.
	Why string
	// Looser says that the policy asks for less than its source, until that is done.
	Looser bool
}

// Options are what the source does not say.
type Options struct {
	// Name and Owner are the policy's; an empty name is the source's.
	Name, Owner string
}

// From reads a source and makes one policy of it for each document in it. The error names
// the place in the source.
func From(raw []byte, o Options) ([]Result, error) {
	if len(raw) > MaxBytes {
		return nil, fmt.Errorf("is over %d bytes", MaxBytes)
	}
	docs, err := documents(raw)
	if err != nil {
		return nil, err
	}
	var all []Result
	for i, doc := range docs {
		r, err := convert(doc, o)
		if err != nil {
			return nil, fmt.Errorf("document %d: %w", i+1, err)
		}
		all = append(all, r)
	}
	return all, nil
}

func convert(doc *source, o Options) (Result, error) {
	kind, translate := recognise(doc)
	if translate == nil {
		return Result{}, errors.New("is none of ClusterImagePolicy, Kyverno's ClusterPolicy and ImageValidatingPolicy, a Notation trust policy and containers-policy.json")
	}
	b := &builder{doc: &policy.Document{Name: o.Name, Owner: o.Owner, Version: 1, Mode: policy.ModeAudit}}
	translate(b, doc)
	if b.doc.Name == "" {
		b.doc.Name = "imported"
	}
	if b.doc.Owner == "" {
		b.doc.Owner = "unknown"
	}
	b.gaps = append(b.gaps, doc.unread()...)
	if len(b.doc.Scopes) == 0 {
		var whys []string
		for _, g := range b.gaps {
			whys = append(whys, g.Where+": "+g.Why)
		}
		return Result{}, fmt.Errorf("a %s of which nothing can be carried over: %s", kind, strings.Join(whys, "; "))
	}
	return Result{Kind: kind, Document: b.doc, Gaps: b.gaps}, nil
}

// recognise finds out by what only one kind of source has.
func recognise(doc *source) (string, func(*builder, *source)) {
	api, kind := doc.at("apiVersion").text(), doc.at("kind").text()
	switch {
	case strings.HasPrefix(api, "policy.sigstore.dev/") && kind == "ClusterImagePolicy":
		return kind, clusterImagePolicy
	case strings.HasPrefix(api, "kyverno.io/") && (kind == "ClusterPolicy" || kind == "Policy"):
		return "Kyverno " + kind, kyvernoPolicy
	case strings.HasPrefix(api, "policies.kyverno.io/") && strings.HasSuffix(kind, "ImageValidatingPolicy"):
		return kind, imageValidatingPolicy
	case doc.at("trustPolicies").exists():
		return "Notation trust policy", notationPolicy
	case doc.at("default").exists() || doc.at("transports").exists():
		return "containers-policy.json", containersPolicy
	}
	return "", nil
}

// documents are the YAML documents, of which JSON is one, that are not empty.
func documents(raw []byte) ([]*source, error) {
	dec := yaml.NewDecoder(bytes.NewReader(raw))
	var all []*source
	for {
		var n yaml.Node
		err := decode(dec, &n)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("is neither YAML nor JSON: %w", err)
		}
		if len(n.Content) == 0 || n.Content[0].Tag == "!!null" {
			continue
		}
		if err := plain(n.Content[0], 0); err != nil {
			return nil, err
		}
		if all = append(all, newSource(n.Content[0])); len(all) > maxDocuments {
			return nil, fmt.Errorf("has over %d documents", maxDocuments)
		}
	}
	if len(all) == 0 {
		return nil, errors.New("is empty")
	}
	return all, nil
}

// decode keeps whatever the parser does with bytes that nobody thought of from ending the
// program.
func decode(dec *yaml.Decoder, into *yaml.Node) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("unreadable: %v", r)
		}
	}()
	return dec.Decode(into)
}

// plain refuses what makes one part of a file mean another, and members that are there
// twice.
func plain(n *yaml.Node, depth int) error {
	switch {
	case n.Kind == yaml.AliasNode || n.Anchor != "":
		return fmt.Errorf("%d:%d: an anchor or an alias: write out what it stands for", n.Line, n.Column)
	case depth > 60:
		return fmt.Errorf("%d:%d: is nested too deep", n.Line, n.Column)
	}
	seen := map[string]bool{}
	for i, c := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 0 {
			if seen[c.Value] {
				return fmt.Errorf("%d:%d: %s is there twice", c.Line, c.Column, c.Value)
			}
			seen[c.Value] = true
		}
		if err := plain(c, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// A builder collects the policy and what is not in it.
type builder struct {
	doc  *policy.Document
	gaps []Gap
}

func (b *builder) gap(where *source, format string, args ...any) {
	where.readAll()
	b.gaps = append(b.gaps, Gap{Where: where.path, Why: fmt.Sprintf(format, args...)})
}

// looser is a gap through which more gets in than before.
func (b *builder) looser(where *source, format string, args ...any) {
	b.gap(where, format, args...)
	b.gaps[len(b.gaps)-1].Looser = true
}

// nobody is an identity that nobody can have: RFC 2606 keeps its issuer's domain free.
func (b *builder) nobody() string {
	return b.identity("nobody", policy.Identity{OIDC: &policy.OIDC{Issuer: "https://nobody.invalid", Subject: "nobody"}})
}

// identity adds an identity under a name that is not taken, and returns the name. An equal
// one that is there already serves.
func (b *builder) identity(name string, i policy.Identity) string {
	name = slug(name)
	for n := 0; ; n++ {
		candidate := name
		if n > 0 {
			candidate = fmt.Sprintf("%s-%d", name, n+1)
		}
		at := slices.IndexFunc(b.doc.Identities, func(o policy.Identity) bool { return o.Name == candidate })
		i.Name = candidate
		if at < 0 {
			b.doc.Identities = append(b.doc.Identities, i)
			return candidate
		}
		if equal(b.doc.Identities[at], i) {
			return candidate
		}
	}
}

// equal compares the kinds of identity that are made here.
func equal(a, b policy.Identity) bool {
	switch {
	case a.OIDC != nil && b.OIDC != nil:
		return a.OIDC.Issuer == b.OIDC.Issuer && a.OIDC.Subject == b.OIDC.Subject
	case a.Key != nil && b.Key != nil:
		return *a.Key == *b.Key
	}
	return false
}

// slug makes a name of any text.
func slug(s string) string {
	s = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		if r >= 'A' && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return '-'
	}, s)
	for strings.Contains(s, "--") {
		s = strings.ReplaceAll(s, "--", "-")
	}
	if s = strings.Trim(s, "-"); s == "" {
		return "imported"
	}
	return s[:min(len(s), 60)]
}
