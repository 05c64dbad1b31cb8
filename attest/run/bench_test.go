package run_test

import (
	"context"
	"fmt"
	"math/rand"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/carnet-project/carnet/attest/predicate/slsa"
	"github.com/carnet-project/carnet/attest/run"
)

// fillTree writes files of some size into folders of a hundred.
func fillTree(b *testing.B, files, size int) string {
	b.Helper()
	dir := b.TempDir()
	content := make([]byte, size)
	r := rand.New(rand.NewSource(1))
	for i := range files {
		folder := filepath.Join(dir, fmt.Sprintf("d%d", i/2000), fmt.Sprintf("p%d", i/100))
		if err := os.MkdirAll(folder, 0o755); err != nil {
			b.Fatal(err)
		}
		r.Read(content[:min(size, 64)])
		if err := os.WriteFile(filepath.Join(folder, fmt.Sprintf("f%d", i)), content, 0o644); err != nil {
			b.Fatal(err)
		}
	}
	return dir
}

// BenchmarkHash is of products, with all that is listed and recorded of them. What
// sha256sum takes for the same files,
//
//	find . -type f -print0 | xargs -0 -P2 -n 2000 sha256sum
//
// is reported beside it, on as many processors.
func BenchmarkHash(b *testing.B) {
	for name, tree := range map[string][2]int{"20000x2KB": {20_000, 2048}, "16x64MB": {16, 64 << 20}} {
		b.Run(name, func(b *testing.B) {
			dir := fillTree(b, tree[0], tree[1])
			everything, err := run.Select([]string{"."})
			if err != nil {
				b.Fatal(err)
			}
			s := &run.Step{Command: []string{"true"}, Dir: dir, Environ: os.Environ(), Now: time.Now, Products: everything, ReadFile: os.ReadFile}
			b.SetBytes(int64(tree[0]) * int64(tree[1]))
			var theirs time.Duration
			rounds := 0
			for b.Loop() {
				b.StopTimer()
				from := time.Now()
				cmd := exec.Command("sh", "-c", "find . -type f -print0 | xargs -0 -P$(nproc) -n "+fmt.Sprint(min(2000, max(1, tree[0]/8)))+" sha256sum > /dev/null")
				cmd.Dir = dir
				if out, err := cmd.CombinedOutput(); err != nil {
					b.Fatalf("%v: %s", err, out)
				}
				theirs += time.Since(from)
				rounds++
				b.StartTimer()
				r, err := s.Run(context.Background())
				if err != nil || len(r.Products) != tree[0] {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(theirs.Nanoseconds())/float64(rounds), "sha256sum-ns/op")
		})
	}
}

// BenchmarkOverhead is what recording a command adds to it, with 20,000 materials in a git
// checkout, up to the predicate.
func BenchmarkOverhead(b *testing.B) {
	dir := fillTree(b, 20_000, 2048)
	for _, args := range [][]string{{"init", "-q"}, {"add", "-A"}, {"-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-q", "-m", "m"}} {
		cmd := exec.Command("git", args...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			b.Fatalf("%v: %s", err, out)
		}
	}
	chosen := func(pattern string) run.Selection {
		s, err := run.Select([]string{pattern})
		if err != nil {
			b.Fatal(err)
		}
		return s
	}
	for _, seconds := range []string{"0", "1"} {
		b.Run("sleep"+seconds, func(b *testing.B) {
			s := &run.Step{Command: []string{"sh", "-c", "sleep " + seconds + "; echo x > out"}, Dir: dir, Environ: os.Environ(), Now: time.Now,
				Materials: chosen("."), Products: chosen("out"), ReadFile: os.ReadFile}
			var bare time.Duration
			rounds := 0
			for b.Loop() {
				b.StopTimer()
				cmd := exec.Command(s.Command[0], s.Command[1:]...)
				cmd.Dir = dir
				from := time.Now()
				if err := cmd.Run(); err != nil {
					b.Fatal(err)
				}
				bare += time.Since(from)
				rounds++
				b.StartTimer()
				r, err := s.Run(context.Background())
				if err != nil {
					b.Fatal(err)
				}
				var build slsa.Build
				r.Describe(&build)
				if _, err := build.Predicate(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64((b.Elapsed()-bare).Milliseconds())/float64(rounds), "added-ms/op")
		})
	}
}
