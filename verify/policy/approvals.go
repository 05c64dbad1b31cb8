package policy

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/predicate"
	"github.com/carnet-project/carnet/attest/predicate/svr"
	"github.com/carnet-project/carnet/verify"
)

// approval asks that enough distinct people approved the digest.
func (b *bench) approval(r *ApprovalClause) {
	kept := b.keptOut(r)
	b.row(r.Clause, r.requirement(), r.From, func(cell *Cell) {
		cell.Threshold = max(r.Count, 1)
		before := len(cell.Findings)
		b.judgeApproval(cell, r, kept)
		for i := range cell.Findings[before:] {
			cell.Findings[before+i].Check = r.Name
		}
	})
}

func (r *ApprovalClause) requirement() Requirement {
	q := Requirement{name: r.Name, rule: "approvals", what: "an approval, which is a signature of the image,", classes: []predicate.Class{predicate.Signature}, spread: whole, selection: SelectAny}
	if r.Property != "" {
		q.what, q.classes = "an approval that states "+r.Property, []predicate.Class{predicate.VerificationResult}
	}
	return q
}

// An outsider is somebody whose own approval does not count, and the name of that role.
type outsider struct {
	role string
	who  people
}

// keptOut are those whom the clause keeps out: the author of the commit, and who started the
// build. Where several accepted builds made the same digest there is one list for each, for
// that one of them was started by an approver says nothing against another. The author and the trigger
// have cells of their own, which deny where nobody says who that is.
func (b *bench) keptOut(r *ApprovalClause) [][]outsider {
	lists := [][]outsider{nil}
	if r.NotTrigger {
		lists = nil
		for _, who := range b.triggers(r) {
			lists = append(lists, []outsider{{"who started the build", who}})
		}
	}
	if r.NotAuthor {
		b.row(r.Clause, commitRequirement(r.Name+": commit author", "approvals"), nil, func(cell *Cell) {
			if who := b.author(cell, r); who != nil {
				for i := range lists {
					lists[i] = append(lists[i], outsider{"the commit's author", who})
				}
			}
		})
	}
	if lists == nil {
		return [][]outsider{nil} // the trigger's cell denies
	}
	return lists
}

// author finds who wrote the commit that was built. Nobody vouches for what a commit says
// of its author but who signed the commit: source.commits asks for that.
func (b *bench) author(cell *Cell, r *ApprovalClause) people {
	built, known := b.commit()
	if !known {
		cell.Evidence = nil
		b.find(cell, r.Clause, commitUnknown("approvals.author", "the author of the commit that was built"))
		return nil
	}
	carrying, commit, problem := b.objects(cell, built)
	cell.Evidence = carrying
	switch {
	case commit != nil:
		who := people{byEmail(commit.Author.Email)}
		for _, email := range commit.CoAuthors {
			who = append(who, byEmail(email))
		}
		b.find(cell, r.Clause, Finding{Rule: "approvals.author", Status: StatusPass, Check: r.Name, Evidence: carrying[0].Bundle(), Expected: "the author of " + built, Found: who.String()})
		return who
	case problem != nil:
		b.find(cell, r.Clause, Finding{Rule: "approvals.author", Status: StatusMissing, Check: r.Name, Expected: "the author of " + built, Found: problem.Error()})
	default:
		b.missing(cell, r.Clause)
	}
	return nil
}

// judgeApproval counts the people whose approvals count.
func (b *bench) judgeApproval(cell *Cell, r *ApprovalClause, kept [][]outsider) {
	if d := b.c.Deploy.Environment; r.Environment != "" && d != "" && d != r.Environment {
		b.find(cell, r.Clause, Finding{Rule: "approvals.environment", Status: StatusFail, Expected: "to run in " + r.Environment + ", for which approvals are asked", Found: "to run in " + d})
	}
	var best []*verify.Evidence
	var reasons []Finding
	for i, list := range kept {
		counted, refused := b.counted(cell, r, list)
		if i == 0 || len(distinct(counted, byName)) > len(distinct(best, byName)) {
			best, reasons = counted, refused
		}
	}
	people := distinct(best, byName)
	cell.Evidence = best
	if len(people) >= cell.Threshold {
		b.find(cell, r.Clause, Finding{Rule: "approvals.count", Status: StatusPass, Expected: r.expected(cell), Found: persons(len(people)) + ": " + names(people)})
		return
	}
	b.tooFew(cell, r, people, reasons)
}

