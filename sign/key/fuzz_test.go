package key_test

import (
	"context"
	"encoding/pem"
	"errors"
	"strings"
	"testing"

	"github.com/carnet-project/carnet/sign/key"
)

// Whatever Import takes must sign; whatever it refuses has one of two reasons.
func FuzzImport(f *testing.F) {
	f.Add([]byte("-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n"))
	f.Add([]byte("-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\ne30=\n-----END ENCRYPTED SIGSTORE PRIVATE KEY-----\n"))
	pair, err := key.Generate(key.Ed25519)
	if err != nil {
		f.Fatal(err)
	}
	sealed, err := pair.Encrypt([]byte("p"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sealed)
	for _, kind := range []string{"PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY"} {
		f.Add(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: []byte{0x30, 3, 2, 1, 0}}))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		pair, err := key.Import(file)
		if err != nil {
			if !errors.Is(err, key.ErrMalformed) && !errors.Is(err, key.ErrUnsupported) {
				t.Errorf("error without a reason: %v", err)
			}
			return
		}
		s, err := pair.Signer()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Sign(context.Background(), strings.NewReader("m")); err != nil {
			t.Fatal(err)
		}
	})
}
