package policy_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	commitpredicate "github.com/carnet-project/carnet/attest/predicate/commit"
	"github.com/carnet-project/carnet/verify"
	"github.com/carnet-project/carnet/verify/policy"
)

const typeVSA = "https://slsa.dev/verification_summary/v1"

// reviewed is a summary of the source, changed by pairs of an old and a new text.
func reviewed(changes ...string) string {
	text := `{"verifier":{"id":"https://acme.example/source"},"timeVerified":"2026-09-01T09:00:00Z","resourceUri":"git+https://github.com/acme/shop",` +
		`"policy":{"uri":"https://acme.example/p"},"verificationResult":"PASSED","verifiedLevels":["SLSA_SOURCE_LEVEL_3","SLSA_SOURCE_TWO_PARTY_REVIEWED"]}`
	for i := 0; i < len(changes); i += 2 {
		if !strings.Contains(text, changes[i]) {
			panic("there is no " + changes[i])
		}
	}
	return strings.NewReplacer(changes...).Replace(text)
}

func TestSourceSummaries(t *testing.T) {
	y := newYard(t)
	clause := policy.SourceClause{From: []string{"sec"}, MinLevel: 3, Properties: []string{"SLSA_SOURCE_TWO_PARTY_REVIEWED"}}
	of := func(p *party, minutes int, text string, commits ...string) *verify.Evidence {
		return p.saysOf(typeVSA, text, minutesAgo(minutes), commits...)
	}
	failed := reviewed("PASSED", "FAILED")
	for name, c := range map[string]struct {
		change   func(*policy.SourceClause)
		evidence []*verify.Evidence
		rule     string
		status   policy.Status
		found    string
	}{
		"good":               {nil, []*verify.Evidence{of(y.sec, 9, reviewed(), y.commit)}, "", "", ""},
		"spelt otherwise":    {nil, []*verify.Evidence{of(y.sec, 9, reviewed("https://github.com/acme/shop", "https://GitHub.com/Acme/Shop.git"), y.commit)}, "", "", ""},
		"none":               {nil, nil, "source.missing", policy.StatusMissing, "none"},
		"another commit":     {nil, []*verify.Evidence{of(y.sec, 9, reviewed(), otherCommit)}, "source.missing", policy.StatusMissing, "summaries of " + otherCommit},
		"another signer":     {nil, []*verify.Evidence{of(y.tests, 9, reviewed(), y.commit)}, "source.identity", policy.StatusUntrusted, "tests"},
		"another repository": {nil, []*verify.Evidence{of(y.sec, 9, reviewed("acme/shop", "acme/shop2"), y.commit)}, "source.repository", policy.StatusFail, "acme/shop2"},
		"a lower level":      {nil, []*verify.Evidence{of(y.sec, 9, reviewed("LEVEL_3", "LEVEL_2"), y.commit)}, "source.level", policy.StatusFail, "level 2"},
		"no level":           {nil, []*verify.Evidence{of(y.sec, 9, reviewed("SOURCE_LEVEL_3", "BUILD_LEVEL_3"), y.commit)}, "source.level", policy.StatusFail, "no level"},
		"a higher level":     {nil, []*verify.Evidence{of(y.sec, 9, reviewed("LEVEL_3", "LEVEL_4"), y.commit)}, "", "", ""},
		"not reviewed":       {nil, []*verify.Evidence{of(y.sec, 9, reviewed("TWO_PARTY", "ONE_PARTY"), y.commit)}, "source.review", policy.StatusFail, "and not SLSA_SOURCE_TWO_PARTY_REVIEWED"},
		"failed":             {nil, []*verify.Evidence{of(y.sec, 9, failed, y.commit)}, "source.failed", policy.StatusFail, "FAILED by https://acme.example/source"},
		"failed since":       {nil, []*verify.Evidence{of(y.sec, 9, reviewed(), y.commit), of(y.sec, 8, failed, y.commit)}, "source.failed", policy.StatusFail, "FAILED"},
		"failed before":      {nil, []*verify.Evidence{of(y.sec, 9, reviewed(), y.commit), of(y.sec, 10, failed, y.commit)}, "", "", ""},
		"failed elsewhere":   {nil, []*verify.Evidence{of(y.sec, 9, reviewed(), y.commit), of(y.sec, 8, failed, otherCommit)}, "", "", ""},
		"a stranger's word":  {nil, []*verify.Evidence{of(y.sec, 9, reviewed(), y.commit), of(y.tests, 8, failed, y.commit)}, "", "", ""},
		"halves of two": {func(c *policy.SourceClause) { c.From = []string{"sec", "tests"} }, []*verify.Evidence{
			of(y.sec, 9, reviewed("LEVEL_3", "LEVEL_2"), y.commit), of(y.tests, 9, reviewed("TWO_PARTY", "ONE_PARTY"), y.commit)}, "source.level", policy.StatusFail, ""},
		"one of two verifiers": {func(c *policy.SourceClause) { c.From = []string{"sec", "tests"} }, []*verify.Evidence{
			of(y.sec, 9, reviewed("LEVEL_3", "LEVEL_2"), y.commit), of(y.tests, 9, reviewed(), y.commit)}, "", "", ""},
		"two of one second": {nil, []*verify.Evidence{of(y.sec, 9, reviewed(), y.commit), of(y.sec, 9, reviewed("LEVEL_3", "LEVEL_2"), y.commit)}, "source.level", policy.StatusFail, "level 2"},
		"presence alone":    {func(c *policy.SourceClause) { c.MinLevel, c.Properties = 0, nil }, []*verify.Evidence{of(y.sec, 9, reviewed(), y.commit)}, "", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := clause
			if c.change != nil {
				c.change(&r)
			}
			y.require.Source = &r
			v, f := y.asks(t, c.evidence...)
			if c.rule == "" {
				if !v.Allowed() || !strings.Contains(strings.ToLower(passed(v)["source.repository"]), "github.com/acme/shop") {
					t.Errorf("%s: %+v; %v", v.Outcome(), v.Findings(), passed(v))
				}
				return
			}
			if v.Allowed() || f.Rule != c.rule || f.Status != c.status || !strings.Contains(f.Found, c.found) {
				t.Errorf("%s: %+v", v.Outcome(), f)
			}
		})
	}
}

