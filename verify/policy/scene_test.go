package policy_test

import (
	"slices"
	"testing"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/attest/predicate"
	"github.com/carnet-project/carnet/sign"
	signkey "github.com/carnet-project/carnet/sign/key"
	"github.com/carnet-project/carnet/verify"
	"github.com/carnet-project/carnet/verify/key"
	"github.com/carnet-project/carnet/verify/policy"
)

const (
	typeSign = predicate.SignV1
	typeSLSA = "https://slsa.dev/provenance/v1"
	typeSPDX = "https://spdx.dev/Document"
	typeCDX  = "https://cyclonedx.org/bom"
	typeTest = "https://in-toto.io/attestation/test-result/v0.1"
)

var predicates = map[string]string{
	typeSign: `{}`,
	typeSLSA: `{"buildDefinition":{"buildType":"https://example.com/b","externalParameters":{"a":1}},"runDetails":{"builder":{"id":"https://example.com/builder"}}}`,
	typeSPDX: `{"spdxVersion":"SPDX-2.3","SPDXID":"SPDXRef-DOCUMENT","name":"n","dataLicense":"CC0-1.0","documentNamespace":"https://example.com/n",` +
		`"creationInfo":{"created":"2026-01-02T03:04:05Z","creators":["Tool: t"]},"packages":[]}`,
	typeCDX:  `{"bomFormat":"CycloneDX","specVersion":"1.6","version":1,"metadata":{"timestamp":"2026-01-02T03:04:05Z"},"components":[{}]}`,
	typeTest: `{"result":"FAILED","configuration":[{"name":"c","digest":{"gitCommit":"7fd1a60b01f91b314f59955a4e4d4e80d8edf11d"}}]}`,
}

// A scene is an index of two platforms and a key that makes evidence about them: it
// is really signed and really verified, since evidence comes from nowhere else.
type scene struct {
	t                   testing.TB
	index, amd64, arm64 artifact.Artifact
	signer              *signkey.Signer
	root                *key.Root
	// signed counts signatures, so that each differs.
	signed int
}

func newScene(t testing.TB) *scene {
	t.Helper()
	pair, err := signkey.Generate(signkey.Ed25519)
	if err != nil {
		t.Fatal(err)
	}
	s := &scene{t: t}
	if s.signer, err = pair.Signer(); err != nil {
		t.Fatal(err)
	}
	if s.root, err = key.Parse("scene.pub", pair.PublicPEM()); err != nil {
		t.Fatal(err)
	}
	image := func(platform string) artifact.Artifact {
		return artifact.Artifact{Kind: artifact.KindImage, Digest: attest.SHA256([]byte(platform)), Platform: platform}
	}
	s.amd64, s.arm64 = image("linux/amd64"), image("linux/arm64")
	s.index = artifact.Artifact{Kind: artifact.KindIndex, Digest: attest.SHA256([]byte("index")), Children: []artifact.Artifact{s.amd64, s.arm64}}
	return s
}

// bundle is a statement of a type about a, signed. Its bytes differ with the name that
// the subject is given.
func (s *scene) bundle(a artifact.Artifact, predicateType, name string) *attest.Bundle {
	s.t.Helper()
	st, err := attest.NewStatement(predicateType, []byte(predicates[predicateType]), attest.NewSubject(name, a.Digest))
	if err != nil {
		s.t.Fatal(err)
	}
	b, err := sign.Statement(s.t.Context(), st, s.signer)
	if err != nil {
		s.t.Fatal(err)
	}
	return b
}

// evidence is believed evidence of a type about a.
func (s *scene) evidence(a artifact.Artifact, predicateType string) *verify.Evidence {
	s.t.Helper()
	b := s.bundle(a, predicateType, "")
	e, err := verify.Bundle(b, a.Digest, s.root)
	if err != nil {
		s.t.Fatal(err)
	}
	return e
}

// sboms are one for each platform.
func (s *scene) sboms() []*verify.Evidence {
	return []*verify.Evidence{s.evidence(s.amd64, typeSPDX), s.evidence(s.arm64, typeCDX)}
}

// everything is all that the default policy asks for.
func (s *scene) everything() []*verify.Evidence {
	return append(s.sboms(), s.evidence(s.index, typeSign), s.evidence(s.index, typeSLSA))
}

func require(t testing.TB, names ...string) []policy.Requirement {
	t.Helper()
	var all []policy.Requirement
	for _, n := range names {
		r, err := policy.ParseRequirement(n)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, r)
	}
	return all
}

