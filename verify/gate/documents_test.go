package gate_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/attest/predicate/reference"
	"github.com/carnet-project/carnet/attest/predicate/spdx"
	"github.com/carnet-project/carnet/fixtures/large"
	"github.com/carnet-project/carnet/sign"
	signkey "github.com/carnet-project/carnet/sign/key"
	"github.com/carnet-project/carnet/verify"
	"github.com/carnet-project/carnet/verify/gate"
	"github.com/carnet-project/carnet/verify/key"
	"github.com/carnet-project/carnet/verify/policy"
)

// A library is a store of references and of the documents that they name.
type library struct {
	t     *testing.T
	image artifact.Artifact
	keys  map[string]*signkey.Signer
	roots []verify.Root
	pems  map[string]string
	blobs map[attest.Digest][]byte
	// fetched are the blobs that were asked for, and broken is what the store says to that.
	fetched []attest.Digest
	broken  error
	most    int64
}

func newLibrary(t *testing.T) *library {
	l := &library{
		t: t, image: artifact.Artifact{Kind: artifact.KindImage, Digest: attest.SHA256([]byte("image")), Platform: "linux/amd64"},
		keys: map[string]*signkey.Signer{}, pems: map[string]string{}, blobs: map[attest.Digest][]byte{},
	}
	for _, name := range []string{"release", "other", "stranger"} {
		pair, err := signkey.Generate(signkey.Ed25519)
		if err != nil {
			t.Fatal(err)
		}
		if l.keys[name], err = pair.Signer(); err != nil {
			t.Fatal(err)
		}
		root, err := key.Parse(name, pair.PublicPEM())
		if err != nil {
			t.Fatal(err)
		}
		l.pems[name] = string(pair.PublicPEM())
		if name != "stranger" {
			l.roots = append(l.roots, root)
		}
	}
	return l
}

// document packs an SBOM of about so many bytes, keeps it, and refers to it.
func (l *library) document(size int64) reference.Document {
	var raw bytes.Buffer
	if err := large.SPDX(&raw, size); err != nil {
		l.t.Fatal(err)
	}
	return l.keep(raw.Bytes(), spdx.Type)
}

func (l *library) keep(raw []byte, predicateType string) reference.Document {
	var stored bytes.Buffer
	p, err := reference.Pack(&stored, bytes.NewReader(raw))
	if err != nil {
		l.t.Fatal(err)
	}
	l.blobs[p.Stored.Digest] = stored.Bytes()
	return reference.Document{
		Location: "oci://registry.example.com/shop/app@" + l.image.Digest.String(), MediaType: "application/spdx+json",
		Digests: map[string]string{"sha256": p.Digest.Hex()}, PredicateType: predicateType, Size: p.Size, Stored: p.Stored,
	}
}

// refers is a stored reference by a signer.
func (l *library) refers(by string, documents ...reference.Document) attest.Found {
	raw, err := reference.Reference{Attester: reference.Attester, Documents: documents}.Predicate()
	if err != nil {
		l.t.Fatal(err)
	}
	f := l.says(by, reference.V01, raw)
	for _, d := range documents {
		f.Refers = append(f.Refers, d.PredicateType)
	}
	return f
}

func (l *library) says(by, predicateType string, raw []byte) attest.Found {
	st, err := attest.NewStatement(predicateType, raw, attest.NewSubject("", l.image.Digest))
	if err != nil {
		l.t.Fatal(err)
	}
	b, err := sign.Statement(l.t.Context(), st, l.keys[by])
	if err != nil {
		l.t.Fatal(err)
	}
	return attest.Found{
		Place: attest.PlaceReferrers, Manifest: b.Digest(), PredicateType: predicateType, Form: b.Form(), Bytes: int64(len(b.Bytes())),
		Open: func(context.Context) ([]*attest.Bundle, error) { return []*attest.Bundle{b}, nil },
	}
}

