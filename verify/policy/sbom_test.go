package policy_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/carnet-project/carnet/verify"
	"github.com/carnet-project/carnet/verify/policy"
)

// bom is a CycloneDX document of an image with these components. It has all that the policies of these
// tests ask, but for what is replaced in it.
func bom(components string, replace ...string) string {
	if components == "" {
		components = component("left-pad", "1.3.0", "pkg:npm/left-pad@1.3.0", "MIT")
	}
	text := `{"bomFormat":"CycloneDX","specVersion":"1.6","serialNumber":"urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79","version":1,` +
		`"metadata":{"timestamp":"2026-02-28T00:00:00Z","authors":[{"name":"Acme","email":"build@acme.example"}],"tools":{"components":[{"type":"application","name":"syft","version":"1.54.1"}]},` +
		`"lifecycles":[{"phase":"post-build"}],"component":{"bom-ref":"root","type":"container","name":"api","version":"` + digest("stockedlinux/amd64").String() + `"}},` +
		`"components":[` + components + `],"dependencies":[{"ref":"root","dependsOn":["left-pad"]},{"ref":"left-pad"}]}`
	return strings.NewReplacer(replace...).Replace(text)
}

func component(name, version, purl, licence string) string {
	return fmt.Sprintf(`{"bom-ref":%q,"type":"library","name":%q,"version":%q,"purl":%q,"licenses":[{"expression":%q}],"supplier":{"name":"Them"},"hashes":[{"alg":"SHA-256","content":"00"}]}`, name, name, version, purl, licence)
}

