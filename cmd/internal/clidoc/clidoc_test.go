package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const top = "../../.."

func TestReferenceIsUpToDate(t *testing.T) {
	all := pages()
	for _, path := range slices.Sorted(maps.Keys(all)) {
		on, err := os.ReadFile(filepath.Join(top, path))
		if err != nil || string(on) != all[path] {
			t.Errorf("%s is stale: go run ./cmd/internal/clidoc writes it again", path)
		}
	}
	old, err := leftOver(top, all)
	if err != nil || len(old) > 0 {
		t.Errorf("not generated any more: %q %v", old, err)
	}
}

func TestWriteBringsUpToDate(t *testing.T) {
	dir := t.TempDir()
	if err := write(dir); err == nil {
		t.Error("wrote into a folder that is not the module's")
	}
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(dir, "docs/cli"), 0o755); err != nil {
		t.Fatal(err)
	}
	gone := filepath.Join(dir, "docs/cli/gone.md")
	if err := os.WriteFile(gone, []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := write(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(gone); err == nil {
		t.Error("a page without a command is still there")
	}
	for path, content := range pages() {
		if on, err := os.ReadFile(filepath.Join(dir, path)); err != nil || string(on) != content {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// The mains put their commands together themselves, for Go links whole packages. What
// is documented must be what they put together.
func TestProgramsAreTheMains(t *testing.T) {
	for _, p := range programs() {
		calls, words := readMain(t, filepath.Join(top, "cmd", p.name, "main.go"))
		if !slices.Contains(words, p.name) || !slices.Contains(words, p.usage) {
			t.Errorf("%s does not call itself %q, %q", p.name, p.name, p.usage)
		}
		want := []string{"cli.VersionCommand", "consume.Commands", "consume.PolicyCommands", "policy.Command", "trust.Command"}
		if p.name == "carnet" {
			want = append(want, "consume.Summariser", "local.Local", "produce.Commands", "produce.KeyService",
				"produce.PolicyPush", "produce.PolicySign", "produce.Quickstart", "produce.SignSummaries", "produce.SummaryFlags")
			slices.Sort(want)
		}
		if !slices.Equal(calls, want) {
			t.Errorf("%s is made of %q, and documented as made of %q", p.name, calls, want)
		}
	}
}

// readMain finds what a main takes from the packages of commands, and its strings.
func readMain(t *testing.T, path string) (calls, words []string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BasicLit:
			if word, err := strconv.Unquote(n.Value); err == nil && n.Kind == token.STRING {
				words = append(words, word)
			}
		case *ast.SelectorExpr:
			from, ok := n.X.(*ast.Ident)
			if ok && (from.Name == "produce" || from.Name == "consume" || from.Name == "local" || strings.HasSuffix(n.Sel.Name, "Command")) {
				calls = append(calls, from.Name+"."+n.Sel.Name)
			}
		}
		return true
	})
	slices.Sort(calls)
	return calls, words
}

func TestNothingGoesMissing(t *testing.T) {
	all := pages()
	for _, p := range programs() {
		for _, c := range p.flat() {
			page := all["docs/cli/"+c.file()]
			for _, f := range c.flags() {
				for _, text := range []string{page, all["docs/completions/"+p.name+".bash"], all["docs/completions/"+p.name+".zsh"]} {
					if !strings.Contains(text, f.names[0]) {
						t.Errorf("%s: %s is missing in a page that begins %.60q", c.name(), f.names[0], text)
					}
				}
				if !strings.Contains(all["docs/man/"+p.name+".1"], roff(f.names[0])) {
					t.Errorf("%s: %s is missing in the manual", c.name(), f.names[0])
				}
			}
			for _, e := range c.Exits {
				if !strings.Contains(page, "| "+strconv.Itoa(e.Code)+" | ") {
					t.Errorf("%s: exit code %d is missing", c.name(), e.Code)
				}
			}
		}
	}
}

// completions are what somebody types before the tabulator, and what must be offered.
var completions = map[string]string{
	"carnet v":                         "verify version",
	"carnet key ":                      "generate import public",
	"carnet attest provenance --so":    "--source",
	"carnet attest sbom --form":        "--format",
	"carnet attest --type spd":         "spdxjson spdx",
	"carnet sbom --output cyc":         "cyclonedx-json cyclonedx-xml",
	"carnet sbom -o cyc":               "cyclonedx-json cyclonedx-xml",
	"carnet key generate -a e":         "ecdsa-p256 ecdsa-p384 ecdsa-p521 ed25519",
	"carnet verify --key x --require ": "signature provenance sbom",
}

func TestBashCompletes(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Log("bash is not installed: its completion is not tried")
		return
	}
	script := filepath.Join(t.TempDir(), "carnet.bash")
	if err := os.WriteFile(script, []byte(programs()[0].bash()), 0o600); err != nil {
		t.Fatal(err)
	}
	for typed, want := range completions {
		words := strings.Split(typed, " ")
		ask := `source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _carnet; echo "${COMPREPLY[*]}"`
		out, err := exec.Command(bash, append([]string{"-c", ask, "bash", script}, words...)...).CombinedOutput()
		if got := strings.TrimSpace(string(out)); err != nil || got != want {
			t.Errorf("%s[TAB] offers %q (%v), want %q", typed, got, err, want)
		}
	}
}

func TestFishCompletes(t *testing.T) {
	fish, err := exec.LookPath("fish")
	if err != nil {
		t.Log("fish is not installed: its completion is not tried")
		return
	}
	script := filepath.Join(t.TempDir(), "carnet.fish")
	if err := os.WriteFile(script, []byte(programs()[0].fish()), 0o600); err != nil {
		t.Fatal(err)
	}
	for typed, want := range completions {
		ask := exec.Command(fish, "--no-config", "-c", `source $argv[1]; complete -C $argv[2]`, script, typed)
		ask.Dir = t.TempDir()
		out, err := ask.CombinedOutput()
		var got []string
		for line := range strings.Lines(string(out)) {
			word, _, _ := strings.Cut(strings.TrimSpace(line), "\t")
			got = append(got, word)
		}
		wanted := strings.Fields(want)
		slices.Sort(got)
		slices.Sort(wanted)
		if err != nil || !slices.Equal(got, wanted) {
			t.Errorf("%s[TAB] offers %q (%v), want %q", typed, got, err, wanted)
		}
	}
}

func TestShellsReadTheCompletions(t *testing.T) {
	for _, p := range programs() {
		for shell, script := range map[string]string{"bash": p.bash(), "zsh": p.zsh(), "fish": p.fish()} {
			path, err := exec.LookPath(shell)
			if err != nil {
				t.Logf("%s is not installed: its completion is not read", shell)
				continue
			}
			read := exec.Command(path, "-n")
			read.Stdin = strings.NewReader(script)
			if out, err := read.CombinedOutput(); err != nil || len(out) > 0 {
				t.Errorf("%s does not read the completion of %s: %v %s", shell, p.name, err, out)
			}
		}
	}
}
