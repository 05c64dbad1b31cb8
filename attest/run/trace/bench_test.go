//go:build linux && (amd64 || arm64)

package trace_test

import (
	"bytes"
	"os"
	"os/exec"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"
)

// BenchmarkGoBuild builds encoding/json and all below it with an empty build cache, as
// docs/trace.md shows it.
func BenchmarkGoBuild(b *testing.B) {
	compare(b, func(b *testing.B) *exec.Cmd {
		cmd := exec.Command("go", "build", "encoding/json")
		cmd.Env = append(os.Environ(), "GOCACHE="+b.TempDir(), "GOFLAGS=", "GOPROXY=off")
		return cmd
	})
}

// BenchmarkOpens opens a file 100,000 times and does nothing else, which is the worst
// that can be.
func BenchmarkOpens(b *testing.B) {
	in := b.TempDir() + "/in"
	if err := os.WriteFile(in, nil, 0o600); err != nil {
		b.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	compare(b, func(*testing.B) *exec.Cmd { return exec.Command(self, "act", "opens", in, strconv.Itoa(100_000)) })
}

// compare runs a command without and with the tracer. Beside the time it reports the
// processor time of the command and of the tracer, which says more on a busy machine.
func compare(b *testing.B, command func(*testing.B) *exec.Cmd) {
	for name, run := range map[string]func(*exec.Cmd) error{
		"plain":  (*exec.Cmd).Run,
		"traced": func(cmd *exec.Cmd) error { _, err := tracer().Run(b.Context(), cmd); return err },
	} {
		b.Run(name, func(b *testing.B) {
			spent := 0.0
			for b.Loop() {
				b.StopTimer()
				cmd := command(b)
				var out bytes.Buffer
				cmd.Stderr = &out
				before := processorSeconds(b)
				b.StartTimer()
				if err := run(cmd); err != nil {
					b.Fatalf("%v: %s", err, &out)
				}
				spent += processorSeconds(b) - before
			}
			b.ReportMetric(spent/float64(b.N), "cpu-s/op")
		})
	}
}

func processorSeconds(b *testing.B) float64 {
	sum := 0.0
	for _, who := range []int{unix.RUSAGE_SELF, unix.RUSAGE_CHILDREN} {
		var u unix.Rusage
		if err := unix.Getrusage(who, &u); err != nil {
			b.Fatal(err)
		}
		sum += float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
	}
	return sum
}
