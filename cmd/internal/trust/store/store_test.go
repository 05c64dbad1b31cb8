package store_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/carnet-project/carnet/cmd/internal/trust/store"
)

func instance(name string) store.Instance {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	return store.Instance{
		Name: name, Source: "https://tuf.example.com", Mirror: "https://tuf.example.com", Taken: at, Stored: at,
		TrustedRoot: []byte("root\x00\xff"), SigningConfig: []byte("config"), Root: []byte("r"), Timestamp: []byte("ts"), Snapshot: []byte("s"), Targets: []byte("t"),
	}
}

func TestStore(t *testing.T) {
	s := store.Store{Dir: filepath.Join(t.TempDir(), "below", "trust")}
	if all, err := s.List(); len(all) != 0 || err != nil {
		t.Fatalf("an empty store has %v, %v", all, err)
	}
	for _, name := range []string{"b", "A.example.com", "c_1-2"} {
		if err := s.Put(instance(name)); err != nil {
			t.Fatal(err)
		}
	}
	all, err := s.List()
	if want := []store.Instance{instance("A.example.com"), instance("b"), instance("c_1-2")}; err != nil || !reflect.DeepEqual(all, want) {
		t.Errorf("the store has %+v, %v", all, err)
	}
	if got, there, err := s.Get("b"); !there || err != nil || !reflect.DeepEqual(got, instance("b")) {
		t.Errorf("%+v, %v, %v", got, there, err)
	}
	if there, err := s.Remove("b"); !there || err != nil {
		t.Error(there, err)
	}
	if there, err := s.Remove("b"); there || err != nil {
		t.Error(there, err)
	}
	if _, there, err := s.Get("b"); there || err != nil {
		t.Error(there, err)
	}
}

// A name never leads out of the folder, or to a file that somebody could mean.
func TestNames(t *testing.T) {
	s := store.Store{Dir: t.TempDir()}
	for _, name := range []string{"", ".", "..", "../a", "a/b", `a\b`, ".hidden", "a b", "a\x00", "ä", "a.json", "a.JSON", strings.Repeat("a", 101), "-a"} {
		if err := s.Put(instance(name)); err == nil {
			t.Errorf("%q is a name", name)
		}
		if _, there, err := s.Get(name); there || err != nil {
			t.Errorf("%q: %v, %v", name, there, err)
		}
		if there, err := s.Remove(name); there || err != nil {
			t.Errorf("%q: %v, %v", name, there, err)
		}
	}
	if entries, _ := os.ReadDir(s.Dir); len(entries) != 0 {
		t.Errorf("the folder has %v", entries)
	}
}

// Leaving a file out that can't be read would change what is trusted.
func TestBrokenFileIsAnError(t *testing.T) {
	good := store.Store{Dir: t.TempDir()}
	if err := good.Put(instance("own")); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(good.Path("own"))
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{
		"empty":          nil,
		"cut short":      whole[:len(whole)/2],
		"another name":   bytes.Replace(whole, []byte(`"own"`), []byte(`"two"`), 1),
		"later format":   bytes.Replace(whole, []byte(`"format": 1`), []byte(`"format": 2`), 1),
		"without a root": []byte(`{"format":1,"name":"own"}`),
		"too long":       bytes.Repeat([]byte(" "), 33<<20),
	} {
		s := store.Store{Dir: t.TempDir()}
		if err := os.WriteFile(s.Path("own"), content, 0o600); err != nil {
			t.Fatal(err)
		}
		if all, err := s.List(); err == nil || all != nil {
			t.Errorf("%s: %v, %v", name, all, err)
		}
		if _, there, err := s.Get("own"); err == nil || there {
			t.Errorf("%s: %v, %v", name, there, err)
		}
	}
	many := store.Store{Dir: t.TempDir()}
	for n := range 65 {
		if err := many.Put(instance(fmt.Sprint(n))); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := many.List(); err == nil {
		t.Error("65 instances are read")
	}
}

// Who reads while others write sees one of the states, whole; what a writer left behind
// when it was killed is no instance.
func TestWritersDoNotDisturbReaders(t *testing.T) {
	s := store.Store{Dir: t.TempDir()}
	if err := s.Put(instance("own")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(s.Dir, ".own.123"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	var writers sync.WaitGroup
	for range 4 {
		writers.Go(func() {
			for range 20 {
				if err := s.Put(instance("own")); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range 100 {
		if all, err := s.List(); err != nil || len(all) != 1 {
			t.Errorf("%d instances, %v", len(all), err)
		}
	}
	writers.Wait()
	entries, err := os.ReadDir(s.Dir)
	if err != nil || len(entries) != 2 {
		t.Errorf("the folder has %v, %v", entries, err)
	}
	// A folder that can't be written to keeps what is there.
	if err := (store.Store{Dir: s.Path("own")}).Put(instance("two")); err == nil {
		t.Error("a file is a folder")
	}
}
