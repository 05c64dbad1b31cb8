package known_test

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/predicate/slsa"
	"github.com/carnet-project/carnet/attest/predicate/slsa/known"
)

var update = flag.Bool("update", false, "write the views again")

func predicateType(file string) string {
	if strings.HasSuffix(file, ".v0.2.json") {
		return slsa.V02
	}
	return slsa.V1
}

// show writes a view as text, a line for each thing that it says.
func show(v *known.View) string {
	var b strings.Builder
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, "%s: %s\n", name, value)
		}
	}
	line("producer", v.Producer)
	line("build type", v.BuildType)
	line("builder", v.BuilderID)
	line("repository", v.Repository)
	line("ref", v.Ref)
	line("commit", v.Commit)
	line("config", v.Config)
	line("trigger", v.Trigger)
	line("invocation", v.InvocationID)
	line("run", v.Run)
	line("level", fmt.Sprint(v.MaxLevel))
	line("hermetic", fmt.Sprint(v.Hermetic))
	line("complete", fmt.Sprintf("%+v", v.Complete))
	if !v.StartedOn.IsZero() {
		line("started", v.StartedOn.UTC().String())
	}
	if !v.FinishedOn.IsZero() {
		line("finished", v.FinishedOn.UTC().String())
	}
	for _, name := range slices.Sorted(maps.Keys(v.Parameters)) {
		told := ""
		if v.Told(name) {
			told = " (told)"
		}
		line("parameter", fmt.Sprintf("%s = %#v%s", name, v.Parameters[name], told))
	}
	for _, m := range v.Materials {
		line("material", fmt.Sprintf("%s %v", m.URI, m.Digest))
	}
	for _, f := range slices.Sorted(maps.Keys(v.Absent)) {
		line("no "+string(f), v.Absent[f])
	}
	return b.String()
}

// Every producer of the catalogue has a sample, in each version that it writes, and the
// sample's view is what testdata says.
func TestViews(t *testing.T) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) == 0 {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		v, err := known.Read(predicateType(file), raw)
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		seen[v.Producer] = true
		if predicateType(file) == slsa.V1 {
			if again, err := known.Read(slsa.V10, raw); err != nil || show(again) != show(v) {
				t.Errorf("%s as %s: %v", file, slsa.V10, err)
			}
		}
		golden := strings.TrimSuffix(file, ".json") + ".view"
		if *update {
			if err := os.WriteFile(golden, []byte(show(v)), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if got := show(v); got != string(want) {
			t.Errorf("%s:\n%s\nwant\n%s", file, got, want)
		}
	}
	for _, p := range known.Catalogue() {
		if !seen[p.ID] {
			t.Errorf("%s has no sample", p.ID)
		}
		if found, ok := known.Find(p.ID); !ok || found.Name != p.Name || len(p.BuildTypes) == 0 || len(p.IDs) == 0 || p.Level < 1 || p.Level > 3 {
			t.Errorf("%s: %+v", p.ID, p)
		}
	}
	if _, ok := known.Find("travis"); ok {
		t.Error("a producer that nobody knows is known")
	}
}

func TestParseSource(t *testing.T) {
	const repository, commit = "https://github.com/acme/shop", "7fd1a60b01f91b314f59955a4e4d4e80d8edf11d"
	for uri, want := range map[string]known.Source{
		"https://github.com/acme/shop":                          {Repository: repository},
		"git+https://GitHub.com:443/acme/shop.git":              {Repository: repository},
		"git+https://github.com/acme/shop@refs/heads/a@b":       {Repository: repository, Ref: "refs/heads/a@b"},
		"https://github.com/acme/shop.git#refs/tags/v1:sub/dir": {Repository: repository, Ref: "refs/tags/v1"},
		"https://github.com/acme/shop.git#" + commit:            {Repository: repository, Commit: commit},
		"git+https://github.com/acme/shop.git@" + commit:        {Repository: repository, Commit: commit},
		"https://github.com/acme/shop.git#main":                 {Repository: repository, Loose: "main"},
		"git@github.com:acme/shop.git":                          {Repository: repository},
		"ssh://git@github.com:22/acme/shop/":                    {Repository: repository},
		"git+ssh://git@github.com/acme/shop@refs/heads/main":    {Repository: repository, Ref: "refs/heads/main"},
		"https://git.acme.example:8443/Team/shop":               {Repository: "https://git.acme.example:8443/Team/shop"},
	} {
		if got, err := known.ParseSource(uri); err != nil || got != want {
			t.Errorf("%s: %+v, %v", uri, got, err)
		}
	}
	for _, bad := range []string{
		"", "acme/shop", "http://github.com/acme/shop", "git://github.com/acme/shop", "file:///srv/shop", "pkg:docker/alpine@3", "https://", "https://github.com",
		"https://user:secret@github.com/acme/shop", "https://secret@github.com/acme/shop", "ssh://git:secret@github.com/acme/shop", "https://github.com/acme/../evil/shop",
		"https://github.com//shop", "https://github.com/acme/%73hop", "https://github.com/acme/shop?token=secret", "ssh://git@github.com:2222/acme/shop", "https://github.com:x/acme/shop",
		"https://github.com/a@refs/heads/x#refs/heads/y", "https://gi thub.com/a/b", "oci://ghcr.io/acme/shop",
	} {
		if got, err := known.ParseSource(bad); err == nil || got != (known.Source{}) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %+v, %v", bad, got, err)
		}
	}
	if known.Fold("https://github.com/Acme/Shop") != known.Fold("https://github.com/acme/shop") || known.Fold("https://git.example/A") == known.Fold("https://git.example/a") {
		t.Error("the case of paths counts where it does not, or not where it does")
	}
}

