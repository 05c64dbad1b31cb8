package fulcio_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/sign"
	"github.com/carnet-project/carnet/sign/fulcio"
)

// given is a signer of an authority, for a holder with a token.
func given(a *authority, change ...func(*fulcio.Options)) (*fulcio.Signer, *atomic.Int32) {
	tokens := new(atomic.Int32)
	o := fulcio.Options{
		URL: a.url, Now: func() time.Time { return a.now },
		Token: func(context.Context) (string, error) { tokens.Add(1); return token(holder), nil },
		Wait:  func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
	}
	for _, f := range change {
		f(&o)
	}
	return fulcio.New(o), tokens
}

func statement(t testing.TB, i int) *attest.Statement {
	t.Helper()
	st, err := attest.NewStatement("https://example.com/p/v1", []byte(`{}`), attest.NewSubject("", attest.SHA256([]byte{byte(i)})))
	if err != nil {
		t.Fatal(err)
	}
	return st
}

// verify holds a signature against its own certificate, and that against the authority.
func verify(t *testing.T, a *authority, message []byte, sig attest.Signature) *x509.Certificate {
	t.Helper()
	if len(sig.Certificates) != 1 || sig.KeyHint != "" {
		t.Fatalf("%d certificates and the hint %q, want one and none", len(sig.Certificates), sig.KeyHint)
	}
	leaf, err := x509.ParseCertificate(sig.Certificates[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := leaf.CheckSignatureFrom(a.root); err != nil {
		t.Error(err)
	}
	sum := sha256.Sum256(message)
	if !ecdsa.VerifyASN1(leaf.PublicKey.(*ecdsa.PublicKey), sum[:], sig.Bytes) {
		t.Error("the signature is not one of the certificate's key")
	}
	if sig.Message != attest.SHA256(message) {
		t.Errorf("the signature is said to be of %v", sig.Message)
	}
	if der, err := x509.MarshalPKIXPublicKey(leaf.PublicKey); err != nil || !bytes.Equal(der, sig.PublicKey) {
		t.Error("the public key is not that of the certificate")
	}
	return leaf
}

func TestSign(t *testing.T) {
	a := newAuthority(t)
	s, tokens := given(a, func(o *fulcio.Options) { o.URL += "/" })
	message := bytes.Repeat([]byte("0123456789"), 200_000)
	sig, err := s.Sign(t.Context(), iotest.HalfReader(bytes.NewReader(message)))
	if err != nil {
		t.Fatal(err)
	}
	verify(t, a, message, sig)
	facts, err := s.Certificate(t.Context())
	if err != nil || facts.Subject != holder || facts.Issuer != issuer || facts.SubjectType != attest.SubjectEmail {
		t.Errorf("%+v, %v", facts, err)
	}
	if pem, err := s.PublicPEM(t.Context()); err != nil || !strings.HasPrefix(string(pem), "-----BEGIN PUBLIC KEY-----\n") {
		t.Errorf("%s, %v", pem, err)
	}
	if a.requests() != 1 || tokens.Load() != 1 {
		t.Errorf("%d certificates and %d tokens were asked for", a.requests(), tokens.Load())
	}
	if shown := fmt.Sprintf("%v %+v %#v %s", s, s, s, s); strings.Contains(shown, "private") || !strings.Contains(shown, "fulcio signer of") {
		t.Errorf("printed: %s", shown)
	}
}

// A batch takes one token and one certificate.
func TestBatch(t *testing.T) {
	a := newAuthority(t)
	a.instead = func(int, http.ResponseWriter, *http.Request) bool {
		time.Sleep(20 * time.Millisecond) // so that all the others come meanwhile
		return false
	}
	s, tokens := given(a)
	var group sync.WaitGroup
	for i := range 20 {
		group.Go(func() {
			b, err := sign.Statement(t.Context(), statement(t, i), s)
			if err != nil || len(b.Certificates()) != 1 {
				t.Errorf("%d: %v", i, err)
			}
		})
	}
	group.Wait()
	if a.requests() != 1 || tokens.Load() != 1 {
		t.Errorf("%d certificates and %d tokens were asked for", a.requests(), tokens.Load())
	}
}

// A certificate serves until less than a minute of it is left, and its key with it.
func TestRenewal(t *testing.T) {
	a := newAuthority(t)
	s, tokens := given(a)
	var keys []string
	for _, at := range []time.Duration{0, 9 * time.Minute, 9*time.Minute + time.Second} {
		start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
		a.now = start.Add(at)
		sig, err := s.Sign(t.Context(), strings.NewReader("m"))
		if err != nil {
			t.Fatal(err)
		}
		verify(t, a, []byte("m"), sig)
		keys = append(keys, string(sig.PublicKey))
	}
	if keys[0] != keys[1] || keys[1] == keys[2] || a.requests() != 2 || tokens.Load() != 2 {
		t.Errorf("%d certificates and %d tokens were asked for", a.requests(), tokens.Load())
	}
}

// A certificate that ends while a large file is read is not signed with.
func TestRenewalAfterReading(t *testing.T) {
	a := newAuthority(t)
	s, _ := given(a)
	slow := readerFunc(func([]byte) (int, error) {
		a.now = a.now.Add(time.Hour)
		return 0, io.EOF
	})
	sig, err := s.Sign(t.Context(), slow)
	if err != nil {
		t.Fatal(err)
	}
	if leaf := verify(t, a, nil, sig); leaf.NotAfter.Before(a.now) {
		t.Errorf("signed at %v with a certificate that ended at %v", a.now, leaf.NotAfter)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func TestRefusals(t *testing.T) {
	for _, tc := range []struct {
		status   int
		message  string
		requests int
	}{
		{401, "There was an error processing the identity token: oidc: expected audience", 1},
		{400, "There was an error processing the identity token: token is expired", 1},
		{403, "unknown issuer https://issuer.example, " + token(holder), 1},
		{403, strings.Repeat("x", 990) + " " + token(holder), 1}, // cut off in the token
		{500, "error signing", 3},
	} {
		a := newAuthority(t)
		a.instead = func(_ int, w http.ResponseWriter, _ *http.Request) bool {
			refuse(w, tc.status, tc.message)
			return true
		}
		s, tokens := given(a, func(o *fulcio.Options) {
			o.RetryFor = 2 * time.Second
			o.Wait = func(context.Context, time.Duration) error { a.now = a.now.Add(time.Second); return nil }
		})
		_, err := s.Sign(t.Context(), iotest.ErrReader(errors.New("the message was read")))
		var told *fulcio.Error
		want := strings.ReplaceAll(tc.message, token(holder), "[token]")
		if long := strings.Index(tc.message, "xxx "); long > 0 {
			want = tc.message[:long+4] + "[token]…"
		}
		if !errors.As(err, &told) || told.Status != tc.status || told.Message != want || !strings.Contains(err.Error(), a.url+" answered") {
			t.Errorf("%d: %v", tc.status, err)
		}
		if strings.Contains(fmt.Sprintf("%v %+v %s", err, told, told.Message), token(holder)[:20]) {
			t.Errorf("%d: the error has the token", tc.status)
		}
		if a.requests() != tc.requests || tokens.Load() != 1 {
			t.Errorf("%d: %d requests with %d tokens, want %d with one", tc.status, a.requests(), tokens.Load(), tc.requests)
		}
	}
}

func TestOutage(t *testing.T) {
	a := newAuthority(t)
	a.instead = func(n int, w http.ResponseWriter, _ *http.Request) bool {
		if n < 3 {
			refuse(w, http.StatusServiceUnavailable, "later")
		}
		return n < 3
	}
	s, _ := given(a, func(o *fulcio.Options) { o.RetryFor = time.Minute })
	sig, err := s.Sign(t.Context(), strings.NewReader("m"))
	if err != nil {
		t.Fatal(err)
	}
	verify(t, a, []byte("m"), sig)
}

func TestTokenProblemIsNotTriedAgain(t *testing.T) {
	a := newAuthority(t)
	gone := errors.New("nobody is logged in")
	n := 0
	s, _ := given(a, func(o *fulcio.Options) {
		o.RetryFor = time.Hour
		o.Token = func(context.Context) (string, error) { n++; return "", gone }
	})
	if _, err := s.Sign(t.Context(), strings.NewReader("m")); !errors.Is(err, gone) || n != 1 || a.requests() != 0 {
		t.Errorf("%v; %d tokens, %d requests", err, n, a.requests())
	}
	for _, bad := range []string{"", "secret", "a.%.c", "a.e30.c", token("x") + "\n"} {
		s, _ := given(a, func(o *fulcio.Options) {
			o.RetryFor = time.Hour
			o.Token = func(context.Context) (string, error) { return bad, nil }
		})
		_, err := s.Sign(t.Context(), strings.NewReader("m"))
		if err == nil || a.requests() != 0 || bad != "" && strings.Contains(err.Error(), bad) {
			t.Errorf("the token %q: %v", bad, err)
		}
	}
	if _, err := fulcio.New(fulcio.Options{URL: a.url}).Sign(t.Context(), strings.NewReader("m")); err == nil {
		t.Error("signed without a token")
	}
}

// What comes back is not signed with before it has been looked at.
func TestWrongCertificates(t *testing.T) {
	other := newKey(t)
	for name, tc := range map[string]struct {
		forge func(*x509.Certificate, crypto.PublicKey) crypto.PublicKey
		want  string
	}{
		"of another key": {func(*x509.Certificate, crypto.PublicKey) crypto.PublicKey { return other.Public() }, "of another key"},
		"that has ended": {func(c *x509.Certificate, p crypto.PublicKey) crypto.PublicKey {
			c.NotBefore, c.NotAfter = c.NotBefore.Add(-time.Hour), c.NotBefore.Add(-time.Minute)
			return p
		}, "2026-01-02T03:03:05Z, and this machine's clock says 2026-01-02T03:04:05Z"},
		"of nobody": {func(c *x509.Certificate, p crypto.PublicKey) crypto.PublicKey {
			c.ExtraExtensions = c.ExtraExtensions[1:]
			return p
		}, "reading the certificate"},
	} {
		a := newAuthority(t)
		a.forge = tc.forge
		s, _ := given(a)
		if _, err := s.Sign(t.Context(), strings.NewReader("m")); err == nil || !strings.Contains(err.Error(), tc.want) || !strings.Contains(err.Error(), a.url) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, body := range map[string]string{
		"no JSON": "<html>", "empty": `{}`, "no PEM": `{"signedCertificateEmbeddedSct":{"chain":{"certificates":["x"]}}}`,
		"not DER": `{"signedCertificateEmbeddedSct":{"chain":{"certificates":["-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]}}}`,
		"huge":    strings.Repeat(" ", 2<<20),
	} {
		a := newAuthority(t)
		a.instead = func(_ int, w http.ResponseWriter, _ *http.Request) bool { _, _ = io.WriteString(w, body); return true }
		s, _ := given(a, func(o *fulcio.Options) { o.RetryFor = time.Hour })
		if _, err := s.Sign(t.Context(), strings.NewReader("m")); err == nil || a.requests() != 1 {
			t.Errorf("%s: %v after %d requests", name, err, a.requests())
		}
	}
}

// A token goes to the authority alone.
func TestRedirectDoesNotGetTheToken(t *testing.T) {
	elsewhere, a := newAuthority(t), newAuthority(t)
	a.instead = func(_ int, w http.ResponseWriter, r *http.Request) bool {
		http.Redirect(w, r, elsewhere.url+r.URL.Path, http.StatusTemporaryRedirect)
		return true
	}
	s, _ := given(a)
	_, err := s.Sign(t.Context(), strings.NewReader("m"))
	if err == nil || !strings.Contains(err.Error(), a.url+" redirects to "+elsewhere.url) || elsewhere.requests() != 0 {
		t.Errorf("%v; %d requests elsewhere", err, elsewhere.requests())
	}
}

// Who gives up does not take the certificate from those who wait.
func TestWhoGivesUp(t *testing.T) {
	a := newAuthority(t)
	arrived := make(chan struct{})
	a.instead = func(n int, _ http.ResponseWriter, r *http.Request) bool {
		if n == 1 {
			_, _ = io.Copy(io.Discard, r.Body)
			close(arrived)
			<-r.Context().Done()
		}
		return n == 1
	}
	s, tokens := given(a)
	ctx, cancel := context.WithCancel(t.Context())
	var group sync.WaitGroup
	group.Go(func() {
		if _, err := s.Sign(ctx, strings.NewReader("m")); !errors.Is(err, context.Canceled) {
			t.Errorf("who gave up: %v", err)
		}
	})
	<-arrived
	for range 4 {
		group.Go(func() {
			if _, err := s.Sign(t.Context(), strings.NewReader("m")); err != nil {
				t.Errorf("who waited: %v", err)
			}
		})
	}
	// One that waits leaves too, and at once.
	short, stop := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer stop()
	if _, err := s.Sign(short, strings.NewReader("m")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("who waited and left: %v", err)
	}
	cancel()
	group.Wait()
	if a.requests() != 2 || tokens.Load() != 2 {
		t.Errorf("%d certificates and %d tokens were asked for", a.requests(), tokens.Load())
	}
}

// All who wait hear of one refusal; they do not ask one after the other.
func TestRefusalIsShared(t *testing.T) {
	a := newAuthority(t)
	a.instead = func(_ int, w http.ResponseWriter, _ *http.Request) bool {
		time.Sleep(30 * time.Millisecond)
		refuse(w, 401, "no")
		return true
	}
	s, _ := given(a)
	var group sync.WaitGroup
	for range 10 {
		group.Go(func() {
			var told *fulcio.Error
			if _, err := s.Sign(t.Context(), strings.NewReader("m")); !errors.As(err, &told) {
				t.Errorf("%v", err)
			}
		})
	}
	group.Wait()
	if a.requests() > 3 { // one, but for those that the scheduler was late with
		t.Errorf("%d requests", a.requests())
	}
}
