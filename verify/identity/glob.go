package identity

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxPattern bounds a pattern in bytes: the longest URLs in use are under 2 KiB.
const maxPattern = 2048

// A matcher is a compiled pattern for one value.
type matcher struct {
	text string
	// exact says that the value must be text itself.
	exact bool
	re    *regexp.Regexp
}

// match says whether the whole value is what the pattern means. A value that is not
// UTF-8 never is: its broken bytes would all be taken for one character.
func (m matcher) match(value string) bool {
	switch {
	case !utf8.ValidString(value):
		return false
	case m.exact:
		return value == m.text
	}
	return m.re != nil && m.re.MatchString(value)
}

// glob compiles an anchored glob.
func glob(pattern string) (matcher, error) {
	if err := plain(pattern); err != nil {
		return matcher{}, err
	}
	if !strings.Contains(pattern, "*") {
		return matcher{text: pattern, exact: true}, nil
	}
	var b strings.Builder
	b.WriteString(`\A`)
	for rest := pattern; rest != ""; {
		literal, after, found := strings.Cut(rest, "*")
		b.WriteString(regexp.QuoteMeta(literal))
		if !found {
			break
		}
		rest = strings.TrimLeft(after, "*")
		if rest == after {
			b.WriteString(`[^/]*`)
		} else {
			b.WriteString(`(?s:.*)`)
		}
	}
	b.WriteString(`\z`)
	re, err := regexp.Compile(b.String())
	return matcher{text: pattern, re: re}, err
}

// expression compiles a regular expression in RE2's syntax, which takes linear time. It
// must match the whole value, unless unanchored.
func expression(pattern string, unanchored bool) (matcher, error) {
	if err := plain(pattern); err != nil {
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

// plain refuses patterns that nobody means.
func plain(pattern string) error {
	switch {
	case pattern == "":
		return fmt.Errorf("is empty")
	case len(pattern) > maxPattern:
		return fmt.Errorf("is over %d bytes", maxPattern)
	case !utf8.ValidString(pattern) || strings.ContainsFunc(pattern, unicode.IsControl):
		return fmt.Errorf("%.100q has control characters or is not UTF-8", pattern)
	case strings.TrimSpace(pattern) != pattern:
		return fmt.Errorf("%q begins or ends with a space", pattern)
	}
	return nil
}