func TestSBOMRules(t *testing.T) {
	own := digest("stockedlinux/amd64").String()
	for name, c := range map[string]struct {
		clause  policy.SBOMClause
		content string
		want    []string
		found   string
	}{
		"good":                       {policy.SBOMClause{Formats: []string{"spdx", "cyclonedx>=1.6"}, Minimum: "cisa-2026", Dependencies: "transitive", DenyLicenses: []string{"GPL-*"}, DenyPackages: []string{"pkg:npm/event-stream"}}, bom(""), nil, ""},
		"an older format":            {policy.SBOMClause{Formats: []string{"spdx>=2.3", "cyclonedx>=1.6"}}, bom("", `"1.6"`, `"1.5"`), []string{"fail sbom.format"}, "CycloneDX 1.5"},
		"another format":             {policy.SBOMClause{Formats: []string{"spdx"}}, bom(""), []string{"fail sbom.format"}, ""},
		"a format that is none":      {policy.SBOMClause{Formats: []string{"swid"}}, bom(""), []string{"error sbom.format"}, ""},
		"not read to its end":        {policy.SBOMClause{}, bom(`{"type":"library"}`), []string{"fail sbom.format"}, "package without a name"},
		"empty":                      {policy.SBOMClause{}, strings.Replace(bom(""), component("left-pad", "1.3.0", "pkg:npm/left-pad@1.3.0", "MIT"), "", 1), []string{"fail sbom.empty"}, "0 packages"},
		"files alone":                {policy.SBOMClause{}, bom(`{"type":"file","name":"a"}`), []string{"fail sbom.empty"}, "0 packages"},
		"another image":              {policy.SBOMClause{}, bom("", own, digest("other").String()), []string{"fail sbom.subject"}, digest("other").String()},
		"another image by its purl":  {policy.SBOMClause{}, bom("", `"version":"`+own+`"`, `"purl":"pkg:oci/api@`+digest("other").String()+`?arch=amd64"`), []string{"fail sbom.subject"}, digest("other").String()},
		"the index":                  {policy.SBOMClause{}, bom("", `"version":"`+own+`"`, `"purl":"pkg:oci/api@sha256%3A`+digest("stocked").Hex()+`"`), nil, ""},
		"the sibling":                {policy.SBOMClause{}, bom("", own, digest("stockedlinux/arm64").String()), []string{"fail sbom.subject"}, ""},
		"no image named":             {policy.SBOMClause{}, bom("", own, "v1.2.3"), nil, ""},
		"no licence, as CISA asks":   {policy.SBOMClause{Minimum: "cisa-2026"}, bom("", `"licenses":[{"expression":"MIT"}],`, ``), []string{"fail sbom.fields"}, "component license in 1 of 1 components (left-pad)"},
		"no licence, as NTIA does":   {policy.SBOMClause{Minimum: "ntia"}, bom("", `"licenses":[{"expression":"MIT"}],`, ``), nil, ""},
		"nothing of what BSI wants":  {policy.SBOMClause{Minimum: "bsi-2.1"}, bom(""), []string{"fail sbom.fields"}, "SHA-512 of the deployable component in 1 of 1"},
		"no minimum":                 {policy.SBOMClause{Minimum: "none"}, bom("", `"supplier":{"name":"Them"},`, ``), nil, ""},
		"a minimum that is none":     {policy.SBOMClause{Minimum: "most"}, bom(""), []string{"error sbom.fields"}, ""},
		"no relations":               {policy.SBOMClause{Dependencies: "any"}, bom("", `"dependsOn"`, `"provides1"`), []string{"fail sbom.dependencies"}, "no relations"},
		"no further relations":       {policy.SBOMClause{Dependencies: "transitive"}, bom("", `,{"ref":"left-pad"}`, ``), []string{"fail sbom.dependencies"}, "direct dependencies"},
		"direct relations":           {policy.SBOMClause{Dependencies: "direct"}, bom("", `,{"ref":"left-pad"}`, ``), nil, ""},
		"a depth that is none":       {policy.SBOMClause{Dependencies: "deep"}, bom(""), []string{"error sbom.dependencies"}, ""},
		"a denied licence":           {policy.SBOMClause{DenyLicenses: []string{"AGPL-*", "MIT"}}, bom(""), []string{"fail sbom.licenses"}, "pkg:npm/left-pad@1.3.0 (MIT)"},
		"a denied package":           {policy.SBOMClause{DenyPackages: []string{"pkg:npm/left-*@1.*"}}, bom(""), []string{"fail sbom.packages"}, "pkg:npm/left-pad@1.3.0"},
		"a denied package, nested":   {policy.SBOMClause{DenyPackages: []string{"pkg:npm/left-pad"}}, bom(`{"type":"library","name":"a","components":[` + component("left-pad", "1", "pkg:npm/left-pad@1", "MIT") + `]}`), []string{"fail sbom.packages"}, ""},
		"a package URL that is none": {policy.SBOMClause{DenyPackages: []string{"left-pad"}}, bom(""), []string{"error sbom.packages"}, ""},
	} {
		s := newStocked(t)
		c.clause.From = []string{"builder"}
		s.require.SBOM = &c.clause
		s.says(s.builder, typeCDX, c.content, 1)
		v := s.ends(name, c.want...)
		if f := v.Findings(); len(f) > 0 && !strings.Contains(f[0].Found, c.found) {
			t.Errorf("%s: found %q, want %q", name, f[0].Found, c.found)
		}
		if got := strings.Join(passedRules(v), " "); name == "good" && got != "sbom.dependencies sbom.empty sbom.fields sbom.format sbom.licenses sbom.packages sbom.subject" {
			t.Errorf("the rules that hold are %s", got)
		}
	}
}

