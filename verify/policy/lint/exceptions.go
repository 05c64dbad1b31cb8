package lint

import (
	"slices"
	"strings"
	"time"

	"github.com/carnet-project/carnet/verify/internal/glob"
	"github.com/carnet-project/carnet/verify/policy"
)

// soon is how long before its end an exception is to be looked at.
const soon = 14 * 24 * time.Hour

func (l *linter) exception(e policy.Exception) {
	switch left := e.Expires.Sub(l.at); {
	case l.at.IsZero():
	case left <= 0:
		l.warn("exception.expired", e.Line, "take it out, or renew it with its owner, "+e.Owner, "the exception %s expired %s", e.ID, e.Expires.Format(time.DateOnly))
	case left < soon:
		l.warn("exception.expiring", e.Line, "fix it, or renew it with its owner, "+e.Owner, "the exception %s expires %s", e.ID, e.Expires.Format(time.DateOnly))
	}
	wide := slices.IndexFunc(e.Images, func(p string) bool { return strings.Contains(p, "*") })
	switch {
	case wide >= 0:
		l.warn("exception.broad", e.Line, "name the image that it is about", "the exception %s is for every image %s", e.ID, e.Images[wide])
	case len(e.Images) > 1:
		l.warn("exception.broad", e.Line, "give each image an exception of its own", "the exception %s is for %d images", e.ID, len(e.Images))
	}
	if strings.HasPrefix(e.Rule, "vulnerabilities.") && e.Vulnerability == "" && e.Package == "" {
		l.warn("exception.broad", e.Line, "add match: {vulnerability: CVE-…}", "the exception %s is for every vulnerability", e.ID)
	}
	if strings.HasPrefix(e.Rule, "checks.") && e.Check == "" {
		l.warn("exception.broad", e.Line, "add match: {check: NAME}", "the exception %s is for every check", e.ID)
	}
	if !slices.ContainsFunc(e.Images, l.named) {
		l.warn("exception.unreachable", e.Line, "take it out", "no scope names an image of the exception %s", e.ID)
	}
}

// named says whether a scope names an image that the pattern matches, as far as samples
// of both show.
func (l *linter) named(pattern string) bool {
	own, err := glob.Compile(pattern)
	if err != nil {
		return true
	}
	for _, s := range l.doc.Scopes {
		for _, of := range s.Images {
			g, err := glob.CompileCapturing(of)
			if err != nil || slices.ContainsFunc(samples(pattern), g.Match) || slices.ContainsFunc(samples(of), own.Match) || overlap(pattern, of) {
				return true
			}
		}
	}
	return false
}

// overlap says whether two patterns may match the same name: what is fixed at their
// beginnings does not rule it out, and both have a wildcard.
func overlap(a, b string) bool {
	wild := func(s string) string { return s[:strings.IndexAny(s+"*", "*{")] }
	x, y := wild(a), wild(b)
	return x != a && y != b && (strings.HasPrefix(x, y) || strings.HasPrefix(y, x))
}
