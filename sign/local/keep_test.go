//go:build unix

package local_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	protobundle "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	"github.com/sigstore/sigstore-go/pkg/sign"
	"github.com/sigstore/sigstore-go/pkg/tuf"
	"github.com/sigstore/sigstore-go/pkg/verify"

	"github.com/carnet-project/carnet/sign/local"
)

// What was signed before an end verifies after the next start, at the same place, and
// both logs have grown.
func TestRestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir() + "/sigstore"
	s, stop := start(t, dir, local.Options{})
	first := signed(t, s, local.Email("dev@example.com"), &sign.PlainData{Data: []byte("first")})
	log, ct := newReader(t, s, false).checkpoint(t), newReader(t, s, true).checkpoint(t)
	stop()
	again, stop := start(t, dir, local.Options{})
	if again.Status().URL != s.Status().URL || !bytes.Equal(again.TrustedRoot(), s.TrustedRoot()) || !bytes.Equal(again.SigningConfig(), s.SigningConfig()) {
		t.Errorf("after a restart it is at %s, and was at %s", again.Status().URL, s.Status().URL)
	}
	verified(t, again.TrustedRoot(), first, verify.WithArtifact(bytes.NewReader([]byte("first"))))
	second := signed(t, again, local.Email("dev@example.com"), &sign.PlainData{Data: []byte("second")})
	verified(t, s.TrustedRoot(), second, verify.WithArtifact(bytes.NewReader([]byte("second"))))
	for name, was := range map[bool]uint64{false: log.Size, true: ct.Size} {
		r := newReader(t, again, name)
		now := r.checkpoint(t)
		if was != 1 || now.Size != 2 {
			t.Errorf("CT %v: %d entries have become %d", name, was, now.Size)
		}
	}
	newReader(t, again, false).grown(t, log, newReader(t, again, false).checkpoint(t))
	newReader(t, again, true).grown(t, ct, newReader(t, again, true).checkpoint(t))
	stop()
	// At another port the root is the same but for addresses.
	moved, _ := start(t, dir, local.Options{Listen: "127.0.0.1:0"})
	verified(t, moved.TrustedRoot(), first, verify.WithArtifact(bytes.NewReader([]byte("first"))))
}

// One process has a folder, and its files are for their owner alone.
func TestFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir() + "/sigstore"
	s, stop := start(t, dir, local.Options{})
	if err := os.Remove(filepath.Join(dir, "keys", "issuer.pem")); err != nil {
		t.Fatal(err)
	}
	if _, err := local.Open(dir, local.Options{Listen: "127.0.0.1:0"}); !errors.Is(err, local.ErrInUse) {
		t.Errorf("a second process: %v", err)
	}
	if entries, err := s.Status().Ask(t.Context(), clientOf(t)); err != nil || entries != 0 {
		t.Errorf("%d entries, %v", entries, err)
	}
	if _, err := s.Token(local.Email("dev@example.com")); err != nil {
		t.Error(err)
	}
	stop()
	if _, err := s.Status().Ask(t.Context(), clientOf(t)); err == nil {
		t.Error("it answers after its end")
	}
	for _, name := range []string{".", "keys", "state.json", "trusted_root.json", "signing_config.json", "keys/authority.pem", "keys/authority-root.pem", "keys/rekor.pem", "keys/issuer.pem", "keys/tuf-root.pem", "tuf/timestamp.json"} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %04o", name, info.Mode().Perm())
		}
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if s, err := local.Open(dir, local.Options{}); err == nil {
		t.Errorf("a folder that others can read is opened: %v", s.Close(t.Context()))
	}
}

// A folder in which something is broken is not opened, and stays as it is.
func TestBroken(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"state.json", "keys/authority.pem", "keys/tsa-chain.pem", "keys/rekor.pem", "keys/issuer.pem", "rekor/.state/treeState", "ct/.state/treeState", "tuf/1.root.json", "tuf/timestamp.json"} {
		dir := t.TempDir() + "/sigstore"
		_, stop := start(t, dir, local.Options{})
		stop()
		if err := os.WriteFile(filepath.Join(dir, name), []byte("secret"), 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := local.Open(dir, local.Options{})
		if err == nil {
			// The issuer's key is read when it is wanted.
			_, err = s.Token(local.Email("dev@example.com"))
			if err := s.Close(t.Context()); err != nil {
				t.Error(err)
			}
		}
		if err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s is broken: %v", name, err)
		}
		if now, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(now) != "secret" {
			t.Errorf("%s has become %q: %v", name, now, err)
		}
	}
}

