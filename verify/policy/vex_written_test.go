package policy_test

import (
	"testing"
	"time"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/predicate/openvex"
	"github.com/carnet-project/carnet/attest/predicate/vuln"
)

// What the writer of OpenVEX states about an image is honoured for that image, and for no other.
func TestWrittenVEX(t *testing.T) {
	denied := []string{"fail vulnerabilities.severity"}
	own, other := digest("stockedlinux/amd64"), digest("other")
	image := func(d attest.Digest, parts ...string) []openvex.Product {
		p := openvex.Product{Component: openvex.Image("registry.example.com/team/api", d)}
		for _, part := range parts {
			p.Subcomponents = append(p.Subcomponents, openvex.Component{IDs: []string{part}})
		}
		return []openvex.Product{p}
	}
	for name, c := range map[string]struct {
		products []openvex.Product
		status   openvex.Status
		want     []string
	}{
		"the subject":                  {nil, openvex.NotAffected, nil},
		"the image":                    {image(own), openvex.NotAffected, nil},
		"fixed in the image":           {image(own), openvex.Fixed, nil},
		"the package in the image":     {image(own, "pkg:deb/debian/openssl@3.0.1"), openvex.NotAffected, nil},
		"another package in the image": {image(own, "pkg:deb/debian/zlib"), openvex.NotAffected, denied},
		"another image":                {image(other), openvex.NotAffected, denied},
		"affected":                     {image(own), openvex.Affected, denied},
		"the image by its hash":        {[]openvex.Product{{Component: openvex.Component{Hashes: map[string]string{"sha-256": own.Hex()}}}}, openvex.NotAffected, nil},
		"the image by its package URL": {[]openvex.Product{{Component: openvex.Component{IDs: openvex.Image("api", own).IDs}}}, openvex.NotAffected, nil},
		"the package in any image":     {[]openvex.Product{{Component: openvex.Component{IDs: []string{"pkg:deb/debian/openssl"}}}}, openvex.NotAffected, nil},
		"another version of a package": {[]openvex.Product{{Component: openvex.Component{IDs: []string{"pkg:deb/debian/openssl@4"}}}}, openvex.NotAffected, denied},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStocked(t)
			s.require.Vulnerabilities = clause()
			s.require.Vulnerabilities.VEXFrom, s.require.Vulnerabilities.VEXMaxAge = []string{"psirt"}, 90*24*time.Hour
			scan := vuln.Report{
				Scanner: vuln.ScannerNamed("grype", "1"), Database: vuln.Database{Updated: hoursAgo(3)}, Started: hoursAgo(2), Finished: hoursAgo(2),
				Findings: []vuln.Finding{{ID: "CVE-2026-1", Severity: vuln.Critical, EPSS: -1, Package: vuln.Package{Name: "openssl", Version: "3.0.1", PURL: "pkg:deb/debian/openssl@3.0.1?arch=amd64"}}},
			}
			found, err := scan.Predicate()
			if err != nil {
				t.Fatal(err)
			}
			s.says(s.scanner, typeVulns, string(found), 2)
			d := openvex.Document{Author: "psirt@acme.example", Issued: hoursAgo(1), Statements: []openvex.Statement{
				{Vulnerability: "CVE-2026-1", Status: c.status, Products: c.products, At: hoursAgo(1)},
			}}
			switch c.status {
			case openvex.NotAffected:
				d.Statements[0].Justification = "vulnerable_code_not_in_execute_path"
			case openvex.Affected:
				d.Statements[0].Action = "update"
			}
			raw, err := d.Predicate()
			if err != nil {
				t.Fatal(err)
			}
			s.says(s.psirt, typeVEX, string(raw), 1)
			s.ends(name, c.want...)
		})
	}
}
