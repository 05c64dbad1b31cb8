package policy

import (
	"fmt"
	"slices"
	"strings"
	"time"

	packageurl "github.com/package-url/packageurl-go"

	"github.com/carnet-project/carnet/verify/internal/glob"
)

const (
	// maxException bounds how long an exception lasts.
	maxException = 90 * 24 * time.Hour
	// expiringSoon is from when on a verdict tells that one is about to end.
	expiringSoon = 14 * 24 * time.Hour
)

// except lets rules of this document be broken for which it has an exception. What is a sign
// of tampering, what could not be decided and what a document says is never excepted stays
// as it is; and without a time to judge for no exception is in force.
func (b *bench) except() {
	told := map[string]bool{}
	for i := range b.cells {
		cell := &b.cells[i]
		changed := false
		for j := range cell.Findings {
			changed = b.exceptFinding(&cell.Findings[j], told) || changed
		}
		if changed {
			cell.settle()
		}
	}
	b.pending()
}

// exceptFinding applies the first exception that fits, and tells of those that would have.
func (b *bench) exceptFinding(f *Finding, told map[string]bool) bool {
	if f.Status.Allows() {
		return false
	}
	for _, x := range b.exceptions {
		if !ruleMatches(x.Rule, f.Rule) || !x.about(f) {
			continue
		}
		refusal, expired := b.refusesException(x, f)
		tell := func(rule, text string) {
			if !told[rule+x.ID] {
				told[rule+x.ID] = true
				b.note(rule, text, x.Line)
			}
		}
		switch {
		case expired:
			tell("exception.expired", fmt.Sprintf("the exception %s for %s expired %s; its owner is %s", x.ID, x.Rule, day(x.Expires), x.Owner))
		case refusal != "":
			tell("exception.refused", fmt.Sprintf("the exception %s for %s does not apply: %s", x.ID, x.Rule, refusal))
		default:
			f.Status, f.Exception = StatusExcepted, x.ID
			if x.Expires.Sub(b.c.At) < expiringSoon {
				tell("exception.expiring", fmt.Sprintf("the exception %s for %s expires %s; its owner is %s", x.ID, x.Rule, day(x.Expires), x.Owner))
			}
			return true
		}
	}
	return false
}

// refusesException says why an exception that is about the finding does not apply.
func (b *bench) refusesException(x *Exception, f *Finding) (why string, expired bool) {
	switch {
	case f.Status == StatusInvalid:
		return "it is a sign of tampering", false
	case f.Status == StatusError:
		return "the rule could not be decided", false
	case neverExcepted(f.Rule):
		return f.Rule + " is never excepted", false
	case slices.ContainsFunc(b.never, func(rule string) bool { return ruleMatches(rule, f.Rule) }):
		return f.Rule + " is among the rules that the policy never excepts", false
	case b.c.At.IsZero():
		return "no time to judge for was given", false
	case x.Created.IsZero() || x.Expires.IsZero() || x.Expires.Sub(x.Created) > maxException:
		return "it lasts for longer than 90 days", false
	case b.c.At.Before(x.Created):
		return "it begins " + day(x.Created), false
	}
	return "", !b.c.At.Before(x.Expires)
}

// neverExcepted are rules to which no exception applies in any policy.
func neverExcepted(rule string) bool {
	return strings.HasPrefix(rule, "policy.") || strings.HasPrefix(rule, "verify.") || strings.HasSuffix(rule, ".invalid") || rule == "image.digest"
}

// ruleMatches says whether a rule is the one that is named, or of the section that is named
// as "section.*".
func ruleMatches(pattern, rule string) bool {
	section, all := strings.CutSuffix(pattern, "*")
	if all && strings.HasSuffix(section, ".") && len(section) > 1 {
		return strings.HasPrefix(rule, section)
	}
	return pattern == rule
}

// compileExceptions keeps the exceptions that are for the image's name.
func (b *part) compileExceptions() error {
	for i := range b.doc.Exceptions {
		x := &b.doc.Exceptions[i]
		for _, pattern := range x.Images {
			g, err := glob.CompileCapturing(pattern)
			if err != nil {
				return fmt.Errorf("exception %s: the image pattern %w", x.ID, err)
			}
			if _, ok := g.Capture(b.name); ok {
				b.exceptions = append(b.exceptions, x)
				break
			}
		}
	}
	return nil
}

// about says whether the exception is for what the finding is about.
func (x *Exception) about(f *Finding) bool {
	return (x.Vulnerability == "" || f.isCalled(x.Vulnerability)) &&
		(x.Check == "" || x.Check == f.Check) && (x.Package == "" || packageMatches(x.Package, f.Package))
}

// isCalled says whether it is a name of the vulnerability that the finding is about.
func (f *Finding) isCalled(name string) bool {
	return strings.EqualFold(name, f.Vulnerability) ||
		slices.ContainsFunc(strings.Fields(f.Aliases), func(alias string) bool { return strings.EqualFold(name, alias) })
}

// packageMatches says whether a package is the one that is named. A package URL without a
// version means every version, without qualifiers every one of them. What is no package URL
// is a name, with a version after an @ or without.
func packageMatches(want, found string) bool {
	if found == "" {
		return false
	}
	if want == found {
		return true
	}
	if !strings.HasPrefix(want, "pkg:") {
		return strings.HasPrefix(found, want+"@")
	}
	w, err := packageurl.FromString(want)
	if err != nil {
		return false
	}
	f, err := packageurl.FromString(found)
	if err != nil || w.Type != f.Type || w.Namespace != f.Namespace || w.Name != f.Name {
		return false
	}
	if w.Version != "" && w.Version != f.Version || w.Subpath != "" && w.Subpath != f.Subpath {
		return false
	}
	has := f.Qualifiers.Map()
	for key, value := range w.Qualifiers.Map() {
		if has[key] != value {
			return false
		}
	}
	return true
}

// pending tells of what is broken and does not deny yet.
func (b *bench) pending() {
	told := map[string]bool{}
	for _, c := range b.cells {
		if !c.Pending || !c.Required || c.Status.Allows() {
			continue
		}
		for _, f := range c.Findings {
			if f.Status.Allows() || told[f.Rule+f.Check] {
				continue
			}
			told[f.Rule+f.Check] = true
			b.note("rule.pending", fmt.Sprintf("%s is not met, and denies from %s", strings.TrimSpace(f.Rule+" "+f.Check), day(c.EnforceFrom)), f.Line)
		}
	}
}

// exceptionRules are notes: they decide nothing.
func exceptionRules() []Rule {
	return []Rule{
		{"exception.expired", nil, "An exception that would apply is in force.", "mend what it was for, or have its owner renew it"},
		{"exception.expiring", nil, "An exception that applies lasts for two weeks more.", "mend what it is for before it ends"},
		{"exception.refused", nil, "An exception that would apply may.", "mend what it is for: the rule can't be excepted so"},
		{"rule.pending", nil, "What the policy will ask from some day on is met now.", "mend it before that day"},
	}
}
