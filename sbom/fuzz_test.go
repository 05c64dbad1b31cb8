package sbom_test

import (
	"testing"

	"github.com/carnet-project/carnet/sbom"
)

func seed(f *testing.F) {
	for _, name := range []string{"syft-spdx-json-2.3.json", "syft-spdx-json-3.0.json", "syft-cyclonedx-json-1.6.json"} {
		f.Add(golden(f, name))
	}
	for _, doc := range []string{spdx, spdx3, cdx, `{"components":[{"components":[{"type":"file"}]}]}`, `{"packages":[{"externalRefs":[{}]}]}`, `{"`, ``} {
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
		if err != nil {
			return
		}
		if doc.PackageCount != len(doc.Packages) {
			t.Errorf("counted %d packages, listed %d", doc.PackageCount, len(doc.Packages))
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