// check judges by what clause asks, of which release is the one who is accepted.
func (l *library) check(clause policy.SBOMClause, pieces ...attest.Found) policy.Verdict {
	l.t.Helper()
	clause.From = []string{"release"}
	p, err := policy.Bind("ghcr.io/acme/shop", nil, &policy.Document{
		Name:       "sbom",
		Identities: []policy.Identity{{Name: "release", Key: &policy.Key{PEM: l.pems["release"]}}, {Name: "other", Key: &policy.Key{PEM: l.pems["other"]}}},
		Scopes:     []policy.Scope{{Name: "all", Images: []string{"**"}, Require: policy.Require{Agree: []string{}, SBOM: &clause}}},
	})
	if err != nil {
		l.t.Fatal(err)
	}
	l.fetched = nil
	return gate.Gate{Source: pantry(pieces), Roots: l.roots, Policy: p, MaxDocumentBytes: l.most, Documents: l.open}.Check(l.t.Context(), l.image)
}

func (l *library) open(_ context.Context, d attest.Digest, size int64) (io.ReadCloser, error) {
	l.fetched = append(l.fetched, d)
	raw, ok := l.blobs[d]
	switch {
	case l.broken != nil:
		return nil, l.broken
	case !ok:
		return nil, fmt.Errorf("%w: 404", gate.ErrNoDocument)
	}
	return io.NopCloser(bytes.NewReader(raw)), nil
}

var deep = policy.SBOMClause{Formats: []string{"spdx>=2.3"}, Minimum: "ntia", Dependencies: "transitive", DenyLicenses: []string{"AGPL-*"}, DenyPackages: []string{"pkg:npm/left-pad"}}

// A document by reference is judged as one in a bundle: small ones, which are kept, and large
// ones, which are read as they come.
func TestDocumentsAreJudged(t *testing.T) {
	for name, size := range map[string]int64{"kept": 200_000, "as it comes": 20 << 20} {
		t.Run(name, func(t *testing.T) {
			l := newLibrary(t)
			piece := l.refers("release", l.document(size))
			v := l.check(deep, piece)
			if !v.Allowed() || len(l.fetched) != 1 {
				t.Fatalf("%s, fetched %d: %+v", v.Outcome(), len(l.fetched), v.Findings())
			}
			e := v.Evidence()[0]
			if e.PredicateType() != spdx.Type || e.Document() == nil || e.Size() != e.Document().Size || e.By().Name != "release" {
				t.Errorf("evidence %s of %d bytes by %s", e.PredicateType(), e.Size(), e.By())
			}
			for rule, clause := range map[string]policy.SBOMClause{
				"sbom.licenses": {DenyLicenses: []string{"MIT"}}, "sbom.packages": {DenyPackages: []string{"pkg:npm/%40acme/package-7"}}, "sbom.format": {Formats: []string{"cyclonedx"}}, "sbom.fields": {Minimum: "bsi-2.1"},
			} {
				v := l.check(clause, piece)
				if v.Outcome() != policy.Denied || v.Findings()[0].Rule != rule {
					t.Errorf("%s: %s, %+v", rule, v.Outcome(), v.Findings())
				}
			}
		})
	}
}

