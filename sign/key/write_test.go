package key_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/carnet-project/carnet/sign/key"
)

func generate(t *testing.T) *key.Pair {
	t.Helper()
	pair, err := key.Generate(key.ECDSAP256)
	if err != nil {
		t.Fatal(err)
	}
	return pair
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// only fails if dir holds anything but the names.
func only(t *testing.T, dir string, names ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, e := range entries {
		found = append(found, e.Name())
	}
	if len(found) != len(names) {
		t.Fatalf("the directory holds %q, want %q", found, names)
	}
	for i, name := range names {
		if found[i] != name {
			t.Errorf("the directory holds %q, want %q", found, names)
		}
	}
}

func TestWritePair(t *testing.T) {
	dir := t.TempDir()
	prefix := filepath.Join(dir, "carnet")
	pair := generate(t)
	if err := key.WritePair(prefix, pair, []byte("p"), false); err != nil {
		t.Fatal(err)
	}
	only(t, dir, "carnet.key", "carnet.pub")
	for path, mode := range map[string]fs.FileMode{prefix + ".key": 0o600, prefix + ".pub": 0o644} {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got&^mode != 0 || got&0o600 != 0o600 {
			t.Errorf("%s has mode %o, want %o", path, got, mode)
		}
	}
	if read(t, prefix+".pub") != string(pair.PublicPEM()) {
		t.Error("another public key was written")
	}
	s, err := key.Load([]byte(read(t, prefix+".key")), password("p"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(s.PublicPEM(), pair.PublicPEM()) {
		t.Error("another private key was written")
	}
}

func TestWritePairOverwritesOnlyWhenAsked(t *testing.T) {
	for _, standing := range []string{"carnet.key", "carnet.pub"} {
		dir := t.TempDir()
		prefix := filepath.Join(dir, "carnet")
		if err := os.WriteFile(filepath.Join(dir, standing), []byte("precious"), 0o600); err != nil {
			t.Fatal(err)
		}
		err := key.WritePair(prefix, generate(t), nil, false)
		if !errors.Is(err, fs.ErrExist) {
			t.Errorf("%s stands: error %v", standing, err)
		}
		only(t, dir, standing)
		if read(t, filepath.Join(dir, standing)) != "precious" {
			t.Error("the standing file was changed")
		}
		pair := generate(t)
		if err := key.WritePair(prefix, pair, nil, true); err != nil {
			t.Fatal(err)
		}
		only(t, dir, "carnet.key", "carnet.pub")
		if read(t, prefix+".pub") != string(pair.PublicPEM()) {
			t.Error("not overwritten")
		}
	}
}

func TestWritePairRestoresOnFailure(t *testing.T) {
	dir := t.TempDir()
	prefix := filepath.Join(dir, "carnet")
	if err := os.WriteFile(prefix+".key", []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(prefix+".pub", 0o700); err != nil { // what no file can replace
		t.Fatal(err)
	}
	if err := key.WritePair(prefix, generate(t), nil, true); err == nil {
		t.Fatal("a directory was overwritten")
	}
	only(t, dir, "carnet.key", "carnet.pub")
	if read(t, prefix+".key") != "precious" {
		t.Error("the former key is lost")
	}
}

func TestWritePairDoesNotFollowLinks(t *testing.T) {
	for _, overwrite := range []bool{false, true} {
		dir, elsewhere := t.TempDir(), filepath.Join(t.TempDir(), "target")
		if err := os.WriteFile(elsewhere, []byte("precious"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(elsewhere, filepath.Join(dir, "carnet.key")); err != nil {
			t.Fatal(err)
		}
		err := key.WritePair(filepath.Join(dir, "carnet"), generate(t), nil, overwrite)
		if (err == nil) != overwrite {
			t.Errorf("overwrite %t: error %v", overwrite, err)
		}
		if read(t, elsewhere) != "precious" {
			t.Errorf("overwrite %t: wrote through the link", overwrite)
		}
	}
}

func TestOneOfManyWritersWins(t *testing.T) {
	dir := t.TempDir()
	prefix := filepath.Join(dir, "carnet")
	var won atomic.Pointer[key.Pair]
	var wins atomic.Int32
	var wg sync.WaitGroup
	for range 6 {
		pair := generate(t)
		wg.Go(func() {
			err := key.WritePair(prefix, pair, nil, false)
			if err == nil {
				won.Store(pair)
				wins.Add(1)
			} else if !errors.Is(err, fs.ErrExist) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if wins.Load() != 1 {
		t.Fatalf("%d writers won", wins.Load())
	}
	only(t, dir, "carnet.key", "carnet.pub")
	s, err := key.Load([]byte(read(t, prefix+".key")), password(""))
	if err != nil {
		t.Fatal(err)
	}
	if string(s.PublicPEM()) != read(t, prefix+".pub") || string(won.Load().PublicPEM()) != read(t, prefix+".pub") {
		t.Error("the files are of two writers")
	}
}
