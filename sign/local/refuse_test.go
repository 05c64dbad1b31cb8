//go:build unix

package local_test

import (
	"bytes"
	"cmp"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/digitorus/timestamp"

	"github.com/carnet-project/carnet/sign/local"
)

// post sends a body and returns the status and the answer.
func post(t testing.TB, url, kind string, body []byte) (int, http.Header, string) {
	t.Helper()
	answer, err := http.Post(url, kind, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, answer.Header, string(text)
}

// certificateRequest asks for a certificate: the key signs the text.
func certificateRequest(t testing.TB, token string, key crypto.Signer, proven string) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256([]byte(proven))
	proof, err := key.Sign(rand.Reader, digest[:], crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(map[string]any{
		"credentials": map[string]any{"oidcIdentityToken": token},
		"publicKeyRequest": map[string]any{
			"publicKey": map[string]any{"content": string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))}, "proofOfPossession": proof,
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// changed is the token with a part replaced.
func changed(token string, part int, with string) string {
	parts := strings.Split(token, ".")
	parts[part] = base64.RawURLEncoding.EncodeToString([]byte(with))
	return strings.Join(parts, ".")
}

// Whoever is not who they say gets no certificate, and the answer does not repeat the
// token.
func TestRefusedTokens(t *testing.T) {
	t.Parallel()
	mail, flow, ids, users := newOutsider(t), newOutsider(t), newOutsider(t), newOutsider(t)
	stranger := newOutsider(t)
	gone := newOutsider(t)
	gone.url += "0"
	s, _ := start(t, t.TempDir()+"/sigstore", local.Options{Client: &http.Client{Timeout: 2 * time.Second}, Issuers: []local.Issuer{
		{URL: mail.url, Kind: "email"}, {URL: flow.url, Kind: "github"}, {URL: ids.url, Kind: "spiffe", Domain: "example.org"},
		{URL: users.url, Kind: "username", Domain: "example.org"}, {URL: "http://127.0.0.1:1", Kind: "email"},
	}})
	own, err := s.Token(local.Email("dev@example.com"))
	if err != nil {
		t.Fatal(err)
	}
	someone := map[string]any{"email": "dev@example.com", "email_verified": true}
	with := func(more map[string]any) map[string]any {
		all := map[string]any{}
		for _, m := range []map[string]any{someone, more} {
			for k, v := range m {
				all[k] = v
			}
		}
		return all
	}
	impostor := *stranger
	impostor.url = mail.url
	past, future := time.Now().Add(-time.Hour).Unix(), time.Now().Add(time.Hour).Unix()
	for name, test := range map[string]struct {
		token, say string
		status     int
		proven     string
	}{
		"none":               {"", "not a JWT", 400, ""},
		"no token":           {"a.b.c", "not a JWT", 400, ""},
		"large":              {own + strings.Repeat("a", 40<<10), "larger than", 400, ""},
		"stranger":           {stranger.token(t, someone), "not configured", 400, ""},
		"impostor":           {impostor.token(t, someone), "refused", 400, ""},
		"audience":           {mail.token(t, with(map[string]any{"aud": "other"})), "audience", 400, ""},
		"expired":            {mail.token(t, with(map[string]any{"exp": past})), "expired", 400, ""},
		"not yet":            {mail.token(t, with(map[string]any{"nbf": future, "exp": future + 60})), "before", 400, ""},
		"issued later":       {mail.token(t, with(map[string]any{"iat": future, "exp": future + 60})), "future", 400, ""},
		"no subject":         {mail.token(t, with(map[string]any{"sub": ""})), "no subject", 400, ""},
		"unverified":         {mail.token(t, with(map[string]any{"email_verified": false})), "not verified", 400, ""},
		"no address":         {mail.token(t, map[string]any{"email_verified": true}), "no e-mail", 400, ""},
		"two addresses":      {mail.token(t, with(map[string]any{"email": "a@example.com, b@example.com"})), "no e-mail", 400, ""},
		"named address":      {mail.token(t, with(map[string]any{"email": "Dev <dev@example.com>"})), "no e-mail", 400, ""},
		"not ASCII":          {mail.token(t, with(map[string]any{"email": "dév@example.com"})), "can't be the email", 400, "dév@example.com"},
		"other kind":         {flow.token(t, someone), "no claim", 400, ""},
		"other domain":       {ids.token(t, map[string]any{"sub": "spiffe://example.com/a"}), "trust domain", 400, ""},
		"user with a domain": {users.token(t, map[string]any{"sub": "joe!example.com"}), "not a user name", 400, ""},
		"issuer is away":     {(&outsider{url: "http://127.0.0.1:1", key: mail.key}).token(t, someone), "can't be asked", 503, ""},
		"no algorithm":       {changed(own, 0, `{"alg":"none"}`), "refused", 400, ""},
		"changed":            {changed(own, 1, `{"iss":"`+s.Status().Issuer+`","aud":"sigstore","sub":"root","email":"root@example.com","email_verified":true,"exp":99999999999}`), "refused", 400, ""},
	} {
		t.Run(name, func(t *testing.T) {
			status, _, text := post(t, s.Status().Fulcio+"/api/v2/signingCert", "application/json", certificateRequest(t, test.token, newKey(t), cmp.Or(test.proven, "dev@example.com")))
			if status != test.status || !strings.Contains(text, test.say) {
				t.Errorf("status %d, want %d with %q: %s", status, test.status, test.say, text)
			}
			if len(test.token) > 50 && strings.Contains(text, test.token[len(test.token)-40:]) {
				t.Errorf("the answer repeats the token: %s", text)
			}
		})
	}
}

// A key must be shown to be its owner's, and be strong.
func TestRefusedKeys(t *testing.T) {
	t.Parallel()
	s, _ := start(t, t.TempDir()+"/sigstore", local.Options{})
	token, err := s.Token(local.Email("dev@example.com"))
	if err != nil {
		t.Fatal(err)
	}
	where := s.Status().Fulcio + "/api/v2/signingCert"
	if status, _, text := post(t, where, "application/json", certificateRequest(t, token, newKey(t), "dev@example.com")); status != 200 {
		t.Fatalf("a good request: status %d: %s", status, text)
	}
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	withoutKey, err := json.Marshal(map[string]any{"credentials": map[string]any{"oidcIdentityToken": token}})
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		body []byte
		say  string
	}{
		"proof of another": {certificateRequest(t, token, newKey(t), "root@example.com"), "proof of possession"},
		"weak key":         {certificateRequest(t, token, weak, "dev@example.com"), "insecure"},
		"no key":           {withoutKey, "public key"},
		"no JSON":          {[]byte("token=" + token), "JSON"},
		"large":            {bytes.Repeat([]byte(" "), 1<<20), "too large"},
	} {
		t.Run(name, func(t *testing.T) {
			status, _, text := post(t, where, "application/json", test.body)
			if status < 400 || status >= 500 || !strings.Contains(text, test.say) || strings.Contains(text, token) {
				t.Errorf("status %d, and %q is to be said: %s", status, test.say, text)
			}
		})
	}
}

// The timestamp authority stamps what RFC 3161 allows, and repeats the nonce.
func TestTimestamps(t *testing.T) {
	t.Parallel()
	s, _ := start(t, t.TempDir()+"/sigstore", local.Options{})
	digest := sha256.Sum256([]byte("a signature"))
	nonce := big.NewInt(77)
	asked := timestamp.Request{HashAlgorithm: crypto.SHA256, HashedMessage: digest[:], Nonce: nonce, Certificates: true}
	raw, err := asked.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	status, _, text := post(t, s.Status().Timestamps, "application/timestamp-query", raw)
	stamp, err := timestamp.ParseResponse([]byte(text))
	if status != 201 || err != nil || stamp.Nonce.Cmp(nonce) != 0 || !bytes.Equal(stamp.HashedMessage, digest[:]) || len(stamp.Certificates) != 2 {
		t.Fatalf("status %d, %+v, %v", status, stamp, err)
	}
	weak := sha1.Sum([]byte("a signature"))
	for name, bad := range map[string]timestamp.Request{
		"sha1":   {HashAlgorithm: crypto.SHA1, HashedMessage: weak[:]},
		"length": {HashAlgorithm: crypto.SHA256, HashedMessage: weak[:]},
		"policy": {HashAlgorithm: crypto.SHA256, HashedMessage: digest[:], TSAPolicyOID: []int{1, 2, 3}},
		"nonce":  {HashAlgorithm: crypto.SHA256, HashedMessage: digest[:], Nonce: new(big.Int).Lsh(nonce, 2000)},
	} {
		raw, err := bad.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		if status, _, text := post(t, s.Status().Timestamps, "application/timestamp-query", raw); status != 400 {
			t.Errorf("%s: status %d: %q", name, status, text)
		}
	}
	for kind, body := range map[string]string{"application/timestamp-query": "no", "application/json": "{}"} {
		if status, _, _ := post(t, s.Status().Timestamps, kind, []byte(body)); status < 400 || status >= 500 {
			t.Errorf("%s %q: status %d", kind, body, status)
		}
	}
}

// FuzzRequests sends anything to the three services that take requests: they refuse it
// or answer it, and never break.
func FuzzRequests(f *testing.F) {
	s, err := local.Open(f.TempDir()+"/sigstore", local.Options{})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = s.Close(context.Background()) })
	token, err := s.Token(local.Email("dev@example.com"))
	if err != nil {
		f.Fatal(err)
	}
	paths := []string{"/fulcio/api/v2/signingCert", "/rekor/api/v2/log/entries", "/tsa/api/v1/timestamp"}
	f.Add(uint8(0), certificateRequest(f, token, newKey(f), "dev@example.com"))
	f.Add(uint8(0), fmt.Appendf(nil, `{"credentials":{"oidcIdentityToken":%q}}`, changed(token, 1, `{"iss":"x"}`)))
	f.Add(uint8(1), entryRequest(f, newKey(f), []byte("a file")))
	f.Add(uint8(1), []byte(`{"dsseRequestV002":{}}`))
	digest := sha256.Sum256(nil)
	stamp, err := (&timestamp.Request{HashAlgorithm: crypto.SHA256, HashedMessage: digest[:]}).Marshal()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(uint8(2), stamp)
	f.Fuzz(func(t *testing.T, which uint8, body []byte) {
		q, err := http.NewRequestWithContext(t.Context(), http.MethodPost, paths[int(which)%len(paths)], bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		q.Header.Set("Content-Type", "application/timestamp-query")
		w := &recorder{header: http.Header{}}
		s.Handler().ServeHTTP(w, q)
		if w.status >= 500 {
			t.Errorf("status %d: %s", w.status, w.body.Bytes())
		}
	})
}

type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) WriteHeader(status int)      { r.status = status }
func (r *recorder) Write(b []byte) (int, error) { return r.body.Write(b) }
