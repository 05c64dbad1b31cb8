package tsa_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/digitorus/timestamp"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/sign"
	"github.com/carnet-project/carnet/sign/key"
	"github.com/carnet-project/carnet/sign/tsa"
)

// A responder answers as an RFC 3161 authority does.
type responder struct {
	url   string
	key   *ecdsa.PrivateKey
	cert  *x509.Certificate
	now   time.Time
	asked atomic.Int32
	// embed puts the authority's certificate into the answer.
	embed bool
	// forge changes what is timestamped.
	forge func(*timestamp.Timestamp)
	// instead answers in the place of the responder if it is set and returns true.
	instead func(n int, w http.ResponseWriter, r *http.Request) bool
}

func newResponder(t *testing.T) *responder {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p := &responder{key: k, now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	usage, err := asn1.Marshal([]asn1.ObjectIdentifier{{1, 3, 6, 1, 5, 5, 7, 3, 8}}) // RFC 3161, section 2.3
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"}, NotBefore: p.now.AddDate(-1, 0, 0), NotAfter: p.now.AddDate(1, 0, 0),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtraExtensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Critical: true, Value: usage}},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, k.Public(), k)
	if err != nil {
		t.Fatal(err)
	}
	if p.cert, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(p)
	t.Cleanup(s.Close)
	p.url = s.URL + "/api/v1/timestamp"
	return p
}

func (p *responder) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n := int(p.asked.Add(1))
	body, _ := io.ReadAll(r.Body)
	if p.instead != nil && p.instead(n, w, r) {
		return
	}
	request, err := timestamp.ParseRequest(body)
	if err != nil || r.Method != http.MethodPost || r.URL.Path != "/api/v1/timestamp" || r.Header.Get("Content-Type") != "application/timestamp-query" {
		http.Error(w, fmt.Sprint("not a request: ", err), http.StatusBadRequest)
		return
	}
	stamp := &timestamp.Timestamp{
		HashAlgorithm: request.HashAlgorithm, HashedMessage: request.HashedMessage, Time: p.now, Nonce: request.Nonce,
		Policy: asn1.ObjectIdentifier{1, 2, 3}, AddTSACertificate: p.embed,
	}
	if p.forge != nil {
		p.forge(stamp)
	}
	answer, err := stamp.CreateResponseWithOpts(p.cert, p.key, crypto.SHA256)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/timestamp-reply")
	w.WriteHeader(http.StatusCreated) // as sigstore's authority does
	_, _ = w.Write(answer)
}

func newAuthority(p *responder, change ...func(*tsa.Options)) *tsa.Authority {
	o := tsa.Options{URL: p.url, Wait: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }}
	for _, f := range change {
		f(&o)
	}
	return tsa.New(o)
}

// signed is a bundle, of a certificate that ends at until unless that is zero.
func signed(t *testing.T, until time.Time) *attest.Bundle {
	t.Helper()
	pair, err := key.Generate(key.ECDSAP256)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := pair.Signer()
	if err != nil {
		t.Fatal(err)
	}
	sig, err := signer.Sign(t.Context(), strings.NewReader("m"))
	if err != nil {
		t.Fatal(err)
	}
	if !until.IsZero() {
		c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "somebody"}, NotBefore: until.Add(-10 * time.Minute), NotAfter: until}
		k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		der, err := x509.CreateCertificate(rand.Reader, c, c, k.Public(), k)
		if err != nil {
			t.Fatal(err)
		}
		sig.KeyHint, sig.Certificates = "", [][]byte{der}
	}
	b, err := attest.NewMessageBundle(sig)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestTimestamp(t *testing.T) {
	for _, embed := range []bool{false, true} {
		p := newResponder(t)
		p.embed = embed
		b := signed(t, time.Time{})
		a := newAuthority(p)
		with, err := sign.Witnessed(t.Context(), b, a)
		if err != nil {
			t.Fatal(err)
		}
		stamp, err := timestamp.ParseResponse(with.Timestamps()[0])
		sum := sha256.Sum256(b.Signature())
		if err != nil || string(stamp.HashedMessage) != string(sum[:]) || !stamp.Time.Equal(p.now) {
			t.Errorf("%+v, %v", stamp, err)
		}
		if a.URL() != p.url {
			t.Errorf("it is at %s", a.URL())
		}
	}
}

// The ends of a certificate's validity belong to it.
func TestWithinTheCertificate(t *testing.T) {
	p := newResponder(t)
	for until, want := range map[time.Duration]string{
		0: "", 10 * time.Minute: "", -time.Second: "ended at 2026-01-02T03:04:04Z and the timestamp says 2026-01-02T03:04:05Z",
		10*time.Minute + time.Second: "the signer's certificate begins at 2026-01-02T03:04:06Z",
	} {
		_, err := newAuthority(p).Witness(t.Context(), signed(t, p.now.Add(until)))
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("the certificate ends %v after the timestamp: %v", until, err)
		}
		if errors.Is(err, tsa.ErrExpired) != (until < 0) {
			t.Errorf("%v: %v", until, err)
		}
	}
}

