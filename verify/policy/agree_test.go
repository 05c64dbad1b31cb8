package policy_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/verify"
	"github.com/carnet-project/carnet/verify/policy"
)

// two is an index of two platforms.
func two(s *scene) artifact.Artifact { return s.index }

// at is a good run of another commit.
func at(commit string) []any { return []any{13, commit} }

// Platforms may have provenance each, and it must be of one build.
func TestPlatformsAgree(t *testing.T) {
	c, s := newCI(t), newScene(t)
	of := func(a artifact.Artifact, commit string) *verify.Evidence {
		return c.signs(run(13, commit), a, typeSLSA, provenance(builtCommit, commit))
	}
	rerun := c.signs(run(21, "https://github.com/acme/shop/actions/runs/992/attempts/1"), s.arm64, typeSLSA, provenance("runs/991", "runs/992"))
	elsewhere := c.signs(run(12, "https://github.com/acme/fork", 18, "", 21, ""), s.arm64, typeSLSA, provenance("acme/shop@", "acme/fork@", `acme/shop"`, `acme/fork"`, "acme/shop/actions/runs/991/attempts/1", "x"))
	for name, test := range map[string]struct {
		evidence []*verify.Evidence
		agree    []string
		rule     string
		found    string
	}{
		"one commit":            {[]*verify.Evidence{of(s.amd64, builtCommit), of(s.arm64, builtCommit)}, nil, "", ""},
		"two commits":           {[]*verify.Evidence{of(s.amd64, builtCommit), of(s.arm64, otherCommit)}, nil, "agree.commit", " in this provenance"},
		"two commits, and one":  {[]*verify.Evidence{of(s.amd64, builtCommit), of(s.arm64, otherCommit), of(s.arm64, builtCommit)}, nil, "", ""},
		"of the index, too":     {[]*verify.Evidence{of(s.amd64, otherCommit), of(s.index, builtCommit)}, nil, "", ""},
		"two commits, allowed":  {[]*verify.Evidence{of(s.amd64, builtCommit), of(s.arm64, otherCommit)}, []string{}, "", ""},
		"two runs":              {[]*verify.Evidence{of(s.amd64, builtCommit), rerun}, nil, "", ""},
		"two runs, not allowed": {[]*verify.Evidence{of(s.amd64, builtCommit), rerun}, []string{"repository", "commit", "run"}, "agree.run", "/actions/runs/99"},
		"two repositories":      {[]*verify.Evidence{of(s.amd64, builtCommit), elsewhere}, nil, "agree.repository", "https://github.com/acme/"},
		"only the commit":       {[]*verify.Evidence{of(s.amd64, builtCommit), elsewhere}, []string{"commit"}, "", ""},
	} {
		for range 2 {
			h := newHouse(policy.ProvenanceClause{})
			h.require.Agree = test.agree
			v, f := h.judge(t, policy.Case{Artifact: two(s), Evidence: test.evidence})
			if v.Allowed() != (test.rule == "") || f.Rule != test.rule || !strings.Contains(f.Found, test.found) {
				t.Errorf("%s: %s, %+v", name, v.Outcome(), v.Findings())
			}
			slices.Reverse(test.evidence)
		}
	}
}

