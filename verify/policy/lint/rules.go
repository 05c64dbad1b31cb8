package lint

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/carnet-project/carnet/verify/policy"
)

// threshold tells of numbers of signers that fewer people or machines can come up with.
func (l *linter) threshold(r *policy.Require) {
	if s := r.Signatures; s != nil && s.Threshold > 1 {
		l.same(s.Line, fmt.Sprintf("the threshold of %d", s.Threshold), s.Threshold, s.From)
	}
	for _, a := range r.Approvals {
		if a.Count > 1 {
			l.same(a.Line, fmt.Sprintf("the count of %d of the approval %s", a.Count, a.Name), a.Count, a.From)
		}
	}
}

func (l *linter) same(line int, what string, want int, from []string) {
	for k, name := range from {
		for _, other := range from[:k] {
			if shared := common(l.identityOf(name), l.identityOf(other)); shared != "" {
				l.warn("threshold.same", line, "take identities that nobody holds two of", "%s can be met by one signer: %s and %s are both %s", what, other, name, shared)
			}
		}
	}
	machines := 0
	for _, name := range from {
		i := l.identityOf(name)
		if i.GitHub == nil && i.GitLab == nil {
			return
		}
		machines++
	}
	if machines < want {
		l.warn("threshold.same", line, "add a signer of another kind", "%s can be met by %s alone, which signs as somebody else on each branch and tag", what, strings.Join(from, ", "))
	}
}

// common is what makes two identities the same signer, or "".
func common(a, b policy.Identity) string {
	switch {
	case a.Key != nil && b.Key != nil:
		for _, pair := range [][2]string{{a.Key.File, b.Key.File}, {a.Key.KMS, b.Key.KMS}, {strings.TrimSpace(a.Key.PEM), strings.TrimSpace(b.Key.PEM)}} {
			if pair[0] != "" && pair[0] == pair[1] {
				return "the same key"
			}
		}
	case a.GitHub != nil && b.GitHub != nil:
		if same(a.GitHub.Repository, b.GitHub.Repository) && (a.GitHub.Workflow == b.GitHub.Workflow || a.GitHub.Workflow == "" || b.GitHub.Workflow == "") {
			return "workflows of " + a.GitHub.Repository
		}
	case a.GitLab != nil && b.GitLab != nil:
		if same(a.GitLab.Project, b.GitLab.Project) {
			return "pipelines of " + a.GitLab.Project
		}
	}
	for _, x := range persons(a) {
		for _, y := range persons(b) {
			if x == y {
				return x[1]
			}
		}
	}
	return ""
}

func same(a, b string) bool { return a != "" && strings.EqualFold(a, b) }

// persons are the issuers and subjects of an identity that is told apart by these.
func persons(i policy.Identity) [][2]string {
	var all [][2]string
	switch {
	case i.OIDC != nil:
		all = append(all, [2]string{i.OIDC.Issuer, i.OIDC.Subject})
	case i.Kubernetes != nil:
		all = append(all, [2]string{i.Kubernetes.Issuer, "https://kubernetes.io/namespaces/" + i.Kubernetes.Namespace + "/serviceaccounts/" + i.Kubernetes.ServiceAccount})
	case i.People != nil:
		for _, email := range i.People.Emails {
			all = append(all, [2]string{i.People.Issuer, email})
		}
	}
	return all
}

func (l *linter) vulnerabilities(v *policy.VulnerabilitiesClause) {
	if v == nil {
		return
	}
	if v.MaxDatabaseAge == 0 {
		l.warn("vulnerabilities.database", v.Line, "add maxDatabaseAge: 48h", "a scan of today with a database of last year passes: nothing bounds the age of the scanner's database")
	}
	if len(v.Deny) == 0 {
		l.warn("vulnerabilities.nothing", v.Line, "add deny: [{severity: critical, fixed: true}]", "a scan is asked for, and whatever it finds is let in")
	}
	for k, d := range v.Deny {
		for m, other := range v.Deny {
			if k != m && implies(d, other) && (!implies(other, d) || m < k) {
				l.warn("rule.unreachable", d.Line, "take it out, or the other", "this item of deny never matters: what it means is in another one")
				break
			}
		}
	}
}

