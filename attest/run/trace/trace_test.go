//go:build linux && (amd64 || arm64)

package trace_test

import (
	"bytes"
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/carnet-project/carnet/attest/run/trace"
)

// TestMain lets this binary be the stub, as main does, and the programs that the tests
// trace.
func TestMain(m *testing.M) {
	if trace.IsStub(os.Args) {
		os.Exit(trace.Stub(os.Args))
	}
	if len(os.Args) > 2 && os.Args[1] == "act" {
		os.Exit(act(os.Args[2], os.Args[3:]))
	}
	os.Exit(m.Run())
}

func tracer() trace.Tracer { return trace.Tracer{Stub: []string{"/proc/self/exe"}} }

// acting is this binary as one of the programs in act_test.go.
func acting(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return exec.Command(self, append([]string{"act"}, args...)...)
}

// run traces a command. Where the kernel refuses, the test is skipped, but not in CI.
func run(t *testing.T, cmd *exec.Cmd) (*trace.Log, error) {
	t.Helper()
	l, err := tracer().Run(t.Context(), cmd)
	refused(t, err)
	return l, err
}

func refused(t *testing.T, err error) {
	t.Helper()
	if errors.Is(err, trace.ErrUnavailable) {
		if os.Getenv("CI") != "" {
			t.Fatalf("CI must be able to trace: %v", err)
		}
		t.Skipf("NOTHING IS TESTED: %v", err)
	}
}

// observe traces a command that must succeed, and drop nothing.
func observe(t *testing.T, cmd *exec.Cmd) *trace.Log {
	t.Helper()
	var out bytes.Buffer
	if cmd.Stdout == nil {
		cmd.Stdout = &out
	}
	if cmd.Stderr == nil {
		cmd.Stderr = cmd.Stdout
	}
	l, err := run(t, cmd)
	if err != nil {
		t.Fatalf("%s: %v\n%s", cmd, err, &out)
	}
	if len(l.Dropped) != 0 {
		t.Errorf("%s: dropped %v", cmd, l.Dropped)
	}
	return l
}

// folder is an empty one, by its resolved name.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func write(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// says writes what a log has of the files in a folder, one word each: the name, and a
// letter for each thing that was done.
func says(l *trace.Log, dir string) string {
	var words []string
	for _, f := range l.Files {
		name, below := strings.CutPrefix(f.Path, dir+"/")
		if !below {
			continue
		}
		word := name + ":"
		for _, does := range []struct {
			letter string
			is     bool
		}{{"r", f.Read}, {"w", f.Written}, {"c", f.Created}, {"x", f.Executed}, {"d", f.Removed}, {"I", f.Input}} {
			if does.is {
				word += does.letter
			}
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}

func count(counts []trace.Count, why trace.Reason) int {
	for _, c := range counts {
		if c.Reason == why {
			return c.Count
		}
	}
	return 0
}

func TestFiles(t *testing.T) {
	for _, test := range []struct{ name, script, want string }{
		{"read", "read x <in", "in:rI"},
		{"write", "echo >new", "new:wc"},
		{"overwrite", "echo >in", "in:w"},
		{"append", "echo >>in", "in:w"},
		{"read and write", "read x <>in", "in:rwI"},
		{"read what was written", "echo >new; read x <new", "new:rwc"},
		{"read, then overwrite", "read x <in; echo >in", "in:rwI"},
		{"not there", "cat none 2>/dev/null || true", ""},
		{"rename what was made", "echo >new; mv new newer; cat newer", "new:rwcd newer:rwc"},
		{"rename what was there", "mv in out", "in:rdI out:wc"},
		{"remove what was read", "cat in; rm in", "in:rdI"},
		{"remove what was not", "rm in", ""},
		{"remove and make again", "cat in; rm in; echo >in", "in:rwcI"},
		{"copy", "cp in out", "in:rI out:wc"},
		{"link", "ln in out", "in:rI out:wc"},
		{"move a folder", "mkdir a; echo >a/f; mv a b; cat b/f", "a/f:wc b/f:rc"},
		{"through a link", "ln -s in alias; cat alias", "in:rI"},
		{"through a linked folder", "mkdir d; mv in d/in; ln -s d e; cat e/in", "d/in:rwc in:rdI"},
		{"make through a link to nothing", "ln -s made alias; echo >alias", "made:wc"},
		{"relative", "mkdir d; cd d; read x <../in", "in:rI"},
		{"standard input", "cat /dev/stdin <in; cat /dev/fd/0 <in; cat /proc/self/fd/0 <in", "in:rI"},
		{"truncate", "truncate -s 1 in", "in:w"},
		{"interpreters", "chmod +x script; ./script", "interpreter:xI script:rxI"},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := folder(t)
			write(t, dir+"/in", "text\n")
			if test.name == "interpreters" {
				write(t, dir+"/script", "#! "+dir+"/interpreter\n")
				sh, err := os.ReadFile("/bin/cat")
				if err != nil {
					t.Fatal(err)
				}
				write(t, dir+"/interpreter", string(sh))
				os.Chmod(dir+"/interpreter", 0o755)
			}
			cmd := exec.Command("/bin/sh", "-c", test.script)
			cmd.Dir = dir
			l := observe(t, cmd)
			if got := says(l, dir); got != test.want {
				t.Errorf("%s:\n got %s\nwant %s", test.script, got, test.want)
			}
		})
	}
}

