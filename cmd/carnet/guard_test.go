package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/carnet-project/carnet/cmd/internal/cli"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
)

// A dimension is one part of a command line of carnet verify: what it must be for an
// image and for a file to be allowed, and what makes that impossible.
type dimension struct {
	name  string
	image [][]string
	file  [][]string
	bad   [][]string
}

// No combination of flags verifies nothing and succeeds: a command line with any one
// or two bad parts never ends with 0 and never prints a name@digest, and the ones
// without do both.
func TestVerifyNeverSucceedsForNothing(t *testing.T) {
	dir := t.TempDir()
	evidence(t, dir)
	dimensions := []dimension{
		{"key", [][]string{{"--key", "good.pub"}, {"--key", "bad.pub", "--key", "good.pub"}}, [][]string{{"--key", "good.pub"}},
			[][]string{{}, {"--key", ""}, {"--key", "empty"}, {"--key", "bad.pub"}, {"--key", "missing"}, {"--key", "env://UNSET"}, {"--key", "good.key"}, {"--key", "good.pub", "--key", "empty"}}},
		{"require", [][]string{{}, {"--require", "signature"}, {"--require", "signature,provenance", "--require", "sbom"}}, [][]string{{}, {"--require", "signature"}},
			[][]string{{"--require", ""}, {"--require", ","}, {"--require", "signature,"}, {"--require", "none"}, {"--require", "https://example.com/never"}, {"--require", "signature", "--require", ""}}},
		{"platform", [][]string{{}, {"--platform", "linux/amd64"}}, [][]string{{}},
			[][]string{{"--platform", ""}, {"--platform", "all"}, {"--platform", "linux"}, {"--platform", "linux/amd64,linux/arm64"}}},
		{"output", [][]string{{}, {"-o", "text"}}, [][]string{{}}, [][]string{{"-o", "none"}, {"-o", ""}, {"-o", "json", "-o", "sarif"}, {"-o", "json=missing/out.json"}}},
		{"bounds", [][]string{{}, {"--max-referrers", "100"}}, [][]string{{}},
			[][]string{{"--max-referrers", "0"}, {"--max-referrers", "-1"}, {"--max-bundle-size", "0"}, {"--max-bundle-size", "1"}, {"--timeout", "0s"}, {"--timeout", "-1s"}}},
		{"bundle", [][]string{{}}, [][]string{{}, {"--bundle", "file.sigstore.json"}},
			[][]string{{"--bundle", ""}, {"--bundle", "empty"}, {"--bundle", "missing"}, {"--bundle", "other.sigstore.json"}}},
		{"policy", [][]string{{}}, [][]string{{}}, [][]string{{"--policy", ""}, {"--policy", "missing.yaml"}, {"--policy", "empty"}, {"--at", "yesterday"}, {"--fail-on-audit"}}},
		{"layout", [][]string{{}}, [][]string{{}}, [][]string{{"--layout", ""}, {"--layout", "file"}, {"--layout-key", "good.pub"}, {"--links", "."}, {"--product-of", "build"}}},
		{"network", [][]string{{"--offline"}, {}}, [][]string{{"--offline"}, {}}, [][]string{{"--online"}}},
		{"target", [][]string{{"oci:good:1"}}, [][]string{{"file"}, {"file:file"}},
			[][]string{{}, {""}, {"oci:bare:1"}, {"oci:void"}, {"unsigned"}, {"missing"}, {"dir:good"}, {"sha256:" + strings.Repeat("a", 64)}, {"oci:good:1", "oci:bare:1"}, {"file", "unsigned"}}},
	}
	for _, kind := range []func(dimension) [][]string{func(d dimension) [][]string { return d.image }, func(d dimension) [][]string { return d.file }} {
		allowed(t, dimensions, kind)
		denied(t, dimensions, kind)
	}
}

// allowed runs each good way of each dimension, for a test that nothing passes holds
// nothing.
func allowed(t *testing.T, dimensions []dimension, good func(dimension) [][]string) {
	for i := range dimensions {
		for _, way := range good(dimensions[i]) {
			args := line(dimensions, good, map[int][]string{i: way})
			if code, stdout, stderr := inside(t, args); code != 0 || !strings.Contains(stdout, "@sha256:") {
				t.Errorf("%q ends with %d\n%s%s", args, code, stdout, stderr)
			}
		}
	}
}

// denied runs every bad way alone, and with every bad way of another dimension.
func denied(t *testing.T, dimensions []dimension, good func(dimension) [][]string) {
	for i, d := range dimensions {
		for _, bad := range d.bad {
			refused(t, dimensions, good, map[int][]string{i: bad})
			for j := i + 1; j < len(dimensions); j++ {
				for _, worse := range dimensions[j].bad {
					refused(t, dimensions, good, map[int][]string{i: bad, j: worse})
				}
			}
		}
	}
}

func refused(t *testing.T, dimensions []dimension, good func(dimension) [][]string, chosen map[int][]string) {
	t.Helper()
	args := line(dimensions, good, chosen)
	code, stdout, _ := inside(t, args)
	// Of two targets the good one may be printed, if nothing else is wrong.
	printed := strings.Contains(stdout, "@sha256:") && (len(chosen) > 1 || len(chosen[len(dimensions)-1]) < 2)
	if code < 1 || code > 4 || printed {
		t.Errorf("%q ends with %d and prints %q", args, code, stdout)
	}
}

// line is a command line with the ways chosen, and the first good one elsewhere.
func line(dimensions []dimension, good func(dimension) [][]string, chosen map[int][]string) []string {
	args := []string{"carnet", "verify"}
	for i, d := range dimensions {
		way, ok := chosen[i]
		if !ok {
			way = good(d)[0]
		}
		args = append(args, way...)
	}
	return args
}

// inside runs a command line in this process.
func inside(t *testing.T, args []string) (code int, stdout, stderr string) {
	t.Helper()
	var out, talk bytes.Buffer
	env := &cli.Env{
		Stdin: strings.NewReader(""), Stdout: &out, Stderr: &talk,
		LookupEnv: func(string) (string, bool) { return "", false },
		Environ:   func() []string { return nil },
	}
	code = run(t.Context(), env, args)
	return code, out.String(), talk.String()
}

// evidence fills a folder: the layout good is sealed and bare is not; file is signed
// and unsigned is not; the bundle of other is about another file.
func evidence(t *testing.T, dir string) {
	t.Helper()
	for _, prefix := range []string{"good", "bad"} {
		if err := writePair(filepath.Join(dir, prefix)); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"file", "unsigned", "other", "empty"} {
		content := []byte(name)
		if name == "empty" {
			content = nil
		}
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	img, err := linux("amd64", "x")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"good", "bare"} {
		if err := storeLayout(filepath.Join(dir, name), "1", img); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := layout.Write(filepath.Join(dir, "void"), empty.Index); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	for _, args := range [][]string{{"seal", "--key", "good.key", "oci:good:1"}, {"sign", "--key", "good.key", "file", "other"}} {
		if code, _, stderr := inside(t, append([]string{"carnet"}, args...)); code != 0 {
			t.Fatalf("%q ends with %d: %s", args, code, stderr)
		}
	}
}