// implies says whether whatever narrow means is meant by wide.
func implies(narrow, wide policy.DenyVulnerability) bool {
	order := []string{"negligible", "low", "medium", "high", "critical"}
	switch {
	case wide.Severity != "" && (narrow.Severity == "" || slices.Index(order, narrow.Severity) < slices.Index(order, wide.Severity)),
		wide.Fixed != nil && (narrow.Fixed == nil || *narrow.Fixed != *wide.Fixed),
		wide.Exploited != nil && (narrow.Exploited == nil || *narrow.Exploited != *wide.Exploited),
		narrow.EPSS < wide.EPSS, narrow.Grace < wide.Grace, narrow.KnownFor < wide.KnownFor:
		return false
	}
	return true
}

// level tells of levels that no builder may claim.
func (l *linter) level(r *policy.Require) {
	p := r.Provenance
	if p == nil || p.MinLevel == 0 || len(p.Builders) == 0 {
		return
	}
	highest := 0
	for _, b := range l.doc.Builders {
		if slices.Contains(p.Builders, b.Name) {
			highest = max(highest, b.Level)
		}
	}
	if highest < p.MinLevel {
		l.warn("provenance.level", p.Line, "give the builder its level, or lower minLevel", "no image can pass: minLevel is %d, and %s may claim level %d at most", p.MinLevel, strings.Join(p.Builders, ", "), highest)
	}
}

// late tells of rules that begin to deny when the policy has ended.
func (l *linter) late(r *policy.Require) {
	if l.doc.Expires.IsZero() {
		return
	}
	for _, c := range clauses(r) {
		if !c.EnforceFrom.IsZero() && !c.EnforceFrom.Before(l.doc.Expires) {
			l.warn("rule.late", c.Line, "take an earlier date", "this never denies: enforceFrom is %s, and the policy expires %s", c.EnforceFrom.Format(time.DateOnly), l.doc.Expires.Format(time.DateOnly))
		}
	}
}

// clauses are all parts of requirements that can be met or not.
func clauses(r *policy.Require) []policy.Clause {
	var all []policy.Clause
	if r.Image != nil {
		all = append(all, r.Image.Clause)
	}
	if r.Signatures != nil {
		all = append(all, r.Signatures.Clause)
	}
	if r.Provenance != nil {
		all = append(all, r.Provenance.Clause)
	}
	if r.Source != nil {
		all = append(all, r.Source.Clause)
	}
	if r.Base != nil {
		all = append(all, r.Base.Clause)
	}
	if r.SBOM != nil {
		all = append(all, r.SBOM.Clause)
	}
	if r.Vulnerabilities != nil {
		all = append(all, r.Vulnerabilities.Clause)
	}
	for _, c := range r.Checks {
		all = append(all, c.Clause)
	}
	for _, a := range r.Approvals {
		all = append(all, a.Clause)
	}
	for _, x := range r.Rules {
		all = append(all, x.Clause)
	}
	return all
}

// expressions tells of requirements in CEL that are met by what is not there: as more finds
// them, or else as far as their text shows.
func (l *linter) expressions(rules []policy.RuleClause, more func(string) []string) {
	for _, r := range rules {
		if more != nil {
			for _, text := range more(r.Require) {
				l.warn("rule.doubtful", r.Line, "make sure first that it is there, with has() or size(), or write two rules", "the rule %s: %s", r.ID, text)
			}
			continue
		}
		code := withoutText(r.Require)
		if strings.Contains(code, ".all(") && !strings.Contains(code, ".exists") && !strings.Contains(code, "size(") {
			l.warn("rule.vacuous", r.Line, "ask for one first: provenance.size() > 0 && provenance.all(…)", "the rule %s is met by an empty list: all() asks nothing of what is not there", r.ID)
		}
		if strings.Contains(code, "||") {
			l.warn("rule.masked", r.Line, "write two rules, or ask with has() for what may be absent", "the rule %s has ||, which is met by one side where the other is an error", r.ID)
		}
		if code := strings.TrimSpace(code); code == "true" || code == "!false" || code == "1 == 1" {
			l.warn("rule.unreachable", r.Line, "take it out", "the rule %s is always met", r.ID)
		}
	}
}

// withoutText is an expression with its string literals emptied, as far as that is seen
// without parsing it.
func withoutText(expression string) string {
	var b strings.Builder
	for i := 0; i < len(expression); i++ {
		c := expression[i]
		b.WriteByte(c)
		if c != '"' && c != '\'' {
			continue
		}
		for i++; i < len(expression) && expression[i] != c; i++ {
			if expression[i] == '\\' {
				i++
			}
		}
		b.WriteByte(c)
	}
	return b.String()
}
