package sbom_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/carnet-project/carnet/sbom"
)

var sha512 = strings.Repeat("0", 128)

// complete are documents of each format that have all that their minima ask for.
func complete() map[string]string {
	return map[string]string{
		"CycloneDX": `{"bomFormat":"CycloneDX","specVersion":"1.6","serialNumber":"urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79","version":3,` +
			`"metadata":{"timestamp":"2026-01-02T03:04:05Z","authors":[{"name":"Ann"}],"manufacturer":{"name":"Acme","url":["https://acme.example"],"contact":[{"email":"sbom@acme.example"}]},` +
			`"tools":{"components":[{"type":"application","name":"syft","version":"1.54"}]},"lifecycles":[{"phase":"build"}],"component":{"bom-ref":"r","type":"container","name":"api"}},` +
			`"components":[{"bom-ref":"a","type":"library","name":"a","version":"1","cpe":"cpe:2.3:a:a:a:1:*:*:*:*:*:*:*","supplier":{"name":"Them"},"manufacturer":{"name":"They","url":["https://they.example"]},` +
			`"hashes":[{"alg":"SHA-256","content":"00"}],"licenses":[{"license":{"id":"MIT"}}],"externalReferences":[{"type":"distribution","url":"https://x.example","hashes":[{"alg":"SHA-512","content":"` + sha512 + `"}]}],` +
			`"properties":[{"name":"bsi:component:filename","value":"a.so"},{"name":"bsi:component:executable","value":"executable"},{"name":"bsi:component:archive","value":"no archive"},{"name":"bsi:component:structured","value":"unstructured"}]}],` +
			`"dependencies":[{"ref":"r","dependsOn":["a"]},{"ref":"a"}],"compositions":[{"aggregate":"complete","dependencies":["a","r"]}]}`,
		"SPDX 2": `{"spdxVersion":"SPDX-2.3","SPDXID":"SPDXRef-DOCUMENT","name":"n","dataLicense":"CC0-1.0","documentNamespace":"https://example.com/n",` +
			`"creationInfo":{"created":"2026-01-02T03:04:05Z","creators":["Tool: syft-1.54","Organization: Acme (sbom@acme.example)"],"comment":"after the build"},"documentDescribes":["SPDXRef-r"],` +
			`"packages":[{"SPDXID":"SPDXRef-r","name":"api"},{"SPDXID":"SPDXRef-a","name":"a","versionInfo":"1","supplier":"Organization: Them","originator":"Person: They (they@x.example)",` +
			`"checksums":[{"algorithm":"SHA256","checksumValue":"00"}],"licenseConcluded":"MIT","externalRefs":[{"referenceType":"cpe23Type","referenceLocator":"cpe:2.3:a:a:a:1:*:*:*:*:*:*:*"}]}],` +
			`"relationships":[{"spdxElementId":"SPDXRef-r","relationshipType":"CONTAINS","relatedSpdxElement":"SPDXRef-a"},{"spdxElementId":"SPDXRef-a","relationshipType":"DEPENDS_ON","relatedSpdxElement":"NONE"}]}`,
		"SPDX 3": `{"@context":"https://spdx.org/rdf/3.0.1/spdx-context.jsonld","@graph":[` +
			`{"type":"Relationship","spdxId":"urn:1","from":"urn:r","to":["urn:a"],"relationshipType":"dependsOn","completeness":"complete"},` +
			`{"type":"Relationship","spdxId":"urn:2","from":"urn:a","to":["https://spdx.org/rdf/3.0.1/terms/Core/NoneElement"],"relationshipType":"dependsOn","completeness":"complete"},` +
			`{"type":"Relationship","spdxId":"urn:3","from":"urn:a","to":["urn:l"],"relationshipType":"hasConcludedLicense"},` +
			`{"type":"Relationship","spdxId":"urn:4","from":"urn:a","to":["urn:f"],"relationshipType":"hasDistributionArtifact"},` +
			`{"type":"simplelicensing_LicenseExpression","spdxId":"urn:l","simplelicensing_licenseExpression":"MIT"},` +
			`{"type":"software_File","spdxId":"urn:f","name":"a.so","software_additionalPurpose":["executable"],"verifiedUsing":[{"type":"Hash","algorithm":"sha512","hashValue":"` + sha512 + `"}]},` +
			`{"type":"software_Package","spdxId":"urn:a","name":"a","software_packageVersion":"1","suppliedBy":"urn:s","originatedBy":["urn:o"],"externalIdentifier":[{"type":"ExternalIdentifier","externalIdentifierType":"cpe23","identifier":"cpe:2.3:a:a:a:1:*:*:*:*:*:*:*"}]},` +
			`{"type":"software_Package","spdxId":"urn:r","name":"api"},` +
			`{"type":"Organization","spdxId":"urn:s","name":"Them"},{"type":"Person","spdxId":"urn:o","name":"They","externalIdentifier":[{"type":"ExternalIdentifier","externalIdentifierType":"email","identifier":"they@x.example"}]},` +
			`{"type":"Tool","spdxId":"urn:t","name":"syft-1.54"},` +
			`{"type":"CreationInfo","@id":"_:c","specVersion":"3.0.1","created":"2026-01-02T03:04:05Z","createdBy":["urn:o"],"createdUsing":["urn:t"]},` +
			`{"type":"software_Sbom","spdxId":"urn:b","rootElement":["urn:r"],"software_sbomType":["build"]},{"type":"SpdxDocument","spdxId":"urn:d","name":"n","rootElement":["urn:b"]}]}`,
	}
}

