package run_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/carnet-project/carnet/attest/run"
)

// A bench is a working folder, with a git checkout in it once there is a commit.
type bench struct {
	*testing.T
	dir     string
	environ []string
}

func newBench(t *testing.T) *bench {
	t.Helper()
	dir := t.TempDir()
	return &bench{t, dir, []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "GIT_CEILING_DIRECTORIES=" + filepath.Dir(dir)}}
}

func (b *bench) write(name, content string) {
	b.Helper()
	path := filepath.Join(b.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		b.Fatal(err)
	}
}

func (b *bench) git(args ...string) string {
	b.Helper()
	cmd := exec.Command("git", append([]string{"-c", "user.name=a", "-c", "user.email=a@example.com"}, args...)...)
	cmd.Dir, cmd.Env = b.dir, b.environ
	out, err := cmd.CombinedOutput()
	if err != nil {
		b.Fatalf("git %q: %v: %s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

func (b *bench) commit() {
	b.Helper()
	b.git("init", "-q", "-b", "main")
	b.git("add", "-A")
	b.git("commit", "-q", "--allow-empty", "-m", "m")
}

func choose(t *testing.T, patterns ...string) run.Selection {
	t.Helper()
	s, err := run.Select(patterns)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// step is one of sh, which records everything.
func (b *bench) step(script string) *run.Step {
	b.Helper()
	return &run.Step{
		Command: []string{"sh", "-c", script}, Dir: b.dir, Environ: b.environ, Now: time.Now, Materials: choose(b.T, "."),
		ReadFile: func(string) ([]byte, error) { return nil, os.ErrNotExist },
	}
}

func (b *bench) run(s *run.Step) *run.Record {
	b.Helper()
	r, err := s.Run(context.Background())
	if err != nil {
		b.Fatal(err)
	}
	return r
}

func sum(content string) string {
	d := sha256.Sum256([]byte(content))
	return hex.EncodeToString(d[:])
}

// holds fails unless files are those of the names, in that order, with their contents.
func holds(t *testing.T, what string, files []run.File, want ...string) {
	t.Helper()
	var names []string
	for i, f := range files {
		names = append(names, f.Path)
		if 2*i+1 < len(want) && (f.SHA256 != sum(want[2*i+1]) || f.Size != int64(len(want[2*i+1]))) {
			t.Errorf("%s: %+v is not %q", what, f, want[2*i+1])
		}
	}
	var wanted []string
	for i := 0; i < len(want); i += 2 {
		wanted = append(wanted, want[i])
	}
	if !slices.Equal(names, wanted) {
		t.Errorf("%s: %q, want %q", what, names, wanted)
	}
}

func TestRun(t *testing.T) {
	b := newBench(t)
	b.write("b.c", "b")
	b.write("a/x.c", "x")
	b.write("a/tracked.log", "tracked though ignored")
	b.write(".gitignore", "*.log\nout\n")
	b.write("a/.gitignore", "!kept.log\n")
	b.git("init", "-q", "-b", "main")
	b.git("add", "-f", "a/tracked.log")
	b.commit()
	b.write("a/kept.log", "untracked, not ignored")
	b.write("a/lost.log", "ignored")
	b.write("new\nline", "n")
	commit := b.git("rev-parse", "HEAD")
	s := b.step("mkdir out && cat a/x.c b.c > out/bin && : > out/empty && echo other > b.c")
	s.Products = choose(t, "out")
	r := b.run(s)
	holds(t, "materials", r.Materials, ".gitignore", "*.log\nout\n", "a/.gitignore", "!kept.log\n", "a/kept.log", "untracked, not ignored",
		"a/tracked.log", "tracked though ignored", "a/x.c", "x", "b.c", "b", "new\nline", "n")
	holds(t, "products", r.Products, "out/bin", "xb", "out/empty", "")
	if r.ExitCode != 0 || r.Failed() || r.Started.After(r.Finished) || r.Folder != "." || r.Redacted || len(r.Unchanged) != 0 || len(r.Skipped) != 0 {
		t.Errorf("%+v", r)
	}
	if r.Before.Commit != commit || !r.Before.Dirty || r.After.Commit != commit || !r.After.Dirty {
		t.Errorf("checkouts: %+v, %+v", r.Before, r.After)
	}

	s = b.step("true")
	s.Ignored, s.Products = true, choose(t, "out", "!out/empty")
	r = b.run(s)
	if !slices.ContainsFunc(r.Materials, func(f run.File) bool { return f.Path == "a/lost.log" }) {
		t.Error("with Ignored, what git ignores is left out")
	}
	if !slices.Equal(r.Unchanged, []string{"out/bin"}) {
		t.Errorf("unchanged: %q", r.Unchanged)
	}
}

func TestGitMoves(t *testing.T) {
	b := newBench(t)
	b.write("sub/a", "a")
	b.commit()
	top := b.dir
	b.dir = filepath.Join(b.dir, "sub")
	r := b.run(b.step("echo b > b; git add b; git -c user.name=a -c user.email=a@b commit -qm b; echo c > c"))
	if r.Folder != "sub" || r.Before.Dirty || !r.After.Dirty || r.Before.Commit == r.After.Commit || r.After.Commit != b.git("rev-parse", "HEAD") {
		t.Errorf("%s: %+v, %+v", r.Folder, r.Before, r.After)
	}
	holds(t, "below a folder of the checkout", r.Materials, "a", "a")

	lib := newBench(t)
	lib.write("l", "l")
	lib.write("ignored", "i")
	lib.write(".gitignore", "ignored\n")
	lib.commit()
	b.dir = top
	b.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", lib.dir, "lib")
	b.write("lib/ignored", "i")
	s := b.step("true")
	s.Materials = choose(t, "lib")
	holds(t, "a submodule", b.run(s).Materials, "lib/.gitignore", "ignored\n", "lib/l", "l")
}

func TestOutsideOfACheckout(t *testing.T) {
	b := newBench(t)
	b.write(".gitignore", "x")
	b.write("x", "x")
	b.write("sub/.git/config", "")
	r := b.run(b.step("exit 3"))
	holds(t, "materials", r.Materials, ".gitignore", "x", "x", "x")
	if r.Before != nil || r.After != nil || r.ExitCode != 3 || !r.Failed() {
		t.Errorf("%+v", r)
	}
}

// What is no file is not read, and what is outside is not followed.
func TestOddFiles(t *testing.T) {
	b := newBench(t)
	b.write("dir/a", "a")
	outside := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(outside, []byte("outside"), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, target := range map[string]string{
		"inside": "dir/a", "dir/up": "../inside", "folder": "dir", "loop": "loop", "loop1": "loop2", "loop2": "loop1",
		"out": outside, "upout": "../" + filepath.Base(filepath.Dir(outside)) + "/secret", "nothing": "missing", "device": "/dev/zero",
	} {
		if err := os.Symlink(target, filepath.Join(b.dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(b.dir, "pipe"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("pipe", filepath.Join(b.dir, "topipe")); err != nil {
		t.Fatal(err)
	}
	t.Chdir(b.dir) // a socket's path is short
	l, err := net.Listen("unix", "socket")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s := b.step("true")
	s.Products = choose(t, ".")
	r := b.run(s)
	want := []string{"dir/a", "a", "dir/up", "a", "inside", "a"}
	holds(t, "materials", r.Materials, want...)
	holds(t, "products", r.Products, want...)
	var skipped []string
	for _, one := range r.Skipped {
		skipped = append(skipped, one.Path+": "+one.Why)
	}
	circle := ": a symbolic link that leads out of the folder or in a circle"
	if want := []string{
		"device" + circle, "folder: a symbolic link to a folder", "loop" + circle, "loop1" + circle, "loop2" + circle, "nothing: a symbolic link to nothing",
		"out" + circle, "pipe: a named pipe", "socket: a socket", "topipe: a symbolic link to a named pipe", "upout" + circle,
	}; !slices.Equal(skipped, want) {
		t.Errorf("skipped %q, want %q", skipped, want)
	}
}

func TestBadNames(t *testing.T) {
	b := newBench(t)
	b.write("bad\xff", "x")
	var file *run.FileError
	if r, err := b.step("true").Run(context.Background()); !errors.As(err, &file) || file.Path != "bad\xff" || r != nil || !strings.Contains(err.Error(), "UTF-8") {
		t.Errorf("%v, %v", r, err)
	}
	s := b.step("true")
	s.Materials = choose(t, ".", "!bad*")
	b.run(s)
}

func TestUnreadable(t *testing.T) {
	if unprivileged(t) {
		return
	}
	b := newBench(t)
	b.write("a", "a")
	if err := os.Chmod(filepath.Join(b.dir, "a"), 0); err != nil {
		t.Fatal(err)
	}
	var file *run.FileError
	if _, err := b.step("touch ran").Run(context.Background()); !errors.As(err, &file) || file.Path != "a" {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(b.dir, "ran")); err == nil {
		t.Error("the command ran")
	}
}

// slow has a file that takes longer to hash than the command waits.
func (b *bench) slow() {
	b.Helper()
	b.write("a-large", "")
	if err := os.Truncate(filepath.Join(b.dir, "a-large"), 160<<20); err != nil {
		b.Fatal(err)
	}
	b.write("sub/b", "before")
	time.Sleep(20 * time.Millisecond) // a clock's step, so that the stamp is not of the command's time
}

// A material that the command changes is never recorded as what the command made of it.
func TestLate(t *testing.T) {
	for name, script := range map[string]string{
		"changed":      "echo after > sub/b",
		"same size":    "printf afterw > sub/b",
		"time kept":    "touch -r sub/b stamp; printf afterw > sub/b; touch -r stamp sub/b",
		"replaced":     "echo after > c; mv c sub/b",
		"removed":      "rm sub/b",
		"made a pipe":  "rm sub/b; mkfifo sub/b",
		"made a link":  "rm sub/b; ln -s ../a-large sub/b",
		"made again":   "rm sub/b; printf before > sub/b",
		"other folder": "mkdir n; printf afterw > n/b; mv sub o; mv n sub",
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.slow()
			r, err := b.step(script).Run(context.Background())
			if name == "other folder" {
				if err != nil || r.Materials[1].SHA256 != sum("before") {
					t.Errorf("%v: %v", r, err)
				}
				return
			}
			var file *run.FileError
			if !errors.Is(err, run.ErrLate) || !errors.As(err, &file) || file.Path != "sub/b" || r == nil || r.ExitCode != 0 {
				t.Errorf("%+v: %v", r, err)
			}
		})
	}
	b := newBench(t)
	b.slow()
	s := b.step("echo after > sub/b")
	s.Patient = true
	if r := b.run(s); r.Materials[1].SHA256 != sum("before") {
		t.Errorf("patient: %+v", r.Materials)
	}
	b.slow()
	s = b.step("echo after > sub/b")
	s.Products = choose(t, "sub")
	r := b.run(s)
	if r.Materials[1].SHA256 != sum("before") || r.Products[0].SHA256 != sum("after\n") {
		t.Errorf("a product that was a material: %+v", r)
	}
}

func TestExitCodes(t *testing.T) {
	b := newBench(t)
	b.write("notexec", "x")
	for script, want := range map[string]int{"exit 0": 0, "exit 3": 3, "exit 255": 255, "kill -9 $$": 137, "kill -TERM $$": 143} {
		if r := b.run(b.step(script)); r.ExitCode != want || (want > 128 && want != 255) != (r.Signal != "") {
			t.Errorf("%s: %+v", script, r)
		}
	}
	for program, want := range map[string]int{"no-such-program-s3cret": run.ExitNotFound, "./missing": run.ExitNotFound, filepath.Join(b.dir, "notexec"): run.ExitNotStarted} {
		s := b.step("")
		s.Command = []string{program, "s3cret"}
		var start *run.StartError
		if r, err := s.Run(context.Background()); !errors.As(err, &start) || start.Code != want || r != nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v", program, err)
		}
	}
}

func TestSignals(t *testing.T) {
	b := newBench(t)
	signals := make(chan os.Signal, 1)
	s := b.step("trap 'echo got; exit 7' TERM; echo up; while :; do sleep 0.01; done")
	s.Signals = signals
	out, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	s.Streams.Stdout = in
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		_, _ = out.Read(make([]byte, 3)) // the trap is set
		cancel()                         // which is not the command's end
		time.Sleep(20 * time.Millisecond)
		signals <- syscall.SIGTERM
	}()
	if r, err := s.Run(ctx); r == nil || r.ExitCode != 7 {
		t.Errorf("%+v, %v", r, err)
	}
}
