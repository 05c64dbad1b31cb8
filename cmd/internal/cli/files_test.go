package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/carnet-project/carnet/cmd/internal/cli"
)

// write runs a command that writes a file.
func write(t *testing.T, path, data string) ran {
	t.Helper()
	return play(t.Context(), func(c *cli.Call) error { return c.WriteFile(path, []byte(data)) }, "one")
}

func TestWriteFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "out.json")
	for _, content := range []string{"first", "", "the third, which is longer"} {
		if r := write(t, path, content); r.code != 0 || r.stdout != "" {
			t.Fatalf("ends with %d: %s", r.code, r.stderr)
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != content {
			t.Errorf("the file holds %q, %v; want %q", got, err, content)
		}
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("%v, %v: others can't read it", info.Mode(), err)
	}
	if r := write(t, "-", "to stdout"); r.stdout != "to stdout" {
		t.Errorf("stdout is %q", r.stdout)
	}
	only(t, dir, "out.json")
}

// A file is there whole or not at all: who fails leaves the old one and no other.
func TestWriteFileFails(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "taken", "full"), 0o755); err != nil {
		t.Fatal(err)
	}
	// A folder in the file's place is found only when the file is renamed there.
	if r := write(t, filepath.Join(dir, "taken"), "x"); r.code == 0 || !strings.Contains(r.stderr, "taken") {
		t.Errorf("ends with %d: %s", r.code, r.stderr)
	}
	if r := write(t, filepath.Join(dir, "missing", "x"), "x"); r.code != 2 || !strings.Contains(r.stderr, "no such file") {
		t.Errorf("ends with %d: %s", r.code, r.stderr)
	}
	only(t, dir, "taken")
}

// What stands at the name is replaced, not written through: a reader that has the old
// file open keeps it whole, and a link's target is left alone.
func TestWriteFileReplaces(t *testing.T) {
	dir := t.TempDir()
	path, target := filepath.Join(dir, "out"), filepath.Join(dir, "target")
	if err := os.WriteFile(target, []byte("keep"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("target", path); err != nil {
		t.Fatal(err)
	}
	old, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	if r := write(t, path, "new"); r.code != 0 {
		t.Fatal(r.stderr)
	}
	got, err := os.ReadFile(target)
	if err != nil || string(got) != "keep" {
		t.Errorf("the link's target holds %q, %v", got, err)
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != "new" {
		t.Errorf("the file holds %q, %v", got, err)
	}
}

func TestReadFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "in")
	if err := os.WriteFile(path, []byte("12345"), 0o644); err != nil {
		t.Fatal(err)
	}
	if b, err := cli.ReadFile(path, 5); err != nil || string(b) != "12345" {
		t.Errorf("%q, %v", b, err)
	}
	if _, err := cli.ReadFile(path, 4); err == nil || !strings.Contains(err.Error(), "is over 4 bytes") {
		t.Errorf("a file over its bound: %v", err)
	}
	if _, err := cli.ReadFile(path+"x", 5); err == nil || err.Error() != path+"x: no such file" {
		t.Errorf("a file that is not there: %v", err)
	}
	if _, err := cli.ReadFile(filepath.Dir(path), 5); err == nil {
		t.Error("a folder is read")
	}
}

// only holds a folder to one entry.
func only(t *testing.T, dir, name string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 || entries[0].Name() != name {
		t.Errorf("%v, %v; want %s alone", entries, err, name)
	}
}