func gaps(t *testing.T, m sbom.Minimum, raw string) []string {
	t.Helper()
	d, err := sbom.Parse([]byte(raw))
	if err != nil {
		t.Fatal(err)
	}
	found, err := m.Gaps(d)
	if err != nil {
		t.Fatal(err)
	}
	var elements []string
	for _, g := range found {
		elements = append(elements, g.Element)
	}
	return elements
}

func TestCompleteDocuments(t *testing.T) {
	for format, raw := range complete() {
		for _, m := range sbom.Minima() {
			if format == "SPDX 2" && m == sbom.BSI21 {
				continue // it is too old for that
			}
			if got := gaps(t, m, raw); got != nil {
				t.Errorf("%s by %s lacks %q", format, m, got)
			}
		}
		d, err := sbom.Parse([]byte(raw))
		if err != nil {
			t.Fatal(err)
		}
		if got := d.Dependencies(); got != sbom.Transitive {
			t.Errorf("%s: dependencies %d", format, got)
		}
		if len(d.Described) != 1 || d.Described[0].Name != "api" {
			t.Errorf("%s describes %+v", format, d.Described)
		}
	}
	if got := gaps(t, sbom.BSI21, complete()["SPDX 2"]); len(got) == 0 || !strings.HasPrefix(got[0], "format ") {
		t.Errorf("SPDX 2.3 by BSI lacks %q", got)
	}
	lost, err := sbom.Parse([]byte(strings.Replace(complete()["SPDX 3"], `"rootElement":["urn:b"]`, `"rootElement":["urn:x"]`, 1)))
	if err != nil || len(lost.Described) != 0 || lost.Dependencies() != sbom.Some {
		t.Errorf("a root that is not there: %+v, %v", lost, err)
	}
	if _, err := sbom.Minimum("none").Gaps(&sbom.Document{}); err == nil {
		t.Error("a minimum that is none")
	}
}

