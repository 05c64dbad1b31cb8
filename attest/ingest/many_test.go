package ingest_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/carnet-project/carnet/attest/ingest"
	"github.com/carnet-project/carnet/attest/predicate/openvex"
	"github.com/carnet-project/carnet/attest/predicate/vuln"
)

// many are reports of so many findings, in each format.
func many() map[string]func(n int) string {
	trivy := func(n int) string {
		return `{"SchemaVersion":2,"ArtifactName":"a","Results":[{"Class":"os-pkgs","Vulnerabilities":[` + list(n/2, `{"VulnerabilityID":"CVE-1","PkgName":"a"}`) + `]},{"Class":"lang-pkgs","Vulnerabilities":[` + list(n-n/2, `{"VulnerabilityID":"CVE-1","PkgName":"a"}`) + `]}]}`
	}
	grype := func(n int) string {
		return `{"matches":[` + list(n, `{"vulnerability":{"id":"CVE-1"},"artifact":{"name":"a"}}`) + `],"source":{"target":"a"},"descriptor":{"name":"grype","db":{"built":"2026-01-01T00:00:00Z"}}}`
	}
	clair := func(n int) string {
		return `{"manifest_hash":"sha256:a","packages":{"1":{"name":"a"},"2":{"name":"b"}},"vulnerabilities":{"1":{"name":"CVE-1"}},"package_vulnerabilities":{"1":[` + list(n/2, `"1"`) + `],"2":[` + list(n-n/2, `"1"`) + `]}}`
	}
	cyclone := func(n int) string {
		return `{"bomFormat":"CycloneDX","specVersion":"1.6","vulnerabilities":[{"id":"CVE-1","affects":[` + list(n/2, `{"ref":"a"}`) + `]},{"id":"CVE-2","affects":[` + list(n-n/2, `{"ref":"a"}`) + `]}]}`
	}
	return map[string]func(int) string{"trivy": trivy, "grype": grype, "clair": clair, "cyclonedx": cyclone, "osv": manyOSV}
}

// One finding more than is read refuses the report, in each way that findings are gathered.
func TestTooManyFindings(t *testing.T) {
	if r, err := ingest.Read([]byte(many()["clair"](100_000))); err != nil || len(r.Vulnerabilities.Findings) != 100_000 {
		t.Errorf("100,000 findings: %v", err)
	}
	for _, name := range []string{"clair", "cyclonedx", "trivy"} {
		report := many()[name]
		if r, err := ingest.Read([]byte(report(100_001))); err == nil {
			t.Errorf("%s: %d findings", name, len(r.Vulnerabilities.Findings))
		}
	}
}

func list(n int, one string) string { return strings.TrimSuffix(strings.Repeat(one+",", n), ",") }

func manyOSV(n int) string {
	var b strings.Builder
	b.WriteString(`{"results":[{"source":{"path":"a"},"packages":[`)
	for left := n; left > 0; left -= 1000 {
		if left < n {
			b.WriteString(",")
		}
		b.WriteString(`{"package":{"name":"a","ecosystem":"npm"},"vulnerabilities":[`)
		for i := range min(left, 1000) {
			if i > 0 {
				b.WriteString(",")
			}
			fmt.Fprintf(&b, `{"id":"CVE-%d"}`, i)
		}
		b.WriteString("]}")
	}
	b.WriteString(`]}],"experimental_config":{}}`)
	return b.String()
}

// FuzzReports reads anything as each format of vulnerabilities and of VEX, and as what it looks like.
func FuzzReports(f *testing.F) {
	for _, name := range []string{"trivy.json", "trivy-repo.json", "grype.json", "grype-v5.json", "clair.json", "osv.json", "trivy.cdx.json", "vex.cdx.json", "openvex.json", "csaf.json", "semgrep.sarif", "surefire.xml", "v14.tap", "good.gotest.json"} {
		f.Add(sample(f, name))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		before := bytes.Clone(raw)
		check(t, func() (*ingest.Report, error) { return ingest.Read(raw) })
		for _, format := range []ingest.Format{ingest.Trivy, ingest.Grype, ingest.Clair, ingest.OSV, ingest.CycloneDX, ingest.OpenVEX, ingest.CSAF} {
			check(t, func() (*ingest.Report, error) { return ingest.ReadAs(format, raw) })
		}
		if !bytes.Equal(raw, before) {
			t.Fatal("reading changes the report")
		}
	})
}

// check asks of what is read that it is of just one kind, bounded, the same twice, and that what can be written
// is read as it was.
func check(t *testing.T, read func() (*ingest.Report, error)) {
	r, err := read()
	again, errAgain := read()
	var refused *ingest.Error
	if err != nil {
		if r != nil || !errors.As(err, &refused) || refused.Expected == "" || refused.Found == "" || errAgain == nil || errAgain.Error() != err.Error() {
			t.Fatalf("%v with %+v, and again %v", err, r, errAgain)
		}
		return
	}
	kinds := 0
	for _, is := range []bool{r.Vulnerabilities != nil, r.VEX != nil, r.Tests != nil, r.Analysis != nil} {
		if is {
			kinds++
		}
	}
	if kinds != 1 || r.Format == "" || len(r.Notes) > 100 {
		t.Fatalf("%d kinds in %+v", kinds, r)
	}
	if r.Vulnerabilities != nil {
		if told(again) != told(r) {
			t.Fatalf("%s\nand again\n%s", told(r), told(again))
		}
		checkFindings(t, r.Vulnerabilities)
	}
	if r.VEX != nil {
		if stated(again) != stated(r) {
			t.Fatalf("%s\nand again\n%s", stated(r), stated(again))
		}
		checkStatements(t, r.VEX)
	}
}

