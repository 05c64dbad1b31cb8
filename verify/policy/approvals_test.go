package policy_test

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	commitpredicate "github.com/carnet-project/carnet/attest/predicate/commit"
	"github.com/carnet-project/carnet/attest/predicate/svr"
	forge "github.com/carnet-project/carnet/fixtures/sigstore"
	"github.com/carnet-project/carnet/verify"
	"github.com/carnet-project/carnet/verify/policy"
	"github.com/carnet-project/carnet/verify/policy/document"
)

const google = "https://accounts.google.com"

// approved is a verification result that states properties.
func approved(properties ...string) string {
	return `{"verifier":{"id":"https://acme.example/release","policies":[{"name":"release","digest":{"sha256":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}}]},` +
		`"timeCreated":"2026-09-01T09:59:00Z","properties":["` + strings.Join(properties, `","`) + `"]}`
}

// carried is a predicate that carries a commit by an author.
func carried(t testing.TB, author, more string) (predicate, name string) {
	t.Helper()
	object, name := commitObject(author, more)
	raw, err := commitpredicate.Commit{ID: name, Object: []byte(object)}.Predicate()
	if err != nil {
		t.Fatal(err)
	}
	return string(raw), name
}

// yardOf is a yard whose commit has an author, whose object the tests' service attests.
func yardOf(t testing.TB, author, more string, changes ...string) (*yard, *verify.Evidence) {
	t.Helper()
	predicate, name := carried(t, author, more)
	y := newYardOf(t, name, changes...)
	y.doc.Identities = append(y.doc.Identities, policy.Identity{Name: "approvers", People: &policy.People{Issuer: google, Emails: []string{"ana@acme.example", "bo@acme.example", "chi@acme.example"}}})
	return y, y.tests.saysOf(commitpredicate.V1, predicate, minutesAgo(200), name)
}

func release(change func(*policy.ApprovalClause)) policy.ApprovalClause {
	c := policy.ApprovalClause{Name: "release", From: []string{"approvers"}, Count: 2, Property: "ACME_APPROVED_PRODUCTION"}
	if change != nil {
		change(&c)
	}
	return c
}

func notAuthor(c *policy.ApprovalClause)  { c.NotAuthor = true }
func notTrigger(c *policy.ApprovalClause) { c.NotTrigger = true }

