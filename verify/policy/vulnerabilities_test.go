package policy_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/carnet-project/carnet/verify"
	"github.com/carnet-project/carnet/verify/policy"
)

func clause(deny ...policy.DenyVulnerability) *policy.VulnerabilitiesClause {
	if deny == nil {
		deny = []policy.DenyVulnerability{{Severity: "high"}}
	}
	return &policy.VulnerabilitiesClause{From: []string{"scanner", "second"}, MaxScanAge: 24 * time.Hour, MaxDatabaseAge: 48 * time.Hour, Deny: deny}
}

// Which scans count, and what becomes of those that do not.
func TestScans(t *testing.T) {
	grave, clean := report("grype", 2, 3, openssl("CVE-2026-1", "critical")), report("grype", 2, 3)
	cosign := func(result string) string {
		return fmt.Sprintf(`{"scanner":{"uri":"","result":%s},"metadata":{"scanStartedOn":%q,"scanFinishedOn":%q}}`, result, stamp(2), stamp(2))
	}
	grype := func(built string) string {
		return cosign(`{"matches":[],"descriptor":{"name":"grype","db":{"built":"` + built + `"}}}`)
	}
	for name, c := range map[string]struct {
		give func(*stocked)
		want []string
	}{
		"a clean one":                        {func(s *stocked) { s.says(s.scanner, typeVulns, clean, 2) }, nil},
		"none":                               {func(*stocked) {}, []string{"missing vulnerabilities.missing"}},
		"an SBOM alone":                      {func(s *stocked) { s.says(s.scanner, typeCDX, bom(""), 2) }, []string{"missing vulnerabilities.missing"}},
		"of the index":                       {func(s *stocked) { s.of(s.index.Digest, s.scanner, typeVulns, clean, 2) }, []string{"missing vulnerabilities.missing"}},
		"of the other platform":              {func(s *stocked) { s.of(s.sibling.Digest, s.scanner, typeVulns, clean, 2) }, []string{"missing vulnerabilities.missing"}},
		"by somebody else":                   {func(s *stocked) { s.says(s.dev, typeVulns, clean, 2) }, []string{"untrusted vulnerabilities.identity"}},
		"a grave one":                        {func(s *stocked) { s.says(s.scanner, typeVulns, grave, 2) }, []string{"fail vulnerabilities.severity"}},
		"one that ended after it was signed": {func(s *stocked) { s.says(s.scanner, typeVulns, report("grype", 2, 30), 25) }, []string{"fail vulnerabilities.stale"}},
		"an old one, by its word":            {func(s *stocked) { s.says(s.scanner, typeVulns, report("grype", 25, 26), 2) }, []string{"stale vulnerabilities.stale"}},
		"old by both":                        {func(s *stocked) { s.says(s.scanner, typeVulns, report("grype", 61, 62), 61) }, []string{"stale vulnerabilities.stale", "stale vulnerabilities.database"}},
		"an old database":                    {func(s *stocked) { s.says(s.scanner, typeVulns, report("grype", 2, 49), 2) }, []string{"stale vulnerabilities.database"}},
		"a database to come":                 {func(s *stocked) { s.says(s.scanner, typeVulns, report("grype", 2, -5), 2) }, []string{"fail vulnerabilities.database"}},
		"clocks that differ little":          {func(s *stocked) { s.says(s.scanner, typeVulns, clean, 2.01) }, nil},
		"no trusted time":                    {func(s *stocked) { s.says(s.scanner, typeVulns, clean, untimed) }, []string{"stale vulnerabilities.stale"}},
		"no trusted time, claimed":           {func(s *stocked) { s.claimed = true; s.says(s.scanner, typeVulns, clean, untimed) }, nil},
		"claimed, and old": {func(s *stocked) {
			s.claimed = true
			s.says(s.scanner, typeVulns, report("grype", 25, 26), untimed)
		}, []string{"stale vulnerabilities.stale"}},
		"no time to judge for": {func(s *stocked) { s.says(s.scanner, typeVulns, clean, 2); s.with.At = time.Time{} }, []string{"error vulnerabilities.time"}},
		"the newest is grave":  {func(s *stocked) { s.says(s.scanner, typeVulns, grave, 1); s.says(s.scanner, typeVulns, clean, 2) }, []string{"fail vulnerabilities.severity"}},
		"the newest is clean":  {func(s *stocked) { s.says(s.scanner, typeVulns, clean, 1); s.says(s.scanner, typeVulns, grave, 2) }, nil},
		"of one second":        {func(s *stocked) { s.says(s.scanner, typeVulns, clean, 2); s.says(s.scanner, typeVulns, grave, 2) }, []string{"fail vulnerabilities.severity"}},
		"of another scanner": {func(s *stocked) {
			s.says(s.scanner, typeVulns, report("trivy", 1, 2), 1)
			s.says(s.scanner, typeVulns, grave, 2)
		}, []string{"fail vulnerabilities.severity"}},
		"of another signer": {func(s *stocked) { s.says(s.second, typeVulns, clean, 1); s.says(s.scanner, typeVulns, grave, 2) }, []string{"fail vulnerabilities.severity"}},
		"an old one beside": {func(s *stocked) {
			s.says(s.second, typeVulns, report("trivy", 99, 99), 99)
			s.says(s.scanner, typeVulns, clean, 2)
		}, nil},
		"the newest is somebody else's, and grave": {func(s *stocked) { s.says(s.dev, typeVulns, grave, 1); s.says(s.scanner, typeVulns, clean, 2) }, nil},
		"the newest cannot be read": {func(s *stocked) {
			s.says(s.scanner, typeVulns, clean, 2)
			s.with.Unknown = append(s.with.Unknown, policy.Unknown{Subject: s.image.Digest, PredicateType: typeCosignVuln, Reason: verify.ReasonUnreadable, Detail: "timeout"})
		}, []string{"error verify.incomplete"}},
		"something else cannot be read": {func(s *stocked) {
			s.says(s.scanner, typeVulns, clean, 2)
			s.with.Unknown = append(s.with.Unknown, policy.Unknown{Subject: s.image.Digest, PredicateType: typeCDX, Reason: verify.ReasonUnreadable, Detail: "timeout"})
		}, nil},
		"cosign's without the age of its database": {func(s *stocked) {
			s.says(s.scanner, typeCosignVuln, cosign(`{"SchemaVersion":2,"ArtifactName":"a","Results":[{"Class":"os-pkgs"}]}`), 2)
		}, []string{"missing vulnerabilities.database"}},
		"cosign's with Grype's, which has one":  {func(s *stocked) { s.says(s.scanner, typeCosignVuln, grype(stamp(3)), 2) }, nil},
		"cosign's with Grype's, and an old one": {func(s *stocked) { s.says(s.scanner, typeCosignVuln, grype(stamp(72)), 2) }, []string{"stale vulnerabilities.database"}},
		"cosign's with a result that is none": {func(s *stocked) {
			s.require.Vulnerabilities.MaxDatabaseAge = 0
			s.says(s.scanner, typeCosignVuln, cosign(`{"error":"x"}`), 2)
		}, []string{"fail vulnerabilities.result"}},
		"a newer one that cannot be made sense of": {func(s *stocked) {
			s.require.Vulnerabilities.MaxDatabaseAge = 0
			s.says(s.scanner, typeVulns, report("", 3, 4), 3)
			s.says(s.scanner, typeCosignVuln, cosign(`{}`), 2)
		}, []string{"fail vulnerabilities.result"}},
		"two scanners wanted, one there": {func(s *stocked) {
			s.require.Vulnerabilities.Scanners = []string{"grype", "trivy"}
			s.says(s.scanner, typeVulns, clean, 2)
		}, []string{"missing vulnerabilities.scanners"}},
		"two scanners wanted, one twice": {func(s *stocked) {
			s.require.Vulnerabilities.Scanners = []string{"grype", "trivy"}
			s.says(s.scanner, typeVulns, clean, 2)
			s.says(s.second, typeVulns, clean, 2)
		}, []string{"missing vulnerabilities.scanners"}},
		"two scanners wanted, one old": {func(s *stocked) {
			s.require.Vulnerabilities.Scanners = []string{"grype", "trivy"}
			s.says(s.scanner, typeVulns, clean, 2)
			s.says(s.scanner, typeVulns, report("trivy", 30, 31), 30)
		}, []string{"stale vulnerabilities.stale"}},
		"two scanners wanted, both there": {func(s *stocked) {
			s.require.Vulnerabilities.Scanners = []string{"Grype", "trivy"}
			s.says(s.scanner, typeVulns, clean, 2)
			s.says(s.second, typeVulns, report("trivy", 2, 3), 2)
		}, nil},
		"ages not asked, and no time to judge for": {func(s *stocked) {
			*s.require.Vulnerabilities = policy.VulnerabilitiesClause{From: []string{"scanner"}}
			s.with.At = time.Time{}
			s.says(s.scanner, typeVulns, clean, untimed)
		}, nil},
		"no trusted time and no age, of which one is grave": {func(s *stocked) {
			s.require.Vulnerabilities.MaxScanAge = 0
			s.says(s.scanner, typeVulns, clean, 1)
			s.says(s.scanner, typeVulns, grave, untimed)
		}, []string{"fail vulnerabilities.severity"}},
	} {
		s := newStocked(t)
		s.require.Vulnerabilities = clause()
		c.give(s)
		s.ends(name, c.want...)
	}
}

