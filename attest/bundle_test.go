package attest_test

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/fixtures/vectors"
)

// contents are the stored bytes of the vectors in one layout, good and bad.
func contents(t testing.TB, layout vectors.Layout) [][]byte {
	t.Helper()
	all, err := vectors.All()
	if err != nil {
		t.Fatal(err)
	}
	var raw [][]byte
	for _, v := range all {
		for _, e := range v.Stored {
			if e.Layout == layout && len(e.Content) < 10_000 {
				raw = append(raw, []byte(e.Content))
			}
		}
	}
	return raw
}

// payloads are the statements in the vectors' bundles, good and bad.
func payloads(t testing.TB) [][]byte {
	t.Helper()
	var all [][]byte
	for _, raw := range contents(t, vectors.LayoutBundle) {
		if b, err := attest.ParseBundle(raw); err == nil && b.Form() == attest.FormEnvelope {
			all = append(all, b.UnverifiedPayload())
		}
	}
	return all
}

// The bytes of a bundle are the same in every build and on every day.
func TestBundleBytes(t *testing.T) {
	st := newStatement(t, `{"a":1}`, attest.NewSubject("", attest.SHA256([]byte("test"))))
	b, err := attest.NewEnvelopeBundle(st, attest.Signature{Bytes: []byte("signature"), KeyHint: "hint"})
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","verificationMaterial":{"publicKey":{"hint":"hint"}},` +
		`"dsseEnvelope":{"payload":"eyJfdHlwZSI6Imh0dHBzOi8vaW4tdG90by5pby9TdGF0ZW1lbnQvdjEiLCJzdWJqZWN0IjpbeyJkaWdlc3QiOnsic2hhMjU2IjoiOWY4NmQwODE4ODRjN2Q2N` +
		`TlhMmZlYWEwYzU1YWQwMTVhM2JmNGYxYjJiMGI4MjJjZDE1ZDZjMTViMGYwMGEwOCJ9fV0sInByZWRpY2F0ZVR5cGUiOiJodHRwczovL2V4YW1wbGUuY29tL3AvdjEiLCJwcmVkaWNhdGUiOnsiYSI6MX19",` +
		`"payloadType":"application/vnd.in-toto+json","signatures":[{"sig":"c2lnbmF0dXJl"}]}}`
	if string(b.Bytes()) != want {
		t.Errorf("got  %s\nwant %s", b.Bytes(), want)
	}
}

func TestEnvelopeBundleIsRead(t *testing.T) {
	st := newStatement(t, `{"a":1}`, attest.NewSubject("", attest.SHA256(nil)))
	made, err := attest.NewEnvelopeBundle(st, attest.Signature{Bytes: []byte{0, 1, 255}, KeyHint: "hint"})
	if err != nil {
		t.Fatal(err)
	}
	read, err := attest.ParseBundle(made.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if read.Form() != attest.FormEnvelope || read.KeyHint() != "hint" || string(read.Signature()) != "\x00\x01\xff" || read.Digest() != attest.SHA256(made.Bytes()) {
		t.Errorf("%s %q %x", read.Form(), read.KeyHint(), read.Signature())
	}
	message, err := io.ReadAll(read.SignedMessage())
	if err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf("DSSEv1 28 application/vnd.in-toto+json %d %s", len(st.Bytes()), st.Bytes()); string(message) != want {
		t.Errorf("signed is %q, want %q", message, want)
	}
	back, err := read.UnverifiedStatement()
	if err != nil || !bytes.Equal(back.Bytes(), st.Bytes()) {
		t.Errorf("the statement is %v, %v", back, err)
	}
	if !read.MessageDigest().IsZero() {
		t.Error("an envelope signs no file")
	}
}

func TestMessageBundleIsRead(t *testing.T) {
	for _, s := range []string{"sha256:" + hex64, "sha384:" + strings.Repeat("a", 96), "sha512:" + hex64 + hex64} {
		d, err := attest.ParseDigest(s)
		if err != nil {
			t.Fatal(err)
		}
		made, err := attest.NewMessageBundle(attest.Signature{Bytes: []byte("s"), Message: d})
		if err != nil {
			t.Fatal(err)
		}
		read, err := attest.ParseBundle(made.Bytes())
		if err != nil || read.MessageDigest() != d || read.Form() != attest.FormMessage || string(read.Signature()) != "s" {
			t.Errorf("%s: %v", s, err)
		}
		if _, err := read.UnverifiedStatement(); faultOf(t, err) != attest.FaultPayloadType || read.SignedMessage() != nil || read.UnverifiedPayload() != nil {
			t.Errorf("%s: a file's signature holds a statement", s)
		}
	}
	if b, err := attest.NewMessageBundle(attest.Signature{Bytes: []byte("s")}); err == nil || b != nil {
		t.Error("a bundle without a digest was made")
	}
}

// The example of DSSE v1.0.2, protocol.md, and lengths in bytes.
func TestPAE(t *testing.T) {
	for want, of := range map[string][2]string{
		"DSSEv1 29 http://example.com/HelloWorld 11 hello world": {"http://example.com/HelloWorld", "hello world"},
		"DSSEv1 0  0 ":   {"", ""},
		"DSSEv1 2 ü 4 🎉": {"ü", "🎉"},
	} {
		if got, err := io.ReadAll(attest.PAE(of[0], []byte(of[1]))); err != nil || string(got) != want {
			t.Errorf("%q is encoded as %q, %v", of, got, err)
		}
	}
}

// An unsigned bundle is not made either.
func TestNothingUnsignedIsWrapped(t *testing.T) {
	st := newStatement(t, `{}`, attest.NewSubject("", attest.SHA256(nil)))
	if b, err := attest.NewEnvelopeBundle(st, attest.Signature{}); faultOf(t, err) != attest.FaultNoSignature || b != nil {
		t.Errorf("%v, %v", b, err)
	}
	if b, err := attest.NewMessageBundle(attest.Signature{Message: attest.SHA256(nil)}); faultOf(t, err) != attest.FaultNoSignature || b != nil {
		t.Errorf("%v, %v", b, err)
	}
}

// whole holds a bundle that was accepted to what every bundle has.
func whole(t *testing.T, b *attest.Bundle, raw []byte) {
	t.Helper()
	if !bytes.Equal(b.Bytes(), raw) || b.Digest() != attest.SHA256(raw) || len(b.Signature()) == 0 {
		t.Errorf("bytes %q, signature %x", b.Bytes(), b.Signature())
	}
	switch b.Form() {
	case attest.FormMessage:
		if b.MessageDigest().IsZero() {
			t.Error("signs no digest")
		}
	case attest.FormEnvelope, attest.FormSimpleSigning:
		message, err := io.ReadAll(b.SignedMessage())
		if err != nil || !bytes.HasSuffix(message, b.UnverifiedPayload()) {
			t.Errorf("signs %q, %v", message, err)
		}
	default:
		t.Errorf("is of form %q", b.Form())
	}
}

func FuzzParseBundle(f *testing.F) {
	for _, raw := range contents(f, vectors.LayoutBundle) {
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		b, err := attest.ParseBundle(slices.Clone(raw))
		if faultOf(t, err) == "" {
			whole(t, b, raw)
		} else if b != nil {
			t.Error("a bundle beside an error")
		}
	})
}
