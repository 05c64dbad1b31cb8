package policy_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/verify"
	"github.com/carnet-project/carnet/verify/policy"
)

const (
	harmless = `"status":"not_affected","justification":"vulnerable_code_not_in_execute_path"`
	fixedVEX = `"status":"fixed"`
)

func onProduct(product string) string { return `,"products":[` + product + `]` }

// A finding is lifted by what accepted authors say of it, and by nothing else.
func TestVEX(t *testing.T) {
	denied := []string{"fail vulnerabilities.severity"}
	vexed := func(s *stocked, who *party, hours float64, statement string) {
		s.says(who, typeVEX, vexOf("CVE-2026-1", stamp(hours), statement), hours)
	}
	image := func(d string) string { return fmt.Sprintf(`{"@id":"pkg:oci/api@%s"}`, d) }
	own, other := digest("stockedlinux/amd64"), digest("other")
	for name, c := range map[string]struct {
		give func(*stocked)
		want []string
		note string
	}{
		"not affected":              {func(s *stocked) { vexed(s, s.psirt, 1, harmless) }, nil, ""},
		"fixed in this image":       {func(s *stocked) { vexed(s, s.psirt, 1, fixedVEX) }, nil, ""},
		"about the index":           {func(s *stocked) { s.of(s.index.Digest, s.psirt, typeVEX, vexOf("CVE-2026-1", stamp(1), harmless), 1) }, nil, ""},
		"about the other platform":  {func(s *stocked) { s.of(s.sibling.Digest, s.psirt, typeVEX, vexOf("CVE-2026-1", stamp(1), harmless), 1) }, denied, ""},
		"an author who is not one":  {func(s *stocked) { vexed(s, s.dev, 1, harmless) }, denied, "vex.untrusted"},
		"the scanner":               {func(s *stocked) { vexed(s, s.scanner, 1, harmless) }, denied, "vex.untrusted"},
		"affected":                  {func(s *stocked) { vexed(s, s.psirt, 1, `"status":"affected","action_statement":"update"`) }, denied, ""},
		"under investigation":       {func(s *stocked) { vexed(s, s.psirt, 1, `"status":"under_investigation"`) }, denied, ""},
		"another vulnerability":     {func(s *stocked) { s.says(s.psirt, typeVEX, vexOf("CVE-2026-2", stamp(1), harmless), 1) }, denied, ""},
		"under another name":        {func(s *stocked) { s.says(s.psirt, typeVEX, vexOf("ghsa-1", stamp(1), harmless), 1) }, nil, ""},
		"this image":                {func(s *stocked) { vexed(s, s.psirt, 1, harmless+onProduct(image(own.String()))) }, nil, ""},
		"this image by its hash":    {func(s *stocked) { vexed(s, s.psirt, 1, harmless+onProduct(`{"hashes":{"sha-256":"`+own.Hex()+`"}}`)) }, nil, ""},
		"another image":             {func(s *stocked) { vexed(s, s.psirt, 1, harmless+onProduct(image(other.String()))) }, denied, ""},
		"an image without a digest": {func(s *stocked) { vexed(s, s.psirt, 1, harmless+onProduct(`{"@id":"pkg:oci/api"}`)) }, denied, ""},
		"the package in this image": {func(s *stocked) {
			vexed(s, s.psirt, 1, harmless+onProduct(`{"@id":"pkg:oci/api@`+own.String()+`","subcomponents":[{"@id":"pkg:deb/debian/openssl@3.0.1"}]}`))
		}, nil, ""},
		"another package in this image": {func(s *stocked) {
			vexed(s, s.psirt, 1, harmless+onProduct(`{"@id":"pkg:oci/api@`+own.String()+`","subcomponents":[{"@id":"pkg:deb/debian/zlib"}]}`))
		}, denied, ""},
		"the package": {func(s *stocked) { vexed(s, s.psirt, 1, harmless+onProduct(`{"@id":"pkg:deb/debian/openssl"}`)) }, nil, ""},
		"the package in this version": {func(s *stocked) {
			vexed(s, s.psirt, 1, harmless+onProduct(`{"identifiers":{"purl":"pkg:deb/debian/openssl@3.0.1?arch=amd64"}}`))
		}, nil, ""},
		"the package in another version": {func(s *stocked) { vexed(s, s.psirt, 1, harmless+onProduct(`{"@id":"pkg:deb/debian/openssl@3.0.2"}`)) }, denied, ""},
		"the package elsewhere": {func(s *stocked) {
			vexed(s, s.psirt, 1, harmless+onProduct(`{"@id":"pkg:deb/debian/openssl?arch=arm64"}`))
		}, denied, ""},
		"fixed in this version":    {func(s *stocked) { vexed(s, s.psirt, 1, fixedVEX+onProduct(`{"@id":"pkg:deb/debian/openssl@3.0.1"}`)) }, nil, ""},
		"fixed in another version": {func(s *stocked) { vexed(s, s.psirt, 1, fixedVEX+onProduct(`{"@id":"pkg:deb/debian/openssl@3.0.2"}`)) }, denied, ""},
		"fixed in no version":      {func(s *stocked) { vexed(s, s.psirt, 1, fixedVEX+onProduct(`{"@id":"pkg:deb/debian/openssl"}`)) }, denied, ""},
		"old":                      {func(s *stocked) { vexed(s, s.psirt, 91*24, harmless) }, denied, ""},
		"old by its word":          {func(s *stocked) { s.says(s.psirt, typeVEX, vexOf("CVE-2026-1", stamp(91*24), harmless), 1) }, denied, ""},
		"from after it was signed": {func(s *stocked) { s.says(s.psirt, typeVEX, vexOf("CVE-2026-1", stamp(1), harmless), 9) }, denied, ""},
		"without a trusted time":   {func(s *stocked) { s.says(s.psirt, typeVEX, vexOf("CVE-2026-1", stamp(1), harmless), untimed) }, denied, ""},
		"superseded by a better one": {func(s *stocked) {
			vexed(s, s.psirt, 9, `"status":"under_investigation"`)
			vexed(s, s.psirt, 1, harmless)
		}, nil, ""},
		"superseded by a worse one": {func(s *stocked) {
			vexed(s, s.psirt, 9, harmless)
			vexed(s, s.psirt, 1, `"status":"under_investigation"`)
		}, denied, ""},
		"of one moment": {func(s *stocked) {
			vexed(s, s.psirt, 1, harmless)
			vexed(s, s.psirt, 1, `"status":"under_investigation"`)
		}, denied, ""},
		"two authors agree": {func(s *stocked) { vexed(s, s.psirt, 9, harmless); vexed(s, s.second, 1, fixedVEX) }, nil, ""},
		"two authors contradict": {func(s *stocked) {
			vexed(s, s.psirt, 1, harmless)
			vexed(s, s.second, 9, `"status":"under_investigation"`)
		}, denied, ""},
		"who contradicts is no author": {func(s *stocked) { vexed(s, s.psirt, 1, harmless); vexed(s, s.dev, 1, `"status":"under_investigation"`) }, nil, "vex.untrusted"},
		"who contradicts did so long ago": {func(s *stocked) {
			vexed(s, s.psirt, 1, harmless)
			vexed(s, s.second, 91*24, `"status":"under_investigation"`)
		}, nil, ""},
		"a part of what the SBOM lists": {func(s *stocked) {
			s.require.SBOM = &policy.SBOMClause{From: []string{"builder"}}
			s.says(s.builder, typeCDX, bom(""), 1)
			vexed(s, s.psirt, 1, harmless+onProduct(`{"@id":"pkg:npm/left-pad@1.3.0","subcomponents":[{"@id":"pkg:deb/debian/openssl"}]}`))
		}, nil, ""},
		"a part of what the SBOM lists in another version": {func(s *stocked) {
			s.require.SBOM = &policy.SBOMClause{From: []string{"builder"}}
			s.says(s.builder, typeCDX, bom(""), 1)
			vexed(s, s.psirt, 1, harmless+onProduct(`{"@id":"pkg:npm/left-pad@1.4.0","subcomponents":[{"@id":"pkg:deb/debian/openssl"}]}`))
		}, denied, ""},
		"a part of what somebody's SBOM lists": {func(s *stocked) {
			s.require.SBOM = &policy.SBOMClause{From: []string{"builder"}}
			s.says(s.builder, typeCDX, bom(component("a", "1", "pkg:npm/a@1", "MIT")), 1)
			s.says(s.dev, typeCDX, bom(""), 1)
			vexed(s, s.psirt, 1, harmless+onProduct(`{"@id":"pkg:npm/left-pad@1.3.0","subcomponents":[{"@id":"pkg:deb/debian/openssl"}]}`))
		}, denied, ""},
		"somebody whom no root knows": {func(s *stocked) {
			for i := range 50 {
				refusal := &verify.Error{Reason: verify.ReasonUnknownSigner, Expected: "a signature by a trusted key", Found: fmt.Sprint("key ", i)}
				s.with.Rejected = append(s.with.Rejected, policy.Rejected{Subject: s.image.Digest, PredicateType: typeVEX, Refusal: refusal})
			}
		}, denied, "vex.untrusted"},
		"CycloneDX": {func(s *stocked) {
			s.says(s.psirt, typeCDX, cycloneVEX("not_affected", `,"justification":"code_not_reachable"`), 1)
		}, nil, ""},
		"CycloneDX without a reason": {func(s *stocked) { s.says(s.psirt, typeCDX, cycloneVEX("not_affected", ""), 1) }, denied, ""},
		"CycloneDX in triage":        {func(s *stocked) { s.says(s.psirt, typeCDX, cycloneVEX("in_triage", ""), 1) }, denied, ""},
		"CycloneDX by nobody":        {func(s *stocked) { s.says(s.dev, typeCDX, cycloneVEX("resolved", ""), 1) }, denied, "vex.untrusted"},
	} {
		s := newStocked(t)
		s.require.Vulnerabilities = clause()
		s.require.Vulnerabilities.VEXFrom, s.require.Vulnerabilities.VEXMaxAge = []string{"psirt", "second"}, 90*24*time.Hour
		s.says(s.scanner, typeVulns, report("grype", 2, 3, openssl("CVE-2026-1", "critical", `"aliases":"GHSA-1"`)), 2)
		c.give(s)
		v := s.ends(name, c.want...)
		if noted := slices.ContainsFunc(v.Notes(), func(n policy.Note) bool { return n.Rule == "vex.untrusted" }); noted != (c.note != "") {
			t.Errorf("%s: notes %+v", name, v.Notes())
		}
		if len(v.Notes()) > 10 {
			t.Errorf("%s: %d notes", name, len(v.Notes()))
		}
		lifted := false
		for _, cell := range v.Cells() {
			for _, f := range cell.Findings {
				lifted = lifted || f.Status == policy.StatusPass && f.Vulnerability == "CVE-2026-1" && strings.Contains(f.Found, "says VEX by") && !f.Evidence.IsZero()
			}
		}
		if lifted != (c.want == nil) {
			t.Errorf("%s: the statement that lifts it is told: %t", name, lifted)
		}
	}
}