// A gitKey signs commits as ssh-keygen does for git.
type gitKey struct {
	signer ssh.Signer
	line   string
}

func newGitKey(t testing.TB, options string) gitKey {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return gitKey{s, "bo@acme.example " + options + string(ssh.MarshalAuthorizedKey(s.PublicKey()))}
}

// commit is a signed commit as the predicate that carries it, and its name. What is added to
// it after it was signed breaks the signature.
func (k gitKey) commit(t testing.TB, later ...string) (predicate, name string) {
	t.Helper()
	object, _ := commitObject("ana@acme.example", "")
	sum := sha512.Sum512([]byte(object))
	sig, err := k.signer.Sign(rand.Reader, append([]byte("SSHSIG"), ssh.Marshal(struct{ Namespace, Reserved, Hash, Sum string }{"git", "", "sha512", string(sum[:])})...))
	if err != nil {
		t.Fatal(err)
	}
	blob := append([]byte("SSHSIG"), ssh.Marshal(struct {
		Version                             uint32
		Key, Namespace, Reserved, Hash, Sig string
	}{1, string(k.signer.PublicKey().Marshal()), "git", "", "sha512", string(ssh.Marshal(sig))})...)
	armored := "gpgsig -----BEGIN SSH SIGNATURE-----\n " + base64.StdEncoding.EncodeToString(blob) + "\n -----END SSH SIGNATURE-----\n"
	signed := strings.Replace(object, "\n\n", "\n"+armored+"\n", 1)
	signed += strings.Join(later, "")
	id := sha1.Sum([]byte(fmt.Sprintf("commit %d\x00%s", len(signed), signed)))
	name = hex.EncodeToString(id[:])
	raw, err := commitpredicate.Commit{ID: name, Object: []byte(signed)}.Predicate()
	if err != nil {
		t.Fatal(err)
	}
	return string(raw), name
}

