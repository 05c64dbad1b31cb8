package identity

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/verify"
	globs "github.com/carnet-project/carnet/verify/internal/glob"
)

// A Mismatch is the first thing in which a certificate is not what a pattern asks for.
type Mismatch struct {
	// Field is what differs: "issuer", "identity", "repository", "trigger", a claim's name.
	Field           string
	Expected, Found string
	// Flags are arguments of carnet verify that would accept what was found, quoted for
	// a shell; "" where there are none.
	Flags string
	// agreed is how many fields before this one were right.
	agreed int
}

func (m *Mismatch) Error() string {
	return m.Field + ": expected " + m.Expected + ", found " + m.Found
}

// Agreed is how many things were right before this one: of several mismatches the one with
// the most says best what is wrong.
func (m *Mismatch) Agreed() int { return m.agreed }

// Match holds a certificate against the pattern. The error is nil or a *[Mismatch].
func (p Pattern) Match(c attest.Certificate) error {
	if len(p.fields) == 0 {
		return &Mismatch{Field: "identity", Expected: "nobody", Found: named(c)}
	}
	for i, f := range p.fields {
		values := f.read(c)
		if f.accepts(values) {
			continue
		}
		m := &Mismatch{Field: f.name, Expected: f.expected(), Found: found(values), agreed: i}
		if f.flag != nil {
			m.Flags = f.flag(c)
		}
		return m
	}
	return nil
}

func (f field) accepts(values []string) bool {
	for _, v := range values {
		if v == "" {
			continue
		}
		if f.fold {
			v = lower(v)
		}
		for _, m := range f.want {
			if m.match(v) {
				return true
			}
		}
	}
	return false
}

func (f field) expected() string {
	var texts []string
	for _, m := range f.want {
		texts = append(texts, m.text)
	}
	return strings.Join(texts, " or ")
}

// found joins what the certificate says, each value once.
func found(values []string) string {
	var texts []string
	for i, v := range values {
		if v != "" && (i == 0 || v != values[i-1]) {
			texts = append(texts, v)
		}
	}
	if len(texts) == 0 {
		return "nothing: the certificate does not say"
	}
	return strings.Join(texts, " and ")
}

// Accept is how a root of trust asks whether the holder of a good certificate is one of
// those that the patterns describe. It answers nil or a *[verify.Error] that shows who
// the holder is, in what the likeliest pattern differs, and the arguments that would
// accept it. No pattern accepts nobody.
func Accept(patterns ...Pattern) func(attest.Certificate) error {
	return func(c attest.Certificate) error {
		nearest := &Mismatch{agreed: -1, Flags: identityFlags(c)}
		for _, p := range patterns {
			err := p.Match(c)
			if err == nil {
				return nil
			}
			if m := err.(*Mismatch); m.agreed > nearest.agreed {
				nearest = m
			}
		}
		return refusal(patterns, nearest, c)
	}
}

func refusal(patterns []Pattern, m *Mismatch, c attest.Certificate) error {
	expected := "a signature by an accepted identity, of which there is none"
	switch len(patterns) {
	case 0:
	case 1:
		expected = "a signature by " + patterns[0].String()
	default:
		expected = fmt.Sprintf("a signature by one of %d accepted identities, the first of them %s", len(patterns), patterns[0])
	}
	found := "a signature by " + named(c)
	if m.Field != "" && m.Field != "identity" && m.Field != "issuer" {
		found += ", whose " + m.Field + " is " + m.Found + " and not " + m.Expected
	}
	if m.Flags != "" {
		found += "; what would accept it: " + m.Flags
	}
	return &verify.Error{Reason: verify.ReasonIdentityMismatch, Expected: expected, Found: found}
}

func named(c attest.Certificate) string { return verify.Identity{Certificate: &c}.String() }

// identityFlags are the arguments that accept exactly this subject of this issuer.
func identityFlags(c attest.Certificate) string {
	issuer := "--certificate-oidc-issuer none"
	if c.Issuer != "" {
		issuer = literal("--certificate-oidc-issuer", c.Issuer)
	}
	subject := literal("--certificate-identity", c.Subject)
	if subject == "" || issuer == "" {
		return ""
	}
	return subject + " " + issuer
}

// literal is a flag that means value and nothing else, or "" if there is none. What has
// a star in it goes as an expression: as a glob it would accept others, too.
func literal(flag, value string) string {
	if strings.Contains(value, "*") {
		flag, value = flag+"-regexp", regexp.QuoteMeta(value)
	}
	return argument(flag, value)
}

// argument writes a flag and its value for a shell to read, or "" for a value that a
// person could not check by eye.
func argument(flag, value string) string {
	if value == "" || len(value) > globs.MaxBytes || !utf8.ValidString(value) ||
		strings.ContainsFunc(value, func(r rune) bool { return !unicode.IsGraphic(r) || unicode.IsSpace(r) && r != ' ' }) {
		return ""
	}
	return flag + " '" + strings.ReplaceAll(value, "'", `'\''`) + "'"
}
