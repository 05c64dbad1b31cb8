package oci_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/oci"
	"github.com/carnet-project/carnet/fixtures/registry"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

func TestAttachAndDiscover(t *testing.T) {
	both(t, func(t *testing.T, r *registry.Registry) {
		ref := r.Host + "/shop/app:v1"
		d := pushImage(t, ref)
		store := open(t, quick(t), ref)
		image := resolve(t, store, ref)
		if image.Digest != d {
			t.Fatalf("resolved to %s, want %s", image.Digest, d)
		}
		bundles := three(t, d, 100)
		for _, a := range attach(t, store, image, bundles...) {
			if a.Existed {
				t.Errorf("%s existed before it was attached", a.Manifest)
			}
		}
		found := discover(t, open(t, quick(t), ref), d, oci.Near)
		if got, want := opened(t, found), digestsOf(bundles...); !slices.Equal(got, want) {
			t.Errorf("found %v, want %v", got, want)
		}
		var types []string
		for _, f := range found {
			types = append(types, f.PredicateType)
			if f.Form != attest.FormEnvelope {
				t.Errorf("form %q, want %q", f.Form, attest.FormEnvelope)
			}
		}
		slices.Sort(types)
		if want := []string{typeSign, typeProvenance, typeSBOM}; !slices.Equal(types, want) {
			t.Errorf("predicate types %v, want %v", types, want)
		}
	})
}

func TestAttachAgainChangesNothing(t *testing.T) {
	both(t, func(t *testing.T, r *registry.Registry) {
		ref := r.Host + "/shop/app:v1"
		d := pushImage(t, ref)
		store := open(t, quick(t), ref)
		image := resolve(t, store, ref)
		bundles := three(t, d, 10)
		first := attach(t, store, image, bundles...)
		r.Reset()
		again := attach(t, open(t, quick(t), ref), image, bundles...)
		for i, a := range again {
			if !a.Existed || a.Manifest != first[i].Manifest {
				t.Errorf("attached again: %+v, first %+v", a, first[i])
			}
		}
		for _, q := range r.Requests() {
			if q.Method != "GET" && q.Method != "HEAD" {
				t.Errorf("attaching again wrote: %s %s", q.Method, q.Path)
			}
		}
	})
}

// TestMain makes this test binary a process that attaches, when it is told so.
func TestMain(m *testing.M) {
	if ref := os.Getenv("ATTACH_TO"); ref != "" {
		if err := attachFive(ref, os.Getenv("ATTACH_LOCKS"), os.Getenv("ATTACH_AS")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// attachFive attaches five bundles that nobody else has, each by itself and all at
// once, through a client of its own.
func attachFive(ref, locks, who string) error {
	ctx := context.Background()
	at, err := oci.ParseTarget(ref)
	if err != nil {
		return err
	}
	store, err := oci.NewClient(oci.Options{LockDir: locks}).Open(ctx, at)
	if err != nil {
		return err
	}
	defer store.Close()
	root, err := store.Resolve(ctx, at)
	if err != nil {
		return err
	}
	var group sync.WaitGroup
	errs := make([]error, 5)
	for i := range errs {
		group.Go(func() {
			st, err := attest.NewStatement(typeSign, fmt.Appendf(nil, `{"by":"%s-%d"}`, who, i), attest.NewSubject("", root.Digest))
			if err != nil {
				errs[i] = err
				return
			}
			b, err := attest.NewEnvelopeBundle(st, attest.Signature{Bytes: []byte("a signature is not what is tested here")})
			if err != nil {
				errs[i] = err
				return
			}
			_, errs[i] = store.Attach(ctx, root, b)
		})
	}
	group.Wait()
	return errors.Join(errs...)
}

// Eight writers that attach five bundles each at once must leave forty, although the
// registry takes whichever index comes last. Without a lock it is the looking again
// that counts.
func TestConcurrentAttach(t *testing.T) {
	for label, c := range map[string]struct {
		writers int
		run     func(ref, locks, who string) error
	}{
		"clients":      {8, attachFive},
		"processes":    {8, attachInProcess},
		"without lock": {3, func(ref, _, who string) error { return attachFive(ref, "", who) }},
	} {
		t.Run(label, func(t *testing.T) {
			r := registry.Start(t, registry.Config{})
			ref := r.Host + "/shop/app:v1"
			d := pushImage(t, ref)
			locks := t.TempDir()
			var group sync.WaitGroup
			for who := range c.writers {
				group.Go(func() {
					if err := c.run(ref, locks, fmt.Sprint(who)); err != nil {
						t.Error(err)
					}
				})
			}
			group.Wait()
			if n := len(opened(t, discover(t, open(t, quick(t), ref), d, oci.Near))); n != 5*c.writers {
				t.Errorf("%d of %d bundles are left", n, 5*c.writers)
			}
		})
	}
}

func attachInProcess(ref, locks, who string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), "ATTACH_TO="+ref, "ATTACH_LOCKS="+locks, "ATTACH_AS="+who)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%v: %s", err, out)
	}
	return nil
}

