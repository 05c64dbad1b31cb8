package sbom_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/carnet-project/carnet/sbom"
)

func golden(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// briefly leaves of packages what identifies them.
func briefly(packages []sbom.Package) []sbom.Package {
	var brief []sbom.Package
	for _, p := range packages {
		brief = append(brief, sbom.Package{Name: p.Name, Version: p.Version, PURL: p.PURL, Licenses: p.Licenses})
	}
	return brief
}

// The documents in testdata are syft's, of a directory with one package-lock.json.
func TestParse(t *testing.T) {
	app := sbom.Package{Name: "app", Version: "1.0.0", PURL: "pkg:npm/app@1.0.0"}
	ms := sbom.Package{Name: "@scope/ms", Version: "2.1.3", PURL: "pkg:npm/%40scope/ms@2.1.3"}
	pad := sbom.Package{Name: "left-pad", Version: "1.3.0", PURL: "pkg:npm/left-pad@1.3.0"}
	licensed := func(p sbom.Package, l string) sbom.Package {
		p.Licenses = []string{l}
		return p
	}
	for _, tc := range []struct {
		file          string
		format        sbom.Format
		version, name string
		packages      []sbom.Package
	}{
		{"syft-spdx-json-2.3.json", sbom.SPDX, "2.3", "app",
			[]sbom.Package{licensed(ms, "(MIT OR Apache-2.0)"), app, licensed(pad, "WTFPL"), {Name: "app"}}},
		{"syft-spdx-json-3.0.json", sbom.SPDX, "3.0.1", "app", []sbom.Package{{Name: "app"}, licensed(ms, "MIT OR Apache-2.0"), app, licensed(pad, "WTFPL")}},
		{"syft-cyclonedx-json-1.6.json", sbom.CycloneDX, "1.6", "app",
			[]sbom.Package{licensed(ms, "MIT OR Apache-2.0"), app, licensed(pad, "WTFPL")}},
	} {
		raw := golden(t, tc.file)
		doc, err := sbom.Parse(raw)
		if err != nil {
			t.Errorf("%s: %v", tc.file, err)
			continue
		}
		if doc.Format != tc.format || doc.SpecVersion != tc.version || doc.Name != tc.name || doc.ID == "" {
			t.Errorf("%s: header is %+v", tc.file, doc.Header)
		}
		if doc.Created.Year() != 2026 {
			t.Errorf("%s: created %v", tc.file, doc.Created)
		}
		if got := briefly(doc.Packages); !reflect.DeepEqual(got, tc.packages) {
			t.Errorf("%s: packages\n got %+v\nwant %+v", tc.file, got, tc.packages)
		}
		header, err := sbom.Check(raw)
		if err != nil || *header != doc.Header {
			t.Errorf("%s: Check says %+v (%v), Parse %+v", tc.file, header, err, doc.Header)
		}
	}
}

const (
	spdx = `{"spdxVersion":"SPDX-2.3","dataLicense":"CC0-1.0","SPDXID":"SPDXRef-DOCUMENT","name":"n","documentNamespace":"https://example.com/n",` +
		`"creationInfo":{"created":"2024-01-02T03:04:05Z","creators":["Tool: t"]},"packages":[{"SPDXID":"SPDXRef-a","name":"a"}]}`
	cdx   = `{"bomFormat":"CycloneDX","specVersion":"1.5","version":1,"components":[{"type":"library","name":"a"}]}`
	spdx3 = `{"@context":"https://spdx.org/rdf/3.0.1/spdx-context.jsonld","@graph":[` +
		`{"type":"CreationInfo","specVersion":"3.0.1","created":"2024-01-02T03:04:05Z"},{"type":"SpdxDocument","spdxId":"urn:d","name":"n"}]}`
)

// Each case is a good document with one part replaced; the error must name the part.
func TestRefused(t *testing.T) {
	for _, tc := range []struct{ doc, old, new, want string }{
		{spdx, `"SPDX-2.3"`, `"SPDX-3.0"`, `at "/spdxVersion"`},
		{spdx, `"SPDX-2.3"`, `"spdx-2.3"`, `at "/spdxVersion"`},
		{spdx, `"SPDX-2.3"`, `2.3`, `at "/spdxVersion"`},
		{spdx, `"SPDX-2.3"`, `null`, `at "/spdxVersion"`},
		{spdx, `"spdxVersion"`, `"spdxversion"`, `"spdxversion" must be written "spdxVersion"`},
		{spdx, `"spdxVersion":"SPDX-2.3",`, ``, `neither SPDX nor CycloneDX`},
		{spdx, `"SPDXID":"SPDXRef-DOCUMENT",`, ``, `lacks "SPDXID"`},
		{spdx, `SPDXRef-DOCUMENT`, `SPDXRef-OTHER`, `at "/SPDXID"`},
		{spdx, `"dataLicense":"CC0-1.0",`, ``, `lacks "dataLicense"`},
		{spdx, `CC0-1.0`, `MIT`, `at "/dataLicense"`},
		{spdx, `"name":"n",`, ``, `lacks "name"`},
		{spdx, `"name":"n"`, `"name":""`, `at "/name"`},
		{spdx, `"documentNamespace":"https://example.com/n",`, ``, `lacks "documentNamespace"`},
		{spdx, `https://example.com/n`, `n`, `at "/documentNamespace"`},
		{spdx, `https://example.com/n`, `https://example.com/n#f`, `at "/documentNamespace"`},
		{spdx, `2024-01-02T03:04:05Z`, `yesterday`, `at "/creationInfo/created"`},
		{spdx, `["Tool: t"]`, `[]`, `at "/creationInfo/creators"`},
		{spdx, `["Tool: t"]`, `"t"`, `at "/creationInfo/creators"`},
		{spdx, `[{"SPDXID":"SPDXRef-a","name":"a"}]`, `{}`, `at "/packages"`},
		{spdx, `,"packages":[{"SPDXID":"SPDXRef-a","name":"a"}]`, ``, `lacks "packages"`},
		{spdx, `"name":"a"`, `"name":""`, `at "/packages/0"`},
		{spdx, `"SPDXID":"SPDXRef-a",`, ``, `at "/packages/0"`},
		{spdx, `"name":"a"`, `"name":"a","name":"b"`, `duplicate`},
		{spdx, `"name":"a"`, `"name":"a","Name":"b"`, `at "/packages/0/Name"`},
		{spdx, `"name":"a"`, "\"name\":\"a\xff\"", `/packages/0/name`},
		{spdx, `}]}`, `}]} {}`, `data after the document`},
		{spdx, `}]}`, `}]`, `EOF`},
		{spdx, `"spdxVersion"`, `"bomFormat":"CycloneDX","spdxVersion"`, `two kinds of document`},
		{cdx, `"CycloneDX"`, `"cyclonedx"`, `at "/bomFormat"`},
		{cdx, `"1.5"`, `"2.0"`, `at "/specVersion"`},
		{cdx, `"specVersion":"1.5",`, ``, `at "/specVersion"`},
		{cdx, `"version":1`, `"version":0`, `at "/version"`},
		{cdx, `"version":1`, `"version":1.5`, `at "/version"`},
		{cdx, `"version":1`, `"version":"1"`, `at "/version"`},
		{cdx, `"version":1`, `"serialNumber":"urn:uuid:1"`, `at "/serialNumber"`},
		{cdx, `"version":1`, `"metadata":{"timestamp":"now"}`, `at "/metadata/timestamp"`},
		{cdx, `"type":"library",`, ``, `at "/components/0"`},
		{cdx, `"name":"a"`, `"version":"1"`, `at "/components/0"`},
		{cdx, `"name":"a"`, `"name":"a"` + strings.Repeat(`,"components":[{"type":"library","name":"a"`, 40) + strings.Repeat(`}]`, 40), `nested more than 32 deep`},
		{spdx3, `3.0.1/spdx`, `2.3/spdx`, `at "/@context"`},
		{spdx3, `"specVersion":"3.0.1",`, ``, `CreationInfo`},
		{spdx3, `2024-01-02T03:04:05Z`, ``, `at "/@graph"`},
		{spdx3, `"SpdxDocument"`, `"Other"`, `SpdxDocument`},
		{spdx3, `"spdxId":"urn:d",`, ``, `spdxId`},
		{spdx3, `"type":"SpdxDocument",`, ``, `at "/@graph/1"`},
		{`[]`, ``, ``, `an object is expected`},
		{`{}`, ``, ``, `neither SPDX nor CycloneDX`},
		{``, ``, ``, `document ends`},
	} {
		if tc.old != "" && !strings.Contains(tc.doc, tc.old) {
			t.Fatalf("%q is not in the document", tc.old)
		}
		raw := []byte(strings.Replace(tc.doc, tc.old, tc.new, 1))
		_, parseErr := sbom.Parse(raw)
		_, checkErr := sbom.Check(raw)
		for what, err := range map[string]error{"Parse": parseErr, "Check": checkErr} {
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("%s with %q for %q: error %v does not say %q", what, tc.new, tc.old, err, tc.want)
			}
		}
	}
	for _, good := range []string{spdx, cdx, spdx3} {
		if _, err := sbom.Parse([]byte(good)); err != nil {
			t.Errorf("the good document is refused, so the cases prove nothing: %v", err)
		}
	}
}

