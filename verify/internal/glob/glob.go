// Package glob matches whole values against anchored patterns: "*" stands for any part of
// one segment between slashes, "**" for anything, "{name}" for one segment of a name's
// characters that is remembered, and every other character for itself.
package glob

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// MaxBytes bounds a pattern: the longest URLs in use are under 2 KiB.
const MaxBytes = 2048

// A Glob is a compiled pattern. The zero Glob matches nothing.
type Glob struct {
	text string
	// exact says that the value must be text itself.
	exact bool
	re    *regexp.Regexp
}

// captureName is what may stand between braces, and captureValue what it stands for.
const (
	captureName  = `[a-z][a-zA-Z0-9]{0,31}`
	captureValue = `[A-Za-z0-9._-]+`
)

var (
	wholeName  = lazy(`\A` + captureName + `\z`)
	bracedName = lazy(`\{` + captureName + `\}`)
)

// lazy compiles an expression when it is first used, for most runs of a program read no
// pattern.
func lazy(expression string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expression) })
}

// Compile reads a pattern in which nothing is captured; braces stand for themselves.
func Compile(pattern string) (Glob, error) { return compile(pattern, false) }

// CompileCapturing reads a pattern with captures. A name that is there twice must stand
// for the same text in both places.
func CompileCapturing(pattern string) (Glob, error) { return compile(pattern, true) }

func compile(pattern string, capturing bool) (Glob, error) {
	if err := Plain(pattern); err != nil {
		return Glob{}, err
	}
	if !strings.Contains(pattern, "*") && (!capturing || !strings.ContainsAny(pattern, "{}")) {
		return Glob{text: pattern, exact: true}, nil
	}
	var b strings.Builder
	b.WriteString(`\A`)
	for rest := pattern; rest != ""; {
		var err error
		if rest, err = next(&b, rest, capturing); err != nil {
			return Glob{}, fmt.Errorf("%q %w", pattern, err)
		}
	}
	b.WriteString(`\z`)
	re, err := regexp.Compile(b.String())
	return Glob{text: pattern, re: re}, err
}

// next writes the expression of the pattern's first piece and returns what follows it.
func next(b *strings.Builder, rest string, capturing bool) (string, error) {
	stops := "*"
	if capturing {
		stops = "*{}"
	}
	at := strings.IndexAny(rest, stops)
	if at < 0 {
		b.WriteString(regexp.QuoteMeta(rest))
		return "", nil
	}
	b.WriteString(regexp.QuoteMeta(rest[:at]))
	switch rest[at] {
	case '*':
		after := strings.TrimLeft(rest[at:], "*")
		if len(rest)-at-len(after) == 1 {
			b.WriteString(`[^/]*`)
		} else {
			b.WriteString(`(?s:.*)`)
		}
		return after, nil
	case '{':
		name, after, found := strings.Cut(rest[at+1:], "}")
		if !found || !wholeName().MatchString(name) {
			return "", errors.New("has a brace that does not name a capture, as in {repo}")
		}
		if strings.Contains(b.String(), "(?P<"+name+">") {
			return "", fmt.Errorf("captures {%s} twice", name)
		}
		b.WriteString("(?P<" + name + ">" + captureValue + ")")
		return after, nil
	}
	return "", errors.New("has a closing brace and no opening one")
}

// Match says whether the whole value is what the pattern means. A value that is not UTF-8
// never is: its broken bytes would all be taken for one character.
func (g Glob) Match(value string) bool {
	switch {
	case !utf8.ValidString(value):
		return false
	case g.exact:
		return value == g.text
	}
	return g.re != nil && g.re.MatchString(value)
}

// Capture is Match that also tells what the names in the pattern stand for.
func (g Glob) Capture(value string) (map[string]string, bool) {
	if !g.Match(value) {
		return nil, false
	}
	captured := map[string]string{}
	if g.re == nil {
		return captured, true
	}
	parts := g.re.FindStringSubmatch(value)
	for i, name := range g.re.SubexpNames() {
		if name != "" {
			captured[name] = parts[i]
		}
	}
	return captured, true
}

// Exact says whether one value alone matches.
func (g Glob) Exact() bool { return g.exact }

// Names are the names that the pattern captures, sorted.
func (g Glob) Names() []string {
	if g.re == nil {
		return nil
	}
	names := slices.DeleteFunc(g.re.SubexpNames(), func(n string) bool { return n == "" })
	slices.Sort(names)
	return names
}

func (g Glob) String() string { return g.text }

// ErrNotCaptured is why a text can't be filled.
var ErrNotCaptured = errors.New("which the image's pattern does not capture")

// Fill puts what was captured in the place of its name. What was captured has the
// characters of a name alone, so that it means itself in whatever it is put into. A name
// that was not captured is an error that wraps [ErrNotCaptured].
func Fill(text string, captured map[string]string) (string, error) {
	var missing string
	filled := bracedName().ReplaceAllStringFunc(text, func(name string) string {
		value, ok := captured[name[1:len(name)-1]]
		if !ok {
			missing = name
		}
		return value
	})
	if missing != "" {
		known := slices.Sorted(maps.Keys(captured))
		return "", fmt.Errorf("%q uses %s, %w (it captures %d: %s)", text, missing, ErrNotCaptured, len(known), strings.Join(known, ", "))
	}
	return filled, nil
}

// Captures are the names that text uses, each once, in order.
func Captures(text string) []string {
	var names []string
	for _, n := range bracedName().FindAllString(text, -1) {
		if n = n[1 : len(n)-1]; !slices.Contains(names, n) {
			names = append(names, n)
		}
	}
	return names
}

// Plain refuses patterns that nobody means.
func Plain(pattern string) error {
	switch {
	case pattern == "":
		return errors.New("is empty")
	case len(pattern) > MaxBytes:
		return fmt.Errorf("is over %d bytes", MaxBytes)
	case !utf8.ValidString(pattern) || strings.ContainsFunc(pattern, unicode.IsControl):
		return fmt.Errorf("%.100q has control characters or is not UTF-8", pattern)
	case strings.TrimSpace(pattern) != pattern:
		return fmt.Errorf("%q begins or ends with a space", pattern)
	}
	return nil
}
