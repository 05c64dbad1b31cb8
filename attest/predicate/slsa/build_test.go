package slsa_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	intoto "github.com/in-toto/attestation/go/predicates/provenance/v1"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/predicate/resource"
	"github.com/carnet-project/carnet/attest/predicate/slsa"
)

const (
	commit = "7fd1a60b01f91b314f59955a4e4d4e80d8edf11d"
	sha256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
)

// holds fails unless in-toto's own reader knows every member and accepts all.
func holds(t *testing.T, raw []byte) *intoto.Provenance {
	t.Helper()
	var p intoto.Provenance
	if err := protojson.Unmarshal(raw, &p); err != nil {
		t.Fatalf("%v: %s", err, raw)
	}
	if err := p.Validate(); err != nil {
		t.Fatalf("%v: %s", err, raw)
	}
	return &p
}

func material(t *testing.T, s string) resource.Descriptor {
	t.Helper()
	m, err := slsa.ParseMaterial(s)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func build(t *testing.T) slsa.Build {
	t.Helper()
	source, err := slsa.ParseSource("git+https://example.com/org/repo@" + commit)
	if err != nil {
		t.Fatal(err)
	}
	source.Annotations = map[string]any{"dirty": false}
	return slsa.Build{
		BuildType: "https://example.com/make/v1", BuilderID: "https://example.com/builder", InvocationID: "run 7",
		Source: &source, ExternalParameters: map[string]any{"target": "release", "a": "<&>", "nested": map[string]any{"z": 1, "y": true}},
		Materials: []resource.Descriptor{
			material(t, "pkg:docker/golang@1.26@sha256:"+sha256),
			material(t, "https://example.com/a.tar.gz@sha256:"+sha256),
			material(t, "https://example.com/a.tar.gz@sha256:"+sha256),
		},
		StartedOn:  time.Date(2024, 1, 2, 4, 4, 5, 999, time.FixedZone("", 3600)),
		FinishedOn: time.Date(2024, 1, 2, 3, 5, 6, 0, time.UTC),
	}
}

func TestBuild(t *testing.T) {
	const want = `{"buildDefinition":{"buildType":"https://example.com/make/v1",` +
		`"externalParameters":{"a":"<&>","nested":{"y":true,"z":1},"source":"git+https://example.com/org/repo","target":"release"},` +
		`"resolvedDependencies":[` +
		`{"uri":"git+https://example.com/org/repo","digest":{"gitCommit":"` + commit + `"},"annotations":{"dirty":false}},` +
		`{"uri":"https://example.com/a.tar.gz","digest":{"sha256":"` + sha256 + `"}},` +
		`{"uri":"pkg:docker/golang@1.26","digest":{"sha256":"` + sha256 + `"}}]},` +
		`"runDetails":{"builder":{"id":"https://example.com/builder"},` +
		`"metadata":{"invocationId":"run 7","startedOn":"2024-01-02T03:04:05Z","finishedOn":"2024-01-02T03:05:06Z"}}}`
	b := build(t)
	raw, err := b.Predicate()
	if err != nil {
		t.Fatal(err)
	}
	if string(raw) != want {
		t.Errorf("got  %s\nwant %s", raw, want)
	}
	if p := holds(t, raw); p.BuildDefinition.ResolvedDependencies[0].Digest["gitCommit"] != commit {
		t.Error("in-toto reads another commit")
	}
	slices.Reverse(b.Materials)
	if again, err := b.Predicate(); err != nil || string(again) != want {
		t.Errorf("the order of the materials shows: %s, %v", again, err)
	}
}

func TestBuildReadsBack(t *testing.T) {
	raw, err := build(t).Predicate()
	if err != nil {
		t.Fatal(err)
	}
	p, err := slsa.Parse(slsa.V1, raw)
	if err != nil {
		t.Fatal(err)
	}
	if p.BuildType != "https://example.com/make/v1" || p.BuilderID != "https://example.com/builder" || p.InvocationID != "run 7" ||
		len(p.Dependencies) != 3 || p.Dependencies[0].Digest["gitCommit"] != commit ||
		!p.StartedOn.Equal(time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC)) || p.FinishedOn.Sub(p.StartedOn) != 61*time.Second ||
		!strings.HasPrefix(string(p.ExternalParameters), `{"a":`) || !strings.HasSuffix(string(p.ExternalParameters), `"release"}`) {
		t.Errorf("read back %+v with parameters %s", p, p.ExternalParameters)
	}
}

func TestSmallestBuild(t *testing.T) {
	raw, err := slsa.Build{ExternalParameters: map[string]any{"target": "x"}}.Predicate()
	if err != nil {
		t.Fatal(err)
	}
	p := holds(t, raw)
	if p.RunDetails.Builder.Id != slsa.UnnamedBuilder || p.BuildDefinition.BuildType != slsa.StatedBuild || strings.Contains(string(raw), "metadata") {
		t.Errorf("%s", raw)
	}
}