// Each element is missed where it is taken away, and only it.
func TestGaps(t *testing.T) {
	cdx, two, three := "CycloneDX", "SPDX 2", "SPDX 3"
	for _, c := range []struct {
		format, old, new string
		want             map[sbom.Minimum]string
	}{
		{cdx, `"authors":[{"name":"Ann"}],"manufacturer":{"name":"Acme","url":["https://acme.example"],"contact":[{"email":"sbom@acme.example"}]},`, ``,
			map[sbom.Minimum]string{sbom.CISA2026: "author", sbom.BSI21: "creator with an email address or a URL"}},
		{cdx, `"url":["https://acme.example"],"contact":[{"email":"sbom@acme.example"}]`, `"url":[]`, map[sbom.Minimum]string{sbom.BSI21: "creator with an email address or a URL"}},
		{cdx, `"timestamp":"2026-01-02T03:04:05Z",`, ``, map[sbom.Minimum]string{sbom.NTIA: "timestamp", sbom.CISA2026: "timestamp", sbom.BSI21: "timestamp"}},
		{cdx, `"tools":{"components":[{"type":"application","name":"syft","version":"1.54"}]},`, ``, map[sbom.Minimum]string{sbom.CISA2026: "tool name, tool version"}},
		{cdx, `{"components":[{"type":"application","name":"syft","version":"1.54"}]}`, `[{"vendor":"a","name":"syft"}]`, map[sbom.Minimum]string{sbom.CISA2026: "tool version"}},
		{cdx, `"lifecycles":[{"phase":"build"}],`, ``, map[sbom.Minimum]string{sbom.CISA2026: "generation context"}},
		{cdx, `"serialNumber":"urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79",`, ``, map[sbom.Minimum]string{sbom.CISA2026: "document version"}},
		{cdx, `"dependsOn":["a"]`, `"dependsOn":[]`, map[sbom.Minimum]string{sbom.NTIA: "dependency relationship", sbom.CISA2026: "dependency relationship", sbom.BSI21: "dependency relationship"}},
		{cdx, `"bom-ref":"r",`, ``, map[sbom.Minimum]string{sbom.NTIA: "dependency relationship", sbom.CISA2026: "dependency relationship", sbom.BSI21: "dependency relationship"}},
		{cdx, `"supplier":{"name":"Them"},"manufacturer":{"name":"They","url":["https://they.example"]},`, ``,
			map[sbom.Minimum]string{sbom.NTIA: "supplier", sbom.CISA2026: "component producer", sbom.BSI21: "component creator with an email address or a URL"}},
		{cdx, `"version":"1",`, ``, map[sbom.Minimum]string{sbom.NTIA: "component version", sbom.CISA2026: "component version", sbom.BSI21: "component version"}},
		{cdx, `"cpe":"cpe:2.3:a:a:a:1:*:*:*:*:*:*:*",`, ``, map[sbom.Minimum]string{sbom.NTIA: "unique identifier", sbom.CISA2026: "unique identifier"}},
		{cdx, `"licenses":[{"license":{"id":"MIT"}}],`, ``, map[sbom.Minimum]string{sbom.CISA2026: "component license", sbom.BSI21: "distribution licence"}},
		{cdx, `"externalReferences":[{"type":"distribution"`, `"externalReferences":[{"type":"website"`, map[sbom.Minimum]string{sbom.BSI21: "SHA-512 of the deployable component"}},
		{cdx, `"SHA-256","content":"00"}],"licenses":[{"license":{"id":"MIT"}}],"externalReferences":[{"type":"distribution"`, `"SHA-1","content":"00"}],"licenses":[{"license":{"id":"MIT"}}],"externalReferences":[{"type":"website"`,
			map[sbom.Minimum]string{sbom.CISA2026: "component hash", sbom.BSI21: "SHA-512 of the deployable component"}},
		{cdx, `bsi:component:filename`, `filename`, map[sbom.Minimum]string{sbom.BSI21: "filename"}},
		{cdx, `"value":"executable"`, `"value":"yes"`, map[sbom.Minimum]string{sbom.BSI21: "executable property"}},
		{cdx, `bsi:component:archive`, `x`, map[sbom.Minimum]string{sbom.BSI21: "archive property"}},
		{cdx, `bsi:component:structured`, `x`, map[sbom.Minimum]string{sbom.BSI21: "structured property"}},
		{cdx, `"dependencies":["a","r"]`, `"dependencies":["r"]`, map[sbom.Minimum]string{sbom.BSI21: "completeness of dependencies"}},
		{cdx, `"1.6"`, `"1.5"`, map[sbom.Minimum]string{sbom.BSI21: "format CycloneDX 1.6 or SPDX 3.0.1 or higher"}},
		{two, `"supplier":"Organization: Them","originator":"Person: They (they@x.example)"`, `"supplier":"NOASSERTION"`, map[sbom.Minimum]string{sbom.NTIA: "supplier", sbom.CISA2026: "component producer"}},
		{two, `,"Organization: Acme (sbom@acme.example)"`, ``, map[sbom.Minimum]string{sbom.CISA2026: "author"}},
		{two, `"licenseConcluded":"MIT"`, `"licenseConcluded":"NOASSERTION"`, map[sbom.Minimum]string{sbom.CISA2026: "component license"}},
		{two, `syft-1.54`, `syft`, map[sbom.Minimum]string{sbom.CISA2026: "tool version"}},
		{two, `,"comment":"after the build"`, ``, map[sbom.Minimum]string{sbom.CISA2026: "generation context"}},
		{two, `CONTAINS`, `COPY_OF`, map[sbom.Minimum]string{sbom.NTIA: "dependency relationship", sbom.CISA2026: "dependency relationship"}},
		{three, `hasConcludedLicense`, `other`, map[sbom.Minimum]string{sbom.CISA2026: "component license", sbom.BSI21: "distribution licence"}},
		{three, `"to":["urn:l"]`, `"to":["https://spdx.org/rdf/3.0.1/terms/ExpandedLicensing/NoAssertionLicense"]`, map[sbom.Minimum]string{sbom.CISA2026: "component license", sbom.BSI21: "distribution licence"}},
		{three, `"software_sbomType":["build"]`, `"software_sbomType":[]`, map[sbom.Minimum]string{sbom.CISA2026: "generation context"}},
		{three, `"originatedBy":["urn:o"]`, `"originatedBy":["urn:s"]`, map[sbom.Minimum]string{sbom.BSI21: "component creator with an email address or a URL"}},
		{three, `"createdBy":["urn:o"]`, `"createdBy":["urn:x"]`, map[sbom.Minimum]string{sbom.CISA2026: "author", sbom.BSI21: "creator with an email address or a URL"}},
	} {
		raw := complete()[c.format]
		if !strings.Contains(raw, c.old) {
			t.Fatalf("%q is not in the document", c.old)
		}
		raw = strings.Replace(raw, c.old, c.new, 1)
		for _, m := range sbom.Minima() {
			if c.format == two && m == sbom.BSI21 {
				continue
			}
			got := gaps(t, m, raw)
			if strings.Join(got, ", ") != c.want[m] {
				t.Errorf("%s with %.60q for %.60q by %s lacks %q, want %q", c.format, c.new, c.old, m, got, c.want[m])
			}
		}
	}
}

