package report

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/verify"
	"github.com/carnet-project/carnet/verify/policy"
)

func told(rule, follows string, n int) []entry {
	var all []entry
	for i := range n {
		e := entry{Finding: policy.Finding{Rule: rule, Status: policy.StatusFail, Expected: "e", Found: fmt.Sprint(i), Follows: follows}, level: levelError}
		e.cell.Node = artifact.Artifact{Kind: artifact.KindImage, Digest: attest.SHA256(fmt.Append(nil, i)), Platform: fmt.Sprintf("linux/%d", i)}
		all = append(all, e)
	}
	return all
}

// One root cause does not print ten consequences.
func TestConsequencesAreFolded(t *testing.T) {
	all := slices.Concat(told("provenance.builder", "", 1), told("provenance.source", "provenance.missing", 5), told("agree.commit", "provenance.missing", 1),
		told("rule.a", "", 1), told("x.y", "rule.a", 1), told("source.missing", "base.missing", 1))
	consequences(all)
	own, sentences := causes(all)
	want := []string{
		"6 more rules could not be evaluated because there is no accepted provenance",
		"1 more rule could not be evaluated because rule.a is not met",
	}
	if len(own) != 3 || own[2].Rule != "source.missing" || !slices.Equal(sentences, want) {
		t.Errorf("%d causes, %q", len(own), sentences)
	}
}

// Of five hundred findings ten are shown, and none is lost.
func TestManyFindingsAreCounted(t *testing.T) {
	b := batches(told("vulnerabilities.severity", "", 500))
	shown, more := b[0].first()
	if len(b) != 1 || len(shown) != 10 || more != 490 {
		t.Errorf("%d batches, %d shown, %d more", len(b), len(shown), more)
	}
	same := told("signature.missing", "", 50)
	for i := range same {
		same[i].Found = "none"
	}
	shown, more = batches(same)[0].first()
	if len(shown) != 1 || more != 0 || shown[0].size() != 50 || shown[0].where() != "linux/0, linux/1, linux/2, linux/3, linux/4 and 45 more" {
		t.Errorf("%d shown, %d more, %q", len(shown), more, shown[0].where())
	}
}

// The policy's own advice comes first, then what the reason asks for, then the table.
func TestFix(t *testing.T) {
	rule := policy.Rules()[0]
	for name, c := range map[string]struct {
		finding policy.Finding
		want    string
	}{
		"the policy's":    {policy.Finding{Rule: rule.ID, Fix: "call us", Reason: verify.ReasonSignatureInvalid}, "call us"},
		"the reason's":    {policy.Finding{Rule: rule.ID, Reason: verify.ReasonSignatureInvalid}, ReasonFix(verify.ReasonSignatureInvalid)},
		"the table's":     {policy.Finding{Rule: rule.ID}, rule.Fix},
		"of a flag":       {policy.Finding{Rule: "signature.identity", Reason: verify.ReasonIdentityMismatch}, ReasonFix(verify.ReasonIdentityMismatch)},
		"of a file":       {policy.Finding{Rule: "signature.identity", Reason: verify.ReasonIdentityMismatch, Line: 3}, "sign as one who is accepted, or add the signer found to the policy's identities if it is meant"},
		"a pass's":        {policy.Finding{Rule: rule.ID, Status: policy.StatusPass}, ""},
		"an unknown rule": {policy.Finding{Rule: "rule.mine"}, "ask the policy's owner what the rule wants"},
	} {
		if got := Fix(c.finding); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	for _, r := range policy.Rules() {
		if Fix(policy.Finding{Rule: r.ID}) == "" {
			t.Errorf("%s has no fix", r.ID)
		}
	}
}

// Nothing in a code span ends it, whatever is in it.
func TestCodeSpans(t *testing.T) {
	for _, s := range []string{"", " ", "plain", "`", "``a`", "a```", "|", "a\nb", "\xff"} {
		got := code(s)
		fence := got[:len(got)-len(strings.TrimLeft(got, "`"))]
		inside := strings.TrimSuffix(strings.TrimPrefix(got, fence), fence)
		if fence == "" || strings.Contains(inside, fence) || strings.Contains(got, "\n") || !utf8.ValidString(got) || strings.HasPrefix(inside, "`") || strings.HasSuffix(inside, "`") {
			t.Errorf("%q became %q", s, got)
		}
	}
}
