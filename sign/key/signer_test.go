package key_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"io"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/in-toto/in-toto-golang/in_toto"

	"github.com/carnet-project/carnet/attest"
	"github.com/carnet-project/carnet/sign"
	"github.com/carnet-project/carnet/sign/key"
)

func newSigner(t testing.TB, a key.Algorithm) *key.Signer {
	t.Helper()
	pair, err := key.Generate(a)
	if err != nil {
		t.Fatal(err)
	}
	s, err := pair.Signer()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSignsInSmallReads(t *testing.T) {
	s := newSigner(t, key.ECDSAP256)
	message := bytes.Repeat([]byte{1, 2, 3}, 1000)
	for _, r := range []io.Reader{iotest.OneByteReader(bytes.NewReader(message)), iotest.DataErrReader(bytes.NewReader(message))} {
		sig, err := s.Sign(context.Background(), r)
		if err != nil {
			t.Fatal(err)
		}
		if err := accepts(t, s.PublicPEM(), message, sig); err != nil {
			t.Error(err)
		}
		if sig.Message != attest.SHA256(message) {
			t.Error("another digest was signed")
		}
	}
}

func TestAReadErrorSignsNothing(t *testing.T) {
	s := newSigner(t, key.ECDSAP256)
	broken := errors.New("disk")
	sig, err := s.Sign(context.Background(), io.MultiReader(strings.NewReader("half"), iotest.ErrReader(broken)))
	if !errors.Is(err, broken) || sig.Bytes != nil {
		t.Errorf("signature %v, error %v", sig, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if sig, err := s.Sign(ctx, strings.NewReader("m")); !errors.Is(err, context.Canceled) || sig.Bytes != nil {
		t.Errorf("signature %v, error %v", sig, err)
	}
}

func TestManyGoroutinesSign(t *testing.T) {
	s := newSigner(t, key.Ed25519)
	var wg sync.WaitGroup
	for i := range 32 {
		wg.Go(func() {
			message := bytes.Repeat([]byte{byte(i)}, 100_000)
			sig, err := s.Sign(context.Background(), bytes.NewReader(message))
			if err == nil {
				err = accepts(t, s.PublicPEM(), message, sig)
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func TestConstantMemory(t *testing.T) {
	s := newSigner(t, key.ECDSAP256)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := s.Sign(context.Background(), io.LimitReader(zeros{}, 64<<20)); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > 2<<20 {
		t.Errorf("64 MiB signed with %d bytes allocated", used)
	}
}

// What cosign and sigstore-go verify of an Ed25519 key's envelopes is pure Ed25519.
func TestEd25519SignsStatementsWithoutAPrehash(t *testing.T) {
	s := newSigner(t, key.Ed25519)
	public := s.PublicKey().(ed25519.PublicKey)
	statement := bytes.Repeat([]byte("{}"), 1<<20)
	sig, err := s.Sign(context.Background(), attest.PAE(attest.PayloadType, statement))
	if err != nil {
		t.Fatal(err)
	}
	message, err := io.ReadAll(attest.PAE(attest.PayloadType, statement))
	if err != nil {
		t.Fatal(err)
	}
	if !ed25519.Verify(public, message, sig.Bytes) {
		t.Error("a statement is not signed with pure Ed25519")
	}
	if sum := sha512.Sum512(message); !bytes.Equal(sig.Message.Bytes(), sum[:]) {
		t.Error("another digest is named")
	}
	for _, file := range []string{"", "DSSE", "DSSEv1", "dssev1 x", "a file"} {
		sig, err := s.Sign(context.Background(), iotest.OneByteReader(strings.NewReader(file)))
		if err != nil {
			t.Fatal(err)
		}
		if ed25519.Verify(public, []byte(file), sig.Bytes) {
			t.Errorf("the file %q is signed with pure Ed25519", file)
		}
		if err := accepts(t, s.PublicPEM(), []byte(file), sig); err != nil {
			t.Errorf("the file %q: %v", file, err)
		}
	}
	if _, err := s.Sign(context.Background(), io.MultiReader(strings.NewReader("DSSEv1 "), io.LimitReader(zeros{}, 128<<20))); err == nil {
		t.Error("a statement over the bound was signed")
	}
	broken := errors.New("disk")
	if _, err := s.Sign(context.Background(), io.MultiReader(strings.NewReader("DS"), iotest.ErrReader(broken))); !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
}

func TestSignedStatementIsABundle(t *testing.T) {
	s := newSigner(t, key.ECDSAP384)
	st, err := attest.NewStatement("https://example.com/p/v1", []byte(`{}`), attest.NewSubject("a", attest.SHA256(nil)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sign.Statement(context.Background(), st, s); err != nil {
		t.Error(err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func BenchmarkOpen(b *testing.B) {
	pair, err := key.Generate(key.ECDSAP256)
	if err != nil {
		b.Fatal(err)
	}
	file, err := pair.Encrypt([]byte("p"))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := key.Load(file, password("p")); err != nil {
			b.Fatal(err)
		}
	}
}

// One GiB; compare with BenchmarkSHA256Alone.
func BenchmarkSignGiB(b *testing.B) {
	s := newSigner(b, key.ECDSAP256)
	b.SetBytes(1 << 30)
	for b.Loop() {
		if _, err := s.Sign(context.Background(), io.LimitReader(zeros{}, 1<<30)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSHA256Alone(b *testing.B) {
	buffer := make([]byte, 1<<20)
	b.SetBytes(1 << 30)
	for b.Loop() {
		h := sha256.New()
		for range 1 << 10 {
			h.Write(buffer)
		}
		h.Sum(nil)
	}
}

// What an in-toto layout is signed with is what go-securesystemslib verifies.
func TestSignInToto(t *testing.T) {
	for _, algorithm := range []key.Algorithm{key.ECDSAP256, key.ECDSAP384, key.ECDSAP521, key.Ed25519, key.RSA3072} {
		signer := newSigner(t, algorithm)
		var k in_toto.Key
		if err := k.LoadKeyReaderDefaults(bytes.NewReader(signer.PublicPEM())); err != nil {
			t.Fatal(err)
		}
		block := &in_toto.Metablock{Signed: in_toto.Link{Type: "link", Name: "a"}}
		message, err := block.GetSignableRepresentation()
		if err != nil {
			t.Fatal(err)
		}
		sig, err := signer.SignInToto(t.Context(), message)
		if err != nil {
			t.Fatal(err)
		}
		block.Signatures = []in_toto.Signature{{KeyID: k.KeyID, Sig: hex.EncodeToString(sig)}}
		if err := block.VerifySignature(k); err != nil {
			t.Errorf("%s: %v", algorithm, err)
		}
	}
}
