package checkout_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/carnet-project/carnet/attest/checkout"
)

// A repository is one in a temporary folder, with a user's configuration of its own.
type repository struct {
	t       *testing.T
	dir     string
	environ []string
}

func newRepository(t *testing.T) *repository {
	t.Helper()
	r := &repository{t, t.TempDir(), []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir()}}
	r.git("init", "-q", "-b", "main")
	return r
}

func (r *repository) git(args ...string) string {
	r.t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = r.dir
	cmd.Env = append(r.environ, "GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=c", "GIT_COMMITTER_EMAIL=c@example.com",
		"GIT_COMMITTER_DATE=2024-01-02T03:04:05+0100", "GIT_AUTHOR_DATE=2023-01-02T03:04:05Z")
	out, err := cmd.CombinedOutput()
	if err != nil {
		r.t.Fatalf("git %q: %v: %s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

func (r *repository) write(name, content string) {
	r.t.Helper()
	if err := os.WriteFile(filepath.Join(r.dir, name), []byte(content), 0o644); err != nil {
		r.t.Fatal(err)
	}
}

func (r *repository) commit(name string) string {
	r.t.Helper()
	r.write(name, name)
	r.git("add", "--", name)
	r.git("commit", "-q", "-m", name)
	return r.git("rev-parse", "HEAD")
}

func (r *repository) read() *checkout.Checkout {
	r.t.Helper()
	c, err := checkout.Read(context.Background(), r.dir, r.environ)
	if err != nil {
		r.t.Fatal(err)
	}
	return c
}

func TestRead(t *testing.T) {
	r := newRepository(t)
	commit := r.commit("a")
	r.git("remote", "add", "origin", "https://user:secret@Example.com/org/repo.git?token=secret")
	c := r.read()
	want := time.Date(2024, 1, 2, 2, 4, 5, 0, time.UTC)
	if c.Commit != commit || len(c.Parents) != 0 || c.Superproject != "" || c.Branch != "main" || c.Ref() != "refs/heads/main" || c.Dirty || !c.CommitTime.Equal(want) || len(c.Tags) != 0 {
		t.Errorf("%+v", c)
	}
	if c.Remote != "git+https://example.com/org/repo.git" {
		t.Errorf("remote %q", c.Remote)
	}
	root, err := filepath.EvalSymlinks(r.dir)
	if err != nil {
		t.Fatal(err)
	}
	if c.Root != root {
		t.Errorf("root %q, want %q", c.Root, root)
	}
	if err := os.Mkdir(filepath.Join(r.dir, "sub"), 0o755); err != nil {
		t.Fatal(err)
	}
	below, err := checkout.Read(context.Background(), filepath.Join(r.dir, "sub"), r.environ)
	if err != nil || below.Root != root || below.Dirty {
		t.Errorf("from a folder below: %+v, %v", below, err)
	}
}

func TestSHA256Repository(t *testing.T) {
	r := newRepository(t)
	r.dir = t.TempDir()
	r.git("init", "-q", "-b", "main", "--object-format=sha256")
	if commit := r.commit("a"); len(commit) != 64 || r.read().Commit != commit {
		t.Errorf("%+v, want %s", r.read(), commit)
	}
}

// The parents are the commit's own, in a clone too that has none of them.
func TestParents(t *testing.T) {
	r := newRepository(t)
	r.commit("a")
	r.git("checkout", "-q", "-b", "work")
	second := r.commit("b")
	r.git("checkout", "-q", "main")
	third := r.commit("c")
	r.git("merge", "-q", "--no-ff", "-m", "merge\n\nparent of all", "work")
	if c := r.read(); !slices.Equal(c.Parents, []string{third, second}) {
		t.Errorf("a merge: %q, want %q and %q", c.Parents, third, second)
	}
	shallow := &repository{t, t.TempDir(), r.environ}
	shallow.git("clone", "-q", "--depth", "1", "file://"+r.dir, ".")
	if c := shallow.read(); !slices.Equal(c.Parents, []string{third, second}) || c.Dirty {
		t.Errorf("in a shallow clone: %+v", c)
	}
}

func TestRefs(t *testing.T) {
	r := newRepository(t)
	first := r.commit("a")
	r.git("tag", "-a", "-m", "release", "v1.0.0")
	if c := r.read(); c.Ref() != "refs/tags/v1.0.0" || c.Branch != "main" || c.Commit != first {
		t.Errorf("an annotated tag: %+v", c)
	}
	r.git("tag", "also")
	if c := r.read(); c.Ref() != "refs/heads/main" || !slices.Equal(c.Tags, []string{"also", "v1.0.0"}) {
		t.Errorf("two tags: %+v", c)
	}
	r.git("checkout", "-q", "-b", "feature/x")
	r.commit("b")
	if c := r.read(); c.Ref() != "refs/heads/feature/x" || len(c.Tags) != 0 {
		t.Errorf("past the tag: %+v", c)
	}
	r.git("checkout", "-q", "--detach", first)
	r.git("tag", "-d", "also")
	if c := r.read(); c.Branch != "" || c.Ref() != "refs/tags/v1.0.0" {
		t.Errorf("detached at a tag: %+v", c)
	}
	r.git("tag", "-d", "v1.0.0")
	if c := r.read(); c.Ref() != "" || c.Commit != first {
		t.Errorf("detached: %+v", c)
	}
}

func TestDirty(t *testing.T) {
	r := newRepository(t)
	r.commit("a")
	r.write(".gitignore", "ignored\n")
	r.git("add", ".gitignore")
	r.git("commit", "-q", "-m", "ignore")
	r.write("ignored", "")
	if r.read().Dirty {
		t.Error("an ignored file makes it dirty")
	}
	for name, change := range map[string]func(){
		"changed":   func() { r.write("a", "changed") },
		"staged":    func() { r.write("a", "changed"); r.git("add", "a") },
		"untracked": func() { r.write("new", "") },
		"removed":   func() { r.git("rm", "-q", "a") },
	} {
		change()
		if !r.read().Dirty {
			t.Errorf("a %s file leaves it clean", name)
		}
		r.git("reset", "-q", "--hard")
		r.git("clean", "-q", "-f")
	}
	if r.read().Dirty {
		t.Error("clean again and called dirty")
	}
}

func TestWorktreeAndSubmodule(t *testing.T) {
	lib := newRepository(t)
	libCommit := lib.commit("l")
	r := newRepository(t)
	r.commit("a")
	r.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", lib.dir, "lib")
	r.git("commit", "-q", "-m", "lib")
	r.git("remote", "add", "origin", "git@example.com:org/repo")

	sub := &repository{t, filepath.Join(r.dir, "lib"), r.environ}
	sub.git("remote", "set-url", "origin", "https://x-access-token:secret@example.com/org/lib")
	if c := sub.read(); c.Commit != libCommit || c.Remote != "git+https://example.com/org/lib" || c.Root == r.dir || c.Superproject != r.read().Root {
		t.Errorf("submodule: %+v", c)
	}
	if r.read().Dirty {
		t.Error("a clean submodule makes it dirty")
	}
	sub.write("l", "changed")
	if !r.read().Dirty {
		t.Error("a changed submodule leaves it clean")
	}

	tree := &repository{t, filepath.Join(t.TempDir(), "tree"), r.environ}
	r.git("worktree", "add", "-q", "-b", "other", tree.dir)
	commit := tree.commit("only here")
	if c := tree.read(); c.Commit != commit || c.Branch != "other" || c.Remote != "git+ssh://git@example.com/org/repo" {
		t.Errorf("worktree: %+v", c)
	}
	if r.read().Commit == commit {
		t.Error("the main work tree shows the other's commit")
	}
}

func TestWhichRemote(t *testing.T) {
	r := newRepository(t)
	r.commit("a")
	if c := r.read(); c.Remote != "" {
		t.Errorf("no remote, yet %q", c.Remote)
	}
	r.git("remote", "add", "only", "https://example.com/only")
	if c := r.read(); c.Remote != "git+https://example.com/only" {
		t.Errorf("the only remote: %q", c.Remote)
	}
	r.git("remote", "add", "another", "https://example.com/another")
	if c := r.read(); c.Remote != "" {
		t.Errorf("two remotes, neither origin: %q", c.Remote)
	}
	r.git("remote", "add", "origin", "/srv/git/repo")
	if c := r.read(); c.Remote != "" {
		t.Errorf("a folder: %q", c.Remote)
	}
	r.git("remote", "set-url", "origin", "https://example.com/origin")
	if c := r.read(); c.Remote != "git+https://example.com/origin" {
		t.Errorf("origin: %q", c.Remote)
	}
	r.git("config", "branch.main.remote", "another")
	r.git("config", "branch.main.merge", "refs/heads/main")
	if c := r.read(); c.Remote != "git+https://example.com/another" {
		t.Errorf("the remote that the branch follows: %q", c.Remote)
	}
	r.git("config", "--global", "url.https://token:secret@mirror.example.com/.insteadOf", "https://example.com/")
	if c := r.read(); c.Remote != "git+https://mirror.example.com/another" {
		t.Errorf("a rewritten URL: %q", c.Remote)
	}
}

func TestNotACheckout(t *testing.T) {
	r := newRepository(t)
	empty := t.TempDir()
	r.git("init", "-q", "--bare", filepath.Join(empty, "bare"))
	// Files that make a folder of a work tree a bare repository, with a work tree of its own choice.
	embedded := filepath.Join(r.dir, "embedded")
	r.git("init", "-q", "--bare", embedded)
	r.git("--git-dir", embedded, "config", "core.bare", "false")
	r.git("--git-dir", embedded, "config", "core.worktree", empty)
	for name, dir := range map[string]string{"an embedded repository": embedded, "an empty folder": empty, "a bare repository": filepath.Join(empty, "bare"), "the git folder": filepath.Join(r.dir, ".git")} {
		if c, err := checkout.Read(context.Background(), dir, r.environ); !errors.Is(err, checkout.ErrNotCheckout) {
			t.Errorf("%s: %+v, %v", name, c, err)
		}
	}
	if c, err := checkout.Read(context.Background(), r.dir, r.environ); !errors.Is(err, checkout.ErrNoCommit) {
		t.Errorf("no commit: %+v, %v", c, err)
	}
	if _, err := checkout.Read(context.Background(), filepath.Join(empty, "missing"), r.environ); err == nil {
		t.Error("reads a folder that is not there")
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := checkout.Read(ctx, r.dir, r.environ); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestNoGit(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if _, err := checkout.Read(context.Background(), t.TempDir(), nil); !errors.Is(err, checkout.ErrNoGit) {
		t.Errorf("error %v", err)
	}
}

// The environment may not show another repository than the folder's.
func TestEnvironmentIsNotBelieved(t *testing.T) {
	r, other := newRepository(t), newRepository(t)
	commit := r.commit("a")
	other.commit("b")
	environ := append(slices.Clone(r.environ), "GIT_DIR="+filepath.Join(other.dir, ".git"), "GIT_WORK_TREE="+other.dir, "GIT_INDEX_FILE=/nowhere", "LC_ALL=de_DE.UTF-8")
	c, err := checkout.Read(context.Background(), r.dir, environ)
	if err != nil || c.Commit != commit || c.Dirty {
		t.Errorf("%+v, %v", c, err)
	}
}

// Being looked at runs nothing of the repository's, and writes nothing to it.
func TestRepositoryRunsNothing(t *testing.T) {
	r := newRepository(t)
	r.commit("a")
	ran := filepath.Join(t.TempDir(), "ran")
	script := "#!/bin/sh\ntouch " + ran + "\n"
	for _, name := range []string{"monitor", filepath.Join(".git", "hooks", "post-index-change")} {
		r.write(name, script)
		if err := os.Chmod(filepath.Join(r.dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	r.git("add", "monitor")
	r.git("commit", "-q", "-m", "monitor")
	r.git("config", "core.fsmonitor", filepath.Join(r.dir, "monitor"))
	r.git("config", "log.showSignature", "true")
	r.git("config", "gpg.program", filepath.Join(r.dir, "monitor"))
	r.write("signer", "#!/bin/sh\ncat >/dev/null\necho '[GNUPG:] SIG_CREATED ' >&2\necho '-----BEGIN PGP SIGNATURE-----'\necho '-----END PGP SIGNATURE-----'\n")
	if err := os.Chmod(filepath.Join(r.dir, "signer"), 0o755); err != nil {
		t.Fatal(err)
	}
	r.git("add", "signer")
	r.git("-c", "gpg.program="+filepath.Join(r.dir, "signer"), "commit", "-q", "-S", "-m", "signed")
	if err := os.Remove(ran); err != nil { // the commit ran the hook
		t.Fatal(err)
	}
	later := time.Now().Add(time.Hour) // makes git want to refresh its index
	if err := os.Chtimes(filepath.Join(r.dir, "a"), later, later); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(filepath.Join(r.dir, ".git", "index"))
	if err != nil {
		t.Fatal(err)
	}
	if c := r.read(); c.Dirty {
		t.Errorf("%+v", c)
	}
	if _, err := os.Stat(ran); err == nil {
		t.Error("a program of the repository was run")
	}
	after, err := os.ReadFile(filepath.Join(r.dir, ".git", "index"))
	if err != nil || !slices.Equal(before, after) {
		t.Errorf("the index was written, %v", err)
	}
}

func TestForeignOwner(t *testing.T) {
	r := newRepository(t)
	r.commit("a")
	if os.Getuid() != 0 {
		t.Log("only root can give a repository to another user")
		return
	}
	for _, path := range []string{r.dir, filepath.Join(r.dir, ".git")} {
		if err := os.Chown(path, 12345, 12345); err != nil {
			t.Fatal(err)
		}
	}
	_, err := checkout.Read(context.Background(), r.dir, r.environ)
	if !errors.Is(err, checkout.ErrUntrusted) || !strings.Contains(err.Error(), "safe.directory") || !strings.Contains(err.Error(), r.dir) {
		t.Errorf("error %v", err)
	}
	r.git("config", "--global", "safe.directory", r.dir)
	if _, err := checkout.Read(context.Background(), r.dir, r.environ); err != nil {
		t.Errorf("allowed by the user: %v", err)
	}
}