func TestApprovals(t *testing.T) {
	y, object := yardOf(t, "ana@acme.example", "Co-authored-by: Dee <dee@acme.example>\n", `"github":{"event_name":"push"}`, `"github":{"event_name":"push"},"GITHUB_ACTOR":"octocat"`)
	by := func(email string, properties ...string) *verify.Evidence {
		return y.ci.signs(person(email), y.image, svr.V02, approved(properties...))
	}
	yes := func(email string) *verify.Evidence { return by(email, "ACME_APPROVED_PRODUCTION") }
	ana, bo, chi := yes("ana@acme.example"), yes("bo@acme.example"), yes("chi@acme.example")
	in := func(environment, email string, properties ...string) *verify.Evidence {
		h := person(email)
		h.Claims = map[int]string{23: environment}
		return y.ci.signs(h, y.image, svr.V02, approved(properties...))
	}
	sign := func(email string) *verify.Evidence { return y.ci.signs(person(email), y.image, typeSign, `{}`) }
	signIn := func(environment string) *verify.Evidence {
		h := person("bo@acme.example")
		h.Claims = map[int]string{23: environment}
		return y.ci.signs(h, y.image, typeSign, `{}`)
	}
	for name, c := range map[string]struct {
		change   func(*policy.ApprovalClause)
		evidence []*verify.Evidence
		rule     string
		status   policy.Status
		found    string
	}{
		"two":                {nil, []*verify.Evidence{bo, chi}, "", "", "2 people: "},
		"one of them twice":  {nil, []*verify.Evidence{bo, yes("bo@acme.example")}, "approvals.count", policy.StatusFail, "1 person: bo@acme.example"},
		"none":               {nil, nil, "approvals.count", policy.StatusMissing, "none"},
		"by a stranger":      {nil, []*verify.Evidence{yes("eve@acme.example")}, "approvals.identity", policy.StatusUntrusted, "eve@acme.example"},
		"one and a stranger": {nil, []*verify.Evidence{bo, yes("eve@acme.example")}, "approvals.count", policy.StatusFail, "1 person: bo@acme.example"},
		"another property":   {nil, []*verify.Evidence{bo, by("chi@acme.example", "ACME_APPROVED_STAGING")}, "approvals.count", policy.StatusFail, "1 person"},
		"part of it":         {nil, []*verify.Evidence{bo, by("chi@acme.example", "ACME_APPROVED_PRODUCTION_LATER")}, "approvals.count", policy.StatusFail, "1 person"},
		"another image": {nil, []*verify.Evidence{bo, y.ci.signs(person("chi@acme.example"), y.arm64, svr.V02, approved("ACME_APPROVED_PRODUCTION"))},
			"approvals.count", policy.StatusFail, "1 person"},
		// A signature of the image by a person.
		"signatures":        {func(c *policy.ApprovalClause) { c.Property = "" }, []*verify.Evidence{sign("bo@acme.example"), sign("chi@acme.example")}, "", "", "2 people"},
		"and not results":   {func(c *policy.ApprovalClause) { c.Property = "" }, []*verify.Evidence{bo, chi}, "approvals.count", policy.StatusMissing, "none"},
		"results and not":   {nil, []*verify.Evidence{sign("bo@acme.example"), sign("chi@acme.example")}, "approvals.count", policy.StatusMissing, "none"},
		"young":             {func(c *policy.ApprovalClause) { c.MaxAge = 3 * time.Hour }, []*verify.Evidence{bo, chi}, "", "", "2 people"},
		"stale":             {func(c *policy.ApprovalClause) { c.MaxAge = time.Hour }, []*verify.Evidence{bo, chi}, "approvals.stale", policy.StatusStale, "2 hours before"},
		"for the place":     {func(c *policy.ApprovalClause) { c.Environment = "production" }, []*verify.Evidence{bo, chi}, "", "", "2 people"},
		"for no place":      {func(c *policy.ApprovalClause) { c.Environment = "eu" }, []*verify.Evidence{bo, chi}, "approvals.environment", policy.StatusFail, "names no environment"},
		"for another place": {func(c *policy.ApprovalClause) { c.Environment = "eu" }, []*verify.Evidence{bo, in("us", "chi@acme.example", "ACME_APPROVED_PRODUCTION")}, "approvals.environment", policy.StatusFail, "names no environment"},
		"certified for it":  {func(c *policy.ApprovalClause) { c.Environment, c.Count = "eu", 1 }, []*verify.Evidence{in("eu", "chi@acme.example", "ACME_APPROVED_PRODUCTION")}, "", "", "1 person"},
		"stated for it":     {func(c *policy.ApprovalClause) { c.Environment, c.Count = "eu", 1 }, []*verify.Evidence{by("chi@acme.example", "ACME_APPROVED_PRODUCTION:eu")}, "", "", "1 person"},
		"signed in it":      {func(c *policy.ApprovalClause) { c.Property, c.Environment, c.Count = "", "eu", 1 }, []*verify.Evidence{signIn("eu")}, "", "", "1 person"},
		"signed elsewhere":  {func(c *policy.ApprovalClause) { c.Property, c.Environment, c.Count = "", "eu", 1 }, []*verify.Evidence{signIn("us")}, "approvals.environment", policy.StatusFail, "for us"},
		// Who may not.
		"the author":            {notAuthor, []*verify.Evidence{object, ana, bo}, "approvals.self", policy.StatusFail, "ana@acme.example (" + google + ") is the commit's author"},
		"without the author":    {notAuthor, []*verify.Evidence{object, chi, bo}, "", "", "2 people"},
		"the author beside two": {notAuthor, []*verify.Evidence{object, ana, chi, bo}, "", "", "2 people"},
		"author unknown":        {notAuthor, []*verify.Evidence{chi, bo}, "approvals.missing", policy.StatusMissing, ""},
		"trigger incomparable":  {notTrigger, []*verify.Evidence{chi, bo}, "approvals.self", policy.StatusError, "can't be told"},
	} {
		t.Run(name, func(t *testing.T) {
			y.require.Approvals = []policy.ApprovalClause{release(c.change)}
			v, f := y.asks(t, c.evidence...)
			if c.rule == "" {
				if !v.Allowed() || !strings.Contains(passed(v)["approvals.count"], c.found) {
					t.Errorf("%s: %+v; passed %v", v.Outcome(), v.Findings(), passed(v))
				}
				return
			}
			if v.Allowed() || f.Rule != c.rule || f.Status != c.status || !strings.Contains(f.Found, c.found) {
				t.Errorf("%s: %+v", v.Outcome(), f)
			}
		})
	}
}

