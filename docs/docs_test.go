// Package docs_test holds the documentation to the code and to itself.
package docs_test

import (
	"encoding/json"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// pages are the project's Markdown files, by their path from the top folder.
func pages(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	add := func(path string) {
		raw, err := os.ReadFile(filepath.Join("..", path))
		if err != nil {
			t.Fatal(err)
		}
		found[path] = string(raw)
	}
	for _, path := range []string{"README.md", "CONTRIBUTING.md", "SECURITY.md"} {
		add(path)
	}
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".md") {
			add(filepath.Join("docs", path))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

var (
	fence    = regexp.MustCompile("(?ms)^ *```.*?^ *```$")
	link     = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading  = regexp.MustCompile(`(?m)^#+ (.+)$`)
	notInRef = regexp.MustCompile(`[^a-z0-9 _-]`)
)

// anchors are the fragments by which the headings of a page can be named.
func anchors(page string) []string {
	var all []string
	for _, h := range heading.FindAllStringSubmatch(fence.ReplaceAllString(page, ""), -1) {
		plain := notInRef.ReplaceAllString(strings.ToLower(h[1]), "")
		all = append(all, strings.ReplaceAll(plain, " ", "-"))
	}
	return all
}

func TestLinksLeadSomewhere(t *testing.T) {
	all := pages(t)
	checked := 0
	for path, page := range all {
		for _, m := range link.FindAllStringSubmatch(fence.ReplaceAllString(page, ""), -1) {
			u, err := url.Parse(m[1])
			if err != nil || u.Scheme != "" {
				continue // other sites are not asked
			}
			checked++
			to := path
			if u.Path != "" {
				to = filepath.Join(filepath.Dir(path), u.Path)
			}
			if _, err := os.Stat(filepath.Join("..", to)); err != nil {
				t.Errorf("%s links to %s, which does not exist", path, m[1])
				continue
			}
			if target, ok := all[to]; ok && u.Fragment != "" && !slices.Contains(anchors(target), u.Fragment) {
				t.Errorf("%s links to %s, where no heading is called so", path, m[1])
			}
		}
	}
	if checked < 20 {
		t.Errorf("only %d links were found: the test does not see them", checked)
	}
}

var row = regexp.MustCompile("(?m)^\\| `([^`]+)` \\| (.+) \\|$")

func TestEveryDirectDependencyHasAReason(t *testing.T) {
	page := pages(t)[filepath.Join("docs", "decisions", "dependencies.md")]
	own, interop, found := strings.Cut(page, "### In `fixtures/interop`")
	if !found {
		t.Fatal("the page has no part about fixtures/interop")
	}
	checkReasons(t, own, "../go.mod")
	checkReasons(t, interop, "../fixtures/interop/go.mod")
}

func checkReasons(t *testing.T, part, file string) {
	t.Helper()
	reasons := map[string]string{}
	for _, m := range row.FindAllStringSubmatch(part, -1) {
		if reasons[m[1]] != "" {
			t.Errorf("%s has two rows", m[1])
		}
		reasons[m[1]] = m[2]
	}
	required, direct := requirements(t, file)
	for _, module := range direct {
		if reasons[module] == "" {
			t.Errorf("%s requires %s, which has no reason in docs/decisions/dependencies.md", file, module)
		}
	}
	for module := range reasons {
		if !slices.Contains(required, module) {
			t.Errorf("docs/decisions/dependencies.md has a reason for %s, which %s does not require", module, file)
		}
	}
}

// requirements are what a go.mod requires, and of these what it requires directly.
func requirements(t *testing.T, file string) (all, direct []string) {
	t.Helper()
	raw, err := exec.Command("go", "mod", "edit", "-json", file).Output()
	if err != nil {
		t.Fatal(err)
	}
	var mod struct {
		Require []struct {
			Path     string
			Indirect bool
		}
	}
	if err := json.Unmarshal(raw, &mod); err != nil {
		t.Fatal(err)
	}
	for _, r := range mod.Require {
		all = append(all, r.Path)
		if !r.Indirect {
			direct = append(direct, r.Path)
		}
	}
	if len(direct) == 0 {
		t.Fatalf("%s requires nothing: the test does not see it", file)
	}
	return all, direct
}

func TestDecisionsHaveTheirParts(t *testing.T) {
	all := pages(t)
	dir := filepath.Join("docs", "decisions")
	index := all[filepath.Join(dir, "README.md")]
	for path, page := range all {
		if filepath.Dir(path) != dir || filepath.Base(path) == "README.md" {
			continue
		}
		for _, part := range []string{"## Context\n", "## Decision\n", "## Price\n"} {
			if !strings.Contains(page, part) {
				t.Errorf("%s has no part %q", path, strings.TrimSpace(part))
			}
		}
		if !strings.Contains(index, "]("+filepath.Base(path)+")") {
			t.Errorf("%s is not listed in %s/README.md", path, dir)
		}
	}
}

func TestChangelogFragments(t *testing.T) {
	kinds := regexp.MustCompile(`^(New|Change|Fix|Security): .{1,72}\n\n`)
	fragments, err := filepath.Glob("changelog/unreleased/*")
	if err != nil || len(fragments) == 0 {
		t.Fatalf("no fragments: %v", err)
	}
	for _, path := range fragments {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !kinds.Match(raw) || filepath.Ext(path) != ".md" {
			t.Errorf("%s does not begin as docs/changelog/README.md asks", path)
		}
	}
}
