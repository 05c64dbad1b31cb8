package run_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/carnet-project/carnet/attest/predicate/link"
	"github.com/carnet-project/carnet/attest/predicate/resource"
	"github.com/carnet-project/carnet/attest/predicate/slsa"
	"github.com/carnet-project/carnet/attest/run"
	"github.com/carnet-project/carnet/attest/run/lockfile"
)

const goSum = "example.com/m v1.0.0 h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"

func TestLockfiles(t *testing.T) {
	b := newBench(t)
	b.write("go.sum", goSum)
	b.write("node_modules/x/package-lock.json", "not read")
	b.write("a/b/c/go.sum", "too deep")
	s := b.step("rm go.sum")
	s.Materials, s.Lockfiles = run.Selection{}, true
	if r := b.run(s); len(r.Dependencies) != 1 || !strings.HasPrefix(r.Dependencies[0].URI, "pkg:golang/example.com/m@") {
		t.Errorf("%+v", r)
	}
	b.write("go.sum", goSum)
	s = b.step("touch ran")
	s.Materials, s.Lockfiles = choose(t, "go.sum"), true
	if r := b.run(s); len(r.Dependencies) != 1 || len(r.Materials) != 1 {
		t.Errorf("%+v", r)
	}
	b.write("go.sum", goSum+strings.Replace(goSum, "47DE", "48DE", 1))
	s = b.step("touch ran2")
	s.Materials, s.Lockfiles = choose(t, "."), true
	s.Materials = choose(t, ".", "!a", "!node_modules")
	var file *run.FileError
	var lock *lockfile.Error
	if r, err := s.Run(context.Background()); !errors.As(err, &lock) || !errors.As(err, &file) || file.Path != "go.sum" || r != nil {
		t.Errorf("a lock file that contradicts itself: %+v, %v", r, err)
	}
	s.Lockfiles = false
	b.run(s)
}

func TestPredicates(t *testing.T) {
	b := newBench(t)
	b.environ = append(b.environ, "CFLAGS=-O2")
	b.write("a", "a")
	b.write("go.sum", goSum)
	b.commit()
	s := b.step("cat a > out; exit 4")
	s.Products, s.Lockfiles = choose(t, "out"), true
	r := b.run(s)
	subjects, err := r.Subjects()
	if err != nil || len(subjects) != 1 || subjects[0].Name() != "out" || subjects[0].Digest().Hex() != sum("a") {
		t.Fatalf("%+v, %v", subjects, err)
	}
	image := "golang:1.26@sha256:" + sum("image")
	build := slsa.Build{InternalParameters: map[string]any{"image": image}, Source: &resource.Descriptor{URI: "git+https://example.com/a", Digest: map[string]string{"gitCommit": r.Before.Commit}}}
	r.Describe(&build)
	raw, err := build.Predicate()
	if err != nil {
		t.Fatal(err)
	}
	p, err := slsa.Parse(slsa.V1, raw)
	if err != nil {
		t.Fatal(err)
	}
	if p.BuildType != run.BuildType || len(p.Dependencies) != 5 || p.Dependencies[0].Name != "a" || p.Dependencies[0].Digest["sha256"] != sum("a") || p.Dependencies[1].Name != "go.sum" || p.Dependencies[2].Name != "golang:1.26" || p.Dependencies[2].Digest["sha256"] != sum("image") || p.Dependencies[3].Digest["gitCommit"] != r.Before.Commit {
		t.Errorf("%s", raw)
	}
	for _, want := range []string{`"command":["sh","-c","cat a > out; exit 4"]`, `"workingDirectory":"."`} {
		if !strings.Contains(string(p.ExternalParameters), want) {
			t.Errorf("%s has no %s", p.ExternalParameters, want)
		}
	}
	for _, want := range []string{`"exitCode":4`, `"CFLAGS":"-O2"`, `"after":{"commit":"` + r.After.Commit + `","dirty":true}`, `"dirty":false}`} {
		if !strings.Contains(string(p.InternalParameters), want) {
			t.Errorf("%s has no %s", p.InternalParameters, want)
		}
	}
	raw, err = r.Link("build")
	if err != nil {
		t.Fatal(err)
	}
	if err := link.Validate(link.V03, raw); err != nil {
		t.Error(err)
	}
	want := `{"name":"build","command":["sh","-c","cat a > out; exit 4"],"materials":[{"name":"a","digest":{"sha256":"` + sum("a") +
		`"}},{"name":"go.sum","digest":{"sha256":"` + sum(goSum) + `"}}],"byproducts":{"return-value":4},"environment":{"CFLAGS":"-O2"}}`
	if string(raw) != want {
		t.Errorf("got  %s\nwant %s", raw, want)
	}
}

func TestSubjectsAreBounded(t *testing.T) {
	r := run.Record{}
	if _, err := r.Subjects(); err == nil {
		t.Error("a statement about nothing")
	}
	for i := range run.MaxProducts + 1 {
		r.Products = append(r.Products, run.File{Path: fmt.Sprint(i), SHA256: sum("")})
	}
	if _, err := r.Subjects(); err == nil || !strings.Contains(err.Error(), "10001") {
		t.Error(err)
	}
}

func TestSelect(t *testing.T) {
	for _, test := range []struct{ patterns, yes, no string }{
		{"src", "src src/a src/b/c", "srcs a/src"},
		{"src/**", "src/a src/b/c", "srcs"},
		{".", "a a/b .hidden", ""},
		{"./src/", "src/a", "a"},
		{"*.c", "a.c x.c/inside", "a/b.c A.C"},
		{"**/*.c", "a.c a/b.c a/b/c.c", "a.h"},
		{"a/*/c", "a/b/c a/b/c/d", "a/c a/b/b/c"},
		{"{a,b}/[x-z]?", "a/xx b/yq", "a/ax c/xx"},
		{". !a/** !**/*.log", "b c/d", "a/b x.log c/x.log"},
		{"!a a", "", "a a/b"},
		{`\*`, "*", "a"},
	} {
		s := choose(t, strings.Fields(test.patterns)...)
		for _, name := range strings.Fields(test.yes) {
			if !s.Match(name) {
				t.Errorf("%q does not choose %q", test.patterns, name)
			}
		}
		for _, name := range strings.Fields(test.no) {
			if s.Match(name) {
				t.Errorf("%q chooses %q", test.patterns, name)
			}
		}
	}
	for _, bad := range []string{"", "/etc", "../x", "a/../../b", "[a", "{a", "!", "!a", "a\xff", strings.Repeat("a", 5000)} {
		if s, err := run.Select([]string{bad}); err == nil || !s.Empty() {
			t.Errorf("%.20q is accepted", bad)
		}
	}
	if s, err := run.Select(nil); err != nil || !s.Empty() || s.Match("a") {
		t.Error("no patterns choose something")
	}
}

func FuzzSelect(f *testing.F) {
	f.Add("src/**/*.c", "src/a/b.c")
	f.Add("!a", "b")
	f.Add("{a,[b}", "c")
	f.Fuzz(func(t *testing.T, pattern, name string) {
		if s, err := run.Select([]string{pattern}); err == nil {
			s.Match(name)
		}
	})
}