// A gap names the first five components, and the described thing is none.
func TestGapNames(t *testing.T) {
	var components []string
	for i := range 12 {
		components = append(components, fmt.Sprintf(`{"type":"library","name":"c%d","version":"1"}`, i))
	}
	d, err := sbom.Parse([]byte(`{"bomFormat":"CycloneDX","specVersion":"1.5","components":[` + strings.Join(components, ",") + `]}`))
	if err != nil {
		t.Fatal(err)
	}
	found, err := sbom.NTIA.Gaps(d)
	if err != nil {
		t.Fatal(err)
	}
	want := sbom.Gap{Element: "supplier", Missing: 12, Of: 12, Names: []string{"c0", "c1", "c2", "c3", "c4"}}
	if !reflect.DeepEqual(found[3], want) || found[3].String() != "supplier in 12 of 12 components (c0, c1, c2, c3, c4 and 7 more)" || found[1].String() != "timestamp" {
		t.Errorf("%+v", found)
	}
}

func TestDependencies(t *testing.T) {
	const frame = `{"bomFormat":"CycloneDX","specVersion":"1.5","metadata":{"component":{"bom-ref":"r","type":"container","name":"r"}},"components":[` +
		`{"bom-ref":"a","type":"library","name":"a"},{"bom-ref":"b","type":"library","name":"b"},{"bom-ref":"f","type":"file","name":"f"}],"dependencies":[DEPENDENCIES]}`
	for dependencies, want := range map[string]sbom.Depth{
		``:                                              sbom.Flat,
		`{"ref":"r"}`:                                   sbom.Flat,
		`{"ref":"r","dependsOn":["r"]}`:                 sbom.Flat,
		`{"ref":"a","dependsOn":["a"]}`:                 sbom.Flat,
		`{"ref":"r","dependsOn":["f"]}`:                 sbom.Flat,
		`{"ref":"r","dependsOn":["x"]}`:                 sbom.Flat,
		`{"ref":"a","dependsOn":["b"]}`:                 sbom.Some,
		`{"ref":"r","dependsOn":["a"]}`:                 sbom.Direct,
		`{"ref":"r","dependsOn":["a","b"]}`:             sbom.Direct,
		`{"ref":"r","dependsOn":["a","b"]},{"ref":"a"}`: sbom.Direct,
		`{"ref":"r","dependsOn":["a","b"]},{"ref":"a"},{"ref":"b","dependsOn":[]}`:       sbom.Transitive,
		`{"ref":"r","dependsOn":["a"]},{"ref":"a","dependsOn":["b"]}`:                    sbom.Transitive,
		`{"ref":"r","dependsOn":["a"]},{"ref":"b","dependsOn":["a"]}`:                    sbom.Direct,
		`{"ref":"a","dependsOn":["b"]},{"ref":"b","dependsOn":["a"]}`:                    sbom.Some,
		`{"ref":"r","dependsOn":["a"]},{"ref":"a","dependsOn":["r","b"]},{"ref":"f"}`:    sbom.Transitive,
		`{"ref":"r","dependsOn":["a"]},{"ref":"a","provides":["b"]},{"dependsOn":["b"]}`: sbom.Transitive,
	} {
		d, err := sbom.Parse([]byte(strings.Replace(frame, "DEPENDENCIES", dependencies, 1)))
		if err != nil {
			t.Fatal(err)
		}
		if got := d.Dependencies(); got != want {
			t.Errorf("%s: %d, want %d", dependencies, got, want)
		}
	}
}

