package ingest_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/carnet-project/carnet/attest/ingest"
)

// A report is refused for what one of its places says, and the error names the place.
func TestScansAreRefused(t *testing.T) {
	for _, c := range []struct{ sample, old, new, where string }{
		{"trivy.json", `"SchemaVersion": 2`, `"SchemaVersion": 1`, "/SchemaVersion"},
		{"trivy.json", `"SchemaVersion": 2`, `"SchemaVersion": "2"`, "/SchemaVersion"},
		{"trivy.json", `"ArtifactName": "registry.example.com/shop/api:1.4.2",`, ``, "/SchemaVersion"},
		{"trivy.json", `"2026-11-20T08:31:12.512345678+01:00"`, `"yesterday"`, "/CreatedAt"},
		{"trivy.json", `"Results"`, `"results"`, "/results"},
		{"trivy.json", `"Vulnerabilities"`, `"vulnerabilities"`, "/Results/0/vulnerabilities"},
		{"trivy.json", `"VulnerabilityID": "CVE-2023-0286",`, ``, "/Results/0/Vulnerabilities/0/VulnerabilityID"},
		{"trivy.json", `"PkgName": "libssl1.1",`, `"PkgName": null,`, "/Results/0/Vulnerabilities/0/PkgName"},
		{"trivy.json", `"Severity": "HIGH"`, `"Severity": 3`, "/Results/0/Vulnerabilities/0/Severity"},
		{"trivy.json", `"Severity": "HIGH"`, `"Severity": "LOW", "Severity": "HIGH"`, "/Results/0/Vulnerabilities/0/Severity"},
		{"trivy.json", `"Class": "secret"`, `"Class": "secret", "Class": "config"`, "/Results/2/Class"},
		{"trivy.json", `"V3Score": 7.4`, `"V3Score": NaN`, "/Results/0/Vulnerabilities/0/CVSS/nvd/V3Score"},
		// A scan for secrets alone looks like a clean one.
		{"trivy-repo.json", `"lang-pkgs"`, `"secret"`, "/Results"},
		{"trivy-repo.json", `"Results": [{ "Target": "go.mod", "Class": "lang-pkgs", "Type": "gomod" }]`, `"Results": []`, "/Results"},
		{"trivy-repo.json", `,
  "Results": [{ "Target": "go.mod", "Class": "lang-pkgs", "Type": "gomod" }]`, ``, "/Results"},

		{"grype-v5.json", `"matches": []`, `"matches": null`, ""},
		{"grype-v5.json", `"matches": []`, `"matches": {}`, "/matches"},
		{"grype-v5.json", `"matches": []`, `"matches": [{}]`, "/matches/0/vulnerability"},
		{"grype-v5.json", `"name": "grype"`, `"name": "other"`, "/descriptor/name"},
		{"grype-v5.json", `"descriptor"`, `"description"`, "/descriptor/name"},
		{"grype-v5.json", `"error": null`, `"error": "database is corrupt"`, "/descriptor/db/error"},
		{"grype-v5.json", `"error": null`, `"error": {}`, "/descriptor/db/error"},
		{"grype-v5.json", `"built": "2024-01-10T01:24:45Z",`, ``, "/descriptor/db/built"},
		{"grype-v5.json", `"built": "2024-01-10T01:24:45Z"`, `"built": "0001-01-01T00:00:00Z"`, "/descriptor/db/built"},
		{"grype-v5.json", `"built": "2024-01-10T01:24:45Z"`, `"built": "soon"`, "/descriptor/db/built"},
		{"grype-v5.json", `"db": {`, `"dbs": {`, "/descriptor/db/built"},
		{"grype-v5.json", `"timestamp": ""`, `"timestamp": "now"`, "/descriptor/timestamp"},
		{"grype-v5.json", `"target": "/src/api"`, `"target": ""`, "/source/target"},
		{"grype-v5.json", `"source": { "type": "directory", "target": "/src/api" }`, `"source": null`, "/source/target"},
		{"grype.json", `"valid": true`, `"valid": false`, "/descriptor/db/valid"},
		{"grype.json", `"valid": true`, `"valid": true, "error": "too old"`, "/descriptor/db/error"},
		{"grype.json", `"id": "GHSA-jfh8-c2jp-5v3q",
        "dataSource"`, `"dataSource"`, "/matches/0/vulnerability/id"},

		{"clair.json", `"sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef"`, `""`, "/manifest_hash"},
		{"clair.json", `"distributions"`, `"err": "failed to scan all layer contents", "distributions"`, "/err"},
		{"clair.json", `"distributions"`, `"state": "IndexError", "distributions"`, "/state"},
		{"clair.json", `"distributions"`, `"success": false, "distributions"`, "/success"},
		{"clair.json", `"packages"`, `"x_packages"`, "/packages"},
		{"clair.json", `"vulnerabilities"`, `"x_vulnerabilities"`, "/vulnerabilities"},
		{"clair.json", `"package_vulnerabilities"`, `"x_vulnerabilities"`, "/package_vulnerabilities"},
		{"clair.json", `"11": ["40"]`, `"11": ["49"]`, "/package_vulnerabilities/11/0"},
		{"clair.json", `"11": ["40"]`, `"19": ["40"]`, "/package_vulnerabilities/19"},
		{"clair.json", `"name": "GHSA-5949-rw7g-wx7w",`, ``, "/vulnerabilities/40/name"},

		{"osv.json", `"results": [`, `"results": [], "x": [`, "/results"},
		{"osv.json", `"results": [`, `"results": null, "x": [`, "/results"},
		{"osv.json", `"packages"`, `"package"`, "/results/0/packages"},
		{"osv.json", `"packages"`, `"Packages"`, "/results/0/Packages"},
		{"osv.json", `"id": "GHSA-whgm-jr23-g3j9",`, ``, "/results/0/packages/0/vulnerabilities/0/id"},
		{"osv.json", `"ids": ["MAL-2026-1"]`, `"ids": ["MAL-2026-2"]`, "/results/0/packages/0/groups/1/ids"},

		{"trivy.cdx.json", `"specVersion": "1.6"`, `"specVersion": "9.9"`, "/specVersion"},
		{"trivy.cdx.json", `"specVersion": "1.6",`, ``, "/specVersion"},
		{"trivy.cdx.json", `"bomFormat": "CycloneDX"`, `"bomFormat": "Cyclone"`, "/bomFormat"},
		{"trivy.cdx.json", `"vulnerabilities"`, `"weaknesses"`, "/vulnerabilities"},
		{"trivy.cdx.json", `"vulnerabilities"`, `"Vulnerabilities"`, "/Vulnerabilities"},
		{"trivy.cdx.json", `"id": "CVE-2026-10"`, `"cwes": [1]`, "/vulnerabilities/2/id"},
	} {
		refusedAt(t, c.sample, c.old, c.new, c.where)
	}
}