// What is wrong with a reference or its document, and what becomes of it. Nothing is fetched at
// the word of a signer who is not accepted, and nothing that nobody asked for.
func TestDocumentsThatAreRefused(t *testing.T) {
	l := newLibrary(t)
	good := l.document(100_000)
	changed := func(change func(*reference.Document)) reference.Document {
		d := good
		change(&d)
		return d
	}
	noSPDX := l.keep([]byte(`{"spdxVersion":"SPDX-2.3"}`), spdx.Type)
	vulns := l.keep([]byte(`{}`), "https://in-toto.io/attestation/vulns/v0.2")
	bomb := l.keep(make([]byte, 30<<20), spdx.Type)
	for name, c := range map[string]struct {
		by      string
		of      reference.Document
		prepare func()
		outcome policy.Outcome
		reason  verify.Reason
		fetched int
	}{
		"good":                       {"release", good, nil, policy.Allowed, "", 1},
		"by another identity":        {"other", good, nil, policy.Denied, verify.ReasonIdentityMismatch, 0},
		"by nobody who is known":     {"stranger", good, nil, policy.Denied, verify.ReasonUnknownSigner, 0},
		"of another type":            {"release", vulns, nil, policy.Denied, "", 0},
		"of no type that is told":    {"release", changed(func(d *reference.Document) { d.PredicateType = "" }), nil, policy.Denied, "", 0},
		"of no size that is told":    {"release", changed(func(d *reference.Document) { d.Size = 0 }), nil, policy.Denied, verify.ReasonUnsupported, 0},
		"of no stored blob":          {"release", changed(func(d *reference.Document) { d.Stored = reference.Stored{} }), nil, policy.Denied, verify.ReasonUnsupported, 0},
		"in an unknown encoding":     {"release", changed(func(d *reference.Document) { d.Stored.Encoding = "br" }), nil, policy.Denied, verify.ReasonUnsupported, 0},
		"it is missing":              {"release", good, func() { delete(l.blobs, good.Stored.Digest) }, policy.Denied, verify.ReasonDocumentMissing, 1},
		"the store is away":          {"release", good, func() { l.broken = errors.New("503") }, policy.Undecided, verify.ReasonUnreadable, 1},
		"other bytes, well packed":   {"release", good, func() { l.blobs[good.Stored.Digest] = l.blobs[noSPDX.Stored.Digest] }, policy.Invalid, verify.ReasonContentMismatch, 1},
		"other bytes, no gzip":       {"release", good, func() { l.blobs[good.Stored.Digest] = []byte("no gzip") }, policy.Invalid, verify.ReasonMalformed, 1},
		"it ends early":              {"release", good, func() { l.blobs[good.Stored.Digest] = l.blobs[good.Stored.Digest][:1000] }, policy.Invalid, verify.ReasonMalformed, 1},
		"larger than it says":        {"release", changed(func(d *reference.Document) { d.Size-- }), nil, policy.Invalid, verify.ReasonContentMismatch, 1},
		"smaller than it says":       {"release", changed(func(d *reference.Document) { d.Size++ }), nil, policy.Invalid, verify.ReasonContentMismatch, 1},
		"a bomb":                     {"release", good, func() { l.blobs[good.Stored.Digest] = l.blobs[bomb.Stored.Digest] }, policy.Invalid, verify.ReasonContentMismatch, 1},
		"over the bound":             {"release", good, func() { l.most = good.Size - 1 }, policy.Undecided, verify.ReasonTooLarge, 0},
		"stored over the bound":      {"release", changed(func(d *reference.Document) { d.Stored.Size = 1 << 40 }), nil, policy.Undecided, verify.ReasonTooLarge, 0},
		"it is no SBOM":              {"release", noSPDX, nil, policy.Denied, verify.ReasonPredicateMalformed, 1},
		"a version nobody knows":     {"release", changed(func(d *reference.Document) { d.PredicateType = spdx.Type + "/v9" }), nil, policy.Denied, verify.ReasonUnsupported, 1},
		"large, and it is no SBOM":   {"release", bomb, nil, policy.Denied, verify.ReasonPredicateMalformed, 1},
		"a reference to a signature": {"release", changed(func(d *reference.Document) { d.PredicateType = "https://sigstore.dev/cosign/sign/v1" }), nil, policy.Denied, "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			blobs, piece := l.blobs, l.refers(c.by, c.of)
			l.blobs, l.broken, l.most = map[attest.Digest][]byte{}, nil, 0
			for d, raw := range blobs {
				l.blobs[d] = raw
			}
			defer func() { l.blobs, l.broken, l.most = blobs, nil, 0 }()
			if c.prepare != nil {
				c.prepare()
			}
			v := l.check(deep, piece)
			if v.Outcome() != c.outcome || len(l.fetched) != c.fetched {
				t.Errorf("%s, fetched %d, want %s and %d: %+v", v.Outcome(), len(l.fetched), c.outcome, c.fetched, v.Findings())
			}
			if c.outcome != policy.Allowed && (len(v.Findings()) == 0 || v.Findings()[0].Reason != c.reason) {
				t.Errorf("want %q: %+v", c.reason, v.Findings())
			}
		})
	}
}