// In SPDX the described thing is a package, too. That something needs it says nothing of the others.
func TestDependenciesOnTheDescribed(t *testing.T) {
	raw := strings.Replace(complete()["SPDX 2"], `"relatedSpdxElement":"NONE"}`, `"relatedSpdxElement":"SPDXRef-r"},{"spdxElementId":"SPDXRef-b","relationshipType":"CONTAINED_BY","relatedSpdxElement":"SPDXRef-r"}`, 1)
	raw = strings.Replace(raw, `"packages":[`, `"packages":[{"SPDXID":"SPDXRef-b","name":"b"},`, 1)
	d, err := sbom.Parse([]byte(raw))
	if err != nil || d.Dependencies() != sbom.Direct {
		t.Errorf("%d, %v", d.Dependencies(), err)
	}
}

// Licences of SPDX 3 are spread over elements, which may name each other without an end.
func TestLicencesOfSPDX3(t *testing.T) {
	const frame = `{"@context":"https://spdx.org/rdf/3.0.1/spdx-context.jsonld","@graph":[{"type":"CreationInfo","specVersion":"3.0.1","created":"2026-01-02T03:04:05Z"},{"type":"SpdxDocument","spdxId":"urn:d"},` +
		`{"type":"software_Package","spdxId":"urn:a","name":"a"},{"type":"Relationship","from":"urn:a","to":["urn:l"],"relationshipType":"hasDeclaredLicense"},` +
		`{"type":"expandedlicensing_ListedLicense","spdxId":"urn:m","name":"MIT"},{"type":"expandedlicensing_CustomLicense","spdxId":"urn:c","name":"Mine"},LICENCES]}`
	for licences, want := range map[string]string{
		`{"type":"expandedlicensing_DisjunctiveLicenseSet","spdxId":"urn:l","expandedlicensing_member":["urn:m","urn:k"]},{"type":"expandedlicensing_ConjunctiveLicenseSet","spdxId":"urn:k","expandedlicensing_member":["urn:c","https://spdx.org/licenses/Zlib"]}`:                                                 "MIT OR (Mine AND Zlib)",
		`{"type":"expandedlicensing_OrLaterOperator","spdxId":"urn:l","expandedlicensing_subjectLicense":"https://spdx.org/licenses/GPL-2.0-only"}`:                                                                                                                                                                  "GPL-2.0-only+",
		`{"type":"expandedlicensing_WithAdditionOperator","spdxId":"urn:l","expandedlicensing_subjectExtendableLicense":"https://spdx.org/licenses/GPL-2.0-only","expandedlicensing_subjectAddition":"urn:e"},{"type":"expandedlicensing_ListedLicenseException","spdxId":"urn:e","name":"Classpath-exception-2.0"}`: "GPL-2.0-only WITH Classpath-exception-2.0",
	} {
		d, err := sbom.Parse([]byte(strings.Replace(frame, "LICENCES", licences, 1)))
		if err != nil {
			t.Fatal(err)
		}
		if got := d.Packages[0].Licenses; len(got) != 1 || got[0] != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	many := strings.TrimSuffix(strings.Repeat(`"urn:l",`, 1000), ",")
	d, err := sbom.Parse([]byte(strings.Replace(frame, "LICENCES", `{"type":"expandedlicensing_ConjunctiveLicenseSet","spdxId":"urn:l","expandedlicensing_member":[`+many+`]}`, 1)))
	if err != nil || len(d.Packages[0].Licenses) != 1 || len(d.Packages[0].Licenses[0]) > 100_000 {
		t.Errorf("a licence that names itself: %v", err)
	}
}

func TestRanges(t *testing.T) {
	for text, versions := range map[string]map[string]bool{
		"spdx":           {"SPDX 2.3": true, "SPDX 3.0.1": true, "CycloneDX 1.6": false},
		"spdx>=2.3":      {"SPDX 2.2": false, "SPDX 2.3": true, "SPDX 3.0": true},
		"spdx>=3.0.1":    {"SPDX 3.0": false, "SPDX 3.0.0": false, "SPDX 3.0.1": true, "SPDX 3.0.10": true, "SPDX 3.x": false},
		"cyclonedx>=1.6": {"CycloneDX 1.5": false, "CycloneDX 1.6": true, "CycloneDX 1.10": true, "SPDX 2.3": false},
		"CycloneDX=1.5":  {"CycloneDX 1.5": true, "CycloneDX 1.5.0": true, "CycloneDX 1.6": false},
	} {
		r, err := sbom.ParseRange(text)
		if err != nil || !strings.EqualFold(r.String(), text) {
			t.Fatalf("%s: %s, %v", text, r, err)
		}
		for version, want := range versions {
			format, number, _ := strings.Cut(version, " ")
			if got := r.Has(sbom.Header{Format: sbom.Format(format), SpecVersion: number}); got != want {
				t.Errorf("%s in %s: %t", version, text, got)
			}
		}
	}
	for _, text := range []string{"", "swid", "spdx>2", "spdx >=2", "spdx>=", "spdx>=2.x", "spdx<=2", "spdx~1", "spdx>=2,<3", "spdx>=70000"} {
		if r, err := sbom.ParseRange(text); err == nil {
			t.Errorf("%q is %s", text, r)
		}
	}
}
