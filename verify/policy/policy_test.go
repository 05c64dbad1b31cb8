package policy_test

import (
	"slices"
	"testing"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/attest/predicate"
	"github.com/carnet-project/carnet/verify"
	"github.com/carnet-project/carnet/verify/policy"
)

func TestTheZeroVerdictDenies(t *testing.T) {
	var v policy.Verdict
	if v.Allowed() || v.Outcome() != policy.Denied || len(v.Unmet()) != 0 || len(v.Findings()) != 0 {
		t.Errorf("%+v", v)
	}
}

// Policies that would allow anything cannot be made, and those made without New
// deny all the same.
func TestAPolicyRequiresSomething(t *testing.T) {
	signature := require(t, "signature")[0]
	for name, c := range map[string]struct {
		requirements []policy.Requirement
		platforms    []string
	}{
		"nothing":               {nil, nil},
		"an empty list":         {[]policy.Requirement{}, nil},
		"an empty requirement":  {[]policy.Requirement{signature, {}}, nil},
		"an empty platform":     {[]policy.Requirement{signature}, []string{""}},
		"an OS alone":           {[]policy.Requirement{signature}, []string{"linux"}},
		"four parts":            {[]policy.Requirement{signature}, []string{"linux/arm/v7/x"}},
		"an empty part":         {[]policy.Requirement{signature}, []string{"linux//v7"}},
		"an empty architecture": {[]policy.Requirement{signature}, []string{"linux/amd64", "linux/"}},
	} {
		if p, err := policy.New(c.requirements, c.platforms...); err == nil || p != nil {
			t.Errorf("%s is a policy", name)
		}
	}
	s := newScene(t)
	full := policy.Case{Artifact: s.index, Evidence: s.everything()}
	var none *policy.Policy
	for name, p := range map[string]*policy.Policy{"nil": none, "zero": {}} {
		if v := p.Judge(full); v.Allowed() || v.Outcome() != policy.Denied {
			t.Errorf("the %s policy: %s", name, v.Outcome())
		}
	}
}

func TestParseRequirement(t *testing.T) {
	for text, name := range map[string]string{
		"signature":                           "signature",
		"provenance":                          "provenance",
		"sbom":                                "sbom",
		"vuln":                                "vuln",
		"spdxjson":                            "spdxjson",
		"https://example.com/p/v1":            "https://example.com/p/v1",
		"https://sigstore.dev/cosign/sign/v1": "signature",
	} {
		if r, err := policy.ParseRequirement(text); err != nil || r.Name() != name {
			t.Errorf("%q is %q, %v", text, r.Name(), err)
		}
	}
	for _, text := range []string{
		"", "nothing", "Signature", "signature,sbom", "signature ", "/v1",
		// These may say FAILED.
		"https://slsa.dev/verification_summary/v1", "https://in-toto.io/attestation/test-result/v0.1", "https://in-toto.io/attestation/svr/v0.2",
	} {
		if r, err := policy.ParseRequirement(text); err == nil || r.Name() != "" {
			t.Errorf("%q is the requirement %q", text, r.Name())
		}
	}
}

// A signature and an attestation never stand in for each other, and neither does an
// attestation of another type.
func TestMetBy(t *testing.T) {
	s := newScene(t)
	bundle := s.evidence(s.amd64, typeSPDX)
	for _, c := range []struct {
		requirement policy.Requirement
		met         []string
	}{
		{require(t, "signature")[0], []string{typeSign}},
		{require(t, "provenance")[0], []string{typeSLSA}},
		{require(t, "sbom")[0], []string{typeSPDX, typeCDX}},
		{require(t, "https://example.com/p/v1")[0], nil},
		{require(t, "spdx")[0], []string{typeSPDX}},
		{policy.RequireBundle(bundle.Bundle()), []string{typeSPDX}},
	} {
		for _, of := range []string{typeSign, typeSLSA, typeSPDX, typeCDX, typeTest} {
			if got := c.requirement.MetBy(s.evidence(s.amd64, of)); got != slices.Contains(c.met, of) {
				t.Errorf("%s is met by %s: %t", c.requirement.Name(), of, got)
			}
		}
		if c.requirement.MetBy(&verify.Evidence{}) {
			t.Errorf("%s is met by nothing", c.requirement.Name())
		}
	}
}

