package cli

import (
	"context"
	"encoding/pem"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// In a pod the secret comes from the cluster itself, with the pod's own token and
// authority; the paths of a pod can't be had in a test but from inside.
func TestSecretInPod(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Header.Get("Authorization") != "Bearer pod-token":
			w.WriteHeader(http.StatusForbidden)
		case r.URL.Path == "/api/v1/namespaces/ci/secrets/release":
			_, _ = w.Write([]byte(`{"data":{"cosign.key":"a2V5"}}`))
		case r.URL.Path == "/api/v1/namespaces/ci/secrets/moved":
			http.Redirect(w, r, "https://example.com/", http.StatusFound)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	defer server.Close()
	host := strings.TrimPrefix(server.URL, "https://")
	account := t.TempDir()
	write := func(name string, content []byte) {
		if err := os.WriteFile(filepath.Join(account, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ask := func(name string) (string, error) {
		raw, err := secretInPod(context.Background(), host, account, "ci", name)
		return string(raw), err
	}
	var unavailable *UnavailableError
	if _, err := ask("release"); !errors.As(err, &unavailable) {
		t.Errorf("without credentials: %v", err)
	}
	write("token", []byte("pod-token\n"))
	write("ca.crt", []byte("nothing"))
	if _, err := ask("release"); err == nil || !strings.Contains(err.Error(), "no certificate") {
		t.Errorf("without an authority: %v", err)
	}
	write("ca.crt", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
	if raw, err := ask("release"); err != nil || !strings.Contains(raw, "cosign.key") {
		t.Errorf("%q, %v", raw, err)
	}
	for _, name := range []string{"none", "moved"} {
		if _, err := ask(name); !errors.As(err, &unavailable) {
			t.Errorf("%s: %v", name, err)
		}
	}
	write("token", []byte("stale"))
	if _, err := ask("release"); err == nil || strings.Contains(err.Error(), "stale") || !strings.Contains(hint(err), "verb get") {
		t.Errorf("%v", err)
	}
}

func TestSecretNames(t *testing.T) {
	if ns, name, err := splitSecret("k8s://ci/release.key-1"); err != nil || ns != "ci" || name != "release.key-1" {
		t.Errorf("%q, %q, %v", ns, name, err)
	}
	for _, bad := range []string{"k8s://ci", "k8s://ci/", "k8s:///x", "k8s://ci/a/b", "k8s://ci/../x", "k8s://CI/x", "k8s://ci/-x", "k8s://--all/x", "k8s://ci/x?y"} {
		if _, _, err := splitSecret(bad); !IsUsage(err) {
			t.Errorf("%s: %v", bad, err)
		}
	}
}