func TestBadBuilds(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*slsa.Build)
		where  string
	}{
		"no inputs":        {func(b *slsa.Build) { b.Source, b.ExternalParameters = nil, nil }, "/buildDefinition/externalParameters"},
		"builder":          {func(b *slsa.Build) { b.BuilderID = "me" }, "/runDetails/builder/id"},
		"build type":       {func(b *slsa.Build) { b.BuildType = "make" }, "/buildDefinition/buildType"},
		"two sources":      {func(b *slsa.Build) { b.ExternalParameters["source"] = "x" }, "/buildDefinition/externalParameters/source"},
		"time":             {func(b *slsa.Build) { b.FinishedOn = b.StartedOn.Add(-time.Hour) }, "/runDetails/metadata/finishedOn"},
		"material":         {func(b *slsa.Build) { b.Materials[0].URI = "golang" }, "/buildDefinition/resolvedDependencies/1/uri"},
		"nameless":         {func(b *slsa.Build) { b.Materials[0] = resource.Descriptor{Name: "n"} }, "/buildDefinition/resolvedDependencies/0"},
		"digest":           {func(b *slsa.Build) { b.Source.Digest["gitCommit"] = "main" }, "/buildDefinition/resolvedDependencies/0/digest/gitCommit"},
		"not JSON":         {func(b *slsa.Build) { b.ExternalParameters["f"] = func() {} }, "/buildDefinition/externalParameters"},
		"not UTF-8 either": {func(b *slsa.Build) { b.ExternalParameters["f"] = "\xff" }, "/buildDefinition/externalParameters"},
	} {
		b := build(t)
		test.change(&b)
		raw, err := b.Predicate()
		var e *attest.Error
		if !errors.As(err, &e) || e.Where != test.where || raw != nil {
			t.Errorf("%s: %s, %v; want a fault at %s", name, raw, err, test.where)
		}
	}
}

func TestParseMaterialAndSource(t *testing.T) {
	for s, want := range map[string]resource.Descriptor{
		"pkg:docker/alpine@3.20@sha256:" + sha256: {URI: "pkg:docker/alpine@3.20", Digest: map[string]string{"sha256": sha256}},
		"https://example.com/@x@sha1:" + commit:   {URI: "https://example.com/@x", Digest: map[string]string{"sha1": commit}},
	} {
		if got, err := slsa.ParseMaterial(s); err != nil || resource.Compare(got, want) != 0 {
			t.Errorf("%s: %+v, %v", s, got, err)
		}
	}
	for _, c := range []string{commit, sha256} {
		for _, uri := range []string{"git+https://example.com/r@refs/heads/main", "ssh://git@example.com/r", "git+ssh://git@example.com/r"} {
			got, err := slsa.ParseSource(uri + "@" + c)
			if err != nil || got.URI != uri || got.Digest["gitCommit"] != c {
				t.Errorf("%s: %+v, %v", uri, got, err)
			}
		}
	}
	for _, bad := range []string{
		"", "@", "golang", "golang@sha256:" + sha256, "https://x", "https://x@", "https://x@sha256:", "https://x@" + sha256,
		"https://x@sha256:" + sha256[1:], "https://x@SHA256:" + sha256, "https://x@sha256:" + strings.ToUpper(sha256), "https://x@crc32:00000000",
		"https://user:secret@x/y@sha256:" + sha256, "https://secret@x/y@sha256:" + sha256, "https://x/?token=secret",
	} {
		got, err := slsa.ParseMaterial(bad)
		var e *attest.Error
		if !errors.As(err, &e) || got.URI != "" || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %+v, %v", bad, got, err)
		}
	}
	for _, bad := range []string{
		"", commit, "https://x@main", "https://x@" + commit[1:], "https://x@" + strings.ToUpper(commit), "git@example.com:r@" + commit,
		"https://user:secret@x/y@" + commit, "https://secret@x/y@" + commit, "ssh://git:secret@x/y@" + commit, "https://secret@x/%zz@" + commit,
		"https://x/?token=secret@main",
	} {
		got, err := slsa.ParseSource(bad)
		var e *attest.Error
		if !errors.As(err, &e) || got.URI != "" || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %+v, %v", bad, got, err)
		}
	}
}

func FuzzParseMaterial(f *testing.F) {
	f.Add("pkg:docker/alpine@3.20@sha256:" + sha256)
	f.Add("git+https://u:p@example.com/r@" + commit)
	f.Fuzz(func(t *testing.T, s string) {
		for _, parse := range []func(string) (resource.Descriptor, error){slsa.ParseMaterial, slsa.ParseSource} {
			d, err := parse(s)
			if err != nil {
				continue
			}
			if !strings.HasPrefix(s, d.URI+"@") {
				t.Fatalf("%q gives the URI %q", s, d.URI)
			}
			raw, err := slsa.Build{Source: &d}.Predicate()
			if err != nil {
				if strings.ToValidUTF8(s, "") != s {
					continue
				}
				t.Fatalf("%q parses and cannot be stated: %v", s, err)
			}
			holdsURI(t, raw, d.URI)
		}
	})
}

func holdsURI(t *testing.T, raw []byte, uri string) {
	t.Helper()
	p, err := slsa.Parse(slsa.V1, raw)
	if err != nil {
		t.Fatal(err)
	}
	if p.Dependencies[0].URI != uri {
		t.Fatalf("stated %q, read %q", uri, p.Dependencies[0].URI)
	}
}

// The origin of the source's commit is at the place that it has among the dependencies.
func TestSourceFrom(t *testing.T) {
	source, err := slsa.ParseSource("git+https://github.com/acme/app@" + commit)
	if err != nil {
		t.Fatal(err)
	}
	for _, materials := range [][]resource.Descriptor{nil, {material(t, "aaa:b@sha256:"+sha256), material(t, "zzz:b@sha256:"+sha256)}} {
		b := slsa.Build{Source: &source, SourceFrom: "git", Materials: materials, FieldSources: map[string]string{"/runDetails/builder/id": "flag"}}
		raw, err := b.Predicate()
		if err != nil {
			t.Fatal(err)
		}
		want := `"/buildDefinition/resolvedDependencies/0/digest/gitCommit":"git"`
		if materials != nil {
			want = strings.Replace(want, "/0/", "/1/", 1)
		}
		if !strings.Contains(string(raw), want) || !strings.Contains(string(raw), `"/runDetails/builder/id":"flag"`) {
			t.Errorf("%s has not %s", raw, want)
		}
		if len(b.FieldSources) != 1 {
			t.Errorf("the caller's map is changed: %v", b.FieldSources)
		}
	}
}
