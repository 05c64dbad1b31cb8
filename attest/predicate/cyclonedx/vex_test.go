package cyclonedx_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/carnet-project/carnet/attest/predicate/cyclonedx"
	"github.com/carnet-project/carnet/attest/predicate/openvex"
)

const vex = `{"bomFormat":"CycloneDX","specVersion":"1.6","serialNumber":"urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79","version":1,
	"metadata":{"timestamp":"2026-01-02T00:00:00Z","authors":[{"name":"PSIRT","email":"psirt@acme.example"}],"component":{"bom-ref":"root","type":"container","name":"api"}},
	"components":[{"bom-ref":"a","type":"library","name":"a","purl":"pkg:npm/a@1","components":[{"bom-ref":"b","type":"library","name":"b","purl":"pkg:npm/b@2"}]}],
	"vulnerabilities":[VULNERABILITIES]}`

func TestVEX(t *testing.T) {
	on := func(ids ...string) []openvex.Product {
		var all []openvex.Product
		for _, id := range ids {
			all = append(all, openvex.Product{Component: openvex.Component{IDs: []string{id}}})
		}
		return all
	}
	issued := time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)
	for raw, want := range map[string][]openvex.Statement{
		``:                                      nil,
		`{"id":"CVE-1"}`:                        nil,
		`{"analysis":{"state":"not_affected"}}`: nil,
		`{"id":"CVE-1","references":[{"id":"GHSA-1","source":{}}],"analysis":{"state":"not_affected","justification":"code_not_reachable","detail":"d"},"affects":[{"ref":"b"}]}`: {
			{Vulnerability: "CVE-1", Aliases: []string{"GHSA-1"}, Status: openvex.NotAffected, Justification: "code_not_reachable", Impact: "d", Products: on("pkg:npm/b@2"), At: issued}},
		`{"id":"CVE-1","analysis":{"state":"resolved","firstIssued":"2026-01-01T00:00:00Z","lastUpdated":"2026-01-03T00:00:00Z"},"affects":[{"ref":"a"},{"ref":"urn:cdx:3e671687-395b-41f5-a30f-a58921a69b79/1#pkg:npm/c@3"},{"ref":"z"}]}`: {
			{Vulnerability: "CVE-1", Status: openvex.Fixed, Products: on("pkg:npm/a@1", "pkg:npm/c@3", "z"), At: issued.AddDate(0, 0, 1)}},
		`{"id":"CVE-1","analysis":{"state":"exploitable"},"affects":[{"ref":"a"},{"ref":"root"}]}`: {{Vulnerability: "CVE-1", Status: openvex.Affected, At: issued}},
		`{"id":"CVE-1","analysis":{"state":"false_positive"}}`:                                     {{Vulnerability: "CVE-1", Status: openvex.NotAffected, At: issued}},
		`{"id":"CVE-1","analysis":{"state":"in_triage"}}`:                                          {{Vulnerability: "CVE-1", Status: openvex.UnderInvestigation, At: issued}},
		`{"id":"CVE-1","analysis":{"detail":"d"}}`:                                                 {{Vulnerability: "CVE-1", Status: openvex.UnderInvestigation, Impact: "d", At: issued}},
	} {
		d, err := cyclonedx.VEX(cyclonedx.Type, []byte(strings.Replace(vex, "VULNERABILITIES", raw, 1)))
		if err != nil {
			t.Fatalf("%s: %v", raw, err)
		}
		if !reflect.DeepEqual(d.Statements, want) || d.Author != "psirt@acme.example" {
			t.Errorf("%s\n got %+v\nwant %+v", raw, d, want)
		}
	}
	if _, err := cyclonedx.VEX(cyclonedx.Type, []byte(`{"bomFormat":"CycloneDX","specVersion":"1.9"}`)); err == nil {
		t.Error("a version that is not read")
	}
}

func FuzzVEX(f *testing.F) {
	f.Add([]byte(strings.Replace(vex, "VULNERABILITIES", `{"id":"CVE-1","analysis":{"state":"resolved"},"affects":[{"ref":"a"}]}`, 1)))
	f.Fuzz(func(t *testing.T, raw []byte) {
		d, err := cyclonedx.VEX(cyclonedx.Type, raw)
		if err != nil {
			return
		}
		if cyclonedx.Validate(cyclonedx.Type, raw) != nil {
			t.Fatal("read what is refused")
		}
		for _, s := range d.Statements {
			if s.Vulnerability == "" || s.Status == "" {
				t.Errorf("%+v", s)
			}
		}
	})
}
