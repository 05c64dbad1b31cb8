package policy_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/attest/predicate"
	"github.com/carnet-project/carnet/attest/predicate/resource"
	"github.com/carnet-project/carnet/attest/predicate/vsa"
	"github.com/carnet-project/carnet/verify"
	"github.com/carnet-project/carnet/verify/policy"
	"github.com/carnet-project/carnet/verify/policy/cel"
)

// An office is a policy that takes a verifier's summaries for the check of signatures.
type office struct {
	verifier, signer, stranger *party
	document                   *policy.Document
	image                      artifact.Artifact
}

func newOffice(t testing.TB) *office {
	t.Helper()
	o := &office{verifier: newParty(t, "verifier"), signer: newParty(t, "signer"), stranger: newParty(t, "stranger")}
	o.image = artifact.Artifact{Kind: artifact.KindImage, Digest: attest.SHA256([]byte("image")), Platform: "linux/amd64"}
	o.document = &policy.Document{
		Name: "office", Version: 1, Digest: attest.SHA256([]byte("office.yaml")), Identities: []policy.Identity{o.verifier.identity(), o.signer.identity()},
		Scopes:    []policy.Scope{{Name: "all", Images: []string{"ghcr.io/acme/**"}, Require: policy.Require{Signatures: &policy.SignaturesClause{From: []string{"signer"}}}}},
		Summaries: &policy.Summaries{Accept: &policy.AcceptSummary{From: []string{"verifier"}, Levels: []string{"SLSA_BUILD_LEVEL_2"}}},
	}
	return o
}

