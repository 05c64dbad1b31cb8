package policy_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/verify"
	"github.com/carnet-project/carnet/verify/policy"
)

const (
	typeVulns      = "https://in-toto.io/attestation/vulns/v0.2"
	typeCosignVuln = "https://cosign.sigstore.dev/attestation/vuln/v1"
	typeVEX        = "https://openvex.dev/ns/v0.2.0"
)

// A stocked is an index of two platforms, of which the policy looks at one, and those who say what
// is in it.
type stocked struct {
	t                                    testing.TB
	index, image, sibling                artifact.Artifact
	builder, scanner, second, psirt, dev *party
	require                              policy.Require
	with                                 policy.Case
	claimed                              bool
}

func newStocked(t testing.TB) *stocked {
	t.Helper()
	image := func(platform string) artifact.Artifact {
		return artifact.Artifact{Kind: artifact.KindImage, Digest: digest("stocked" + platform), Platform: platform}
	}
	s := &stocked{
		t: t, image: image("linux/amd64"), sibling: image("linux/arm64"),
		builder: newParty(t, "builder"), scanner: newParty(t, "scanner"), second: newParty(t, "second"), psirt: newParty(t, "psirt"), dev: newParty(t, "dev"),
	}
	s.index = artifact.Artifact{Kind: artifact.KindIndex, Digest: digest("stocked"), Children: []artifact.Artifact{s.image, s.sibling}}
	s.require = policy.Require{Agree: []string{}, Image: &policy.ImageClause{Platforms: []string{"linux/amd64"}}}
	s.with = policy.Case{Artifact: s.index, At: now}
	return s
}

// says adds evidence by somebody about the platform, with a trusted time so many hours ago.
func (s *stocked) says(who *party, predicateType, predicate string, hours float64) *verify.Evidence {
	s.t.Helper()
	return s.of(s.image.Digest, who, predicateType, predicate, hours)
}

func (s *stocked) of(d attest.Digest, who *party, predicateType, predicate string, hours float64) *verify.Evidence {
	s.t.Helper()
	var at time.Time
	if hours >= 0 {
		at = hoursAgo(hours)
	}
	e := who.says(d, predicateType, predicate, at)
	s.with.Evidence = append(s.with.Evidence, e)
	return e
}

// untimed is the number of hours for evidence without a trusted time.
const untimed = -1

func hoursAgo(n float64) time.Time { return now.Add(-time.Duration(n * float64(time.Hour))) }

func stamp(hours float64) string { return hoursAgo(hours).Format(time.RFC3339) }

func (s *stocked) judge() policy.Verdict {
	s.t.Helper()
	p, err := policy.Bind("ghcr.io/acme/shop", nil, &policy.Document{
		Name: "contents", Owner: "security", Trust: policy.Trust{Claimed: s.claimed},
		Identities: []policy.Identity{s.builder.identity(), s.scanner.identity(), s.second.identity(), s.psirt.identity(), s.dev.identity()},
		Scopes:     []policy.Scope{{Name: "all", Images: []string{"**"}, Require: s.require}},
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return p.Judge(s.with)
}

// ends judges and fails the test unless exactly these findings do not allow, each as "STATUS RULE".
func (s *stocked) ends(name string, want ...string) policy.Verdict {
	s.t.Helper()
	v := s.judge()
	var got []string
	for _, f := range v.Findings() {
		if text := string(f.Status) + " " + f.Rule; !slices.Contains(got, text) {
			got = append(got, text)
		}
		if f.Expected == "" || f.Found == "" || f.Owner != "security" {
			s.t.Errorf("%s: %s lacks words: %+v", name, f.Rule, f)
		}
		if !slices.ContainsFunc(policy.Rules(), func(r policy.Rule) bool { return r.ID == f.Rule && slices.Contains(r.Statuses, f.Status) }) {
			s.t.Errorf("%s: the catalogue has no %s with %s", name, f.Rule, f.Status)
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) || v.Allowed() != (len(want) == 0) {
		s.t.Errorf("%s: %q, want %q: %+v", name, got, want, v.Findings())
	}
	return v
}

// passedRules are the rules of a verdict that hold.
func passedRules(v policy.Verdict) []string {
	var all []string
	for _, c := range v.Cells() {
		for _, f := range c.Findings {
			if f.Status == policy.StatusPass && !slices.Contains(all, f.Rule) {
				all = append(all, f.Rule)
			}
		}
	}
	slices.Sort(all)
	return all
}

// A flaw is a vulnerability in a package as scanners tell of it.
type flaw struct {
	id, severity string
	annotations  string
}

// openssl is a flaw of the package that these tests know, with these annotations beside.
func openssl(id, severity string, annotations ...string) flaw {
	return flaw{id, severity, strings.Join(append([]string{`"purl":"pkg:deb/debian/openssl@3.0.1?arch=amd64","package":"openssl","version":"3.0.1"`}, annotations...), ",")}
}

// report is what a scanner says, which ended and used a database so many hours ago.
func report(scanner string, ended, database float64, flaws ...flaw) string {
	var results []string
	for _, f := range flaws {
		results = append(results, fmt.Sprintf(`{"id":%q,"severity":[{"method":"nvd","score":%q}],"annotations":{%s}}`, f.id, f.severity, f.annotations))
	}
	return fmt.Sprintf(`{"scanner":{"uri":"https://example.com/%s","version":"1","db":{"lastUpdate":%q},"result":[%s]},"metadata":{"scanStartedOn":%q,"scanFinishedOn":%q}}`,
		scanner, stamp(database), strings.Join(results, ","), stamp(ended+0.1), stamp(ended))
}

// vexOf is an OpenVEX document of one statement, so many hours old.
func vexOf(id, hours, statement string) string {
	return fmt.Sprintf(`{"@context":%q,"@id":"https://example.com/vex","author":"psirt@acme.example","timestamp":%q,"version":1,"statements":[{"vulnerability":{"name":%q},%s}]}`,
		typeVEX, hours, id, statement)
}
