package strict

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/carnet-project/carnet/attest"
)

// Text is a string, kept in into unless that is nil.
func Text(into *string) Check {
	return text(into, func(string) string { return "" })
}

// Pattern is a string that is empty or of which holds says yes.
func Pattern(into *string, want string, holds func(string) bool) Check {
	return text(into, func(s string) string {
		if holds(s) {
			return ""
		}
		return want
	})
}

// OneOf is one of a few words.
func OneOf(into *string, words ...string) Check {
	want := strconv.Quote(words[0])
	if len(words) > 1 {
		want = "one of " + strings.Join(words, ", ")
	}
	return Pattern(into, want, func(s string) bool { return slices.Contains(words, s) })
}

// URI is an absolute URI: a scheme, and something after it.
func URI(into *string) Check {
	return Pattern(into, "an absolute URI", IsURI)
}

// Time is a time of RFC 3339.
func Time(into *time.Time) Check {
	return Pattern(nil, "a time of RFC 3339 such as 2006-01-02T15:04:05Z", func(s string) bool {
		t, err := time.Parse(time.RFC3339, s)
		if err == nil && into != nil {
			*into = t
		}
		return err == nil
	})
}

// text reads a string; wanted gives what it should have been, or "".
func text(into *string, wanted func(string) string) Check {
	return func(r *Reader) (bool, error) {
		if r.Kind() != '"' {
			return false, r.unlike("a string")
		}
		token, err := r.token()
		if err != nil {
			return false, err
		}
		s := token.String()
		if s == "" {
			return false, nil
		}
		if want := wanted(s); want != "" {
			return false, Fault(attest.FaultMalformed, r.Where(), "is %q, want %s", Clip(s), want)
		}
		if into != nil {
			*into = s
		}
		return true, nil
	}
}

// Count is a whole number of at least least.
func Count(least int64) Check {
	return func(r *Reader) (bool, error) {
		if r.Kind() != '0' {
			return false, r.unlike("a number")
		}
		token, err := r.token()
		if err != nil {
			return false, err
		}
		if n, err := strconv.ParseInt(token.String(), 10, 64); err != nil || n < least {
			return false, Fault(attest.FaultMalformed, r.Where(), "is %s, want a whole number of at least %d", Clip(token.String()), least)
		}
		return true, nil
	}
}

// Bool is true or false.
func Bool(into *bool) Check {
	return func(r *Reader) (bool, error) {
		if k := r.Kind(); k != 't' && k != 'f' {
			return false, r.unlike("true or false")
		}
		token, err := r.token()
		if err == nil && into != nil {
			*into = token.Bool()
		}
		return err == nil, err
	}
}

// Any is any value, skipped.
func Any() Check { return kinds("a value", `n"0tf[{`) }

// AnyObject is an object of any members, skipped.
func AnyObject() Check { return kinds("an object", "{") }

// AnyArray is an array of any elements, skipped.
func AnyArray() Check { return kinds("an array", "[") }

// kinds skips a value of one of the kinds. It holds something unless it is empty.
func kinds(want, kinds string) Check {
	return func(r *Reader) (bool, error) {
		k := r.Kind()
		if k != 0 && !strings.ContainsRune(kinds, rune(k)) {
			return false, r.unlike(want)
		}
		if k == '{' || k == '[' {
			return r.skipCompound()
		}
		value, err := r.dec.ReadValue()
		if err != nil {
			return false, r.syntax(err)
		}
		return k != 'n' && string(value) != `""`, nil
	}
}

// skipCompound skips an array or object in one pass and says whether it is empty.
func (r *Reader) skipCompound() (bool, error) {
	if _, err := r.token(); err != nil {
		return false, err
	}
	filled := false
	for k := r.Kind(); k != ']' && k != '}'; k = r.Kind() {
		filled = true
		if err := r.skip(); err != nil {
			return false, err
		}
	}
	_, err := r.token()
	return filled, err
}

// Raw passes what check passes and keeps the bytes of it, a window onto the
// document.
func Raw(into *[]byte, check Check) Check {
	return func(r *Reader) (bool, error) {
		if r.from != nil {
			return false, Fault(attest.FaultUnsupported, r.Where(), "is not kept of a document that is not in memory")
		}
		start := r.dec.InputOffset() // the end of the token before, not yet this value
		filled, err := check(r)
		if err == nil {
			*into = bytes.TrimLeft(r.raw[start:r.dec.InputOffset()], " \t\r\n:,")
		}
		return filled, err
	}
}

// IsURI says whether s has the form of an absolute URI (RFC 3986, section 3): a
// scheme, a colon, and something without spaces after it.
func IsURI(s string) bool {
	scheme, rest, found := strings.Cut(s, ":")
	if !found || scheme == "" || strings.Trim(rest, "/") == "" {
		return false
	}
	for i, c := range scheme {
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
		if !letter && (i == 0 || !strings.ContainsRune("0123456789+-.", c)) {
			return false
		}
	}
	return !strings.ContainsFunc(s, func(c rune) bool { return unicode.IsSpace(c) || unicode.IsControl(c) })
}