// A co-author is an author, and one address is written in many ways.
func TestAuthors(t *testing.T) {
	for _, c := range []struct {
		author, more string
		status       policy.Status
	}{
		{"Ana@Acme.Example", "", policy.StatusFail},
		{"dee@acme.example", "", policy.StatusPass},
		{"dee@acme.example", "co-authored-by: Ana <ana@acme.example>\n", policy.StatusFail},
		{"7+ana@users.noreply.github.com", "", policy.StatusError},
	} {
		y, object := yardOf(t, c.author, c.more)
		y.require.Approvals = []policy.ApprovalClause{release(func(a *policy.ApprovalClause) { a.Count, a.NotAuthor = 1, true })}
		v, f := y.asks(t, object, y.ci.signs(person("ana@acme.example"), y.image, svr.V02, approved("ACME_APPROVED_PRODUCTION")))
		if v.Allowed() != (c.status == policy.StatusPass) || !v.Allowed() && (f.Rule != "approvals.self" || f.Status != c.status) {
			t.Errorf("%+v: %s %+v", c, v.Outcome(), f)
		}
	}
}

// What commit object is believed is the one whose hash is the commit, whoever stored it.
func TestAuthorOfAnotherCommit(t *testing.T) {
	y, _ := yardOf(t, "ana@acme.example", "")
	other, _ := carried(t, "dee@acme.example", "")
	lie := y.tests.saysOf(commitpredicate.V1, other, minutesAgo(200), y.commit)
	y.require.Approvals = []policy.ApprovalClause{release(func(a *policy.ApprovalClause) { a.Count, a.NotAuthor = 1, true })}
	v, f := y.asks(t, lie, y.ci.signs(person("ana@acme.example"), y.image, svr.V02, approved("ACME_APPROVED_PRODUCTION")))
	if v.Allowed() || f.Rule != "approvals.author" || f.Status != policy.StatusMissing || !strings.Contains(f.Found, "the object is the commit") {
		t.Errorf("%s %+v", v.Outcome(), f)
	}
}

// triggered is a yard whose build somebody started, as GitLab's provenance has it.
func triggered(t testing.TB, user string) (*yard, func(string) *verify.Evidence) {
	t.Helper()
	y, _ := yardOf(t, "dee@acme.example", "", `"inputs":{"version":"1.2.3"},`, `"variables":{"GITLAB_USER_EMAIL":"`+user+`"},"inputs":{"version":"1.2.3"},`)
	y.require.Approvals = []policy.ApprovalClause{release(func(a *policy.ApprovalClause) { a.Count, a.NotTrigger = 1, true })}
	return y, func(email string) *verify.Evidence {
		return y.ci.signs(person(email), y.image, svr.V02, approved("ACME_APPROVED_PRODUCTION"))
	}
}

func TestBuildTriggers(t *testing.T) {
	y, by := triggered(t, "Ana@acme.example")
	if v, f := y.asks(t, by("ana@acme.example")); v.Allowed() || f.Rule != "approvals.self" || f.Status != policy.StatusFail {
		t.Errorf("%s %+v", v.Outcome(), f)
	}
	if v, f := y.asks(t, by("bo@acme.example")); !v.Allowed() || passed(v)["approvals.trigger"] != "ana@acme.example" {
		t.Errorf("%s %+v", v.Outcome(), f)
	}
	// Provenance that does not say.
	silent, by := triggered(t, "[MASKED]")
	if v, f := silent.asks(t, by("bo@acme.example")); v.Allowed() || f.Rule != "approvals.trigger" || f.Status != policy.StatusMissing || f.Follows != "" {
		t.Errorf("%s %+v", v.Outcome(), f)
	}
	// Without provenance.
	c := y.with(by("bo@acme.example"))
	c.Evidence = c.Evidence[1:]
	v, _ := y.judge(t, c)
	if i := slices.IndexFunc(v.Findings(), func(f policy.Finding) bool { return f.Rule == "approvals.trigger" }); v.Allowed() || i < 0 || v.Findings()[i].Follows != "provenance.missing" {
		t.Errorf("%+v", v.Findings())
	}
}

