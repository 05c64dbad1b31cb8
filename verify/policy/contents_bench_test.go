package policy_test

import (
	"bytes"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/verify/policy"
)

// largeBOM is a document of about so many bytes, as of an image with very many packages. Like scanners' own it
// has some kilobytes of properties for each.
func largeBOM(format string, size int) string {
	var b bytes.Buffer
	const pad = `{"name":"syft:location:0:path","value":"/usr/lib/python3/dist-packages/some/path/that/is/long/METADATA"},{"name":"syft:cpe23","value":"cpe:2.3:a:python-name:python_name:1.0.0:*:*:*:*:*:*:*"}`
	if format == typeCDX {
		b.WriteString(`{"bomFormat":"CycloneDX","specVersion":"1.6","serialNumber":"urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79","version":1,` +
			`"metadata":{"timestamp":"2026-02-28T00:00:00Z","component":{"bom-ref":"root","type":"container","name":"api"}},"components":[{"type":"library","name":"first"}`)
		n := 0
		for ; b.Len() < size; n++ {
			fmt.Fprintf(&b, `,{"bom-ref":"pkg:pypi/p%d@1.%d?package-id=%016d","type":"library","name":"p%d","version":"1.%d","purl":"pkg:pypi/p%d@1.%d","cpe":"cpe:2.3:a:p%d:p%d:1:*:*:*:*:*:*:*",`+
				`"supplier":{"name":"Somebody"},"hashes":[{"alg":"SHA-256","content":"%064d"}],"licenses":[{"expression":"MIT OR (Apache-2.0 AND BSD-%d-Clause)"}],"properties":[%s,%s,%s]}`, n, n, n, n, n, n, n, n, n, n, n%500, pad, pad, pad)
		}
		b.WriteString(`],"dependencies":[{"ref":"root","dependsOn":["pkg:pypi/p0@1.0?package-id=0000000000000000"]}`)
		for i := range n {
			fmt.Fprintf(&b, `,{"ref":"pkg:pypi/p%d@1.%d?package-id=%016d","dependsOn":["pkg:pypi/p%d@1.%d?package-id=%016d"]}`, i, i, i, i/2, i/2, i/2)
		}
		b.WriteString(`]}`)
		return b.String()
	}
	b.WriteString(`{"spdxVersion":"SPDX-2.3","SPDXID":"SPDXRef-DOCUMENT","name":"n","dataLicense":"CC0-1.0","documentNamespace":"https://example.com/n",` +
		`"creationInfo":{"created":"2026-02-28T00:00:00Z","creators":["Tool: t-1"]},"packages":[{"SPDXID":"SPDXRef-root","name":"api"}`)
	n := 0
	for ; b.Len() < size/2; n++ {
		fmt.Fprintf(&b, `,{"SPDXID":"SPDXRef-Package-python-%016d","name":"p%d","versionInfo":"1.%d","supplier":"Person: Somebody","licenseConcluded":"NOASSERTION","licenseDeclared":"MIT OR (Apache-2.0 AND BSD-%d-Clause)",`+
			`"checksums":[{"algorithm":"SHA256","checksumValue":"%064d"}],"sourceInfo":"%0500d","externalRefs":[{"referenceCategory":"PACKAGE-MANAGER","referenceType":"purl","referenceLocator":"pkg:pypi/p%d@1.%d"}]}`, n, n, n, n%500, n, n, n, n)
	}
	b.WriteString(`],"relationships":[{"spdxElementId":"SPDXRef-DOCUMENT","relationshipType":"DESCRIBES","relatedSpdxElement":"SPDXRef-root"}`)
	for i := 1; i < n; i++ {
		fmt.Fprintf(&b, `,{"spdxElementId":"SPDXRef-Package-python-%016d","relationshipType":"DEPENDS_ON","relatedSpdxElement":"SPDXRef-Package-python-%016d"}`, i, i/2)
	}
	for i := 0; b.Len() < size; i++ {
		fmt.Fprintf(&b, `,{"spdxElementId":"SPDXRef-Package-python-%016d","relationshipType":"CONTAINS","relatedSpdxElement":"SPDXRef-File-usr-lib-python3-dist-packages-%016x"}`, i%n, i)
	}
	b.WriteString(`]}`)
	return b.String()
}