// The evidence that counts is of this platform, by an accepted signer, and in a version that is read.
func TestSBOMEvidence(t *testing.T) {
	for name, c := range map[string]struct {
		give func(*stocked)
		want []string
	}{
		"none":                  {func(*stocked) {}, []string{"missing sbom.missing"}},
		"of the index":          {func(s *stocked) { s.of(s.index.Digest, s.builder, typeCDX, bom(""), 1) }, []string{"missing sbom.missing"}},
		"of the other platform": {func(s *stocked) { s.of(s.sibling.Digest, s.builder, typeCDX, bom(""), 1) }, []string{"missing sbom.missing"}},
		"by somebody else":      {func(s *stocked) { s.says(s.dev, typeCDX, bom(""), 1) }, []string{"untrusted sbom.identity"}},
		"in a newer version": {func(s *stocked) {
			s.with.Rejected = append(s.with.Rejected, policy.Rejected{Subject: s.image.Digest, PredicateType: "https://spdx.dev/Document/v4", Refusal: &verify.Error{Reason: verify.ReasonUnsupported, Expected: "SPDX 3", Found: "v4"}})
		}, []string{"fail sbom.format"}},
		"unreadable": {func(s *stocked) {
			s.with.Unknown = append(s.with.Unknown, policy.Unknown{Subject: s.image.Digest, PredicateType: typeCDX, Reason: verify.ReasonUnreadable, Detail: "timeout"})
		}, []string{"error verify.incomplete"}},
		"one that meets all, and others": {func(s *stocked) {
			s.says(s.builder, typeCDX, bom("", `"1.6"`, `"1.4"`), 1)
			s.says(s.builder, typeCDX, bom(""), 1)
			s.says(s.builder, typeSPDX, predicates[typeSPDX], 1)
		}, nil},
		// One has the format and the other the licence: no document has both.
		"two that meet all together": {func(s *stocked) {
			s.says(s.builder, typeCDX, bom("", `"1.6"`, `"1.4"`), 1)
			s.says(s.builder, typeCDX, bom("", "MIT", "GPL-3.0-only"), 1)
		}, []string{"fail sbom.format"}},
	} {
		s := newStocked(t)
		s.require.SBOM = &policy.SBOMClause{From: []string{"builder"}, Formats: []string{"cyclonedx>=1.6"}, DenyLicenses: []string{"GPL-*"}}
		c.give(s)
		v := s.ends(name, c.want...)
		for _, cell := range v.Cells() {
			if cell.Requirement.Name() == "sbom" && cell.Required && len(s.with.Evidence) > 1 && len(cell.Evidence) != 1 {
				t.Errorf("%s: %d pieces were selected", name, len(cell.Evidence))
			}
		}
	}
}

func TestDeniedLicences(t *testing.T) {
	deny := []string{"GPL-2.0-only", "GPL-3.0-*", "SSPL-1.0", "LGPL-2.1-only WITH *", "Commercial Licence"}
	for expression, denied := range map[string]bool{
		"MIT": false, "GPL-2.0-only": true, "gpl-2.0-ONLY": true, "GPL-2.0": true, "GPL-2.0-or-later": false, "GPL-2.0+": false,
		"GPL-3.0-only": true, "GPL-3.0+": true, "GPL-3.0": true, "LGPL-3.0-only": false,
		"MIT OR GPL-2.0-only": false, "MIT AND GPL-2.0-only": true, "GPL-2.0-only OR SSPL-1.0": true, "(GPL-2.0-only)": true,
		"MIT OR GPL-2.0-only AND BSD-3-Clause": false, "(MIT OR GPL-2.0-only) AND BSD-3-Clause": false, "(MIT OR Apache-2.0) AND SSPL-1.0": true,
		"(GPL-3.0-only OR SSPL-1.0) OR (MIT AND Zlib)": false, "mit and (gpl-2.0-only or sspl-1.0)": true,
		"GPL-2.0-only WITH Classpath-exception-2.0": true, "LGPL-2.1-only": false, "LGPL-2.1-only WITH OpenJDK-assembly-exception-1.0": true,
		"commercial licence": true, "LicenseRef-Commercial": false,
		// Slips of the pen, and names with more around them.
		"MIT OR": false, "GPL-2.0-only,MIT": true, "MIT AND (SSPL-1.0": true, "(MIT": false, strings.Repeat("(", 100) + "SSPL-1.0" + strings.Repeat(")", 100): true,
		strings.Repeat("MIT AND ", 2000) + "SSPL-1.0": true,
	} {
		s := newStocked(t)
		s.require.SBOM = &policy.SBOMClause{From: []string{"builder"}, DenyLicenses: deny}
		s.says(s.builder, typeCDX, bom(component("a", "1", "pkg:npm/a@1", expression)), 1)
		if v := s.judge(); v.Allowed() == denied {
			t.Errorf("%.80s: allowed %t", expression, v.Allowed())
		}
	}
}

