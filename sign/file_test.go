package sign_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/sign"
	"github.com/carnet-project/carnet/sign/key"
	"github.com/carnet-project/carnet/verify"
	verifykey "github.com/carnet-project/carnet/verify/key"
)

func newSigner(t *testing.T) *key.Signer {
	t.Helper()
	pair, err := key.Generate(key.ECDSAP256)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := pair.Signer()
	if err != nil {
		t.Fatal(err)
	}
	return signer
}

// A file whose bytes are a statement's signed form must not be signed: the signature
// would make the statement believed.
func TestFileRefusesAnEnvelope(t *testing.T) {
	st, err := attest.NewStatement("https://example.com/type", []byte(`{}`), attest.NewSubject("", attest.SHA256(nil)))
	if err != nil {
		t.Fatal(err)
	}
	_, err = sign.File(context.Background(), attest.PAE(attest.PayloadType, st.Bytes()), newSigner(t))
	if !errors.Is(err, sign.ErrEnvelope) {
		t.Fatalf("signing an envelope as a file: %v", err)
	}
}

func TestFileOfAnyLength(t *testing.T) {
	signer := newSigner(t)
	root, err := verifykey.Parse("key", signer.PublicPEM())
	if err != nil {
		t.Fatal(err)
	}
	for _, content := range []string{"", "D", "DSSEv1", "DSSEv2 x", strings.Repeat("x", 3<<20)} {
		b, err := sign.File(context.Background(), io.NopCloser(strings.NewReader(content)), signer)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := verify.Bundle(b, attest.SHA256([]byte(content)), root); err != nil {
			t.Errorf("a file of %d bytes: %v", len(content), err)
		}
	}
}
