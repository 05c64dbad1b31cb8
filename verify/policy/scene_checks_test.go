package policy_test

import (
	"crypto"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/artifact"
	forge "github.com/carnet-project/carnet/fixtures/sigstore"
	"github.com/carnet-project/carnet/sign"
	"github.com/carnet-project/carnet/verify"
	"github.com/carnet-project/carnet/verify/policy"
)

// judged is the time for which these cases are judged, two hours after the build.
var judged = time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)

func minutesAgo(n int) time.Time { return judged.Add(-time.Duration(n) * time.Minute) }

// saysOf is evidence by the party about git commits, with a trusted time unless at is zero.
func (p *party) saysOf(predicateType, predicate string, at time.Time, commits ...string) *verify.Evidence {
	p.t.Helper()
	var subjects []attest.Subject
	for _, c := range commits {
		subjects = append(subjects, attest.NewGitSubject("", c))
	}
	st, err := attest.NewStatement(predicateType, []byte(predicate), subjects...)
	if err != nil {
		p.t.Fatal(err)
	}
	b, err := sign.Statement(p.t.Context(), st, p.signer)
	if err != nil {
		p.t.Fatal(err)
	}
	root := p.root.Timed(func(*attest.Bundle, crypto.PublicKey) ([]verify.Time, []string, error) {
		if at.IsZero() {
			return nil, nil, nil
		}
		return []verify.Time{{At: at, Source: verify.TimeTimestamp, URI: "https://tsa.example.com"}}, nil, nil
	})
	e, err := verify.Commits(b, root)
	if err != nil {
		p.t.Fatal(err)
	}
	return e
}

// A yard is an image that a workflow built from one commit, and people and services that
// say things of the commit and of the image.
type yard struct {
	*scene
	*house
	ci         *ci
	tests, sec *party
	image      artifact.Artifact
	// commit is what was built, and built its provenance.
	commit string
	built  *verify.Evidence
}

func newYard(t testing.TB) *yard { return newYardOf(t, builtCommit) }

func newYardOf(t testing.TB, commit string, changes ...string) *yard {
	t.Helper()
	y := &yard{scene: newScene(t), house: newHouse(policy.ProvenanceClause{}), ci: newCI(t), tests: newParty(t, "tests"), sec: newParty(t, "sec"), commit: commit}
	y.image = y.amd64
	y.doc.Identities = append(y.doc.Identities, y.tests.identity(), y.sec.identity())
	y.built = y.ci.signs(run(13, commit), y.image, typeSLSA, provenance(append(changes, builtCommit, commit)...))
	return y
}

// asks judges the image by the clauses with what there is beside the provenance.
func (y *yard) asks(t testing.TB, evidence ...*verify.Evidence) (policy.Verdict, policy.Finding) {
	t.Helper()
	return y.judge(t, y.with(evidence...))
}

func (y *yard) with(evidence ...*verify.Evidence) policy.Case {
	return policy.Case{Artifact: y.image, Evidence: slices.Concat([]*verify.Evidence{y.built}, evidence), At: judged, Facts: &policy.Facts{}}
}

// person is a token of somebody's own.
func person(email string) forge.Holder {
	return forge.Holder{Email: email, Issuer: "https://accounts.google.com"}
}

// commitObject is a commit by an author, and its name.
func commitObject(author, more string) (object, name string) {
	object = fmt.Sprintf("tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\nauthor A <%s> 1788252000 +0000\ncommitter C <c@acme.example> 1788252000 +0000\n\nmessage\n%s", author, more)
	sum := sha1.Sum([]byte(fmt.Sprintf("commit %d\x00%s", len(object), object)))
	return object, hex.EncodeToString(sum[:])
}

func tested(name, result string, failed ...string) string {
	text := fmt.Sprintf(`{"result":%q,"configuration":[{"name":%q,"digest":{"sha256":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}}],"url":"https://ci.example.com/1"`, result, name)
	if len(failed) > 0 {
		text += `,"failedTests":[`
		for i, f := range failed {
			if i > 0 {
				text += ","
			}
			text += fmt.Sprintf("%q", f)
		}
		text += "]"
	}
	return text + "}"
}

// scanned is a SARIF report by a tool, with members of the run.
func scanned(tool, members string) string {
	return fmt.Sprintf(`{"log":{"version":"2.1.0","runs":[{"tool":{"driver":{"name":%q,"version":"1.2","rules":[{"id":"E","defaultConfiguration":{"level":"error"}},{"id":"W"}]}}%s}]}}`, tool, members)
}

// signsOf is evidence of a type about a commit by a holder.
func (c *ci) signsOf(h forge.Holder, commit, predicateType, predicate string) *verify.Evidence {
	c.t.Helper()
	c.made++
	key := forge.NewKey(fmt.Sprint("run of a commit ", c.made))
	certificate := c.instance.Issue(forge.Request{Holder: h, Key: key, From: c.at.Add(-time.Minute)})
	st, err := attest.NewStatement(predicateType, []byte(predicate), attest.NewGitSubject(fmt.Sprint(c.made), commit))
	if err != nil {
		c.t.Fatal(err)
	}
	b := certificate.Envelope(string(st.Bytes()))
	b = forge.With(b, forge.Proof{Entry: c.instance.V1.Record(b, key, forge.KindDSSE, c.at)})
	parsed, err := attest.ParseBundle([]byte(forge.Encode(b)))
	if err != nil {
		c.t.Fatal(err)
	}
	e, err := verify.Commits(parsed, c.root)
	if err != nil {
		c.t.Fatal(err)
	}
	return e
}