func cycloneVEX(state, more string) string {
	return fmt.Sprintf(`{"bomFormat":"CycloneDX","specVersion":"1.6","version":1,"metadata":{"timestamp":%q},"components":[{"bom-ref":"o","type":"library","name":"openssl","purl":"pkg:deb/debian/openssl@3.0.1"}],`+
		`"vulnerabilities":[{"id":"CVE-2026-1","analysis":{"state":%q%s},"affects":[{"ref":"o"}]}]}`, stamp(2), state, more)
}

// Nobody is believed where no author is named, and VEX is never missing.
func TestVEXWithoutAuthors(t *testing.T) {
	s := newStocked(t)
	s.require.Vulnerabilities = clause()
	s.require.Vulnerabilities.From = nil
	s.says(s.scanner, typeVulns, report("grype", 2, 3, openssl("CVE-2026-1", "critical")), 2)
	s.says(s.psirt, typeVEX, vexOf("CVE-2026-1", stamp(1), harmless), 1)
	s.ends("nobody named", "fail vulnerabilities.severity")

	s = newStocked(t)
	s.require.Vulnerabilities = clause()
	s.require.Vulnerabilities.VEXFrom = []string{"psirt"}
	s.says(s.scanner, typeVulns, report("grype", 2, 3), 2)
	v := s.ends("nothing to lift")
	for _, r := range v.Policy().Requirements() {
		if r.Name() == "vex" && (!r.Wanted() || !r.Hinted(typeVEX) || !r.Hinted(typeCDX) || r.Hinted(typeSPDX)) {
			t.Errorf("%+v", r)
		}
	}
	if !slices.ContainsFunc(v.Policy().Requirements(), policy.Requirement.Wanted) {
		t.Error("VEX is not asked for")
	}
	for _, c := range v.Cells() {
		if c.Requirement.Name() == "vex" && c.Required {
			t.Error("VEX is required")
		}
	}
}