// What Parse refuses and Check leaves to its caller, as documented.
func TestDuplicatesInSkippedParts(t *testing.T) {
	raw := []byte(strings.Replace(spdx, `"name":"n"`, `"name":"n","files":[{"x":1,"x":2}]`, 1))
	if _, err := sbom.Parse(raw); err == nil || !strings.Contains(err.Error(), "/files/0") {
		t.Errorf("Parse accepts a duplicate name: %v", err)
	}
	if _, err := sbom.Check(raw); err != nil {
		t.Errorf("Check refuses a duplicate name in a part that it skips: %v", err)
	}
}

func TestMembersInAnyOrder(t *testing.T) {
	const late = `{"packages":[{"name":"a","licenseDeclared":"MIT","licenseConcluded":"NOASSERTION","SPDXID":"SPDXRef-a",` +
		`"externalRefs":[{"referenceLocator":"cpe:x","referenceType":"cpe23Type"},{"referenceLocator":"pkg:a/a@1","referenceType":"purl"}]}],` +
		`"creationInfo":{"creators":["Tool: t"],"created":"2024-01-02T03:04:05Z"},"documentNamespace":"https://example.com/n","n\u0061me":"n",` +
		`"SPDXID":"SPDXRef-DOCUMENT","dataLicense":"CC0-1.0","spdxVersion":"SPDX-2.2"}`
	doc, err := sbom.Parse([]byte(late))
	if err != nil {
		t.Fatal(err)
	}
	head := sbom.Header{Format: sbom.SPDX, SpecVersion: "2.2", Name: "n", ID: "https://example.com/n",
		Created: time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC), PackageCount: 1}
	want := []sbom.Package{{Name: "a", PURL: "pkg:a/a@1", Licenses: []string{"MIT"}}}
	if doc.Header != head || !reflect.DeepEqual(briefly(doc.Packages), want) {
		t.Errorf("got %+v\nwant %+v and %+v", doc, head, want)
	}
}

