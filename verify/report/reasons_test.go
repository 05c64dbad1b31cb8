package report_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/attest/predicate"
	"github.com/carnet-project/carnet/verify"
	"github.com/carnet-project/carnet/verify/policy"
	"github.com/carnet-project/carnet/verify/report"
)

// Every reason has a fix, an entry in the documentation, and a vector that gives it.
func TestEveryReasonIsTold(t *testing.T) {
	headings := headings(t)
	produced := reasonsOfVectors(t)
	unspecific := report.ReasonFix("no reason at all")
	for _, r := range verify.Reasons() {
		if report.ReasonFix(r) == "" {
			t.Errorf("%s has no fix", r)
		}
		if !slices.Contains(headings, string(r)) {
			t.Errorf("%s has no entry in docs/reasons.md", r)
		}
		if !slices.Contains(produced, r) {
			t.Errorf("no vector gives %s", r)
		}
	}
	for _, r := range produced {
		if !slices.Contains(verify.Reasons(), r) {
			t.Errorf("a vector gives %q, which verify.Reasons does not list", r)
		}
	}
	specific := []verify.Reason{
		verify.ReasonUnknownSigner, verify.ReasonSignatureInvalid, verify.ReasonSubjectMismatch,
		verify.ReasonCertificateUntrusted, verify.ReasonCertificateMalformed, verify.ReasonCertificateExpired, verify.ReasonIdentityMismatch,
		verify.ReasonInstanceMismatch, verify.ReasonSCTMissing, verify.ReasonSCTInvalid, verify.ReasonLogMissing, verify.ReasonLogUnknown,
		verify.ReasonLogProof, verify.ReasonLogPromise, verify.ReasonLogMismatch, verify.ReasonLogDuplicate, verify.ReasonTimeMissing,
		verify.ReasonTimestampInvalid, verify.ReasonTimestampUnknown, verify.ReasonKeyValidity, verify.ReasonKeyRevoked,
	}
	for _, r := range specific {
		if report.ReasonFix(r) == unspecific {
			t.Errorf("%s has no fix of its own", r)
		}
	}
}

func reasonsOfVectors(t *testing.T) []verify.Reason {
	t.Helper()
	all, err := load()
	if err != nil {
		t.Fatal(err)
	}
	var reasons []verify.Reason
	for _, v := range all {
		if v.Want.Reason != "" {
			reasons = append(reasons, v.Want.Reason)
		}
		for _, e := range v.Stored {
			if e.Reason != "" {
				reasons = append(reasons, e.Reason)
			}
		}
	}
	return reasons
}

// Every rule that a policy can give has a fix and an entry, and each that the
// vectors can show is in one.
func TestEveryRuleIsTold(t *testing.T) {
	headings := headings(t)
	for rule, f := range rules(t) {
		if report.Fix(f) == "" {
			t.Errorf("%s has no fix", rule)
		}
		if !slices.Contains(headings, rule) {
			t.Errorf("%s has no entry in docs/reasons.md", rule)
		}
	}
	all, err := load()
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range all {
		if v.Want.Rule != "" && !slices.Contains(headings, v.Want.Rule) {
			t.Errorf("%s: %s has no entry in docs/reasons.md", v.Name, v.Want.Rule)
		}
	}
}

// The documentation has no entry for what is neither a rule nor a reason.
func TestNothingElseIsTold(t *testing.T) {
	known := rules(t)
	for _, h := range headings(t) {
		if _, rule := known[h]; !rule && !slices.Contains(verify.Reasons(), verify.Reason(h)) {
			t.Errorf("docs/reasons.md has an entry for %q, which nothing gives", h)
		}
	}
}

// rules are all that a policy can give, each with a finding: every requirement with
// every reason for a refusal, and with nothing at all.
func rules(t *testing.T) map[string]policy.Finding {
	t.Helper()
	image := artifact.Artifact{Kind: artifact.KindImage, Digest: attest.SHA256([]byte("image")), Platform: "linux/amd64"}
	bundle := attest.SHA256([]byte("bundle"))
	vuln, err := policy.ParseRequirement("vuln")
	if err != nil {
		t.Fatal(err)
	}
	cases := []policy.Case{
		{Artifact: image},
		{Artifact: image, Unknown: []policy.Unknown{{Subject: image.Digest, Detail: "no answer"}}},
	}
	for _, r := range verify.Reasons() {
		for _, claim := range []string{predicate.SignV1, "https://slsa.dev/provenance/v1", "https://spdx.dev/Document", "https://cosign.sigstore.dev/attestation/vuln/v1"} {
			cases = append(cases, policy.Case{Artifact: image, Rejected: []policy.Rejected{
				{Subject: image.Digest, Bundle: bundle, PredicateType: claim, Refusal: &verify.Error{Reason: r, Expected: "e", Found: "f"}},
			}})
		}
	}
	found := map[string]policy.Finding{}
	all, err := load()
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range all {
		if v.Want.Rule != "" {
			found[v.Want.Rule] = policy.Finding{Rule: v.Want.Rule, Status: v.Want.Status, Reason: v.Want.Reason}
		}
	}
	bundles, err := policy.New([]policy.Requirement{policy.RequireBundle(bundle)})
	if err != nil {
		t.Fatal(err)
	}
	together, err := bundles.WithThreshold(2)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		for _, f := range together.Judge(c).Findings() {
			found[f.Rule] = f
		}
	}
	for _, platform := range []string{"linux/amd64", "linux/arm64"} {
		p, err := policy.New(append(policy.Default(), vuln, policy.RequireBundle(bundle)), platform)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range cases {
			for _, f := range p.Judge(c).Findings() {
				found[f.Rule] = f
			}
		}
	}
	return found
}

// headings are the words in back quotes in the headings of docs/reasons.md.
func headings(t *testing.T) []string {
	t.Helper()
	raw, err := os.ReadFile("../../docs/reasons.md")
	if err != nil {
		t.Fatal(err)
	}
	var words []string
	for line := range strings.Lines(string(raw)) {
		if !strings.HasPrefix(line, "##") {
			continue
		}
		for i, word := range strings.Split(line, "`") {
			if i%2 == 1 {
				words = append(words, word)
			}
		}
	}
	return words
}
