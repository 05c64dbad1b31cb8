package login_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/carnet-project/carnet/sign/login"
)

// An issuer logs everybody in as ann, with PKCE, by browser and by device.
type issuer struct {
	*httptest.Server
	t        *testing.T
	key      *ecdsa.PrivateKey
	audience string
	nonce    string
	pending  int
}

func newIssuer(t *testing.T) *issuer {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	i := &issuer{t: t, key: key, audience: "sigstore"}
	mux := http.NewServeMux()
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		i.json(w, map[string]any{
			"issuer": i.URL, "authorization_endpoint": i.URL + "/auth", "token_endpoint": i.URL + "/token", "jwks_uri": i.URL + "/keys",
			"device_authorization_endpoint": i.URL + "/device", "code_challenge_methods_supported": []string{"S256"},
			"id_token_signing_alg_values_supported": []string{"ES256"},
		})
	})
	mux.HandleFunc("/keys", func(w http.ResponseWriter, _ *http.Request) {
		i.json(w, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "k", Algorithm: "ES256", Use: "sig"}}})
	})
	mux.HandleFunc("/auth", func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		if q.Get("code_challenge") == "" || q.Get("client_id") != "sigstore" {
			http.Error(w, "no challenge", http.StatusBadRequest)
			return
		}
		i.nonce = q.Get("nonce")
		http.Redirect(w, r, q.Get("redirect_uri")+"?"+url.Values{"state": {q.Get("state")}, "code": {"c0de"}}.Encode(), http.StatusFound)
	})
	mux.HandleFunc("/device", func(w http.ResponseWriter, _ *http.Request) {
		i.json(w, map[string]any{"device_code": "d", "user_code": "ABCD-EFGH", "verification_uri": i.URL + "/activate", "interval": 1, "expires_in": 60})
	})
	mux.HandleFunc("/token", func(w http.ResponseWriter, r *http.Request) {
		if i.pending > 0 {
			i.pending--
			i.json(w, map[string]string{"error": "authorization_pending"})
			return
		}
		if r.FormValue("code_verifier") == "" {
			http.Error(w, "no verifier", http.StatusBadRequest)
			return
		}
		i.json(w, map[string]any{"access_token": "a", "token_type": "Bearer", "id_token": i.token()})
	})
	i.Server = httptest.NewServer(mux)
	t.Cleanup(i.Close)
	return i
}

func (i *issuer) json(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(v); err != nil {
		i.t.Error(err)
	}
}

func (i *issuer) token() string {
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: i.key}, (&jose.SignerOptions{}).WithHeader("kid", "k"))
	if err != nil {
		i.t.Error(err)
	}
	raw, err := jwt.Signed(signer).Claims(map[string]any{
		"iss": i.URL, "sub": "1", "aud": i.audience, "exp": time.Now().Add(time.Minute).Unix(), "iat": time.Now().Unix(),
		"email": "ann@example.com", "email_verified": true, "nonce": i.nonce,
	}).Serialize()
	if err != nil {
		i.t.Error(err)
	}
	return raw
}

func (i *issuer) options(out io.Writer) login.Options {
	return login.Options{Issuer: i.URL, ClientID: "sigstore", Out: out, In: strings.NewReader(""), OpenBrowser: func(page string) error {
		go func() {
			if resp, err := http.Get(page); err == nil {
				resp.Body.Close()
			}
		}()
		return nil
	}}
}

func TestBrowser(t *testing.T) {
	i := newIssuer(t)
	raw, err := login.Browser(t.Context(), i.options(io.Discard))
	if err != nil || strings.Count(raw, ".") != 2 {
		t.Errorf("got %q, %v", raw, err)
	}
}

func TestBrowserRefusesAnotherAudience(t *testing.T) {
	i := newIssuer(t)
	i.audience = "acme"
	if _, err := login.Browser(t.Context(), i.options(io.Discard)); err == nil || !strings.Contains(err.Error(), "audience") {
		t.Errorf("got %v, want a word about the audience", err)
	}
}

func TestDevice(t *testing.T) {
	i := newIssuer(t)
	i.pending = 1
	var out bytes.Buffer
	raw, err := login.Device(t.Context(), i.options(&out))
	if err != nil || strings.Count(raw, ".") != 2 {
		t.Errorf("got %q, %v", raw, err)
	}
	if !strings.Contains(out.String(), "ABCD-EFGH") || !strings.Contains(out.String(), i.URL+"/activate") {
		t.Errorf("printed %q, want the code and the page", out.String())
	}
}

func TestLoginEnds(t *testing.T) {
	i := newIssuer(t)
	i.pending = 1000
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, err := login.Device(ctx, i.options(io.Discard)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want the deadline", err)
	}
}

func TestLoginRefuses(t *testing.T) {
	for _, o := range []login.Options{
		{Issuer: "http://issuer.example", ClientID: "sigstore"},
		{Issuer: "issuer", ClientID: "sigstore"},
		{Issuer: "https://issuer.example"},
		{Issuer: "http://127.0.0.1:1", ClientID: "sigstore"},
	} {
		if _, err := login.Browser(t.Context(), o); err == nil {
			t.Errorf("%+v is accepted", o)
		}
	}
}