func TestProgramsAndLoaders(t *testing.T) {
	l := observe(t, exec.Command("/bin/sh", "-c", "cat /dev/null"))
	executed := map[string]bool{}
	for _, f := range l.Files {
		executed[f.Path] = f.Executed
	}
	for _, name := range append(loaders(t, "/bin/sh"), "/bin/sh", "/bin/cat") {
		path, err := filepath.EvalSymlinks(name)
		if err != nil || !executed[path] {
			t.Errorf("%s was not executed: %v, %v", path, executed, err)
		}
	}
	if count(l.LeftOut, trace.Pseudo) == 0 {
		t.Errorf("/dev/null is a device: %v", l.LeftOut)
	}
	if !slices.IsSortedFunc(l.Files, func(a, b trace.File) int { return strings.Compare(a.Path, b.Path) }) {
		t.Error("files are not sorted")
	}
}

// loaders are what a program names as its interpreter; none if it is static.
func loaders(t *testing.T, program string) (names []string) {
	t.Helper()
	file, err := elf.Open(program)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if section := file.Section(".interp"); section != nil {
		raw, err := section.Data()
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, strings.TrimRight(string(raw), "\x00"))
	}
	return names
}

// All ways to open a file, by number, as libraries for them may choose any.
func TestCalls(t *testing.T) {
	for _, way := range ways() {
		t.Run(way.name, func(t *testing.T) {
			dir := folder(t)
			write(t, dir+"/in", "#!/bin/true\n")
			os.Chmod(dir+"/in", 0o755)
			l := observe(t, acting(t, "call", way.name, dir))
			if got := says(l, dir); got != way.want {
				t.Errorf("got %s, want %s; left out %v", got, way.want, l.LeftOut)
			}
		})
	}
}

func TestThreads(t *testing.T) {
	dir := folder(t)
	for i := range 64 {
		write(t, fmt.Sprintf("%s/%d", dir, i), "x")
	}
	l := observe(t, acting(t, "threads", dir))
	if got := len(l.Inputs(dir)); got != 64 {
		t.Errorf("%d of 64 files: %s", got, says(l, dir))
	}
}

func TestDeepTree(t *testing.T) {
	in := write(t, folder(t)+"/in", "x")
	l := observe(t, exec.Command("/bin/sh", "-c", `
		down() { if [ $1 -gt 0 ]; then (down $(($1 - 1))); else setsid sh -c "exec cat `+in+`"; fi; }
		down 60; i=0; while [ $i -lt 100 ]; do i=$((i + 1)); (: </dev/null) & done; wait`))
	if got := l.Inputs(filepath.Dir(in)); len(got) != 1 || got[0].Path != in {
		t.Errorf("inputs: %v", got)
	}
}

