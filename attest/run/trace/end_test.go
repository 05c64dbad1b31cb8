//go:build linux && (amd64 || arm64)

package trace_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/carnet-project/carnet/attest/run/trace"
)

func TestExitCodesAndSignals(t *testing.T) {
	for script, want := range map[string]string{"exit 7": "exit status 7", "kill -TERM $$": "signal: terminated", "kill -KILL $$": "signal: killed"} {
		l, err := run(t, exec.Command("/bin/sh", "-c", script))
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.Error() != want || l == nil || len(l.Files) == 0 {
			t.Errorf("%s: %v, want %s", script, err, want)
		}
	}
}

// Whoever started the command can send it signals, which it may catch.
func TestSignalFromOutside(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	cmd := exec.Command("/bin/sh", "-c", "trap 'exit 5' TERM; echo ready; while :; do sleep 0.05; done")
	cmd.Stdout = w
	tr := tracer()
	tr.Started = func(p *os.Process) {
		go func() {
			r.Read(make([]byte, 1))
			p.Signal(syscall.SIGTERM)
		}()
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	_, err = tr.Run(ctx, cmd)
	w.Close()
	refused(t, err)
	if cmd.ProcessState.ExitCode() != 5 {
		t.Errorf("%v, want exit status 5", err)
	}
}

func TestCommandThatCannotRun(t *testing.T) {
	dir := folder(t)
	write(t, dir+"/text", "x")
	for path, want := range map[string]error{dir + "/none": syscall.ENOENT, dir + "/text": syscall.EACCES, dir: syscall.EACCES} {
		cmd := exec.Command(path)
		plain := exec.Command(path).Run()
		l, err := run(t, cmd)
		if l != nil || !errors.Is(err, want) || err.Error() != plain.Error() || cmd.Path != path {
			t.Errorf("%s: %v, and untraced: %v", path, err, plain)
		}
	}
	if _, err := tracer().Run(t.Context(), exec.Command("no-such-program-anywhere")); !errors.Is(err, exec.ErrNotFound) {
		t.Errorf("not in PATH: %v", err)
	}
	if _, err := (trace.Tracer{}).Run(t.Context(), exec.Command("/bin/true")); err == nil {
		t.Error("a tracer without a stub ran something")
	}
}

func TestCancel(t *testing.T) {
	ctx, cancel := context.WithTimeoutCause(t.Context(), 300*time.Millisecond, errors.New("time is up"))
	defer cancel()
	begin := time.Now()
	cmd := exec.Command("/bin/sh", "-c", "setsid sleep 50 & (trap '' TERM INT; sleep 51) & sleep 52")
	cmd.Stdout = &bytes.Buffer{} // which all of them hold open
	_, err := tracer().Run(ctx, cmd)
	refused(t, err)
	if err == nil || !strings.Contains(err.Error(), "time is up") || time.Since(begin) > 5*time.Second {
		t.Errorf("after %v: %v", time.Since(begin), err)
	}
	alive(t, "sleep\x0050\x00", "sleep\x0051\x00", "sleep\x0052\x00")
}

func TestOutlived(t *testing.T) {
	cmd := exec.Command("/bin/sh", "-c", "setsid sh -c 'sleep 61 & : >ready; exec sleep 62' & while ! [ -e ready ]; do sleep 0.05; done")
	cmd.Dir = folder(t)
	l, err := run(t, cmd)
	if err != nil || count(l.Dropped, trace.Outlived) != 2 || count(l.Dropped, trace.Unkilled) != 0 {
		t.Errorf("dropped %v, %v", l.Dropped, err)
	}
	alive(t, "sleep\x0061\x00", "sleep\x0062\x00")
}

// alive fails for processes with these arguments.
func alive(t *testing.T, arguments ...string) {
	t.Helper()
	all, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, path := range all {
		if raw, err := os.ReadFile(path); err == nil && slices.Contains(arguments, string(raw)) {
			t.Errorf("%s lives: %q", path, raw)
		}
	}
}

// Who holds the output open is waited for, as exec.Cmd does.
func TestOutputOfTheBackground(t *testing.T) {
	var out bytes.Buffer
	cmd := exec.Command("/bin/sh", "-c", "(sleep 0.3; echo late) &")
	cmd.Stdout = &out
	observe(t, cmd)
	if out.String() != "late\n" {
		t.Errorf("output %q", &out)
	}
}

// A stub that no tracer started executes nothing.
func TestStubOfAnother(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	w.WriteString("\x00\x00\x00\x00")
	w.Close()
	for _, args := range [][]string{{"carnet-trace-stub", "3"}, {"carnet-trace-stub", "0"}, {"carnet-trace-stub", "x"}} {
		cmd := exec.Command("/proc/self/exe")
		cmd.Args, cmd.ExtraFiles = args, []*os.File{r}
		out, err := cmd.CombinedOutput()
		if cmd.ProcessState.ExitCode() != 126 || !strings.Contains(string(out), "--trace only") {
			t.Errorf("%q: %v, %q", args, err, out)
		}
	}
	if trace.IsStub([]string{"carnet", "carnet-trace-stub", "3"}) || trace.IsStub([]string{"carnet-trace-stub"}) || trace.IsStub(nil) {
		t.Error("an argument makes a stub")
	}
}