func TestStatementsAreRefused(t *testing.T) {
	for _, c := range []struct{ sample, old, new, where string }{
		{"vex.cdx.json", `"affects": [{ "ref": "log4j" }, { "ref": "nowhere" }]`, `"affects": [{ "reference": "log4j" }]`, "/vulnerabilities/0/affects/0/ref"},
		{"openvex.json", `"https://openvex.dev/ns/v0.2.0"`, `"https://openvex.dev/ns/v0.9.0"`, "/@context"},
		{"openvex.json", `"justification": "vulnerable_code_not_in_execute_path"`, `"x": ""`, "/statements/0"},
		{"openvex.json", `"vulnerable_code_not_in_execute_path"`, `"code_not_reachable"`, "/statements/0/justification"},
		{"openvex.json", `"status"`, `"Status"`, "/statements/0/Status"},
		{"openvex.json", `"statements"`, `"sayings"`, "/statements"},

		{"csaf.json", `"csaf_version": "2.0"`, `"csaf_version": "1.2"`, "/document/csaf_version"},
		{"csaf.json", `"category": "csaf_vex"`, `"category": "csaf_base"`, "/document/category"},
		{"csaf.json", `"status": "interim"`, `"status": "draft"`, "/document/tracking/status"},
		{"csaf.json", `"status": "interim",`, ``, "/document/tracking/status"},
		{"csaf.json", `"product_tree"`, `"tree"`, "/product_tree"},
		{"csaf.json", `"first_fixed": ["openssl"]`, `"first_fixed": ["libressl"]`, "/vulnerabilities/1/product_status"},
		{"csaf.json", `"cve": "CVE-2020-11898",`, ``, "/vulnerabilities/1"},
		{"csaf.json", `"flags"`, `"Flags"`, "/vulnerabilities/0/Flags"},
		{"csaf.json", `"label": "component_not_present"`, `"lable": "component_not_present"`, "/vulnerabilities/0/flags/0/label"},
		{"csaf.json", `"known_not_affected"`, `"Known_not_affected"`, "/vulnerabilities/0/product_status/Known_not_affected"},
	} {
		refusedAt(t, c.sample, c.old, c.new, c.where)
	}
}

// refusedAt changes a sample in one place.
func refusedAt(t *testing.T, name, from, to, where string) {
	t.Helper()
	raw := string(sample(t, name))
	if !strings.Contains(raw, from) {
		t.Fatalf("%s has no %s", name, from)
	}
	r, err := ingest.Read([]byte(strings.Replace(raw, from, to, 1)))
	var refused *ingest.Error
	if r != nil || !errors.As(err, &refused) || refused.Where != where && where != "" || refused.Format == "" || refused.Expected == "" || refused.Found == "" {
		t.Errorf("%s with %s: %v", name, to, err)
	}
}

// What is cut off, nested without end or has too much in it is refused, and never read in part.
func TestHostileReports(t *testing.T) {
	formats := map[string]ingest.Format{
		"trivy.json": ingest.Trivy, "grype.json": ingest.Grype, "clair.json": ingest.Clair, "osv.json": ingest.OSV,
		"trivy.cdx.json": ingest.CycloneDX, "vex.cdx.json": ingest.CycloneDX, "openvex.json": ingest.OpenVEX, "csaf.json": ingest.CSAF,
	}
	for name, format := range formats {
		raw := strings.TrimSpace(string(sample(t, name)))
		for _, hostile := range []string{
			raw[:len(raw)-1], raw[:len(raw)/2], raw + "{}", raw[:1] + `"x":` + strings.Repeat("[", 20_000) + "," + raw[1:], raw[:1] + `"a":1,"a":1,` + raw[1:], raw[:1] + `"a":"` + "\xff" + `",` + raw[1:], "", "null", "[]", "{}", "[" + raw + "]",
		} {
			var refused *ingest.Error
			if r, err := ingest.ReadAs(format, []byte(hostile)); r != nil || !errors.As(err, &refused) || refused.Format != format {
				t.Errorf("%s as %.40q… of %d bytes: %v", format, hostile, len(hostile), err)
			}
			if r, err := ingest.Read([]byte(hostile)); r != nil || !errors.As(err, &refused) {
				t.Errorf("%.40q… of %d bytes: %v", hostile, len(hostile), err)
			}
		}
	}
}