// Tampering outweighs what is certain to be denied, which outweighs what nobody
// could look at; only nothing at all against it is allowed.
func TestOutcomePrecedence(t *testing.T) {
	s := newScene(t)
	rejected := func(a artifact.Artifact, predicateType string, r verify.Reason) policy.Rejected {
		return policy.Rejected{Subject: a.Digest, PredicateType: predicateType, Refusal: &verify.Error{Reason: r, Expected: "e", Found: "f"}}
	}
	invalid := rejected(s.amd64, typeSPDX, verify.ReasonSignatureInvalid)
	untrusted := rejected(s.arm64, typeSPDX, verify.ReasonUnknownSigner)
	unknown := policy.Unknown{Subject: s.arm64.Digest, Detail: "no answer"}
	tooLarge := rejected(s.arm64, typeSPDX, verify.ReasonTooLarge)
	p := newPolicy(t, require(t, "sbom"))
	for name, c := range map[string]struct {
		evidence []*verify.Evidence
		rejected []policy.Rejected
		unknown  []policy.Unknown
		want     policy.Outcome
	}{
		"all good":                   {s.sboms(), nil, nil, policy.Allowed},
		"all good beside all bad":    {s.sboms(), []policy.Rejected{invalid, untrusted, tooLarge}, []policy.Unknown{unknown}, policy.Allowed},
		"nothing":                    {nil, nil, nil, policy.Denied},
		"one unknown, one missing":   {nil, nil, []policy.Unknown{unknown}, policy.Denied},
		"one unknown, one good":      {s.sboms()[:1], nil, []policy.Unknown{unknown}, policy.Undecided},
		"one too large, one good":    {s.sboms()[:1], []policy.Rejected{tooLarge}, nil, policy.Undecided},
		"one invalid, one unknown":   {nil, []policy.Rejected{invalid}, []policy.Unknown{unknown}, policy.Invalid},
		"one invalid, one untrusted": {nil, []policy.Rejected{untrusted, invalid}, nil, policy.Invalid},
		"one invalid, one good":      {s.sboms()[1:], []policy.Rejected{invalid}, nil, policy.Invalid},
		"one untrusted, one good":    {s.sboms()[:1], []policy.Rejected{untrusted}, nil, policy.Denied},
	} {
		v := p.Judge(policy.Case{Artifact: s.index, Evidence: c.evidence, Rejected: c.rejected, Unknown: c.unknown})
		if v.Outcome() != c.want || v.Allowed() != (c.want == policy.Allowed) || v.Allowed() != (len(v.Findings()) == 0) {
			t.Errorf("%s: %s, want %s: %+v", name, v.Outcome(), c.want, v.Findings())
		}
	}
	v := p.Judge(policy.Case{Artifact: s.index, Rejected: []policy.Rejected{untrusted, invalid}})
	if f := v.Findings(); len(f) != 2 || f[0].Status != policy.StatusInvalid || f[1].Status != policy.StatusUntrusted {
		t.Errorf("findings %+v, want the tampering first", f)
	}
}

// Every reason leads to a finding with a rule, a status that does not allow, and
// words.
func TestEveryReasonDenies(t *testing.T) {
	s := newScene(t)
	p := newPolicy(t, require(t, "sbom"))
	for _, r := range verify.Reasons() {
		v := p.Judge(policy.Case{Artifact: s.amd64, Rejected: []policy.Rejected{
			{Subject: s.amd64.Digest, PredicateType: typeSPDX, Refusal: &verify.Error{Reason: r, Expected: "expected", Found: "found"}},
		}})
		f := v.Findings()
		if v.Allowed() || len(f) != 1 || f[0].Status.Allows() || f[0].Rule == "" || f[0].Expected == "" || f[0].Found == "" || f[0].Reason != r {
			t.Errorf("%s: %s, %+v", r, v.Outcome(), f)
		}
	}
}

