package identity

import (
	"strings"
	"testing"
	"unicode/utf8"

	globs "github.com/carnet-project/carnet/verify/internal/glob"
)

// matches is the definition of a glob, word for word and as slow as it is plain.
func matches(pattern, value string) bool {
	switch {
	case pattern == "":
		return value == ""
	case strings.HasPrefix(pattern, "**"):
		rest := strings.TrimLeft(pattern, "*")
		for i := 0; i <= len(value); i++ {
			if matches(rest, value[i:]) {
				return true
			}
		}
		return false
	case pattern[0] == '*':
		for i := 0; i <= len(value); i++ {
			if matches(pattern[1:], value[i:]) {
				return true
			}
			if i < len(value) && value[i] == '/' {
				return false
			}
		}
		return false
	}
	return value != "" && value[0] == pattern[0] && matches(pattern[1:], value[1:])
}

func TestGlob(t *testing.T) {
	for _, c := range []struct {
		pattern, value string
		want           bool
	}{
		{"a", "a", true}, {"a", "ab", false}, {"a", "ba", false}, {"a", "", false},
		{"a.b", "axb", false}, {"a+", "aa", false}, {"[ab]", "a", false}, {"[bot]", "[bot]", true}, {"a?", "ab", false}, {"{a,b}", "a", false},
		{"*@acme.example", "dev@acme.example", true}, {"*@acme.example", "dev@acme.example.evil.example", false},
		{"*@acme.example", "https://evil.example/@acme.example", false}, {"*@acme.example", "x@evil.example\n@acme.example", true},
		{"https://github.com/acme/*", "https://github.com/acme/app", true}, {"https://github.com/acme/*", "https://github.com/acme/app/x", false},
		{"https://github.com/acme/**", "https://github.com/acme/app/x@refs/heads/main", true},
		{"https://github.com/acme/**", "https://github.com/acme-evil/app", false},
		{"**@refs/heads/main", "https://github.com/acme/app/w.yml@refs/heads/main", true}, {"**@refs/heads/main", "x@refs/heads/main2", false},
		{"refs/tags/v*", "refs/tags/v1.2.3", true}, {"refs/tags/v*", "refs/tags/v1/2", false}, {"refs/tags/v*", "refs/tags/v", true},
		{"a*b*c", "aXbYc", true}, {"a*b*c", "aXb/c", false}, {"a**b*c", "a/x/b/bc", true}, {"a***c", "a/b/c", true},
		{"\uFFFD", "\xff", false}, {"*", "\xff", false}, {"**", "", true}, {"a\\*", "a*", false},
	} {
		m, err := glob(c.pattern)
		if err != nil {
			t.Fatalf("%q: %v", c.pattern, err)
		}
		if m.match(c.value) != c.want {
			t.Errorf("%q on %q: %t", c.pattern, c.value, !c.want)
		}
	}
}

func TestPatternsThatNobodyMeans(t *testing.T) {
	for _, p := range []string{"", " a", "a ", "a\nb", "\x00", "\xff", strings.Repeat("a", globs.MaxBytes+1)} {
		if _, err := glob(p); err == nil {
			t.Errorf("%.20q is a glob", p)
		}
		if _, err := expression(p, false); err == nil {
			t.Errorf("%.20q is an expression", p)
		}
	}
	for _, p := range []string{"(", "a)|(?:b", `a\`, "[a", `\Qa`, "(?P<", `(\Q)`} {
		if _, err := expression(p, false); err == nil {
			t.Errorf("%q is an expression", p)
		}
	}
}

// An expression matches from end to end, whatever it does to get out of that.
func TestExpressionsAreAnchored(t *testing.T) {
	for _, p := range []string{"dev@acme.example", "^dev@acme.example$", "x|dev@acme.example", "(?m)^dev@acme.example$", "(?m:^dev@acme.example$)", "(?s)dev@acme.example"} {
		anchored, err := expression(p, false)
		if err != nil {
			t.Fatal(err)
		}
		if !anchored.match("dev@acme.example") {
			t.Errorf("%q does not match itself", p)
		}
		for _, v := range []string{"dev@acme.example.evil.example", "x-dev@acme.example", "evil\ndev@acme.example\nevil", "dev@acme.example\n", "\ndev@acme.example"} {
			if anchored.match(v) {
				t.Errorf("%q matches %q", p, v)
			}
		}
	}
	loose, err := expression("acme", true)
	if err != nil || !loose.match("dev@acme.example") {
		t.Error("an expression is anchored that should not be", err)
	}
}

// The matcher does what the definition says, and a glob without wildcards matches
// itself and nothing else.
func FuzzGlob(f *testing.F) {
	for _, s := range [][2]string{{"a*b", "axb"}, {"**/x@*", "a/b/x@y"}, {"a***b", "a/b"}, {"*a*b*", "xaybz"}, {".+", "ab"}, {"\uFFFD", "\xff"}, {"K", "\u212a"}} {
		f.Add(s[0], s[1])
	}
	f.Fuzz(func(t *testing.T, pattern, value string) {
		if len(pattern) > 30 || len(value) > 60 {
			return
		}
		m, err := glob(pattern)
		if err != nil {
			return
		}
		got := m.match(value)
		if want := utf8.ValidString(value) && matches(pattern, value); got != want {
			t.Errorf("%q on %q: %t", pattern, value, got)
		}
		if !strings.Contains(pattern, "*") && got != (pattern == value) {
			t.Errorf("%q, which has no wildcard, on %q: %t", pattern, value, got)
		}
	})
}

// Whatever an expression is, no match of it has anything before or behind it.
func FuzzExpression(f *testing.F) {
	f.Add("a|b", "ab")
	f.Add(`\Qa`, "a)$")
	f.Add("a)|(?:b", "b")
	f.Fuzz(func(t *testing.T, pattern, value string) {
		if len(pattern) > 100 || len(value) > 100 {
			return
		}
		m, err := expression(pattern, false)
		if err != nil || !m.match(value) {
			return
		}
		m.re.Longest()
		if at := m.re.FindStringIndex(value); at == nil || at[0] != 0 || at[1] != len(value) {
			t.Errorf("%q matches a part of %q: %v", pattern, value, at)
		}
	})
}
