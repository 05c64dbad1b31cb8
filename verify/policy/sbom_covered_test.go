package policy_test

import (
	"testing"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/verify/policy"
)

// An unsigned SBOM counts only in an index that an accepted identity signed, if the policy says
// so, and it is held to the same as a signed one.
func TestCoveredSBOM(t *testing.T) {
	manifest := artifact.Artifact{Kind: artifact.KindAttestation, Digest: digest("attestation")}
	statement := func(s *stocked, about attest.Digest, predicateType, content string) policy.Covered {
		t.Helper()
		st, err := attest.NewStatement(predicateType, []byte(content), attest.NewSubject("pkg:docker/acme/shop@1", about))
		if err != nil {
			t.Fatal(err)
		}
		return policy.Covered{Subject: s.image.Digest, Manifest: manifest.Digest, Statement: st}
	}
	signed := func(s *stocked) { s.of(s.index.Digest, s.builder, typeSign, `{}`, 1) }
	lies := func(s *stocked) {
		s.with.Covered = append(s.with.Covered, statement(s, s.image.Digest, typeCDX, bom("")))
	}
	for name, c := range map[string]struct {
		unsaid bool
		give   func(*stocked)
		want   []string
	}{
		"signed by one who is accepted": {false, func(s *stocked) { signed(s); lies(s) }, nil},
		"the policy does not say so":    {true, func(s *stocked) { signed(s); lies(s) }, []string{"missing sbom.missing"}},
		"signed by nobody":              {false, lies, []string{"missing sbom.missing"}},
		"signed by somebody else":       {false, func(s *stocked) { s.of(s.index.Digest, s.dev, typeSign, `{}`, 1); lies(s) }, []string{"missing sbom.missing"}},
		"only the platform is signed":   {false, func(s *stocked) { s.says(s.builder, typeSign, `{}`, 1); lies(s) }, []string{"missing sbom.missing"}},
		"an attestation of the index":   {false, func(s *stocked) { s.of(s.index.Digest, s.builder, typeTest, predicates[typeTest], 1); lies(s) }, []string{"missing sbom.missing"}},
		"in a manifest of no index": {false, func(s *stocked) {
			signed(s)
			lies(s)
			s.with.Covered[0].Manifest = digest("in no index")
		}, []string{"missing sbom.missing"}},
		"about the other platform, by the index": {false, func(s *stocked) {
			signed(s)
			lies(s)
			s.with.Covered[0].Subject = s.sibling.Digest
		}, []string{"missing sbom.missing"}},
		"about the other platform, by itself": {false, func(s *stocked) {
			signed(s)
			s.with.Covered = []policy.Covered{statement(s, s.sibling.Digest, typeCDX, bom(""))}
		}, []string{"missing sbom.missing"}},
		"provenance": {false, func(s *stocked) {
			signed(s)
			s.with.Covered = []policy.Covered{statement(s, s.image.Digest, typeSLSA, predicates[typeSLSA])}
		}, []string{"missing sbom.missing"}},
		"with a denied package": {false, func(s *stocked) {
			signed(s)
			s.with.Covered = []policy.Covered{statement(s, s.image.Digest, typeCDX, bom(component("evil", "1", "pkg:npm/evil@1", "MIT")))}
		}, []string{"fail sbom.packages"}},
		"malformed": {false, func(s *stocked) {
			signed(s)
			s.with.Covered = []policy.Covered{statement(s, s.image.Digest, typeCDX, `{"bomFormat":"CycloneDX"}`)}
		}, []string{"fail sbom.format"}},
		"beside a signed one that fails": {false, func(s *stocked) {
			signed(s)
			lies(s)
			s.says(s.builder, typeCDX, bom("", `"1.6"`, `"1.4"`), 1)
		}, nil},
	} {
		s := newStocked(t)
		s.index.Children = append(s.index.Children, manifest)
		s.with.Artifact = s.index
		s.require.SBOM = &policy.SBOMClause{From: []string{"builder"}, Formats: []string{"cyclonedx>=1.6"}, DenyPackages: []string{"pkg:npm/evil"}, Covered: !c.unsaid}
		c.give(s)
		v := s.ends(name, c.want...)
		if c.want == nil && len(v.Evidence()) != 1 {
			t.Errorf("%s: selected %v", name, v.Evidence())
		}
	}
}