// counted are the approvals that count, and why others don't.
func (b *bench) counted(cell *Cell, r *ApprovalClause, kept []outsider) (counted []*verify.Evidence, reasons []Finding) {
	for _, e := range cell.Evidence {
		problem, approves := b.approves(e, r)
		if !approves {
			continue
		}
		for _, o := range kept {
			if problem == nil {
				problem = o.keepsOut(e, b.accounts(e))
			}
		}
		if problem == nil {
			counted = append(counted, e)
			continue
		}
		problem.Evidence = e.Bundle()
		reasons = append(reasons, *problem)
	}
	return counted, reasons
}

func persons(n int) string {
	if n == 1 {
		return "1 person"
	}
	return fmt.Sprintf("%d people", n)
}

// tooFew says how many people are wanted, and why others did not count.
func (b *bench) tooFew(cell *Cell, r *ApprovalClause, who []verify.Identity, reasons []Finding) {
	f := explain(cell, b.c)
	if f.Status == StatusError || f.Status == StatusInvalid || f.Status != StatusMissing && len(who)+len(reasons) == 0 {
		b.find(cell, r.Clause, f)
		return
	}
	for _, reason := range reasons {
		b.find(cell, r.Clause, reason)
	}
	f.Rule, f.Status, f.Reason, f.Expected = "approvals.count", StatusMissing, "", r.expected(cell)
	if len(who) > 0 {
		f.Status, f.Found = StatusFail, persons(len(who))+": "+names(who)
	} else if len(reasons) > 0 {
		f.Found = "none that counts"
	}
	b.find(cell, r.Clause, f)
}

func (r *ApprovalClause) expected(cell *Cell) string {
	text := fmt.Sprintf("approvals of %s by %s", cell.Node.Digest, strings.Replace(persons(cell.Threshold), " ", " distinct ", 1))
	if r.Property != "" {
		text += " that state " + r.Property
	}
	if r.Environment != "" {
		text += " for " + r.Environment
	}
	return text
}

func names(who []verify.Identity) string {
	var all []string
	for _, i := range who {
		all = append(all, i.String())
	}
	return list(all, 5)
}

// approves says whether the evidence is an approval as the clause wants it, and why one that
// is does not count.
func (b *bench) approves(e *verify.Evidence, r *ApprovalClause) (problem *Finding, approves bool) {
	var stated time.Time
	if r.Property != "" {
		result, err := remember(b.c.Facts, e, "verification result", func() (*svr.Result, error) { return svr.Parse(e.PredicateType(), e.Predicate()) })
		if err != nil {
			return &Finding{Rule: "approvals.format", Status: StatusFail, Expected: "a verification result", Found: err.Error()}, true
		}
		if !result.States(r.Property) && (r.Environment == "" || !result.States(r.Property+":"+r.Environment)) {
			return nil, false
		}
		stated = result.TimeCreated
		if !r.named(result, e) {
			return r.elsewhere(e), true
		}
	} else if r.Environment != "" && environmentOf(e) != r.Environment {
		return r.elsewhere(e), true
	}
	if r.MaxAge > 0 {
		if f := b.fresh(e, stated, "approvals", r.MaxAge); f.Status != StatusPass {
			return &f, true
		}
	}
	return nil, true
}

