package fulcio_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/attest/certificate"
)

const (
	holder = "dev@example.com"
	issuer = "https://issuer.example"
)

// token is a JWT in all but its signature, which the authority of these tests does not
// look at.
func token(subject string) string {
	part := base64.RawURLEncoding.EncodeToString
	claims := fmt.Sprintf(`{"iss":%q,"aud":"sigstore","sub":"1","email":%q,"email_verified":true}`, issuer, subject)
	return part([]byte(`{"alg":"ES256"}`)) + "." + part([]byte(claims)) + "." + part([]byte("signature"))
}

// An authority answers as Fulcio does (sigstore/fulcio, fulcio.proto), and knows its own
// clock.
type authority struct {
	t    *testing.T
	key  *ecdsa.PrivateKey
	root *x509.Certificate
	url  string
	now  time.Time
	// instead answers in the place of the authority if it is set and returns true.
	instead func(n int, w http.ResponseWriter, r *http.Request) bool
	// forge changes a certificate or its key before it is signed.
	forge func(c *x509.Certificate, public crypto.PublicKey) crypto.PublicKey

	mu    sync.Mutex
	asked int
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	key := newKey(t)
	a := &authority{t: t, key: key, now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: a.now.AddDate(-1, 0, 0), NotAfter: a.now.AddDate(1, 0, 0), KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	if a.root, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(a)
	t.Cleanup(s.Close)
	a.url = s.URL
	return a
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func (a *authority) requests() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.asked
}

func (a *authority) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	a.asked++
	n := a.asked
	a.mu.Unlock()
	if a.instead != nil && a.instead(n, w, r) {
		return
	}
	chain, err := a.certify(r)
	if err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	answer := map[string]any{"signedCertificateEmbeddedSct": map[string]any{"chain": map[string]any{"certificates": chain}}}
	_ = json.NewEncoder(w).Encode(answer)
}

// refuse answers as grpc-gateway does for Fulcio.
func refuse(w http.ResponseWriter, code int, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(map[string]any{"code": 3, "message": message, "details": []string{}})
}

func (a *authority) certify(r *http.Request) ([]string, error) {
	raw, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok || r.Method != http.MethodPost || r.URL.Path != "/api/v2/signingCert" {
		return nil, fmt.Errorf("%s %s is not how a certificate is asked for", r.Method, r.URL.Path)
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(raw, ".")[1])
	if err != nil {
		return nil, err
	}
	var claims struct{ Iss, Email string }
	var request struct {
		PublicKeyRequest struct {
			PublicKey         struct{ Algorithm, Content string }
			ProofOfPossession []byte
		}
	}
	if err := json.Unmarshal(payload, &claims); err != nil {
		return nil, err
	}
	if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
		return nil, err
	}
	block, _ := pem.Decode([]byte(request.PublicKeyRequest.PublicKey.Content))
	public, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256([]byte(claims.Email))
	if !ecdsa.VerifyASN1(public.(*ecdsa.PublicKey), sum[:], request.PublicKeyRequest.ProofOfPossession) {
		return nil, fmt.Errorf("the signature supplied in the request could not be verified")
	}
	return a.issue(claims.Iss, claims.Email, public)
}

func (a *authority) issue(issuer, email string, public crypto.PublicKey) ([]string, error) {
	name, err := certificate.SubjectExtension(attest.SubjectEmail, email)
	if err != nil {
		return nil, err
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(2), NotBefore: a.now, NotAfter: a.now.Add(10 * time.Minute), KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage:     []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning},
		ExtraExtensions: slices.Concat([]pkix.Extension{name}, certificate.IssuerExtensions(issuer)),
	}
	if a.forge != nil {
		public = a.forge(c, public)
	}
	der, err := x509.CreateCertificate(rand.Reader, c, a.root, public, a.key)
	if err != nil {
		return nil, err
	}
	encode := func(der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	}
	return []string{encode(der), encode(a.root.Raw)}, nil
}
