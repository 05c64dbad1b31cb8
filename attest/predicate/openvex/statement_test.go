package openvex_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/carnet-project/carnet/attest/predicate/openvex"
)

const head = `"@context":"https://openvex.dev/ns/v0.2.0","@id":"https://example.com/vex","author":"psirt@acme.example","timestamp":"2026-01-01T00:00:00Z","last_updated":"2026-01-02T00:00:00Z","version":1,`

func day(n int) time.Time { return time.Date(2026, 1, n, 0, 0, 0, 0, time.UTC) }

func TestParse(t *testing.T) {
	raw := `{` + head + `"statements":[
		{"vulnerability":{"name":"CVE-2026-1","aliases":["GHSA-1"]},"status":"not_affected","justification":"component_not_present","timestamp":"2025-12-31T00:00:00Z",
		 "products":[{"@id":"pkg:oci/api@sha256:aa","identifiers":{"purl":"pkg:npm/a@1"},"hashes":{"SHA-256":"aa"},"subcomponents":[{"@id":"pkg:npm/b"}]},"pkg:npm/c"]},
		{"vulnerability":{"name":"CVE-2026-2"},"status":"fixed","timestamp":"2025-12-31T00:00:00Z","last_updated":"2026-01-03T00:00:00Z"},
		{"vulnerability":{"name":"CVE-2026-3"},"status":"not_affected","impact_statement":"because"}]}`
	d, err := openvex.Parse(openvex.TypeV2, []byte(raw))
	if err != nil {
		t.Fatal(err)
	}
	want := &openvex.Document{ID: "https://example.com/vex", Author: "psirt@acme.example", Issued: day(2), Statements: []openvex.Statement{
		{Vulnerability: "CVE-2026-1", Aliases: []string{"GHSA-1"}, Status: openvex.NotAffected, Justification: "component_not_present", At: day(0), Products: []openvex.Product{
			{Component: openvex.Component{IDs: []string{"pkg:oci/api@sha256:aa", "pkg:npm/a@1"}, Hashes: map[string]string{"sha-256": "aa"}},
				Subcomponents: []openvex.Component{{IDs: []string{"pkg:npm/b"}}}},
			{Component: openvex.Component{IDs: []string{"pkg:npm/c"}}},
		}},
		{Vulnerability: "CVE-2026-2", Status: openvex.Fixed, At: day(3)},
		{Vulnerability: "CVE-2026-3", Status: openvex.NotAffected, Impact: "because", At: day(2)},
	}}
	if !reflect.DeepEqual(d, want) {
		t.Errorf("got %+v\nwant %+v", d, want)
	}
	if s := d.Statements[0]; !s.Names("ghsa-1") || !s.Names("x", "CVE-2026-1") || s.Names("CVE-2026-2") || s.Names() {
		t.Error("names")
	}
}

func FuzzParse(f *testing.F) {
	for _, uri := range []string{openvex.Type, openvex.TypeV1, openvex.TypeV2} {
		f.Add(uri, []byte(`{`+head+`"statements":[{"vulnerability":{"name":"CVE-1"},"status":"fixed","products":[{"@id":"a","subcomponents":[{"hashes":{"sha-256":"b"}}]}]}]}`))
	}
	f.Fuzz(func(t *testing.T, uri string, raw []byte) {
		d, err := openvex.Parse(uri, raw)
		if (err == nil) != (openvex.Validate(uri, raw) == nil) {
			t.Fatal("Parse and Validate differ")
		}
		if err != nil {
			return
		}
		for _, s := range d.Statements {
			if s.Vulnerability == "" || s.At.IsZero() || s.Status == openvex.NotAffected && !s.Explained() {
				t.Errorf("%+v", s)
			}
		}
	})
}
