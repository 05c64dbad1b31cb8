package vuln_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/carnet-project/carnet/attest/predicate/vuln"
)

const (
	metadata = `"metadata":{"scanStartedOn":"2026-02-28T10:00:00Z","scanFinishedOn":"2026-02-28T10:01:00Z"}`
	trivy    = `{"SchemaVersion":2,"Trivy":{"Version":"0.69.0"},"ArtifactName":"api","ArtifactType":"container_image","Results":[{"Target":"debian","Class":"os-pkgs"},` +
		`{"Target":"go.mod","Class":"lang-pkgs","Vulnerabilities":[{"VulnerabilityID":"CVE-2026-1","VendorIDs":["DSA-1"],"PkgName":"openssl",` +
		`"PkgIdentifier":{"PURL":"pkg:deb/debian/openssl@3.0.1?arch=amd64"},"InstalledVersion":"3.0.1","FixedVersion":"3.0.9","Severity":"HIGH","PublishedDate":"2026-01-02T03:04:05Z"},` +
		`{"VulnerabilityID":"CVE-2026-2","PkgName":"zlib","InstalledVersion":"1","Severity":"UNKNOWN","CVSS":{"nvd":{"V3Score":9.8},"ghsa":{"V3Score":3}}},` +
		`{"VulnerabilityID":"CVE-2026-3","PkgName":"zlib","InstalledVersion":"1","Severity":"UNKNOWN","PublishedDate":"yesterday"}]}]}`
	grype = `{"matches":[{"vulnerability":{"id":"GHSA-1","severity":"Critical","cvss":[],"epss":[{"cve":"CVE-2026-1","epss":0.25,"date":"2026-02-01"}],` +
		`"fix":{"versions":["3.0.9","3.1.0"],"state":"fixed","available":[{"version":"3.1.0","date":"2026-02-03"},{"version":"3.0.9","date":"2026-02-01","kind":"first-observed"},{"version":"3.0.10","date":"2026-02-02"}]}},` +
		`"relatedVulnerabilities":[{"id":"CVE-2026-1","severity":"High","knownExploited":[{"cve":"CVE-2026-1"}]}],` +
		`"artifact":{"name":"openssl","version":"3.0.1","type":"deb","purl":"pkg:deb/debian/openssl@3.0.1"}},` +
		`{"vulnerability":{"id":"CVE-2026-2","severity":"Unknown","cvss":[{"version":"3.1","vector":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}],"fix":{"versions":["9"],"state":"wont-fix"}},` +
		`"artifact":{"name":"zlib","version":"1"}}],"source":{},"descriptor":{"name":"grype","version":"0.100.0","db":{"status":{"built":"2026-02-27T00:00:00Z"}}}}`
)

func cosign(uri, result string) string {
	return `{"scanner":{"uri":"` + uri + `","result":` + result + `},` + metadata + `}`
}