func TestNestedComponents(t *testing.T) {
	const nested = `{"bomFormat":"CycloneDX","specVersion":"1.5","components":[` +
		`{"components":[{"type":"library","name":"b","components":[{"type":"library","name":"c"}]},{"type":"library","name":"d"}],"type":"application","name":"a",` +
		`"licenses":[{"license":{"id":"MIT"}},{"license":{"name":"Mine"}},{"license":{"id":"MIT"}}]},` +
		`{"type":"file","name":"f"},{"type":"library","name":"e"}]}`
	doc, err := sbom.Parse([]byte(nested))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, p := range doc.Packages {
		names = append(names, p.Name)
	}
	if got := strings.Join(names, ""); got != "abcde" || doc.PackageCount != 5 {
		t.Errorf("packages %q, count %d", got, doc.PackageCount)
	}
	if got := fmt.Sprint(doc.Packages[0].Licenses); got != "[MIT Mine]" {
		t.Errorf("licences %s", got)
	}
}

// large is an SPDX document of about 18 MB, most of which are files and relationships, as in that of a 1 GB image.
func large() []byte {
	var b bytes.Buffer
	b.WriteString(strings.TrimSuffix(spdx, `]}`))
	for i := range 1700 {
		fmt.Fprintf(&b, `,{"name":"p%d","SPDXID":"SPDXRef-p%d","versionInfo":"1.%d","licenseConcluded":"NOASSERTION","licenseDeclared":"MIT","externalRefs":[`+
			`{"referenceCategory":"SECURITY","referenceType":"cpe23Type","referenceLocator":"cpe:2.3:a:p%d:p%d:1:*:*:*:*:*:*:*"},`+
			`{"referenceCategory":"PACKAGE-MANAGER","referenceType":"purl","referenceLocator":"pkg:npm/p%d@1"}]}`, i, i, i, i, i, i)
	}
	b.WriteString(`],"files":[{}`)
	for i := range 17000 {
		fmt.Fprintf(&b, `,{"fileName":"/usr/share/some/path/of/a/file/%d","SPDXID":"SPDXRef-File-%040d","fileTypes":["TEXT"],"checksums":[{"algorithm":"SHA1","checksumValue":"%040d"},{"algorithm":"SHA256","checksumValue":"%064d"}],"licenseConcluded":"NOASSERTION","licenseInfoInFiles":["NOASSERTION"],"copyrightText":"NOASSERTION"}`, i, i, i, i)
	}
	b.WriteString(`],"relationships":[{}`)
	for i := range 55000 {
		fmt.Fprintf(&b, `,{"spdxElementId":"SPDXRef-Package-%040d","relatedSpdxElement":"SPDXRef-File-%040d","relationshipType":"CONTAINS"}`, i, i)
	}
	b.WriteString(`]}`)
	return b.Bytes()
}

func BenchmarkParse(b *testing.B) {
	raw := large()
	b.SetBytes(int64(len(raw)))
	for b.Loop() {
		if _, err := sbom.Parse(raw); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCheck(b *testing.B) {
	raw := large()
	b.SetBytes(int64(len(raw)))
	for b.Loop() {
		if _, err := sbom.Check(raw); err != nil {
			b.Fatal(err)
		}
	}
}

// Checking must not cost memory in proportion to the document.
func TestCheckAllocatesLittle(t *testing.T) {
	raw := large()
	result := testing.Benchmark(func(b *testing.B) {
		for b.Loop() {
			if _, err := sbom.Check(raw); err != nil {
				b.Fatal(err)
			}
		}
	})
	if got := result.AllocedBytesPerOp(); got > int64(len(raw))/8 {
		t.Errorf("checking %d bytes allocates %d", len(raw), got)
	}
}
