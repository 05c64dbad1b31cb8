//go:build unix

package local_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	protobundle "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/fulcio/certificate"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/sign"
	"github.com/sigstore/sigstore-go/pkg/verify"

	"github.com/carnet-project/carnet/sign/local"
)

// issuerKey is the file of one key for the built-in issuers of all tests: to make it
// takes longer than all else.
var issuerKey = sync.OnceValues(func() ([]byte, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), err
})

// withIssuerKey puts that key where a Sigstore finds it.
func withIssuerKey(t testing.TB, dir string) {
	t.Helper()
	text, err := issuerKey()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(dir, "keys"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "keys", "issuer.pem"), text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// start opens and serves a Sigstore until the test ends, or until stop is called.
func start(t testing.TB, dir string, o local.Options) (s *local.Sigstore, stop func()) {
	t.Helper()
	withIssuerKey(t, dir)
	s, err := local.Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx) }()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-done; err != nil {
			t.Errorf("ending: %v", err)
		}
	}
	t.Cleanup(stop)
	return s, stop
}

// signed is a keyless signature of content as sigstore-go makes it.
func signed(t testing.TB, s *local.Sigstore, h local.Holder, content sign.Content) *protobundle.Bundle {
	t.Helper()
	token, err := s.Token(h)
	if err != nil {
		t.Fatal(err)
	}
	b, err := signWith(t.Context(), s.SigningConfig(), token, content)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// signWith signs with the services that the signing config names, as a client does that
// knows nothing else.
func signWith(ctx context.Context, config []byte, token string, content sign.Content) (*protobundle.Bundle, error) {
	services, err := root.NewSigningConfigFromJSON(config)
	if err != nil {
		return nil, err
	}
	ca, err := root.SelectService(services.FulcioCertificateAuthorityURLs(), sign.FulcioAPIVersions, time.Now())
	if err != nil {
		return nil, err
	}
	tsa, err := root.SelectServices(services.TimestampAuthorityURLs(), services.TimestampAuthorityURLsConfig(), sign.TimestampAuthorityAPIVersions, time.Now())
	if err != nil {
		return nil, err
	}
	log, err := root.SelectServices(services.RekorLogURLs(), services.RekorLogURLsConfig(), sign.RekorAPIVersions, time.Now())
	if err != nil {
		return nil, err
	}
	key, err := sign.NewEphemeralKeypair(nil)
	if err != nil {
		return nil, err
	}
	return sign.Bundle(content, key, sign.BundleOptions{
		Context:                    ctx,
		CertificateProvider:        sign.NewFulcio(&sign.FulcioOptions{BaseURL: ca.URL}),
		CertificateProviderOptions: &sign.CertificateProviderOptions{IDToken: token},
		TimestampAuthorities:       []*sign.TimestampAuthority{sign.NewTimestampAuthority(&sign.TimestampAuthorityOptions{URL: tsa[0].URL})},
		TransparencyLogs:           []sign.Transparency{sign.NewRekor(&sign.RekorOptions{BaseURL: log[0].URL, Version: log[0].MajorAPIVersion})},
	})
}

// verified checks a bundle with sigstore-go: an SCT, a log entry and a timestamp are
// needed.
func verified(t testing.TB, trusted []byte, b *protobundle.Bundle, artifact verify.ArtifactPolicyOption) *certificate.Summary {
	t.Helper()
	material, err := root.NewTrustedRootFromJSON(trusted)
	if err != nil {
		t.Fatal(err)
	}
	v, err := verify.NewVerifier(material, verify.WithSignedCertificateTimestamps(1), verify.WithTransparencyLog(1), verify.WithSignedTimestamps(1))
	if err != nil {
		t.Fatal(err)
	}
	read, err := bundle.NewBundle(b)
	if err != nil {
		t.Fatal(err)
	}
	result, err := v.Verify(read, verify.NewPolicy(artifact, verify.WithoutIdentitiesUnsafe()))
	if err != nil {
		t.Fatal(err)
	}
	return result.Signature.Certificate
}

// Sigstore-go signs and verifies against it as against the public instance.
func TestFile(t *testing.T) {
	t.Parallel()
	s, _ := start(t, t.TempDir()+"/sigstore", local.Options{})
	file := []byte("a file")
	b := signed(t, s, local.Email("dev@example.com"), &sign.PlainData{Data: file})
	found := verified(t, s.TrustedRoot(), b, verify.WithArtifact(bytes.NewReader(file)))
	if found.SubjectAlternativeName != "dev@example.com" || found.Issuer != s.Status().Issuer {
		t.Errorf("the certificate is for %q of %q", found.SubjectAlternativeName, found.Issuer)
	}
}

func TestStatement(t *testing.T) {
	t.Parallel()
	s, _ := start(t, t.TempDir()+"/sigstore", local.Options{})
	digest := sha256.Sum256([]byte("an artifact"))
	statement, err := json.Marshal(map[string]any{
		"_type": "https://in-toto.io/Statement/v1", "predicateType": "https://example.com/p", "predicate": map[string]any{},
		"subject": []any{map[string]any{"name": "a", "digest": map[string]any{"sha256": hexed(digest[:])}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	b := signed(t, s, local.Email("dev@example.com"), &sign.DSSEData{Data: statement, PayloadType: "application/vnd.in-toto+json"})
	verified(t, s.TrustedRoot(), b, verify.WithArtifactDigest("sha256", digest[:]))
}

// A signature is quick: a certificate, a log entry and a timestamp.
func BenchmarkSignature(b *testing.B) {
	s, _ := start(b, b.TempDir()+"/sigstore", local.Options{})
	for b.Loop() {
		signed(b, s, local.Email("dev@example.com"), &sign.PlainData{Data: []byte("a file")})
	}
}

func hexed(b []byte) string { return fmt.Sprintf("%x", b) }

func clientOf(t testing.TB) *http.Client {
	t.Helper()
	return &http.Client{Timeout: 5 * time.Second}
}

// got is the content at a URL.
func got(t testing.TB, url string) string {
	t.Helper()
	answer, err := clientOf(t).Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%s: status %d, %v", url, answer.StatusCode, err)
	}
	return string(text)
}
