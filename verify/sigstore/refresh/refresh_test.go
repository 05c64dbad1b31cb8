package refresh_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"

	"github.com/carnet-project/carnet/verify/sigstore/public"
	"github.com/carnet-project/carnet/verify/sigstore/refresh"
	"github.com/carnet-project/carnet/verify/sigstore/refresh/tuftest"
)

var (
	now  = time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	week = 7 * 24 * time.Hour
	// older is a trusted root that is not the public one of today.
	older = []byte(`{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1"}`)
)

func targets() map[string][]byte {
	return map[string][]byte{"trusted_root.json": public.TrustedRoot(), "signing_config.v0.2.json": public.SigningConfig()}
}

// A site is a repository on a server.
type site struct {
	*tuftest.Repository
	url string
	t   *testing.T
}

func serve(t *testing.T, release tuftest.Release) *site {
	t.Helper()
	r, err := tuftest.New(now.Add(52 * week))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	s := &site{r, server.URL, t}
	s.publish(release)
	return s
}

func (s *site) publish(release tuftest.Release) {
	s.t.Helper()
	if release.Expires.IsZero() {
		release.Expires = now.Add(week)
	}
	if err := s.Publish(release); err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) fetch(seen refresh.State) (*refresh.Trust, error) {
	return s.fetchAt(seen, now)
}

func (s *site) fetchAt(seen refresh.State, at time.Time) (*refresh.Trust, error) {
	if seen.Root == nil {
		seen.Root = s.Root()
	}
	return refresh.Fetch(context.Background(), refresh.Options{Mirror: s.url, Seen: seen, Now: at})
}

func (s *site) good(seen refresh.State) *refresh.Trust {
	s.t.Helper()
	got, err := s.fetch(seen)
	if err != nil {
		s.t.Fatal(err)
	}
	return got
}

func TestFetch(t *testing.T) {
	s := serve(t, tuftest.Release{Targets: map[string][]byte{"trusted_root.json": older}})
	first := s.good(refresh.State{})
	if !bytes.Equal(first.TrustedRoot, older) || first.SigningConfig != nil {
		t.Fatalf("fetched %q and %q", first.TrustedRoot, first.SigningConfig)
	}
	again := s.good(first.State)
	if !bytes.Equal(again.State.Timestamp, first.State.Timestamp) {
		t.Error("the same state is another the second time")
	}
	s.publish(tuftest.Release{Targets: targets(), Root: true})
	s.publish(tuftest.Release{Targets: targets(), Root: true})
	for name, seen := range map[string]refresh.State{"from the last state": first.State, "from the first root": {}} {
		got := s.good(seen)
		if !bytes.Equal(got.TrustedRoot, public.TrustedRoot()) || !bytes.Equal(got.SigningConfig, public.SigningConfig()) {
			t.Errorf("%s: fetched %q and %q", name, got.TrustedRoot, got.SigningConfig)
		}
		if !bytes.Equal(got.State.Root, s.Files()["3.root.json"]) {
			t.Errorf("%s: the newest root is not the third: %s", name, got.State.Root)
		}
	}
}

