package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/carnet-project/carnet/cmd/internal/cli"
	"github.com/carnet-project/carnet/fixtures/registry"
)

// TestMain is carnet itself where the test's program is run under that name.
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == "carnet" {
		os.Exit(carnet(context.Background(), cli.System(), os.Args))
	}
	os.Exit(m.Run())
}

func carnet(ctx context.Context, env *cli.Env, args []string) int {
	return cli.Main(ctx, env, "carnet", programs()[0].usage, carnetCommands(carnet), args)
}

var shellBlock = regexp.MustCompile("(?ms)^```sh\n(.*?)^```$")

// notRun are the lines of the README that this test is itself part of, or that build
// what it runs. For each there is a folder that must exist.
var notRun = map[string]string{
	"go test ./...":                          ".",
	"cd fixtures/interop && go test ./...":   "fixtures/interop/go.mod",
	"go install ./cmd/carnet":                "cmd/carnet/main.go",
	"go run ./cmd/internal/clidoc":           "cmd/internal/clidoc",
	"(cd fixtures/interop && go test ./...)": "fixtures/interop/go.mod",
}

// Every command of the README is run as it stands there, on the real programs, with a
// registry on loopback in place of the one in the example.
func TestREADME(t *testing.T) {
	readme, err := os.ReadFile(filepath.Join(top, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	image := storedImage(t)
	var script []string
	for _, block := range shellBlock.FindAllStringSubmatch(string(readme), -1) {
		for line := range strings.Lines(block[1]) {
			line = strings.TrimSpace(line)
			if needs, ok := notRun[line]; ok {
				if _, err := os.Stat(filepath.Join(top, needs)); err != nil {
					t.Errorf("%s: %v", line, err)
				}
				continue
			}
			line = strings.Replace(line, "go run ./cmd/carnet ", "carnet ", 1)
			script = append(script, strings.ReplaceAll(line, "ghcr.io/acme/app:1.4", image))
		}
	}
	if len(script) < 4 {
		t.Fatalf("the README has the commands %q: the test does not see them all", script)
	}
	out := runShell(t, strings.Join(script, "\n"))
	for _, want := range []string{"ALLOWED", "INVALID", strings.TrimSuffix(image, ":1.4") + "@sha256:"} {
		if !strings.Contains(out, want) {
			t.Errorf("the README's commands do not say %q: %s", want, out)
		}
	}
}

var typed = regexp.MustCompile(`(?m)(?:^|\$\(|&& )(carnet(?:-verify)? [^|>)&#\n]+)`)

// Every command line in the help texts and pages has commands and flags that exist.
func TestExamplesAreUnderstood(t *testing.T) {
	texts := []string{}
	for _, p := range programs() {
		for _, c := range p.flat() {
			for _, e := range c.Examples {
				texts = append(texts, e[1])
			}
		}
	}
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/*/*.md"} {
		paths, err := filepath.Glob(filepath.Join(top, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			page, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			for _, block := range shellBlock.FindAllStringSubmatch(string(page), -1) {
				texts = append(texts, block[1])
			}
		}
	}
	tried := 0
	for _, text := range texts {
		for _, m := range typed.FindAllStringSubmatch(strings.ReplaceAll(text, "\\\n", " "), -1) {
			tried++
			understood(t, strings.Fields(m[1]))
		}
	}
	if tried < 40 {
		t.Errorf("only %d command lines were found: the test does not see them", tried)
	}
}

// understood asks for the command's help behind its arguments, but before a command line that
// it is to run: a flag or command that does not exist is refused as usage before anything else.
func understood(t *testing.T, args []string) {
	t.Helper()
	if i := slices.Index(args, "--"); i >= 0 {
		args = args[:i]
	}
	var out strings.Builder
	env := &cli.Env{
		Stdin: strings.NewReader(""), Stdout: &out, Stderr: &out,
		LookupEnv: func(string) (string, bool) { return "", false }, Environ: func() []string { return nil },
	}
	for _, p := range programs() {
		if p.name != args[0] {
			continue
		}
		if code := cli.Main(t.Context(), env, p.name, p.usage, p.commands, append(args, "--help")); code == 2 {
			t.Errorf("%s: %s", strings.Join(args, " "), out.String())
		}
	}
}

// runShell runs commands, each of which must succeed, with carnet on the path.
func runShell(t *testing.T, script string) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	bin, work := t.TempDir(), t.TempDir()
	if err := os.Symlink(self, filepath.Join(bin, "carnet")); err != nil {
		t.Fatal(err)
	}
	shell := exec.Command("sh", "-e", "-c", script)
	shell.Dir = work
	shell.Env = append(os.Environ(), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"), "CARNET_PASSWORD=", "HOME="+work)
	out, err := shell.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s\n%s", err, script, out)
	}
	return string(out)
}

// storedImage puts an image where the README's release has its own.
func storedImage(t *testing.T) string {
	t.Helper()
	r := registry.Start(t, registry.Config{Referrers: true})
	img, err := random.Image(1000, 1)
	if err != nil {
		t.Fatal(err)
	}
	img = mutate.ConfigMediaType(mutate.MediaType(img, types.OCIManifestSchema1), types.OCIConfigJSON)
	ref, err := name.ParseReference(r.Host + "/acme/app:1.4")
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(ref, img); err != nil {
		t.Fatal(err)
	}
	return ref.Name()
}