// What is wrong is said, and nothing is left open.
func TestOptions(t *testing.T) {
	t.Parallel()
	dir := t.TempDir() + "/sigstore"
	for name, o := range map[string]local.Options{
		"address":     {Listen: "nowhere"},
		"URL":         {URL: "127.0.0.1"},
		"all, no URL": {Listen: "0.0.0.0:0"},
		"issuer":      {Issuers: []local.Issuer{{URL: "x", Kind: "email"}}},
		"twice":       {Issuers: []local.Issuer{{URL: "https://x.example", Kind: "email"}, {URL: "https://x.example", Kind: "github"}}},
	} {
		if s, err := local.Open(dir, o); err == nil {
			t.Errorf("%s: opened: %v", name, s.Close(t.Context()))
		}
	}
	if _, err := local.ReadStatus(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("status: %v", err)
	}
	if _, err := local.ReadExport(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("export: %v", err)
	}
	// Behind a name that others can reach there are no tokens for everybody.
	s, _ := start(t, dir, local.Options{URL: "https://sigstore.example"})
	if _, err := s.Token(local.Email("dev@example.com")); err == nil || s.Status().Issuer != "" {
		t.Errorf("the built-in issuer is at %q beyond loopback", s.Status().Issuer)
	}
	if _, err := local.Mint(dir, local.Email("dev@example.com"), time.Now()); err == nil {
		t.Error("a token is made for an issuer that is not there")
	}
}

// A TUF client starts with the first root, and gets what is exported. Metadata is
// signed again before it expires, and only then.
func TestTUF(t *testing.T) {
	t.Parallel()
	dir := t.TempDir() + "/sigstore"
	versions := func(s *local.Sigstore) map[string]int {
		t.Helper()
		e, err := local.ReadExport(dir)
		if err != nil {
			t.Fatal(err)
		}
		client, err := tuf.New(tuf.DefaultOptions().WithRepositoryBaseURL(s.Status().TUF).WithRoot(e.TUFRoot).WithCachePath(t.TempDir()))
		if err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string][]byte{"trusted_root.json": e.TrustedRoot, "signing_config.v0.2.json": e.SigningConfig} {
			if got, err := client.GetTarget(name); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s: %v", name, err)
			}
		}
		found := map[string]int{}
		for _, role := range []string{"root", "targets", "snapshot", "timestamp"} {
			var m struct{ Signed struct{ Version int } }
			if err := json.Unmarshal([]byte(got(t, s.Status().TUF+"/"+role+".json")), &m); err != nil {
				t.Fatal(err)
			}
			found[role] = m.Signed.Version
		}
		return found
	}
	check := func(o local.Options, want map[string]int) {
		t.Helper()
		s, stop := start(t, dir, o)
		defer stop()
		for role, version := range versions(s) {
			if version != want[role] {
				t.Errorf("%s has version %d, want %d", role, version, want[role])
			}
		}
	}
	later := func(days int) func() time.Time {
		return func() time.Time { return time.Now().Add(time.Duration(days) * 24 * time.Hour) }
	}
	check(local.Options{}, map[string]int{"root": 1, "targets": 1, "snapshot": 1, "timestamp": 1})
	check(local.Options{}, map[string]int{"root": 1, "targets": 1, "snapshot": 1, "timestamp": 1})
	check(local.Options{Now: later(8)}, map[string]int{"root": 1, "targets": 1, "snapshot": 1, "timestamp": 2})
	check(local.Options{Now: later(120)}, map[string]int{"root": 1, "targets": 2, "snapshot": 2, "timestamp": 3})
	check(local.Options{Now: later(6 * 365)}, map[string]int{"root": 2, "targets": 3, "snapshot": 3, "timestamp": 4})
}

// The variable tells the test binary to be the Sigstore of a folder, until it is killed.
const childOf = "CARNET_TEST_SIGSTORE"