func checkFindings(t *testing.T, v *vuln.Report) {
	if len(v.Findings) > vuln.MaxFindings || v.Unreadable != "" {
		t.Fatalf("%d findings, %s", len(v.Findings), v.Unreadable)
	}
	for _, f := range v.Findings {
		if f.ID == "" || f.Severity == "" || f.EPSS != -1 && (f.EPSS < 0 || f.EPSS > 1) {
			t.Fatalf("%+v", f)
		}
	}
	raw, err := v.Predicate()
	if err != nil {
		return
	}
	if got, err := vuln.Parse(vuln.InToto02, raw); err != nil || len(got.Findings) != len(v.Findings) {
		t.Fatalf("%v\n%s", err, raw)
	}
}

func checkStatements(t *testing.T, d *openvex.Document) {
	for _, s := range d.Statements {
		if s.Vulnerability == "" || s.Status == openvex.NotAffected && !s.Explained() || s.Status == openvex.Affected && s.Action == "" {
			t.Fatalf("%+v", s)
		}
	}
	raw, err := d.Predicate()
	if err != nil {
		return
	}
	if got, err := openvex.Parse(openvex.TypeV2, raw); err != nil || len(got.Statements) != len(d.Statements) {
		t.Fatalf("%v\n%s", err, raw)
	}
}

// BenchmarkRead is of 50,000 findings.
func BenchmarkRead(b *testing.B) {
	for name, report := range many() {
		b.Run(name, func(b *testing.B) {
			raw := []byte(report(50_000))
			b.SetBytes(int64(len(raw)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := ingest.Read(raw); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// Reports whose reading would take hours if it compared everything with everything.
func TestCostlyReports(t *testing.T) {
	const n = 40_000
	each := func(format string) string {
		var b strings.Builder
		for i := range n {
			if i > 0 {
				b.WriteString(",")
			}
			fmt.Fprintf(&b, strings.ReplaceAll(format, "%", fmt.Sprintf("%%[1]0%dd", 8)), i)
		}
		return b.String()
	}
	long := strings.Repeat("Upgrade a to version 1;", n)
	for name, report := range map[string]string{
		"other names": `{"matches":[{"vulnerability":{"id":"CVE-1"},"relatedVulnerabilities":[` + each(`{"id":"CVE-%"}`) + `],"artifact":{"name":"a"}}],"source":{"target":"a"},"descriptor":{"name":"grype","db":{"built":"2026-01-01T00:00:00Z"}}}`,
		"references":  `{"bomFormat":"CycloneDX","specVersion":"1.6","vulnerabilities":[{"id":"CVE-1","references":[` + each(`{"id":"CVE-%"}`) + `]}]}`,
		"advice":      `{"bomFormat":"CycloneDX","specVersion":"1.6","vulnerabilities":[{"id":"CVE-1","recommendation":"` + long + `","affects":[` + each(`{"ref":"%"}`) + `]}]}`,
		"scores": `{"manifest_hash":"sha256:a","packages":{"1":{"name":"a"}},"vulnerabilities":{"1":{"name":"CVE-1"}},"package_vulnerabilities":{"1":[` + list(n, `"1"`) + `]},` +
			`"enrichments":{"enricher=clair.cvss":[{"1":[` + list(n, `{"baseScore":1}`) + `]}]}}`,
		"digests": `{"SchemaVersion":2,"ArtifactName":"a","Metadata":{"RepoDigests":[` + each(`"a@sha256:%`+strings.Repeat("0", 56)+`"`) + `]},"Results":[{"Class":"os-pkgs"}]}`,
		"words": `{"document":{"category":"csaf_vex","csaf_version":"2.0","publisher":{"name":"a","namespace":"https://a.example"},"tracking":{"id":"1","status":"final","current_release_date":"2026-01-01T00:00:00Z"}},` +
			`"product_tree":{"full_product_names":[` + each(`{"product_id":"%","product_identification_helper":{"purl":"pkg:npm/a@%"}}`) + `],"product_groups":[{"group_id":"g","product_ids":[` + each(`"%"`) + `]}]},` +
			`"vulnerabilities":[{"cve":"CVE-1","product_status":{"known_not_affected":[` + each(`"%"`) + `]},"threats":[{"category":"impact","details":"` + long + `","group_ids":["g"]}]}]}`,
	} {
		begun := time.Now()
		if _, err := ingest.Read([]byte(report)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if took := time.Since(begun); took > 20*time.Second {
			t.Errorf("%s: %d MiB took %s", name, len(report)>>20, took)
		} else {
			t.Logf("%s: %d MiB, %s", name, len(report)>>20, took)
		}
	}
	groups := `{"document":{"category":"csaf_vex","csaf_version":"2.0","publisher":{"name":"a","namespace":"https://a.example"},"tracking":{"id":"1","status":"final","current_release_date":"2026-01-01T00:00:00Z"}},` +
		`"product_tree":{"product_groups":[{"group_id":"g","product_ids":[` + each(`"%"`) + `]}]},"vulnerabilities":[{"cve":"CVE-1","threats":[` + list(n, `{"category":"impact","group_ids":["g"]}`) + `]}]}`
	var refused *ingest.Error
	if _, err := ingest.Read([]byte(groups)); !errors.As(err, &refused) || refused.Where != "/vulnerabilities/0" {
		t.Errorf("groups in groups: %v", err)
	}
}