// The four attacks that TUF guards against, each as a mirror would make it, and each
// called by its name.
func TestAttacks(t *testing.T) {
	for _, test := range []struct {
		name  string
		fault refresh.Fault
		file  string
		// attack changes a site of which the first release was seen.
		attack func(s *site, first map[string][]byte)
		later  time.Duration
	}{
		{"an old timestamp", refresh.Rollback, "timestamp.json", func(s *site, first map[string][]byte) {
			s.Restore(first)
		}, 0},
		{"a new timestamp that names an old snapshot", refresh.Rollback, "timestamp.json", func(s *site, _ map[string][]byte) {
			old := metadata.Timestamp(now.Add(week))
			old.Signed.Version, old.Signed.Meta["snapshot.json"] = 9, metadata.MetaFile(1)
			if err := s.Sign(old); err != nil {
				s.t.Fatal(err)
			}
		}, 0},
		{"an old root in place of the next", refresh.Rollback, "2.root.json", func(s *site, first map[string][]byte) {
			s.Set("2.root.json", first["1.root.json"])
		}, 0},
		{"a timestamp that has run out", refresh.Freeze, "timestamp.json", func(*site, map[string][]byte) {}, 2 * week},
		{"a newer timestamp that has run out", refresh.Freeze, "timestamp.json", func(s *site, _ map[string][]byte) {
			s.publish(tuftest.Release{Targets: targets(), Expiry: map[string]time.Time{metadata.TIMESTAMP: now.Add(-time.Hour)}})
		}, 0},
		{"a snapshot that has run out", refresh.Expired, "3.snapshot.json", func(s *site, _ map[string][]byte) {
			s.publish(tuftest.Release{Targets: targets(), Expiry: map[string]time.Time{metadata.SNAPSHOT: now.Add(-time.Hour)}})
		}, 0},
		{"targets that have run out", refresh.Expired, "3.targets.json", func(s *site, _ map[string][]byte) {
			s.publish(tuftest.Release{Targets: targets(), Expiry: map[string]time.Time{metadata.TARGETS: now.Add(-time.Hour)}})
		}, 0},
		{"a root that has run out", refresh.Expired, "root.json", func(*site, map[string][]byte) {}, 60 * week},
		{"the snapshot of another state", refresh.Mixed, "3.snapshot.json", func(s *site, _ map[string][]byte) {
			s.publish(tuftest.Release{Targets: targets()})
			s.Set("3.snapshot.json", s.Files()["2.snapshot.json"])
		}, 0},
		{"the targets of another state", refresh.Mixed, "3.targets.json", func(s *site, _ map[string][]byte) {
			s.publish(tuftest.Release{Targets: targets()})
			s.Set("3.targets.json", s.Files()["2.targets.json"])
		}, 0},
		{"targets that are longer", refresh.Mixed, "3.targets.json", func(s *site, _ map[string][]byte) {
			s.publish(tuftest.Release{Targets: targets()})
			s.Set("3.targets.json", append(s.Files()["3.targets.json"], ' '))
		}, 0},
		{"a file of another state", refresh.Mixed, "trusted_root.json", func(s *site, _ map[string][]byte) {
			for name := range s.Files() {
				if strings.HasSuffix(name, ".trusted_root.json") {
					s.Set(name, bytes.Repeat([]byte("x"), len(public.TrustedRoot())))
				}
			}
		}, 0},
		{"a file that is longer", refresh.Mixed, "trusted_root.json", func(s *site, _ map[string][]byte) {
			for name, content := range s.Files() {
				if strings.HasSuffix(name, ".trusted_root.json") {
					s.Set(name, append(bytes.Clone(content), ' '))
				}
			}
		}, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := serve(t, tuftest.Release{Targets: targets()})
			first := s.Files()
			s.publish(tuftest.Release{Targets: targets()})
			seen := s.good(refresh.State{}).State
			test.attack(s, first)
			got, err := s.fetchAt(seen, now.Add(test.later))
			var fault *refresh.Error
			if got != nil || !errors.As(err, &fault) || fault.Fault != test.fault || fault.File != test.file {
				t.Fatalf("fetched %v; the error is %v; want %s of %s", got != nil, err, test.fault, test.file)
			}
			if !strings.HasPrefix(err.Error(), string(test.fault)+": "+test.file) {
				t.Errorf("the error %q does not say which fault it is", err)
			}
		})
	}
}

// Metadata that nobody signed, that is too long, or that is no metadata.
func TestRefused(t *testing.T) {
	stranger := serve(t, tuftest.Release{Targets: targets()}).Files()
	for _, test := range []struct {
		name    string
		fault   refresh.Fault
		release tuftest.Release
		attack  func(s *site)
	}{
		{"a stranger's timestamp", refresh.Unsigned, tuftest.Release{Targets: targets()}, func(s *site) { s.Set("timestamp.json", stranger["timestamp.json"]) }},
		{"a stranger's snapshot", refresh.Unsigned, tuftest.Release{Targets: targets()}, func(s *site) { s.Set("1.snapshot.json", stranger["1.snapshot.json"]) }},
		{"a stranger's targets", refresh.Unsigned, tuftest.Release{Targets: targets()}, func(s *site) { s.Set("1.targets.json", stranger["1.targets.json"]) }},
		{"a stranger's root", refresh.Unsigned, tuftest.Release{Targets: targets()}, func(s *site) {
			s.Set("2.root.json", stranger["1.root.json"])
		}},
		{"no metadata", refresh.Malformed, tuftest.Release{Targets: targets()}, func(s *site) { s.Set("timestamp.json", []byte("[]")) }},
		{"a timestamp without a snapshot", refresh.Incomplete, tuftest.Release{Targets: targets()}, func(s *site) {
			empty := metadata.Timestamp(now.Add(week))
			delete(empty.Signed.Meta, "snapshot.json")
			if err := s.Sign(empty); err != nil {
				s.t.Fatal(err)
			}
		}},
		{"a timestamp over the bound", refresh.Malformed, tuftest.Release{Targets: targets()}, func(s *site) {
			s.Set("timestamp.json", append(s.Files()["timestamp.json"], bytes.Repeat([]byte(" "), 20_000)...))
		}},
		{"a target over the bound", refresh.Malformed, tuftest.Release{Targets: map[string][]byte{"trusted_root.json": make([]byte, 1<<20+1)}}, func(*site) {}},
		{"no trusted root", refresh.Incomplete, tuftest.Release{Targets: map[string][]byte{"other.json": older}}, func(*site) {}},
		{"a trusted root that is none", refresh.Malformed, tuftest.Release{Targets: map[string][]byte{"trusted_root.json": []byte(`{"mediaType":"other"}`)}}, func(*site) {}},
		{"a signing configuration that is none", refresh.Malformed, tuftest.Release{Targets: map[string][]byte{"trusted_root.json": older, "signing_config.v0.2.json": []byte("{")}}, func(*site) {}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := serve(t, test.release)
			test.attack(s)
			got, err := s.fetch(refresh.State{})
			var fault *refresh.Error
			if got != nil || !errors.As(err, &fault) || fault.Fault != test.fault {
				t.Errorf("fetched %v; the error is %v; want %s", got != nil, err, test.fault)
			}
		})
	}
	s := serve(t, tuftest.Release{Targets: targets()})
	if _, err := s.fetch(refresh.State{Root: stranger["1.root.json"]}); err == nil {
		t.Error("a repository of other keys is believed")
	}
	if _, err := s.fetch(refresh.State{Root: []byte("{}")}); err == nil {
		t.Error("nothing is a root to start from")
	}
}

