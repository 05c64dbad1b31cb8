package ingest_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/carnet-project/carnet/attest/ingest"
	"github.com/carnet-project/carnet/attest/predicate/vuln"
)

// told is what a report of vulnerabilities says, a line for each fact.
func told(r *ingest.Report) string {
	var b strings.Builder
	v := r.Vulnerabilities
	fmt.Fprintf(&b, "%s by %s %s (%s) of %s\n", r.Format, v.Scanner.Name, v.Scanner.Version, v.Scanner.URI, r.About.Name)
	for _, d := range r.About.Digests {
		fmt.Fprintf(&b, "digest %.14s\n", d)
	}
	for _, c := range r.About.Commits {
		fmt.Fprintf(&b, "commit %s\n", c)
	}
	fmt.Fprintf(&b, "database %q %s, scan %s, exploits %t\n", v.Database.Version, second(v.Database.Updated), second(v.Finished), v.TellsExploited)
	for _, f := range v.Findings {
		fmt.Fprintf(&b, "%s %s %v in %s %s %s fixed %q", f.ID, f.Severity, f.Aliases, f.Package.Name, f.Package.Version, f.Package.PURL, f.FixedIn)
		if f.EPSS >= 0 {
			fmt.Fprintf(&b, " epss %v", f.EPSS)
		}
		if f.Exploited {
			b.WriteString(" exploited")
		}
		if !f.Published.IsZero() {
			fmt.Fprintf(&b, " published %s", second(f.Published))
		}
		if !f.FixedOn.IsZero() {
			fmt.Fprintf(&b, " fix known %s", second(f.FixedOn))
		}
		b.WriteString("\n")
	}
	for _, n := range r.Notes {
		fmt.Fprintf(&b, "note: %s\n", n)
	}
	return b.String()
}

func second(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.Format(time.RFC3339)
}