// named says whether an approval is for the environment: by the property, with the
// environment after a colon or as its last word in capitals; or by what the certificate says of
// the job that signed.
func (r *ApprovalClause) named(result *svr.Result, e *verify.Evidence) bool {
	if r.Environment == "" || result.States(r.Property+":"+r.Environment) || environmentOf(e) == r.Environment {
		return true
	}
	word := strings.ToUpper(strings.NewReplacer("-", "_", ".", "_", "/", "_").Replace(r.Environment))
	return strings.HasSuffix(r.Property, "_"+word)
}

func (r *ApprovalClause) elsewhere(e *verify.Evidence) *Finding {
	found := "an approval by " + e.By().String() + " that names no environment"
	if env := environmentOf(e); env != "" {
		found = "an approval by " + e.By().String() + " for " + env
	}
	return &Finding{Rule: "approvals.environment", Status: StatusFail, Expected: "an approval for " + r.Environment, Found: found}
}

// environmentOf is the environment of the job that signed (Fulcio's extension 23), or "".
func environmentOf(e *verify.Evidence) string {
	if c := e.By().Certificate; c != nil {
		return c.Claims[attest.ClaimDeploymentEnvironment]
	}
	return ""
}

// keepsOut says why the approval is not by somebody else than the outsider. Where the two can't
// be told apart, as an e-mail address and a login that is none of the accounts which the
// document gives that address, it does not count.
func (o outsider) keepsOut(e *verify.Evidence, accounts []string) *Finding {
	by := byIdentity(e.By())
	f := Finding{Rule: "approvals.self", Expected: "an approval by somebody else than " + o.role}
	if slices.ContainsFunc(o.who, func(p person) bool { return p.isAny(by, accounts) == same }) {
		f.Status, f.Found = StatusFail, e.By().String()+" is "+o.role
		return &f
	}
	if i := slices.IndexFunc(o.who, func(p person) bool { return p.isAny(by, accounts) == unknown }); i >= 0 {
		f.Status, f.Found = StatusError, "whether "+e.By().String()+" is "+o.who[i].String()+", "+o.role+", can't be told"
		if host, _, found := strings.Cut(o.who[i].login, "/"); found && by.email != "" {
			f.Found += "; name the approver's account in the identity's people.accounts, as " + by.email + ": [" + host + "/LOGIN]"
		}
		return &f
	}
	return nil
}

func approvalRules() []Rule {
	return []Rule{
		{"approvals.count", []Status{StatusMissing, StatusFail}, "Enough distinct people approved the digest.", "ask those whom the policy accepts to approve this digest"},
		{"approvals.self", []Status{StatusFail, StatusError}, "Who approved is neither the commit's author nor who started the build.", "have somebody else approve it"},
		{"approvals.author", []Status{StatusMissing}, "It is known who wrote the commit that was built.", "attest the commit object"},
		{"approvals.trigger", []Status{StatusMissing, StatusError}, "It is known who started the build.", "build where the provenance says who started it"},
		{"approvals.stale", []Status{StatusStale, StatusFail}, "The approvals are young enough.", "have it approved again"},
		{"approvals.environment", []Status{StatusFail}, "The approvals are for where it is to run.", "have it approved for that environment"},
		{"approvals.identity", []Status{StatusUntrusted}, "An accepted person approved.", "have it approved by one whom the policy accepts"},
		{"approvals.missing", []Status{StatusMissing}, "What approvals are judged by is there.", "attest the commit object"},
		{"approvals.proof", []Status{StatusUntrusted}, "Whoever must vouch for the approval's signature does.", "approve again with a transparency log and a timestamp authority"},
		{"approvals.format", []Status{StatusFail}, "The approval can be read.", "write it as its type specifies"},
		{"approvals.invalid", []Status{StatusInvalid}, "The approval's signature is good.", "do not use it: the evidence was changed; find out how it came here"},
		{"approvals.time", []Status{StatusError}, "There is a time to judge for.", "give a time with --at"},
	}
}

// byName leaves it to a signer's certificate and key who is one.
func byName(*verify.Evidence) string { return "" }