func TestTimestampsOfOthers(t *testing.T) {
	for name, forge := range map[string]func(*timestamp.Timestamp){
		"of another signature": func(s *timestamp.Timestamp) { s.HashedMessage = make([]byte, 32) },
		"by another hash":      func(s *timestamp.Timestamp) { s.HashAlgorithm = crypto.SHA512 },
	} {
		p := newResponder(t)
		p.forge = forge
		_, err := newAuthority(p, func(o *tsa.Options) { o.RetryFor = time.Hour }).Witness(t.Context(), signed(t, time.Time{}))
		if err == nil || !strings.Contains(err.Error(), "of another signature") || !strings.Contains(err.Error(), p.url) || p.asked.Load() != 1 {
			t.Errorf("%s: %v after %d requests", name, err, p.asked.Load())
		}
	}
}

func TestBadAnswers(t *testing.T) {
	rejected, err := asn1.Marshal(struct {
		Status struct {
			Status int
			Text   []string `asn1:"optional,utf8"`
		}
	}{})
	if err != nil {
		t.Fatal(err)
	}
	rejected[len(rejected)-1] = 2 // PKIStatus rejection (RFC 3161, section 2.4.2)
	for name, tc := range map[string]struct {
		code int
		body string
		want string
	}{
		"refused":  {400, "unsupported hash\x1b[2J", "answered 400 Bad Request: unsupported hash[2J"},
		"rejected": {200, string(rejected), "the request is rejected"},
		"empty":    {200, "", ""},
		"no DER":   {200, "<html>", ""},
		"huge":     {200, strings.Repeat("x", 2<<20), "over 1048576 bytes"},
	} {
		p := newResponder(t)
		p.instead = func(_ int, w http.ResponseWriter, _ *http.Request) bool {
			w.WriteHeader(tc.code)
			_, _ = io.WriteString(w, tc.body)
			return true
		}
		_, err := newAuthority(p, func(o *tsa.Options) { o.RetryFor = time.Hour }).Witness(t.Context(), signed(t, time.Time{}))
		if err == nil || !strings.Contains(err.Error(), tc.want) || p.asked.Load() != 1 {
			t.Errorf("%s: %v after %d requests", name, err, p.asked.Load())
		}
	}
}

func TestOutage(t *testing.T) {
	p := newResponder(t)
	p.instead = func(n int, w http.ResponseWriter, r *http.Request) bool {
		switch n {
		case 1:
			http.Error(w, "later", http.StatusInternalServerError)
		case 2:
			w.Header().Set("Retry-After", "3")
			http.Error(w, "too many", http.StatusTooManyRequests)
		case 3:
			<-r.Context().Done()
		}
		return n < 4
	}
	var waits []time.Duration
	a := newAuthority(p, func(o *tsa.Options) {
		o.RetryFor, o.Client = time.Hour, &http.Client{Timeout: 50 * time.Millisecond}
		o.Wait = func(_ context.Context, d time.Duration) error { waits = append(waits, d); return nil }
	})
	if _, err := a.Witness(t.Context(), signed(t, time.Time{})); err != nil || len(waits) != 3 || waits[1] != 3*time.Second {
		t.Errorf("%v after the waits %v", err, waits)
	}
	p.asked.Store(0)
	if _, err := newAuthority(p).Witness(t.Context(), signed(t, time.Time{})); err == nil || p.asked.Load() != 1 {
		t.Errorf("without a time to retry: %v after %d requests", err, p.asked.Load())
	}
}

func TestCancelled(t *testing.T) {
	p := newResponder(t)
	ctx, cancel := context.WithCancel(t.Context())
	p.instead = func(_ int, _ http.ResponseWriter, r *http.Request) bool {
		cancel()
		<-r.Context().Done()
		return true
	}
	_, err := newAuthority(p, func(o *tsa.Options) { o.RetryFor = time.Hour }).Witness(ctx, signed(t, time.Time{}))
	if !errors.Is(err, context.Canceled) || p.asked.Load() != 1 {
		t.Errorf("%v after %d requests", err, p.asked.Load())
	}
}

func TestRedirect(t *testing.T) {
	elsewhere := newResponder(t)
	s := httptest.NewServer(http.RedirectHandler(elsewhere.url, http.StatusPermanentRedirect))
	defer s.Close()
	_, err := tsa.New(tsa.Options{URL: s.URL}).Witness(t.Context(), signed(t, time.Time{}))
	if err == nil || !strings.Contains(err.Error(), s.URL+" redirects to "+elsewhere.url) || elsewhere.asked.Load() != 0 {
		t.Errorf("%v", err)
	}
}
