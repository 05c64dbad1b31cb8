package docs_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/carnet-project/carnet/attest/oci"
	"github.com/carnet-project/carnet/attest/predicate"
	"github.com/carnet-project/carnet/attest/predicate/slsa"
	"github.com/carnet-project/carnet/sign/key"
)

func page(t *testing.T, path string) string {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// The build type that provenance names is the URI of its page, and the page's example
// is what carnet writes.
func TestStatedBuildIsItsPage(t *testing.T) {
	path, found := strings.CutPrefix(slsa.StatedBuild, "https://github.com/carnet-project/carnet/blob/main/docs/")
	if !found {
		t.Fatalf("the build type %q is no page of ours", slsa.StatedBuild)
	}
	text := page(t, filepath.FromSlash(path))
	if !strings.Contains(text, "\n    "+slsa.StatedBuild+"\n") || !strings.Contains(text, slsa.UnnamedBuilder) {
		t.Error("the page names another build type or builder")
	}
	if _, anchor, _ := strings.Cut(slsa.UnnamedBuilder, "#"); !strings.Contains(strings.Join(anchors(text), " "), anchor) {
		t.Errorf("the page has no heading for #%s", anchor)
	}
	example := regexp.MustCompile("(?ms)^```json\n(.*?)^```$").FindStringSubmatch(text)
	if example == nil {
		t.Fatal("the page has no example")
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, []byte(example[1])); err != nil {
		t.Fatal(err)
	}
	source, err := slsa.ParseSource("git+https://github.com/acme/app@7fd1a60b01f91b314f59955a4e4d4e80d8edf11d")
	if err != nil {
		t.Fatal(err)
	}
	b := slsa.Build{Source: &source, ExternalParameters: map[string]any{"ref": "refs/tags/v1.4", "target": "release"}}
	if want, err := b.Predicate(); err != nil || compact.String() != string(want) {
		t.Errorf("the example is\n%s\nand carnet writes\n%s %v", &compact, want, err)
	}
}

func TestAliasesAreInTheTable(t *testing.T) {
	text := page(t, "compat.md")
	_, text, _ = strings.Cut(text, "| alias | type |")
	for _, a := range predicate.Aliases() {
		listed := regexp.MustCompile("(?m)^\\| .*`" + a.Name + "`.* \\| `" + regexp.QuoteMeta(a.URI) + "` \\|$")
		if !listed.MatchString(text) {
			t.Errorf("compat.md does not say that %s is %s", a.Name, a.URI)
		}
	}
}

func TestAlgorithmsAreInTheTable(t *testing.T) {
	rows := 0
	for line := range strings.Lines(page(t, "keys.md")) {
		if strings.HasPrefix(line, "| `ecdsa") || strings.HasPrefix(line, "| `ed25519") || strings.HasPrefix(line, "| `rsa") {
			cell, _, _ := strings.Cut(strings.TrimPrefix(line, "| "), " | ")
			rows += strings.Count(cell, "`") / 2
		}
	}
	if rows != len(key.Algorithms()) {
		t.Errorf("keys.md lists %d algorithms, and there are %d", rows, len(key.Algorithms()))
	}
	for _, a := range key.Algorithms() {
		if !strings.Contains(page(t, "keys.md"), "`"+string(a)+"`") {
			t.Errorf("keys.md does not list %s", a)
		}
	}
}

// The grammar of targets that the page gives is the one that is read.
func TestTargetsAreRead(t *testing.T) {
	text := page(t, "concepts.md")
	layout := t.TempDir()
	for form, target := range map[string]string{
		"`REGISTRY/REPO[:TAG][@DIGEST]`":  "registry.example/acme/app:1.4@sha256:" + strings.Repeat("a", 64),
		"`oci:DIR_OR_TAR[:TAG][@DIGEST]`": "oci:" + layout + ":1.4@sha256:" + strings.Repeat("a", 64),
		"`docker-archive:FILE`":           "docker-archive:saved.tar",
		"`file:PATH`":                     "file:app.tar.gz",
		"`dir:PATH`":                      "dir:src",
	} {
		if !strings.Contains(text, "| "+form+" |") {
			t.Errorf("concepts.md does not list %s", form)
		}
		if got, err := oci.ParseTarget(target); err != nil || got.String() != target {
			t.Errorf("%s: %q is read as %q: %v", form, target, got, err)
		}
	}
}