func TestExecByThread(t *testing.T) {
	in := write(t, folder(t)+"/in", "x")
	l := observe(t, acting(t, "exec", "/bin/cat", in))
	if got := l.Inputs(filepath.Dir(in)); len(got) != 1 {
		t.Errorf("inputs: %v", got)
	}
}

// What a hostile or broken program asks for must neither stop nor mislead the tracer.
func TestGarbage(t *testing.T) {
	l, err := run(t, acting(t, "garbage"))
	if err != nil {
		t.Fatal(err)
	}
	if count(l.Dropped, trace.Unreadable) != 0 {
		t.Errorf("memory that is not there counts as unreadable: %v", l.Dropped)
	}
}

func TestIOUringIsRefused(t *testing.T) {
	l := observe(t, acting(t, "io_uring"))
	if count(l.LeftOut, trace.IOURing) != 1 {
		t.Errorf("left out: %v", l.LeftOut)
	}
}

func TestLimit(t *testing.T) {
	dir := folder(t)
	tr := tracer()
	tr.Limit = 20
	l, err := tr.Run(t.Context(), exec.Command("/bin/sh", "-c", "i=0; while [ $i -lt 50 ]; do i=$((i+1)); echo >"+dir+"/$i; done"))
	refused(t, err)
	if err != nil || len(l.Files) != 20 || count(l.Dropped, trace.FilesOverLimit) < 30 {
		t.Errorf("%d files, dropped %v, %v", len(l.Files), l.Dropped, err)
	}
}

func TestUnchanged(t *testing.T) {
	dir := folder(t)
	names := []string{"as it was", "written", "replaced", "linked", "gone"}
	for _, name := range names {
		write(t, dir+"/"+name, "x")
	}
	time.Sleep(30 * time.Millisecond) // so that the clock of the file system has moved on
	cmd := exec.Command("/bin/sh", "-c", "cat *; echo y >written; cp linked new; mv new replaced; ln linked second; rm gone")
	cmd.Dir = dir
	l := observe(t, cmd)
	for _, f := range l.Inputs(dir) {
		name := filepath.Base(f.Path)
		file, err := os.Open(f.Path)
		if name == "gone" {
			if !f.Removed || !errors.Is(err, os.ErrNotExist) {
				t.Errorf("gone: %+v, %v", f, err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		if err := f.Unchanged(file); errors.Is(err, trace.ErrChanged) != (name != "as it was") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := len(l.Inputs(dir)); got != len(names) {
		t.Errorf("%d inputs of %d: %s", got, len(names), says(l, dir))
	}
	if got := len(l.Inputs(dir + "x")); got != 0 {
		t.Errorf("%d inputs in a folder whose name only begins the same", got)
	}
}

// A file that changed just before it was read may change again in the same tick. On a
// busy machine the command may need longer to read it, so it may try again.
func TestUnchangedNeedsTime(t *testing.T) {
	for range 20 {
		dir := folder(t)
		in, say, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command("/bin/sh", "-c", "read x; read x <"+dir+"/in")
		cmd.Stdin = in
		go func() {
			time.Sleep(50 * time.Millisecond)
			os.WriteFile(dir+"/in", []byte("x\n"), 0o644)
			say.WriteString("go\n")
		}()
		inputs := observe(t, cmd).Inputs(dir)
		say.Close()
		in.Close()
		file, err := os.Open(dir + "/in")
		if err != nil || len(inputs) != 1 {
			t.Fatal(inputs, err)
		}
		err = inputs[0].Unchanged(file)
		file.Close()
		if errors.Is(err, trace.ErrChanged) {
			return
		}
	}
	t.Error("a file made right before it was read is surely unchanged")
}
