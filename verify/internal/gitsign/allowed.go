package gitsign

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"time"
)

// maxSigners bounds an allowed_signers file, in bytes and lines.
const (
	maxSignersBytes = 1 << 20
	maxSigners      = 10_000
)

// An allowed is one line of an allowed_signers file.
type allowed struct {
	principals string
	blob       []byte
	// after and before bound when the key counts; zero is no bound.
	after, before time.Time
	// namespaces are patterns, of which one must be for git; nil is any.
	namespaces []string
}

// ParseAllowedSigners reads an allowed_signers file (ssh-keygen(1), ALLOWED SIGNERS). Times
// without a zone are in UTC, so that the file means the same on every machine. A line that
// can't be read, and one with cert-authority, which is not supported, refuses the whole file.
func ParseAllowedSigners(text string) (*Signers, error) {
	if len(text) > maxSignersBytes {
		return nil, fmt.Errorf("the allowed_signers file has %d bytes, more than %d", len(text), maxSignersBytes)
	}
	var all []allowed
	n := 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		a, err := parseAllowed(line)
		if err != nil {
			return nil, fmt.Errorf("line %d of the allowed_signers file %w", n, err)
		}
		if all = append(all, a); len(all) > maxSigners {
			return nil, fmt.Errorf("the allowed_signers file has more than %d signers", maxSigners)
		}
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("the allowed_signers file names nobody")
	}
	return &Signers{allowed: all}, nil
}

// parseAllowed reads "PRINCIPALS [OPTIONS] TYPE KEY [COMMENT]".
func parseAllowed(line string) (allowed, error) {
	var a allowed
	fields := words(line)
	if len(fields) < 3 {
		return a, fmt.Errorf("is not PRINCIPALS [OPTIONS] TYPE KEY")
	}
	a.principals = strings.Trim(fields[0], `"`)
	rest := fields[1:]
	if !isKeyType(rest[0]) {
		if err := a.options(rest[0]); err != nil {
			return a, err
		}
		rest = rest[1:]
	}
	if len(rest) < 2 {
		return a, fmt.Errorf("has no key")
	}
	blob, err := base64.StdEncoding.DecodeString(rest[1])
	if err != nil {
		return a, fmt.Errorf("has a key that is not base64")
	}
	key, ok := parsePublicKey(blob)
	if !ok || key.kind != rest[0] {
		return a, fmt.Errorf("has a key of type %.64q that is not accepted: want ssh-ed25519, ecdsa-sha2-nistp256, -384 or -521, ssh-rsa of %d bits, or a security key", rest[0], minRSA)
	}
	a.blob = blob
	return a, nil
}

// isKeyType tells a type of key from options: of these none begins so.
func isKeyType(word string) bool {
	return strings.HasPrefix(word, "ssh-") || strings.HasPrefix(word, "ecdsa-") || strings.HasPrefix(word, "sk-")
}

// words splits a line at spaces outside of quotes.
func words(line string) []string {
	var all []string
	quoted, start := false, -1
	for i := 0; i <= len(line); i++ {
		space := i == len(line) || !quoted && (line[i] == ' ' || line[i] == '\t')
		switch {
		case space && start >= 0:
			all, start = append(all, line[start:i]), -1
		case !space && start < 0:
			start = i
		}
		if i < len(line) && line[i] == '"' {
			quoted = !quoted
		}
	}
	return all
}

func (a *allowed) options(text string) error {
	for _, option := range splitOptions(text) {
		name, value, _ := strings.Cut(option, "=")
		if len(value) >= 2 && value[0] == '"' && value[len(value)-1] == '"' {
			value = value[1 : len(value)-1]
		}
		var err error
		switch strings.ToLower(name) {
		case "namespaces":
			a.namespaces = strings.Split(value, ",")
		case "valid-after":
			a.after, err = parseTime(value)
		case "valid-before":
			a.before, err = parseTime(value)
		case "cert-authority":
			return fmt.Errorf("has the option cert-authority: SSH certificates are not supported, list the keys themselves")
		default:
			return fmt.Errorf("has the unknown option %.64q", name)
		}
		if err != nil {
			return err
		}
	}
	if !a.after.IsZero() && !a.before.IsZero() && !a.after.Before(a.before) {
		return fmt.Errorf("is never valid: valid-after is not before valid-before")
	}
	return nil
}

// splitOptions splits at commas outside of quotes.
func splitOptions(text string) []string {
	var all []string
	quoted, start := false, 0
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '"':
			quoted = !quoted
		case text[i] == ',' && !quoted:
			all, start = append(all, text[start:i]), i+1
		}
	}
	return append(all, text[start:])
}

// parseTime reads YYYYMMDD, YYYYMMDDHHMM or YYYYMMDDHHMMSS, each with a Z or without.
func parseTime(value string) (time.Time, error) {
	digits := strings.TrimSuffix(value, "Z")
	for _, layout := range []string{"20060102", "200601021504", "20060102150405"} {
		if len(digits) != len(layout) {
			continue
		}
		if t, err := time.Parse(layout, digits); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("has the time %.64q, want YYYYMMDD[HHMM[SS]][Z]", value)
}

// forGit says whether the line is for signatures of git.
func (a allowed) forGit() bool {
	return a.namespaces == nil || matchList(a.namespaces, namespace)
}

// matchList is OpenSSH's: any pattern, and none of those with an exclamation mark.
func matchList(patterns []string, value string) bool {
	if slices.ContainsFunc(patterns, func(p string) bool { return strings.HasPrefix(p, "!") && matchPattern(p[1:], value) }) {
		return false
	}
	return slices.ContainsFunc(patterns, func(p string) bool { return !strings.HasPrefix(p, "!") && matchPattern(p, value) })
}

// matchPattern matches * and ?, as ssh_config(5) has them, without backtracking more than
// once for each star.
func matchPattern(pattern, value string) bool {
	p, v, star, mark := 0, 0, -1, 0
	for v < len(value) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, v
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == value[v]):
			p, v = p+1, v+1
		case star >= 0:
			mark++
			p, v = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// keyed are the lines that name the key.
func keyed(all []allowed, blob []byte) []allowed {
	var lines []allowed
	for _, a := range all {
		if bytes.Equal(a.blob, blob) {
			lines = append(lines, a)
		}
	}
	return lines
}
