package vuln_test

import (
	"errors"
	"fmt"
	"math/rand"
	"reflect"
	"strings"
	"testing"
	"time"

	vulnsv02 "github.com/in-toto/attestation/go/predicates/vulns/v02"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/predicate/vuln"
)

// written is a report with everything in it.
func written() *vuln.Report {
	return &vuln.Report{
		Scanner:  vuln.NewScanner("https://github.com/anchore/grype", "0.100.0"),
		Database: vuln.Database{URI: "https://example.com/db.tar.zst", Version: "v6.1.0", Updated: at("2026-02-27T00:00:00.5Z")},
		Started:  at("2026-02-28T10:00:00Z"), Finished: at("2026-02-28T10:01:00.123456789Z"), TellsExploited: true,
		Findings: []vuln.Finding{
			{ID: "GHSA-1", Aliases: []string{"CVE-2026-1", "DSA-1"}, Severity: vuln.Critical, Package: vuln.Package{Name: "openssl", Version: "3.0.1", PURL: "pkg:deb/debian/openssl@3.0.1"},
				FixedIn: "3.0.9, 3.1.0", Exploited: true, EPSS: 0.25, Published: at("2026-01-01T00:00:00Z"), FixedOn: at("2026-02-01T00:00:00Z")},
			{ID: "CVE-2026-2", Severity: vuln.Unknown, EPSS: -1},
		},
	}
}

