package layout

import (
	"errors"
	"fmt"
	"path"
	"regexp"
	"strings"
)

// maxPatternBytes bounds a pattern of a rule.
const maxPatternBytes = 4 << 10

// compile makes a pattern of a rule (in-toto specification 1.0, 4.3.3: those of Unix
// shells, in which * also matches a slash) into an expression that takes linear time.
// What implementations read differently is refused: a backslash, which escapes in one and
// is a letter in another, and a [ without its ], which is a letter in one and matches
// nothing in another.
func compile(pattern string) (*regexp.Regexp, error) {
	if pattern == "" || len(pattern) > maxPatternBytes {
		return nil, fmt.Errorf("a pattern has 1 to %d bytes", maxPatternBytes)
	}
	rest := path.Clean(pattern)
	var b strings.Builder
	b.WriteString(`(?s)\A`)
	for rest != "" {
		switch rest[0] {
		case '\\':
			return nil, fmt.Errorf("%q has a backslash, which implementations of in-toto read differently", pattern)
		case '*':
			b.WriteString(".*")
			rest = rest[1:]
		case '?':
			b.WriteString(".")
			rest = rest[1:]
		case '[':
			class, after, err := classOf(rest)
			if err != nil {
				return nil, fmt.Errorf("%q: %w", pattern, err)
			}
			b.WriteString(class)
			rest = after
		default:
			n := strings.IndexAny(rest, `*?[\`)
			if n < 0 {
				n = len(rest)
			}
			b.WriteString(regexp.QuoteMeta(rest[:n]))
			rest = rest[n:]
		}
	}
	b.WriteString(`\z`)
	return regexp.Compile(b.String())
}

// classOf reads one [abc], [a-z] or [!a-z] and gives what follows it.
func classOf(text string) (class, rest string, err error) {
	body, rest, found := strings.Cut(text[1:], "]")
	negated := strings.HasPrefix(body, "!")
	body = strings.TrimPrefix(body, "!")
	switch {
	case !found || body == "":
		return "", "", errors.New("a [ has no ]")
	case strings.HasPrefix(body, "-") || strings.HasSuffix(body, "-") || strings.ContainsAny(body, `[\^`):
		return "", "", fmt.Errorf("[%s] is read differently by implementations of in-toto", body)
	}
	class = "["
	if negated {
		class += "^"
	}
	for i, r := range body {
		if r == '-' && i > 0 {
			class += "-"
			continue
		}
		class += regexp.QuoteMeta(string(r))
	}
	return class + "]", rest, nil
}
