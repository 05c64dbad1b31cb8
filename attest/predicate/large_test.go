package predicate_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/predicate"
)

// An SBOM of 18 MB is validated in one pass; compare with encoding/json.
func BenchmarkLargeSBOM(b *testing.B) {
	raw := largeSBOM(18 << 20)
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		if err := predicate.Validate("https://spdx.dev/Document", raw); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLargeSBOMWithEncodingJSON(b *testing.B) {
	raw := largeSBOM(18 << 20)
	b.SetBytes(int64(len(raw)))
	for b.Loop() {
		if !json.Valid(raw) {
			b.Fatal("not JSON")
		}
	}
}

func largeSBOM(size int) []byte {
	head, tail, _ := strings.Cut(good["https://spdx.dev/Document"], `"packages":[`)
	var s strings.Builder
	s.WriteString(head + `"packages":[`)
	for i := 0; s.Len() < size; i++ {
		if i > 0 {
			s.WriteByte(',')
		}
		fmt.Fprintf(&s, `{"SPDXID":"SPDXRef-%d","name":"package-%d","versionInfo":"1.%d","downloadLocation":"NOASSERTION","filesAnalyzed":false,"externalRefs":[{"referenceCategory":"PACKAGE-MANAGER","referenceType":"purl","referenceLocator":"pkg:deb/debian/package-%d@1.%d"}]}`, i, i, i, i, i)
	}
	s.WriteString(tail)
	return []byte(s.String())
}

func FuzzValidate(f *testing.F) {
	for uri, raw := range good {
		f.Add(uri, []byte(raw))
	}
	f.Fuzz(func(t *testing.T, uri string, raw []byte) {
		err := predicate.Validate(uri, raw)
		var e *attest.Error
		if err != nil && !errors.As(err, &e) {
			t.Fatalf("%T: %v", err, err)
		}
		if err == nil && len(raw) > 0 && predicate.ClassOf(uri) != predicate.Other {
			var object map[string]any
			if json.Unmarshal(raw, &object) != nil {
				t.Fatal("accepts what is not a JSON object")
			}
		}
	})
}
