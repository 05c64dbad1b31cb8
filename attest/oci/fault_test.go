package oci_test

import (
	"context"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"path"
	"strings"
	"testing"
	"time"

	"github.com/carnet-project/carnet/attest/oci"
	"github.com/carnet-project/carnet/fixtures/registry"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

func TestFaults(t *testing.T) {
	for label, c := range map[string]struct {
		fault registry.Fault
		want  oci.Kind
		says  string
	}{
		"401":                {registry.Status(401), oci.KindUnauthorized, "401 Unauthorized"},
		"403":                {registry.Status(403), oci.KindDenied, "403 Forbidden"},
		"404":                {registry.Status(404), oci.KindNotFound, "404 Not Found"},
		"429":                {registry.Status(429), oci.KindRateLimited, "429 Too Many Requests"},
		"429 for an hour":    {registry.RateLimit(3600), oci.KindRateLimited, "429 Too Many Requests"},
		"500":                {registry.Status(500), oci.KindUnavailable, "500 Internal Server Error"},
		"503":                {registry.Status(503), oci.KindUnavailable, "503 Service Unavailable"},
		"418":                {registry.Status(418), oci.KindMalformed, "418"},
		"no answer":          {registry.Drop, oci.KindUnavailable, "without an answer"},
		"hang":               {registry.Hang, oci.KindUnavailable, "in 200ms"},
		"drip":               {registry.Drip(50 * time.Millisecond), oci.KindUnavailable, "less than 1024 bytes in 200ms"},
		"cut":                {registry.Cut, oci.KindUnavailable, "middle of the answer"},
		"corrupt":            {registry.Corrupt, oci.KindTampered, "the content's digest is sha256:"},
		"short":              {registry.Short, oci.KindTampered, "the content's digest is sha256:"},
		"a web page":         {registry.Web, oci.KindTampered, "the content's digest is sha256:"},
		"elsewhere":          {registry.Redirect("http://127.0.0.1:9"), oci.KindRefused, "only blobs may lie elsewhere"},
		"a secret elsewhere": {registry.Redirect("http://127.0.0.1:9/x?token=s3cret&"), oci.KindRefused, "another host"},
	} {
		t.Run(label, func(t *testing.T) {
			r := registry.Start(t, registry.Config{})
			ref := r.Host + "/shop/app:v1"
			at := ref + "@" + pushImage(t, ref).String()
			r.Reset()
			r.Fail(registry.On(registry.Manifest), registry.Always, c.fault)
			o := quick(t)
			o.Patience = 200 * time.Millisecond
			began := time.Now()
			_, err := open(t, o, at).Resolve(t.Context(), target(t, at))
			wantKind(t, err, c.want)
			for _, want := range []string{c.says, r.Host + "/shop/app@sha256:"} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("the error %q does not say %q", err, want)
				}
			}
			if strings.Contains(err.Error(), "s3cret") || strings.Contains(err.Error(), "\n") {
				t.Errorf("the error %q tells too much", err)
			}
			if n := r.Count(registry.Manifest); n > 5 {
				t.Errorf("%d attempts", n)
			}
			if took := time.Since(began); took > 4*time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
}

// What passes is tried again, and a registry's own wish for a pause is followed.
func TestPassingFaults(t *testing.T) {
	for label, c := range map[string]struct {
		fault  registry.Fault
		atMost time.Duration
		least  time.Duration
	}{
		"500":           {registry.Status(500), time.Second, 0},
		"502":           {registry.Status(502), time.Second, 0},
		"429 for 1 s":   {registry.RateLimit(1), 5 * time.Second, 2 * time.Second},
		"a lost answer": {registry.Drop, time.Second, 0},
		"a cut answer":  {registry.Cut, time.Second, 0},
	} {
		t.Run(label, func(t *testing.T) {
			both(t, func(t *testing.T, r *registry.Registry) {
				t.Parallel()
				ref := r.Host + "/shop/app:v1"
				d := pushImage(t, ref)
				store := open(t, quick(t), ref)
				began := time.Now()
				for _, kind := range []registry.Kind{registry.Manifest, registry.Blob} {
					r.Fail(registry.On(kind), 1, c.fault)
				}
				attach(t, store, resolve(t, store, ref), three(t, d, 10)...)
				r.Fail(registry.On(registry.Referrers), 1, c.fault)
				r.Fail(registry.On(registry.Blob), 1, c.fault)
				if got := opened(t, discover(t, store, d, oci.Near)); len(got) != 3 {
					t.Errorf("opened %d of 3", len(got))
				}
				if took := time.Since(began); took > c.atMost+2*time.Second || took < c.least {
					t.Errorf("took %v", took)
				}
			})
		})
	}
}

func TestWritesAreRepeated(t *testing.T) {
	r := registry.Start(t, registry.Config{})
	ref := r.Host + "/shop/app:v1"
	d := pushImage(t, ref)
	store := open(t, quick(t), ref)
	root := resolve(t, store, ref)
	for _, method := range []string{http.MethodPost, http.MethodPut} {
		r.Fail(func(q *http.Request) bool { return q.Method == method }, 2, registry.Status(503))
	}
	attach(t, store, root, three(t, d, 1000)...)
	if got := opened(t, discover(t, store, d, oci.Near)); len(got) != 3 {
		t.Errorf("opened %d of 3", len(got))
	}
}

func TestCredentials(t *testing.T) {
	for _, token := range []bool{false, true} {
		config := registry.Config{Referrers: true, User: "ann", Password: "s3cret", Token: token}
		r := registry.Start(t, config)
		ref := r.Host + "/shop/app:v1"
		ann := &authn.Basic{Username: "ann", Password: "s3cret"}
		d := pushImage(t, ref, remote.WithAuth(ann))
		for label, set := range map[string]func(*oci.Options){
			"password": func(o *oci.Options) { o.Username, o.Password = "ann", "s3cret" },
			"keychain": func(o *oci.Options) { o.Keychain = keychain{ann} },
		} {
			o := quick(t)
			set(&o)
			r.Reset()
			store := open(t, o, ref)
			root := resolve(t, store, ref)
			discover(t, store, d, oci.Near)
			if n, pings := r.Count(registry.Token), r.Count(registry.Ping); token && n != 1 || pings != 1 {
				t.Errorf("%s: reading asked for %d tokens and %d times who is there, want one each", label, n, pings)
			}
			attach(t, store, root, bundle(t, d, typeSign, `{}`))
			if n := r.Count(registry.Token); token && n != 2 {
				t.Errorf("%s: reading and pushing asked for %d tokens, want two", label, n)
			}
		}
		for label, set := range map[string]func(*oci.Options){
			"none":  func(o *oci.Options) {},
			"wrong": func(o *oci.Options) { o.Username, o.Password = "ann", "wr0ng" },
		} {
			o := quick(t)
			set(&o)
			_, err := open(t, o, ref).Resolve(t.Context(), target(t, ref))
			wantKind(t, err, oci.KindUnauthorized)
			var e *oci.Error
			if errors.As(err, &e); e.Host != r.Host {
				t.Errorf("%s: the error names host %q, want %q", label, e.Host, r.Host)
			}
			if strings.Contains(err.Error(), "wr0ng") {
				t.Errorf("%s: the error %q tells the password", label, err)
			}
		}
	}
}

type keychain struct{ authn.Authenticator }

func (k keychain) Resolve(authn.Resource) (authn.Authenticator, error) { return k.Authenticator, nil }

// Blobs may lie on another host; what opened the registry does not go there.
func TestBlobRedirect(t *testing.T) {
	r := registry.Start(t, registry.Config{Referrers: true, User: "ann", Password: "s3cret"})
	elsewhere := registry.Start(t, registry.Config{})
	ref := r.Host + "/shop/app:v1"
	d := pushImage(t, ref, remote.WithAuth(&authn.Basic{Username: "ann", Password: "s3cret"}))
	o := quick(t)
	o.Username, o.Password = "ann", "s3cret"
	store := open(t, o, ref)
	b := bundle(t, d, typeSign, `{}`)
	attach(t, store, resolve(t, store, ref), b)
	blobs := map[string][]byte{b.Digest().String(): b.Bytes()}
	r.Fail(registry.On(registry.Blob), registry.Always, registry.Redirect("http://"+elsewhere.Host))
	elsewhere.Fail(registry.On(registry.Blob), registry.Always, func(w http.ResponseWriter, q *http.Request, _ http.Handler) {
		w.Write(blobs[path.Base(q.URL.Path)])
	})
	if got := opened(t, discover(t, store, d, oci.Near)); len(got) != 1 {
		t.Errorf("opened %d of 1", len(got))
	}
	if elsewhere.Count(registry.Blob) == 0 {
		t.Error("the other host was not asked")
	}
	for _, q := range elsewhere.Requests() {
		if q.Authorization != "" {
			t.Errorf("%s %s carried %q to the other host", q.Method, q.Path, q.Authorization)
		}
	}
}

func TestRedirectIntoTheNetwork(t *testing.T) {
	for _, to := range []string{"http://169.254.169.254", "http://[fe80::1]", "ftp://127.0.0.1", "http://metadata.google.internal.invalid"} {
		r := registry.Start(t, registry.Config{Referrers: true})
		ref := r.Host + "/shop/app:v1"
		d := pushImage(t, ref)
		o := quick(t)
		o.Retries = -1
		store := open(t, o, ref)
		attach(t, store, resolve(t, store, ref), bundle(t, d, typeSign, `{}`))
		r.Fail(registry.On(registry.Blob), registry.Always, registry.Redirect(to))
		began := time.Now()
		_, err := discover(t, store, d, oci.Near)[0].Open(t.Context())
		if err == nil {
			t.Fatalf("followed a redirect to %s", to)
		}
		if !strings.HasSuffix(to, ".invalid") {
			wantKind(t, err, oci.KindRefused)
		}
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("%s: refusing took %v", to, took)
		}
	}
}

func TestRedirectLoop(t *testing.T) {
	r := registry.Start(t, registry.Config{})
	ref := r.Host + "/shop/app:v1"
	r.Fail(registry.On(registry.Manifest), registry.Always, registry.Redirect("http://"+r.Host))
	_, err := open(t, quick(t), ref).Resolve(t.Context(), target(t, ref))
	wantKind(t, err, oci.KindRefused)
	if n := r.Count(registry.Manifest); n > 10 {
		t.Errorf("%d requests in a redirect loop", n)
	}
}

// A write that is sent elsewhere was not made, even if something answers there.
func TestRedirectedWrite(t *testing.T) {
	r := registry.Start(t, registry.Config{Referrers: true})
	ref := r.Host + "/shop/app:v1"
	d := pushImage(t, ref)
	store := open(t, quick(t), ref)
	root := resolve(t, store, ref)
	put := func(q *http.Request) bool {
		return q.Method == http.MethodPut && registry.KindOf(q) == registry.Manifest
	}
	r.Fail(put, registry.Always, func(w http.ResponseWriter, q *http.Request, _ http.Handler) {
		http.Redirect(w, q, "/v2/shop/app/manifests/v1", http.StatusFound)
	})
	if _, err := store.Attach(t.Context(), root, bundle(t, d, typeSign, `{}`)); err == nil {
		t.Error("a push that was redirected to another manifest counts as made")
	}
}

func TestUploadElsewhere(t *testing.T) {
	r := registry.Start(t, registry.Config{Referrers: true})
	ref := r.Host + "/shop/app:v1"
	d := pushImage(t, ref)
	store := open(t, quick(t), ref)
	root := resolve(t, store, ref)
	r.Fail(func(q *http.Request) bool { return q.Method == http.MethodPost }, registry.Always, func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		w.Header().Set("Location", "http://127.0.0.1:9/upload")
		w.WriteHeader(http.StatusAccepted)
	})
	_, err := store.Attach(t.Context(), root, bundle(t, d, typeSign, `{}`))
	wantKind(t, err, oci.KindRefused)
}

