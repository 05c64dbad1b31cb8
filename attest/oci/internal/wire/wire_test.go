package wire_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/carnet-project/carnet/attest/oci/internal/wire"
)

func get(t *testing.T, c wire.Config, address string) error {
	t.Helper()
	c.Patience = 5 * time.Second
	transport, err := wire.New(c)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := (&http.Client{Transport: transport}).Get(address)
	if err == nil {
		resp.Body.Close()
	}
	return err
}

// A registry that is not inside this network cannot make its client dial into it,
// whatever name it uses: the check is on the address that the name led to.
func TestDialInside(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	named := strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
	for _, address := range []string{server.URL, named} {
		outside := wire.Config{Host: "registry.example", AllowHTTP: true}
		var refused *wire.RefusedError
		if err := get(t, outside, address); !errors.As(err, &refused) {
			t.Errorf("%s: got %v, want a refusal", address, err)
		}
		own := wire.Config{Host: strings.TrimPrefix(server.URL, "http://")}
		if err := get(t, own, server.URL); err != nil {
			t.Errorf("the registry itself: %v", err)
		}
	}
}

// A proxy is the user's choice and may be anywhere.
func TestProxy(t *testing.T) {
	asked := ""
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { asked = r.RequestURI }))
	defer proxy.Close()
	at, err := url.Parse(proxy.URL)
	if err != nil {
		t.Fatal(err)
	}
	c := wire.Config{Host: "registry.example", AllowHTTP: true, Proxy: http.ProxyURL(at)}
	if err := get(t, c, "http://registry.example/v2/a/manifests/b"); err != nil {
		t.Fatal(err)
	}
	if asked != "http://registry.example/v2/a/manifests/b" {
		t.Errorf("the proxy was asked for %q", asked)
	}
}

func TestRedirectInside(t *testing.T) {
	for to, want := range map[string]bool{
		"http://127.0.0.1:1":       true,
		"http://10.1.2.3":          true,
		"http://169.254.169.254":   true,
		"http://localhost":         true,
		"http://[::ffff:10.0.0.1]": true,
		"http://blobs.example":     false,
	} {
		// The base stands for a network in which everything answers.
		base := roundTrip(func(r *http.Request) (*http.Response, error) {
			w := httptest.NewRecorder()
			if r.URL.Host == "registry.example" {
				http.Redirect(w, r, to+"/blob", http.StatusTemporaryRedirect)
			}
			resp := w.Result()
			resp.Request = r
			return resp, nil
		})
		err := get(t, wire.Config{Host: "registry.example", AllowHTTP: true, Base: base}, "http://registry.example/v2/a/blobs/sha256:1")
		var refused *wire.RefusedError
		if got := errors.As(err, &refused); got != want {
			t.Errorf("redirect to %s: refused=%v (%v), want %v", to, got, err, want)
		}
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// http.Client takes another port for the same place; credentials do not go there.
func TestCredentialsStay(t *testing.T) {
	carried := map[string]string{}
	base := roundTrip(func(r *http.Request) (*http.Response, error) {
		carried[r.URL.Host] = r.Header.Get("Authorization")
		w := httptest.NewRecorder()
		if r.URL.Port() == "" {
			http.Redirect(w, r, "https://registry.example:8443/blob", http.StatusTemporaryRedirect)
		}
		resp := w.Result()
		resp.Request = r
		return resp, nil
	})
	transport, err := wire.New(wire.Config{Host: "registry.example", Base: base, Patience: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequest(http.MethodGet, "https://registry.example/v2/a/blobs/sha256:1", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer s3cret")
	resp, err := (&http.Client{Transport: transport}).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if carried["registry.example"] == "" || carried["registry.example:8443"] != "" {
		t.Errorf("carried %q", carried)
	}
}

// From TLS nothing goes on without it.
func TestRedirectToPlainHTTP(t *testing.T) {
	base := roundTrip(func(r *http.Request) (*http.Response, error) {
		w := httptest.NewRecorder()
		if r.URL.Scheme == "https" {
			http.Redirect(w, r, "http://blobs.example/blob", http.StatusTemporaryRedirect)
		}
		resp := w.Result()
		resp.Request = r
		return resp, nil
	})
	err := get(t, wire.Config{Host: "registry.example", AllowHTTP: true, Base: base}, "https://registry.example/v2/a/blobs/sha256:1")
	var refused *wire.RefusedError
	if !errors.As(err, &refused) {
		t.Errorf("got %v, want a refusal", err)
	}
}

func TestIsLoopback(t *testing.T) {
	for host, want := range map[string]bool{
		"localhost": true, "LOCALHOST:5000": true, "127.0.0.1": true, "127.9.9.9:80": true, "[::1]:5000": true,
		"localhost.example": false, "128.0.0.1": false, "registry.example:5000": false, "10.0.0.1": false, "": false,
	} {
		if got := wire.IsLoopback(host); got != want {
			t.Errorf("%q: %v, want %v", host, got, want)
		}
	}
}