// A writer elsewhere that overwrites the tag with what it read before ours must not
// make ours disappear.
func TestAttachWritesAgainWhatAnotherTookOut(t *testing.T) {
	r := registry.Start(t, registry.Config{})
	ref := r.Host + "/shop/app:v1"
	d := pushImage(t, ref)
	store := open(t, quick(t), ref)
	root := resolve(t, store, ref)
	attach(t, store, root, bundle(t, d, typeSign, `{"first":true}`))
	index, err := remote.Index(fallbackRef(t, ref, d, ""))
	if err != nil {
		t.Fatal(err)
	}
	old, err := index.RawManifest()
	if err != nil {
		t.Fatal(err)
	}
	r.Fail(registry.OnPath("PUT", "sha256-"+d.Hex()), 2, func(w http.ResponseWriter, q *http.Request, next http.Handler) {
		next.ServeHTTP(w, q)
		late, err := http.NewRequest(http.MethodPut, q.URL.Path, bytes.NewReader(old))
		if err != nil {
			t.Error(err)
			return
		}
		late.Header.Set("Content-Type", "application/vnd.oci.image.index.v1+json")
		next.ServeHTTP(httptest.NewRecorder(), late)
	})
	attach(t, store, root, bundle(t, d, typeSign, `{"second":true}`))
	if n := len(discover(t, store, d, oci.Near)); n != 2 {
		t.Errorf("%d of 2 bundles are left", n)
	}
}

// What another writer put into the index stays as it was.
func TestAttachKeepsForeignEntries(t *testing.T) {
	r := registry.Start(t, registry.Config{})
	ref := r.Host + "/shop/app:v1"
	d := pushImage(t, ref)
	tag := fallbackRef(t, ref, d, "")
	other := layered(t, tag.Context().Tag("tmp"), nil)
	putRaw(t, tag, types.OCIImageIndex, json.RawMessage(`{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","annotations":{"keep":"me"},"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"`+other.String()+`","size":2,"x-unknown":[1.50]}]}`))
	store := open(t, quick(t), ref)
	attach(t, store, resolve(t, store, ref), bundle(t, d, typeSign, `{}`))
	index, err := remote.Index(tag)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := index.RawManifest()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"annotations":{"keep":"me"}`, `"x-unknown":[1.50]`} {
		if !strings.Contains(string(raw), want) {
			t.Errorf("the index lost %s: %s", want, raw)
		}
	}
}

func TestAttachIsAsCosignWrites(t *testing.T) {
	r := registry.Start(t, registry.Config{Referrers: true})
	ref := r.Host + "/shop/app:v1"
	d := pushImage(t, ref)
	o := quick(t)
	o.Created = time.Date(2026, 1, 2, 3, 4, 5, 0, time.FixedZone("", 3600))
	store := open(t, o, ref)
	root := resolve(t, store, ref)
	b := bundle(t, d, typeSign, `{}`)
	at := attach(t, store, root, b)[0]
	desc, err := remote.Get(fallbackRef(t, ref, d, "").Context().Digest(at.Manifest.String()))
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf(`{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",`+
		`"artifactType":"application/vnd.dev.sigstore.bundle.v0.3+json",`+
		`"config":{"mediaType":"application/vnd.oci.empty.v1+json","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2},`+
		`"layers":[{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","digest":"%s","size":%d}],`+
		`"subject":{"mediaType":"%s","digest":"%s","size":%d},`+
		`"annotations":{"dev.sigstore.bundle.content":"dsse-envelope","dev.sigstore.bundle.predicateType":"https://sigstore.dev/cosign/sign/v1","org.opencontainers.image.created":"2026-01-02T02:04:05Z"}}`,
		b.Digest(), len(b.Bytes()), root.MediaType, d, root.Size)
	if string(desc.Manifest) != want {
		t.Errorf("wrote\n%s\nwant\n%s", desc.Manifest, want)
	}
}

// What a failure left out is added by the next run.
func TestAttachAfterAFailure(t *testing.T) {
	both(t, func(t *testing.T, r *registry.Registry) {
		ref := r.Host + "/shop/app:v1"
		d := pushImage(t, ref)
		o := quick(t)
		o.Retries = -1
		store := open(t, o, ref)
		root := resolve(t, store, ref)
		bundles := three(t, d, 10)
		isWrite := func(q *http.Request) bool { return q.Method == http.MethodPut || q.Method == http.MethodPost }
		for skip := range 12 {
			r.Reset()
			n := 0
			var mu sync.Mutex
			r.Fail(func(q *http.Request) bool {
				mu.Lock()
				defer mu.Unlock()
				if isWrite(q) {
					n++
				}
				return isWrite(q) && n > skip
			}, registry.Always, registry.Status(500))
			store.Attach(t.Context(), root, bundles...)
		}
		r.Reset()
		attach(t, store, root, bundles...)
		if got := opened(t, discover(t, store, d, oci.Near)); !slices.Equal(got, digestsOf(bundles...)) {
			t.Errorf("after failures and a last run, found %v", got)
		}
	})
}

func TestAttachSequence(t *testing.T) {
	r := registry.Start(t, registry.Config{Referrers: true})
	ref := r.Host + "/shop/app:v1"
	d := pushImage(t, ref)
	store := open(t, quick(t), ref)
	root := resolve(t, store, ref)
	bundles := three(t, d, 10)
	r.Reset()
	r.Fail(func(q *http.Request) bool { return q.URL.Path != "/v2/" }, registry.Always, func(w http.ResponseWriter, q *http.Request, next http.Handler) {
		time.Sleep(100 * time.Millisecond)
		next.ServeHTTP(w, q)
	})
	began := time.Now()
	attach(t, store, root, bundles...)
	if took := time.Since(began); took >= 500*time.Millisecond {
		t.Errorf("attaching three bundles took %v at 100 ms a round trip, want four round trips", took)
	}
}