// A parameter is told by another field only if it is one of those that the field was read
// from: what is put beside it is a parameter like others.
func TestParametersBesideTheSource(t *testing.T) {
	v := read(t, `{"workflow":{"ref":"refs/heads/main","repository":"https://github.com/acme/shop","path":"p","skip":true},"source":"x"}`)
	for name, told := range map[string]bool{"workflow.ref": true, "workflow.repository": true, "workflow.path": true, "workflow.skip": false, "source": false} {
		if _, there := v.Parameters[name]; !there || v.Told(name) != told {
			t.Errorf("%s: there %t, told %t", name, there, v.Told(name))
		}
	}
}

func read(t *testing.T, parameters string) *known.View {
	t.Helper()
	v, err := known.Read(slsa.V1, document(parameters))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func document(parameters string) []byte {
	return fmt.Appendf(nil, `{"buildDefinition":{"buildType":"https://actions.github.io/buildtypes/workflow/v1","externalParameters":%s},"runDetails":{"builder":{"id":"urn:b:i"}}}`, parameters)
}

func TestBounds(t *testing.T) {
	var many strings.Builder
	for i := range 10_001 {
		fmt.Fprintf(&many, `,"p%d":1`, i)
	}
	for name, parameters := range map[string]string{
		"many": "{" + many.String()[1:] + "}",
		"deep": `{"a":` + strings.Repeat("[", 70) + strings.Repeat("]", 70) + "}",
	} {
		_, err := known.Read(slsa.V1, document(parameters))
		var e *attest.Error
		if !errors.As(err, &e) || e.Fault != attest.FaultTooLarge {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The parameters of v0.2 may be any value: none of them gets lost.
func TestParametersOfAnyKind(t *testing.T) {
	for parameters, want := range map[string]string{`"--skip"`: "parameters", `["--skip"]`: "0", `[]`: "", `{}`: "", `null`: "", `7`: "parameters"} {
		v, err := known.Read(slsa.V02, []byte(`{"builder":{"id":"urn:b:i"},"buildType":"urn:b:t","invocation":{"parameters":`+parameters+`}}`))
		if err != nil {
			t.Errorf("%s: %v", parameters, err)
			continue
		}
		if _, there := v.Parameters[want]; len(v.Parameters) > 1 || there != (want != "") {
			t.Errorf("%s: %v", parameters, v.Parameters)
		}
	}
}

// What a builder lists of its own may be long: that is no reason to refuse the rest.
func TestLongInternalParameters(t *testing.T) {
	var steps strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&steps, `,{"id":"step%d"}`, i)
	}
	raw := strings.Replace(string(document(`{"workflow":{"repository":"https://github.com/acme/shop"}}`)), `"externalParameters"`,
		`"internalParameters":{"buildConfig":[`+steps.String()[1:]+`],"github":{"x":1,"event_name":"push"}},"externalParameters"`, 1)
	v, err := known.Read(slsa.V1, []byte(raw))
	if err != nil || v.Trigger != "push" || v.Repository != "https://github.com/acme/shop" {
		t.Errorf("%+v, %v", v, err)
	}
}

// Whatever the provenance says, a view has no repository that is not a plain https URL, no
// commit that is no commit, and nothing that is also absent.
func FuzzRead(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.json")
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(raw))
	}
	f.Fuzz(func(t *testing.T, raw string) {
		for _, typ := range []string{slsa.V1, slsa.V02} {
			v, err := known.Read(typ, []byte(raw))
			var e *attest.Error
			if err != nil {
				if !errors.As(err, &e) {
					t.Fatalf("%T: %v", err, err)
				}
				continue
			}
			holds(t, v)
		}
	})
}

func holds(t *testing.T, v *known.View) {
	t.Helper()
	if v.Repository != "" {
		if s, err := known.ParseSource(v.Repository); err != nil || s != (known.Source{Repository: v.Repository}) {
			t.Fatalf("the repository %q is %+v, %v", v.Repository, s, err)
		}
	}
	if v.Commit != "" && (len(v.Commit) != 40 && len(v.Commit) != 64 || strings.Trim(v.Commit, "0123456789abcdef") != "") {
		t.Fatalf("the commit is %q", v.Commit)
	}
	if v.Ref != "" && !strings.HasPrefix(v.Ref, "refs/") {
		t.Fatalf("the ref is %q", v.Ref)
	}
	for field, value := range map[known.Field]string{known.FieldRepository: v.Repository, known.FieldRef: v.Ref, known.FieldCommit: v.Commit} {
		if (value == "") == (v.Absent[field] == "") {
			t.Fatalf("the %s is %q, and absent because %q", field, value, v.Absent[field])
		}
	}
	for name, value := range v.Parameters {
		switch value.(type) {
		case string, bool, float64, nil:
		default:
			t.Fatalf("the parameter %q is a %T", name, value)
		}
	}
	if _, err := json.Marshal(v.Parameters); err != nil {
		t.Fatal(err)
	}
	if v.MaxLevel < 0 || v.MaxLevel > 3 {
		t.Fatalf("level %d", v.MaxLevel)
	}
}