// A gate without a place for documents decides nothing.
func TestDocumentsWithoutAPlace(t *testing.T) {
	l := newLibrary(t)
	requirement, err := policy.ParseRequirement("sbom")
	if err != nil {
		t.Fatal(err)
	}
	p, err := policy.New([]policy.Requirement{requirement})
	if err != nil {
		t.Fatal(err)
	}
	g := gate.Gate{Source: pantry{l.refers("release", l.document(1000))}, Roots: l.roots, Policy: p}
	if v := g.Check(t.Context(), l.image); v.Outcome() != policy.Undecided {
		t.Errorf("%s, %+v", v.Outcome(), v.Findings())
	}
	// Who asks only that there is an SBOM gets it checked, and not listed.
	g.Documents = l.open
	v := g.Check(t.Context(), l.image)
	if !v.Allowed() {
		t.Errorf("%s, %+v", v.Outcome(), v.Findings())
	}
}

// Of several documents of one statement each is judged as if it had a statement of its own.
func TestSeveralDocuments(t *testing.T) {
	l := newLibrary(t)
	one, two := l.keep([]byte(`{"spdxVersion":"SPDX-2.3"}`), spdx.Type), l.document(100_000)
	if v := l.check(deep, l.refers("release", one, two)); !v.Allowed() || len(l.fetched) != 2 {
		t.Errorf("%s, fetched %d, %+v", v.Outcome(), len(l.fetched), v.Findings())
	}
	if v := l.check(deep, l.refers("release", two, one)); !v.Allowed() || len(l.fetched) != 1 {
		t.Errorf("the good one first: %s, fetched %d", v.Outcome(), len(l.fetched))
	}
}

// Hints are not needed, and lies about them hide nothing.
func TestDocumentsWithoutHints(t *testing.T) {
	l := newLibrary(t)
	for _, refers := range [][]string{nil, {"https://in-toto.io/attestation/vulns/v0.2"}} {
		piece := l.refers("release", l.document(100_000))
		piece.Refers = refers
		if v := l.check(deep, piece); !v.Allowed() {
			t.Errorf("%q: %s, %+v", refers, v.Outcome(), v.Findings())
		}
	}
}

// What allows does so with junk beside it and with its document only, and less is never more.
func TestMonotoneWithDocuments(t *testing.T) {
	l := newLibrary(t)
	good := l.refers("release", l.document(100_000))
	junk := []attest.Found{
		l.refers("other", l.document(20_000)), l.refers("stranger", l.document(20_000)), l.refers("release", l.keep([]byte(`{}`), spdx.Type)),
		l.refers("release", l.keep([]byte(`{}`), "https://in-toto.io/attestation/vulns/v0.2")), l.says("stranger", spdx.Type, []byte(`{}`)), l.says("release", spdx.Type, []byte(`{}`)),
	}
	gone := l.document(50_000)
	delete(l.blobs, gone.Stored.Digest)
	swapped := l.document(60_000)
	l.blobs[swapped.Stored.Digest] = l.blobs[l.document(70_000).Stored.Digest]
	junk = append(junk, l.refers("release", gone), l.refers("release", swapped))
	random := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		var pieces []attest.Found
		for _, i := range random.Perm(len(junk))[:random.IntN(len(junk)+1)] {
			pieces = append(pieces, junk[i])
		}
		if v := l.check(deep, pieces...); v.Allowed() {
			t.Fatalf("allowed by junk alone: %+v", v.Cells())
		}
		pieces = slices.Insert(pieces, random.IntN(len(pieces)+1), good)
		if v := l.check(deep, pieces...); !v.Allowed() {
			t.Fatalf("denied with junk beside the good one: %+v", v.Findings())
		}
		blobs := l.blobs
		l.blobs = map[attest.Digest][]byte{}
		if v := l.check(deep, pieces...); v.Allowed() {
			t.Fatal("allowed without the document")
		}
		l.blobs = blobs
	}
}
