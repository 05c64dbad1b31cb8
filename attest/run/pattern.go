package run

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/bmatcuk/doublestar/v4"
)

const (
	maxPatterns     = 1000
	maxPatternBytes = 4096
)

// A Selection chooses files by their paths.
type Selection struct{ include, exclude []pattern }

// A pattern is one of a selection's. What has no wildcard is compared as it is.
type pattern struct {
	text    string
	literal bool
}

// Select reads patterns. A pattern is a slash path relative to the working folder, in
// which ? and * stand for characters of one name, ** for any number of folders, [a-z] for
// one of several characters and {a,b} for alternatives. A pattern that fits a folder
// chooses all that is below it, so that "src" and "src/**" are equal and "." is everything.
// A pattern that begins with ! takes files away again, wherever it stands among the
// others. Patterns are compared by bytes, upper and lower case apart.
//
// No patterns choose nothing. A pattern that is absolute, leads out of the folder by "..",
// or is not well formed is an error, and so are patterns that only take away.
func Select(patterns []string) (Selection, error) {
	var s Selection
	if len(patterns) > maxPatterns {
		return s, fmt.Errorf("%d patterns are given, want at most %d", len(patterns), maxPatterns)
	}
	for _, given := range patterns {
		rest, negative := strings.CutPrefix(given, "!")
		p, err := parsePattern(rest)
		if err != nil {
			return Selection{}, fmt.Errorf("the pattern %q %w", given, err)
		}
		if negative {
			s.exclude = append(s.exclude, p)
		} else {
			s.include = append(s.include, p)
		}
	}
	if len(s.include) == 0 && len(s.exclude) > 0 {
		return Selection{}, fmt.Errorf("the pattern %q takes files away where none are chosen: give one without ! as well", "!"+s.exclude[0].text)
	}
	return s, nil
}

func parsePattern(text string) (pattern, error) {
	switch {
	case text == "":
		return pattern{}, fmt.Errorf("is empty")
	case len(text) > maxPatternBytes:
		return pattern{}, fmt.Errorf("has %d bytes, want at most %d", len(text), maxPatternBytes)
	case !utf8.ValidString(text):
		return pattern{}, fmt.Errorf("is not UTF-8")
	case path.IsAbs(text):
		return pattern{}, fmt.Errorf("is absolute: patterns are relative to the working folder")
	case slices.Contains(strings.Split(text, "/"), ".."):
		return pattern{}, fmt.Errorf("leads out of a folder: nothing outside of the working folder is recorded")
	}
	clean := path.Clean(text)
	if !doublestar.ValidatePattern(clean) {
		return pattern{}, fmt.Errorf("is not well formed")
	}
	return pattern{clean, !strings.ContainsAny(clean, `*?[{\`)}, nil
}

// Empty says that nothing is chosen.
func (s Selection) Empty() bool { return len(s.include) == 0 }

// Match says whether the file of a slash path is chosen.
func (s Selection) Match(name string) bool {
	fits := func(p pattern) bool { return p.match(name) }
	return slices.ContainsFunc(s.include, fits) && !slices.ContainsFunc(s.exclude, fits)
}

// match says whether a file, or a folder above it, fits the pattern.
func (p pattern) match(name string) bool {
	switch {
	case p.text == "." || p.text == "**":
		return true
	case p.literal:
		rest, below := strings.CutPrefix(name, p.text)
		return below && (rest == "" || rest[0] == '/')
	}
	for end := len(name); end > 0; end = strings.LastIndexByte(name[:end], '/') {
		if doublestar.MatchUnvalidated(p.text, name[:end]) {
			return true
		}
	}
	return false
}

// bases are the folders, without wildcards, below which everything lies that can be
// chosen; none lies in another. A base may also be a file.
func (s Selection) bases() []string {
	var all []string
	for _, p := range s.include {
		base := p.text
		if !p.literal {
			base, _ = doublestar.SplitPattern(p.text)
		}
		all = append(all, base)
	}
	slices.Sort(all)
	var kept []string
	for _, b := range all {
		inside := func(k string) bool { return k == "." || b == k || strings.HasPrefix(b, k+"/") }
		if !slices.ContainsFunc(kept, inside) {
			kept = append(kept, b)
		}
	}
	if slices.Contains(kept, ".") {
		return []string{"."}
	}
	return kept
}