func newPolicy(t testing.TB, requirements []policy.Requirement, platforms ...string) *policy.Policy {
	t.Helper()
	p, err := policy.New(requirements, platforms...)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Evidence about an index covers its platforms, evidence about a platform covers
// nothing else, and an SBOM is never of an index.
func TestWhichEvidenceCoversWhat(t *testing.T) {
	s := newScene(t)
	for _, c := range []struct {
		name     string
		require  string
		artifact artifact.Artifact
		of       []artifact.Artifact
		as       string
		allowed  bool
	}{
		{"the index's signature", "signature", s.index, []artifact.Artifact{s.index}, typeSign, true},
		{"the platforms' signatures", "signature", s.index, []artifact.Artifact{s.amd64, s.arm64}, typeSign, false},
		{"the index's signature for a platform alone", "signature", s.amd64, []artifact.Artifact{s.index}, typeSign, false},
		{"the sibling's signature", "signature", s.amd64, []artifact.Artifact{s.arm64}, typeSign, false},
		{"the index's provenance", "provenance", s.index, []artifact.Artifact{s.index}, typeSLSA, true},
		{"the platforms' provenance", "provenance", s.index, []artifact.Artifact{s.amd64, s.arm64}, typeSLSA, true},
		{"one platform's provenance", "provenance", s.index, []artifact.Artifact{s.amd64}, typeSLSA, false},
		{"the platforms' SBOMs", "sbom", s.index, []artifact.Artifact{s.amd64, s.arm64}, typeSPDX, true},
		{"the index's SBOM", "sbom", s.index, []artifact.Artifact{s.index}, typeSPDX, false},
		{"the index's SBOM by its type", "spdxjson", s.index, []artifact.Artifact{s.index}, typeSPDX, false},
		{"one platform's SBOM", "sbom", s.index, []artifact.Artifact{s.index, s.amd64}, typeSPDX, false},
		{"an image's own SBOM", "sbom", s.amd64, []artifact.Artifact{s.amd64}, typeSPDX, true},
	} {
		var evidence []*verify.Evidence
		for _, a := range c.of {
			evidence = append(evidence, s.evidence(a, c.as))
		}
		v := newPolicy(t, require(t, c.require)).Judge(policy.Case{Artifact: c.artifact, Evidence: evidence})
		if v.Allowed() != c.allowed {
			t.Errorf("%s: %s, %+v", c.name, v.Outcome(), v.Findings())
		}
	}
}

// Leaving out any one piece of what is needed denies; the order means nothing.
func TestEveryPieceCounts(t *testing.T) {
	s := newScene(t)
	p := newPolicy(t, policy.Default())
	all := s.everything()
	for i := range all {
		if v := p.Judge(policy.Case{Artifact: s.index, Evidence: slices.Delete(slices.Clone(all), i, i+1)}); v.Outcome() != policy.Denied {
			t.Errorf("without %s: %s", all[i].PredicateType(), v.Outcome())
		}
		all = append(all[1:], all[0])
		if v := p.Judge(policy.Case{Artifact: s.index, Evidence: all}); !v.Allowed() {
			t.Errorf("in another order: %s", v.Outcome())
		}
	}
}

// Selecting platforms asks for less evidence, but never for none.
func TestPlatformSelection(t *testing.T) {
	s := newScene(t)
	amd64 := []*verify.Evidence{s.evidence(s.amd64, typeSPDX)}
	for _, c := range []struct {
		platforms []string
		artifact  artifact.Artifact
		want      policy.Outcome
		rule      string
	}{
		{nil, s.index, policy.Denied, "sbom.missing"},
		{[]string{"linux/amd64"}, s.index, policy.Allowed, ""},
		{[]string{"linux/arm64"}, s.index, policy.Denied, "sbom.missing"},
		{[]string{"linux/amd64", "linux/arm64"}, s.index, policy.Denied, "sbom.missing"},
		{[]string{"linux/s390x"}, s.index, policy.Denied, "image.platforms"},
		{[]string{"linux/amd64", "linux/s390x"}, s.index, policy.Denied, "image.platforms"},
		{[]string{"linux/amd64"}, s.amd64, policy.Allowed, ""},
		{[]string{"linux/arm64"}, s.amd64, policy.Denied, "image.platforms"},
	} {
		v := newPolicy(t, require(t, "sbom"), c.platforms...).Judge(policy.Case{Artifact: c.artifact, Evidence: amd64})
		var rule string
		if f := v.Findings(); len(f) > 0 {
			rule = f[0].Rule
		}
		if v.Outcome() != c.want || rule != c.rule {
			t.Errorf("%v of the %s: %s by %q", c.platforms, c.artifact.Kind, v.Outcome(), rule)
		}
	}
	signature := policy.Case{Artifact: s.index, Evidence: []*verify.Evidence{s.evidence(s.amd64, typeSign)}}
	if v := newPolicy(t, require(t, "signature"), "linux/amd64").Judge(signature); v.Allowed() {
		t.Error("the signature of a platform covers the index that lists it")
	}
}
