package strictyaml_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/carnet-project/carnet/verify/internal/strictyaml"
)

// scalar is the value of the field x.
func scalar(t *testing.T, text string) *yaml.Node {
	t.Helper()
	doc, err := strictyaml.Document([]byte("x: "+text+"\n"), "a test")
	if err != nil {
		t.Fatal(err)
	}
	return doc.Content[1]
}

func TestScalars(t *testing.T) {
	day := time.Date(2026, 6, 30, 0, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		what string
		read func(*yaml.Node) (any, error)
		good map[string]any
		bad  []string
	}{
		{"text", func(n *yaml.Node) (any, error) { return strictyaml.Text(n, "x") },
			map[string]any{"a": "a", `"010"`: "010", `"yes"`: "yes", "refs/tags/v*": "refs/tags/v*", "10.0.0.1:5000": "10.0.0.1:5000", "36h": "36h"},
			[]string{"010", "0o10", "0x1F", "1_000", "1e3", ".inf", "yes", "No", "ON", "y", "true", "null", "~", "", "''", "2026-06-30", "12:30:45", "190:20", "<<", "[a]", "{a: b}"}},
		{"label", func(n *yaml.Node) (any, error) { return strictyaml.Label(n, "x") },
			map[string]any{"a b": "a b"}, []string{`"a\nb"`, `" a"`, `"a\e[0m"`, strings.Repeat("a", 201)}},
		{"moment", func(n *yaml.Node) (any, error) { return strictyaml.Moment(n, "x") },
			map[string]any{"2026-06-30T00:00:00Z": day, `"2026-06-30T02:00:00+02:00"`: day},
			[]string{"2026-06-30", "2026-06-30 00:00:00Z", "2026-06-30T00:00:00", "1782777600", "0001-01-01T00:00:00Z"}},
		{"date", func(n *yaml.Node) (any, error) { return strictyaml.Date(n, "x") },
			map[string]any{"2026-06-30": day, `"2026-06-30"`: day, "2026-06-30T00:00:00Z": day},
			[]string{"2026-6-30", "30.06.2026", "2026-06-31", "2026-06-30T00:00:00", "2026", "0001-01-01", "tomorrow", "[2026-06-30]"}},
		{"whole", func(n *yaml.Node) (any, error) { return strictyaml.Whole(n, "x", 0, 100) },
			map[string]any{"0": 0, "100": 100, "8": 8}, []string{"101", "-1", "010", "0x8", "+8", "1_0", "8.0", `"8"`, "1e1", "9223372036854775808"}},
		{"fraction", func(n *yaml.Node) (any, error) { return strictyaml.Fraction(n, "x") },
			map[string]any{"0": 0.0, "1": 1.0, "0.25": 0.25}, []string{"1.1", "-0.1", ".5", "1e-1", ".nan", `"0.5"`, "2"}},
		{"boolean", func(n *yaml.Node) (any, error) { return strictyaml.Boolean(n, "x") },
			map[string]any{"true": true, "false": false}, []string{"True", "yes", "on", "1", `"true"`, "null"}},
		{"duration", func(n *yaml.Node) (any, error) { return strictyaml.Duration(n, "x") },
			map[string]any{"90m": 90 * time.Minute, "36h": 36 * time.Hour, "14d": 14 * 24 * time.Hour, "36500d": 876000 * time.Hour},
			[]string{"0d", "36501d", "9999999999999999999999h", "2w", "1h30m", "1.5h", "36", "-1d", " 1d1", "36H"}},
	} {
		for text, want := range test.good {
			if got, err := test.read(scalar(t, text)); err != nil || got != want {
				t.Errorf("%s: %s is %v, %v; want %v", test.what, text, got, err, want)
			}
		}
		for _, text := range test.bad {
			got, err := test.read(scalar(t, text))
			var wrong *strictyaml.Error
			if !errors.As(err, &wrong) || wrong.Line != 1 {
				t.Errorf("%s: %s is %v, %v", test.what, text, got, err)
			}
		}
	}
}

// What makes one part of a document mean another is refused wherever it is.
func TestDocumentRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"a: {b: [&x 1]}":       "1:9: an anchor",
		"a: {b: [1, !!str 1]}": "1:12: a tag",
		"&a x: 1":              "1:1: an anchor",
		"a: 1\n---\nb: 2":      "2:1: a second document begins: a test is one",
		"a: 1\n\tb: 2":         "2:1: is not YAML: found a tab",
		"a: 1\nb: [\n":         "2:1: is not YAML",
		"a: " + strings.Repeat("[", 40) + strings.Repeat("]", 40): "1:35: is nested over 32 deep",
		strings.Repeat("#", strictyaml.MaxBytes+1):                "is over 262144 bytes",
		"a: \ufeffb": "is not plain text in UTF-8",
		"a\x00: b":   "is not plain text in UTF-8",
		"":           "is empty",
	} {
		if _, err := strictyaml.Document([]byte(text), "a test"); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%.30q: %v, want %s", text, err, want)
		}
	}
}

func TestNearest(t *testing.T) {
	names := []string{"maxScanAge", "maxDatabaseAge", "neverExcept", "metadata", "from"}
	for got, want := range map[string]string{
		"maxscanage": "maxScanAge", "max-scan-age": "maxScanAge", "maxScanAgo": "maxScanAge", "Metadata": "metadata", "never_except": "neverExcept",
		"form": "", "fron": "from", "x": "", "something": "", strings.Repeat("a", 1000): "",
	} {
		if near := strictyaml.Nearest(got, names); near != want {
			t.Errorf("%.20q is near %q, want %q", got, near, want)
		}
	}
}
