package rekor_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha512"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	rekorpb "github.com/sigstore/protobuf-specs/gen/pb-go/rekor/v1"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/sign"
	"github.com/carnet-project/carnet/sign/key"
	"github.com/carnet-project/carnet/sign/rekor"
)

func newLog(s *server, version int, change ...func(*rekor.Options)) *rekor.Log {
	o := rekor.Options{URL: s.url + "/", Version: version, Wait: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }}
	for _, f := range change {
		f(&o)
	}
	return rekor.New(o)
}

func newStatement(t testing.TB) *attest.Statement {
	t.Helper()
	st, err := attest.NewStatement("https://example.com/p/v1", []byte(`{}`), attest.NewSubject("", attest.SHA256([]byte("image"))))
	if err != nil {
		t.Fatal(err)
	}
	return st
}

func keySigner(t testing.TB, a key.Algorithm) sign.Signer {
	t.Helper()
	pair, err := key.Generate(a)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := pair.Signer()
	if err != nil {
		t.Fatal(err)
	}
	return signer
}

func envelope(t testing.TB, s sign.Signer) *attest.Bundle {
	t.Helper()
	b, err := sign.Statement(t.Context(), newStatement(t), s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func file(t testing.TB, s sign.Signer) *attest.Bundle {
	t.Helper()
	b, err := sign.File(t.Context(), strings.NewReader("a file"), s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// certified signs with a key and says that certificates are the signer's.
type certified struct {
	sign.Signer
	chain int
	until time.Time
	t     testing.TB
}

func (c certified) Sign(ctx context.Context, message io.Reader) (attest.Signature, error) {
	sig, err := c.Signer.Sign(ctx, message)
	if err != nil {
		return sig, err
	}
	public, err := x509.ParsePKIXPublicKey(sig.PublicKey)
	if err != nil {
		return sig, err
	}
	authority, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return sig, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "somebody"}, NotBefore: c.until.Add(-10 * time.Minute), NotAfter: c.until,
		EmailAddresses: []string{"dev@example.com"},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, &x509.Certificate{Subject: pkix.Name{CommonName: "authority"}}, public, authority)
	sig.KeyHint = ""
	for range c.chain {
		sig.Certificates = append(sig.Certificates, der)
	}
	return sig, err
}

func TestLogged(t *testing.T) {
	until := time.Unix(1767323046, 0).Add(time.Minute)
	ecdsaKey, edwards := keySigner(t, key.ECDSAP256), keySigner(t, key.Ed25519)
	p384 := keySigner(t, key.ECDSAP384)
	cert := certified{ecdsaKey, 1, until, t}
	chain := certified{ecdsaKey, 2, until, t}
	for name, tc := range map[string]struct {
		b      *attest.Bundle
		v1, v2 string // the kind of the entry, or "" for what cannot be logged
	}{
		"statement with a key":         {b: envelope(t, ecdsaKey), v1: "dsse 0.0.1", v2: "hashedrekord 0.0.2"},
		"statement with P-384":         {b: envelope(t, p384), v2: "hashedrekord 0.0.2"},
		"statement with a certificate": {b: envelope(t, cert), v1: "dsse 0.0.1", v2: "hashedrekord 0.0.2"},
		"statement with a chain":       {b: envelope(t, chain), v1: "dsse 0.0.1", v2: "hashedrekord 0.0.2"},
		"statement with Ed25519":       {b: envelope(t, edwards), v1: "dsse 0.0.1"},
		"file with a key":              {b: file(t, ecdsaKey), v1: "hashedrekord 0.0.1", v2: "hashedrekord 0.0.2"},
		"file with a certificate":      {b: file(t, cert), v1: "hashedrekord 0.0.1", v2: "hashedrekord 0.0.2"},
		"file with Ed25519ph":          {b: file(t, edwards), v1: "hashedrekord 0.0.1", v2: "hashedrekord 0.0.2"},
	} {
		for version, want := range map[int]string{rekor.V1: tc.v1, rekor.V2: tc.v2} {
			t.Run(fmt.Sprintf("%s in v%d", name, version), func(t *testing.T) {
				s := newServer(t)
				before := bytes.Clone(tc.b.Bytes())
				log := newLog(s, version)
				with, err := sign.Witnessed(t.Context(), tc.b, log)
				if want == "" {
					cannot := map[int]error{rekor.V1: rekor.ErrNotSHA256, rekor.V2: rekor.ErrPureEd25519}[version]
					if !errors.Is(err, cannot) || s.asked != 0 {
						t.Errorf("%v after %d requests", err, s.asked)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				entries := with.LogEntries()
				if len(entries) != 1 || entries[0].GetKindVersion().GetKind()+" "+entries[0].GetKindVersion().GetVersion() != want {
					t.Errorf("%v", entries)
				}
				if !bytes.Equal(before, tc.b.Bytes()) || len(tc.b.LogEntries()) != 0 {
					t.Error("the bundle was changed")
				}
				// A chain's own certificate must be logged as one, and not as a bare key.
				body := string(entries[0].GetCanonicalizedBody())
				if version == rekor.V2 && len(tc.b.Certificates()) > 0 != strings.Contains(body, "x509Certificate") {
					t.Errorf("logged %s", body)
				}
				if log.URL() != s.url+"/" || log.Version() != version {
					t.Errorf("it is %s, version %d", log.URL(), log.Version())
				}
			})
		}
	}
}

// A prehashed Ed25519 signature of a statement, as another tool makes it, can be logged.
func TestPrehashedEd25519Statement(t *testing.T) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	b := envelope(t, signerFunc(func(message io.Reader) (attest.Signature, error) {
		h := sha512.New()
		if _, err := io.Copy(h, message); err != nil {
			return attest.Signature{}, err
		}
		raw, err := private.Sign(nil, h.Sum(nil), crypto.SHA512)
		if err != nil {
			return attest.Signature{}, err
		}
		der, err := x509.MarshalPKIXPublicKey(public)
		return attest.Signature{Bytes: raw, KeyHint: "k", PublicKey: der}, err
	}))
	if _, err := newLog(newServer(t), rekor.V2).Witness(t.Context(), b); err != nil {
		t.Error(err)
	}
}

type signerFunc func(io.Reader) (attest.Signature, error)

func (f signerFunc) Sign(_ context.Context, message io.Reader) (attest.Signature, error) {
	return f(message)
}

func TestRefusedBeforeItIsSent(t *testing.T) {
	s := newServer(t)
	b := envelope(t, keySigner(t, key.ECDSAP256))
	read, err := attest.ParseBundle(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := newLog(s, rekor.V2).Witness(t.Context(), read); !errors.Is(err, rekor.ErrNoKey) {
		t.Errorf("without a key: %v", err)
	}
	if _, err := newLog(s, rekor.V2).Witness(t.Context(), read.SignedWith(b.PublicKey())); err != nil {
		t.Errorf("with the key that was told: %v", err)
	}
	asked := s.asked
	if _, err := newLog(s, 3).Witness(t.Context(), b); err == nil {
		t.Error("version 3 was asked")
	}
	if _, err := newLog(s, rekor.V2).Witness(t.Context(), read.SignedWith([]byte("key"))); err == nil {
		t.Error("a key that is none was sent")
	}
	if s.asked != asked {
		t.Errorf("%d requests", s.asked-asked)
	}
}

// The same signature again: version 1 gives its entry, version 2 does not.
func TestAlreadyLogged(t *testing.T) {
	s := newServer(t)
	b := envelope(t, keySigner(t, key.ECDSAP256))
	for range 2 {
		if p, err := newLog(s, rekor.V1).Witness(t.Context(), b); err != nil || p.Entry.GetLogIndex() != 7 {
			t.Errorf("v1: %v, %v", p, err)
		}
	}
	if _, err := newLog(s, rekor.V2).Witness(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	_, err := newLog(s, rekor.V2, func(o *rekor.Options) { o.RetryFor = time.Hour }).Witness(t.Context(), b)
	if !errors.Is(err, rekor.ErrAlreadyLogged) || !strings.Contains(err.Error(), s.url+", entry 7: ") {
		t.Errorf("v2: %v", err)
	}
}

// What a log answers is held against what it was sent.
func TestEntriesOfOthers(t *testing.T) {
	signer := keySigner(t, key.ECDSAP256)
	b, other := envelope(t, signer), envelope(t, signer)
	for version, forge := range map[int]func(s *server, body []byte){
		rekor.V1: func(s *server, body []byte) {
			s.forgeV1 = func(e map[string]any) { e["body"] = base64.StdEncoding.EncodeToString(body) }
		},
		rekor.V2: func(s *server, body []byte) {
			s.forgeV2 = func(e *rekorpb.TransparencyLogEntry) { e.CanonicalizedBody = body }
		},
	} {
		s := newServer(t)
		log := newLog(s, version, func(o *rekor.Options) { o.RetryFor = time.Hour })
		p, err := log.Witness(t.Context(), other)
		if err != nil {
			t.Fatal(err)
		}
		good, err := newLog(newServer(t), version).Witness(t.Context(), b)
		if err != nil {
			t.Fatal(err)
		}
		ours := string(good.Entry.GetCanonicalizedBody())
		digest := strings.NewReplacer(`"value":"`, `"value":"00`, `"digest":"`, `"digest":"AAAA`).Replace(ours)
		stranger := keySigner(t, key.ECDSAP256)
		for want, body := range map[string]string{
			"another signature":  string(p.Entry.GetCanonicalizedBody()),
			"of the digest":      digest,
			"another signer":     strings.NewReplacer(encoded(version, b.PublicKey()), encoded(version, envelope(t, stranger).PublicKey())).Replace(ours),
			"which was not sent": strings.NewReplacer(`"dsse"`, `"intoto"`, `"hashedrekord"`, `"rekord"`).Replace(ours),
		} {
			if body == ours {
				t.Fatalf("v%d: the forgery for %q changes nothing: %s", version, want, ours)
			}
			// Rekor's own model of version 1 refuses these first.
			rekorsOwn := version == rekor.V1 && (want == "of the digest" || want == "which was not sent")
			s := newServer(t)
			forge(s, []byte(body))
			if _, err := newLog(s, version).Witness(t.Context(), b); err == nil || !strings.Contains(err.Error(), want) && !rekorsOwn {
				t.Errorf("v%d, %s: %v", version, want, err)
			}
		}
	}
}

// encoded is how a body holds a key.
func encoded(version int, der []byte) string {
	text := base64.StdEncoding.EncodeToString(der)
	if version == rekor.V2 {
		return text
	}
	var pem strings.Builder
	pem.WriteString("-----BEGIN PUBLIC KEY-----\n")
	for len(text) > 64 {
		pem.WriteString(text[:64] + "\n")
		text = text[64:]
	}
	pem.WriteString(text + "\n-----END PUBLIC KEY-----\n")
	return base64.StdEncoding.EncodeToString([]byte(pem.String()))
}

// An entry from after the certificate's end does not help the signature.
func TestTooLate(t *testing.T) {
	s := newServer(t)
	for until, want := range map[int64]error{s.time: nil, s.time - 1: rekor.ErrExpired} {
		b := envelope(t, certified{keySigner(t, key.ECDSAP256), 1, time.Unix(until, 0), t})
		if _, err := newLog(s, rekor.V1).Witness(t.Context(), b); !errors.Is(err, want) {
			t.Errorf("the certificate ends %d s after the entry: %v", until-s.time, err)
		}
	}
}

func TestBadAnswers(t *testing.T) {
	b := envelope(t, keySigner(t, key.ECDSAP256))
	say := func(code int, body string, header ...string) func(int, http.ResponseWriter, *http.Request) bool {
		return func(_ int, w http.ResponseWriter, r *http.Request) bool {
			for i := 0; i < len(header); i += 2 {
				w.Header().Set(header[i], header[i+1])
			}
			w.WriteHeader(code)
			_, _ = io.WriteString(w, body)
			return true
		}
	}
	for name, answer := range map[string]func(int, http.ResponseWriter, *http.Request) bool{
		"empty":           say(201, ""),
		"no object":       say(201, "[]"),
		"an empty object": say(201, "{}"),
		"an empty entry":  say(201, `{"a":{}}`, "ETag", "a"),
		"another ETag":    say(201, `{"a":{}}`, "ETag", "b"),
		"no proof":        say(201, `{"a":{"body":"e30=","logID":"00","logIndex":1,"integratedTime":1,"verification":{}}}`, "ETag", "a"),
		"huge":            say(201, strings.Repeat(" ", 11<<20)),
		"no location":     say(409, ""),
		"a bad location":  say(409, "", "Location", "http://elsewhere.example/x"),
		"refused":         say(400, `{"code":400,"message":"invalid hashedrekord request"}`),
	} {
		for _, version := range []int{rekor.V1, rekor.V2} {
			s := newServer(t)
			s.instead = answer
			_, err := newLog(s, version, func(o *rekor.Options) { o.RetryFor = time.Hour }).Witness(t.Context(), b)
			if err == nil || s.asked != 1 || !strings.Contains(err.Error(), s.url) && name != "huge" {
				t.Errorf("%s, v%d: %v after %d requests", name, version, err, s.asked)
			}
			if name == "another ETag" && version == rekor.V1 && !strings.Contains(err.Error(), `has the entry "a", and its ETag says "b"`) {
				t.Errorf("%s: %v", name, err)
			}
			if name == "refused" && !strings.HasSuffix(err.Error(), "answered 400 Bad Request: invalid hashedrekord request") {
				t.Errorf("v%d: %v", version, err)
			}
		}
	}
}

func TestOutage(t *testing.T) {
	for _, version := range []int{rekor.V1, rekor.V2} {
		s := newServer(t)
		s.instead = func(n int, w http.ResponseWriter, r *http.Request) bool {
			switch n {
			case 1:
				fail(w, 503, "reached max pushback; retry")
			case 2:
				_, _ = io.Copy(io.Discard, r.Body) // else the server does not notice who leaves
				<-r.Context().Done()
			}
			return n < 3
		}
		log := newLog(s, version, func(o *rekor.Options) {
			o.RetryFor, o.Client = time.Hour, &http.Client{Timeout: 50 * time.Millisecond}
		})
		if _, err := log.Witness(t.Context(), envelope(t, keySigner(t, key.ECDSAP256))); err != nil || s.asked != 3 {
			t.Errorf("v%d: %v after %d requests", version, err, s.asked)
		}
	}
}

func TestRedirect(t *testing.T) {
	for _, version := range []int{rekor.V1, rekor.V2} {
		elsewhere := newServer(t)
		s := httptest.NewServer(http.RedirectHandler(elsewhere.url, http.StatusTemporaryRedirect))
		defer s.Close()
		log := rekor.New(rekor.Options{URL: s.URL, Version: version})
		_, err := log.Witness(t.Context(), envelope(t, keySigner(t, key.ECDSAP256)))
		if err == nil || !strings.Contains(err.Error(), s.URL+" redirects to "+elsewhere.url) || elsewhere.asked != 0 {
			t.Errorf("v%d: %v", version, err)
		}
	}
}