// The bytes are golden: the order of members, the annotations and the forms of times.
func TestPredicate(t *testing.T) {
	raw, err := written().Predicate()
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"scanner":{"uri":"https://github.com/anchore/grype","version":"0.100.0","db":{"uri":"https://example.com/db.tar.zst","version":"v6.1.0","lastUpdate":"2026-02-27T00:00:00.5Z"},` +
		`"result":[{"id":"GHSA-1","severity":[{"method":"grype","score":"critical"}],"annotations":[{"purl":"pkg:deb/debian/openssl@3.0.1","package":"openssl","version":"3.0.1","fixedIn":"3.0.9, 3.1.0",` +
		`"fixedOn":"2026-02-01T00:00:00Z","published":"2026-01-01T00:00:00Z","epss":0.25,"kev":true,"aliases":"CVE-2026-1,DSA-1"}]},` +
		`{"id":"CVE-2026-2","severity":[{"method":"grype","score":"unknown"}],"annotations":[{"kev":false}]}]},` +
		`"metadata":{"scanStartedOn":"2026-02-28T10:00:00Z","scanFinishedOn":"2026-02-28T10:01:00.123456789Z"}}`
	if string(raw) != want {
		t.Errorf("got  %s\nwant %s", raw, want)
	}
	// Where nobody looked for exploits, nobody says that there are none.
	silent := written()
	silent.TellsExploited, silent.Findings = false, silent.Findings[1:]
	if raw, err := silent.Predicate(); err != nil || strings.Contains(string(raw), "kev") {
		t.Errorf("%s, %v", raw, err)
	}
}

// Reports at random come back as they were, and are what in-toto's own types of the predicate read.
func TestPredicateIsReadBack(t *testing.T) {
	random := rand.New(rand.NewSource(1))
	for range 300 {
		r := randomReport(random)
		raw, err := r.Predicate()
		if err != nil {
			t.Fatalf("%+v: %v", r, err)
		}
		again, err := r.Predicate()
		if err != nil || string(again) != string(raw) {
			t.Fatalf("two predicates of one report: %v\n%s\n%s", err, raw, again)
		}
		got, err := vuln.Parse(vuln.InToto02, raw)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, r) {
			t.Fatalf("got  %+v\nwant %+v\nin %s", got, r, raw)
		}
		var theirs vulnsv02.Vulns
		if err := protojson.Unmarshal(raw, &theirs); err != nil {
			t.Fatalf("in-toto's types: %v\n%s", err, raw)
		}
		if n := len(theirs.GetScanner().GetResult()); n != len(r.Findings) || !theirs.GetScanner().GetDb().GetLastUpdate().AsTime().Equal(r.Database.Updated) || !theirs.GetMetadata().GetScanFinishedOn().AsTime().Equal(r.Finished) {
			t.Fatalf("in-toto's types read %v", &theirs)
		}
	}
}

func randomReport(random *rand.Rand) *vuln.Report {
	word := func() string {
		const letters = "aB9-_./: <>&\"\\äß漢\u2028"
		all := []rune(letters)
		s := make([]rune, 1+random.Intn(8))
		for i := range s {
			s[i] = all[random.Intn(len(all))]
		}
		return string(s)
	}
	maybe := func() string {
		if random.Intn(2) == 0 {
			return ""
		}
		return word()
	}
	when := func() time.Time { return time.Unix(random.Int63n(4e9), random.Int63n(1e9)).UTC() }
	r := &vuln.Report{
		Scanner:  vuln.NewScanner([]string{"https://github.com/aquasecurity/trivy", "pkg:generic/a-b@1?c=d#e", "urn:x:Y"}[random.Intn(3)], maybe()),
		Database: vuln.Database{Version: maybe(), Updated: when()}, Started: when(), Finished: when(), TellsExploited: random.Intn(2) == 0,
	}
	if random.Intn(2) == 0 {
		r.Database.URI = "https://example.com/" + fmt.Sprint(random.Int())
	}
	severities := []vuln.Severity{vuln.Critical, vuln.High, vuln.Medium, vuln.Low, vuln.Negligible, vuln.Unknown}
	for range random.Intn(5) {
		f := vuln.Finding{ID: word(), Severity: severities[random.Intn(len(severities))], Package: vuln.Package{Name: word(), Version: maybe(), PURL: maybe()}, FixedIn: maybe(), EPSS: -1}
		for range random.Intn(3) {
			f.Aliases = append(f.Aliases, fmt.Sprintf("CVE-%d", random.Int()))
		}
		if random.Intn(2) == 0 {
			f.EPSS = random.Float64()
		}
		if random.Intn(2) == 0 {
			f.Published, f.FixedOn = when(), when()
		}
		f.Exploited = r.TellsExploited && random.Intn(2) == 0
		r.Findings = append(r.Findings, f)
	}
	r.TellsExploited = r.TellsExploited && len(r.Findings) > 0
	return r
}

// What the specification asks for has to be there, and the error says where.
func TestPredicateRefuses(t *testing.T) {
	for where, spoil := range map[string]func(*vuln.Report){
		"/scanner/db/lastUpdate":                  func(r *vuln.Report) { r.Database.Updated = time.Time{} },
		"/metadata/scanStartedOn":                 func(r *vuln.Report) { r.Started = time.Time{} },
		"/metadata/scanFinishedOn":                func(r *vuln.Report) { r.Finished = time.Time{} },
		"/scanner/uri":                            func(r *vuln.Report) { r.Scanner.URI = "grype" },
		"/scanner/db/uri":                         func(r *vuln.Report) { r.Database.URI = "somewhere" },
		"/scanner/result":                         func(r *vuln.Report) { r.Unreadable = "no" },
		"/scanner/result/0/id":                    func(r *vuln.Report) { r.Findings[0].ID = "" },
		"/scanner/result/1/severity/0/score":      func(r *vuln.Report) { r.Findings[1].Severity = "grave" },
		"/scanner/result/1/annotations/0/epss":    func(r *vuln.Report) { r.Findings[1].EPSS = 1.5 },
		"/scanner/result/0/annotations/0/aliases": func(r *vuln.Report) { r.Findings[0].Aliases = []string{"a,b"} },
		"": func(r *vuln.Report) { r.Findings[0].Package.Name = "\xff" },
	} {
		r := written()
		spoil(r)
		_, err := r.Predicate()
		var fault *attest.Error
		if !errors.As(err, &fault) || fault.Where != where || strings.HasSuffix(where, "lastUpdate") && !strings.Contains(fault.Detail, "the date of the scanner's database") {
			t.Errorf("%s: %v", where, err)
		}
	}
	many := written()
	many.Findings = make([]vuln.Finding, vuln.MaxFindings+1)
	if _, err := many.Predicate(); err == nil {
		t.Error("too many findings are written")
	}
}

// Scanners' own reports, their databases and what they are about.
func TestReadOwn(t *testing.T) {
	s, err := vuln.ReadTrivy([]byte(trivy))
	if err != nil || len(s.Findings) != 3 || s.Target != "api" || s.Scanner.URI != "https://github.com/aquasecurity/trivy" || !s.Database.Updated.IsZero() {
		t.Errorf("%+v, %v", s, err)
	}
	dated := strings.Replace(trivy, `{"Version":"0.69.0"}`, `{"Version":"0.99.0","VulnerabilityDB":{"Version":2,"UpdatedAt":"2026-02-27T00:00:00.1Z"}}`, 1)
	if s, err := vuln.ReadTrivy([]byte(dated)); err != nil || !s.Database.Updated.Equal(at("2026-02-27T00:00:00.1Z")) || s.Database.Version != "2" {
		t.Errorf("%+v, %v", s, err)
	}
	dated = strings.Replace(dated, `"Version":"0.99.0",`, `"Version":"0.99.0","Server":{"VulnerabilityDB":{"Version":2,"UpdatedAt":"2026-02-26T00:00:00Z"}},`, 1)
	if s, err := vuln.ReadTrivy([]byte(dated)); err != nil || !s.Database.Updated.Equal(at("2026-02-26T00:00:00Z")) {
		t.Errorf("the database of a server: %+v, %v", s, err)
	}
	for _, name := range []string{"Trivy", "trivy", "TRIVY "} {
		if s := vuln.ScannerNamed(name, "1"); s.URI != "https://github.com/aquasecurity/trivy" || s.Name != "trivy" {
			t.Errorf("%+v", s)
		}
	}
	if s := vuln.ScannerNamed("OWASP Dependency-Check", ""); s.URI != "pkg:generic/owasp-dependency-check" || s.Name != "owasp-dependency-check" {
		t.Errorf("%+v", s)
	}
}

// The vectors and scores are of the examples in the Complete Guide to CVSS 2.0, section 3.3.
func TestSeverityOfOldVectors(t *testing.T) {
	for vector, want := range map[string]vuln.Severity{
		"AV:N/AC:L/Au:N/C:N/I:N/A:C":                vuln.High,       // 7.8, CVE-2002-0392
		"CVSS:2.0/AV:N/AC:L/Au:N/C:C/I:C/A:C":       vuln.High,       // 10.0, CVE-2003-0818: there is no critical
		"(AV:L/AC:H/Au:N/C:C/I:C/A:C)":              vuln.Medium,     // 6.2, CVE-2003-0062
		"AV:L/AC:H/Au:N/C:P/I:N/A:N":                vuln.Low,        // 1.2
		"AV:N/AC:L/Au:N/C:N/I:N/A:N/E:U/RL:OF/RC:C": vuln.Negligible, // 0
		"AV:N/AC:L/Au:N/C:N/I:N":                    vuln.Unknown,
		"CVSS:4.0/AV:N/AC:L/Au:N/C:C/I:C/A:C":       vuln.Unknown,
		"CVSS:3.1/AV:N/AC:L/Au:N/C:N/I:N/A:N/x":     vuln.Unknown,
	} {
		if got := vuln.Rated(vector); got != want {
			t.Errorf("%s is %s, want %s", vector, got, want)
		}
	}
	if got := vuln.Rated("low", "?", "7.5", "CVSS:2.0/AV:L/AC:H/Au:N/C:P/I:N/A:N"); got != vuln.High {
		t.Errorf("the gravest is %s", got)
	}
}
