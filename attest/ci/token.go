package ci

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"time"
)

// MaxTokenBytes bounds an identity token: 64 KiB, many times what issuers give.
const MaxTokenBytes = 64 << 10

// DefaultAudience is the audience that Fulcio expects (sigstore/fulcio,
// config/identity/config.yaml: the client-id of every public issuer).
const DefaultAudience = "sigstore"

// A Token is an OpenID Connect identity token (OpenID Connect Core 1.0, section 2): what
// an issuer says of whoever holds it. Nobody has verified it.
type Token struct {
	// Raw is the token itself. Who has it can sign in its holder's name until it expires.
	Raw Secret
	// Source says in words where the token is from, such as "GitHub Actions".
	Source   string
	Issuer   string
	Subject  string
	Audience []string
	// Email is the holder's address, and EmailVerified says that the issuer checked it.
	Email         string
	EmailVerified bool
	// Expires and NotBefore bound the token's life; NotBefore may be zero.
	Expires, NotBefore time.Time
	// Claims are all claims that are a string, a number or a boolean, as text.
	Claims map[string]string
	// connector is the identity provider behind an issuer that federates several.
	connector string
}

// A TokenError refuses a token. It holds no part of it but the claim that is wrong.
type TokenError struct {
	Source, Issuer string
	// Claim is the claim at fault, or "" for a token that can't be read.
	Claim string
	// Expected and Found are the claim's value as it must be and as it is, in words.
	Expected, Found string
}

func (e *TokenError) Error() string {
	whose := "the identity token"
	if e.Source != "" {
		whose += " from " + e.Source
	}
	if e.Issuer != "" {
		whose += fmt.Sprintf(", issued by %q,", clip(e.Issuer))
	}
	if e.Claim == "" {
		return whose + " " + e.Found
	}
	return fmt.Sprintf("%s has the %s %s, want %s", whose, e.Claim, e.Found, e.Expected)
}

// ParseToken reads a signed JWT in its compact form (RFC 7515, section 7.1; RFC 7519). It
// refuses what two parsers could read differently. The error is a *[TokenError] and
// holds no part of raw but names of claims.
func ParseToken(raw string) (Token, error) {
	raw = strings.TrimSpace(raw)
	if len(raw) > MaxTokenBytes {
		return Token{}, &TokenError{Found: fmt.Sprintf("is over %d bytes", MaxTokenBytes)}
	}
	parts := strings.Split(raw, ".")
	if len(parts) != 3 {
		return Token{}, &TokenError{Found: fmt.Sprintf("is not a signed JWT: it has %d parts between dots, want 3", len(parts))}
	}
	decoded := make([][]byte, len(parts))
	for i, p := range parts {
		var err error
		if decoded[i], err = base64.RawURLEncoding.Strict().DecodeString(p); err != nil || len(p) == 0 {
			return Token{}, &TokenError{Found: fmt.Sprintf("is not a signed JWT: its part %d is not base64url", i+1)}
		}
	}
	if err := checkHeader(decoded[0]); err != nil {
		return Token{}, err
	}
	t := Token{Raw: NewSecret(raw), Claims: map[string]string{}}
	if err := t.read(decoded[1]); err != nil {
		return Token{}, err
	}
	return t, nil
}

// Check holds a token to what a certificate authority asks: an issuer, a subject, the
// audience, and that it has not expired at a time. The error is a *[TokenError].
func (t Token) Check(audience string, at time.Time) error {
	refuse := func(claim, expected, found string) error {
		return &TokenError{Source: t.Source, Issuer: t.Issuer, Claim: claim, Expected: expected, Found: found}
	}
	const clockSkew = time.Minute
	switch {
	case !strings.HasPrefix(t.Issuer, "https://") && !strings.HasPrefix(t.Issuer, "http://"):
		return refuse("issuer (iss)", "a URL", fmt.Sprintf("%q", clip(t.Issuer)))
	case t.Subject == "":
		return refuse("subject (sub)", "a name", `""`)
	case !slices.Contains(t.Audience, audience):
		return refuse("audience (aud)", fmt.Sprintf("%q", audience), quoted(t.Audience))
	case t.Expires.IsZero():
		return refuse("expiry (exp)", "a time", "none")
	case !at.Before(t.Expires):
		return refuse("expiry (exp)", "one after "+at.UTC().Format(time.RFC3339), t.Expires.UTC().Format(time.RFC3339))
	case at.Add(clockSkew).Before(t.NotBefore):
		return refuse("start (nbf)", "one before "+at.UTC().Format(time.RFC3339), t.NotBefore.UTC().Format(time.RFC3339))
	case t.Email != "" && !t.EmailVerified:
		return refuse("e-mail address (email)", "one that the issuer has verified (email_verified)", fmt.Sprintf("%q", clip(t.Email)))
	}
	return nil
}

// from names the token's source, in the token or in the error of reading it.
func from(source string, t Token, err error) (Token, error) {
	if e, ok := err.(*TokenError); ok {
		e.Source = source
	}
	t.Source = source
	return t, err
}

// Private says whether the token marks the repository that it speaks for as not public
// (GitHub's repository_visibility, GitLab's project_visibility), and what it calls that.
func (t Token) Private() (visibility string, private bool) {
	for _, claim := range []string{"repository_visibility", "project_visibility"} {
		if v, ok := t.Claims[claim]; ok && v != "public" {
			return v, true
		}
	}
	return "", false
}

func quoted(values []string) string {
	if len(values) == 0 {
		return "none"
	}
	words := make([]string, 0, len(values))
	for i, v := range values {
		if i == 4 {
			words = append(words, fmt.Sprintf("%d more", len(values)-i))
			break
		}
		words = append(words, fmt.Sprintf("%q", clip(v)))
	}
	return strings.Join(words, ", ")
}

// clip keeps foreign text short enough for a message.
func clip(s string) string {
	const most = 160
	if len(s) <= most {
		return s
	}
	return s[:most] + "…"
}