// Each entry denies what all of its members hold of; what a report does not say counts as what is denied.
func TestDeniedVulnerabilities(t *testing.T) {
	yes, no := true, false
	days := 24 * time.Hour
	dated := func(name string, daysAgo int) string { return fmt.Sprintf(`"%s":%q`, name, stamp(24*float64(daysAgo))) }
	fixed := `"fixedIn":"3.0.9"`
	for name, c := range map[string]struct {
		deny policy.DenyVulnerability
		flaw flaw
		want string
	}{
		"as grave":                        {policy.DenyVulnerability{Severity: "high"}, openssl("CVE-1", "high"), "fail vulnerabilities.severity"},
		"graver":                          {policy.DenyVulnerability{Severity: "high"}, openssl("CVE-1", "9.8"), "fail vulnerabilities.severity"},
		"less grave":                      {policy.DenyVulnerability{Severity: "high"}, openssl("CVE-1", "6.9"), ""},
		"not rated":                       {policy.DenyVulnerability{Severity: "critical"}, openssl("CVE-1", "unknown"), "fail vulnerabilities.severity"},
		"a severity that is none":         {policy.DenyVulnerability{Severity: "bad"}, openssl("CVE-1", "low"), "fail vulnerabilities.severity"},
		"anything":                        {policy.DenyVulnerability{}, openssl("CVE-1", "none"), "fail vulnerabilities.severity"},
		"with a fix":                      {policy.DenyVulnerability{Severity: "high", Fixed: &yes}, openssl("CVE-1", "high", fixed), "fail vulnerabilities.severity"},
		"with a fix, and there is none":   {policy.DenyVulnerability{Severity: "high", Fixed: &yes}, openssl("CVE-1", "high"), ""},
		"with a fix, and not grave":       {policy.DenyVulnerability{Severity: "high", Fixed: &yes}, openssl("CVE-1", "low", fixed), ""},
		"without a fix":                   {policy.DenyVulnerability{Fixed: &no}, openssl("CVE-1", "low"), "fail vulnerabilities.fixed"},
		"without a fix, and there is one": {policy.DenyVulnerability{Fixed: &no}, openssl("CVE-1", "low", fixed), ""},
		"within its grace":                {policy.DenyVulnerability{Severity: "high", Fixed: &yes, Grace: 3 * days}, openssl("CVE-1", "high", fixed, dated("fixedOn", 2), dated("published", 90)), ""},
		"after its grace":                 {policy.DenyVulnerability{Severity: "high", Fixed: &yes, Grace: 3 * days}, openssl("CVE-1", "high", fixed, dated("fixedOn", 3), dated("published", 1)), "fail vulnerabilities.severity"},
		"fixed since its publication":     {policy.DenyVulnerability{Severity: "high", Grace: 3 * days}, openssl("CVE-1", "high", fixed, dated("published", 2)), ""},
		"fixed nobody knows when":         {policy.DenyVulnerability{Severity: "high", Fixed: &yes, Grace: 3 * days}, openssl("CVE-1", "high", fixed), "fail vulnerabilities.severity"},
		"fixed in the future":             {policy.DenyVulnerability{Severity: "high", Fixed: &yes, Grace: 3 * days}, openssl("CVE-1", "high", fixed, dated("fixedOn", -2)), "fail vulnerabilities.severity"},
		"no fix and a grace":              {policy.DenyVulnerability{Severity: "high", Grace: 3 * days}, openssl("CVE-1", "high", dated("published", 1)), "fail vulnerabilities.severity"},
		"known for less":                  {policy.DenyVulnerability{Severity: "high", KnownFor: 30 * days}, openssl("CVE-1", "high", dated("published", 29)), ""},
		"known for longer":                {policy.DenyVulnerability{Severity: "high", KnownFor: 30 * days}, openssl("CVE-1", "high", dated("published", 30)), "fail vulnerabilities.severity"},
		"known nobody knows how long":     {policy.DenyVulnerability{Severity: "high", KnownFor: 30 * days}, openssl("CVE-1", "high"), "fail vulnerabilities.severity"},
		"exploited":                       {policy.DenyVulnerability{Exploited: &yes}, openssl("CVE-1", "low", `"kev":true`), "fail vulnerabilities.exploited"},
		"not exploited":                   {policy.DenyVulnerability{Exploited: &yes}, openssl("CVE-1", "critical", `"kev":false`), ""},
		"nobody says what is exploited":   {policy.DenyVulnerability{Exploited: &yes}, openssl("CVE-1", "low"), "missing vulnerabilities.exploited"},
		"nobody says, and not grave":      {policy.DenyVulnerability{Exploited: &yes, Severity: "high"}, openssl("CVE-1", "low"), ""},
		"likely":                          {policy.DenyVulnerability{EPSS: 0.1}, openssl("CVE-1", "low", `"epss":0.1`), "fail vulnerabilities.epss"},
		"unlikely":                        {policy.DenyVulnerability{EPSS: 0.1}, openssl("CVE-1", "critical", `"epss":0.09`), ""},
		"nobody knows how likely":         {policy.DenyVulnerability{EPSS: 0.1}, openssl("CVE-1", "low"), "fail vulnerabilities.epss"},
	} {
		s := newStocked(t)
		s.require.Vulnerabilities = clause(c.deny)
		s.says(s.scanner, typeVulns, report("grype", 2, 3, c.flaw), 2)
		var want []string
		if c.want != "" {
			want = []string{c.want}
		}
		v := s.ends(name, want...)
		for _, f := range v.Findings() {
			if strings.HasPrefix(c.want, "fail") && (f.Vulnerability != "CVE-1" || f.Package != "pkg:deb/debian/openssl@3.0.1?arch=amd64" || !strings.Contains(f.Found, "openssl 3.0.1")) {
				t.Errorf("%s: %+v", name, f)
			}
		}
		if c.want == "" && len(passedRules(v)) < 3 {
			t.Errorf("%s: the rules that hold are %v", name, passedRules(v))
		}
	}
}

