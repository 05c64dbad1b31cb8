package strictyaml

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"go.yaml.in/yaml/v3"
)

var (
	sexagesimal = lazy(`^[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?$`)
	fraction    = lazy(`^(0|1|0\.[0-9]{1,15})$`)
	duration    = lazy(`^([0-9]+)(m|h|d)$`)
)

// maxLabel bounds a line of text that is shown to people, in bytes.
const maxLabel = 200

// Text reads a string that looks like one: 010, yes, null and dates are other things to
// some readers, and must be in quotes.
func Text(n *yaml.Node, what string) (string, error) {
	if n.Kind != yaml.ScalarNode || n.Tag != "!!str" || n.Style == 0 && Ambiguous(n.Value) {
		return "", At(n, "%s must be text, and is %s: put it in quotes if it is meant", what, Kind(n))
	}
	if n.Value == "" {
		return "", At(n, "%s is empty", what)
	}
	return n.Value, nil
}

// Ambiguous says whether YAML 1.1 reads plain text as a truth value or as a number to the
// base of 60, where YAML 1.2 does not.
func Ambiguous(plain string) bool {
	if slices.Contains([]string{"y", "n", "yes", "no", "on", "off"}, strings.ToLower(plain)) {
		return true
	}
	return sexagesimal().MatchString(plain)
}

// Label reads a line of text that is shown to people, of at most 200 bytes.
func Label(n *yaml.Node, what string) (string, error) {
	s, err := Text(n, what)
	if err != nil {
		return "", err
	}
	if len(s) > maxLabel || strings.TrimSpace(s) != s || strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return "", At(n, "%s must be one line of at most %d bytes, without space around it", what, maxLabel)
	}
	return s, nil
}

// Moment reads a time with its zone.
func Moment(n *yaml.Node, what string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339, n.Value)
	if n.Kind != yaml.ScalarNode || err != nil || t.IsZero() {
		return time.Time{}, At(n, "%s must be a time with its zone, as in 2026-01-31T12:00:00Z (RFC 3339), and is %s", what, Kind(n))
	}
	return t.UTC(), nil
}

// Date reads a day, which is its first moment in UTC, or a time with its zone.
func Date(n *yaml.Node, what string) (time.Time, error) {
	t, err := time.Parse(time.DateOnly, n.Value)
	if err != nil {
		t, err = time.Parse(time.RFC3339, n.Value)
	}
	if n.Kind != yaml.ScalarNode || err != nil || t.UTC().Year() < 1 || t.IsZero() {
		return time.Time{}, At(n, "%s must be a date as in 2026-01-31, or a time with its zone as in 2026-01-31T12:00:00Z (RFC 3339), and is %s", what, Kind(n))
	}
	return t.UTC(), nil
}

// Whole reads a whole number in decimal digits, from least to most.
func Whole(n *yaml.Node, what string, least, most int) (int, error) {
	v, err := strconv.Atoi(n.Value)
	if n.Kind != yaml.ScalarNode || n.Tag != "!!int" || err != nil || strconv.Itoa(v) != n.Value || v < least || v > most {
		return 0, At(n, "%s must be a whole number from %d to %d, and is %s", what, least, most, Kind(n))
	}
	return v, nil
}

// Fraction reads a number from 0 to 1 in decimal digits, as in 0.25.
func Fraction(n *yaml.Node, what string) (float64, error) {
	v, err := strconv.ParseFloat(n.Value, 64)
	if n.Kind != yaml.ScalarNode || n.Style != 0 || !fraction().MatchString(n.Value) || err != nil {
		return 0, At(n, "%s must be a number from 0 to 1 as in 0.25, and is %s", what, Kind(n))
	}
	return v, nil
}

// Boolean reads true or false, in these letters.
func Boolean(n *yaml.Node, what string) (bool, error) {
	if n.Kind != yaml.ScalarNode || n.Tag != "!!bool" || n.Value != "true" && n.Value != "false" {
		return false, At(n, "%s must be true or false, and is %s", what, Kind(n))
	}
	return n.Value == "true", nil
}

// Duration reads a number of minutes, hours or days: 90m, 36h, 14d. It is more than zero
// and at most 100 years.
func Duration(n *yaml.Node, what string) (time.Duration, error) {
	m := duration().FindStringSubmatch(n.Value)
	if n.Kind != yaml.ScalarNode || m == nil {
		return 0, At(n, "%s must be minutes, hours or days as in 90m, 36h or 14d, and is %s", what, Kind(n))
	}
	unit := map[string]time.Duration{"m": time.Minute, "h": time.Hour, "d": 24 * time.Hour}[m[2]]
	count, err := strconv.ParseInt(m[1], 10, 64)
	if err != nil || count < 1 || count > int64(100*365*24*time.Hour/unit) {
		return 0, At(n, "%s must be more than zero and at most 36500d, and is %s", what, Kind(n))
	}
	return time.Duration(count) * unit, nil
}