// Reports as scanners write them, with what they say of the database and of what was scanned.
func TestVulnerabilitiesAreRead(t *testing.T) {
	for name, want := range map[string]string{
		"trivy.json": `
trivy by trivy 0.69.1 (https://github.com/aquasecurity/trivy) of registry.example.com/shop/api:1.4.2
digest sha256:74ed0db
digest sha256:1d622ef
database "" never, scan 2026-11-20T07:31:12Z, exploits false
CVE-2023-0286 high [DLA-3325-1] in libssl1.1 1.1.1n-0+deb10u3 pkg:deb/debian/libssl1.1@1.1.1n-0+deb10u3?arch=amd64&distro=debian-10.13 fixed "1.1.1n-0+deb10u4" published 2023-02-08T20:15:24Z
CVE-2007-5686 high [] in login 1:4.5-1.1 pkg:deb/debian/login@4.5-1.1?arch=amd64 fixed "" published 2007-10-28T17:08:00Z
note: Trivy left out 1 finding by its own configuration or by VEX.
note: 1 finding of secrets, configuration or licences are no vulnerabilities and are not carried over.
note: debian 10.13 is past its end of life: its newer vulnerabilities are in no database.
`,
		"trivy-repo.json": `
trivy by trivy  (https://github.com/aquasecurity/trivy) of https://git.example.com/shop/api
commit 7fd1a60b01f91b314f59955a4e4d4e80d8edf11d
database "" never, scan 2026-11-20T08:31:12Z, exploits false
`,
		"grype.json": `
grype by grype 0.104.0 (https://github.com/anchore/grype) of registry.example.com/shop/api:1.4.2
digest sha256:74ed0db
digest sha256:5f70bf1
digest sha256:1d622ef
database "v6.1.2" 2026-11-19T06:30:43Z, scan 2026-11-20T07:31:12Z, exploits true
GHSA-jfh8-c2jp-5v3q critical [CVE-2021-44228] in log4j-core 2.14.1 pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1 fixed "2.15.0" epss 0.94358 exploited fix known 2021-12-10T00:00:00Z
CVE-2026-77 negligible [] in tar 1.34 pkg:deb/debian/tar@1.34 fixed ""
note: Grype left out 1 finding by its own configuration or by VEX.
`,
		"grype-v5.json": `
grype by grype 0.74.0 (https://github.com/anchore/grype) of /src/api
database "5" 2024-01-10T01:24:45Z, scan never, exploits false
`,
		"clair.json": `
clair by clair  (https://github.com/quay/clair) of sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef
digest sha256:5f70bf1
database "" never, scan never, exploits true
CVE-2009-5155 low [] in libapt-pkg5.0 1.6.11  fixed "v0.0.1" published 2019-10-12T07:20:50Z
GHSA-5949-rw7g-wx7w high [CVE-2021-20190] in jackson-databind 2.9.10.1  fixed "2.9.10.7" exploited published 2021-12-09T19:15:11Z
RHSA-2024:1601 critical [CVE-2023-28322 CVE-2023-38546] in curl 7.61.1-30.el8  fixed "0:7.61.1-33.el8_9.5" epss 0.125
`,
		"osv.json": `
osv by osv-scanner  (https://github.com/google/osv-scanner) of /src/api/package-lock.json
database "" never, scan never, exploits false
GHSA-whgm-jr23-g3j9 high [NPM-2021-1 CVE-2021-23424] in @acme/ansi-html 0.0.1 pkg:npm/%40acme/ansi-html@0.0.1 fixed "0.0.7, 0.0.8" published 2021-09-01T00:00:00Z
MAL-2026-1 critical [] in @acme/ansi-html 0.0.1 pkg:npm/%40acme/ansi-html@0.0.1 fixed ""
DSA-5532-1 unknown [] in openssl 3.0.11-1 pkg:deb/debian/openssl@3.0.11-1 fixed "3.0.11-1~deb12u2"
note: The report is about 2 sources, of which /src/api/package-lock.json is the first.
`,
		"trivy.cdx.json": `
cyclonedx by trivy 0.69.1 (https://github.com/aquasecurity/trivy) of registry.example.com/shop/api:1.4.2
digest sha256:74ed0db
database "" never, scan 2026-11-20T07:31:12Z, exploits false
CVE-2023-38545 critical [GHSA-7xw9-w465-6x62] in curl 7.88.1-10 pkg:deb/debian/curl@7.88.1-10?arch=amd64 fixed "7.88.1-10+deb12u4" published 2023-10-18T04:15:11Z
CVE-2026-9 medium [] in @acme/ui 1.0.0  fixed "1.0.1"
CVE-2026-9 medium [] in pkg:npm/b@2  pkg:npm/b@2 fixed ""
CVE-2026-10 unknown [] in    fixed ""
`,
	} {
		t.Run(name, func(t *testing.T) {
			r, err := ingest.Read(sample(t, name))
			if err != nil {
				t.Fatal(err)
			}
			if got := told(r); got != strings.TrimPrefix(want, "\n") {
				t.Errorf("got\n%s\nwant%s", got, want)
			}
			if again, err := ingest.ReadAs(r.Format, sample(t, name)); err != nil || told(again) != told(r) {
				t.Errorf("read as %s: %v", r.Format, err)
			}
			if r.Tool.Name != r.Vulnerabilities.Scanner.Name || r.VEX != nil || r.Tests != nil || r.Analysis != nil {
				t.Errorf("%+v", r)
			}
		})
	}
}

// What is read can be written, once somebody says what the format does not: as it is written it is read again.
func TestVulnerabilitiesAreWritten(t *testing.T) {
	at := time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
	for _, name := range []string{"trivy.json", "trivy-repo.json", "grype.json", "grype-v5.json", "clair.json", "osv.json", "trivy.cdx.json"} {
		r, err := ingest.Read(sample(t, name))
		if err != nil {
			t.Fatal(err)
		}
		v := r.Vulnerabilities
		_, err = v.Predicate()
		if dated := !v.Database.Updated.IsZero() && !v.Finished.IsZero(); dated != (err == nil) {
			t.Errorf("%s: %v", name, err)
		}
		for _, t := range []*time.Time{&v.Database.Updated, &v.Started, &v.Finished} {
			if t.IsZero() {
				*t = at
			}
		}
		raw, err := v.Predicate()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if v.TellsExploited && len(v.Findings) == 0 {
			t.Fatal("the sample says nothing of exploits")
		}
		read, err := vuln.Parse(vuln.InToto02, raw)
		if err != nil {
			t.Fatal(err)
		}
		before := told(r)
		r.Vulnerabilities = read
		if after := told(r); after != before {
			t.Errorf("%s: read again\n%s\nwant\n%s", name, after, before)
		}
	}
}