func (o *office) bind(t testing.TB, more ...*policy.Document) *policy.Policy {
	t.Helper()
	p, err := policy.Bind("ghcr.io/acme/shop", cel.New(), append([]*policy.Document{o.document}, more...)...)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// vsa is a summary that the office takes, changed.
func (o *office) vsa(t testing.TB, change func(*vsa.Summary)) string {
	t.Helper()
	s := vsa.Summary{
		VerifierID: "https://example.com/verifier", TimeVerified: now.Add(-time.Hour), ResourceURI: "oci://ghcr.io/acme/shop", Result: vsa.Passed, Levels: []string{"SLSA_BUILD_LEVEL_3"},
		Policy: resource.Descriptor{URI: "https://example.com/p", Digest: map[string]string{"sha256": o.document.Digest.Hex()}},
	}
	if change != nil {
		change(&s)
	}
	raw, err := s.Predicate()
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func failedAt(at time.Time) func(*vsa.Summary) {
	return func(s *vsa.Summary) { s.Result, s.Levels, s.TimeVerified = vsa.Failed, nil, at }
}

func passedAt(at time.Time, levels ...string) func(*vsa.Summary) {
	return func(s *vsa.Summary) { s.TimeVerified, s.Levels = at, levels }
}

func TestASummaryStandsForTheCheck(t *testing.T) {
	o := newOffice(t)
	hour := now.Add(-time.Hour)
	good := func(change func(*vsa.Summary)) *verify.Evidence {
		return o.verifier.says(o.image.Digest, vsa.V1, o.vsa(t, change), hour)
	}
	for _, c := range []struct {
		name      string
		summary   *verify.Evidence
		summarise bool
		note      string
	}{
		{"a good one", good(nil), true, ""},
		{"by somebody else", o.stranger.says(o.image.Digest, vsa.V1, o.vsa(t, nil), hour), false, ""},
		{"by the image's signer", o.signer.says(o.image.Digest, vsa.V1, o.vsa(t, nil), hour), false, ""},
		{"of another digest", o.verifier.says(attest.SHA256([]byte("other")), vsa.V1, o.vsa(t, nil), hour), false, ""},
		{"of another policy", good(func(s *vsa.Summary) { s.Policy.Digest["sha256"] = attest.SHA256(nil).Hex() }), false, "summary.policy"},
		{"of no policy", good(func(s *vsa.Summary) { s.Policy.Digest = nil }), false, "summary.policy"},
		{"of another name", good(func(s *vsa.Summary) { s.ResourceURI = "oci://ghcr.io/acme/other" }), false, "summary.resource"},
		{"of another digest under the name", good(func(s *vsa.Summary) { s.ResourceURI += "@" + attest.SHA256(nil).String() }), false, "summary.resource"},
		{"of this digest under the name", good(func(s *vsa.Summary) { s.ResourceURI += "@" + o.image.Digest.String() }), true, ""},
		{"by a package URL", good(func(s *vsa.Summary) {
			s.ResourceURI = "pkg:oci/shop@" + o.image.Digest.String() + "?repository_url=ghcr.io/acme/shop"
		}), true, ""},
		{"by a package URL of elsewhere", good(func(s *vsa.Summary) { s.ResourceURI = "pkg:oci/shop?repository_url=evil.example/acme/shop" }), false, "summary.resource"},
		{"too old by its claim", good(passedAt(now.Add(-25*time.Hour), "SLSA_BUILD_LEVEL_3")), false, "summary.stale"},
		{"too old by its signature", o.verifier.says(o.image.Digest, vsa.V1, o.vsa(t, passedAt(now.Add(-49*time.Hour), "SLSA_BUILD_LEVEL_3")), now.Add(-48*time.Hour)), false, "summary.stale"},
		{"younger than its signature", o.verifier.says(o.image.Digest, vsa.V1, o.vsa(t, nil), now.Add(-20*time.Hour)), false, "summary.stale"},
		{"of tomorrow", o.verifier.says(o.image.Digest, vsa.V1, o.vsa(t, passedAt(now.Add(24*time.Hour), "SLSA_BUILD_LEVEL_3")), now.Add(24*time.Hour)), false, "summary.stale"},
		{"without a claimed time", good(func(s *vsa.Summary) { s.TimeVerified = time.Time{} }), false, "summary.stale"},
		{"without a trusted time", o.verifier.says(o.image.Digest, vsa.V1, o.vsa(t, nil), time.Time{}), false, "summary.stale"},
		{"of too low a level", good(passedAt(hour, "SLSA_BUILD_LEVEL_1")), false, "summary.level"},
		{"of no level", good(passedAt(hour)), false, "summary.level"},
	} {
		v := o.bind(t).Judge(policy.Case{Artifact: o.image, Evidence: []*verify.Evidence{c.summary}, At: now})
		cells := v.Cells()
		summarised := len(cells) == 1 && cells[0].Requirement.Name() == "summary"
		noted := c.note == "" || slices.ContainsFunc(v.Notes(), func(n policy.Note) bool { return n.Rule == c.note })
		if v.Allowed() != c.summarise || summarised != c.summarise || !noted {
			t.Errorf("%s: %s, cells %+v, notes %+v", c.name, v.Outcome(), cells, v.Notes())
		}
		// The full check is there for all of them.
		signed := o.signer.says(o.image.Digest, predicate.SignV1, `{}`, hour)
		if v := o.bind(t).Judge(policy.Case{Artifact: o.image, Evidence: []*verify.Evidence{c.summary, signed}, At: now}); !v.Allowed() {
			t.Errorf("%s, and the full check: %+v", c.name, v.Findings())
		}
	}
	v := o.bind(t).Judge(policy.Case{Artifact: o.image, Evidence: []*verify.Evidence{good(nil)}})
	if v.Allowed() {
		t.Error("a summary has no age where nobody says what time it is")
	}
	o.document.Trust.Claimed = true
	if v := o.bind(t).Judge(policy.Case{Artifact: o.image, Evidence: []*verify.Evidence{o.verifier.says(o.image.Digest, vsa.V1, o.vsa(t, nil), time.Time{})}, At: now}); !v.Allowed() {
		t.Errorf("where claimed times count: %+v", v.Notes())
	}
}

// The newest decides; of one second the worse. What failed too long ago says nothing.
func TestFailedSummariesDeny(t *testing.T) {
	o := newOffice(t)
	say := func(at time.Time, change func(*vsa.Summary)) *verify.Evidence {
		return o.verifier.says(o.image.Digest, vsa.V1, o.vsa(t, change), at)
	}
	h := func(n int) time.Time { return now.Add(time.Duration(-n) * time.Hour) }
	failed, passed, low := func(n int) *verify.Evidence { return say(h(n), failedAt(h(n))) }, func(n int) *verify.Evidence { return say(h(n), passedAt(h(n), "SLSA_BUILD_LEVEL_3")) },
		func(n int) *verify.Evidence { return say(h(n), passedAt(h(n), "SLSA_BUILD_LEVEL_1")) }
	signed := o.signer.says(o.image.Digest, predicate.SignV1, `{}`, h(1))
	for _, c := range []struct {
		name string
		all  []*verify.Evidence
		rule string // of the denial, or "" where it is allowed
	}{
		{"a failed one, whatever else there is", []*verify.Evidence{failed(2), signed}, "summary.failed"},
		{"then a passed one", []*verify.Evidence{failed(2), passed(1)}, ""},
		{"after a passed one", []*verify.Evidence{passed(2), failed(1), signed}, "summary.failed"},
		{"of the same second", []*verify.Evidence{passed(1), failed(1), signed}, "summary.failed"},
		{"of the same second, in the other order", []*verify.Evidence{failed(1), passed(1), signed}, "summary.failed"},
		{"too long ago", []*verify.Evidence{failed(30), signed}, ""},
		{"too long ago, and no full check", []*verify.Evidence{failed(30)}, "signature.missing"},
		{"by somebody else", []*verify.Evidence{o.stranger.says(o.image.Digest, vsa.V1, o.vsa(t, failedAt(h(1))), h(1)), passed(2)}, ""},
		{"of another policy", []*verify.Evidence{say(h(1), func(s *vsa.Summary) { failedAt(h(1))(s); s.Policy.Digest = nil }), passed(2)}, ""},
		{"a lower level after a good one", []*verify.Evidence{passed(2), low(1)}, ""},
		{"a lower level after a failed one", []*verify.Evidence{passed(3), failed(2), low(1)}, "signature.missing"},
	} {
		p := o.bind(t)
		v := p.Judge(policy.Case{Artifact: o.image, Evidence: c.all, At: now})
		rule := ""
		if f := v.Findings(); len(f) > 0 {
			rule = f[0].Rule
		}
		if rule != c.rule || v.Allowed() != (c.rule == "") {
			t.Errorf("%s: %s by %q, notes %+v", c.name, v.Outcome(), rule, v.Notes())
		}
		// Taking away a summary that passed never helps.
		for i, e := range c.all {
			if strings.Contains(string(e.Predicate()), vsa.Failed) || v.Allowed() {
				continue
			}
			if w := p.Judge(policy.Case{Artifact: o.image, Evidence: slices.Delete(slices.Clone(c.all), i, i+1), At: now}); w.Allowed() {
				t.Errorf("%s: allowed without piece %d", c.name, i)
			}
		}
	}
}

// A summary does not stand for what it cannot know, nor for a document that is expired.
func TestWhereNoSummaryCounts(t *testing.T) {
	hour := now.Add(-time.Hour)
	for name, change := range map[string]func(*office) *policy.Case{
		"a rule about where it runs": func(o *office) *policy.Case {
			o.document.Scopes[0].Require.Rules = []policy.RuleClause{{ID: "prod", Require: `deploy.environment != "x"`}}
			return nil
		},
		"no digest":             func(o *office) *policy.Case { o.document.Digest = attest.Digest{}; return nil },
		"no summaries accepted": func(o *office) *policy.Case { o.document.Summaries = nil; return nil },
		"an expired policy":     func(o *office) *policy.Case { o.document.Expires = hour; return nil },
		"an unreadable piece that may be newer": func(o *office) *policy.Case {
			return &policy.Case{Unknown: []policy.Unknown{{Subject: o.image.Digest, PredicateType: vsa.V1, Reason: verify.ReasonUnreadable, Detail: "timeout"}}}
		},
	} {
		o := newOffice(t)
		good := o.vsa(t, nil)
		c := change(o)
		if c == nil {
			c = &policy.Case{}
		}
		c.Artifact, c.At, c.Evidence = o.image, now, []*verify.Evidence{o.verifier.says(o.image.Digest, vsa.V1, good, hour)}
		if v := o.bind(t).Judge(*c); v.Allowed() {
			t.Errorf("%s: allowed", name)
		}
	}
	o := newOffice(t)
	p, err := o.bind(t).WithThreshold(2)
	if err != nil {
		t.Fatal(err)
	}
	if v := p.Judge(policy.Case{Artifact: o.image, At: now, Evidence: []*verify.Evidence{o.verifier.says(o.image.Digest, vsa.V1, o.vsa(t, nil), hour)}}); v.Allowed() {
		t.Error("a summary stands for a threshold that its policy did not have")
	}
}

// Each document takes summaries of itself, or of all together.
func TestSummariesOfSeveralDocuments(t *testing.T) {
	o := newOffice(t)
	other := *o.document
	other.Name, other.Digest = "other", attest.SHA256([]byte("other.yaml"))
	both := o.bind(t, &other)
	if both.Digest() == o.document.Digest || both.Digest() != o.reversed(t, &other).Digest() || o.bind(t).Digest() != o.document.Digest {
		t.Error("the digest of several documents")
	}
	say := func(d attest.Digest) *verify.Evidence {
		return o.verifier.says(o.image.Digest, vsa.V1, o.vsa(t, func(s *vsa.Summary) { s.Policy.Digest["sha256"] = d.Hex() }), now.Add(-time.Hour))
	}
	for name, c := range map[string]struct {
		all     []*verify.Evidence
		allowed bool
	}{
		"of one":          {[]*verify.Evidence{say(o.document.Digest)}, false},
		"of each":         {[]*verify.Evidence{say(o.document.Digest), say(other.Digest)}, true},
		"of both at once": {[]*verify.Evidence{say(both.Digest())}, true},
	} {
		if v := both.Judge(policy.Case{Artifact: o.image, Evidence: c.all, At: now}); v.Allowed() != c.allowed {
			t.Errorf("%s: %s %+v", name, v.Outcome(), v.Findings())
		}
	}
}

func (o *office) reversed(t *testing.T, other *policy.Document) *policy.Policy {
	p, err := policy.Bind("ghcr.io/acme/shop", nil, other, o.document)
	if err != nil {
		t.Fatal(err)
	}
	return p
}