// What was refused explains only what it claims to be.
func TestTheNearestMiss(t *testing.T) {
	s := newScene(t)
	p := newPolicy(t, require(t, "signature"))
	refusal := &verify.Error{Reason: verify.ReasonSignatureInvalid, Expected: "e", Found: "f"}
	for _, c := range []struct {
		claim string
		want  string
	}{{typeSign, "signature.invalid"}, {"", "signature.invalid"}, {typeSPDX, "signature.missing"}} {
		v := p.Judge(policy.Case{Artifact: s.amd64, Rejected: []policy.Rejected{{Subject: s.amd64.Digest, PredicateType: c.claim, Refusal: refusal}}})
		if f := v.Findings(); len(f) != 1 || f[0].Rule != c.want {
			t.Errorf("a refused %q: %+v", c.claim, f)
		}
	}
	v := p.Judge(policy.Case{Artifact: s.amd64, Rejected: []policy.Rejected{{Subject: s.arm64.Digest, PredicateType: typeSign, Refusal: refusal}}})
	if f := v.Findings(); len(f) != 1 || f[0].Rule != "signature.missing" {
		t.Errorf("refused for another digest: %+v", f)
	}
}

func TestOnlyThreeStatusesAllow(t *testing.T) {
	for s, want := range map[policy.Status]bool{
		policy.StatusPass: true, policy.StatusExcepted: true, policy.StatusNotApplicable: true,
		policy.StatusFail: false, policy.StatusMissing: false, policy.StatusUntrusted: false,
		policy.StatusInvalid: false, policy.StatusStale: false, policy.StatusError: false, "": false, "PASS": false,
	} {
		if s.Allows() != want {
			t.Errorf("%q allows: %t", s, s.Allows())
		}
	}
}

// Handing out what a verdict holds lets nobody change it.
func TestVerdictsAreImmutable(t *testing.T) {
	s := newScene(t)
	p := newPolicy(t, require(t, "signature"))
	v := p.Judge(policy.Case{Artifact: s.amd64})
	v.Cells()[0].Status = policy.StatusPass
	v.Unmet()[0].Status = policy.StatusPass
	p.Requirements()[0] = policy.Requirement{}
	if v.Allowed() || len(v.Unmet()) != 1 || p.Requirements()[0].Name() != "signature" {
		t.Error("the verdict was changed")
	}
}

// An annotation points at the evidence that a requirement asks for.
func TestHinted(t *testing.T) {
	for name, want := range map[string][]string{
		"signature": {predicate.SignV1}, "provenance": {typeSLSA, "https://slsa.dev/provenance/v9"}, "sbom": {typeSPDX, typeCDX}, "vuln": {"https://cosign.sigstore.dev/attestation/vuln/v1"},
	} {
		r := require(t, name)[0]
		for _, of := range []string{"", predicate.SignV1, typeSLSA, typeSPDX, typeCDX, typeTest, "https://slsa.dev/provenance/v9", "https://cosign.sigstore.dev/attestation/vuln/v1"} {
			if got := r.Hinted(of); got != slices.Contains(want, of) {
				t.Errorf("%q points at %s: %t", of, name, got)
			}
		}
	}
}

// An artifact that is not there is not judged.
func TestNothingIsNotAllowed(t *testing.T) {
	s := newScene(t)
	for _, a := range []artifact.Artifact{{}, {Kind: artifact.KindImage}, {Digest: attest.SHA256(nil)}} {
		if v := newPolicy(t, policy.Default()).Judge(policy.Case{Artifact: a, Evidence: s.everything()}); v.Allowed() {
			t.Errorf("%+v is allowed", a)
		}
	}
}
