package sbom_test

import (
	"bytes"
	"reflect"
	"testing"
	"testing/iotest"

	"github.com/carnet-project/carnet/sbom"
)

// seed adds small documents only: the fuzzer spends minutes on making a large one smaller.
func seed(f *testing.F) {
	for _, doc := range []string{
		spdx, spdx3, cdx, ``, `{"`,
		`{"components":[{"components":[{"type":"file"}],"licenses":[{"license":{"id":"MIT"}},{"expression":"MIT"}],"purl":"pkg:a/b"}]}`,
		`{"metadata":{"timestamp":"2024-01-02T03:04:05+01:00","component":{"name":"a"}},"serialNumber":"urn:uuid:0"}`,
		`{"packages":[{"externalRefs":[{"referenceType":"purl","referenceLocator":"pkg:a/b"}],"licenseDeclared":"NOASSERTION"}]}`,
		`{"@graph":[{"type":"software_Package","name":"a","software_packageVersion":"1","software_packageUrl":"pkg:a/b"}]}`,
	} {
		f.Add([]byte(doc))
	}
	for _, doc := range complete() {
		f.Add([]byte(doc))
	}
}

// A document that Parse accepts is accepted by Check, which then says the same of it; neither changes it.
func FuzzParse(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, raw []byte) {
		before := string(raw)
		doc, err := sbom.Parse(raw)
		if string(raw) != before {
			t.Fatal("Parse changed its input")
		}
		streamed, streamErr := sbom.ParseFrom(iotest.HalfReader(bytes.NewReader(raw)))
		if (err == nil) != (streamErr == nil) || !reflect.DeepEqual(doc, streamed) {
			t.Fatalf("Parse: %v; ParseFrom: %v, %+v", err, streamErr, streamed)
		}
		if err != nil {
			return
		}
		if doc.PackageCount != len(doc.Packages) {
			t.Errorf("counted %d packages, listed %d", doc.PackageCount, len(doc.Packages))
		}
		if depth := doc.Dependencies(); depth < sbom.Flat || depth > sbom.Transitive || len(doc.Packages) == 0 && depth > sbom.Flat {
			t.Errorf("dependencies %d", depth)
		}
		for _, m := range sbom.Minima() {
			gaps, err := m.Gaps(doc)
			if err != nil {
				t.Error(err)
			}
			for _, g := range gaps {
				if g.Missing > g.Of || len(g.Names) > 5 || g.Element == "" {
					t.Errorf("%+v", g)
				}
			}
		}
		header, err := sbom.Check(raw)
		if err != nil {
			t.Fatalf("Check refuses what Parse accepts: %v", err)
		}
		if *header != doc.Header {
			t.Errorf("Check says %+v, Parse %+v", *header, doc.Header)
		}
	})
}

func FuzzCheck(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, raw []byte) {
		before := string(raw)
		header, err := sbom.Check(raw)
		if string(raw) != before {
			t.Fatal("Check changed its input")
		}
		if (header == nil) == (err == nil) {
			t.Fatalf("header %v and error %v", header, err)
		}
		if err == nil && (header.Format == "" || header.SpecVersion == "") {
			t.Errorf("accepted without knowing what it is: %+v", header)
		}
	})
}
