package identity

import (
	"fmt"
	"regexp"
	"unicode/utf8"

	globs "github.com/carnet-project/carnet/verify/internal/glob"
)

// A matcher is a compiled pattern for one value: a glob, or an expression.
type matcher struct {
	text string
	// exact says that the value must be text itself.
	exact bool
	glob  globs.Glob
	re    *regexp.Regexp
}

// match says whether the whole value is what the pattern means. A value that is not
// UTF-8 never is: its broken bytes would all be taken for one character.
func (m matcher) match(value string) bool {
	if m.re != nil {
		return utf8.ValidString(value) && m.re.MatchString(value)
	}
	return m.glob.Match(value)
}

// glob compiles an anchored glob.
func glob(pattern string) (matcher, error) {
	g, err := globs.Compile(pattern)
	return matcher{text: pattern, exact: g.Exact(), glob: g}, err
}

// expression compiles a regular expression in RE2's syntax, which takes linear time. It
// must match the whole value, unless unanchored.
func expression(pattern string, unanchored bool) (matcher, error) {
	if err := globs.Plain(pattern); err != nil {
		return matcher{}, err
	}
	// On its own first: what closes a group that it did not open must not get out of the
	// one below.
	re, err := regexp.Compile(pattern)
	if err == nil && !unanchored {
		re, err = regexp.Compile(`^(?:` + pattern + `)$`)
	}
	if err != nil {
		return matcher{}, fmt.Errorf("%q is not a regular expression: %w", pattern, err)
	}
	return matcher{text: pattern, re: re}, nil
}