// The same against a timestamp that was seen, with which the new one is compared.
func TestTimestampThatNamesNothing(t *testing.T) {
	s := serve(t, tuftest.Release{Targets: targets()})
	seen := s.good(refresh.State{}).State
	empty := metadata.Timestamp(now.Add(week))
	empty.Signed.Version = 7
	delete(empty.Signed.Meta, "snapshot.json")
	if err := s.Sign(empty); err != nil {
		t.Fatal(err)
	}
	var fault *refresh.Error
	if _, err := s.fetch(seen); !errors.As(err, &fault) || fault.Fault != refresh.Malformed {
		t.Errorf("the error is %v", err)
	}
}

// Keys are replaced by a new root; what the old keys signed must not stand in the way.
func TestStateOfOtherKeys(t *testing.T) {
	other := serve(t, tuftest.Release{Targets: targets()})
	for range 5 {
		other.publish(tuftest.Release{Targets: targets()})
	}
	seen := other.good(refresh.State{}).State
	s := serve(t, tuftest.Release{Targets: targets()})
	seen.Root = s.Root()
	s.good(seen)
}

func TestUnavailable(t *testing.T) {
	s := serve(t, tuftest.Release{Targets: targets()})
	elsewhere := httptest.NewServer(s)
	defer elsewhere.Close()
	for name, answer := range map[string]http.HandlerFunc{
		"server error":  func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) },
		"nothing there": http.NotFound,
		"redirect to another host": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL+r.URL.Path, http.StatusFound)
		},
		"redirect in a circle": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path, http.StatusFound) },
		"hanging":              func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"cut short": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			_, _ = w.Write([]byte("{"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(answer)
			defer server.Close()
			ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
			defer cancel()
			_, err := refresh.Fetch(ctx, refresh.Options{Mirror: server.URL, Seen: refresh.State{Root: s.Root()}, Now: now})
			var unavailable *refresh.UnavailableError
			if !errors.As(err, &unavailable) || !strings.HasPrefix(unavailable.URL, server.URL) {
				t.Errorf("the error is %v", err)
			}
		})
	}
}

func TestMirrorRefused(t *testing.T) {
	for _, mirror := range []string{"", "mirror", "file:///etc", "https://", "https://ann:s3cret@example.com", "https://example.com?a=b"} {
		_, err := refresh.Fetch(t.Context(), refresh.Options{Mirror: mirror, Seen: refresh.State{Root: public.TUFRoot()}, Now: now})
		if err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%q: %v", mirror, err)
		}
	}
}

// Whatever is given as a root to start from is refused or used, and ends no program.
func FuzzRoot(f *testing.F) {
	f.Add(public.TUFRoot())
	f.Add([]byte(`{"signatures":[],"signed":{"_type":"root","roles":{"root":null},"keys":{"a":null}}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		got, err := refresh.Fetch(t.Context(), refresh.Options{Mirror: "https://tuf.example.com", Seen: refresh.State{Root: raw}, Client: &http.Client{Transport: nobody{}}, Now: now})
		if got != nil || err == nil {
			t.Errorf("fetched %v from nowhere", got)
		}
	})
}

// nobody answers no request.
type nobody struct{}

func (nobody) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.New("nobody there")
}