func TestDeniedPackages(t *testing.T) {
	for pattern, packages := range map[string]map[string]bool{
		"pkg:maven/log4j/log4j@1.*":      {"pkg:maven/log4j/log4j@1.2.17": true, "pkg:maven/log4j/log4j@1.2.17?type=jar": true, "pkg:maven/log4j/log4j@2.0": false, "pkg:maven/log4j/log4j": false, "pkg:maven/org/log4j/log4j@1.2": false, "PKG:Maven/log4j/log4j@1.2": true},
		"pkg:npm/event-stream":           {"pkg:npm/event-stream@3.3.6": true, "pkg:npm/event-stream": true, "pkg:npm/event-stream2@1": false, "pkg:npm/%40evil/event-stream@1": false},
		"pkg:npm/%40evil/*":              {"pkg:npm/%40evil/a@1": true, "pkg:npm/@evil/a@1": true, "pkg:npm/%40good/a@1": false},
		"pkg:npm/**":                     {"pkg:npm/a@1": true, "pkg:npm/%40a/b@1": true, "pkg:pypi/a@1": false},
		"pkg:golang/github.com/acme/**":  {"pkg:golang/github.com/acme/a/b@v1": true, "pkg:golang/github.com/other/a@v1": false},
		"pkg:pypi/Py_Thing":              {"pkg:pypi/py-thing@1": true},
		"pkg:deb/debian/xz-utils@5.6.1*": {"pkg:deb/debian/xz-utils@5.6.1-1?arch=amd64": true, "pkg:deb/debian/xz-utils@5.4.1": false},
		"pkg:deb/debian/a?arch=arm64":    {"pkg:deb/debian/a@1?arch=arm64&distro=12": true, "pkg:deb/debian/a@1?arch=amd64": false, "pkg:deb/debian/a@1": false},
	} {
		for purl, denied := range packages {
			s := newStocked(t)
			s.require.SBOM = &policy.SBOMClause{From: []string{"builder"}, DenyPackages: []string{pattern}}
			s.says(s.builder, typeCDX, bom(component("a", "1", purl, "MIT")), 1)
			if v := s.judge(); v.Allowed() == denied {
				t.Errorf("%s by %s: allowed %t", purl, pattern, v.Allowed())
			}
		}
	}
	s := newStocked(t)
	s.require.SBOM = &policy.SBOMClause{From: []string{"builder"}, DenyPackages: []string{"pkg:npm/**"}}
	var all []string
	for i := range 12 {
		all = append(all, component(fmt.Sprint(i), "1", fmt.Sprintf("pkg:npm/p%d@1", i), "MIT"))
	}
	s.says(s.builder, typeCDX, bom(strings.Join(all, ",")), 1)
	if f := s.judge().Findings(); len(f) != 1 || f[0].Found != "pkg:npm/p0@1, pkg:npm/p1@1, pkg:npm/p2@1, pkg:npm/p3@1, pkg:npm/p4@1 and 7 more" {
		t.Errorf("%+v", f)
	}
}

// Every rule that a section can break is in the catalogue with that status.
func TestContentsCatalogue(t *testing.T) {
	for _, r := range policy.Rules() {
		section, _, _ := strings.Cut(r.ID, ".")
		if !slices.Contains([]string{"sbom", "vulnerabilities", "vex"}, section) {
			continue
		}
		if len(r.Statuses) == 0 || r.Asks == "" || r.Fix == "" {
			t.Errorf("%+v", r)
		}
	}
}