// BenchmarkLargeSBOM judges 50 MB of SBOM by all that a policy can ask of one. Peak is how much more of the heap
// is in use at most, beside the evidence.
func BenchmarkLargeSBOM(b *testing.B) {
	for name, format := range map[string]string{"CycloneDX": typeCDX, "SPDX": typeSPDX} {
		b.Run(name, func(b *testing.B) {
			s := newStocked(b)
			s.require.SBOM = &policy.SBOMClause{
				From: []string{"builder"}, Formats: []string{"spdx>=2.3", "cyclonedx>=1.6"}, Minimum: "ntia", Dependencies: "any",
				DenyLicenses: []string{"GPL-3.0-*", "AGPL-*", "SSPL-1.0"}, DenyPackages: []string{"pkg:maven/log4j/log4j@1.*", "pkg:npm/event-stream", "pkg:pypi/evil-*"},
			}
			content := largeBOM(format, 50<<20)
			s.says(s.builder, format, content, 1)
			b.SetBytes(int64(len(content)))
			b.ReportAllocs()
			most := peak(func() { s.judge() })
			for b.Loop() {
				if f := s.judge().Findings(); len(f) != 1 || f[0].Rule != "sbom.fields" {
					b.Fatalf("%+v", f)
				}
			}
			b.ReportMetric(float64(most)/(1<<20), "peak-MiB")
		})
	}
}

// peak is by how many bytes the heap grows at most while do runs.
func peak(do func()) uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	before, most := m.HeapInuse, m.HeapInuse
	done, measured := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(measured)
		for {
			select {
			case <-done:
				return
			case <-time.After(5 * time.Millisecond):
			}
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			most = max(most, m.HeapInuse)
		}
	}()
	do()
	close(done)
	<-measured
	return most - before
}

// BenchmarkLargeReport judges a report of 20,000 findings under VEX of 2,000 statements.
func BenchmarkLargeReport(b *testing.B) {
	s := newStocked(b)
	s.require.Vulnerabilities = clause(policy.DenyVulnerability{Severity: "high"})
	s.require.Vulnerabilities.VEXFrom = []string{"psirt"}
	var flaws []flaw
	for i := range 20_000 {
		flaws = append(flaws, openssl(fmt.Sprintf("CVE-2026-%d", i), []string{"low", "medium", "high"}[i%3]))
	}
	s.says(s.scanner, typeVulns, report("grype", 2, 3, flaws...), 2)
	for i := range 2_000 {
		if i%20 == 0 {
			s.says(s.psirt, typeVEX, vexOf(fmt.Sprintf("CVE-2026-%d", i), stamp(1), harmless), 1)
		}
	}
	s.with.Facts = &policy.Facts{}
	b.ReportAllocs()
	for b.Loop() {
		if s.judge().Allowed() {
			b.Fatal("allowed")
		}
	}
}

// BenchmarkFindings lists what is wrong with 50 platforms of 1000 vulnerabilities each.
func BenchmarkFindings(b *testing.B) {
	s := newStocked(b)
	s.require.Image, s.require.Vulnerabilities = nil, clause(policy.DenyVulnerability{Severity: "high"})
	var flood []flaw
	for i := range 1000 {
		flood = append(flood, openssl(fmt.Sprintf("CVE-2026-%d", i), "high"))
	}
	content := report("grype", 2, 3, flood...)
	s.index.Children = nil
	for i := range 50 {
		platform := fmt.Sprintf("linux/p%d", i)
		child := artifact.Artifact{Kind: artifact.KindImage, Digest: digest(platform), Platform: platform}
		s.index.Children = append(s.index.Children, child)
		s.of(child.Digest, s.scanner, typeVulns, content, 2)
	}
	s.with.Artifact = s.index
	v := s.judge()
	for b.Loop() {
		if n := len(v.Findings()); n != 50_000 {
			b.Fatalf("%d findings", n)
		}
	}
}
