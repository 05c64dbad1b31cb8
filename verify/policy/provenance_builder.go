package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/carnet-project/carnet/attest"
)

// builder keeps the pairs of which the id and the build type fit the statement.
func (x *candidate) builder(t *provenanceTest) {
	if len(t.pairs) == 0 {
		return
	}
	var fit []pair
	otherType := false
	for _, p := range x.pairs {
		if !matchAny(p.ids, x.view.BuilderID) {
			continue
		}
		if len(p.types) > 0 && !matchAny(p.types, x.view.BuildType) {
			otherType = true
			continue
		}
		fit = append(fit, p)
	}
	var want []string
	for _, p := range x.pairs {
		for _, id := range p.ids {
			if !slices.Contains(want, id.String()) {
				want = append(want, id.String())
			}
		}
	}
	expected := "a builder that is accepted with this signer: " + list(want, 3)
	found := or(x.view.BuilderID, "no builder id") + ", signed by " + x.evidence.By().String()
	if otherType && len(fit) == 0 {
		expected, found = "an accepted build type of "+x.pairs[0].Name, or(x.view.BuildType, "none")
	}
	x.ended("provenance.builder", len(fit) > 0, StatusUntrusted, expected, found)
	x.pairs = fit
}

// levelOf is the level that the builder may claim, and no more than what was shown allows.
func (b *bench) levelOf(x *candidate, t *provenanceTest) {
	level, why := 1, "nobody says that it may claim more"
	if len(t.pairs) > 0 {
		level, why = 0, "of no accepted builder"
	}
	for _, p := range x.pairs {
		if p.Level > level || why == "of no accepted builder" {
			level, why = p.Level, "which builder "+p.Name+" may claim"
		}
	}
	for _, c := range x.caps(t) {
		if c.level < level {
			level, why = c.level, c.why
		}
	}
	x.level = level
	if t.MinLevel > 0 {
		x.ended("provenance.level", level >= t.MinLevel, StatusFail, fmt.Sprintf("SLSA build level %d", t.MinLevel), fmt.Sprintf("level %d: %s", level, why))
	}
}

// A levelCap is the highest level that something allows.
type levelCap struct {
	level int
	why   string
}

func (x *candidate) caps(t *provenanceTest) []levelCap {
	caps := []levelCap{{x.view.MaxLevel, "more is not for provenance of this kind: " + or(x.view.BuildType, "no build type")}}
	if x.covered {
		caps = append(caps, levelCap{1, "the statement is unsigned, in an index that is signed"})
	}
	switch x.trust(t) {
	case trustStated:
		caps = append(caps, levelCap{2, "the policy takes the source from the provenance alone"})
	case trustSilent:
		caps = append(caps, levelCap{2, "the signer's certificate does not say what was built, only the provenance does"})
	}
	started, signed := x.claim(attest.ClaimBuildConfigURI), x.claim(attest.ClaimBuildSignerURI)
	if signed != "" && signed == started && strings.Contains(signed, "/.github/workflows/") {
		caps = append(caps, levelCap{2, "the workflow that was started signed it, and not one that it cannot change"})
	}
	if runner := x.claim(attest.ClaimRunnerEnvironment); runner != "" && !hosted(runner) {
		caps = append(caps, levelCap{1, "the runner is " + runner})
	}
	return caps
}

// hosted says whether a runner's environment is one of the platform's own.
func hosted(runner string) bool {
	return strings.HasSuffix(runner, "-hosted") && runner != "self-hosted"
}

// claim is what the signer's certificate says, or "".
func (x *candidate) claim(name attest.Claim) string {
	if c := x.evidence.By().Certificate; c != nil {
		return c.Claims[name]
	}
	return ""
}

// triggered asks what started the run, and where it ran.
func (b *bench) triggered(x *candidate, t *provenanceTest) {
	trigger := or(x.claim(attest.ClaimBuildTrigger), x.view.Trigger)
	if trigger != "" && !b.judgesTriggers(x, t) {
		x.ended("provenance.trigger", !foreign(trigger), StatusFail, "a run that outsiders cannot start", trigger)
	}
	runner := x.claim(attest.ClaimRunnerEnvironment)
	switch {
	case runner == "ssh-rerun":
		x.ended("provenance.runner", false, StatusFail, "a run in which nobody was logged in", "a run with a shell open to people (ssh-rerun)")
	case runner != "" && t.MinLevel >= 2:
		x.ended("provenance.runner", hosted(runner), StatusFail, fmt.Sprintf("a runner of the platform's, for level %d", t.MinLevel), runner)
	}
}

// judgesTriggers says whether the identity that signed was accepted for its trigger: those
// of GitHub and GitLab name theirs.
func (b *bench) judgesTriggers(x *candidate, t *provenanceTest) bool {
	if x.claim(attest.ClaimBuildTrigger) == "" {
		return false
	}
	name, err := b.signer(x.evidence, t.signers())
	s := b.signers[name].identity
	return err == nil && (s.GitHub != nil || s.GitLab != nil)
}

// foreign says whether an event lets people from outside decide what a run does, which it
// then may do with the rights and the name of the default branch.
func foreign(trigger string) bool {
	switch trigger {
	case "pull_request_target", "pull_request", "pull_request_review", "pull_request_review_comment", "pull_request_comment",
		"workflow_run", "issues", "issue_comment", "discussion", "discussion_comment", "fork", "watch", "commit_comment", "gollum",
		"merge_request_event", "external_pull_request_event":
		return true
	}
	return false
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
