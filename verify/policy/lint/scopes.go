package lint

import (
	"slices"
	"strings"

	"github.com/carnet-project/carnet/verify/internal/glob"
	"github.com/carnet-project/carnet/verify/policy"
)

// scope tells what ties the images of a scope to their source, and does not.
func (l *linter) scope(s *policy.Scope) {
	requires := []*policy.Require{&s.Require}
	if l.doc.Baseline != nil {
		requires = append(requires, l.doc.Baseline)
	}
	var repositories []string
	for _, r := range requires {
		if r.Provenance != nil {
			repositories = append(repositories, r.Provenance.Repositories...)
		}
	}
	const fix = `say which: provenance: {source: {repositories: ["https://github.com/acme/{repo}"]}}`
	if len(repositories) == 0 {
		l.warn("scope.unbound", s.Line, fix, "nothing ties the images of the scope %s to a source repository: a good image of another one can be copied under their name", s.Name)
		return
	}
	for _, r := range repositories {
		if strings.Trim(r, "*") == "" || strings.Contains(r, "://*") {
			l.warn("scope.unbound", s.Line, fix, "the images of the scope %s may come from any repository %s", s.Name, r)
		}
	}
	for _, pattern := range s.Images {
		for _, name := range glob.Captures(pattern) {
			if !slices.ContainsFunc(repositories, func(r string) bool { return strings.Contains(r, "{"+name+"}") }) && len(glob.Captures(strings.Join(repositories, ""))) == 0 {
				l.warn("scope.unbound", s.Line, fix, "the scope %s captures {%s}, and its repositories do not use it: an image of one repository passes under the name of another", s.Name, name)
			}
		}
	}
}

// shadows tells of patterns that never apply, for those of an earlier scope match first
// whatever they match.
func (l *linter) shadows() {
	for i, s := range l.doc.Scopes {
		var reached, unreached []string
		var by string
		for k, pattern := range s.Images {
			earlier := ""
			for _, before := range l.doc.Scopes[:i] {
				if slices.ContainsFunc(before.Images, func(p string) bool { return covers(p, pattern) }) {
					earlier = before.Name
					break
				}
			}
			if earlier == "" && slices.ContainsFunc(s.Images[:k], func(p string) bool { return covers(p, pattern) }) {
				earlier = s.Name
			}
			if earlier == "" {
				reached = append(reached, pattern)
				continue
			}
			unreached, by = append(unreached, pattern), earlier
		}
		switch {
		case len(unreached) == 0:
		case len(reached) == 0:
			l.warn("scope.shadowed", s.Line, "put it before the scope "+by+", or take it out", "the scope %s never applies: the scope %s matches all of its images first", s.Name, by)
		default:
			l.warn("scope.shadowed", s.Line, "put the narrower pattern first, or take it out", "the pattern %s of the scope %s never applies: the scope %s matches first", unreached[0], s.Name, by)
		}
	}
}

// covers says whether the pattern matches whatever narrow does, as far as a few samples of
// that show.
func covers(pattern, narrow string) bool {
	g, err := glob.CompileCapturing(pattern)
	if err != nil {
		return false
	}
	for _, s := range samples(narrow) {
		if !g.Match(s) {
			return false
		}
	}
	return true
}

// samples are values that a pattern matches: with one segment, with several, and with
// nothing where a star stands for a part of a segment. What is put in is in no pattern
// that a person writes.
func samples(pattern string) []string {
	const odd = "zq0xj"
	var all []string
	for _, fill := range [][3]string{{odd, odd, odd}, {odd + "/" + odd, odd, odd}, {"", "", odd}} {
		s := pattern
		for _, name := range glob.Captures(s) {
			s = strings.ReplaceAll(s, "{"+name+"}", fill[2])
		}
		s = strings.ReplaceAll(s, "**", "\x00")
		s = strings.ReplaceAll(s, "*", fill[1])
		s = strings.ReplaceAll(s, "\x00", fill[0])
		// No name has an empty segment.
		if !strings.HasSuffix(s, "/") && !strings.Contains(s, "//") {
			all = append(all, s)
		}
	}
	return all
}