func TestMain(m *testing.M) {
	dir := os.Getenv(childOf)
	if dir == "" {
		os.Exit(m.Run())
	}
	s, err := local.Open(dir, local.Options{})
	if err != nil {
		panic(err)
	}
	if err := s.Serve(context.Background()); err != nil {
		panic(err)
	}
}

// child starts a Sigstore in a process of its own, and returns when it answers.
func child(t *testing.T, dir string) (*exec.Cmd, local.Status) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childOf+"="+dir)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = cmd.Process.Kill(), cmd.Wait() })
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if status, err := local.ReadStatus(dir); err == nil {
			if _, err := status.Ask(t.Context(), clientOf(t)); err == nil {
				return cmd, status
			}
		}
	}
	t.Fatal("the child does not answer")
	return nil, local.Status{}
}

// Killed while it is made, at any step, it is whole at the next start.
func TestKillAtBirth(t *testing.T) {
	t.Parallel()
	for _, step := range []string{"lock", "keys/ct.pem", "keys/tsa-chain.pem", "state.json", "ct/.state/treeState", "rekor/checkpoint", "tuf/1.root.json", "tuf/timestamp.json", "trusted_root.json"} {
		dir := t.TempDir() + "/sigstore"
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), childOf+"="+dir)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		for end := time.Now().Add(20 * time.Second); time.Now().Before(end); {
			if _, err := os.Stat(filepath.Join(dir, step)); err == nil {
				break
			}
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait()
		s, stop := start(t, dir, local.Options{})
		b := signed(t, s, local.Email("dev@example.com"), &sign.PlainData{Data: []byte(step)})
		verified(t, s.TrustedRoot(), b, verify.WithArtifact(bytes.NewReader([]byte(step))))
		e, err := local.ReadExport(dir)
		if err != nil {
			t.Fatal(err)
		}
		client, err := tuf.New(tuf.DefaultOptions().WithRepositoryBaseURL(s.Status().TUF).WithRoot(e.TUFRoot).WithCachePath(t.TempDir()))
		if err != nil {
			t.Fatalf("after %s: %v", step, err)
		}
		if got, err := client.GetTarget("trusted_root.json"); err != nil || !bytes.Equal(got, s.TrustedRoot()) {
			t.Errorf("after %s: %v", step, err)
		}
		stop()
	}
}

// Killed in the midst of signing, again and again, it has lost nothing that it has
// acknowledged: every certificate, entry and timestamp that a client got is good, and
// every entry is in the log, whose tree has only grown.
func TestKill(t *testing.T) {
	t.Parallel()
	dir := t.TempDir() + "/sigstore"
	var mu sync.Mutex
	var got []*protobundle.Bundle
	file := []byte("a file")
	for range 4 {
		cmd, _ := child(t, dir)
		config, err := local.ReadExport(dir)
		if err != nil {
			t.Fatal(err)
		}
		enough, cancel := context.WithCancel(t.Context())
		var signers sync.WaitGroup
		for range 4 {
			signers.Go(func() {
				for enough.Err() == nil {
					token, err := local.Mint(dir, local.Email("dev@example.com"), time.Now())
					if err != nil {
						t.Error(err)
						return
					}
					b, err := signWith(enough, config.SigningConfig, token, &sign.PlainData{Data: file})
					if err != nil {
						return // killed in the midst of it
					}
					mu.Lock()
					got = append(got, b)
					mu.Unlock()
				}
			})
		}
		time.Sleep(250 * time.Millisecond)
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait()
		cancel()
		signers.Wait()
	}
	s, _ := start(t, dir, local.Options{})
	r := newReader(t, s, false)
	now := r.checkpoint(t)
	if len(got) < 4 || now.Size < uint64(len(got)) {
		t.Fatalf("%d signatures, %d entries", len(got), now.Size)
	}
	t.Logf("%d signatures, %d entries", len(got), now.Size)
	places := map[int64]bool{}
	for _, b := range got {
		verified(t, s.TrustedRoot(), b, verify.WithArtifact(bytes.NewReader(file)))
		e := b.GetVerificationMaterial().GetTlogEntries()[0]
		r.has(t, e, now)
		if places[e.GetLogIndex()] {
			t.Errorf("two entries have the place %d", e.GetLogIndex())
		}
		places[e.GetLogIndex()] = true
	}
}