// What the builder's signer signs in a run of another commit is of another build; what
// others sign may come from anywhere.
func TestEverythingIsOfOneBuild(t *testing.T) {
	c, s := newCI(t), newScene(t)
	built := c.signs(run(), s.amd64, typeSLSA, provenance())
	signature := c.signs(run(), s.amd64, typeSign, `{}`)
	stale := c.signs(run(at(otherCommit)...), s.amd64, typeSign, `{}`)
	rerun := c.signs(run(21, "https://github.com/acme/shop/actions/runs/992/attempts/1"), s.amd64, typeSign, `{}`)
	fork := c.signs(run(12, "https://github.com/acme/fork"), s.amd64, typeSign, `{}`)
	scan := c.signs(run(9, "https://github.com/acme/scan/.github/workflows/scan.yml@refs/heads/main", 12, "https://github.com/acme/scan", 13, otherCommit), s.amd64, typeSign, `{}`)
	for name, test := range map[string]struct {
		evidence []*verify.Evidence
		agree    []string
		from     string
		rule     string
		found    string
	}{
		"of the same":              {[]*verify.Evidence{built, signature}, nil, "image-builder", "", ""},
		"of another commit":        {[]*verify.Evidence{built, stale}, nil, "image-builder", "agree.commit", "signature by " + imageYML},
		"of both":                  {[]*verify.Evidence{built, stale, signature}, nil, "image-builder", "", ""},
		"of another repository":    {[]*verify.Evidence{built, fork}, nil, "image-builder", "agree.repository", "https://github.com/acme/fork"},
		"of another run":           {[]*verify.Evidence{built, rerun}, nil, "image-builder", "", ""},
		"of another run, to agree": {[]*verify.Evidence{built, rerun}, []string{"run"}, "image-builder", "agree.run", "/runs/992/"},
		"not to agree":             {[]*verify.Evidence{built, stale}, []string{}, "image-builder", "", ""},
		"by somebody else":         {[]*verify.Evidence{built, scan}, nil, "anybody", "", ""},
		"nothing at all":           {[]*verify.Evidence{built}, nil, "image-builder", "signature.missing", ""},
		"no provenance":            {[]*verify.Evidence{stale}, nil, "image-builder", "provenance.missing", ""},
	} {
		h := newHouse(policy.ProvenanceClause{})
		h.require.Agree = test.agree
		h.require.Signatures = &policy.SignaturesClause{From: []string{test.from}}
		v, f := h.judge(t, policy.Case{Artifact: s.amd64, Evidence: test.evidence})
		if v.Allowed() != (test.rule == "") || f.Rule != test.rule || !strings.Contains(f.Found, test.found) {
			t.Errorf("%s: %s, %+v", name, v.Outcome(), v.Findings())
		}
		// What is missing because it is of another build is told after that.
		if strings.HasPrefix(test.rule, "agree.") {
			if all := v.Findings(); len(all) != 2 || all[1].Rule != "signature.missing" || all[1].Follows != test.rule {
				t.Errorf("%s: %+v", name, all)
			}
		}
		if test.rule == "" && slices.Contains(v.Evidence(), stale) && name != "not to agree" {
			t.Errorf("%s: the evidence of another commit is selected", name)
		}
	}
}

// A threshold counts only those of the build.
func TestThresholdOfOneBuild(t *testing.T) {
	c, s := newCI(t), newScene(t)
	h := newHouse(policy.ProvenanceClause{})
	h.doc.Identities = append(h.doc.Identities, policy.Identity{Name: "key", Key: &policy.Key{PEM: string(s.signer.PublicPEM())}})
	h.require.Signatures = &policy.SignaturesClause{From: []string{"image-builder", "key"}, Threshold: 2}
	built := c.signs(run(), s.amd64, typeSLSA, provenance())
	for commit, rule := range map[string]string{builtCommit: "", otherCommit: "agree.commit"} {
		evidence := []*verify.Evidence{built, c.signs(run(13, commit), s.amd64, typeSign, `{}`), s.evidence(s.amd64, typeSign)}
		if v, f := h.judge(t, policy.Case{Artifact: s.amd64, Evidence: evidence}); v.Allowed() != (rule == "") || f.Rule != rule {
			t.Errorf("%s: %+v", commit, v.Findings())
		}
	}
}

// Of more builds than can be tried nothing is decided; up to there the order means nothing.
func TestManyBuilds(t *testing.T) {
	c, s := newCI(t), newScene(t)
	var evidence []*verify.Evidence
	for i := range 17 {
		commit := fmt.Sprintf("%040x", i+1)
		evidence = append(evidence, c.signs(run(13, commit), s.amd64, typeSLSA, provenance(builtCommit, commit)))
	}
	last := c.signs(run(13, fmt.Sprintf("%040x", 16)), s.amd64, typeSign, `{}`)
	h := newHouse(policy.ProvenanceClause{})
	h.require.Signatures = &policy.SignaturesClause{From: []string{"image-builder"}}
	if v, _ := h.judge(t, policy.Case{Artifact: s.amd64, Evidence: append(slices.Clone(evidence[:16]), last)}); !v.Allowed() || passed(v)["agree.commit"] != fmt.Sprintf("%040x", 16) {
		t.Errorf("16 builds: %+v", v.Findings())
	}
	v, f := h.judge(t, policy.Case{Artifact: s.amd64, Evidence: append(slices.Clone(evidence), last)})
	if v.Outcome() != policy.Undecided || f.Rule != "agree.bound" {
		t.Errorf("17 builds: %s, %+v", v.Outcome(), v.Findings())
	}
	// Those of strangers are none.
	var strangers []*verify.Evidence
	for i := range 40 {
		commit := fmt.Sprintf("%040x", i+1)
		strangers = append(strangers, c.signs(run(9, "https://github.com/evil/b/.github/workflows/i.yml@refs/heads/main", 13, commit), s.amd64, typeSLSA, provenance(builtCommit, commit)))
	}
	if v, _ := h.judge(t, policy.Case{Artifact: s.amd64, Evidence: append(strangers, evidence[15], last)}); !v.Allowed() {
		t.Errorf("strangers: %+v", v.Findings())
	}
}
