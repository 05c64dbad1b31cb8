package glob_test

import (
	"errors"
	"maps"
	"strings"
	"testing"

	"github.com/carnet-project/carnet/verify/internal/glob"
)

func TestMatch(t *testing.T) {
	for _, test := range []struct {
		pattern   string
		yes, no   []string
		capturing bool
	}{
		{"ghcr.io/acme/*", []string{"ghcr.io/acme/a", "ghcr.io/acme/"}, []string{"ghcr.io/acme/a/b", "ghcrXio/acme/a", "xghcr.io/acme/a", "ghcr.io/acme/a\xff", "GHCR.io/acme/a"}, false},
		{"ghcr.io/acme/**", []string{"ghcr.io/acme/a/b", "ghcr.io/acme/a\nb"}, []string{"ghcr.io/acmes/a", "evil/ghcr.io/acme/a"}, false},
		{"a***b", []string{"ab", "a/x/b"}, []string{"abc"}, false},
		{"refs/tags/v2.*", []string{"refs/tags/v2.1"}, []string{"refs/tags/v21", "refs/tags/v2x1"}, false},
		{"a", []string{"a"}, []string{"a\n", "", "aa"}, false},
		{"{a}", []string{"{a}"}, []string{"x"}, false},
		{"x/{a}", []string{"x/b", "x/B.c_d-1"}, []string{"x/", "x/b/c", "x/b c", "x/b:1", "x/b@c", "x/b*"}, true},
		{"x/{a}*", []string{"x/b", "x/b:"}, []string{"x/:"}, true},
	} {
		compile := glob.Compile
		if test.capturing {
			compile = glob.CompileCapturing
		}
		g, err := compile(test.pattern)
		if err != nil {
			t.Error(err)
			continue
		}
		for _, s := range test.yes {
			if !g.Match(s) {
				t.Errorf("%q does not match %q", test.pattern, s)
			}
		}
		for _, s := range test.no {
			if g.Match(s) {
				t.Errorf("%q matches %q", test.pattern, s)
			}
		}
	}
	var zero glob.Glob
	if zero.Match("") || zero.Match("a") {
		t.Error("the zero pattern matches")
	}
}

func TestCaptureAndFill(t *testing.T) {
	g, err := glob.CompileCapturing("{host}/{owner}/{repo}/**")
	if err != nil {
		t.Fatal(err)
	}
	captured, ok := g.Capture("ghcr.io/acme/shop/api")
	if !ok || !maps.Equal(captured, map[string]string{"host": "ghcr.io", "owner": "acme", "repo": "shop"}) {
		t.Errorf("%v, %t", captured, ok)
	}
	if captured, ok := g.Capture("ghcr.io/acme/shop"); ok {
		t.Errorf("what does not match captures %v", captured)
	}
	if names := strings.Join(g.Names(), " "); names != "host owner repo" {
		t.Errorf("its names are %s", names)
	}
	if filled, err := glob.Fill("https://x/{repo}/{owner}/{repo}", captured); err != nil || filled != "https://x/shop/acme/shop" {
		t.Errorf("%q, %v", filled, err)
	}
	if _, err := glob.Fill("https://x/{other}", captured); !errors.Is(err, glob.ErrNotCaptured) {
		t.Errorf("what was not captured is filled in: %v", err)
	}
}

func TestCompileRefuses(t *testing.T) {
	for _, pattern := range []string{"", " a", "a ", "a\tb", "a\xff", strings.Repeat("a", glob.MaxBytes+1)} {
		if _, err := glob.Compile(pattern); err == nil {
			t.Errorf("%.20q is a pattern", pattern)
		}
	}
	for _, pattern := range []string{"{", "}", "{}", "{A}", "{1}", "{a", "a}", "{a}{a}", "{a/b}", "{a*}", "{" + strings.Repeat("a", 33) + "}"} {
		if _, err := glob.CompileCapturing(pattern); err == nil {
			t.Errorf("%.20q is a pattern that captures", pattern)
		}
	}
}