func parse(t *testing.T, predicateType, raw string) *vuln.Report {
	t.Helper()
	r, err := vuln.Parse(predicateType, []byte(raw))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func at(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return t
}

// What scanners write themselves is found in cosign's predicate.
func TestScannersOwnReports(t *testing.T) {
	got := parse(t, vuln.Cosign, cosign("pkg:github/aquasecurity/trivy@244fd47e07d1004f0aed9", trivy))
	want := []vuln.Finding{
		{ID: "CVE-2026-1", Aliases: []string{"DSA-1"}, Severity: vuln.High, Package: vuln.Package{Name: "openssl", Version: "3.0.1", PURL: "pkg:deb/debian/openssl@3.0.1?arch=amd64"},
			FixedIn: "3.0.9", EPSS: -1, Published: at("2026-01-02T03:04:05Z")},
		{ID: "CVE-2026-2", Severity: vuln.Critical, Package: vuln.Package{Name: "zlib", Version: "1"}, EPSS: -1},
		{ID: "CVE-2026-3", Severity: vuln.Unknown, Package: vuln.Package{Name: "zlib", Version: "1"}, EPSS: -1},
	}
	if !reflect.DeepEqual(got.Findings, want) || got.Unreadable != "" || got.TellsExploited {
		t.Errorf("Trivy: %+v\nwant %+v", got, want)
	}
	if got.Scanner.Name != "trivy" || got.Scanner.Version != "0.69.0" || !got.Database.Updated.IsZero() || !got.Finished.Equal(at("2026-02-28T10:01:00Z")) {
		t.Errorf("Trivy: %+v", got)
	}
	got = parse(t, vuln.Cosign, cosign("", grype))
	want = []vuln.Finding{
		{ID: "GHSA-1", Aliases: []string{"CVE-2026-1"}, Severity: vuln.Critical, Package: vuln.Package{Name: "openssl", Version: "3.0.1", PURL: "pkg:deb/debian/openssl@3.0.1"},
			FixedIn: "3.0.9, 3.1.0", Exploited: true, EPSS: 0.25, FixedOn: at("2026-02-01T00:00:00Z")},
		{ID: "CVE-2026-2", Severity: vuln.Critical, Package: vuln.Package{Name: "zlib", Version: "1"}, EPSS: -1},
	}
	if !reflect.DeepEqual(got.Findings, want) || !got.TellsExploited || got.Scanner.Name != "grype" || got.Scanner.Version != "0.100.0" || !got.Database.Updated.Equal(at("2026-02-27T00:00:00Z")) {
		t.Errorf("Grype: %+v\nwant %+v", got, want)
	}
	if cve := got.Findings[0].CVE(); cve != "CVE-2026-1" {
		t.Errorf("the CVE of %+v is %q", got.Findings[0], cve)
	}
}

// What is no report of a scanner that is known is never one without findings.
func TestUnreadableResults(t *testing.T) {
	for _, result := range []string{
		`{}`, `[]`, `""`, `"{}"`, `null`, `{"error":"no database"}`, `{"SchemaVersion":2}`, `{"SchemaVersion":2,"ArtifactName":"a"}`, `{"SchemaVersion":2,"ArtifactName":"a","Results":[]}`, `{"SchemaVersion":2,"ArtifactName":"a","Results":[{"Class":"secret"}]}`, `{"SchemaVersion":1,"ArtifactName":"a"}`, `{"ArtifactName":"a","Results":[]}`,
		`{"matches":[]}`, `{"descriptor":{"name":"grype"}}`, `{"matches":[],"descriptor":{"name":"other"}}`,
		`{"SchemaVersion":2,"ArtifactName":"a","matches":[],"descriptor":{"name":"grype"}}`,
		`{"SchemaVersion":2,"ArtifactName":"a","Results":[{"Vulnerabilities":[{"PkgName":"a"}]}]}`,
		`{"SchemaVersion":2,"ArtifactName":"a","Results":[{"vulnerabilities":[{"VulnerabilityID":"CVE-1","PkgName":"a"}]}]}`,
		`{"matches":[{"artifact":{"name":"a"}}],"descriptor":{"name":"grype"}}`,
		`{"matches":{},"descriptor":{"name":"grype"}}`,
		`{"matches":[],"descriptor":{"name":"grype","db":{"status":{"valid":false}}}}`,
		`{"matches":[],"descriptor":{"name":"grype","db":{"error":"no database"}}}`,
		`{"SchemaVersion":2,"ArtifactName":"a","Results":[{"Target":".env","Class":"secret"}]}`,
	} {
		r, err := vuln.Parse(vuln.Cosign, []byte(cosign("https://example.com/scanner", result)))
		if err == nil && (r.Unreadable == "" || len(r.Findings) > 0) {
			t.Errorf("%s: %+v", result, r)
		}
	}
	for _, result := range []string{`{"SchemaVersion":2,"ArtifactName":"a","Results":[{"Class":"os-pkgs"}]}`, `{"matches":[],"descriptor":{"name":"grype"}}`} {
		if r := parse(t, vuln.Cosign, cosign("", result)); r.Unreadable != "" || len(r.Findings) != 0 {
			t.Errorf("%s: %+v", result, r)
		}
	}
}

func TestInToto(t *testing.T) {
	const frame = `{"scanner":{"uri":"https://github.com/anchore/grype.git","version":"1","db":{"lastUpdate":"2026-02-27T00:00:00Z"},"result":[RESULT]},` + metadata + `}`
	for result, want := range map[string]vuln.Finding{
		`{"id":"CVE-1","severity":[{"method":"nvd","score":"medium"},{"method":"cvss_score","score":"5.2"}]}`: {ID: "CVE-1", Severity: vuln.Medium, EPSS: -1},
		`{"id":"CVE-1","severity":[{"method":"vendor","score":"low"},{"method":"nvd","score":"9.8"}]}`:        {ID: "CVE-1", Severity: vuln.Critical, EPSS: -1},
		`{"id":"CVE-1","severity":[{"method":"nvd","score":"9.8"},{"method":"vendor","score":"low"}]}`:        {ID: "CVE-1", Severity: vuln.Critical, EPSS: -1},
		`{"id":"CVE-1","severity":[{"method":"x","score":"?"}]}`:                                              {ID: "CVE-1", Severity: vuln.Unknown, EPSS: -1},
		`{"id":"CVE-1","severity":[{"method":"cvss","score":"CVSS:4.0/AV:N"}]}`:                               {ID: "CVE-1", Severity: vuln.Unknown, EPSS: -1},
		`{"id":"G","severity":[{"method":"x","score":"Important"}],"annotations":{"purl":"pkg:npm/a@1","package":"a","version":"1","fixedIn":"2","fixedOn":"2026-02-01",` +
			`"published":"2026-01-01T00:00:00Z","epss":0.5,"kev":true,"aliases":"CVE-1, X-1","other":{}}}`: {ID: "G", Severity: vuln.High, Aliases: []string{"CVE-1", "X-1"},
			Package: vuln.Package{Name: "a", Version: "1", PURL: "pkg:npm/a@1"}, FixedIn: "2", EPSS: 0.5, Exploited: true, FixedOn: at("2026-02-01T00:00:00Z"), Published: at("2026-01-01T00:00:00Z")},
		`{"id":"G","severity":[{"method":"x","score":"none"}],"annotations":[{"purl":"pkg:npm/a@1"},{"kev":"false"},{"epss":"7"}]}`: {ID: "G", Severity: vuln.Negligible,
			Package: vuln.Package{Name: "pkg:npm/a@1", PURL: "pkg:npm/a@1"}, EPSS: -1},
		`{"id":"G","severity":[{"method":"x","score":"low"}],"annotations":"none"}`: {ID: "G", Severity: vuln.Low, EPSS: -1},
	} {
		r := parse(t, vuln.InToto02, strings.Replace(frame, "RESULT", result, 1))
		if len(r.Findings) != 1 || !reflect.DeepEqual(r.Findings[0], want) {
			t.Errorf("%s\n got %+v\nwant %+v", result, r.Findings, want)
		}
		if r.TellsExploited != strings.Contains(result, "kev") || r.Scanner.Name != "grype" || !r.Scanner.Is("Grype") || r.Scanner.Is("") || !r.Database.Updated.Equal(at("2026-02-27T00:00:00Z")) {
			t.Errorf("%s: %+v", result, r)
		}
	}
	wrapped := strings.Replace(frame, "RESULT", `{"vulnerability":{"id":"CVE-1","severity":[{"method":"nvd","score":"high"}]}}`, 1)
	if r := parse(t, vuln.InToto01, wrapped); len(r.Findings) != 1 || r.Findings[0].ID != "CVE-1" || r.Findings[0].Severity != vuln.High {
		t.Errorf("%+v", r)
	}
	if r := parse(t, vuln.InToto02, strings.Replace(frame, "RESULT", "", 1)); len(r.Findings) != 0 || r.Unreadable != "" {
		t.Errorf("no findings: %+v", r)
	}
}

// The vectors and scores are of CVSS 3.1's examples document and of well-known vulnerabilities.
func TestSeverityOfScores(t *testing.T) {
	const frame = `{"scanner":{"uri":"https://a.example/b","db":{"lastUpdate":"2026-02-27T00:00:00Z"},"result":[{"id":"a","severity":[{"method":"m","score":"SCORE"}]}]},` + metadata + `}`
	for score, want := range map[string]vuln.Severity{
		"0": vuln.Negligible, "0.1": vuln.Low, "3.9": vuln.Low, "4.0": vuln.Medium, "6.9": vuln.Medium, "7.0": vuln.High, "8.9": vuln.High, "9.0": vuln.Critical, "10": vuln.Critical,
		"10.1": vuln.Unknown, "-1": vuln.Unknown, "NaN": vuln.Unknown, "1e400": vuln.Unknown, "moderate": vuln.Medium, "CRITICAL": vuln.Critical,
		"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H":                    vuln.Critical,   // 10.0, Log4Shell
		"CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N":                    vuln.High,       // 7.5, Heartbleed
		"CVSS:3.1/AV:N/AC:L/PR:L/UI:R/S:C/C:L/I:L/A:N":                    vuln.Medium,     // 5.4
		"CVSS:3.1/AV:P/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N":                    vuln.Low,        // 1.6
		"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N":                    vuln.Negligible, // 0
		"CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:H/I:H/A:H":                    vuln.Critical,   // 9.9
		"CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:C/C:H/I:H/A:H":                    vuln.Critical,   // 9.0
		"CVSS:3.1/AV:N/AC:L/PR:H/UI:N/S:C/C:H/I:H/A:H":                    vuln.Critical,   // 9.1
		"CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H": vuln.Critical,   // 10.0
		"CVSS:4.0/AV:L/AC:L/AT:P/PR:L/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N": vuln.High,       // 7.3, FIRST's example of CVE-2022-41741
		"CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:N/SC:N/SI:N/SA:N": vuln.Negligible,
		"CVSS:3.1/AV:N/AC:L": vuln.Unknown,
	} {
		if r := parse(t, vuln.InToto02, strings.Replace(frame, "SCORE", score, 1)); r.Findings[0].Severity != want {
			t.Errorf("%s is %s, want %s", score, r.Findings[0].Severity, want)
		}
	}
}

// A report that is accepted is bounded and read the same by both functions; nothing panics.
func FuzzParse(f *testing.F) {
	for _, uri := range []string{vuln.Cosign, vuln.InToto01, vuln.InToto02} {
		f.Add(uri, []byte(cosign("pkg:a/b", trivy)))
		f.Add(uri, []byte(cosign("", grype)))
		f.Add(uri, []byte(`{"scanner":{"uri":"a:b","db":{"lastUpdate":"2026-02-27T00:00:00Z"},"result":[{"id":"a","severity":[{"method":"m","score":"1"}],"annotations":[{"kev":true}]}]},`+metadata+`}`))
	}
	f.Fuzz(func(t *testing.T, uri string, raw []byte) {
		before := string(raw)
		r, err := vuln.Parse(uri, raw)
		if string(raw) != before {
			t.Fatal("Parse changed its input")
		}
		if (err == nil) != (vuln.Validate(uri, raw) == nil) {
			t.Fatal("Parse and Validate differ")
		}
		if err != nil {
			return
		}
		if len(r.Findings) > vuln.MaxFindings || r.Unreadable != "" && len(r.Findings) > 0 {
			t.Errorf("%d findings and %q", len(r.Findings), r.Unreadable)
		}
		for _, finding := range r.Findings {
			if finding.ID == "" || finding.Severity == "" || finding.EPSS > 1 {
				t.Errorf("%+v", finding)
			}
		}
	})
}
