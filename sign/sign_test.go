package sign_test

import (
	"bytes"
	"context"
	"crypto/sha512"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/sign"
	"github.com/carnet-project/carnet/sign/key"
	"github.com/carnet-project/carnet/verify"
	verifykey "github.com/carnet-project/carnet/verify/key"
)

func newKey(t testing.TB, a key.Algorithm) (*key.Signer, *verifykey.Root) {
	t.Helper()
	pair, err := key.Generate(a)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := pair.Signer()
	if err != nil {
		t.Fatal(err)
	}
	root, err := verifykey.Parse("k.pub", pair.PublicPEM())
	if err != nil {
		t.Fatal(err)
	}
	return signer, root
}

// A statement made elsewhere is signed as it is, white space and all.
func TestStatementKeepsItsBytes(t *testing.T) {
	signer, root := newKey(t, key.ECDSAP256)
	d := attest.SHA256([]byte("image"))
	raw := "{\n  \"_type\" : \"" + attest.StatementV1 + "\", \"predicateType\":\"https://example.com/p/v1\",\r\n\"subject\":[{\"digest\":{\"sha256\":\"" + d.Hex() +
		"\"},\"unknown\":[1.0]}], \"predicate\":{ \"a\" : \"\\u0041\" }, \"note\":null}\n"
	st, err := attest.ParseStatement([]byte(raw))
	if err != nil {
		t.Fatal(err)
	}
	b, err := sign.Statement(t.Context(), st, signer)
	if err != nil {
		t.Fatal(err)
	}
	if string(b.UnverifiedPayload()) != raw || b.KeyHint() != signer.KeyHint() {
		t.Errorf("signed %q under the hint %q", b.UnverifiedPayload(), b.KeyHint())
	}
	again, err := attest.ParseBundle(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if e, err := verify.Bundle(again, d, root); err != nil || string(e.Predicate()) != `{ "a" : "\u0041" }` {
		t.Errorf("%v", err)
	}
}

// A file is signed as it is read, and its bundle names the digest that was signed.
func TestFile(t *testing.T) {
	signer, root := newKey(t, key.Ed25519)
	content := bytes.Repeat([]byte("0123456789"), 200_000)
	b, err := sign.File(t.Context(), iotest.HalfReader(bytes.NewReader(content)), signer)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha512.Sum512(content)
	d, err := attest.DigestOf("sha512", sum[:])
	if err != nil {
		t.Fatal(err)
	}
	if e, err := verify.Bundle(b, d, root); err != nil || e.Kind() != verify.KindSignature || e.Form() != attest.FormMessage {
		t.Errorf("%v", err)
	}
	if _, err := verify.Bundle(b, attest.SHA256(content), root); err == nil || verify.Refusal(err).Reason != verify.ReasonSubjectMismatch {
		t.Errorf("under another digest: %v", err)
	}
	empty, err := sign.File(t.Context(), strings.NewReader(""), signer)
	if err != nil || empty.MessageDigest() == d {
		t.Errorf("an empty file: %v", err)
	}
}

// What fails signs nothing.
func TestNothingIsSignedOnAnError(t *testing.T) {
	signer, _ := newKey(t, key.ECDSAP256)
	disk := errors.New("the disk is gone")
	half := io.MultiReader(strings.NewReader("half"), iotest.ErrReader(disk))
	if b, err := sign.File(t.Context(), half, signer); !errors.Is(err, disk) || b != nil {
		t.Errorf("%v, %v", b, err)
	}
	st, err := attest.NewStatement("https://example.com/p/v1", []byte(`{}`), attest.NewSubject("", attest.SHA256(nil)))
	if err != nil {
		t.Fatal(err)
	}
	given, cancel := context.WithCancel(t.Context())
	cancel()
	if b, err := sign.Statement(given, st, signer); !errors.Is(err, context.Canceled) || b != nil {
		t.Errorf("%v, %v", b, err)
	}
	if b, err := sign.Statement(t.Context(), st, mute{}); err == nil || b != nil {
		t.Error("a signer that gave no signature made a bundle")
	}
}

// mute returns no signature and no error.
type mute struct{}

func (mute) Sign(_ context.Context, message io.Reader) (attest.Signature, error) {
	_, err := io.Copy(io.Discard, message)
	return attest.Signature{}, err
}
