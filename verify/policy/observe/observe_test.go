package observe_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/predicate"
	"github.com/carnet-project/carnet/fixtures/cases"
	"github.com/carnet-project/carnet/verify"
	"github.com/carnet-project/carnet/verify/key"
	"github.com/carnet-project/carnet/verify/policy"
	"github.com/carnet-project/carnet/verify/policy/document"
	"github.com/carnet-project/carnet/verify/policy/observe"
	"github.com/carnet-project/carnet/verify/sigstore"
)

// everybody believes every good signature: what a draft is made of.
func everybody(t *testing.T, c cases.Case) ([]verify.Root, map[attest.Digest]string) {
	t.Helper()
	raw, err := cases.Blob(c.TrustedRoots[0])
	if err != nil {
		t.Fatal(err)
	}
	m, err := sigstore.ParseMaterial("production", raw)
	if err != nil {
		t.Fatal(err)
	}
	p, err := c.Policy()
	if err != nil {
		t.Fatal(err)
	}
	roots := []verify.Root{sigstore.NewRoot(m, m.Need(), func(attest.Certificate) error { return nil })}
	keys := map[attest.Digest]string{}
	for _, i := range p.Keys() {
		r, err := key.Parse(i.Name, []byte(i.Key.PEM))
		if err != nil {
			t.Fatal(err)
		}
		roots = append(roots, r)
		keys[r.Identities()[0].Key] = i.Key.PEM
	}
	return roots, keys
}

func found(t *testing.T, c cases.Case, roots []verify.Root) []*verify.Evidence {
	t.Helper()
	var all []*verify.Evidence
	for _, piece := range c.Stored {
		raw, err := cases.Blob(piece.Content)
		if err != nil {
			t.Fatal(err)
		}
		b, err := attest.ParseBundle(raw)
		if err != nil {
			t.Fatal(err)
		}
		d, err := attest.ParseDigest(piece.Subject)
		if err != nil {
			t.Fatal(err)
		}
		if e, err := verify.Bundle(b, d, roots...); err == nil {
			all = append(all, e)
		}
	}
	return all
}

// cleanScans are scans of both platforms that found nothing that is denied.
func cleanScans(t *testing.T, roots []verify.Root) []*verify.Evidence {
	t.Helper()
	return found(t, named(t, "scan-good"), roots)
}

func chain(t *testing.T) cases.Case { return named(t, "chain-good") }

func named(t *testing.T, name string) cases.Case {
	t.Helper()
	all, err := cases.All()
	if err != nil {
		t.Fatal(err)
	}
	return all[slices.IndexFunc(all, func(c cases.Case) bool { return c.Name == name })]
}

// A draft of what an image shows lets exactly that in: pinned to who was seen, and nobody
// else.
func TestDraft(t *testing.T) {
	c := chain(t)
	roots, keys := everybody(t, c)
	evidence := found(t, c, roots)
	// A scan with a critical finding, which only the word of product security excuses.
	evidence = slices.DeleteFunc(evidence, func(e *verify.Evidence) bool {
		return predicate.ClassOf(e.PredicateType()) == predicate.Vulnerabilities
	})
	clean := cleanScans(t, roots)
	evidence = append(evidence, clean...)
	draft, err := observe.Policy([]observe.Image{{Name: c.Image, Evidence: evidence}}, observe.Options{Name: "drafted", Owner: "me", Keys: keys})
	if err != nil {
		t.Fatal(err)
	}
	text := string(document.Write(draft.Document, draft.Comments))
	d, err := document.Parse("drafted", []byte(text), nil)
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	for _, want := range []string{
		"mode: audit", "repository: acme/shop", `repositoryId: "42"`, `ownerId: "1234567"`, "workflow: .github/workflows/release.yml",
		"builder: acme/build/.github/workflows/image.yml", "refs/tags/v2.3.1", "repository: acme/scan", "refs: [refs/tags/v1.4.2]", "scanners: [grype]",
		"https://github.com/acme/shop", "seen as https://github.com/acme/build",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("nothing of %q in\n%s", want, text)
		}
	}
	if strings.Contains(text, "*") {
		t.Errorf("it generalises by itself:\n%s", text)
	}
	tree, err := c.Artifact.Tree()
	if err != nil {
		t.Fatal(err)
	}
	for _, judged := range []struct {
		image   string
		outcome policy.Outcome
	}{{c.Image, policy.Allowed}, {"ghcr.io/acme/shop/other", policy.Denied}} {
		p, err := policy.Bind(judged.image, nil, d)
		if err != nil {
			t.Fatal(err)
		}
		v := p.Judge(policy.Case{Artifact: tree, Evidence: evidence, At: c.At})
		if v.Outcome() != judged.outcome {
			t.Errorf("%s: %s, %+v", judged.image, v.Outcome(), v.Findings())
		}
	}
	if len(draft.Trusted) < 4 {
		t.Errorf("it says only of %q that they are trusted now", draft.Trusted)
	}
}

// Images whose names line up with their repositories are told; a key that nobody named is
// not trusted; and nothing is drafted of nothing.
func TestSuggestions(t *testing.T) {
	c := chain(t)
	roots, _ := everybody(t, c)
	evidence := found(t, c, roots)
	draft, err := observe.Policy([]observe.Image{
		{Name: "ghcr.io/acme/shop/api", Evidence: evidence}, {Name: "ghcr.io/acme/shop/web", Evidence: evidence}, {Name: "ghcr.io/acme/legacy", Evidence: evidence},
	}, observe.Options{Name: "drafted", Owner: "me"})
	if err != nil {
		t.Fatal(err)
	}
	all := strings.Join(draft.Suggestions, "\n")
	for _, want := range []string{`images: ["ghcr.io/acme/{repo}/api"]`, `repositories: ["https://github.com/acme/{repo}"]`, "ghcr.io/acme/legacy is built from", "give its public key with --key"} {
		if !strings.Contains(all, want) {
			t.Errorf("nothing of %q in\n%s", want, all)
		}
	}
	if len(draft.Document.Scopes) != 3 {
		t.Errorf("%d scopes", len(draft.Document.Scopes))
	}
	for _, i := range draft.Document.Identities {
		if i.Key != nil {
			t.Errorf("the key of %s is trusted, and nobody named it", i.Name)
		}
	}
	if _, err := observe.Policy([]observe.Image{{Name: "ghcr.io/acme/bare"}}, observe.Options{}); err == nil {
		t.Error("a policy was made of nothing")
	}
}