// What is said of one platform says nothing of another, and what is said of the index is said of both.
func TestVEXOfEachPlatform(t *testing.T) {
	s := newStocked(t)
	s.require.Image, s.require.Vulnerabilities = nil, clause()
	s.require.Vulnerabilities.VEXFrom = []string{"psirt"}
	for _, d := range []artifact.Artifact{s.image, s.sibling} {
		s.of(d.Digest, s.scanner, typeVulns, report("grype", 2, 3, openssl("CVE-2026-1", "critical")), 2)
	}
	s.says(s.psirt, typeVEX, vexOf("CVE-2026-1", stamp(1), harmless), 1)
	if f := s.ends("one platform", "fail vulnerabilities.severity").Findings(); len(f) != 1 || f[0].Platform != "linux/arm64" {
		t.Errorf("%+v", f)
	}
	s.of(s.index.Digest, s.psirt, typeVEX, vexOf("CVE-2026-1", stamp(1), fixedVEX), 1)
	s.ends("both")
}

// Of what allows nothing can be left out, and junk beside it changes nothing.
func TestContentsNeedEachPiece(t *testing.T) {
	s := newStocked(t)
	s.require.SBOM = &policy.SBOMClause{From: []string{"builder"}, DenyPackages: []string{"pkg:npm/event-stream"}}
	s.require.Vulnerabilities = clause()
	s.require.Vulnerabilities.VEXFrom, s.require.Vulnerabilities.Scanners = []string{"psirt"}, []string{"grype", "trivy"}
	grave := openssl("CVE-2026-1", "critical")
	s.says(s.builder, typeCDX, bom(""), 1)
	s.says(s.scanner, typeVulns, report("grype", 2, 3, grave), 2)
	s.says(s.scanner, typeVulns, report("trivy", 2, 3), 2)
	s.says(s.psirt, typeVEX, vexOf("CVE-2026-1", stamp(1), harmless), 1)
	s.ends("everything")
	needed := s.with.Evidence
	junk := []*verify.Evidence{
		s.says(s.dev, typeCDX, bom(component("event-stream", "3", "pkg:npm/event-stream@3", "MIT")), 0),
		s.says(s.dev, typeVulns, report("grype", 0, 0, grave), 0),
		s.says(s.dev, typeVEX, vexOf("CVE-2026-1", stamp(0), `"status":"under_investigation"`), 0),
		s.of(s.index.Digest, s.builder, typeCDX, bom(""), 1),
		s.of(s.sibling.Digest, s.scanner, typeVulns, report("grype", 0, 0, grave), 0),
		s.of(s.sibling.Digest, s.psirt, typeVEX, vexOf("CVE-2026-1", stamp(0), `"status":"under_investigation"`), 0),
		s.says(s.psirt, typeVulns, report("trivy", 0, 0, grave), 0),
		s.says(s.scanner, typeVEX, vexOf("CVE-2026-1", stamp(0), harmless), 0),
	}
	s.with.Evidence = slices.Concat(junk, needed)
	s.ends("junk beside")
	for i := range needed {
		s.with.Evidence = slices.Concat(junk, needed[:i], needed[i+1:])
		if s.judge().Allowed() {
			t.Errorf("allowed without %s", needed[i].PredicateType())
		}
	}
}