func TestSignedCommits(t *testing.T) {
	key, other := newGitKey(t, ""), newGitKey(t, "")
	brief := newGitKey(t, `valid-before="20260901093000Z" `)
	unsigned, unsignedName := carried(t, "ana@acme.example", "")
	signed, name := key.commit(t)
	short, shortName := brief.commit(t)
	for title, c := range map[string]struct {
		commit, predicate string
		minutes           int
		line              string
		change            func(*policy.Identity, *policy.Document)
		status            policy.Status
		found             string
	}{
		"signed":               {name, signed, 200, key.line, nil, "", "signed by bo@acme.example (SHA256:"},
		"by another":           {name, signed, 200, other.line, nil, policy.StatusUntrusted, "none of the accepted ones"},
		"unsigned":             {unsignedName, unsigned, 200, key.line, nil, policy.StatusMissing, "no signature"},
		"another's object":     {unsignedName, signed, 200, key.line, nil, policy.StatusFail, "the object is the commit " + name},
		"before the key's end": {shortName, short, 170, brief.line, nil, "", "signed by"},
		"nobody knows when":    {shortName, short, 10, brief.line, nil, policy.StatusUntrusted, "only the commit itself says"},
		"claims are taken":     {shortName, short, 10, brief.line, func(_ *policy.Identity, d *policy.Document) { d.Trust.Claimed = true }, "", "signed by"},
		"revoked since":        {name, signed, 200, key.line, func(i *policy.Identity, _ *policy.Document) { i.RevokedAt = minutesAgo(100) }, "", "signed by"},
		"revoked before":       {name, signed, 200, key.line, func(i *policy.Identity, _ *policy.Document) { i.RevokedAt = minutesAgo(201) }, policy.StatusUntrusted, "revoked"},
	} {
		t.Run(title, func(t *testing.T) {
			y := newYardOf(t, c.commit)
			identity := policy.Identity{Name: "team", Git: &policy.Git{AllowedSigners: "allowed", Content: c.line}}
			if c.change != nil {
				c.change(&identity, &y.doc)
			}
			y.doc.Identities = append(y.doc.Identities, identity)
			y.require.Source = &policy.SourceClause{From: []string{"sec"}, CommitsSignedBy: []string{"team"}}
			v, f := y.asks(t, y.sec.saysOf(commitpredicate.V1, c.predicate, minutesAgo(c.minutes), c.commit))
			if c.status == "" {
				if !v.Allowed() || !strings.Contains(passed(v)["source.commit"], c.found) {
					t.Errorf("%s: %+v", v.Outcome(), v.Findings())
				}
				return
			}
			if v.Allowed() || f.Rule != "source.commit" || f.Status != c.status || !strings.Contains(f.Found, c.found) {
				t.Errorf("%s: %+v", v.Outcome(), f)
			}
		})
	}
}

// Signed commits of another name, by another attester, or none, are not there.
func TestCommitsThatAreMissing(t *testing.T) {
	key := newGitKey(t, "")
	signed, name := key.commit(t)
	y := newYardOf(t, name)
	y.doc.Identities = append(y.doc.Identities, policy.Identity{Name: "team", Git: &policy.Git{AllowedSigners: "allowed", Content: key.line}})
	y.require.Source = &policy.SourceClause{From: []string{"sec"}, CommitsSignedBy: []string{"team"}}
	for _, c := range []struct {
		evidence []*verify.Evidence
		rule     string
	}{
		{nil, "source.missing"},
		{[]*verify.Evidence{y.sec.saysOf(commitpredicate.V1, signed, minutesAgo(9), otherCommit)}, "source.commit"},
		{[]*verify.Evidence{y.tests.saysOf(commitpredicate.V1, signed, minutesAgo(9), name)}, "source.identity"},
	} {
		if v, f := y.asks(t, c.evidence...); v.Allowed() || f.Rule != c.rule {
			t.Errorf("%s: %+v", v.Outcome(), f)
		}
	}
	// No provenance names a commit.
	e := y.sec.saysOf(commitpredicate.V1, signed, minutesAgo(9), name)
	v, _ := y.judge(t, policy.Case{Artifact: y.image, Evidence: []*verify.Evidence{e}, At: judged})
	if last := v.Findings()[len(v.Findings())-1]; v.Allowed() || last.Rule != "source.commit" || last.Follows != "provenance.missing" {
		t.Errorf("%+v", v.Findings())
	}
	// A policy whose file of signers was not read is refused.
	y.doc.Identities[len(y.doc.Identities)-1].Git = &policy.Git{AllowedSigners: "allowed"}
	doc := y.doc
	doc.Scopes = []policy.Scope{{Name: "all", Images: []string{"**"}, Require: y.require}}
	if _, err := policy.Bind("ghcr.io/acme/shop", nil, &doc); err == nil || !strings.Contains(err.Error(), "identity team") {
		t.Errorf("%v", err)
	}
}