func TestPlainHTTP(t *testing.T) {
	// A name that is not loopback by itself, though here everything is dialed to it.
	r := registry.Start(t, registry.Config{})
	pushImage(t, r.Host+"/shop/app:v1")
	ref := "registry.example:5000/shop/app:v1"
	o := quick(t)
	o.Retries = -1
	plain := &http.Transport{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, r.Host)
	}}
	o.Transport = plain
	if _, err := open(t, o, ref).Resolve(t.Context(), target(t, ref)); err == nil {
		t.Error("plain http to a host that is not loopback, without --allow-http-registry")
	}
	if n := len(r.Requests()); n != 0 && r.Requests()[n-1].Kind != registry.Manifest {
		t.Errorf("%d requests came over plain http: %v", n, r.Requests())
	}
	o.AllowHTTP = true
	if _, err := open(t, o, ref).Resolve(t.Context(), target(t, ref)); err != nil {
		t.Errorf("with plain http allowed: %v", err)
	}
}

func TestTLS(t *testing.T) {
	server := httptest.NewUnstartedServer(registry.New(registry.Config{Referrers: true}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // a client that does not trust it is what is tested
	server.StartTLS()
	t.Cleanup(server.Close)
	host := strings.TrimPrefix(server.URL, "https://")
	ref := host + "/shop/app:v1"
	d := pushImage(t, ref, remote.WithTransport(server.Client().Transport))
	o := quick(t)
	o.Retries = -1
	_, err := open(t, o, ref).Resolve(t.Context(), target(t, ref))
	wantKind(t, err, oci.KindRefused)
	if !strings.Contains(err.Error(), "certificate is not trusted") {
		t.Errorf("the error %q does not say why", err)
	}
	o.CACert = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if got := resolve(t, open(t, o, ref), ref); got.Digest != d {
		t.Errorf("resolved to %s, want %s", got.Digest, d)
	}
	o.CACert = []byte("no certificate")
	_, err = oci.NewClient(o).Open(t.Context(), target(t, ref))
	wantKind(t, err, oci.KindUsage)
}

func TestOffline(t *testing.T) {
	o := quick(t)
	o.Offline = true
	_, err := oci.NewClient(o).Open(t.Context(), target(t, "reg.example/app"))
	wantKind(t, err, oci.KindOffline)
}

func TestNobodyThere(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	host := l.Addr().String()
	l.Close()
	_, err = open(t, quick(t), host+"/a:b").Resolve(t.Context(), target(t, host+"/a:b"))
	wantKind(t, err, oci.KindUnavailable)
	if !strings.Contains(err.Error(), "connection refused") {
		t.Errorf("the error %q does not say why", err)
	}
}

// A reader may take its time over a layer; only the server must not.
func TestSlowReaderIsNotAStall(t *testing.T) {
	r := registry.Start(t, registry.Config{})
	ref := r.Host + "/shop/app:v1"
	d := pushImage(t, ref)
	o := quick(t)
	o.Patience = 50 * time.Millisecond
	img, err := open(t, o, ref).Image(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	layers, err := img.Layers()
	if err != nil {
		t.Fatal(err)
	}
	rc, err := layers[0].Compressed()
	if err != nil {
		t.Fatal(err)
	}
	defer rc.Close()
	time.Sleep(200 * time.Millisecond)
	if _, err := rc.Read(make([]byte, 10)); err != nil {
		t.Error(err)
	}
}