// Two scanners that see the same make one finding, two packages or rules two, and a flood is cut off.
func TestFindingsOfVulnerabilities(t *testing.T) {
	yes := true
	s := newStocked(t)
	s.require.Vulnerabilities = clause(policy.DenyVulnerability{Severity: "high"}, policy.DenyVulnerability{Exploited: &yes})
	same := openssl("GHSA-1", "critical", `"aliases":"CVE-2026-1"`, `"kev":true`)
	same.annotations = strings.Replace(same.annotations, "?arch=amd64", "", 1)
	s.says(s.scanner, typeVulns, report("grype", 2, 3, openssl("CVE-2026-1", "high")), 2)
	s.says(s.scanner, typeVulns, report("trivy", 2, 3, same, flaw{"CVE-2026-1", "high", `"package":"libssl","version":"3"`}), 2)
	var got []string
	for _, f := range s.ends("several", "fail vulnerabilities.severity", "fail vulnerabilities.exploited").Findings() {
		got = append(got, f.Rule+" "+f.Vulnerability+" "+f.Package)
	}
	slices.Sort(got)
	want := []string{"vulnerabilities.exploited CVE-2026-1 pkg:deb/debian/openssl@3.0.1", "vulnerabilities.severity CVE-2026-1 libssl@3", "vulnerabilities.severity CVE-2026-1 pkg:deb/debian/openssl@3.0.1?arch=amd64"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}

	s = newStocked(t)
	s.require.Vulnerabilities = clause()
	var flood []flaw
	for i := range 5000 {
		flood = append(flood, openssl(fmt.Sprintf("CVE-2026-%d", i), "high"))
	}
	s.says(s.scanner, typeVulns, report("grype", 2, 3, flood...), 2)
	findings := s.ends("a flood", "fail vulnerabilities.severity").Findings()
	if last := findings[len(findings)-1]; len(findings) != 1001 || last.Found != "4000 findings more, which are not listed" || last.Vulnerability != "" {
		t.Errorf("%d findings, the last %+v", len(findings), last)
	}
}

// An index is judged platform by platform.
func TestScansOfEachPlatform(t *testing.T) {
	s := newStocked(t)
	s.require.Image, s.require.Vulnerabilities = nil, clause()
	s.says(s.scanner, typeVulns, report("grype", 2, 3), 2)
	s.ends("one platform", "missing vulnerabilities.missing")
	s.of(s.sibling.Digest, s.scanner, typeVulns, report("grype", 2, 3, openssl("CVE-1", "high")), 2)
	if f := s.ends("both", "fail vulnerabilities.severity").Findings(); len(f) != 1 || f[0].Platform != "linux/arm64" {
		t.Errorf("%+v", f)
	}
}