// GitLab's and GitHub's provenance names a login, and an approver's certificate an address.
// The accounts that the policy gives the address tell the two apart.
func TestAccounts(t *testing.T) {
	const (
		gitlab = `"variables":{"GITLAB_USER_LOGIN":"Dana","CI_SERVER_HOST":"gitlab.com"},"inputs":{"version":"1.2.3"},`
		github = `"github":{"event_name":"push"},"GITHUB_ACTOR":"Dana","GITHUB_ACTOR_ID":"7"`
		number = `"github":{"event_name":"push"},"GITHUB_ACTOR_ID":"7"`
	)
	for name, c := range map[string]struct {
		github   string
		accounts map[string][]string
		status   policy.Status
		found    string
	}{
		"another login":            {"", map[string][]string{"ana@acme.example": {"gitlab.com/ana.a"}}, policy.StatusPass, ""},
		"another login on GitHub":  {github, map[string][]string{"ana@acme.example": {"github.com/ana"}}, policy.StatusPass, ""},
		"the same login":           {"", map[string][]string{"ana@acme.example": {"gitlab.com/dana"}}, policy.StatusFail, "is who started the build"},
		"the same on GitHub":       {github, map[string][]string{"ana@acme.example": {"github.com/DANA"}}, policy.StatusFail, "is who started the build"},
		"the same beside another":  {"", map[string][]string{"ana@acme.example": {"gitlab.com/ana", "gitlab.com/dana"}}, policy.StatusFail, "is who started the build"},
		"the address in capitals":  {"", map[string][]string{"Ana@Acme.example": {"gitlab.com/dana"}}, policy.StatusFail, "is who started the build"},
		"a login elsewhere":        {"", map[string][]string{"ana@acme.example": {"github.com/dana"}}, policy.StatusError, "accounts, as ana@acme.example: [gitlab.com/LOGIN]"},
		"somebody else's login":    {"", map[string][]string{"bo@acme.example": {"gitlab.com/bo"}}, policy.StatusError, "accounts, as ana@acme.example: [gitlab.com/LOGIN]"},
		"no accounts":              {github, nil, policy.StatusError, "can't be told; name the approver's account in the identity's people.accounts, as ana@acme.example: [github.com/LOGIN]"},
		"a host that begins alike": {"", map[string][]string{"ana@acme.example": {"gitlab.com.evil.example/ana"}}, policy.StatusError, "can't be told"},
		"a number alone":           {number, map[string][]string{"ana@acme.example": {"github.com/ana"}}, policy.StatusError, "is github.com/7, who started the build, can't be told"},
	} {
		t.Run(name, func(t *testing.T) {
			change := []string{`"inputs":{"version":"1.2.3"},`, gitlab}
			if c.github != "" {
				change = []string{`"github":{"event_name":"push"}`, c.github}
			}
			y, _ := yardOf(t, "dee@acme.example", "", change...)
			y.doc.Identities[len(y.doc.Identities)-1].People.Accounts = c.accounts
			y.require.Approvals = []policy.ApprovalClause{release(func(a *policy.ApprovalClause) { a.Count, a.NotTrigger = 1, true })}
			v, f := y.asks(t, y.ci.signs(person("ana@acme.example"), y.image, svr.V02, approved("ACME_APPROVED_PRODUCTION")))
			if v.Allowed() != (c.status == policy.StatusPass) || !v.Allowed() && (f.Rule != "approvals.self" || f.Status != c.status || !strings.Contains(f.Found, c.found)) {
				t.Errorf("%s %+v", v.Outcome(), f)
			}
		})
	}
	// An author who hides the address names an account, too.
	for login, allowed := range map[string]bool{"github.com/Dana": false, "github.com/ana": true} {
		y, object := yardOf(t, "7+dana@users.noreply.github.com", "")
		y.doc.Identities[len(y.doc.Identities)-1].People.Accounts = map[string][]string{"ana@acme.example": {login}}
		y.require.Approvals = []policy.ApprovalClause{release(func(a *policy.ApprovalClause) { a.Count, a.NotAuthor = 1, true })}
		v, f := y.asks(t, object, y.ci.signs(person("ana@acme.example"), y.image, svr.V02, approved("ACME_APPROVED_PRODUCTION")))
		if v.Allowed() != allowed || !allowed && (f.Rule != "approvals.self" || f.Status != policy.StatusFail) {
			t.Errorf("%s: %s %+v", login, v.Outcome(), f)
		}
	}
}

// The approvals of the example policy, whose images GitLab builds, can be given once it has
// accounts.
func TestApprovalsOfTheExample(t *testing.T) {
	raw, err := os.ReadFile("../../docs/policies/cardholder-environment.yaml")
	if err != nil {
		t.Fatal(err)
	}
	const emails = "      emails: [ana@acme.example, bo@acme.example, chi@acme.example]\n"
	with := strings.Replace(string(raw), emails, emails+"      accounts: { ana@acme.example: [gitlab.com/ana], bo@acme.example: [gitlab.com/bo], chi@acme.example: [gitlab.com/chi] }\n", 1)
	for text, outcomes := range map[string][2]bool{string(raw): {false, false}, with: {true, false}} {
		doc, err := document.Parse("policy.yaml", []byte(text), func(string) error { return nil })
		if err != nil {
			t.Fatal(err)
		}
		for i, trigger := range []string{"dana", "bo"} {
			y, object := yardOf(t, "dee@acme.example", "", `"inputs":{"version":"1.2.3"},`, `"variables":{"GITLAB_USER_LOGIN":"`+trigger+`"},"inputs":{"version":"1.2.3"},`)
			approvers := slices.IndexFunc(doc.Identities, func(i policy.Identity) bool { return i.People != nil })
			y.doc.Identities = append(y.doc.Identities, doc.Identities[approvers])
			y.require.Approvals = doc.Scopes[0].Require.Approvals
			by := func(email string) *verify.Evidence {
				return y.ci.signs(person(email), y.image, svr.V02, approved("ACME_APPROVED_PRODUCTION"))
			}
			if v, f := y.asks(t, object, by("bo@acme.example"), by("chi@acme.example")); v.Allowed() != outcomes[i] || !v.Allowed() && f.Rule != "approvals.self" {
				t.Errorf("started by %s: %s %+v", trigger, v.Outcome(), f)
			}
		}
	}
}

// Where two builds made one digest, an approval counts if it is not by who started one of
// them; and not by taking each approver's part in another build. Hiding a build
// never helps.
func TestTwoBuildsOfOneDigest(t *testing.T) {
	y, by := triggered(t, "ana@acme.example")
	other := y.ci.signs(run(13, y.commit), y.image, typeSLSA, provenance(builtCommit, y.commit, `"inputs":{"version":"1.2.3"},`, `"variables":{"GITLAB_USER_EMAIL":"bo@acme.example"},"inputs":{"version":"1.2.3"},`))
	ana, bo := by("ana@acme.example"), by("bo@acme.example")
	for _, approval := range []*verify.Evidence{ana, bo} {
		if v, f := y.asks(t, other, approval); !v.Allowed() {
			t.Errorf("%s approves the other's build: %+v", approval.By(), f)
		}
	}
	y.require.Approvals[0].Count = 2
	if v, f := y.asks(t, other, ana, bo); v.Allowed() || f.Rule != "approvals.self" {
		t.Errorf("each approves the other's: %s %+v", v.Outcome(), f)
	}
}

// Where it is to run must be where it is approved for.
func TestApprovedPlace(t *testing.T) {
	y, _ := yardOf(t, "ana@acme.example", "")
	y.require.Approvals = []policy.ApprovalClause{release(func(a *policy.ApprovalClause) { a.Count, a.Environment = 1, "production" })}
	c := y.with(y.ci.signs(person("bo@acme.example"), y.image, svr.V02, approved("ACME_APPROVED_PRODUCTION")))
	for environment, allowed := range map[string]bool{"": true, "production": true, "staging": false} {
		c.Deploy.Environment = environment
		if v, f := y.judge(t, c); v.Allowed() != allowed || !allowed && f.Rule != "approvals.environment" {
			t.Errorf("%q: %s %+v", environment, v.Outcome(), f)
		}
	}
}

// Of an index, people approve the whole.
func TestApprovalOfAnIndex(t *testing.T) {
	y, _ := yardOf(t, "ana@acme.example", "")
	y.require.Provenance = nil
	y.require.Approvals = []policy.ApprovalClause{release(func(a *policy.ApprovalClause) { a.Count = 1 })}
	holder := func(email string) forge.Holder { return person(email) }
	whole := y.ci.signs(holder("bo@acme.example"), y.index, svr.V02, approved("ACME_APPROVED_PRODUCTION"))
	part := y.ci.signs(holder("bo@acme.example"), y.amd64, svr.V02, approved("ACME_APPROVED_PRODUCTION"))
	for _, c := range []struct {
		of      *verify.Evidence
		allowed bool
	}{{whole, true}, {part, false}} {
		if v, f := y.judge(t, policy.Case{Artifact: y.index, Evidence: []*verify.Evidence{c.of}, At: judged}); v.Allowed() != c.allowed {
			t.Errorf("%s %+v", v.Outcome(), f)
		}
	}
}
